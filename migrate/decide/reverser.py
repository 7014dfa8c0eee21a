"""Make a rollback: the reversed steps of what was begun, in reverse order, as a plan like any other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import assert_never

import msgspec

from migrate.errors import UsageProblem
from migrate.model.evidence import PolicyState
from migrate.model.plan import PLAN_FORMAT, AcceptedGap, Limits, PlanHeader, PlanKind, Wave
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.record import Record, sha256_of
from migrate.model.rollback import RollbackHeader, RollbackRow
from migrate.model.snapshot import Organization
from migrate.model.steps import CreatePolicy, DeletePolicy, PolicyStep, SetMfaState, SetPolicyState
from migrate.model.tenant_settings import BaselineScopes
from migrate.model.users import MfaState
from migrate.model.waves import WaveKind

UNLIMITED = Limits(
    max_users=None,
    max_newly_required=0,
    max_failures="100%",
    report_only_seconds=0,
    policy_settle_seconds=0,
    plan_max_age_seconds=0,
    readback_timeout_seconds=60,
)
"""Back to safe must never be hard (design rule 9): a rollback waits for nothing and stops for no failure."""


class TenantFacts(Record, frozen=True, kw_only=True):
    """Where a rollback belongs."""

    tenant_id: str
    tenant_name: str
    tenant_domain: str
    cloud: str
    endpoint: str | None


class Rollback(Record, frozen=True, kw_only=True):
    """A rollback plan with its steps."""

    header: PlanHeader
    steps: tuple[SetMfaState, ...]


class Source(Record, frozen=True, kw_only=True):
    """What can be put back, as a journal or rollback files tell."""

    rows: tuple[RollbackRow, ...]
    """One a user: what was read before the write, and what was asked for."""
    policy_steps: tuple[PolicyStep, ...]
    """The forward policy steps that were begun, in their order; empty for a partial rollback."""
    facts: TenantFacts
    whole: tuple[str, ...]
    """Digests of the runs that are put back as a whole."""
    may_be_off: tuple[str, ...] = ()
    """As in rollback.json, when the rows come from there."""


def source_of(rows: Iterable[RollbackRow], header: RollbackHeader | None, here: TenantFacts) -> Source:
    """Return what rollback files hold; without rollback.json users only, and those of the tenant that is here."""
    if header is None:
        return Source(rows=tuple(rows), policy_steps=(), facts=here, whole=())
    return Source(
        rows=tuple(rows),
        policy_steps=policy_steps_of(header),
        facts=facts_of(header),
        whole=header.plan_digests,
        may_be_off=header.may_be_off,
    )


def united(earlier: Source, later: Source) -> Source:
    """Return what two books hold together, of which the later one may not know all of the earlier one, nor the reverse.

    Whoever stands in both goes back to what was before both changes, where one followed upon the other.
    """
    rows = {row.user_id: row for row in earlier.rows}
    for row in later.rows:
        known = rows.get(row.user_id)
        rows[row.user_id] = row if known is None else _composed(known, row)
    ordered = sorted(rows.values(), key=lambda row: (row.wave, row.user_id))
    return Source(
        rows=tuple(ordered),
        policy_steps=_each_once((*earlier.policy_steps, *later.policy_steps)),
        facts=later.facts,
        whole=tuple(dict.fromkeys((*earlier.whole, *later.whole))),
        may_be_off=tuple(
            user_id for user_id in dict.fromkeys((*earlier.may_be_off, *later.may_be_off)) if user_id not in rows
        ),
    )


def _composed(earlier: RollbackRow, later: RollbackRow) -> RollbackRow:
    follows = earlier.plan_digest != later.plan_digest and earlier.target_state.is_found_as(later.previous_state)
    if follows or later.previous_state is MfaState.DISABLED:
        return msgspec.structs.replace(later, previous_state=earlier.previous_state)
    return later


def as_one_change(steps: Sequence[PolicyStep]) -> tuple[PolicyStep, ...]:
    """Return steps that come to the same, with one change of scope at most for each policy.

    A policy that was created is deleted as it was written last; one that was changed several times goes back at once to
    whom it was for before all of it.
    """
    rescoped: dict[str, list[SetPolicyScope]] = {}
    for step in steps:
        if isinstance(step, SetPolicyScope):
            rescoped.setdefault(step.key, []).append(step)
    created = {step.key for step in steps if isinstance(step, CreatePolicy)}
    one: list[PolicyStep] = []
    for step in steps:
        changes = rescoped.get(step.key, [])
        if isinstance(step, CreatePolicy) and changes:
            body = {**changes[-1].after, "state": step.body.get("state", PolicyState.REPORT_ONLY.value)}
            name = str(body.get("displayName", step.display_name))
            one.append(msgspec.structs.replace(step, display_name=name, body=body))
        elif not isinstance(step, SetPolicyScope):
            one.append(step)
        elif step is changes[-1] and step.key not in created and changes[0].before != step.after:
            one.append(msgspec.structs.replace(step, display_name=changes[0].display_name, before=changes[0].before))
    return tuple(one)


def _each_once(steps: Iterable[PolicyStep]) -> tuple[PolicyStep, ...]:
    """Return the steps in order, each once: as a file has it a step does not say why."""
    once: dict[tuple[str, ...], PolicyStep] = {}
    for step in steps:
        once.setdefault((type(step).__name__, step.key, *_ends_of(step)), step)
    # A policy is created before anything is done to it.
    return tuple(sorted(once.values(), key=lambda step: not isinstance(step, CreatePolicy)))


def _ends_of(step: PolicyStep) -> tuple[str, ...]:
    match step:
        case SetPolicyState():
            return step.before, step.after
        case SetPolicyScope():
            return sha256_of(step.before), sha256_of(step.after)
        case CreatePolicy() | DeletePolicy():
            return ()
        case _:
            assert_never(step)


def rows_of_plan(steps: Iterable[SetMfaState], plan: PlanHeader) -> tuple[RollbackRow, ...]:
    """Return a row for everybody whom a plan meant to change, for where nobody knows how far its run came."""
    digest = plan.digest
    return tuple(row_of_plan(step, plan.tenant_id, digest) for step in steps)


def row_of_plan(step: SetMfaState, tenant_id: str, plan_digest: str) -> RollbackRow:
    """Return the row that puts a user of a plan back to the state that was planned from."""
    return RollbackRow(
        user_id=step.user_id,
        user_principal_name=step.user_principal_name,
        previous_state=step.before,
        target_state=step.after,
        wave=step.wave,
        tenant_id=tenant_id,
        plan_digest=plan_digest,
    )


def with_rows(source: Source, rows: Iterable[RollbackRow], *, named: AbstractSet[str] = frozenset()) -> Source:
    """Return the source with rows of people who have none in it; where somebody is `named`, only with theirs."""
    further = [row for row in rows if not named or _keys_of(row) & named]
    return msgspec.structs.replace(source, rows=(*source.rows, *further))


def selected(source: Source, *, users: AbstractSet[str], wave: int | None) -> Source:
    """Return the part of a source that was asked for; a partial rollback never touches policies (design rule 7).

    Args:
        source: All that can be put back.
        users: Names and object ids in small letters; empty for everybody.
        wave: Only this wave.

    Raises UsageProblem for a user of whom nothing is known, and when nothing is left.
    """
    rows = source.rows
    known = {key for row in rows for key in _keys_of(row)}
    if missing := sorted(users - known):
        raise UsageProblem(f"No change was ever sent for {', '.join(missing)}.", hint="Check the spelling of --users.")
    partial = bool(users) or wave is not None
    in_waves = sorted({row.wave for row in rows})
    if wave is not None and rows and wave not in in_waves:
        raise UsageProblem(
            f"No change was ever sent in wave {wave}. Changes were sent in: {', '.join(map(str, in_waves))}.",
            hint="See `mfa-migrate status` and `mfa-migrate audit export`.",
        )
    if partial:
        rows = tuple(r for r in rows if (not users or _keys_of(r) & users) and wave in (None, r.wave))
    if not rows and (partial or not source.policy_steps):
        raise UsageProblem(
            f"There is nobody to roll back: {len(source.rows)} users in all, none selected.",
            hint="See `mfa-migrate status` and `mfa-migrate audit export`.",
        )
    return msgspec.structs.replace(source, rows=rows, policy_steps=(), whole=()) if partial else source


def _keys_of(row: RollbackRow) -> set[str]:
    return {row.user_id.lower(), row.user_principal_name.lower()}


def rollback_for(
    rows: Iterable[RollbackRow],
    policy_steps: Sequence[PolicyStep],
    facts: TenantFacts,
    *,
    created_at: str,
    tool_version: str,
    readback_timeout_seconds: int,
    apps_that_matter: tuple[str, ...] | None = None,
    baseline_scopes: BaselineScopes | None = None,
    accepted_gaps: tuple[AcceptedGap, ...] = (),
    emergency_access: tuple[str, ...] = (),
    policy_settle_seconds: int = 0,
    made_from: str = "",
    may_be_off: tuple[str, ...] = (),
) -> Rollback:
    """Return the plan that puts the users of `rows` back to their former states, and then the policies.

    Args:
        rows: One a user: what was read before the write, and what was asked for.
        policy_steps: The forward policy steps that were begun, in their order; empty for a partial rollback.
        facts: Where it belongs.
        created_at: ISO 8601.
        tool_version: Of this program.
        readback_timeout_seconds: How long an accepted change may take to be read back.
        apps_that_matter: As in the plan that is reversed.
        baseline_scopes: As in the plan that is reversed.
        accepted_gaps: As in the plan that is reversed.
        emergency_access: As in the plan that is reversed.
        policy_settle_seconds: How long policies settle before anybody is switched off, for undoing a rollback.
        made_from: What the rows were read from, such as the journal's last hash: two rollbacks are never the same run.
        may_be_off: As in rollback.json, when the rows come from there.
    """
    steps = sorted((_step_back(row) for row in rows), key=lambda step: (-step.wave, step.user_id))
    off = sum(step.after is MfaState.DISABLED for step in steps)
    numbers = list(dict.fromkeys(step.wave for step in steps))
    waves = tuple(
        Wave(number=number, name=WaveKind.BACK.value, users=sum(step.wave == number for step in steps))
        for number in numbers
    )
    header = PlanHeader(
        format=PLAN_FORMAT,
        kind=PlanKind.ROLLBACK,
        tool_version=tool_version,
        created_at=created_at,
        tenant_id=facts.tenant_id,
        tenant_name=facts.tenant_name,
        tenant_domain=facts.tenant_domain,
        cloud=facts.cloud,
        endpoint=facts.endpoint,
        snapshot_id=made_from,
        snapshot_taken_at=created_at,
        evidence_digest="",
        policy_steps=tuple(step.reverse() for step in reversed(as_one_change(policy_steps))),
        rests_on=(),
        waves=waves,
        counts={name: number for name, number in (("restore", len(steps) - off), ("disable", off)) if number},
        total_users=len(steps),
        notes=(),
        newly_prompted=(),
        accepted_gaps=accepted_gaps,
        apps_that_matter=apps_that_matter,
        baseline_scopes=baseline_scopes,
        emergency_access=emergency_access,
        limits=msgspec.structs.replace(
            UNLIMITED,
            readback_timeout_seconds=readback_timeout_seconds,
            policy_settle_seconds=policy_settle_seconds if off else 0,
        ),
        rows_sha256=sha256_of(steps),
        may_be_off=may_be_off,
    )
    return Rollback(header=header, steps=tuple(steps))


def _step_back(row: RollbackRow) -> SetMfaState:
    forward = SetMfaState(
        user_id=row.user_id,
        user_principal_name=row.user_principal_name,
        before=row.previous_state,
        after=row.target_state,
        wave=row.wave,
        because=f"plan {row.plan_digest[:12]}",
    )
    return forward.reverse()


def policy_steps_of(header: RollbackHeader) -> tuple[PolicyStep, ...]:
    """Return the forward policy steps that rollback.json names: creations first, then switches."""
    created = [
        CreatePolicy(key=made.key, display_name=str(made.body.get("displayName", made.key)), body=made.body, because="")
        for made in header.policies_created
    ]
    return (*created, *header.policies_switched, *header.policies_rescoped)


def facts_at(organization: Organization, *, cloud: str, endpoint: str | None) -> TenantFacts:
    """Return where something belongs that is made for the tenant that is signed in to."""
    return TenantFacts(
        tenant_id=organization.tenant_id,
        tenant_name=organization.display_name,
        tenant_domain=organization.default_domain,
        cloud=cloud,
        endpoint=endpoint,
    )


def facts_of(header: RollbackHeader | PlanHeader) -> TenantFacts:
    """Return where a rollback file or plan belongs."""
    return TenantFacts(
        tenant_id=header.tenant_id,
        tenant_name=header.tenant_name,
        tenant_domain=header.tenant_domain,
        cloud=header.cloud,
        endpoint=header.endpoint,
    )
