"""The proof of coverage while a run goes on: evidence is read again before each wave and every five minutes.

It is as old as the beginning of its reading. Groups and roles may take minutes to read and hardly change; policies,
locations, strengths and security defaults take seconds and are switched in a moment: they are dated apart, and read
again every minute.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from migrate.decide.coverage.judge import Judge
from migrate.decide.guards import accepted_on
from migrate.decide.policy_steps import evidence_after, named_by
from migrate.decide.settling import Settling
from migrate.engine.age import Moment
from migrate.engine.run_parts import RunParts
from migrate.errors import MfaMigrateError, TooSlow
from migrate.model.coverage import Coverage
from migrate.model.evidence import Evidence
from migrate.model.reasons import Reason
from migrate.model.steps import PolicyStep
from migrate.model.users import UserProfile

MOST_READINGS = 3
"""So often all evidence is read in a row; when it is too old each time, it cannot be read fast enough."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A user's coverage, and what it was judged from."""

    coverage: Coverage | Reason
    profile: UserProfile | None
    """None where the user could not be read."""
    reading: int
    """The number of the evidence."""
    settles_until: datetime | None
    """Until when the user has to wait, who was seen to become covered; None for who was covered all the time."""


@dataclass(frozen=True, kw_only=True)
class _Known:
    number: int
    read: Evidence
    """As it was read."""
    evidence: Evidence
    """With what is imagined."""
    judge: Judge
    settling: Settling
    people_since: Moment
    """When the reading of groups and roles began."""
    whole_at: Moment
    """When all was there."""
    rules_since: Moment
    """When the reading of everything else began."""


