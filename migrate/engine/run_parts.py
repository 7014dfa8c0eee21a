"""What a run works with, in one record: it is made in one place and handed on whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from migrate.decide.coverage.judge import Judge
from migrate.decide.replay.blocking import ReadLog
from migrate.engine.age import USUAL, Ages, Freshness
from migrate.engine.ports import Journal, Progress, RollbackFiles, Tenant
from migrate.model.evidence import ConditionalAccessPolicy, Evidence
from migrate.model.journal import JournalEntry
from migrate.model.made_with import Tightening
from migrate.model.plan import PlanHeader
from migrate.model.readings import Readings
from migrate.model.report_only import ReportOnlyNumbers
from migrate.model.steps import SetMfaState
from migrate.model.tenant_settings import BaselineScopes, answer_on
from migrate.model.wave_gate import WaveProof


@dataclass(frozen=True, kw_only=True)
class ApplyOptions:
    """What the operator asked for on the command line."""

    what_if: bool = False
    until: str | None = None
    """`report-only`, `policies-on` or `wave:N`."""
    only_wave: int | None = None
    most_users: int | None = None
    """How many users were counted as still to do before the run: more are never sent; None where nobody counted."""
    max_failures: str = "5%"
    skip_report_only: str | None = None
    skip_settle: str | None = None
    """Reasons; they are recorded."""
    stay: bool = False
    """`--wait`: sit out long waits in this process."""
    overwrite_drift: bool = False
    tightening: Tightening | None = None
    """What the configuration holds back since the plan was made; None where it says what it said then."""
    names_others: bool = False
    """For a rollback of everybody: to say who else of the folder's plans may be off."""
    undoes: tuple[str, ...] = ()
    """Digests of the runs in this journal that a rollback puts back as a whole; they are closed with it."""
    tool_version: str = ""
    cloud: str = "global"
    endpoint: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunParts:
    """One plan, one tenant, one journal, and what the run has of the machine and of the operator."""

    plan: PlanHeader
    steps: Callable[[], Iterator[SetMfaState]]
    """Yields the plan's user steps in order, from the start at each call."""
    tenant: Tenant
    journal: Journal
    """Opened for this plan."""
    rollback_files: RollbackFiles
    """Where the way back is written."""
    progress: Progress
    options: ApplyOptions
    stop: Callable[[], bool]
    """Tells whether an interrupt came in."""
    paused: Callable[[], bool]
    """Tells whether the pause file is there."""
    sleep: Callable[[float], Awaitable[None]]
    monotonic: Callable[[], float]
    """Seconds that never go back, those asleep counted."""
    machine_time: Callable[[], float]
    """Seconds since 1970 by this machine's clock: only its jumps matter."""
    new_id: Callable[[], str]
    """Makes client request ids."""
    told: Callable[[Sequence[JournalEntry]], None] = lambda _: None
    """Hears what became of users as soon as it is in the journal; by default nobody listens."""
    freshness: Freshness = USUAL
    """How old what a change rests on may be."""
    readings_lost: bool = False
    """What this folder had seen when the plan was made is gone: who became covered lately cannot be told."""
    also_planned: Callable[[], Iterator[SetMfaState]] = lambda: iter(())
    """Yields whom any migration of this folder meant to disable: an older copy of it does not know of all who are."""
    wave_proofs: Callable[[], Sequence[WaveProof]] = tuple
    """Tells what the sign-in log says of the waves so far, where the next one is to wait for that; by default not."""
    exit_rule: Callable[[ConditionalAccessPolicy], ReportOnlyNumbers | None] = lambda _: None
    """Tells what the sign-in log says of a report-only policy; None where no rule is asked for, as by default."""
    sign_in_log: ReadLog = lambda: None
    """Tells what was read of the sign-in log, for whom a policy newly blocks; None where none was, as by default."""
    seen: Callable[[Evidence, datetime], Readings | None] = lambda _, __: None
    """Keeps what a reading saw, when it was there, and tells what changed lately; by default nothing was seen to."""

    @property
    def ages(self) -> Ages:
        """Return what tells how old something is by all clocks."""
        return Ages(
            steady=self.monotonic,
            machine=self.machine_time,
            server=self.tenant.server_now,
            jump_seconds=self.freshness.jump_seconds,
        )

    @property
    def terms(self) -> PlanHeader:
        """Return the plan with the limits and waits that count now, its own or stricter ones; the digest is another."""
        held = self.options.tightening
        if held is None:
            return self.plan
        return msgspec.structs.replace(
            self.plan,
            limits=held.limits,
            accepted_gaps=held.accepted_gaps,
            apps_that_matter=held.apps_that_matter,
            baseline_scopes=None if held.answer_withdrawn else self.plan.baseline_scopes,
            emergency_access=(*self.plan.emergency_access, *held.emergency_access),
        )

    @property
    def apps_that_matter(self) -> frozenset[str] | None:
        """Return the applications that the plan's coverage is about; None for all."""
        return None if self.terms.apps_that_matter is None else frozenset(self.terms.apps_that_matter)

    @property
    def baseline(self) -> BaselineScopes:
        """Return the operator's answer about baseline scopes, as it counts today."""
        return answer_on(self.terms.baseline_scopes, self.tenant.server_at_most().date())

    def judge_of(self, evidence: Evidence) -> Judge:
        """Return what judges coverage by this evidence, for the applications and by the answer of the plan."""
        return Judge(evidence, apps_that_matter=self.apps_that_matter, baseline=self.baseline)
