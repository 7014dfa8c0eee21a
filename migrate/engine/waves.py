"""Run one wave: read and prove all of it, write the way back, then work through it batch by batch."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from migrate.decide.guards import Leave, Send, needs_proof
from migrate.engine.proof import Proof
from migrate.engine.run_parts import RunParts
from migrate.engine.unaccounted import refuse_older_copy
from migrate.engine.user_steps import BATCH, UserSteps
from migrate.engine.who_is_left import still_open
from migrate.errors import MfaMigrateError
from migrate.model.amounts import count_or_percent
from migrate.model.journal import JournalEntry, Operation, Outcome
from migrate.model.plan import Wave
from migrate.model.reasons import Why
from migrate.model.run import Ending
from migrate.model.steps import SetMfaState
from migrate.model.waits import Waiting, WaitKind

CHUNK = 500
"""Users who are read and proven in one go before a wave."""
CHUNK_AHEAD = 100
"""The same for the next wave while one is written: so few that the reads of the writers hardly wait behind them."""
LAST_STRETCH = 1000
"""So many users before the end of a wave, which take less than a minute, the evidence for the next one is read."""
WORKERS = 6
"""Batches on their way at once: enough to keep the write pacer busy while an answer takes less than a second and a
half, few enough to stop soon."""
PAUSE_LOOK_SECONDS = 2.0
PAUSE_LIMIT_SECONDS = 15 * 60
PAUSED = Waiting(kind=WaitKind.PAUSED)


class StopWave(Exception):
    """The wave stops here; what was in flight has its outcome."""

    def __init__(self, ending: Ending, sentence: str) -> None:
        super().__init__(sentence)
        self.ending = ending
        self.sentence = sentence


Gate = Callable[[Sequence[str]], Awaitable[None]]
"""Called with the ids of the policies that a wave rests on; raises when they have not settled."""
LookBack = Callable[[Wave, Set[str]], Awaitable[None]]
"""Called when a wave is written, with the ids of the policies that it rests on; raises when one is not in force now."""
WriteRecord = Callable[[int, dict[str, str]], Awaitable[None]]
"""Writes the way back: the wave's number and the state just read of each user who will be written."""


@dataclass(kw_only=True)
class Rehearsed:
    """What was read and proven of a wave."""

    found: dict[str, str] = field(default_factory=dict)
    """The state found of each user who may be written, by id."""
    rests_on: set[str] = field(default_factory=set)
    """Ids of the policies that their proofs rest on."""
    left: list[tuple[SetMfaState, Leave]] = field(default_factory=list)
    """The steps that must be left, with the reason."""