class Proof:
    """Answers, from evidence that is never older than five minutes, whether a user is covered now."""

    def __init__(self, parts: RunParts) -> None:
        self._terms, self._tenant, self._progress = parts.terms, parts.tenant, parts.progress
        self._parts, self._ages = parts, parts.ages
        self._limit, self._just_read = parts.freshness.evidence_seconds, parts.freshness.just_read_seconds
        self._reading = asyncio.Lock()
        self._background: dict[Callable[[], Coroutine[Any, Any, None]], asyncio.Task[None]] = {}
        self._known: _Known | None = None
        self._number = 0
        self._forgotten = 0
        self._took = 0.0
        """Seconds that the last whole reading took."""
        self._imagined: tuple[PolicyStep, ...] = ()

    def imagine(self, steps: Sequence[PolicyStep]) -> None:
        """Prove from now on as if these steps had been carried out: for rehearsals only."""
        self._imagined = tuple(steps)
        self.forget()

    def forget(self) -> None:
        """Drop what was read: a policy was changed, so the next question reads all evidence again."""
        self._known = None
        self._forgotten += 1
        for task in self._background.values():
            task.cancel()
        self._background.clear()

    async def close(self) -> None:
        """End what is read in the background."""
        tasks = list(self._background.values())
        self.forget()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def renew(self) -> Evidence:
        """Read again what was not read within this minute."""
        return await self._read_until(self._just_read)

    def renew_soon(self) -> None:
        """Read all evidence again in the background, unless it was read within this minute: a wave begins soon."""
        if self.is_fresh() and not self._are_people_read(within=self._just_read):
            self._in_background(self._read_all_once)

    async def evidence(self) -> Evidence:
        """Return evidence that is at most five minutes old."""
        if self.is_fresh():
            if self._people_age() > self._early_seconds():
                self._in_background(self._read_all_once)
            if self._rules_age() > self._just_read:
                self._in_background(self._read_rules)
        return await self._read_until(self._limit)

    async def of(self, user_ids: Sequence[str]) -> dict[str, Judged]:
        """Return each user's coverage now, from the user's profile as it is now; the reason where it is unreadable."""
        await self.evidence()
        profiles = await self._tenant.read_profiles(user_ids)
        await self.evidence()  # it may have been dropped, or have grown too old, meanwhile
        known = self._known
        assert known is not None
        return {user_id: self._judged(known, profile) for user_id, profile in profiles.items()}

    def _judged(self, known: _Known, profile: UserProfile | Reason) -> Judged:
        if isinstance(profile, Reason):
            return Judged(coverage=profile, profile=None, reading=known.number, settles_until=None)
        return Judged(
            coverage=known.judge.coverage_of(profile),
            profile=profile,
            reading=known.number,
            settles_until=known.settling.until(profile, self._accepted(), now=self._tenant.server_at_least()),
        )

    def is_fresh(self) -> bool:
        """Tell whether the evidence is at most five minutes old at this very moment."""
        return max(self._people_age(), self._rules_age()) <= self._limit

    def holds(self, judged: Judged) -> bool:
        """Tell, without waiting, whether a proof still holds: by the newest evidence where there is any since."""
        known = self._known
        if known is None:
            return False
        coverage = judged.coverage
        if judged.reading != known.number and judged.profile is not None:
            coverage = known.judge.coverage_of(judged.profile)
        return self.is_proven(coverage)

    def is_proven(self, coverage: Coverage | Reason) -> bool:
        """Tell whether a user may be switched off, with the plan's accepted gaps that have not expired."""
        if isinstance(coverage, Reason):
            return False
        return coverage.is_proven(self._accepted())

    def _accepted(self) -> frozenset[str]:
        return accepted_on(self._terms.accepted_gaps, self._tenant.server_at_most())

    # How old

    def _people_age(self) -> float:
        return math.inf if self._known is None else self._ages.since(self._known.people_since)

    def _rules_age(self) -> float:
        return math.inf if self._known is None else self._ages.since(self._known.rules_since)

    def _are_people_read(self, *, within: float) -> bool:
        """Tell whether groups and roles were read within so many seconds: what takes minutes cannot begin in them."""
        known = self._known
        return known is not None and self._people_age() <= self._limit and self._ages.since(known.whole_at) <= within

    def _early_seconds(self) -> float:
        """Return the age at which people are read again in the background: the new ones have to be there in time."""
        return min(self._limit * 2 / 3, self._limit - 1.5 * self._took - self._just_read / 3)

    # Reading

    async def _read_until(self, within: float) -> Evidence:
        """Read again what was not read within so many seconds, and what is too old at the end of its reading."""
        for tries in range(MOST_READINGS + 1):
            are_rules = self._rules_age() <= within
            if are_rules and self._are_people_read(within=within):
                break
            if tries == MOST_READINGS and self.is_fresh():
                break  # it is good enough to be used, though no reading ends within a minute
            if tries == MOST_READINGS:
                raise self._too_slow()
            if not self._are_people_read(within=within):
                await self._read_all_once(within)
            elif not are_rules:
                await self._read_rules()
        assert self._known is not None
        return self._known.evidence

    def _too_slow(self) -> TooSlow:
        if self._took <= self._limit:
            return TooSlow(
                "The clocks of this machine and of Graph's answers did not agree on how old the proof is, in "
                f"{MOST_READINGS} readings one after the other; a change is sent only on a proof whose age is known.",
                hint="Run the same command again. If it stays, look at this machine's clock, and whether a proxy or a "
                "cache changes the Date of answers.",
            )
        return TooSlow(
            f"Reading all policies, groups and roles takes {self._took:,.0f} seconds here, and a proof must not be "
            f"older than {self._limit:,.0f} seconds when a change is sent.",
            hint="Run the same command again when Graph throttles less; fewer and smaller groups in policies are read "
            "faster.",
        )

    async def _read_all_once(self, within: float = 0.0) -> None:
        """Read everything, unless somebody did while this one waited for the turn."""
        number = self._number
        async with self._reading:
            if self._number == number or not self._are_people_read(within=within):
                if not self.is_fresh():  # nothing goes on without it
                    self._progress.advance(0, None, "Reading policies, groups and roles")
                await self._read_all()

    async def _read_all(self) -> None:
        began, forgotten = self._ages.now(), self._forgotten
        # A rehearsal rests on policies that are not there yet: nobody else names whom they name.
        groups, roles = named_by(self._imagined)
        read = await self._tenant.read_evidence(groups=groups, roles=roles)
        end = self._ages.now()
        self._took = end.steady - began.steady
        if forgotten == self._forgotten:
            self._take(read, people_since=began, whole_at=end, rules_since=began)

    async def _read_rules(self) -> None:
        known, began = self._known, self._ages.now()
        if known is None:
            return
        read = await self._tenant.renew_evidence(known.read)
        if self._known is known:  # else there is newer evidence, or it was dropped
            self._take(read, people_since=known.people_since, whole_at=known.whole_at, rules_since=began)

    def _take(self, read: Evidence, *, people_since: Moment, whole_at: Moment, rules_since: Moment) -> None:
        evidence = evidence_after(read, self._imagined) if self._imagined else read
        self._number += 1
        self._known = _Known(
            number=self._number,
            read=read,
            evidence=evidence,
            judge=self._parts.judge_of(evidence),
            settling=self._settling(read, evidence),
            people_since=people_since,
            whole_at=whole_at,
            rules_since=rules_since,
        )

    def _settling(self, read: Evidence, evidence: Evidence) -> Settling:
        # What changed had changed when the reading ended, not when it began.
        skipped = self._parts.options.skip_settle is not None
        return Settling(
            self._parts.seen(read, self._tenant.server_at_most()),
            evidence,
            self._parts.judge_of,
            now=self._tenant.server_at_least(),
            settle=timedelta(seconds=0 if skipped else self._terms.limits.policy_settle_seconds),
        )

    def _in_background(self, read: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if read not in self._background:
            self._background[read] = asyncio.create_task(self._read_quietly(read))

    async def _read_quietly(self, read: Callable[[], Coroutine[Any, Any, None]]) -> None:
        # A failure is raised by whoever finds the evidence too old and reads it again; until then nobody tries.
        with suppress(MfaMigrateError):
            await read()
            self._background.pop(read, None)
