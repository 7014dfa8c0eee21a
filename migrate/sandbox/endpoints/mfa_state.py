"""The per-user MFA state and the sign-in preferences: beta only."""

from dataclasses import replace
from typing import TYPE_CHECKING

from migrate.sandbox.endpoints.users import my_place, place_of
from migrate.sandbox.messages import Answer, Call, GraphError, Json, bad_request, words
from migrate.sandbox.people import STATES
from migrate.sandbox.roles import METHOD_READERS, METHOD_WRITERS, STATE_READERS, STATE_WRITERS
from migrate.sandbox.routing import BETA, Route, needs

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

STATE = "perUserMfaState"
_PREFERRED = words("push oath voiceMobile voiceAlternateMobile voiceOffice sms")


def _place(sandbox: "Sandbox", call: Call) -> int:
    return place_of(sandbox, call) if "user" in call.params else my_place(sandbox, call)


def get_requirements(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /users/{id}/authentication/requirements."""
    place = _place(sandbox, call)
    user = sandbox.tenant.people.user_id(place)
    context = f"{call.origin}/{call.version}/$metadata#users('{user}')/authentication/requirements"
    return Answer(200, {"@odata.context": context, **sandbox.seen_requirements(place)})


def patch_requirements(sandbox: "Sandbox", call: Call) -> Answer:
    """PATCH /users/{id}/authentication/requirements.

    A state of enabled becomes enforced for somebody who has a strong method (contract 1.2).
    """
    state = _wanted_state(sandbox, call.json())
    place = place_of(sandbox, call)
    _check_privileged(sandbox, call, place)
    people = sandbox.tenant.people
    if sandbox.settings.guest_state_write == "ignored" and people.user(place).get("userType") == "Guest":
        return Answer(204)
    if state == "enabled" and people.has_strong_method(place):
        state = sandbox.settings.enabled_for_registered
    sandbox.change_state(place, state, call.caller)
    return Answer(204)


def _wanted_state(sandbox: "Sandbox", body: Json) -> str:
    names = {name: name for name in body}
    if sandbox.settings.state_names_any_case:
        names = {name.lower(): name for name in body}
        wanted = names.pop(STATE.lower(), None)
    else:
        wanted = names.pop(STATE, None)
    unknown = [name for name in names.values() if not name.startswith("@")]
    if unknown:
        raise bad_request(
            f"The property '{unknown[0]}' does not exist on type 'microsoft.graph.strongAuthenticationRequirements'."
        )
    if wanted is None:
        raise bad_request("The request body holds nothing to change.")
    state = body[wanted]
    if state not in STATES:
        raise bad_request(
            f"Cannot convert the literal '{state}' to the expected type 'microsoft.graph.perUserMfaState'."
        )
    return str(state)


def _check_privileged(sandbox: "Sandbox", call: Call, place: int) -> None:
    if sandbox.settings.app_only_privileged_state or call.caller is None or not call.caller.app_only:
        return
    if place in sandbox.tenant.privileged_places():
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def get_preferences(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /users/{id}/authentication/signInPreferences."""
    place = _place(sandbox, call)
    context = (
        f"{call.origin}/{call.version}/$metadata#users('{sandbox.tenant.people.user_id(place)}')"
        "/authentication/signInPreferences"
    )
    return Answer(200, {"@odata.context": context, **_preferences(sandbox, place)})


def _preferences(sandbox: "Sandbox", place: int) -> Json:
    return sandbox.tenant.people.preferences(place) or {
        "isSystemPreferredAuthenticationMethodEnabled": True,
        "userPreferredMethodForSecondaryAuthentication": "push",
    }


def patch_preferences(sandbox: "Sandbox", call: Call) -> Answer:
    """PATCH /users/{id}/authentication/signInPreferences."""
    body = {name: value for name, value in call.json().items() if not name.startswith("@")}
    preferred = body.get("userPreferredMethodForSecondaryAuthentication", "push")
    system = body.get("isSystemPreferredAuthenticationMethodEnabled", True)
    names = {"userPreferredMethodForSecondaryAuthentication", "isSystemPreferredAuthenticationMethodEnabled"}
    known = isinstance(preferred, str) and preferred in _PREFERRED
    if not body.keys() <= names or not known or not isinstance(system, bool):
        raise bad_request("The sign-in preferences are malformed or name an unknown method.")
    place = place_of(sandbox, call)
    before = _preferences(sandbox, place)
    after = {**before, **body}
    sandbox.tenant.people.set_preferences(place, after)
    if after != before:
        sandbox.audit.preferences_changed(call.caller, place, before, after)
    return Answer(204)


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    path, preferences = "users/{user}/authentication/requirements", "users/{user}/authentication/signInPreferences"
    read_own = needs("Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod")
    read = replace(read_own, roles=STATE_READERS)
    write = needs("Policy.ReadWrite.AuthenticationMethod", roles=STATE_WRITERS)
    read_preferences = needs(
        "UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All", roles=METHOD_READERS
    )
    write_preferences = needs("UserAuthenticationMethod.ReadWrite.All", roles=METHOD_WRITERS)
    return (
        Route(
            method="GET",
            path=path,
            answer=get_requirements,
            versions=BETA,
            limit="requirements",
            needs=read,
            summary="a user's per-user MFA state",
        ),
        Route(
            method="PATCH",
            path=path,
            answer=patch_requirements,
            versions=BETA,
            limit="requirements",
            needs=write,
            summary="change a user's per-user MFA state",
        ),
        Route(
            method="GET",
            path="me/authentication/requirements",
            answer=get_requirements,
            versions=BETA,
            limit="requirements",
            needs=read_own,
            summary="one's own per-user MFA state",
        ),
        Route(
            method="GET",
            path=preferences,
            answer=get_preferences,
            shape={
                "isSystemPreferredAuthenticationMethodEnabled": "boolean",
                "userPreferredMethodForSecondaryAuthentication": "string",
            },
            versions=BETA,
            limit="methods",
            needs=read_preferences,
            summary="a user's sign-in preferences",
        ),
        Route(
            method="PATCH",
            path=preferences,
            answer=patch_preferences,
            versions=BETA,
            limit="methods",
            needs=write_preferences,
            summary="change a user's sign-in preferences",
        ),
    )
