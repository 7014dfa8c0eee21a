"""Judges people under any set of steps with the engine of the proof: each policy in each of its versions, in one space.

A version is a policy as some of the steps would make it. People are told apart by sort only, and each combination of
assigned versions is solved once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import structs

from migrate.decide.advice.reach import Hit, Hits, Reach, meets
from migrate.decide.advice.taking import change_by
from migrate.decide.coverage.context import Reader
from migrate.decide.coverage.judge import Judge, Sort, may_matter
from migrate.decide.coverage.principals import Match
from migrate.decide.coverage.regions import Box, TooManyCombinations, open_box
from migrate.decide.coverage.vocabulary import EXTERNAL_KINDS
from migrate.model.advice import Remedy
from migrate.model.coverage import Coverage
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState
from migrate.model.tenant_settings import UNANSWERED, BaselineScopes

Steps = int
"""A set of steps, a bit for each by its place."""


class Worlds:
    """The tenant under every set of steps."""

    def __init__(
        self,
        evidence: Evidence,
        remedies: Sequence[Remedy],
        *,
        made: Mapping[str, ConditionalAccessPolicy] = MappingProxyType({}),
        accepted: frozenset[str] = frozenset(),
        apps_that_matter: frozenset[str] | None = None,
        baseline: BaselineScopes = UNANSWERED,
    ) -> None:
        """Read the policies.

        Args:
            evidence: The tenant as it will be once the configuration's policies are on.
            remedies: All steps that will be asked about.
            made: By id the policies that steps of ours among them make, as they will be.
            accepted: Tags of gaps that count as closed.
            apps_that_matter, baseline: As for a `Judge`.
        """
        self.remedies = tuple(remedies)
        self._accepted = accepted
        there = {policy.id: policy for policy in evidence.policies}
        new = [policy for policy in made.values() if policy.id not in there]
        self._made_by_us = made
        self._policies = there | {policy.id: policy for policy in new}
        self._reader = Reader(evidence)
        self.judge = Judge(
            structs.replace(evidence, policies=(*evidence.policies, *map(_off, new))),
            apps_that_matter=apps_that_matter,
            baseline=baseline,
        )
        self._solver = self.judge.solver
        self._readings = list(self.judge.weighed)
        self._reach = Reach(self._solver, self._readings)
        self._place_today = {reading.id: place for place, reading in enumerate(self._readings)}
        self._about = self._steps_by_policy()
        self._versions: dict[tuple[str, Steps], int | None] = {}
        self._sorts: dict[Sort, int] = {}
        self._by_number: list[Sort] = []
        self._matches: dict[tuple[int, int], Match] = {}
        self._today: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        self._proven: dict[tuple[tuple[int, ...], tuple[int, ...]], bool] = {}
        self._witnesses: dict[tuple[int, ...], list[Box]] = {}
        self._touching: dict[int, Steps] = {}
        self._alikes: dict[int, int] = {}
        self._by_box: dict[tuple[str, frozenset[tuple[str, int]] | None], int] = {}
        self.solved = 0
        """How many questions about a union of policies were answered by looking at it."""
        self.compared = 0
        """How many policies were held against something that was open to others; with hundreds of them it is this that
        takes long."""

    def _steps_by_policy(self) -> dict[str, Steps]:
        about: dict[str, Steps] = {}
        for place, remedy in enumerate(self.remedies):
            about[remedy.policy_id] = about.get(remedy.policy_id, 0) | 1 << place
        return about

    # People

    def sort_number(self, sort: Sort) -> int:
        """Return the number of a sort of people; new ones are taken in."""
        number = self._sorts.get(sort)
        if number is None:
            number = self._sorts[sort] = len(self._by_number)
            self._by_number.append(sort)
            self._today.append(self._assigned_now(number))
        return number

    def _assigned_now(self, number: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the policies in force that are certainly assigned, and those that perhaps are."""
        certain, perhaps = [], []
        answers = self.judge.class_of_sort(self._by_number[number]).answers
        for place, answer in enumerate(answers):
            match = self._matches[place, number] = answer.match
            if not self._is_in_force(place):
                continue
            if self._is_certain(place, match):
                certain.append(place)
            elif match is not Match.NO:
                perhaps.append(place)
        return tuple(certain), tuple(perhaps)

    def _match(self, place: int, number: int) -> Match:
        key = (place, number)
        match = self._matches.get(key)
        if match is None:
            match = self._matches[key] = self.judge.match_of(self._readings[place], self._by_number[number])
        return match

    def _is_certain(self, place: int, match: Match) -> bool:
        """Tell whether a policy demands something for certain; one with conditions beyond telling apart does not."""
        return match is Match.YES and not self._readings[place].problems and self._solver.demanded(place) is not None

    def coverage_today(self, number: int) -> Coverage:
        """Return the verdict on people of a sort as long as no step is taken."""
        return self.judge.coverage_of_sort(self._by_number[number])

    @property
    def accepts_gaps(self) -> bool:
        """Tell whether something may stay open for people who count as covered."""
        return bool(self._accepted)

    def is_external(self, number: int) -> bool:
        """Tell whether people of a sort may be at home in another tenant."""
        return not self._by_number[number][1].isdisjoint(EXTERNAL_KINDS)

    def is_inside(self, number: int, object_id: str) -> bool:
        """Tell whether people of a sort are, or could become, members of a group."""
        facts = self.judge.facts_of(self._by_number[number])
        return not facts.isdisjoint({("member", object_id), ("eligible member", object_id)})

    def is_named(self, number: int, object_id: str) -> bool:
        """Tell whether a sort is one user whom a policy names."""
        return ("named", object_id) in self.judge.facts_of(self._by_number[number])

    def touching(self, number: int) -> Steps:
        """Return the steps about policies that reach people of a sort when all of them are taken."""
        known = self._touching.get(number)
        if known is None:
            known = 0
            for policy_id, about in self._about.items():
                place = self._version(policy_id, about)
                if place is not None and self._match(place, number) is not Match.NO:
                    known |= about
            self._touching[number] = known
        return known

    # Versions

    def _version(self, policy_id: str, steps: Steps) -> int | None:
        """Return the place of a policy as these steps, of those about it, make it; None where it demands nothing."""
        key = (policy_id, steps)
        if key not in self._versions:
            self._versions[key] = self._made(policy_id, steps)
        return self._versions[key]

    def _made(self, policy_id: str, steps: Steps) -> int | None:
        policy: ConditionalAccessPolicy = self._policies[policy_id]
        reading = self._reader.read(policy, change_by(self._taken(steps), self._made_by_us.get(policy_id)))
        if not may_matter(reading) or reading.policy.policy_state is PolicyState.REPORT_ONLY:
            return None
        self._readings.append(reading)
        return self._solver.add(reading)

    def _taken(self, steps: Steps) -> Iterator[Remedy]:
        return (remedy for place, remedy in enumerate(self.remedies) if steps >> place & 1)

    def _alike(self, policy_id: str, place: int) -> int:
        """Return the first version of a policy that demands the same: to whom it is assigned, it is the same."""
        known = self._alikes.get(place)
        if known is None:
            box = self._solver.demanded(place)
            key = (policy_id, None if box is None else frozenset(box.items()))
            today = self._place_today.get(policy_id)
            if today is not None and self._is_in_force(today) and self._solver.demanded(today) == box:
                self._by_box.setdefault(key, today)
            known = self._alikes[place] = self._by_box.setdefault(key, place)
        return known

    def _is_in_force(self, place: int) -> bool:
        return self._readings[place].policy.policy_state is not PolicyState.REPORT_ONLY

    def _assigned(self, number: int, steps: Steps) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return what is assigned after the steps, for certain and perhaps."""
        certain, perhaps = self._today[number]
        for policy_id, taken in self._by_policy(steps):
            now, then = self._place_today.get(policy_id), self._version(policy_id, taken)
            match = Match.NO if then is None else self._match(then, number)
            if then is not None and self._is_certain(then, match):
                alike = self._alike(policy_id, then)
                if alike not in certain:
                    certain = (*(place for place in certain if place != now), alike)
                perhaps = tuple(place for place in perhaps if place != now)
                continue
            certain = tuple(place for place in certain if place != now)
            perhaps = tuple(place for place in perhaps if place != now)
            if then is not None and match is not Match.NO:
                perhaps = (*perhaps, then)
        return certain, perhaps

    def _by_policy(self, steps: Steps) -> Iterator[tuple[str, Steps]]:
        """Yield the policies that steps are about, each with those about it."""
        while steps:
            policy_id = self.remedies[steps.bit_length() - 1].policy_id
            taken = steps & self._about[policy_id]
            yield policy_id, taken
            steps &= ~taken

    # Questions

    def is_proven(self, number: int, steps: Steps) -> bool:
        """Tell whether people of a sort would be planned after the steps, were they on per-user MFA."""
        key = self._assigned(number, steps)
        known = self._proven.get(key)
        if known is None:
            known = self._proven[key] = self._is_proven(number, *key)
        return known

    def _is_proven(self, number: int, certain: tuple[int, ...], perhaps: tuple[int, ...]) -> bool:
        if not self.judge.is_beta_unread and self._fills(number, self._lasting(certain)):
            return True
        if not self._accepted:
            return False
        return self.judge.verdict_with(certain, perhaps).is_proven(self._accepted)

    def _fills(self, number: int, places: Iterable[int]) -> bool:
        """Tell whether these policies leave nothing open. What refuted others with the same start is tried first."""
        boxes = [box for place in places if (box := self._solver.demanded(place)) is not None]
        seen = self._witnesses.setdefault(self._today[number][0], [])
        for witness in seen:
            self.compared += len(boxes)
            if not any(meets(box, witness) for box in boxes):
                return False
        self.solved += 1
        try:
            found = open_box(self._solver.whole, boxes, self._solver.budget())
        except TooManyCombinations:
            return False
        if found is None:
            return True
        seen.append(found)
        return False

    def left_open(self, number: int, steps: Steps) -> Box | None:
        """Return something that stays open for people of a sort after the steps; None where nothing is known to."""
        certain, _ = self._assigned(number, steps)
        boxes = [box for place in self._lasting(certain) if (box := self._solver.demanded(place)) is not None]
        self.solved += 1
        try:
            return open_box(self._solver.whole, boxes, self._solver.budget())
        except TooManyCombinations:
            return None

    def about(self, number: int, witness: Box) -> Steps:
        """Return the steps about policies that could demand something there of people of a sort.

        Steps only ever add demands, so what all of those about one policy do not reach, none of them does.
        """
        found: Steps = 0
        for policy_id, about in self._about.items():
            place = self._version(policy_id, about)
            if place is None or not self._is_certain(place, self._match(place, number)):
                continue
            box = self._solver.demanded(place)
            if box is not None and meets(box, witness):
                found |= about
        return found

    def hits(self, number: int, steps: Steps) -> Hits:
        """Return what is new for people of a sort after the steps. Where an assignment is not known, it counts."""
        certain, _ = self._today[number]
        found: Hits = Hit.NOTHING
        for policy_id, taken in self._by_policy(steps):
            place = self._version(policy_id, taken)
            match = Match.NO if place is None else self._match(place, number)
            if place is None or match is Match.NO:
                continue
            if self._is_certain(place, match):
                place = self._alike(policy_id, place)
            if place not in certain:
                found |= self._reach.of(place, certain)
        return found

    def closes(self, number: int, steps: Steps) -> bool:
        """Tell whether less is open for people of a sort after the steps, for certain."""
        return self._differs(number, steps, 0)

    def helpful(self, numbers: Iterable[int], allowed: Steps) -> Steps:
        """Return which of the allowed steps may help some of these people, alone or with others.

        Steps only ever add demands, so a step that is idle beside all others of its policy is idle in every set.
        """
        sorts = tuple(numbers)
        found: Steps = 0
        for about in self._about.values():
            steps = about & allowed
            for place in range(steps.bit_length()):
                step = 1 << place
                if steps & step and any(self._differs(number, steps, steps & ~step) for number in sorts):
                    found |= step
        return found

    def _differs(self, number: int, steps: Steps, fewer: Steps) -> bool:
        """Tell whether one set of steps demands more of somebody than a smaller one, of what lasts."""
        before = self._lasting(self._assigned(number, fewer)[0])
        new = set(self._lasting(self._assigned(number, steps)[0])) - set(before)
        return any(self._reach.of(place, before) & Hit.CLOSES for place in new)

    def _lasting(self, places: Iterable[int]) -> tuple[int, ...]:
        """Return the policies without the one that people leave by being disabled: it closes nothing for good."""
        return tuple(place for place in places if self._solver.lasts(place))


def _off(policy: ConditionalAccessPolicy) -> ConditionalAccessPolicy:
    """Return a policy of ours as one that is not in force: whom it names is known then, and it demands nothing yet."""
    state = PolicyState.DISABLED
    return structs.replace(policy, policy_state=state, raw={**policy.raw, "state": state.value})
