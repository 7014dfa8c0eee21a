"""The guards and notes of `set-state`: what Microsoft's page on user states says, turned into rules."""

from __future__ import annotations

from migrate.model.coverage import Coverage, Verdict
from migrate.model.set_state import RefusalCode, RefusedRequest, ResolvedRequest
from migrate.model.users import MfaState, Registration

SESSIONS_END = "Setting it ends the user's sessions within minutes."


def is_restore(resolved: ResolvedRequest, asked: MfaState, recorded: dict[str, MfaState], digests: set[str]) -> bool:
    """Tell whether a request puts a user back to a recorded former state.

    Args:
        resolved: The request.
        asked: The state asked for.
        recorded: Former states by user id, from the journal.
        digests: Plan digests of this tenant's rollback file.
    """
    if recorded.get(resolved.profile.id) is asked:
        return True
    request = resolved.request
    return request.recorded_state is asked and request.plan_digest in digests


def refusal_for(
    resolved: ResolvedRequest, asked: MfaState, registration: Registration | None, *, allow_unregistered: bool
) -> RefusedRequest | None:
    """Return why a new request must not be sent, or None.

    Enforced asks for an app password in every client that cannot do modern authentication, at once; somebody who
    never registered has none.
    """
    if asked is not MfaState.ENFORCED or resolved.before is MfaState.ENFORCED or allow_unregistered:
        return None
    if registration is not None and registration.is_mfa_registered:
        return None
    why = "has no MFA method registered" if registration is not None else "is not in the registration report"
    return RefusedRequest(
        request=resolved.request,
        profile=resolved.profile,
        before=resolved.before,
        code=RefusalCode.NOT_REGISTERED,
        message=f"The user {why}. Enforced stops apps without modern authentication until there is an app password; "
        "set Enabled instead, or add --allow-unregistered.",
    )


def note_for(asked: MfaState, found: MfaState | None, coverage: Coverage | None) -> str:
    """Return what one should know about a change although it went well; mostly empty."""
    notes = []
    if asked is MfaState.ENABLED and found is MfaState.ENFORCED:
        notes.append("Found enforced: Microsoft promotes an enabled user who has a method registered.")
    if asked is not MfaState.DISABLED and coverage is not None and coverage.verdict is Verdict.COVERED:
        notes.append(
            f"Conditional Access requires MFA of this user already ({', '.join(coverage.covered_by)}); Microsoft "
            f"advises not to enable or enforce per-user MFA beside it. {SESSIONS_END}"
        )
    return " ".join(notes)
