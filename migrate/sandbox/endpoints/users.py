"""Users: list, item, count, the signed-in user, and the groups and roles that somebody is in."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from migrate.sandbox.messages import Answer, Call, Json, bad_request, not_found, words
from migrate.sandbox.odata.paging import Collection, count_text, entity, listing, selected
from migrate.sandbox.people import DEFAULT_USER_PROPERTIES
from migrate.sandbox.routing import Route, needs
from migrate.sandbox.sign_in_activity import LARGEST_PAGE, activities, check_asked, is_asked
from migrate.sandbox.sign_in_activity import NAME as SIGN_IN_ACTIVITY

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_KNOWN = words(
    "aboutMe accountEnabled ageGroup assignedLicenses assignedPlans birthday businessPhones city "
    "companyName consentProvidedForMinor country createdDateTime creationType "
    "deletedDateTime department displayName employeeHireDate employeeId employeeLeaveDateTime "
    "employeeOrgData employeeType externalUserState externalUserStateChangeDateTime faxNumber givenName "
    "hireDate id identities imAddresses interests isManagementRestricted isResourceAccount jobTitle "
    "lastPasswordChangeDateTime legalAgeGroupClassification licenseAssignmentStates mail mailNickname "
    "mobilePhone mySite officeLocation onPremisesDistinguishedName onPremisesDomainName "
    "onPremisesExtensionAttributes onPremisesImmutableId onPremisesLastSyncDateTime "
    "onPremisesProvisioningErrors onPremisesSamAccountName onPremisesSecurityIdentifier "
    "onPremisesSyncEnabled onPremisesUserPrincipalName otherMails passwordPolicies passwordProfile "
    "pastProjects postalCode preferredDataLocation preferredLanguage preferredName provisionedPlans "
    "proxyAddresses responsibilities schools securityIdentifier serviceProvisioningErrors "
    "showInAddressList signInSessionsValidFromDateTime skills state streetAddress surname usageLocation "
    "userPrincipalName userType"
)
_FILTERABLE = words(
    "id userPrincipalName displayName givenName surname mail jobTitle department userType creationType "
    "externalUserState accountEnabled:bool onPremisesSyncEnabled:bool createdDateTime:time usageLocation "
    "assignedLicenses:list assignedLicenses/skuId assignedPlans:list assignedPlans/servicePlanId "
    "assignedPlans/capabilityStatus identities:list identities/issuer identities/issuerAssignedId "
    "identities/signInType perUserMfaState"
)
_SEARCHABLE = words(
    "displayName userPrincipalName givenName surname mail mailNickname jobTitle department usageLocation"
)
READ = needs("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")


def users_collection(sandbox: "Sandbox", call: Call, context: str = "users") -> Collection:
    """Describe the users collection for one call: beta serves more by default."""
    return Collection(
        context=context,
        type_name="user",
        filterable=_FILTERABLE,
        searchable=_SEARCHABLE,
        directory=True,
        capped=LARGEST_PAGE if is_asked(call) else None,
        known=_KNOWN | sandbox.tenant.people.property_names() | {"perUserMfaState", SIGN_IN_ACTIVITY},
        default=DEFAULT_USER_PROPERTIES if call.version == "v1.0" else None,
        orderable=frozenset({"displayName", "userPrincipalName"}),
        beyond=frozenset({"mailboxsettings", "customsecurityattributes"})
        - {each.lower() for each in sandbox.tenant.people.property_names()},
    )


def builder(sandbox: "Sandbox", call: Call, what: Collection) -> Callable[[int], Json]:
    """Return what makes the JSON of the user at a place, with state and activity only if they were asked for."""
    plain = _with_state(sandbox, call, what)
    if is_asked(call):
        check_asked(sandbox, call)
        found = activities(sandbox)

        def with_activity(place: int) -> Json:
            user = plain(place)
            given = user.get(SIGN_IN_ACTIVITY) or found.get(str(user["id"]).lower())
            return {**user, SIGN_IN_ACTIVITY: given}

        return with_activity
    if SIGN_IN_ACTIVITY in sandbox.tenant.people.property_names():
        return lambda place: {name: value for name, value in plain(place).items() if name != SIGN_IN_ACTIVITY}
    return plain


def _with_state(sandbox: "Sandbox", call: Call, what: Collection) -> Callable[[int], Json]:
    people = sandbox.tenant.people
    asked = f"{call.query.get('$select', '')} {call.query.get('$filter', '')}".lower()
    if "perusermfastate" not in asked or not sandbox.settings.bulk_state_select:
        return people.user
    selected(call.query, what)

    def with_state(place: int) -> Json:
        return {**people.user(place), **sandbox.seen_requirements(place)}

    return with_state


def list_users(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /users."""
    what = users_collection(sandbox, call)
    return listing(call, what, range(len(sandbox.tenant.people)), builder(sandbox, call, what))


