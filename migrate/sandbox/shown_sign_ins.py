"""What of a sign-in's entry a caller gets to see: by version, by the Prefer header, and by what the token may read."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from migrate.sandbox.messages import Call, Json, words
from migrate.sandbox.roles import GLOBAL_ADMINISTRATOR
from migrate.sandbox.sign_in_entry import BETA_ONLY

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_UNKNOWN = "unknownFutureValue"
_LATER_WORDS = {
    "authenticationProtocol": frozenset({"authenticationTransfer"}),
    "incomingTokenType": frozenset({"refreshToken"}),
}
"""Members of enumerations that came later: without the Prefer header they have no name (resource signIn)."""
_LATER_RESULTS = words("reportOnlySuccess reportOnlyFailure reportOnlyInterrupted reportOnlyNotApplied")
_READS_POLICIES = words("Policy.Read.All Policy.Read.ConditionalAccess Policy.ReadWrite.ConditionalAccess")
_ROLES = frozenset(
    [
        GLOBAL_ADMINISTRATOR,
        "f2ef992c-3afb-46b9-b7cf-a126ee74c451",  # Global Reader
        "194ae4cb-b126-40b2-bd5b-6091b380977d",  # Security Administrator
        "5d6b6bb7-de71-4623-b4af-96380a352509",  # Security Reader
        "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",  # Conditional Access Administrator
    ]
)
"""Template ids of the directory roles that see what policies did (signins-roles-for-ca-data)."""


def shown_sign_in(sandbox: "Sandbox", call: Call, entry: Json) -> Json:
    """Return the entry as this caller sees it; what may not be seen is silently absent."""
    shown = dict(entry) if call.version == "beta" else {k: v for k, v in entry.items() if k not in BETA_ONLY}
    if sandbox.clock.now() - _made_at(entry) < sandbox.settings.signin_correction_seconds:
        shown |= {name: value for name, value in _not_yet_corrected(entry).items() if name in shown}
    if not _sees_policies(sandbox, call):
        shown.pop("appliedConditionalAccessPolicies", None)
    return shown if _wants_every_word(call) else _without_later_words(shown)


def _made_at(entry: Json) -> float:
    return datetime.fromisoformat(str(entry["createdDateTime"])).timestamp()


def _not_yet_corrected(entry: Json) -> Json:
    """Return what a fresh entry shows in place of what is put together later: the first step alone, not succeeded.

    Entra page "Sign-in log activity details": authentication details can be wrong until the log is aggregated.
    """
    first = [{**step, "succeeded": False, "authenticationStepResultDetail": ""} for step in _steps_of(entry)[:1]]
    status = {**(entry.get("status") or {}), "additionalDetails": None}
    requirement = "singleFactorAuthentication"
    return {"authenticationDetails": first, "status": status, "authenticationRequirement": requirement}


def _steps_of(entry: Json) -> list[Json]:
    return list(entry.get("authenticationDetails") or ())


def _sees_policies(sandbox: "Sandbox", call: Call) -> bool:
    caller = call.caller
    if caller is None or not sandbox.settings.enforce_permissions:
        return True
    if caller.app_only:
        return bool(caller.permissions & _READS_POLICIES)
    place = sandbox.tenant.people.find(caller.user_id) if caller.user_id else None
    if place is None:
        return bool(caller.roles & _ROLES) or not caller.roles
    return any(place in sandbox.tenant.role_places(role) for role in _ROLES)


def _wants_every_word(call: Call) -> bool:
    preferred = call.headers.get("prefer", "").replace(" ", "").lower().split(",")
    return "include-unknown-enum-members" in preferred


def _without_later_words(entry: Json) -> Json:
    changed: dict[str, Any] = {name: _UNKNOWN for name, later in _LATER_WORDS.items() if str(entry.get(name)) in later}
    results = entry.get("appliedConditionalAccessPolicies")
    if results:
        changed["appliedConditionalAccessPolicies"] = [
            {**each, "result": _UNKNOWN} if each.get("result") in _LATER_RESULTS else each for each in results
        ]
    return {**entry, **changed}
