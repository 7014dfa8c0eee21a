"""The table of people: who stands in it, and its data as columns with word lists, which a script turns into rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from operator import attrgetter

import msgspec

from migrate.model.plan import HoldReason
from migrate.model.record import Record
from migrate.model.report import AccountKind, Person, PersonOutcome, ReportFacts, RequiredBy, Standing
from migrate.model.users import MfaState
from migrate.views.report.naming import Naming
from migrate.views.report.words import Words

MOST = 100_000
"""How many rows the table holds; above it only those who need attention stand there."""
_LOOK_AT = frozenset({PersonOutcome.HELD, PersonOutcome.FAILED, PersonOutcome.IN_DOUBT, PersonOutcome.UNREAD})
_OPEN = frozenset({RequiredBy.NEITHER, RequiredBy.PARTLY, RequiredBy.UNKNOWN})
_UNSAFE = ((b"<", b"\\u003c"), ("\u2028".encode(), b"\\u2028"), ("\u2029".encode(), b"\\u2029"))
"""What would end the element that holds the data, or a line of script."""


class Kept:
    """Those who stand in the table."""

    def __init__(self, most: int = MOST) -> None:
        """Begin with nobody."""
        self.people: list[Person] = []
        self.seen = 0
        self.is_whole = True
        """Whether everybody stands there; else only those who need attention."""
        self.left_out = 0
        """Of those who need attention, the ones that even so are too many."""
        self._most = most

    def take(self, person: Person) -> None:
        """Keep somebody, as long as there is room."""
        self.seen += 1
        if self.is_whole and len(self.people) == self._most:
            self.is_whole = False
            self.people = [one for one in self.people if _needs_attention(one.standing)]
        if self.is_whole or _needs_attention(person.standing):
            if len(self.people) < self._most:
                self.people.append(person)
            else:
                self.left_out += 1

    def holds_all(self, what: PersonOutcome | RequiredBy) -> bool:
        """Tell whether everybody whom a number counts stands in the table, so that it may link there."""
        return self.is_whole or (not self.left_out and what in (*_LOOK_AT, *_OPEN))


def _needs_attention(standing: Standing) -> bool:
    return standing.outcome in _LOOK_AT or standing.required_by in _OPEN


class ShownColumn(Record, frozen=True, kw_only=True):
    """A column of the table, as its head and its filter are drawn."""

    key: str
    title: str
    filters: bool


_CELLS = ("kind", "before", "state", "required", "outcome", "wave", "hold")
_Said = StrEnum | int | None
_said: Callable[[Standing], tuple[_Said, ...]] = attrgetter(
    "kind", "before", "state", "required_by", "outcome", "wave", "hold"
)
"""Gives what stands in the columns of `_CELLS`."""
_FILTERS = frozenset({"state", "required", "outcome", "wave", "hold"})
_ORDERS: dict[str, Sequence[StrEnum]] = {
    "kind": tuple(AccountKind),
    "before": tuple(MfaState),
    "state": tuple(MfaState),
    "required": tuple(RequiredBy),
    "outcome": tuple(PersonOutcome),
    "hold": tuple(HoldReason),
}


def columns_of(say: Words) -> list[ShownColumn]:
    """Return the columns after the name."""
    return [ShownColumn(key=key, title=say(f"column.{key}"), filters=key in _FILTERS) for key in _CELLS]


class _Column(msgspec.Struct):
    """A column as the script reads it."""

    key: str
    values: list[str]
    """What a filter asks for, in the order in which the column is sorted."""
    words: list[str]
    """The same for people."""
    at: list[int]
    """Which of them each row has."""


class _Data(msgspec.Struct):
    """Everything that the script reads."""

    locale: str
    text: dict[str, str]
    local: list[str]
    """The part of each name before the @, in the order of the alphabet."""
    domains: list[str]
    domain: list[int]
    columns: list[_Column]


def table_data(kept: Kept, facts: ReportFacts, naming: Naming, say: Words) -> bytes:
    """Return the data of the table as JSON that may stand in a script element."""
    names = naming.people(kept.people)
    # By their names in any case. Those that are alike stay as the people come: by id.
    order = sorted(range(len(names)), key=list(map(str.casefold, names)).__getitem__)
    waves = {wave.number: naming.wave(wave.number, wave.name) for wave in facts.waves}
    parts = [names[place].rpartition("@") for place in order]
    behind_at = [behind if at else "" for _, at, behind in parts]
    domains = {domain: place for place, domain in enumerate(dict.fromkeys(behind_at))}
    data = _Data(
        locale=say("language"),
        text={key: say(f"table.{key}") for key in ("showing", "of", "page", "none", "all")}
        | {"notChecked": f"? {say('answer.notChecked')}"},
        local=[before if at else name for before, at, name in parts],
        domains=list(domains),
        domain=list(map(domains.__getitem__, behind_at)),
        columns=_columns([kept.people[place].standing for place in order], waves, say),
    )
    encoded = msgspec.json.encode(data)
    for sign, escaped in _UNSAFE:
        encoded = encoded.replace(sign, escaped)
    return encoded


def _columns(rows: list[Standing], waves: dict[int, str], say: Words) -> list[_Column]:
    """Return the columns. People differ in few things, so the places of a row's values are found once a sort of row."""
    sorts = {standing: place for place, standing in enumerate(dict.fromkeys(rows))}
    at = list(map(sorts.__getitem__, rows))
    found = zip(*map(_said, sorts), strict=True) if sorts else [()] * len(_CELLS)
    return [_column(key, values, at, waves, say) for key, values in zip(_CELLS, found, strict=True)]


def _column(key: str, found: Sequence[_Said], at: list[int], waves: dict[int, str], say: Words) -> _Column:
    """Return a column: `found` is what each sort of row has there, `at` the sort of each row."""
    there = set(found)
    known: list[_Said]
    if key == "wave":
        known = [*sorted(wave for wave in there if isinstance(wave, int))]
    else:
        known = [value for value in _ORDERS[key] if value in there]
    if None in there:
        known.append(None)
    places = [known.index(value) for value in found]
    return _Column(
        key=key,
        values=["" if value is None else str(value) for value in known],
        words=list(_words(key, known, waves, say)),
        at=list(map(places.__getitem__, at)),
    )


def _words(key: str, values: Sequence[_Said], waves: dict[int, str], say: Words) -> Iterator[str]:
    for value in values:
        if value is None:
            # Of a state, nothing is something: it could not be read.
            yield say("state.unread") if key in ("before", "state") else ""
        elif isinstance(value, int):
            yield f"{value} {waves.get(value, '')}".strip()
        elif isinstance(value, MfaState):
            yield value.value
        else:
            yield say(f"{key}.{value.value}")
