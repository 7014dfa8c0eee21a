"""Run one wave: read and prove all of it, write the way back, then work through it batch by batch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice

from migrate.decide.guards import Leave, Send, needs_proof
from migrate.engine.ports import Journal, Progress, Tenant
from migrate.engine.proof import Proof
from migrate.engine.user_steps import BATCH, NOT_COVERED, UserSteps
from migrate.errors import MfaMigrateError, PermissionMissing
from migrate.model.amounts import count_or_percent
from migrate.model.journal import JournalEntry, Outcome
from migrate.model.plan import SetMfaState, Wave

CHUNK = 500
"""Users who are read and proven in one go before a wave."""
WORKERS = 4
"""Batches on their way at once: enough to keep the write pacer busy, few enough to stop soon."""
PAUSE_LOOK_SECONDS = 2.0
PAUSE_LIMIT_SECONDS = 15 * 60
FINAL = frozenset({Outcome.CONFIRMED, Outcome.RECOVERED, Outcome.SKIPPED})
"""Outcomes after which a user is not tried again in the same run."""


class StopWave(Exception):
    """The wave stops here; what was in flight has its outcome."""

    def __init__(self, ending: str, sentence: str) -> None:
        super().__init__(sentence)
        self.ending = ending
        """`paused`, `limit` or `interrupted`."""
        self.sentence = sentence


Gate = Callable[[Sequence[str]], Awaitable[None]]
"""Called with the ids of the policies that a wave rests on; raises when they have not settled."""
WriteRecord = Callable[[int, dict[str, str]], Awaitable[None]]
"""Writes the way back: the wave's number and the state just read of each user who will be written."""


class WaveRunner:
    """Works through waves with a few batches at once."""

    def __init__(
        self,
        *,
        tenant: Tenant,
        journal: Journal,
        plan_digest: str,
        steps: Callable[[], Iterator[SetMfaState]],
        proof: Proof,
        users: UserSteps,
        progress: Progress,
        max_failures: str,
        stop: Callable[[], bool],
        paused: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._tenant, self._journal, self._plan_digest, self._steps = tenant, journal, plan_digest, steps
        self._proof, self._users, self._progress = proof, users, progress
        self._max_failures, self._stop, self._paused, self._sleep = max_failures, stop, paused, sleep
        self._failures = 0
        self._halted: StopWave | MfaMigrateError | None = None

    def remaining(self, wave: int) -> Iterator[SetMfaState]:
        """Yield the steps of a wave that have no final outcome yet."""
        done = self._journal.latest_user_outcomes(self._plan_digest)
        for step in self._steps():
            if step.wave == wave and done.get(step.user_id) not in FINAL:
                yield step

    async def rehearse(self, wave: Wave) -> tuple[dict[str, str], set[str], list[tuple[SetMfaState, Leave]]]:
        """Read and prove a whole wave and send nothing.

        Returns the state found of each user who may be written, the ids of the policies that their proofs rest on,
        and the steps that must be left with the reason.
        """
        found: dict[str, str] = {}
        rests_on: set[str] = set()
        left: list[tuple[SetMfaState, Leave]] = []
        steps, done = self.remaining(wave.number), 0
        fresh = False
        while chunk := list(islice(steps, CHUNK)):
            if not fresh and any(needs_proof(step) for step in chunk):
                await self._proof.renew()
                fresh = True
            for step, decision in await self._users.rehearse(chunk):
                match decision:
                    case Send():
                        found[step.user_id] = decision.found
                        rests_on.update(decision.rests_on)
                    case Leave():
                        left.append((step, decision))
            done += len(chunk)
            self._progress.advance(done, wave.users, f"Wave {wave.number} ({wave.name}): reading and proving")
            if self._stop():
                raise StopWave("interrupted", "Interrupted while reading; nothing was sent for this wave.")
        return found, rests_on, left

    async def run(self, wave: Wave, *, gate: Gate, write_record: WriteRecord) -> None:
        """Run a wave to its end.

        Raises:
            StopWave: Paused, interrupted, or more failures than allowed.
            PermissionMissing: The last five users were refused alike: a role or token lapsed.
            MfaMigrateError: Whatever else ends the run, after the outcomes of what was in flight are written.
        """
        if next(self.remaining(wave.number), None) is None:
            return
        found, rests_on, left = await self.rehearse(wave)
        await gate(sorted(rests_on))
        self._users.leave(left)
        self._failures, self._halted = sum(leave.not_covered for _, leave in left), None
        limit = count_or_percent(self._max_failures, wave.users, "--max-failures")
        self._check_limit(limit, wave)
        if self._halted is None and found:
            await write_record(wave.number, found)
            await self._work_through(wave, found, limit)
            await write_record(wave.number, {})
        if self._halted is not None:
            raise self._halted

    async def _work_through(self, wave: Wave, found: dict[str, str], limit: int) -> None:
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
                done += len(batch)
                self._note_outcomes(outcomes, wave, limit)
                self._progress.advance(done, len(found), f"Wave {wave.number} ({wave.name}): writing")

        await asyncio.gather(*(worker() for _ in range(WORKERS)))

    async def _may_go_on(self) -> bool:
        waited = 0.0
        while self._halted is None and not self._stop() and self._paused():
            if waited >= PAUSE_LIMIT_SECONDS:
                self._halted = StopWave("paused", "Paused by the file `pause` in the working folder.")
                break
            self._progress.waiting("paused by the file `pause` in the working folder", PAUSE_LOOK_SECONDS)
            await self._sleep(PAUSE_LOOK_SECONDS)
            waited += PAUSE_LOOK_SECONDS
        if self._stop():
            self._halted = self._halted or StopWave("interrupted", "Interrupted; what was in flight is settled.")
        return self._halted is None

    def _note_outcomes(self, outcomes: Sequence[JournalEntry], wave: Wave, limit: int) -> None:
        self._failures += sum(
            entry.outcome in (Outcome.FAILED, Outcome.UNCONFIRMED) or entry.reason.startswith(NOT_COVERED)
            for entry in outcomes
        )
        lapsed = self._users.lapsed
        if lapsed is not None and self._halted is None:
            self._halted = PermissionMissing(
                f"Five users running were refused with {lapsed.status} {lapsed.code}: {lapsed.message} "
                "A role or the token has probably lapsed.",
                unchanged="Everything before is in the journal; the refused users are as they were.",
                hint="Activate the role again (Authentication Policy Administrator), sign in, and run "
                "`mfa-migrate apply` again; it goes on where it stopped.",
            )
        self._check_limit(limit, wave)

    def _check_limit(self, limit: int, wave: Wave) -> None:
        if self._failures > limit and self._halted is None:
            self._halted = StopWave(
                "limit",
                f"Wave {wave.number} ({wave.name}) stopped: {self._failures} users failed or are not covered any more; "
                f"--max-failures allows {limit}. The rest was not touched.",
            )
