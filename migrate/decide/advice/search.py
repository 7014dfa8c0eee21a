"""Finds the best small sets of steps: exactly up to three of them within a work limit, and by growing beyond it.

Best are the sets that cover most people; among them those with the lowest cost, then those with the fewest steps. No
set holds a step without which it would cover as many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from migrate.decide.advice.costs import Costs
from migrate.decide.advice.people import People
from migrate.decide.advice.sieve import Sieve
from migrate.decide.advice.worlds import Steps, Worlds

LARGEST = 3
"""Sets of up to so many steps are looked at one by one."""
WAYS = 5
"""So many sets are kept."""
WORK_LIMIT = 400_000
"""Questions about people of one sort under one set, some seconds in all. Beyond it sets are grown from the best."""
SOLVING = 25
"""So many more a question counts for which a union of policies had to be looked at."""
COMPARED = 50
"""So many comparisons of a policy with something open count for one question more."""
KEPT_FROM = 0.8
"""Sets that cover less than this part of what the best covers are no alternatives to it."""
GROWS_TO = 12

Cost = tuple[int, int, int, int]
"""As `Effect.cost`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A set of steps with what it is worth."""

    steps: Steps
    covered: int
    cost: Cost

    @property
    def rank(self) -> tuple[int, Cost, int, Steps]:
        """Return what the order goes by: the smallest is the best."""
        return -self.covered, self.cost, self.steps.bit_count(), self.steps


class _OutOfWork(Exception):
    """The work limit is used up."""


class Search:
    """One search over the sets of steps that are allowed."""

    def __init__(
        self, worlds: Worlds, people: People, costs: Costs, allowed: Steps, *, work_limit: int = WORK_LIMIT
    ) -> None:
        """Find out which steps may help whom."""
        self._worlds, self._people, self._costs = worlds, people, costs
        self._left = work_limit
        self._waiting: dict[int, int] = {}
        for cell, counted in people.uncovered:
            self._waiting[cell.sort] = self._waiting.get(cell.sort, 0) + counted.people
        self._largest_first = sorted(self._waiting, key=lambda sort: (-self._waiting[sort], sort))
        self.helpful: Steps = worlds.helpful(self._largest_first, allowed)
        """Steps without which less could be reached; the others are in no set."""
        self._touching = {sort: worlds.touching(sort) & self.helpful for sort in self._waiting}
        self._proven: dict[tuple[int, Steps], bool] = {}
        self._covered: dict[Steps, int] = {}
        self.reachable = self.covered_by(self.helpful)
        """How many all steps together cover."""
        self._best: list[Found] = []
        self._complete: list[Steps] = []
        self._sieve = Sieve(worlds, self._largest_first, self._waiting, self.helpful)

    def best(self) -> tuple[tuple[Found, ...], int]:
        """Return the best sets, and up to which size every set was looked at."""
        exact = 0
        try:
            for size in range(1, LARGEST + 1):
                self._look_at(size)
                exact = size
        except _OutOfWork:
            pass
        if not self._best or self._best[0].covered < self.reachable or exact < LARGEST:
            self._grow()
        return tuple(self._best), exact

    def covered_by(self, steps: Steps, at_least: int = 0) -> int:
        """Return how many of those who wait a set covers; less than `at_least` means that it is fewer than that."""
        known = self._covered.get(steps)
        if known is not None:
            return known
        found, possible = 0, sum(self._waiting.values())
        for sort in self._largest_first:
            people = self._waiting[sort]
            if self._is_proven(sort, steps & self._touching[sort]):
                found += people
            else:
                possible -= people
                if possible < at_least:
                    return possible
        self._covered[steps] = found
        return found

    def _is_proven(self, sort: int, steps: Steps) -> bool:
        key = (sort, steps)
        known = self._proven.get(key)
        if known is None:
            solved, compared = self._worlds.solved, self._worlds.compared
            known = self._proven[key] = self._worlds.is_proven(sort, steps)
            self._left -= 1 + SOLVING * (self._worlds.solved - solved)
            self._left -= (self._worlds.compared - compared) // COMPARED
        return known

    def _look_at(self, size: int) -> None:
        """Look at every set of one size."""
        for looked, steps in self._sieve.promising(size, self._worst):
            self._spend(looked)
            if steps:
                self._consider(steps)

    def _worst(self) -> int:
        """Return how many a set has to cover to be kept."""
        if not self._best:
            return 1
        worst = self._best[-1].covered if len(self._best) == WAYS else 1
        return max(worst, ceil(self._best[0].covered * KEPT_FROM))

    def _consider(self, steps: Steps) -> None:
        if any(steps & whole == whole for whole in self._complete):
            return
        worst = self._worst()
        covered = self.covered_by(steps, worst)
        self._spend(0)
        if covered < worst or any(self.covered_by(steps & ~one) >= covered for one in _each(steps)):
            return
        if covered == self.reachable:
            self._complete.append(steps)
        self._keep(Found(steps, covered, self._costs.cost_of(steps)))

    def _keep(self, found: Found) -> None:
        if all(found.steps != other.steps for other in self._best):
            ordered = sorted([*self._best, found], key=lambda one: one.rank)[:WAYS]
            self._best = [one for one in ordered if one.covered >= ordered[0].covered * KEPT_FROM]

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise _OutOfWork

    # Beyond

    def _grow(self) -> None:
        """Add to the best set whatever covers most, step by step, and leave out again what is not needed."""
        steps = self._best[0].steps if self._best else 0
        while steps.bit_count() < GROWS_TO and self.covered_by(steps) < self.reachable:
            covered = self.covered_by(steps)
            more = [(self.covered_by(steps | one), -one) for one in _each(self.helpful & ~steps)]
            if not more or max(more)[0] <= covered:
                break
            steps |= -max(more)[1]
        for one in tuple(_each(steps)):
            if self.covered_by(steps & ~one) >= self.covered_by(steps):
                steps &= ~one
        covered = self.covered_by(steps)
        if covered and (not self._best or covered > self._best[0].covered):
            # It covers more than every small set that is known. The best of those stand beside it all the same.
            grown = Found(steps, covered, self._costs.cost_of(steps))
            self._best = [grown, *self._best][:WAYS]


def _each(steps: Steps) -> Iterator[Steps]:
    return (1 << place for place in range(steps.bit_length()) if steps >> place & 1)
