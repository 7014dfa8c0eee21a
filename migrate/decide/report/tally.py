"""Count everybody once: the totals, the ribbons, the waves and the people held back of a report."""

from __future__ import annotations

from collections import Counter

from migrate.model.coverage import Verdict
from migrate.model.plan import HoldReason, PlanRow
from migrate.model.report import AccountKind, Flow, HeldFacts, Person, PersonOutcome, RequiredBy, Totals
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
        self.people = 0
        self._cells: Counter[_Cell] = Counter()
        self._states: Counter[MfaState | None] = Counter()
        self._required: Counter[RequiredBy] = Counter()
        self._strongest: Counter[str] = Counter()
        self._kinds: Counter[AccountKind] = Counter()
        self._waves: Counter[tuple[int, PersonOutcome]] = Counter()
        self._held: dict[HoldReason, _Held] = {}
        self._open_by_us = 0
        self._enabled_before = 0
        self.unread_in_plan = 0

    def take(self, person: Person, row: PlanRow | None) -> None:
        """Count one account; `row` is that of the plan."""
        self.people += 1
        self._cells[person.before, person.verdict, person.outcome] += 1
        self._states[person.state] += 1
        self._required[person.required_by] += 1
        self._kinds[person.kind] += 1
        if person.required_by not in (RequiredBy.AGENT, RequiredBy.ACCOUNT_OFF):
            self._strongest[person.strongest.value] += 1
        if person.wave is not None:
            self._waves[person.wave, person.outcome] += 1
        if person.hold is not None and row is not None:
            self._held.setdefault(person.hold, _Held()).take(person, row)
            self.unread_in_plan += person.hold is HoldReason.UNREADABLE
        if person.outcome is PersonOutcome.DONE:
            self._open_by_us += person.required_by in _OPEN
            self._enabled_before += person.before is MfaState.ENABLED

    def totals(self) -> Totals:
        """Return the numbers of everybody."""
        outcomes: Counter[str] = Counter()
        verdicts: Counter[str] = Counter()
        for (_, verdict, outcome), people in self._cells.items():
            outcomes[outcome.value] += people
            verdicts[verdict.value] += people
        states = {"unreadable" if state is None else state.value: people for state, people in self._states.items()}
        return Totals(
            people=self.people,
            by_outcome=_sorted(outcomes),
            by_state=_sorted(states),
            by_verdict=_sorted(verdicts),
            by_required=_sorted({key.value: people for key, people in self._required.items()}),
            by_strongest=_sorted(self._strongest),
            by_kind=_sorted({key.value: people for key, people in self._kinds.items()}),
            open_by_us=self._open_by_us,
            enabled_before=self._enabled_before,
        )

    def flows(self) -> tuple[Flow, ...]:
        """Return the ribbons, in the order of the enums."""
        order = sorted(self._cells, key=lambda cell: (str(cell[0] or "~"), cell[1].value, cell[2].value))
        return tuple(
            Flow(before=before, verdict=verdict, outcome=outcome, people=self._cells[before, verdict, outcome])
            for before, verdict, outcome in order
        )

    def wave(self, number: int) -> dict[str, int]:
        """Return the outcomes of the people of a wave."""
        found = {outcome.value: people for (wave, outcome), people in self._waves.items() if wave == number}
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
