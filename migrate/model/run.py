"""Where a run stands: when the applier returns, and whenever somebody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from migrate.errors import ExitCode
from migrate.model.impact import PolicyImpact
from migrate.model.journal import DONE, Outcome
from migrate.model.reasons import Reason
from migrate.model.record import Record
from migrate.model.rehearsal import Rehearsal
from migrate.model.steps import PolicyStep
from migrate.model.waits import Waiting


class Ending(StrEnum):
    """How a call of the applier ended."""

    DONE = "done"
    """Every step of the plan has its outcome."""
    WAITING = "waiting"
    """Something has to settle first; the same command goes on later."""
    STOPPED_HERE = "stopped here"
    """As far as `--until` or `--wave` allowed."""
    PAUSED = "paused"
    LIMIT = "limit"
    """max_failures was reached."""
    INTERRUPTED = "interrupted"
    REHEARSED = "rehearsed"
    """`--what-if`: nothing was sent."""


class PolicyOutcome(Record, frozen=True, kw_only=True):
    """What became of one policy step of a run, so far."""

    step: PolicyStep
    outcome: Outcome
    """`intent` when nobody knows yet."""
    reason: Reason
    at: str
    """When it was read back (ISO 8601)."""

    @property
    def is_done(self) -> bool:
        """Tell whether this tool did it, and it is so."""
        return self.outcome in DONE


class PolicyKept(Record, frozen=True, kw_only=True):
    """A policy step that was not carried out: the policy stays as it is."""

    step: PolicyStep
    why: str


@dataclass(kw_only=True)
class RunResult:
    """Where the run stands when the applier returns."""

    ending: Ending
    outcomes: Counter[str] = field(default_factory=Counter)
    """Users of the plan by latest outcome."""
    waiting: Waiting | None = None
    """What it waits for, and until when."""
    sentence: str = ""
    """Why it stopped, where that is not obvious from the ending."""
    policies_kept: list[PolicyKept] = field(default_factory=list)
    """Policy steps of a rollback that were not carried out."""
    unaccounted: list[str] = field(default_factory=list)
    """Names of people whom a plan of the folder meant to disable, who are, and of whom no book says that we did it."""
    rehearsal: Rehearsal | None = None
    """`--what-if`: what would be done."""
    policies: tuple[PolicyOutcome, ...] = ()
    """What became of the plan's policy steps, as far as this run has come to them."""

    @property
    def waiting_until(self) -> datetime | None:
        """Return until when it waits; None when it waits for nothing."""
        return None if self.waiting is None else self.waiting.until

    @property
    def is_through(self) -> bool:
        """Tell whether every step has its outcome."""
        return self.ending is Ending.DONE

    @property
    def exit_code(self) -> ExitCode:
        """Return 0 when done or waiting; 1 when users failed as far as asked, at a limit, and where something stays."""
        if self.ending is Ending.INTERRUPTED:
            return ExitCode.INTERRUPTED
        as_far_as_asked = self.ending in (Ending.DONE, Ending.STOPPED_HERE)
        wrong = sum(self.outcomes[each] for each in (Outcome.FAILED, Outcome.UNCONFIRMED, Outcome.SKIPPED))
        if self.ending is Ending.LIMIT or self.policies_kept or self.unaccounted or (as_far_as_asked and wrong):
            return ExitCode.FINDINGS
        return ExitCode.OK


class RunStanding(Record, frozen=True, kw_only=True):
    """Where the latest run stands."""

    plan_digest: str
    migrated: int
    planned: int
    held_back: int
    put_back: int
    """Users of the run who are rolled back, or set to something else by a later run."""
    outcomes: dict[str, int]
    waiting_for: Reason | None
    closed: bool
    next_plan: str | None
    """Digest of a plan that was made since and is not begun."""
    paused: bool
    held_by: Mapping[str, int]
    """Who is held back, by reason (`HoldReason`)."""
    next_wave: int | None = None
    """The first wave that is not through; None where it is the last one, or none is left."""
    impacts: tuple[PolicyImpact, ...]
    """Whom the policies catch that the run's plan switches on."""
    waiting_since: str
    """When the run began to wait or stopped (ISO 8601); empty where it does not."""

    @property
    def is_through(self) -> bool:
        """Tell whether nothing is left: the run is closed, everybody planned is migrated, and no other plan waits."""
        return self.closed and not self.paused and self.next_plan is None and self.migrated == self.planned

    @property
    def sentence(self) -> str:
        """Return the standing in one line."""
        back = f", {self.put_back} rolled back" if self.put_back else ""
        return f"{self.migrated} of {self.planned} migrated, {self.held_back} held back{back}"
