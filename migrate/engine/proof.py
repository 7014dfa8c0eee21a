"""The proof of coverage while a run goes on: evidence is read again before each wave and every five minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from migrate.decide.coverage.judge import Judge
from migrate.decide.guards import accepted_on
from migrate.decide.policy_steps import evidence_after
from migrate.engine.ports import Tenant
from migrate.model.coverage import Coverage
from migrate.model.evidence import Evidence
from migrate.model.plan import PlanHeader, PolicyStep

MAX_AGE_SECONDS = 300
"""Design rule 6: inside a wave the proof is made again this often."""


class Proof:
    """Answers, from evidence that is never older than five minutes, whether a user is covered now."""

    def __init__(self, tenant: Tenant, plan: PlanHeader, *, monotonic: Callable[[], float]) -> None:
        self._tenant = tenant
        self._plan = plan
        self._monotonic = monotonic
        self._apps = None if plan.apps_that_matter is None else frozenset(plan.apps_that_matter)
        self._reading = asyncio.Lock()
        self._evidence: Evidence | None = None
        self._judge: Judge | None = None
        self._read_at = 0.0
        self._imagined: tuple[PolicyStep, ...] = ()

    def imagine(self, steps: Sequence[PolicyStep]) -> None:
        """Prove from now on as if these steps had been carried out: for rehearsals only."""
        self._imagined = tuple(steps)
        self.forget()

    async def renew(self) -> Evidence:
        """Read all evidence again."""
        self._evidence = evidence_after(await self._tenant.read_evidence(), self._imagined)
        self._judge = Judge(self._evidence, apps_that_matter=self._apps)
        self._read_at = self._monotonic()
        return self._evidence

    def forget(self) -> None:
        """Drop what was read: a policy was changed, so the next question reads all evidence again."""
        self._evidence, self._judge = None, None

    async def evidence(self) -> Evidence:
        """Return evidence that is at most five minutes old."""
        async with self._reading:
            if self._evidence is None or self._monotonic() - self._read_at > MAX_AGE_SECONDS:
                return await self.renew()
            return self._evidence

    async def of(self, user_ids: Sequence[str]) -> dict[str, Coverage | str]:
        """Return each user's coverage now, from the user's profile as it is now; a sentence where it is unreadable."""
        await self.evidence()
        assert self._judge is not None
        profiles = await self._tenant.read_profiles(user_ids)
        return {
            user_id: profile if isinstance(profile, str) else self._judge.coverage_of(profile)
            for user_id, profile in profiles.items()
        }

    def is_proven(self, coverage: Coverage | str) -> bool:
        """Tell whether a user may be switched off, with the plan's accepted gaps that have not expired."""
        if isinstance(coverage, str):
            return False
        return coverage.is_proven(accepted_on(self._plan.accepted_gaps, self._tenant.server_now()))
