"""Registered authentication methods and the registration report made from them."""

from array import array
from typing import TYPE_CHECKING

from migrate.sandbox.clock import iso
from migrate.sandbox.endpoints.users import my_place, place_of
from migrate.sandbox.messages import Answer, Call, GraphError, Json, bad_request, not_found, words
from migrate.sandbox.method_kinds import kinds_of, report_names
from migrate.sandbox.odata.paging import Collection, check_options, entity, listing
from migrate.sandbox.roles import METHOD_READERS, REGISTRATION_READERS
from migrate.sandbox.routing import Route, needs

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_SECONDARY = {
    "microsoftAuthenticatorPush": "push",
    "softwareOneTimePasscode": "oath",
    "mobilePhone": "sms",
    "alternateMobilePhone": "voiceAlternateMobile",
    "officePhone": "voiceOffice",
}
_BETA_DEFAULT = {
    "microsoftAuthenticatorPush": "microsoftAuthenticatorPush",
    "softwareOneTimePasscode": "softwareOneTimePasscode",
    "mobilePhone": "mobilePhone",
    "alternateMobilePhone": "alternateMobilePhone",
    "officePhone": "officePhone",
}
_PASSWORDLESS = frozenset({"fido2", "windowsHelloForBusiness"})


def list_methods(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /users/{id}/authentication/methods: it takes no query options."""
    place = place_of(sandbox, call) if "user" in call.params else my_place(sandbox, call)
    check_options(call.query)
    if asked := sorted(call.query.keys() & {"$select", "$filter", "$top", "$expand", "$orderby", "$count"}):
        raise bad_request(
            f"The query option '{asked[0]}' is not supported on this resource.", "Request_UnsupportedQuery"
        )
    people = sandbox.tenant.people
    context = f"{call.origin}/{call.version}/$metadata#users('{people.user_id(place)}')/authentication/methods"
    return Answer(200, {"@odata.context": context, "value": people.methods(place)})


def registration_row(sandbox: "Sandbox", place: int, version: str, admins: set[int]) -> Json:
    """Build somebody's row of the registration report, or serve the one that was given."""
    row = sandbox.tenant.people.registration(place) or _derived_row(sandbox, place, admins)
    if version == "v1.0":
        return {name: value for name, value in row.items() if name != "defaultMfaMethod"}
    return row


def _derived_row(sandbox: "Sandbox", place: int, admins: set[int]) -> Json:
    people, settings = sandbox.tenant.people, sandbox.settings
    user = people.user(place)
    methods = sandbox.lag.seen(("methods", place), None) or people.methods(place)
    names, strong = report_names(methods), kinds_of(methods)
    allowed = {
        str(each.get("id")).lower()
        for each in sandbox.tenant.methods_policy.get("authenticationMethodConfigurations") or ()
        if each.get("state") == "enabled"
    }
    capable = any(kind.policy.lower() in allowed for kind in strong)
    default = next((name for name in names if name in _SECONDARY), None)
    refreshed = sandbox.clock.now() - settings.report_lag_seconds
    return {
        "id": people.user_id(place),
        "userPrincipalName": user.get("userPrincipalName"),
        "userDisplayName": user.get("displayName"),
        "userType": str(user.get("userType") or "Member").lower(),
        "isAdmin": place in admins,
        "isSsprRegistered": bool(names),
        "isSsprEnabled": False,
        "isSsprCapable": False,
        "isMfaRegistered": bool(strong),
        "isMfaCapable": capable,
        "isPasswordlessCapable": bool(_PASSWORDLESS & {kind.report_name for kind in strong}),
        "methodsRegistered": names,
        "isSystemPreferredAuthenticationMethodEnabled": True,
        "systemPreferredAuthenticationMethods": [_SECONDARY[default]] if default else [],
        "userPreferredMethodForSecondaryAuthentication": _SECONDARY[default] if default else "none",
        "lastUpdatedDateTime": iso(refreshed - refreshed % 3600),
        "defaultMfaMethod": _BETA_DEFAULT.get(default or "", "none"),
    }


def _report(sandbox: "Sandbox") -> Collection:
    return Collection(
        context="reports/authenticationMethods/userRegistrationDetails",
        type_name="userRegistrationDetails",
        known=_ROW_NAMES,
        page=sandbox.settings.registration_page_size,
        countable=True,
        filterable=_FILTERABLE,
        orderable=frozenset({"userDisplayName", "userPrincipalName"}),
    )


_ROW_NAMES = words(
    "id userPrincipalName userDisplayName userType isAdmin isSsprRegistered isSsprEnabled isSsprCapable "
    "isMfaRegistered isMfaCapable isPasswordlessCapable methodsRegistered isSystemPreferredAuthenticationMethodEnabled "
    "systemPreferredAuthenticationMethods userPreferredMethodForSecondaryAuthentication lastUpdatedDateTime "
    "defaultMfaMethod"
)


_FILTERABLE = words(
    "id userPrincipalName userDisplayName userType isAdmin:bool isSsprRegistered:bool isSsprEnabled:bool "
    "isSsprCapable:bool isMfaRegistered:bool isMfaCapable:bool isPasswordlessCapable:bool methodsRegistered:list "
    "isSystemPreferredAuthenticationMethodEnabled:bool systemPreferredAuthenticationMethods:list "
    "userPreferredMethodForSecondaryAuthentication lastUpdatedDateTime:time defaultMfaMethod"
)


def _check_licence(sandbox: "Sandbox") -> None:
    if not sandbox.tenant.has_premium():
        raise GraphError(
            403,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )


def _listed(sandbox: "Sandbox", place: int) -> bool:
    """The report leaves out disabled accounts, unless a tenant file gave a row for one."""
    people = sandbox.tenant.people
    return people.account_enabled(place) or people.registration(place) is not None


def list_registration(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /reports/authenticationMethods/userRegistrationDetails."""
    _check_licence(sandbox)
    people = sandbox.tenant.people
    if sandbox.reported is None or sandbox.reported[0] != people.amendments:
        sandbox.reported = people.amendments, array("I", (at for at in range(len(people)) if _listed(sandbox, at)))
    places = sandbox.reported[1]
    admins = sandbox.tenant.privileged_places()
    return listing(call, _report(sandbox), places, lambda place: registration_row(sandbox, place, call.version, admins))


def get_registration(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /reports/authenticationMethods/userRegistrationDetails/{id}."""
    _check_licence(sandbox)
    place = sandbox.tenant.people.find(call.params["row"])
    if place is None or not _listed(sandbox, place):
        raise not_found(call.params["row"])
    row = registration_row(sandbox, place, call.version, sandbox.tenant.privileged_places())
    return entity(call, _report(sandbox), row)


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    report = "reports/authenticationMethods/userRegistrationDetails"
    read = needs("UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All", roles=METHOD_READERS)
    audit = needs("AuditLog.Read.All", roles=REGISTRATION_READERS)
    return (
        Route(
            method="GET",
            path="users/{user}/authentication/methods",
            answer=list_methods,
            limit="methods",
            needs=read,
            summary="a user's registered methods",
        ),
        Route(
            method="GET",
            path="me/authentication/methods",
            answer=list_methods,
            limit="methods",
            needs=needs("UserAuthenticationMethod.Read", "UserAuthenticationMethod.Read.All"),
            summary="one's own registered methods",
        ),
        Route(
            method="GET",
            path=report,
            answer=list_registration,
            limit="registration",
            needs=audit,
            summary="the registration report, without disabled accounts",
        ),
        Route(
            method="GET",
            path=f"{report}/{{row}}",
            answer=get_registration,
            limit="registration",
            needs=audit,
            summary="one row of the registration report",
        ),
    )
