"""Puts the advice together for one export: who waits, what would cover them, what it costs, what is never proposed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import structs

from migrate.decide import policy_steps
from migrate.decide.advice.accepting import acceptances_of
from migrate.decide.advice.candidates import Bans, candidates_of
from migrate.decide.advice.costs import Costs
from migrate.decide.advice.leaving import leaving_steps
from migrate.decide.advice.people import People
from migrate.decide.advice.search import WORK_LIMIT, Found, Search
from migrate.decide.advice.taking import ours
from migrate.decide.advice.worlds import Steps, Worlds
from migrate.decide.coverage.judge import Judge
from migrate.model.advice import (
    Advice,
    Effect,
    Ended,
    EndExclusion,
    Enough,
    EnoughStep,
    Number,
    Proposal,
    Remedy,
    RuledOut,
    Way,
)
from migrate.model.evidence import Evidence
from migrate.model.rules import Rules
from migrate.model.sign_ins import Coordinate, WaysSeen
from migrate.model.snapshot import SnapshotHeader
from migrate.model.users import AnyUser

PROPOSALS = 40
"""So many single steps are judged one by one and shown, besides those that the best sets hold."""


def advised(
    snapshot: SnapshotHeader,
    evidence: Evidence,
    rules: Rules,
    users: Iterable[AnyUser],
    ways: WaysSeen | None = None,
) -> tuple[Adviser, Advice]:
    """Return the adviser of an export, and what it says under these rules. `ways` is what the sign-in log shows."""
    adviser = Adviser(snapshot, evidence, rules, ways)
    adviser.take(users)
    return adviser, adviser.advice()


class Adviser:
    """Reads the users of one export once, and then answers. Pure."""

    def __init__(
        self, snapshot: SnapshotHeader, evidence: Evidence, rules: Rules, ways: WaysSeen | None = None
    ) -> None:
        """Start with nobody. What the configuration asks for already counts as done.

        A sign-in log with holes, or one that cannot show device code, says nothing about who was not seen: it is as if
        none had been read.
        """
        whole = ways is not None and not ways.holes and not {Coordinate.FLOW, Coordinate.PROTOCOL} & set(ways.lost)
        self._ways = ways if whole else None
        tenant_id = snapshot.organization.tenant_id
        self._rules = rules
        self._evidence = policy_steps.prepare(tenant_id, evidence, rules).evidence
        remedies = candidates_of(tenant_id, self._evidence, rules)
        self._worlds = Worlds(
            self._evidence,
            remedies,
            made={own.id: own for _, own in ours(tenant_id, self._evidence, rules)},
            accepted=frozenset(gap.tag for gap in rules.accepted_gaps),
            apps_that_matter=rules.apps_that_matter,
            baseline=rules.baseline,
        )
        self._people = People(self._worlds, self._evidence, rules, snapshot.skus, self._ways)
        self._costs = Costs(tenant_id, self._evidence, rules, self._worlds, self._people)
        self._remedies: tuple[Remedy, ...] = remedies
        self._single_people = {
            one.target.casefold() for one in remedies if isinstance(one, EndExclusion) and one.what is Ended.PERSON
        }
        self._upns: dict[str, str] = {}
        self._order: list[int] = []
        """Places of the steps that are proposed, in the order of their numbers."""
        self._effects: dict[int, Effect] = {}

    def take(self, users: Iterable[AnyUser]) -> None:
        """Count the users in. Call it once, before `advice`."""
        for user in users:
            self._people.take(user)
            if user.profile.id in self._single_people:
                self._upns[user.profile.id] = user.profile.user_principal_name

    def advice(self, *, work_limit: int = WORK_LIMIT) -> Advice:
        """Return the advice for the users that were taken in."""
        bans = self._bans()
        whys = [bans.why_never(remedy) for remedy in self._remedies]
        allowed = sum(1 << place for place, why in enumerate(whys) if why is None)
        search = Search(self._worlds, self._people, self._costs, allowed, work_limit=work_limit)
        found, exact = search.best()
        places = self._order = self._chosen(search.helpful, found)
        proposals = tuple(self._proposals(places))
        numbers = {place: number for number, place in enumerate(places, 1)}
        return Advice(
            waiting=sum(counted.people for _, counted in self._people.waiting),
            uncovered=sum(counted.people for _, counted in self._people.uncovered),
            proposals=proposals,
            ways=tuple(
                Way(
                    steps=tuple(sorted(numbers[place] for place in _places(one.steps))),
                    effect=self._costs.effect_of(one.steps),
                )
                for one in found
            ),
            exact_up_to=exact,
            ruled_out=tuple(
                RuledOut(remedy=self._named(remedy), why=why)
                for remedy, why in zip(self._remedies, whys, strict=True)
                if why is not None
            ),
            acceptances=acceptances_of(self._people, frozenset(gap.tag for gap in self._rules.accepted_gaps)),
            sign_ins_since=None if self._ways is None else self._ways.since,
        )

    def _bans(self) -> Bans:
        return Bans(self._evidence, self._rules, frozenset(self._people.sync_accounts_by_name))

    def enough_for(self, user: AnyUser) -> Enough:
        """Return which steps would each alone make somebody covered, the smallest first. Everybody is taken in before.

        The same engine judges as for the whole advice, and what that never proposes is not proposed here.
        """
        cell = self._people.cell_of(user)
        if cell is None:
            return Enough(steps=(), planned=False)
        if self._people.is_proven(cell):
            return Enough(steps=(), planned=True)
        bans = self._bans()
        accepted = frozenset(gap.tag for gap in self._rules.accepted_gaps)

        def is_covered(evidence: Evidence) -> bool:
            judge = Judge(evidence, apps_that_matter=self._rules.apps_that_matter, baseline=self._rules.baseline)
            return judge.coverage_of(user.profile).is_proven(accepted)

        leaving = [one for one in leaving_steps(user.profile, self._evidence, bans) if is_covered(one.evidence)]
        alone = [
            (self._costs.effect_of(1 << place), remedy)
            for place, remedy in enumerate(self._remedies)
            if bans.why_never(remedy) is None and self._worlds.is_proven(cell.sort, 1 << place)
        ]
        alone.sort(key=lambda one: one[0].cost)
        return Enough(
            steps=(
                *(one.step for one in sorted(leaving, key=lambda one: one.step.leaving)),
                *(
                    EnoughStep(
                        do=self._named(remedy),
                        effect=effect,
                        inside=self._costs.inside(remedy) if isinstance(remedy, EndExclusion) else None,
                    )
                    for effect, remedy in alone
                ),
            ),
            planned=False,
            sign_ins_since=None if self._ways is None else self._ways.since,
        )

    def behind(self, user: AnyUser, numbers: Iterable[int]) -> tuple[Number, ...]:
        """Return what a user is counted in when the proposals of these numbers are taken together.

        Call it after `advice`, with users of the same export.
        """
        return self.numbers_under(user, (self._remedies[self._order[number - 1]] for number in numbers))

    def numbers_under(self, user: AnyUser, remedies: Iterable[Remedy]) -> tuple[Number, ...]:
        """Return what a user is counted in when steps are taken, proposed or not."""
        cell = self._people.cell_of(user)
        steps = sum(1 << self._remedies.index(remedy) for remedy in remedies)
        return () if cell is None else self._costs.numbers_of(cell, steps)

    def _chosen(self, helpful: Steps, found: Iterable[Found]) -> list[int]:
        """Return the places of the steps that are shown, the best first."""
        effects: dict[int, Effect] = {place: self._costs.effect_of(1 << place) for place in _places(helpful)}

        def rank(place: int) -> tuple[int, tuple[int, ...], int, int]:
            effect = effects[place]
            return -effect.number(Number.COVERED), effect.cost, -effect.number(Number.PARTLY), place

        ordered = sorted(effects, key=rank)
        needed = {place for one in found for place in _places(one.steps)}
        self._effects = effects
        return [place for number, place in enumerate(ordered) if number < PROPOSALS or place in needed]

    def _proposals(self, places: Iterable[int]) -> Iterator[Proposal]:
        for number, place in enumerate(places, 1):
            remedy = self._remedies[place]
            inside = self._costs.inside(remedy) if isinstance(remedy, EndExclusion) else None
            yield Proposal(number=number, remedy=self._named(remedy), effect=self._effects[place], inside=inside)

    def _named(self, remedy: Remedy) -> Remedy:
        """Return a step with the name of the person whom it is about."""
        if isinstance(remedy, EndExclusion) and remedy.what is Ended.PERSON:
            return structs.replace(remedy, target_name=self._upns.get(remedy.target.casefold(), remedy.target))
        return remedy


def _places(steps: Steps) -> Iterator[int]:
    return (place for place in range(steps.bit_length()) if steps >> place & 1)
