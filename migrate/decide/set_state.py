"""The guards and notes of `set-state`: what Microsoft's page on user states says, turned into rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from migrate.decide.reverser import UNLIMITED, TenantFacts
from migrate.errors import LimitReached, UsageProblem
from migrate.model.coverage import Coverage, Verdict
from migrate.model.plan import PLAN_FORMAT, Decision, PlanHeader, PlanKind, Wave
from migrate.model.record import Record, sha256_of
from migrate.model.set_state import Consent, RefusalCode, RefusedRequest, ResolvedRequest
from migrate.model.steps import SetMfaState
from migrate.model.tenant_settings import BaselineScopes
from migrate.model.users import MfaState, Registration
from migrate.model.waves import WaveKind

SESSIONS_END = "Setting it ends the user's sessions within minutes."


class FormerStates(Record, frozen=True, kw_only=True):
    """What this workspace recorded before it changed anybody."""

    journal: dict[str, MfaState]
    """By user id: the state before the latest change."""
    file: dict[str, tuple[MfaState, str]]
    """By user id: state and plan digest of the rows of the rollback file, once its digest was checked."""


def is_restore(resolved: ResolvedRequest, asked: MfaState, former: FormerStates) -> bool:
    """Tell whether a request puts a user back to a recorded former state; only then are the guards left out.

    A row that merely claims a former state is not enough: it must be the row of this tenant's rollback file.
    """
    user_id, request = resolved.profile.id, resolved.request
    if former.journal.get(user_id) is asked:
        return True
    return request.recorded_state is asked and former.file.get(user_id) == (asked, request.plan_digest)


def refusal_for(resolved: ResolvedRequest, asked: MfaState, registration: Registration | None) -> RefusedRequest | None:
    """Return why a new request must not be sent, or None.

    Enforced asks for an app password in every client that cannot do modern authentication, at once; somebody who
    never registered has none.
    """
    if asked is not MfaState.ENFORCED or resolved.before is MfaState.ENFORCED:
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


def without_contradictions(
    answers: Sequence[ResolvedRequest | RefusedRequest], asked: MfaState | None
) -> list[ResolvedRequest | RefusedRequest]:
    """Return the answers with every request refused of a user for whom the list asks for several states.

    `asked` is the one state for all, or None where each request brings its own. The same user may stand in a list
    by id and by name, so that only the directory shows it.
    """
    wanted: dict[str, set[MfaState]] = {}
    for answer in answers:
        if isinstance(answer, ResolvedRequest) and (state := asked or answer.request.listed_state):
            wanted.setdefault(answer.profile.id, set()).add(state)
    return [
        _contradicted(answer, wanted[answer.profile.id])
        if isinstance(answer, ResolvedRequest) and len(wanted.get(answer.profile.id, ())) > 1
        else answer
        for answer in answers
    ]


def _contradicted(resolved: ResolvedRequest, states: AbstractSet[MfaState]) -> RefusedRequest:
    return RefusedRequest(
        request=resolved.request,
        profile=resolved.profile,
        before=resolved.before,
        code=RefusalCode.BAD_INPUT,
        message=f"The list asks for {' and for '.join(sorted(states))}; nothing was sent for this user.",
    )


def covered_note(coverage: Coverage) -> str:
    """Return the documented warning for a user who is enabled or enforced beside Conditional Access; else empty."""
    if coverage.verdict is not Verdict.COVERED:
        return ""
    return (
        f"Conditional Access requires MFA already ({', '.join(coverage.covered_by)}); Microsoft advises not to enable "
        f"or enforce per-user MFA beside it. {SESSIONS_END}"
    )


def refuse_too_many_uncovered(
    answers: Iterable[ResolvedRequest | RefusedRequest], asked: MfaState | None, consent: Consent
) -> None:
    """Raise when one reason is to stand for more users than it was given for: one, or `--max-users N`.

    Args:
        answers: What became of the requests.
        asked: The state that is asked for; None where each request names its own.
        consent: What the operator said.

    Raises:
        UsageProblem: More than one user, and no limit was given.
        LimitReached: More users than the limit.
    """
    if not consent.accept_uncovered:
        return
    users = {
        answer.profile.id
        for answer in answers
        if isinstance(answer, ResolvedRequest) and (asked or answer.request.listed_state) is MfaState.DISABLED
    }
    if len(users) > 1 and consent.max_users is None:
        raise UsageProblem(
            f"--accept-uncovered is a reason for one user; this call would disable {len(users)} without any proof.",
            hint="Add --max-users N to say for how many users the reason stands.",
        )
    if consent.max_users is not None and len(users) > consent.max_users:
        raise LimitReached(
            f"This call would disable {len(users)} users without any proof; --max-users {consent.max_users} allows "
            f"{consent.max_users}.",
            hint="Raise --max-users, or name fewer users.",
        )


def plan_for(
    resolved: Sequence[ResolvedRequest],
    asked: MfaState,
    here: TenantFacts,
    *,
    restores: AbstractSet[str],
    accept_uncovered: str,
    emergency_access: tuple[str, ...],
    created_at: str,
    tool_version: str,
    readback_timeout_seconds: int,
    apps_that_matter: tuple[str, ...] | None,
    baseline_scopes: BaselineScopes | None,
    made_from: str,
    decided_by: str = "",
) -> tuple[PlanHeader, tuple[SetMfaState, ...]]:
    """Return a plan of one wave that sets these users to `asked`, through the same applier as every other plan.

    Args:
        resolved: Each user once.
        asked: The state asked for.
        here: The tenant.
        restores: Ids of the users who go back to a recorded former state; no proof is asked for them.
        accept_uncovered: The operator's reason for switching off users without proof, or empty.
        emergency_access: Object ids that are never switched off.
        created_at, tool_version, readback_timeout_seconds, apps_that_matter, baseline_scopes: As in `PlanHeader`.
        decided_by: Who is signed in and so answers for `accept_uncovered`.
        made_from: The journal's last hash: the same request twice in one second is two runs all the same.
    """
    steps = tuple(_step(each, asked, each.profile.id in restores, accept_uncovered) for each in resolved)
    header = PlanHeader(
        format=PLAN_FORMAT,
        kind=PlanKind.SET_STATE,
        tool_version=tool_version,
        created_at=created_at,
        tenant_id=here.tenant_id,
        tenant_name=here.tenant_name,
        tenant_domain=here.tenant_domain,
        cloud=here.cloud,
        endpoint=here.endpoint,
        snapshot_id=made_from,
        snapshot_taken_at=created_at,
        evidence_digest="",
        policy_steps=(),
        rests_on=(),
        waves=(Wave(number=1, name=WaveKind.SET_STATE.value, users=len(steps)),),
        counts={"set": len(steps)},
        total_users=len(steps),
        notes=(),
        newly_prompted=(),
        accepted_gaps=(),
        apps_that_matter=apps_that_matter,
        baseline_scopes=baseline_scopes,
        emergency_access=emergency_access,
        limits=msgspec.structs.replace(UNLIMITED, readback_timeout_seconds=readback_timeout_seconds),
        rows_sha256=sha256_of(steps),
        uncovered_decision=Decision(reason=accept_uncovered, decided_by=decided_by, since=created_at[:10])
        if accept_uncovered
        else None,
    )
    return header, steps


def _step(resolved: ResolvedRequest, asked: MfaState, restore: bool, accept_uncovered: str) -> SetMfaState:
    because = f"set-state {asked}" + (": back to the recorded former state" if restore else "")
    waived = "back to the recorded former state" if restore else accept_uncovered
    if asked is MfaState.DISABLED and accept_uncovered:
        because += f"; accepted without proof of coverage: {accept_uncovered}"
    return SetMfaState(
        user_id=resolved.profile.id,
        user_principal_name=resolved.profile.user_principal_name,
        before=resolved.before,
        after=asked,
        wave=1,
        because=because,
        uncovered_accepted=waived if asked is MfaState.DISABLED else "",
    )
