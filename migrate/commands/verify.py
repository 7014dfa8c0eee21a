"""`verify`: read the tenant afresh and compare it with what should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrate import __version__
from migrate.commands.call import Call
from migrate.commands.obeyed import accepted_by_name, configuration_findings
from migrate.commands.options import verb
from migrate.commands.report import answer_and_name
from migrate.commands.wave_evidence import wave_evidence
from migrate.commands.wiring import journal_to_read, open_journal, open_tenant, owner_line, workspace_of
from migrate.errors import ExitCode, FolderProblem, StalePlan
from migrate.model.findings import Finding
from migrate.model.instants import iso_utc
from migrate.model.journal import Draft, Operation, Outcome, TargetType
from migrate.model.plan import PlanAction, PlanHeader, PlanRow
from migrate.model.reasons import Parts, Why, reason_of
from migrate.model.verification import Verification
from migrate.store.folder import Workspace
from migrate.store.plan_files import PLAN_CSV, plan_rows_of
from migrate.store.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from migrate.engine.inspector import Inspection
    from migrate.model.wave_gate import WaveEvidence
    from migrate.store.journal import JournalDb


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What verify found and looked at."""

    findings: list[Finding]
    inspection: Inspection
    held: list[PlanRow]
    planned: int
    """Users whom the plan of this folder would change."""
    taken_at: str
    applied: bool
    """Whether any run was begun from this folder."""
    unaccounted: list[str]
    """Names of people who are disabled as a plan of the folder meant it, although no book says that it was done."""
    not_kept: str
    """Why the result stands in no journal; empty when it does."""
    waves: tuple[WaveEvidence, ...]


@verb
def verify(call: Call) -> ExitCode:
    """Compare the tenant with what it should be. Changes nothing.

    Reads the tenant afresh. What it should be is the journal folded over the snapshot: after apply the target states,
    after rollback the former ones. Checked are states, policies, coverage and registered methods. People who were
    held back are listed, they are no findings. Beside each wave stand the audit events that were seen of it, what
    others changed meanwhile, and what the sign-in log says of it, where it was read. Exit code 1 when there are
    findings. The result is kept in the journal, unless another command holds the folder.

    \b
    Examples:
        mfa-migrate verify
        mfa-migrate verify -o json > verify.json
    """
    from migrate.views.verify import verify_answer

    verified = call.run(_verify(call, workspace_of(call)))
    answer_and_name(
        call,
        verify_answer(
            verified.findings,
            verified.inspection,
            verified.held,
            call.settings.endpoint,
            untouched_since=None if verified.applied else verified.taken_at,
            planned=verified.planned,
            unaccounted=verified.unaccounted,
            not_kept=verified.not_kept,
            waves=verified.waves,
        ),
    )
    return ExitCode.FINDINGS if verified.findings else ExitCode.OK


def _unaccounted(workspace: Workspace, inspection: Inspection, tenant_id: str) -> list[str]:
    from migrate.commands.planned_people import ids_planned

    if not inspection.off_unaccounted:
        return []
    planned = ids_planned(workspace, tenant_id)
    return [name for user_id, name in inspection.off_unaccounted.items() if user_id in planned]


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What was found in the tenant."""

    began: str
    """By the server's clock (ISO 8601)."""
    actor: str
    findings: list[Finding]
    inspection: Inspection
    waves: tuple[WaveEvidence, ...]


async def _verify(call: Call, workspace: Workspace) -> Verified:
    from migrate.engine.history import latest_migration

    with ExitStack() as stack:
        journal = journal_to_read(workspace)
        if journal is not None:
            stack.enter_context(journal)
        applied = journal is not None and journal.head[0] > 0
        plan = latest_migration(journal)
        snapshot = stack.enter_context(open_snapshot(workspace, (plan.snapshot_id or None) if plan else None))
        seen = await _seen(call, workspace, journal, snapshot, plan)
        held, planned = _planned(workspace)
        result = _result(seen.began, plan, snapshot, journal, seen.findings, seen.inspection, len(held))
    wanted = snapshot.header.organization.tenant_id
    nothing = "nothing has been applied, so there is none"
    return Verified(
        findings=seen.findings,
        inspection=seen.inspection,
        held=held,
        planned=planned,
        unaccounted=_unaccounted(workspace, seen.inspection, snapshot.header.organization.tenant_id),
        taken_at=snapshot.header.taken_at,
        applied=applied,
        not_kept=_not_kept(workspace, result, seen, wanted) if applied else nothing,
        waves=seen.waves,
    )


