"""Lay out the first picture: states before, what policies require today, outcomes, and the ribbons between them.

Widths are per cent of the figure and heights are pixels, so that letters keep their size on every screen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from migrate.model.coverage import Verdict
from migrate.model.record import Record
from migrate.model.report import Flow, PersonOutcome
from migrate.model.users import MfaState

LEAST = 46
"""Least height of a place, so that its lines of text fit on a phone."""
ROOM = 200
"""Height that the people share besides."""
GAP = 8
THINNEST = 2.0
"""Least height of a ribbon where it leaves and arrives."""
COLUMNS = (0.0, 36.5, 73.0)
"""Where the three columns begin, in per cent."""
WIDE = 27.0
"""How wide the places of a column are: words stand inside."""

_STATES = (MfaState.ENFORCED, MfaState.ENABLED, MfaState.DISABLED, None)
_Key = tuple[int, str]


class Place(Record, frozen=True, kw_only=True):
    """A place of a column: everybody with one state, one verdict or one outcome."""

    column: int
    key: str
    people: int
    x: float
    y: float
    height: float


class Ribbon(Record, frozen=True, kw_only=True):
    """Those who go from one place to the next."""

    key: str
    """Of the place where it begins: its colour."""
    path: str
    """In a box 100 wide and as high as the figure."""


class Ribbons(Record, frozen=True, kw_only=True):
    """The whole picture."""

    height: float
    places: Sequence[Place]
    ribbons: Sequence[Ribbon]
    thin: bool
    """Whether some place is drawn larger than its share."""


def ribbons_of(flows: Iterable[Flow]) -> Ribbons:
    """Return the picture for these flows."""
    flows = tuple(flows)
    total = sum(flow.people for flow in flows) or 1
    places = _places(flows, total)
    height = max((place.y + place.height for place in places.values()), default=0.0)
    ribbons = [*_between(flows, places, 0), *_between(flows, places, 1)]
    thin = any(place.people * ROOM / total < LEAST for place in places.values())
    return Ribbons(height=height, places=list(places.values()), ribbons=ribbons, thin=thin)


def _keys(flow: Flow) -> tuple[str, str, str]:
    return "unread" if flow.before is None else flow.before.value, flow.verdict.value, flow.outcome.value


def _orders() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    states = tuple("unread" if state is None else state.value for state in _STATES)
    return states, tuple(verdict.value for verdict in Verdict), tuple(outcome.value for outcome in PersonOutcome)


def _places(flows: Sequence[Flow], total: int) -> dict[_Key, Place]:
    places: dict[_Key, Place] = {}
    for column, order in enumerate(_orders()):
        people: Counter[str] = Counter()
        for flow in flows:
            people[_keys(flow)[column]] += flow.people
        y = 0.0
        for key in order:
            if people[key]:
                height = max(LEAST, people[key] * ROOM / total)
                x = COLUMNS[column]
                places[column, key] = Place(column=column, key=key, people=people[key], x=x, y=y, height=height)
                y += height + GAP
    return places


def _between(flows: Sequence[Flow], places: dict[_Key, Place], column: int) -> list[Ribbon]:
    """Return the ribbons from one column to the next. Each takes its share of both places, from the top down."""
    people: Counter[tuple[str, str]] = Counter()
    for flow in flows:
        keys = _keys(flow)
        people[keys[column], keys[column + 1]] += flow.people
    before, after = (list(order) for order in _orders()[column : column + 2])
    left: Counter[str] = Counter()
    right: Counter[str] = Counter()
    drawn = []
    for start, end in sorted(people, key=lambda pair: (before.index(pair[0]), after.index(pair[1]))):
        count = people[start, end]
        one, other = places[column, start], places[column + 1, end]
        top, bottom = _span(one, left[start], count)
        far_top, far_bottom = _span(other, right[end], count)
        left[start] += count
        right[end] += count
        drawn.append(Ribbon(key=end, path=_path(column, top, bottom, far_top, far_bottom)))
    return drawn


def _span(place: Place, taken: int, count: int) -> tuple[float, float]:
    top = place.y + place.height * taken / place.people
    return top, max(top + THINNEST, place.y + place.height * (taken + count) / place.people)


def _path(column: int, top: float, bottom: float, far_top: float, far_bottom: float) -> str:
    x, far = COLUMNS[column] + WIDE, COLUMNS[column + 1]
    middle = (x + far) / 2
    return (
        f"M{x:g} {top:.1f}C{middle:g} {top:.1f} {middle:g} {far_top:.1f} {far:g} {far_top:.1f}"
        f"V{far_bottom:.1f}C{middle:g} {far_bottom:.1f} {middle:g} {bottom:.1f} {x:g} {bottom:.1f}Z"
    )