class WaveRunner:
    """Works through waves with a few batches at once."""

    def __init__(self, parts: RunParts, proof: Proof) -> None:
        self._parts = parts
        self._journal, self._plan_digest, self._steps = parts.journal, parts.plan.digest, parts.steps
        self._progress, self._stop, self._paused, self._sleep = parts.progress, parts.stop, parts.paused, parts.sleep
        self._max_failures = parts.options.max_failures
        self._pause_limit = math.inf if parts.options.stay else PAUSE_LIMIT_SECONDS
        self._proof, self._users = proof, UserSteps(parts, proof)
        self._failures = 0
        self._writing = False
        self._ahead: tuple[int, asyncio.Task[Rehearsed]] | None = None
        """What is read and proven of the next wave while one is written."""
        self._halted: StopWave | MfaMigrateError | None = None

    def remaining(self, wave: int) -> Iterator[SetMfaState]:
        """Yield the steps of a wave that have no final outcome yet, as the journal says at each call."""
        is_open = still_open(self._journal, self._plan_digest)
        return (step for step in self._steps() if step.wave == wave and is_open(step.user_id))

    async def rehearse(self, wave: Wave) -> Rehearsed:
        """Read and prove a whole wave and send nothing."""
        self._users.know_tried({touched.user_id for touched in self._journal.touched([self._plan_digest])})
        self._users.know_unseen(self._unseen())
        return await self._rehearse(wave)

    def take_settling(self) -> tuple[datetime, int] | None:
        """Return until when how many have to settle whom the waves left out for it, since this was last asked."""
        return self._users.take_settling()

    def is_read_ahead(self, wave: Wave) -> bool:
        """Tell whether a wave is being read, or was, while the one before was written."""
        return self._ahead is not None and self._ahead[0] == wave.number

    async def forget(self) -> None:
        """Drop what was read of a next wave: it does not begin now."""
        if self._ahead is not None:
            (_, task), self._ahead = self._ahead, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _rehearse(self, wave: Wave) -> Rehearsed:
        read = Rehearsed()
        steps, done = self.remaining(wave.number), 0
        fresh = False
        while chunk := list(islice(steps, CHUNK_AHEAD if self._writing else CHUNK)):
            if not fresh and any(needs_proof(step) for step in chunk):
                await self._proof.renew()
                fresh = True
            for step, decision in await self._users.rehearse(chunk):
                match decision:
                    case Send():
                        read.found[step.user_id] = decision.found
                        read.rests_on.update(decision.rests_on)
                    case Leave():
                        read.left.append((step, decision))
            if (lapse := self._users.lapse()) is not None:
                raise lapse
            done += len(chunk)
            if not self._writing:
                self._progress.advance(done, wave.users, f"Wave {wave.number} ({wave.name}): reading and proving")
            if self._stop():
                raise StopWave(Ending.INTERRUPTED, "Interrupted while reading; nothing was sent for this wave.")
        return read

    async def _rehearsed(self, wave: Wave) -> Rehearsed:
        """Return what was read ahead of this wave, or read it now."""
        if self._ahead is not None and self.is_read_ahead(wave):
            # What could not be read then may be readable now.
            with suppress(MfaMigrateError):
                rehearsed = await self._ahead[1]
                await self._proof.renew()
                return rehearsed
        await self.forget()
        return await self.rehearse(wave)

    def _unseen(self) -> dict[str, str]:
        entries = self._journal.entries(
            operation=Operation.SET_MFA_STATE, outcomes=[Outcome.UNCONFIRMED, Outcome.FAILED]
        )
        return {
            entry.object_id: entry.requested
            for entry in entries
            if entry.outcome is Outcome.UNCONFIRMED or entry.reason.why is Why.NOT_SEEN
        }

    async def run(
        self, wave: Wave, *, gate: Gate, write_record: WriteRecord, look_back: LookBack, following: Wave | None = None
    ) -> None:
        """Run a wave to its end; `following`, if it is to begin right after, is read and proven meanwhile.

        Raises:
            StopWave: Paused, interrupted, or more failures than allowed.
            PermissionMissing: Five users running were refused alike: a role or token lapsed.
            MfaMigrateError: Whatever else ends the run, after the outcomes of what was in flight are written.
        """
        if next(self.remaining(wave.number), None) is None:
            return
        read = await self._rehearsed(wave)
        limit = count_or_percent(self._max_failures, wave.users, "--max-failures")
        refuse_older_copy(self._parts, wave, read.left, limit)
        await gate(sorted(read.rests_on))
        self._users.leave(read.left)
        self._failures = sum(leave.why is Why.NOT_COVERED or leave.outcome is Outcome.FAILED for _, leave in read.left)
        self._halted = None
        self._check_limit(limit, wave)
        if self._halted is None and read.found:
            await write_record(wave.number, read.found)
            self._writing = True
            if following is not None:
                self._ahead = following.number, asyncio.create_task(self._rehearse(following))
            try:
                await self._work_through(wave, read.found, limit, another_follows=following is not None)
            finally:
                self._writing = False
            await write_record(wave.number, {})
            if self._halted is None:
                await look_back(wave, read.rests_on)
        if self._halted is not None:
            raise self._halted

    async def _work_through(self, wave: Wave, found: dict[str, str], limit: int, *, another_follows: bool) -> None:
        steps = (step for step in self._steps() if step.user_id in found and step.wave == wave.number)
        done = 0

        async def worker() -> None:
            nonlocal done
            while await self._may_go_on() and (batch := list(islice(steps, BATCH))):
                try:
                    outcomes = await self._users.carry_out(batch)
                except MfaMigrateError as problem:
                    # The other workers finish what they have in flight before this one is told.
                    self._halted = self._halted or problem
                    return
                done += len(outcomes)  # after an interrupt fewer than the batch: the rest was never sent
                self._note_outcomes(outcomes, wave, limit)
                if another_follows and len(found) - done <= LAST_STRETCH:
                    self._proof.renew_soon()
                self._progress.advance(done, len(found), f"Wave {wave.number} ({wave.name}): writing")

        await asyncio.gather(*(worker() for _ in range(WORKERS)))

    async def _may_go_on(self) -> bool:
        if self._halted is None:
            try:
                await self.wait_while_paused()
            except StopWave as stopped:
                self._halted = self._halted or stopped
        return self._halted is None

    async def wait_while_paused(self) -> None:
        """Wait while the pause file is there; raise StopWave when an interrupt came, or the pause takes too long."""
        waited = 0.0
        while self._paused() and not self._stop():
            if waited >= self._pause_limit:
                raise StopWave(Ending.PAUSED, "Paused by the file `pause` in the working folder.")
            self._progress.waiting(PAUSED, PAUSE_LOOK_SECONDS)
            await self._sleep(PAUSE_LOOK_SECONDS)
            waited += PAUSE_LOOK_SECONDS
        if self._stop():
            raise StopWave(Ending.INTERRUPTED, "Interrupted; what was in flight is settled.")

    def _note_outcomes(self, outcomes: Sequence[JournalEntry], wave: Wave, limit: int) -> None:
        self._failures += sum(
            entry.outcome in (Outcome.FAILED, Outcome.UNCONFIRMED) or entry.reason.why is Why.NOT_COVERED
            for entry in outcomes
        )
        self._halted = self._halted or self._users.lapse()
        self._check_limit(limit, wave)

    def _check_limit(self, limit: int, wave: Wave) -> None:
        # An interrupt leaves changes unsent, and these are no failures to stop for.
        if self._failures > limit and self._halted is None and not self._stop():
            self._halted = StopWave(
                Ending.LIMIT,
                f"Wave {wave.number} ({wave.name}) stopped: {self._failures} users failed or are not covered any more; "
                f"--max-failures allows {limit}. The rest was not touched.",
            )