async def _seen(
    call: Call, workspace: Workspace, journal: JournalDb | None, snapshot: Snapshot, plan: PlanHeader | None
) -> _Seen:
    """Read the tenant and compare; raise StalePlan when it is another one than the snapshot is of."""
    from migrate.engine.inspector import Inspection, inspect

    inspection = Inspection()
    async with open_tenant(call) as tenant:
        organization = await tenant.read_organization()
        wanted = snapshot.header.organization.tenant_id
        if organization.tenant_id != wanted:
            raise StalePlan(
                f"The snapshot is of tenant {wanted}; this is {organization.tenant_id}.",
                hint="Sign in to the right tenant, or choose the right --workspace.",
            )
        began = iso_utc(tenant.server_now())
        users, find = snapshot.users, snapshot.user
        planned = snapshot.evidence()
        today = tenant.server_now().date()
        accepted = accepted_by_name(call, snapshot, today=today)
        found = inspect(tenant, journal, users, find, planned, call.screen, inspection, accepted=accepted)
        findings = [finding async for finding in found]
        findings += configuration_findings(call, snapshot, journal, plan, today=today)
        actor = (await tenant.read_actor()).name
        waves = await wave_evidence(tenant, journal, plan, workspace, call.settings.config)
    return _Seen(began=began, actor=actor, findings=findings, inspection=inspection, waves=waves)


def _result(
    began: str,
    plan: PlanHeader | None,
    snapshot: Snapshot,
    journal: JournalDb | None,
    findings: Sequence[Finding],
    inspection: Inspection,
    held: int,
) -> Verification:
    return Verification(
        at=began,
        tool_version=__version__,
        plan_digest=plan.digest if plan is not None else "",
        snapshot_id=snapshot.header.id,
        findings=dict(Counter(finding.code.value for finding in findings)),
        users=inspection.users,
        switched_off=inspection.switched_off,
        policies=inspection.policies,
        registrations=inspection.registrations,
        on_managed=inspection.on_managed,
        held_back=held,
        journal_entries=journal.head[0] if journal is not None else 0,
    )


def _not_kept(workspace: Workspace, result: Verification, seen: _Seen, tenant_id: str) -> str:
    """Keep the result in the journal; return why it could not be, or an empty text. Nobody waits for a busy folder."""
    try:
        with (
            workspace.lock(owner_line("verify")),
            open_journal(workspace, actor=seen.actor, tenant_id=tenant_id) as journal,
        ):
            # It belongs to no run: what a run waits for stays the last entry of that run.
            journal.for_run("")
            reason = reason_of(Why.VERIFIED, parts=Parts(findings=sum(result.findings.values())))
            kept = Draft(
                operation=Operation.VERIFIED,
                target_type=TargetType.RUN,
                outcome=Outcome.RECORDED,
                observed=journal.put_document(result),
                reason=reason,
                server_date=result.at,
            )
            journal.append([*(_wave_kept(one, journal, result.at) for one in seen.waves), kept])
    except FolderProblem as problem:
        return problem.what.rstrip(".")
    return ""


def _wave_kept(one: WaveEvidence, journal: JournalDb, at: str) -> Draft:
    """Return the entry that carries the numbers of one wave; the document that it names has all of them."""
    from migrate.views.wave_evidence import evidence_words

    return Draft(
        operation=Operation.VERIFIED,
        target_type=TargetType.RUN,
        outcome=Outcome.RECORDED,
        observed=journal.put_document(one),
        reason=reason_of(Why.WAVE_SHOWN, evidence_words(one)),
        server_date=at,
        wave=one.wave,
    )


def _planned(workspace: Workspace) -> tuple[list[PlanRow], int]:
    """Return whom the plan of this folder holds back, and how many it would change."""
    path, held, planned = workspace.path / PLAN_CSV, [], 0
    for row in plan_rows_of(path) if path.is_file() else ():
        if row.action is PlanAction.HOLD:
            held.append(row)
        planned += row.action is PlanAction.DISABLE
    return held, planned