def count_users(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /users/$count."""
    what = users_collection(sandbox, call)
    return count_text(call, what, range(len(sandbox.tenant.people)), builder(sandbox, call, what))


def place_of(sandbox: "Sandbox", call: Call) -> int:
    """Return the place of the user that the path names by id or user principal name, or refuse with 404."""
    key = call.params["user"]
    place = sandbox.tenant.people.find(key)
    if place is None:
        raise not_found(key)
    return place


def my_place(sandbox: "Sandbox", call: Call) -> int:
    """Return the place of the signed-in user, or refuse as Graph does for an application."""
    caller = call.caller
    user_id = caller.user_id if caller is not None else None
    if caller is not None and caller.opaque:
        user_id = sandbox.tenant.administrator()
    if not user_id:
        raise bad_request("/me request is only valid with delegated authentication flow.")
    place = sandbox.tenant.people.find(user_id)
    if place is None:  # a partner's operator is no user here
        raise not_found(user_id)
    return place


def get_user(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /users/{id|upn}."""
    what = users_collection(sandbox, call)
    return entity(call, what, builder(sandbox, call, what)(place_of(sandbox, call)))


def get_me(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /me."""
    what = users_collection(sandbox, call)
    return entity(call, what, builder(sandbox, call, what)(my_place(sandbox, call)))


def _memberships(sandbox: "Sandbox", call: Call, place: int, *, transitive: bool) -> Answer:
    tenant = sandbox.tenant
    groups = [
        {"@odata.type": "#microsoft.graph.group", **group.json}
        for group in tenant.groups.holding_user(place, transitive=transitive)
    ]
    user_id = tenant.people.user_id(place)
    principals = {user_id} | ({group["id"] for group in groups} if transitive else set())
    held = {
        str(each.get("roleDefinitionId"))
        for each in tenant.roles.assignments
        if str(each.get("principalId")) in principals
    }
    roles = [
        {"@odata.type": "#microsoft.graph.directoryRole", **role}
        for role in tenant.roles.active()
        if str(role.get("roleTemplateId")) in held
    ]
    found: list[Json] = groups + roles
    if call.segments[-1].lower().endswith("graph.group"):
        found = [{name: value for name, value in each.items() if name != "@odata.type"} for each in groups]
    elif call.segments[-1].lower().endswith("graph.directoryrole"):
        found = [{name: value for name, value in each.items() if name != "@odata.type"} for each in roles]
    return listing(call, _MEMBERSHIPS, found, lambda each: each)


_MEMBERSHIPS = Collection(
    context="directoryObjects",
    type_name="directoryObject",
    directory=True,
    filterable=frozenset({"id", "displayName", "securityEnabled:bool"}),
    searchable=frozenset({"displayName", "description", "mail"}),
)


def list_member_of(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /users/{id}/memberOf."""
    return _memberships(sandbox, call, place_of(sandbox, call), transitive=False)


def list_transitive_member_of(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /users/{id}/transitiveMemberOf."""
    return _memberships(sandbox, call, place_of(sandbox, call), transitive=True)


_MEMBER_OF_NEEDS = needs(
    "User.Read",
    "GroupMember.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    application=("Directory.Read.All", "Directory.ReadWrite.All"),
)
_TRANSITIVE_NEEDS = needs(
    "User.Read.All", "GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"
)


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    member_of = [
        Route(
            method="GET",
            path=f"users/{{user}}/{name}{cast}",
            shape={"id": "string", "displayName": "string"},
            answer=answer,
            needs=need,
            units=2,
            summary=f"{kind} memberships of a user{cast and ', of one type'}",
        )
        for name, answer, kind, need in (
            ("memberOf", list_member_of, "the direct", _MEMBER_OF_NEEDS),
            ("transitiveMemberOf", list_transitive_member_of, "the nested and direct", _TRANSITIVE_NEEDS),
        )
        for cast in ("", "/microsoft.graph.group", "/microsoft.graph.directoryRole")
    ]
    return (
        Route(method="GET", path="users", answer=list_users, needs=READ, units=2, summary="users, a page at a time"),
        Route(method="GET", path="users/$count", answer=count_users, needs=READ, summary="how many users there are"),
        Route(method="GET", path="users/{user}", answer=get_user, needs=READ, summary="one user, by id or name"),
        Route(
            method="GET",
            path="me",
            answer=get_me,
            needs=needs("User.Read", "User.Read.All"),
            summary="the signed-in user",
        ),
        *member_of,
    )
