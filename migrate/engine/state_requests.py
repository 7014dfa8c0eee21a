"""Find the users that state requests name, and read the state they are in."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.engine.ports import Tenant
from migrate.model.reasons import Reason, Why, reason_of
from migrate.model.replies import StateReading
from migrate.model.set_state import RefusalCode, RefusedRequest, ResolvedRequest, StateRequest
from migrate.model.users import UserProfile

CHUNK = 500
_CODES = {Why.NO_SUCH_USER: RefusalCode.NOT_FOUND, Why.TWO_USERS: RefusalCode.AMBIGUOUS}


async def resolve(tenant: Tenant, requests: Sequence[StateRequest]) -> list[ResolvedRequest | RefusedRequest]:
    """Return each request with its user and state, or why it cannot be sent, in the order given."""
    answers: list[ResolvedRequest | RefusedRequest] = []
    for start in range(0, len(requests), CHUNK):
        chunk = requests[start : start + CHUNK]
        profiles = await tenant.read_profiles(list(dict.fromkeys(key for request in chunk for key in _keys(request))))
        found = {p.id for p in profiles.values() if isinstance(p, UserProfile)}
        readings = {reading.user_id: reading for reading in await tenant.read_mfa_states(sorted(found))}
        answers += [_answer(request, _named_by(request, profiles), readings) for request in chunk]
    return answers


def _keys(request: StateRequest) -> list[str]:
    """Return what a user is looked up by: also by the other name that the text may stand for, where there is no id."""
    return [request.key] if request.object_id or not request.also_named else [request.key, request.also_named]


def _named_by(request: StateRequest, profiles: dict[str, UserProfile | Reason]) -> UserProfile | Reason:
    """Return the one user whom a request names; the reason where there is none, or where both names are somebody's."""
    first, *others = [profiles[key] for key in _keys(request)]
    for other in others:
        if isinstance(first, UserProfile) and isinstance(other, UserProfile):
            names = f"{first.user_principal_name} and {other.user_principal_name}; give the id."
            return reason_of(Why.TWO_USERS, names)
        if isinstance(other, UserProfile) and isinstance(first, Reason) and first.why is Why.NO_SUCH_USER:
            return other
    return first


def _answer(
    request: StateRequest, profile: UserProfile | Reason, readings: dict[str, StateReading]
) -> ResolvedRequest | RefusedRequest:
    if isinstance(profile, Reason):
        code = _CODES.get(profile.why, RefusalCode.UNREADABLE)
        return _refused(request, None, code, f"{request.key}: {profile}")
    named = {name.casefold() for name in (request.user_principal_name, request.also_named) if name}
    if request.object_id and named and profile.user_principal_name.casefold() not in named:
        return _refused(
            request,
            profile,
            RefusalCode.IDENTITY_MISMATCH,
            f"{request.object_id} is {profile.user_principal_name}, not {request.user_principal_name}; the list is "
            "older than a change of name, or mixes users.",
        )
    reading = readings[profile.id]
    if reading.mfa_state is None:
        return _refused(request, profile, RefusalCode.UNREADABLE, f"The state cannot be read: {reading.problem}")
    return ResolvedRequest(request=request, profile=profile, before=reading.mfa_state)


def _refused(request: StateRequest, profile: UserProfile | None, code: RefusalCode, message: str) -> RefusedRequest:
    return RefusedRequest(request=request, profile=profile, before=None, code=code, message=message)
