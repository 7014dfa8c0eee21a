"""Put together everything that the report, the evidence folder and the change record say of one working folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from migrate.decide.as_now import evidence_as_now
from migrate.decide.coverage.judge import Judge
from migrate.decide.now import NowByUser
from migrate.decide.report.exceptions import Named, exceptions_of
from migrate.decide.report.followed import Followed
from migrate.decide.report.judging import FRESH, migration_box, tenant_box
from migrate.decide.report.persons import Persons
from migrate.decide.report.policies import policies_of
from migrate.decide.report.run_fold import RunFold
from migrate.decide.report.tally import Tally
from migrate.model.evidence import Evidence
from migrate.model.instants import iso_utc, moment_of
from migrate.model.now import Now
from migrate.model.plan import PlanHeader, PlanKind, PlanRow
from migrate.model.reasons import Why
from migrate.model.record import Record
from migrate.model.report import Digests, Person, Phase, ReportFacts, SignInDays, WaveFacts
from migrate.model.run import RunStanding
from migrate.model.snapshot import SnapshotHeader
from migrate.model.tenant_settings import BaselineScopes
from migrate.model.users import AnyUser
from migrate.model.verification import Verification
from migrate.model.waits import WaitKind

WAY_BACK = ("mfa-migrate rollback --what-if", "mfa-migrate rollback", "mfa-migrate rollback --file rollback.csv")
"""Without the paths of anybody's machine: they are typed beside the working folder."""
_KINDS = {kind.value: kind for kind in WaitKind}
_SETTLES = frozenset({WaitKind.POLICY_SETTLES, WaitKind.USERS_SETTLE, WaitKind.ALL_SETTLE})

Keep = Callable[[Person], None]


class Known(Record, frozen=True, kw_only=True):
    """What a working folder holds, read and checked, without its users and rows."""

    snapshot: SnapshotHeader
    evidence: Evidence
    """As exported."""
    since: NowByUser
    """What this tool did since the export, without the users."""
    told: Followed
    """What the journal tells of the users."""
    fold: RunFold
    verification: Verification | None
    plan: PlanHeader | None
    run: PlanHeader | None
    standing: RunStanding | None
    last_kind: PlanKind | None
    rows_known: bool
    digests: Digests
    sign_ins: SignInDays | None
    apps: frozenset[str] | None
    """Application ids that coverage is asked for; None means every application."""
    baseline: BaselineScopes
    tool_version: str
    clock: datetime
    """The time of this machine; it decides only whether something is older than a day."""


def facts_of(
    known: Known, users: Iterable[AnyUser], rows: Iterable[PlanRow], named: Named, keep: Keep | None = None
) -> ReportFacts:
    """Return the facts after one pass over everybody.

    Args:
        known: What the folder holds.
        users: The users of the export, ordered by id.
        rows: The rows of plan.csv, ordered by id; none where there is no plan.
        named: Gives the name of an object id.
        keep: Hears every account, for whoever wants the people one by one.
    """
    evidence = evidence_as_now(known.evidence, known.since.now())
    judge = Judge(evidence, apps_that_matter=known.apps, baseline=known.baseline)
    tally, persons = Tally(), Persons(known.told.of)
    for user, row in _beside(users, rows):
        person = persons.of(user, row, judge.coverage_of(user.profile).verdict)
        tally.take(person, row)
        if keep is not None:
            keep(person)
    known.told.rest()
    return _facts(known, known.since.now(), tally, named)


def _beside(users: Iterable[AnyUser], rows: Iterable[PlanRow]) -> Iterator[tuple[AnyUser, PlanRow | None]]:
    """Yield each user with the row of the plan; both come ordered by id. Rows of users who are gone are passed over."""
    coming = iter(rows)
    row = next(coming, None)
    for user in users:
        user_id = user.profile.id
        while row is not None and row.user_id < user_id:
            row = next(coming, None)
        yield user, row if row is not None and row.user_id == user_id else None


def _facts(known: Known, now: Now, tally: Tally, named: Named) -> ReportFacts:
    made_at = _latest(known.snapshot.taken_at, known.fold.latest, now.moment.until)
    clock = max(known.clock, moment_of(made_at) or known.clock)
    exceptions = exceptions_of(known.plan, clock.date(), named)
    totals = tally.totals()
    waits, until = _wait(known.standing)
    verification = known.verification
    return ReportFacts(
        made_at=made_at,
        tool_version=known.tool_version,
        snapshot=known.snapshot,
        moment=now.moment,
        phase=_phase(known, waits),
        waits=waits,
        waits_until=until,
        plan=known.plan,
        run=known.run,
        standing=known.standing,
        rows_known=known.rows_known,
        last_write=known.fold.last_write,
        last_kind=known.last_kind,
        verification=verification,
        actor=known.fold.actor,
        fresh_until=_fresh_until(verification),
        migration=migration_box(
            known.plan,
            known.standing,
            verification,
            last_write_number=known.fold.last_write_number,
            moment=now.moment,
            unread_in_plan=tally.unread_in_plan,
            exceptions=exceptions,
            now=clock,
        ),
        tenant=tenant_box(totals, now.moment, verification, now=clock),
        totals=totals,
        flows=tally.flows(),
        waves=_waves(known, tally),
        held=tally.held(),
        policies=policies_of(known.plan, known.evidence, now),
        exceptions=exceptions,
        places={
            str(raw.get("id", "")).lower(): str(raw.get("displayName", "")) for raw in known.evidence.named_locations
        },
        digests=known.digests,
        way_back=WAY_BACK,
        sign_ins=known.sign_ins,
    )


def _latest(*moments: str) -> str:
    known = [moment for text in moments if text and (moment := moment_of(text)) is not None]
    return iso_utc(max(known)) if known else ""


def _fresh_until(verification: Verification | None) -> str:
    at = None if verification is None else moment_of(verification.at)
    return "" if at is None else iso_utc(at + FRESH)


def _wait(standing: RunStanding | None) -> tuple[WaitKind | None, str]:
    """Return what a run waits for, and until when."""
    if standing is None or standing.closed or standing.waiting_for is None:
        return None, ""
    parts = standing.waiting_for.parts
    return _KINDS.get(parts.wait), parts.until


def _phase(known: Known, waits: WaitKind | None) -> Phase:
    standing = known.standing
    if standing is None:
        return Phase.PLANNED if known.plan is not None else Phase.EXPORTED
    if known.last_kind is PlanKind.ROLLBACK and not standing.migrated:
        return Phase.ROLLED_BACK
    if standing.closed:
        return Phase.THROUGH
    if standing.waiting_for is not None and standing.waiting_for.why is Why.STOPPED:
        return Phase.STOPPED
    if waits is WaitKind.REPORT_ONLY:
        return Phase.REPORT_ONLY
    if waits in _SETTLES:
        return Phase.SETTLING
    return Phase.WAITING if waits is not None or standing.paused else Phase.UNDER_WAY


def _waves(known: Known, tally: Tally) -> tuple[WaveFacts, ...]:
    plan, run = known.plan, known.standing.plan_digest if known.standing is not None else ""
    return tuple(
        WaveFacts(
            number=wave.number,
            name=wave.name,
            people=wave.users,
            outcomes=tally.wave(wave.number),
            not_before=wave.not_before,
            hours=wave.hours,
            began=known.fold.began.get((run, wave.number), ""),
            ended=known.fold.ended.get((run, wave.number), ""),
        )
        for wave in (() if plan is None else plan.waves)
    )
