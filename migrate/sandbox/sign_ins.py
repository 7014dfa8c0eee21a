"""Simulated sign-ins: whether MFA is asked, by which mechanism, and the log entry that it leaves."""

import ipaddress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from migrate.sandbox.access_conditions import Attempt, undecided
from migrate.sandbox.access_grants import Factors, Verdict, judge, judge_grant
from migrate.sandbox.access_people import kind_of, mfa_is_trusted
from migrate.sandbox.access_targets import DIRECTORY, OIDC
from migrate.sandbox.messages import Json, bad_request, words
from migrate.sandbox.method_kinds import KINDS, new_method, report_names
from migrate.sandbox.policy_rules import GUID
from migrate.sandbox.possible_sign_ins import check_possible
from migrate.sandbox.roles import GLOBAL_ADMINISTRATOR
from migrate.sandbox.sign_in_entry import log_entry

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

DEFAULT_APP = "89bee1f7-5e6e-4d8a-9f3d-ecd601259da7"
_LEGACY = {
    "imap": "IMAP4",
    "imap4": "IMAP4",
    "pop": "POP3",
    "pop3": "POP3",
    "smtp": "Authenticated SMTP",
    "mapi": "MAPI Over HTTP",
    "other": "Other clients",
    "exchangeactivesync": "Exchange ActiveSync",
}
_MODERN = {"browser": "Browser", "mobileappsanddesktopclients": "Mobile Apps and Desktop clients"}
_TEXTS = words(
    "user app client ip country platform userAction signInRisk userRisk transfer register scopes externalTenantId "
    "externalUserType protocol clientApp resourceTenantId seenAddress"
)
_SWITCHES = words("compliant joined mfa interactive confidential compliantNetwork homeMfa appPassword interruptFirst")
_FIELDS = _TEXTS | _SWITCHES | {"device"}
_RISKS = words("none low medium high hidden")
_KINDS_OF_VALUES: tuple[tuple[frozenset[str], type, str], ...] = (
    (_TEXTS, str, "a text"),
    (_SWITCHES, bool, "true or false"),
    (frozenset({"device"}), dict, "an object of attributes"),
)
_CHOICES = {
    "userAction": words("urn:user:registersecurityinfo urn:user:registerdevice urn:user:accountrecovery"),
    "scopes": frozenset({OIDC, DIRECTORY}),
    "externalUserType": words(
        "internalGuest b2bCollaborationGuest b2bCollaborationMember b2bDirectConnectUser otherExternalUser "
        "serviceProvider"
    ),
    "platform": words("android iOS windows windowsPhone macOS linux"),
    "signInRisk": _RISKS,
    "userRisk": _RISKS,
    "transfer": words("deviceCodeFlow authenticationTransfer"),
    "register": frozenset(KINDS),
    "protocol": words("ropc none"),
}
"""Fields that hold one of a few words; any case will do."""
WANTED = 50074
"""Strong authentication is required: an interrupt."""
# Codes of the sign-in log (contract 10.1).
OK, DISABLED, ENROL, ASKED_BY_POLICY, DENIED, BLOCKED, BLOCKED_BY_DEFAULTS, LEGACY_REFUSED = (
    0,
    50057,
    50079,
    50076,
    500121,
    53003,
    530035,
    50126,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one sign-in."""

    attempt: Attempt
    client_name: str
    code: int
    providers: tuple[str, ...]
    """Who asked for MFA, in the sign-in log's words."""
    verdicts: tuple[Verdict, ...]
    did_mfa: bool
    can_mfa: bool
    method: str | None
    """The report's name of the method that was used."""
    legacy: bool
    interactive: bool
    protocol: str | None = None
    """ropc: a program handed over the password."""
    client_app: str | None = None
    """Application id of the client, where it is another one than the resource."""
    resource_tenant: str | None = None
    """The tenant whose resource it was, where it is another one: an outbound sign-in."""
    seen_address: str | None = None
    """The address that the resource saw."""
    correlation: str | None = None

    @property
    def multifactor(self) -> bool:
        """Tell whether MFA was asked for."""
        return bool(self.providers)


def sign_in(sandbox: "Sandbox", body: Json) -> Json:
    """Simulate one sign-in and return its log entry, in beta's shape.

    `mfa` false lets the second factor fail; `register` names a method that is registered when the sign-in asks for it.
    Raises 400 for an unknown user or field.
    """
    unknown = set(body) - _FIELDS
    if unknown:
        raise bad_request(f"A simulated sign-in has no {sorted(unknown)[0]!r}; it has {', '.join(sorted(_FIELDS))}.")
    for name, value in body.items():
        wanted, called = next((kind, said) for names, kind, said in _KINDS_OF_VALUES if name in names)
        if not isinstance(value, wanted):
            raise bad_request(f"{name} must be {called}, not {value!r}.")
    body = {name: _checked(name, value) for name, value in body.items()}
    attempt, client_name, legacy = _attempt(sandbox, body)
    check_possible(sandbox.tenant, attempt)
    _check_decided(sandbox, attempt)
    outcome = _outcome(sandbox, body, attempt, client_name, legacy=legacy)
    if outcome.code == ENROL and body.get("register") is not None:
        register(sandbox, attempt.place, str(body["register"]))
        outcome = _outcome(sandbox, body, attempt, client_name, legacy=legacy)
    if body.get("interruptFirst") and outcome.did_mfa:
        # Azure Monitor shows a sign-in with MFA as several rows: first that it is wanted, then that it was done.
        outcome = replace(outcome, correlation=str(uuid4()))
        sandbox.tenant.sign_ins.append(log_entry(sandbox, replace(outcome, code=WANTED, did_mfa=False)))
    entry = log_entry(sandbox, outcome)
    sandbox.tenant.sign_ins.append(entry)
    return entry


def _checked(name: str, value: Any) -> Any:
    """Return a field's value in its own spelling; a typing error must not look like a policy that does not apply."""
    if name in _CHOICES:
        found = {each.lower(): each for each in _CHOICES[name]}.get(value.lower())
        if found is None:
            raise bad_request(f"There is no {name} {value!r}; there are {', '.join(sorted(_CHOICES[name]))}.")
        return found
    if name == "app" and value not in ("Office365", "MicrosoftAdminPortals") and not GUID.match(value):
        raise bad_request(f"{value!r} is no application id, nor Office365 or MicrosoftAdminPortals.")
    if name == "country" and not (len(value) == 2 and value.isalpha()):
        raise bad_request(f"{value!r} is no country of two letters.")
    return value


def register(sandbox: "Sandbox", place: int, kind: str) -> Json:
    """Register a method for a user; whoever was enabled becomes enforced by it (contract 1.2)."""
    if kind not in KINDS:
        raise bad_request(f"There is no method {kind!r}; there are {', '.join(KINDS)}.")
    people = sandbox.tenant.people
    before = people.methods(place)
    method = new_method(kind, people.user_id(place), sandbox.clock.iso())
    if all(each["id"] != method["id"] for each in before):
        sandbox.lag.remember(("methods", place), before, sandbox.settings.report_lag_seconds)
        people.set_methods(place, [*before, method])
        sandbox.audit.method_registered(place, kind)
    if people.mfa_state(place) == "enabled" and people.has_strong_method(place):
        sandbox.change_state(place, "enforced", None)
    return method


def _attempt(sandbox: "Sandbox", body: Json) -> tuple[Attempt, str, bool]:
    place = sandbox.tenant.people.find(str(body.get("user", "")))
    if place is None:
        raise bad_request(f"Nobody in this tenant is called {body.get('user')!r}.")
    client = str(body.get("client", "browser")).lower().replace(" ", "")
    legacy = client in _LEGACY
    if not legacy and client not in _MODERN:
        raise bad_request(f"There is no client {body['client']!r}; there are {', '.join((*_MODERN, *_LEGACY))}.")
    kind = {"browser": "browser", "mobileappsanddesktopclients": "mobileAppsAndDesktopClients"}.get(client, "other")
    attempt = Attempt(
        place=place,
        app=None if body.get("userAction") else str(body.get("app", DEFAULT_APP)),
        action=body.get("userAction"),
        client="exchangeActiveSync" if client == "exchangeactivesync" else kind,
        platform=body.get("platform", "windows"),
        ip=_address(body.get("ip", "203.0.113.10")),
        country=body.get("country"),
        sign_in_risk=body.get("signInRisk", "none"),
        user_risk=body.get("userRisk", "none"),
        transfer=body.get("transfer"),
        compliant=bool(body.get("compliant")),
        joined=bool(body.get("joined")),
        device=_device(body),
        scopes=body.get("scopes"),
        confidential=bool(body.get("confidential")),
        home_tenant=body.get("externalTenantId"),
        guest_kind=body.get("externalUserType"),
        compliant_network=bool(body.get("compliantNetwork")),
    )
    return attempt, _LEGACY.get(client) or _MODERN[client], legacy


def _device(body: Json) -> Json:
    """Return what is known of the device: nothing at all of one that is not registered."""
    given = dict(body.get("device") or {})
    if not given and not body.get("compliant") and not body.get("joined"):
        return {}
    trust = "ServerAD" if body.get("joined") else "AzureAD"
    return {"isCompliant": bool(body.get("compliant")), "trustType": trust, **given}


def _check_decided(sandbox: "Sandbox", attempt: Attempt) -> None:
    """Refuse a sign-in whose outcome rests on something that was not said: it must not look like no MFA."""
    for policy in sandbox.tenant.policies.values():
        if policy["state"] == "enabled" and (open_ones := undecided(policy, attempt, sandbox.tenant)):
            raise bad_request(
                f"Whether the policy {policy['displayName']!r} applies cannot be told: its condition on "
                f"{', '.join(open_ones)} rests on what was not said of this sign-in. Say more (device, "
                "externalTenantId, externalUserType), or disable the policy."
            )


def _address(text: Any) -> str:
    try:
        return str(ipaddress.ip_address(str(text)))
    except ValueError as error:
        raise bad_request(f"{text!r} is no IP address.") from error


def _outcome(sandbox: "Sandbox", body: Json, attempt: Attempt, client_name: str, *, legacy: bool) -> Outcome:
    tenant, place = sandbox.tenant, attempt.place
    methods = report_names(tenant.people.methods(place))
    trusted = mfa_is_trusted(attempt, tenant) and body.get("homeMfa") is not False
    can_mfa = (tenant.people.has_strong_method(place) or trusted) and not legacy
    # Whoever comes by direct connect has no account here in which a method could be registered.
    may_register = kind_of(attempt, tenant) != "b2bDirectConnectUser"
    can_mfa = can_mfa and (trusted or may_register)
    # A program that hands over the password cannot answer, whoever's it is.
    is_program = body.get("protocol") == "ropc"
    before = Factors.of(methods, did_mfa=False, at_home=trusted)
    first = [judge(each, attempt, tenant, before) for each in tenant.policies.values()]
    providers = _providers(sandbox, place, first, legacy=legacy)
    if body.get("appPassword") and legacy:
        # An app password stands for both factors of per-user MFA; a policy does not take it.
        providers = tuple(each for each in providers if each != "user")
    did_mfa = bool(providers) and can_mfa and not is_program and body.get("mfa") is not False
    shown = Factors.of(methods, did_mfa=did_mfa, at_home=trusted)
    verdicts = tuple(judge_grant(each.policy, each.unmet, attempt, tenant, shown) for each in first)
    return Outcome(
        attempt=attempt,
        client_name=client_name,
        providers=providers,
        verdicts=verdicts,
        did_mfa=did_mfa,
        can_mfa=can_mfa,
        legacy=legacy,
        protocol=body.get("protocol"),
        client_app=body.get("clientApp"),
        resource_tenant=body.get("resourceTenantId"),
        seen_address=body.get("seenAddress"),
        interactive=bool(body.get("interactive", True)),
        method=_method_used(methods) if did_mfa else None,
        code=_code(
            sandbox,
            place,
            providers,
            verdicts,
            did_mfa=did_mfa,
            can_mfa=can_mfa,
            may_register=may_register,
            legacy=legacy,
            is_program=is_program,
        ),
    )


def _method_used(methods: list[str]) -> str | None:
    return next((each for each in methods if each != "email"), None)


def _providers(sandbox: "Sandbox", place: int, verdicts: list[Verdict], *, legacy: bool) -> tuple[str, ...]:
    """Return who asks for MFA: the per-user state, policies, security defaults. Several may."""
    tenant = sandbox.tenant
    found = []
    state = tenant.people.mfa_state(place)
    # Enabled, but not yet registered: legacy clients still get in with the password alone.
    if state == "enforced" or (state == "enabled" and not legacy):
        found.append("user")
    if any(_enforced(each) and each.applies and each.asks_mfa for each in verdicts):
        found.append("multiConditionalAccess")
    if tenant.security_defaults and (legacy or _asked_by_defaults(sandbox, place)):
        found.append("securityDefaults")
    return tuple(found)


def _asked_by_defaults(sandbox: "Sandbox", place: int) -> bool:
    """Security defaults ask administrators always; others register, and are asked when something is unusual."""
    return place in sandbox.tenant.role_places(GLOBAL_ADMINISTRATOR) or not sandbox.tenant.people.has_strong_method(
        place
    )


def _enforced(verdict: Verdict) -> bool:
    return bool(verdict.policy["state"] == "enabled")


def _code(
    sandbox: "Sandbox",
    place: int,
    providers: tuple[str, ...],
    verdicts: tuple[Verdict, ...],
    *,
    did_mfa: bool,
    can_mfa: bool,
    may_register: bool,
    legacy: bool,
    is_program: bool,
) -> int:
    if not sandbox.tenant.people.account_enabled(place):
        return DISABLED
    failing = [each for each in verdicts if _enforced(each) and each.applies and not each.satisfied]
    if any(each.hopeless for each in failing):
        return BLOCKED  # a block, or a control that this device cannot meet
    if legacy and "securityDefaults" in providers:
        return BLOCKED_BY_DEFAULTS
    if legacy and failing:
        return BLOCKED  # a legacy client cannot show a second factor
    if legacy and "user" in providers:
        return LEGACY_REFUSED  # the password alone is no longer enough: legacy clients need an app password
    if not providers:
        return OK
    if is_program:
        return ASKED_BY_POLICY  # UNCONFIRMED whether 50076 or 50079
    if not can_mfa:
        return ENROL if may_register else BLOCKED
    if not did_mfa:
        return DENIED
    return ASKED_BY_POLICY if failing else OK
