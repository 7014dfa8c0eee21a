"""Finds the verdict that follows from which policies are assigned, whoever the user is. Exact, within a work limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from migrate.decide.coverage.gaps import GapNames
from migrate.decide.coverage.policy import PolicyReading
from migrate.decide.coverage.regions import Box, Budget, TooManyCombinations, intersection, is_covered, open_boxes
from migrate.decide.coverage.space import Space
from migrate.model.coverage import Assumption, Gap, GapKind, Verdict
from migrate.model.managed import is_for_per_user_mfa, is_managed

TOO_MANY = "too many combinations of conditions: the proof was given up at its work limit"


@dataclass(frozen=True, slots=True)
class Solution:
    """A verdict with what it rests on. Policies are named by their place in the judge's list."""

    verdict: Verdict
    proof: tuple[int, ...]
    """When covered, a set of policies none of which can be left out; else all that demand something."""
    gaps: tuple[Gap, ...]
    closers: tuple[int, ...]
    """Policies that are not understood, or not known to be assigned, and might close some of what is open."""
    exhausted: bool
    assumes: tuple[Assumption, ...] = ()


class Solver:
    """Solves each combination of assigned policies once."""

    def __init__(self, space: Space, readings: Sequence[PolicyReading], names: GapNames, work_limit: int) -> None:
        self._space = space
        self._whole = space.whole
        self._demanded: list[Box | None] = []
        self._perhaps: list[Box | None] = []
        self._without_answer: list[Box | None] = []
        self._managed: set[int] = set()
        self._for_per_user_mfa: set[int] = set()
        self._is_sure = space.is_sure
        self._names = names
        self._work_limit = work_limit
        self._solutions: dict[tuple[tuple[int, ...], tuple[int, ...]], Solution] = {}
        for reading in readings:
            self.add(reading)

    def add(self, reading: PolicyReading) -> int:
        """Take in a policy that mentions nothing which the space does not tell apart; return its place."""
        place = len(self._demanded)
        self._demanded.append(self._space.demanded_by(reading))
        self._perhaps.append(self._space.perhaps_demanded_by(reading))
        self._without_answer.append(self._space.demanded_without_answer(reading))
        if is_managed(reading.policy):
            self._managed.add(place)
        if is_for_per_user_mfa(reading.policy):
            self._for_per_user_mfa.add(place)
        return place

    def demanded(self, place: int) -> Box | None:
        """Return the sign-ins for which a policy demands MFA or blocks, when it is assigned."""
        return self._demanded[place]

    def perhaps_demanded(self, place: int) -> Box | None:
        """Return the sign-ins for which a policy demands MFA or blocks at the very most."""
        return self._perhaps[place]

    def lasts(self, place: int) -> bool:
        """Tell whether a policy goes on being somebody's who is disabled."""
        return place not in self._for_per_user_mfa

    @property
    def whole(self) -> Box:
        """Return every sign-in that has to be covered."""
        return self._whole

    def budget(self) -> Budget:
        """Return the steps that one question may take."""
        return Budget(self._work_limit)

    @property
    def solved(self) -> int:
        """Return how many combinations were solved."""
        return len(self._solutions)

    def solution_for(self, assigned: Iterable[int], perhaps: Iterable[int]) -> Solution:
        """Return the verdict when the one set of policies is assigned and the other perhaps.

        A policy with problems demands nothing even when it is assigned; pass it as perhaps.
        """
        key = (
            tuple(index for index in assigned if self._demanded[index] is not None),
            tuple(index for index in perhaps if self._perhaps[index] is not None),
        )
        if key not in self._solutions:
            try:
                self._solutions[key] = self._solved(*key)
            except TooManyCombinations:
                self._solutions[key] = Solution(Verdict.UNKNOWN, (), (), (), exhausted=True)
        return self._solutions[key]

    def closes_something(self, index: int, assigned: Iterable[int]) -> bool:
        """Tell whether a policy would close some of what the assigned ones leave open. Taken as yes past the limit."""
        box = self._demanded[index]
        try:
            return box is not None and self._reaches_beyond(box, self._boxes(assigned), self.budget())
        except TooManyCombinations:
            return True

    def _solved(self, assigned: tuple[int, ...], perhaps: tuple[int, ...]) -> Solution:
        budget = self.budget()
        boxes = self._boxes(assigned)
        if is_covered(self._whole, boxes, budget):
            proof = self._proof(assigned, self._best_known(assigned, budget), budget)
            return Solution(
                Verdict.COVERED, proof, (), (), exhausted=False, assumes=tuple(self._assumptions(proof, budget))
            )
        closing = {index: box for index in perhaps if (box := self._perhaps[index]) is not None}
        closing = {index: box for index, box in closing.items() if self._reaches_beyond(box, boxes, budget)}
        sure = assigned if self._is_sure(boxes) else ()
        verdict = Verdict.PARTLY if sure else Verdict.UNCOVERED
        if closing and (not sure or is_covered(self._whole, [*boxes, *closing.values()], budget)):
            verdict = Verdict.UNKNOWN
        assumes = tuple(self._assumptions(sure, budget))
        return Solution(verdict, sure, self._gaps(boxes), tuple(closing), exhausted=False, assumes=assumes)

    def _assumptions(self, proof: tuple[int, ...], budget: Budget) -> Iterator[Assumption]:
        """Yield what policies rest on besides what was read: without it less would be demanded."""
        plain = _boxes_of(proof, self._without_answer)
        if any(self._reaches_beyond(box, plain, budget) for box in self._boxes(proof)):
            yield Assumption.BASELINE_ANSWER
        for assumption, leaving in (
            (Assumption.MANAGED_SCOPE, self._managed | self._for_per_user_mfa),
            (Assumption.PER_USER_MFA_POLICY, self._for_per_user_mfa),
        ):
            rest = self._boxes(index for index in proof if index not in leaving)
            if any(self._reaches_beyond(box, rest, budget) for box in self._boxes(leaving.intersection(proof))):
                yield assumption

    def _best_known(self, assigned: tuple[int, ...], budget: Budget) -> Sequence[Box | None]:
        """Return each policy's box to prove with: without the operator's answer wherever that is enough."""
        if all(self._without_answer[index] == self._demanded[index] for index in assigned):
            return self._demanded
        plain = _boxes_of(assigned, self._without_answer)
        return self._without_answer if is_covered(self._whole, plain, budget) else self._demanded

    def _proof(self, assigned: tuple[int, ...], demanded: Sequence[Box | None], budget: Budget) -> tuple[int, ...]:
        """Return a smallest proof in the sense that no policy can be left out; the oldest policies are kept.

        Of Microsoft's own only those are kept without which there is no proof.
        """
        kept = assigned
        try:
            lasting = tuple(index for index in assigned if index not in self._for_per_user_mfa)
            if lasting != assigned and is_covered(self._whole, _boxes_of(lasting, demanded), budget):
                kept = lasting
            best_first = sorted(kept, key=lambda i: (i in self._for_per_user_mfa, i in self._managed, i))
            for index in best_first:
                if is_covered(self._whole, _boxes_of((index,), demanded), budget):
                    return (index,)
            for index in reversed(best_first):
                fewer = tuple(other for other in kept if other != index)
                if is_covered(self._whole, _boxes_of(fewer, demanded), budget):
                    kept = fewer
        except TooManyCombinations:
            return kept
        return kept

    def _gaps(self, boxes: list[Box]) -> tuple[Gap, ...]:
        try:
            return self._names.gaps_of(open_boxes(self._whole, boxes, self.budget()))
        except TooManyCombinations:
            return (Gap(tag=GapKind.TOO_MANY.value, words="more regions than can be listed"),)

    def _reaches_beyond(self, box: Box, boxes: list[Box], budget: Budget) -> bool:
        inside = intersection(self._whole, box)
        return inside is not None and not is_covered(inside, boxes, budget)

    def _boxes(self, indices: Iterable[int]) -> list[Box]:
        return _boxes_of(indices, self._demanded)


def _boxes_of(indices: Iterable[int], demanded: Sequence[Box | None]) -> list[Box]:
    return [box for index in indices if (box := demanded[index]) is not None]
