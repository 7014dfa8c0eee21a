"""The proof of coverage while a run goes on: evidence is read again before each wave and every five minutes."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress

from migrate.decide.coverage.judge import Judge
from migrate.decide.guards import accepted_on
from migrate.decide.policy_steps import evidence_after
from migrate.engine.run_parts import RunParts
from migrate.errors import MfaMigrateError
from migrate.model.coverage import Coverage
from migrate.model.evidence import Evidence
from migrate.model.plan import PolicyStep
from migrate.model.reasons import Reason

MAX_AGE_SECONDS = 300
"""Design rule 6: inside a wave the proof is made again this often."""
EARLY_SECONDS = 200
"""At this age evidence is read again in the background: in a large tenant that takes half a minute, and so long the
writes would stand still."""
JUST_READ_SECONDS = 60
"""Evidence of this age is not read once more for the next wave."""


class Proof:
    """Answers, from evidence that is never older than five minutes, whether a user is covered now."""

    def __init__(self, parts: RunParts) -> None:
        self._plan, self._tenant = parts.plan, parts.tenant
        self._progress, self._monotonic = parts.progress, parts.monotonic
        self._parts = parts
        self._reading = asyncio.Lock()
        self._early: asyncio.Task[None] | None = None
        self._evidence: Evidence | None = None
        self._judge: Judge | None = None
        self._read_at = 0.0
        self._imagined: tuple[PolicyStep, ...] = ()

    def imagine(self, steps: Sequence[PolicyStep]) -> None:
        """Prove from now on as if these steps had been carried out: for rehearsals only."""
        self._imagined = tuple(steps)
        self.forget()

    def forget(self) -> None:
        """Drop what was read: a policy was changed, so the next question reads all evidence again."""
        self._evidence, self._judge = None, None
        if self._early is not None:
            self._early.cancel()
            self._early = None

    async def close(self) -> None:
        """End what is read in the background."""
        early = self._early
        self.forget()
        if early is not None:
            await asyncio.gather(early, return_exceptions=True)

    async def renew(self) -> Evidence:
        """Read all evidence again, unless it was read within this minute."""
        return await self._at_most(JUST_READ_SECONDS)

    def renew_soon(self) -> None:
        """Read all evidence again in the background, unless it was read within this minute: a wave begins soon."""
        self._read_early(JUST_READ_SECONDS)

    async def evidence(self) -> Evidence:
        """Return evidence that is at most five minutes old."""
        self._read_early(EARLY_SECONDS)
        return await self._at_most(MAX_AGE_SECONDS)

    async def of(self, user_ids: Sequence[str]) -> dict[str, Coverage | Reason]:
        """Return each user's coverage now, from the user's profile as it is now; the reason where it is unreadable."""
        await self.evidence()
        profiles = await self._tenant.read_profiles(user_ids)
        assert self._judge is not None
        return {
            user_id: profile if isinstance(profile, Reason) else self._judge.coverage_of(profile)
            for user_id, profile in profiles.items()
        }

    def _age(self) -> float:
        return math.inf if self._evidence is None else self._monotonic() - self._read_at

    async def _at_most(self, seconds: float) -> Evidence:
        if self._age() > seconds:
            async with self._reading:
                # Somebody else may have read it while this one waited.
                if (age := self._age()) > seconds:
                    if age > MAX_AGE_SECONDS:  # nothing goes on without it
                        self._progress.advance(0, None, "Reading policies, groups and roles")
                    await self._read()
        assert self._evidence is not None
        return self._evidence

    async def _read(self) -> None:
        evidence = evidence_after(await self._tenant.read_evidence(), self._imagined)
        parts = self._parts
        self._judge = Judge(evidence, apps_that_matter=parts.apps_that_matter, baseline=parts.baseline)
        self._evidence = evidence
        self._read_at = self._monotonic()
        self._early = None

    def _read_early(self, seconds: float) -> None:
        if self._early is None and seconds < self._age() <= MAX_AGE_SECONDS:
            self._early = asyncio.create_task(self._renew_early(seconds))

    async def _renew_early(self, seconds: float) -> None:
        # A failure is raised by whoever finds the evidence too old and reads it again; until then nobody tries.
        with suppress(MfaMigrateError):
            await self._at_most(seconds)
            self._early = None

    def is_proven(self, coverage: Coverage | Reason) -> bool:
        """Tell whether a user may be switched off, with the plan's accepted gaps that have not expired."""
        if isinstance(coverage, Reason):
            return False
        return coverage.is_proven(accepted_on(self._plan.accepted_gaps, self._tenant.server_now()))
