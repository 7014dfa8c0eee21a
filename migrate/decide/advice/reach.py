"""Says what a policy newly reaches for people to whom others are assigned already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from migrate.decide.coverage.policy import Kind, PolicyReading
from migrate.decide.coverage.regions import Box, TooManyCombinations, intersection, is_covered, open_box
from migrate.decide.coverage.solver import Solver
from migrate.decide.coverage.vocabulary import CLIENT_TYPES, FLOWS, LEGACY_CLIENTS, Axis

Hits = int
"""What is new for somebody: a sum of bits of `Hit`. Plain numbers, for there are a million questions."""


class Hit:
    """The bits. New is what no enabled policy demanded before."""

    NOTHING: Final = 0
    CLOSES: Final = 1
    """MFA or a block for some sign-in."""
    ASKS: Final = 2
    """MFA for some sign-in of a client that can do MFA."""
    LEGACY: Final = 4
    """Legacy clients stop working for some sign-in."""
    DEVICE_CODE: Final = 8
    """The device code flow is blocked for some sign-in."""
    BLOCKS: Final = 16
    """Some other sign-in is blocked."""
    BLOCKS_ALL: Final = 32
    """Every sign-in is blocked."""


_MODERN = sum(1 << index for index, client in enumerate(CLIENT_TYPES) if client not in LEGACY_CLIENTS)
_LEGACY = sum(1 << index for index, client in enumerate(CLIENT_TYPES) if client in LEGACY_CLIENTS)
_DEVICE_CODE = 1 << FLOWS.index("deviceCodeFlow")
_NO_FLOW = 1 << FLOWS.index("none")
_OTHER_FLOWS = (1 << len(FLOWS)) - 1 - _DEVICE_CODE


class Reach:
    """Answers for the policies of one solver; what was found for some people is found again for others."""

    def __init__(self, solver: Solver, readings: Sequence[PolicyReading]) -> None:
        """Take the policies, which may become more: by their place in the solver and in `readings`."""
        self._solver, self._readings = solver, readings
        self._known: dict[tuple[int, tuple[int, ...]], Hits] = {}
        self._boxes: dict[int, Box | None] = {}
        self._answers: dict[tuple[tuple[tuple[str, int], ...], tuple[int, ...]], bool] = {}
        self._seen_open: dict[tuple[tuple[str, int], ...], list[Box]] = {}
        """By region what was found to lie open in it."""

    def of(self, place: int, certain: tuple[int, ...]) -> Hits:
        """Return what a policy newly reaches where these are certainly assigned."""
        key = (place, certain)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._reaching(self._readings[place], place, certain)
        return known

    def _reaching(self, reading: PolicyReading, place: int, certain: tuple[int, ...]) -> Hits:
        box = self._solver.perhaps_demanded(place) if reading.problems else self._demanded(place)
        if box is None:
            return Hit.NOTHING
        blocks = reading.demand.kind is Kind.BLOCK
        blocked = tuple(before for before in certain if self._readings[before].demand.kind is Kind.BLOCK)
        found: Hits = Hit.NOTHING
        if self._reaches(box, {Axis.CLIENT.value: _MODERN}, certain):
            found |= Hit.CLOSES if blocks else Hit.CLOSES | Hit.ASKS
        # Legacy clients know no flows; the proof asks for them all the same, for it assumes nothing.
        if self._reaches(box, {Axis.CLIENT.value: _LEGACY, Axis.FLOW.value: _NO_FLOW}, certain):
            found |= Hit.CLOSES | Hit.LEGACY
        elif not found and self._reaches(box, {Axis.CLIENT.value: _LEGACY}, certain):
            found |= Hit.CLOSES
        for hit, flows in ((Hit.DEVICE_CODE, _DEVICE_CODE), (Hit.BLOCKS, _OTHER_FLOWS)):
            region = {Axis.CLIENT.value: _MODERN, Axis.FLOW.value: flows}
            if blocks and self._reaches(box, region, blocked):
                found |= hit
        # A legacy client cannot answer: MFA blocks it as well as a block does.
        if (
            found & (Hit.BLOCKS | Hit.DEVICE_CODE)
            and self._is_shut({Axis.CLIENT.value: _MODERN}, [box, *self._boxes_of(blocked)])
            and self._is_shut({Axis.CLIENT.value: _LEGACY, Axis.FLOW.value: _NO_FLOW}, [box, *self._boxes_of(certain)])
        ):
            found |= Hit.BLOCKS_ALL
        return found

    def _demanded(self, place: int) -> Box | None:
        if place not in self._boxes:
            self._boxes[place] = self._solver.demanded(place)
        return self._boxes[place]

    def _boxes_of(self, places: Sequence[int]) -> list[Box]:
        return [box for place in places if (box := self._demanded(place)) is not None]

    def _is_shut(self, region: Box, boxes: list[Box]) -> bool:
        """Tell whether boxes leave nothing of a region. Taken as no past the work limit."""
        inside = intersection(self._solver.whole, region)
        try:
            return inside is None or is_covered(inside, boxes, self._solver.budget())
        except TooManyCombinations:
            return False

    def _reaches(self, box: Box, region: Box, places: tuple[int, ...]) -> bool:
        """Tell whether a box holds something of a region beyond what these policies demand.

        Taken as yes past the work limit.
        """
        inside = intersection(self._solver.whole, box)
        inside = None if inside is None else intersection(inside, region)
        if inside is None:
            return False
        key = tuple(inside.items())
        there = tuple(place for place in places if (one := self._demanded(place)) is not None and meets(one, inside))
        known = self._answers.get((key, there))
        if known is None:
            known = self._answers[key, there] = self._is_open(inside, key, self._boxes_of(there))
        return known

    def _is_open(self, inside: Box, key: tuple[tuple[str, int], ...], boxes: list[Box]) -> bool:
        if any(_holds(box, inside) for box in boxes):
            return False
        # What was open to others is likely to be so here.
        seen = self._seen_open.setdefault(key, [])
        if any(not any(meets(box, witness) for box in boxes) for witness in seen):
            return True
        try:
            found = open_box(inside, boxes, self._solver.budget())
        except TooManyCombinations:
            return True
        if found is not None:
            seen.append(found)
        return found is not None


def meets(box: Box, witness: Box) -> bool:
    """Tell whether a box holds any of a witness: only then may it close some of what that shows to be open."""
    return all(mask & witness.get(axis, mask) for axis, mask in box.items())


def _holds(box: Box, inside: Box) -> bool:
    """Tell whether a box holds all of another, which names every axis."""
    return not any(inside[axis] & ~mask for axis, mask in box.items())
