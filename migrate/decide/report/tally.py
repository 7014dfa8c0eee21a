"""Count everybody once: the totals, the ribbons, the waves and the people held back of a report."""

from __future__ import annotations

from collections import Counter

from migrate.model.coverage import Verdict
from migrate.model.plan import HoldReason, PlanRow
from migrate.model.report import Flow, HeldFacts, Person, PersonOutcome, RequiredBy, Standing, Totals
from migrate.model.users import MfaState
from migrate.model.words import FIRST

KEPT = 12
"""Policies and gaps that a reason names; the rest is in plan.csv."""
_OPEN = frozenset({RequiredBy.NEITHER, RequiredBy.PARTLY, RequiredBy.UNKNOWN})

_Cell = tuple[MfaState | None, Verdict, PersonOutcome]


class Tally:
    """Takes in one account after the other."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._people: dict[Standing, int] = {}
        self._held: dict[HoldReason, _Held] = {}
        self.unread_in_plan = 0

    def take(self, person: Person, row: PlanRow | None) -> None:
        """Count one account; `row` is that of the plan."""
        standing = person.standing
        self._people[standing] = self._people.get(standing, 0) + 1
        if standing.hold is not None and row is not None:
            self._held.setdefault(standing.hold, _Held()).take(person, row)
            self.unread_in_plan += standing.hold is HoldReason.UNREADABLE

    def totals(self) -> Totals:
        """Return the numbers of everybody."""
        outcomes, states, verdicts, required, strongest, kinds = (Counter[str]() for _ in range(6))
        open_by_us = enabled_before = 0
        for each, people in self._people.items():
            outcomes[each.outcome.value] += people
            states["unreadable" if each.state is None else each.state.value] += people
            verdicts[each.verdict.value] += people
            required[each.required_by.value] += people
            kinds[each.kind.value] += people
            if each.required_by not in (RequiredBy.AGENT, RequiredBy.ACCOUNT_OFF):
                strongest[each.strongest.value] += people
            if each.outcome is PersonOutcome.DONE:
                open_by_us += people if each.required_by in _OPEN else 0
                enabled_before += people if each.before is MfaState.ENABLED else 0
        return Totals(
            people=sum(self._people.values()),
            by_outcome=_sorted(outcomes),
            by_state=_sorted(states),
            by_verdict=_sorted(verdicts),
            by_required=_sorted(required),
            by_strongest=_sorted(strongest),
            by_kind=_sorted(kinds),
            open_by_us=open_by_us,
            enabled_before=enabled_before,
        )

    def flows(self) -> tuple[Flow, ...]:
        """Return the ribbons, in the order of the enums."""
        cells: Counter[_Cell] = Counter()
        for each, people in self._people.items():
            cells[each.before, each.verdict, each.outcome] += people
        order = sorted(cells, key=lambda cell: (str(cell[0] or "~"), cell[1].value, cell[2].value))
        return tuple(
            Flow(before=before, verdict=verdict, outcome=outcome, people=cells[before, verdict, outcome])
            for before, verdict, outcome in order
        )

    def wave(self, number: int) -> dict[str, int]:
        """Return the outcomes of the people of a wave."""
        found: Counter[str] = Counter()
        for each, people in self._people.items():
            if each.wave == number:
                found[each.outcome.value] += people
        return _sorted(found)

    def held(self) -> tuple[HeldFacts, ...]:
        """Return those held back by reason, the most frequent first."""
        ordered = sorted(self._held.items(), key=lambda each: (-each[1].people, each[0].value))
        return tuple(group.facts(reason) for reason, group in ordered)


class _Held:
    """Those who are held back for one reason."""

    def __init__(self) -> None:
        self.people = 0
        self._some: list[Person] = []
        self._policies: dict[str, None] = {}
        self._gaps: dict[str, None] = {}

    def take(self, person: Person, row: PlanRow) -> None:
        self.people += 1
        if len(self._some) < FIRST:
            self._some.append(person)
        for found, names in ((self._policies, row.parts.policies), (self._gaps, row.parts.open_gaps)):
            if len(found) < KEPT:
                found.update(dict.fromkeys(names))

    def facts(self, reason: HoldReason) -> HeldFacts:
        return HeldFacts(
            reason=reason,
            people=self.people,
            user_ids=tuple(person.user_id for person in self._some),
            names=tuple(person.user_principal_name for person in self._some),
            policies=tuple(sorted(self._policies)[:KEPT]),
            gaps=tuple(sorted(self._gaps)[:KEPT]),
        )


def _sorted(numbers: dict[str, int] | Counter[str]) -> dict[str, int]:
    return dict(sorted((key, people) for key, people in numbers.items() if people))
