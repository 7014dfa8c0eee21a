"""Tells at a glance that a set of steps cannot cover many: of the largest sorts of people some stay open for certain.

It only ever says more than is true: what it lets pass is looked at exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

from migrate.decide.advice.worlds import Steps, Worlds

SORTS = 14
"""The largest sorts that are looked at: a table of two to this power is made."""
WITNESSES = 3
"""So many things that are open to each of them, each of which some step of a set has to reach."""


class Sieve:
    """What each step leaves open of what is open to the largest sorts of people."""

    def __init__(self, worlds: Worlds, largest_first: Sequence[int], waiting: Mapping[int, int], steps: Steps) -> None:
        """Find what is open.

        Args:
            worlds: Judges people.
            largest_first: Sorts of people who are not covered, the largest first.
            waiting: How many they are.
            steps: The steps that sets are made of.
        """
        self._all = sum(waiting.values())
        sorts = largest_first[:SORTS]
        self._width = len(sorts)
        self._mask = (1 << self._width) - 1
        self._missing = _sums([waiting[sort] for sort in sorts])
        ones = [1 << place for place in range(steps.bit_length()) if steps >> place & 1]
        left = dict.fromkeys(ones, (1 << WITNESSES * self._width) - 1)
        for place, sort in enumerate(sorts):
            for row, reaching in enumerate(_needs(worlds, sort, steps)):
                bit = 1 << (row * self._width + place)
                for one in ones:
                    if one & reaching:
                        left[one] &= ~bit
        self._left = list(left.items())
        """The steps, each with what it leaves open: a bit for each sort and witness."""

    def promising(self, size: int, worst: Callable[[], int]) -> Iterator[tuple[int, Steps]]:
        """Yield the sets of a size that may cover as many as is asked for, each with how many were looked at for it.

        The last is the empty set, with those that were looked at after the last promising one.
        """
        missing, width, mask = self._missing, self._width, self._mask
        looked, number = 0, len(self._left)
        for chosen in combinations(range(number), size - 1):
            steps, left = 0, -1
            for place in chosen:
                steps |= self._left[place][0]
                left &= self._left[place][1]
            slack = self._all - worst()
            for one, more in self._left[chosen[-1] + 1 if chosen else 0 :]:
                looked += 1
                open_ = left & more
                if (
                    missing[open_ & mask] <= slack
                    and missing[open_ >> width & mask] <= slack
                    and missing[open_ >> 2 * width & mask] <= slack
                ):
                    yield looked, steps | one
                    looked, slack = 0, self._all - worst()
        yield looked, 0


def _needs(worlds: Worlds, sort: int, steps: Steps) -> list[Steps]:
    """Return sets of steps of each of which one at least is needed for people of a sort to be covered."""
    found: list[Steps] = []
    taken: Steps = 0
    while len(found) < WITNESSES:
        witness = None if worlds.accepts_gaps else worlds.left_open(sort, taken)
        if witness is None:
            # Nothing more is known to be needed: as good as reached by every step.
            return [*found, *[steps] * (WITNESSES - len(found))]
        reaching = worlds.about(sort, witness) & steps
        found.append(reaching)
        if not reaching:
            return [reaching] * WITNESSES
        taken |= reaching
    return found


def _sums(numbers: Sequence[int]) -> list[int]:
    """Return for every set of places, as bits, what stands at them in all."""
    sums = [0]
    for number in numbers:
        sums += [one + number for one in sums]
    return sums
