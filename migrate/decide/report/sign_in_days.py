"""Count the attempts of the sign-in log by day: asked for MFA, not asked, and not said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from migrate.model.report import DayOfSignIns, SignInDays
from migrate.model.sign_ins import SeenAs, SignInClass, SignInSource

DAYS = 90
"""How many days the picture shows at most: the latest."""
_COUNTED = frozenset({SignInClass.OK, SignInClass.INTERRUPT})
_HOURS = 24


def sign_in_days(sources: Sequence[SignInSource], people: Iterable[SeenAs]) -> SignInDays | None:
    """Return the days of the readings; None where no log was read, which says nothing about anybody."""
    if not sources:
        return None
    counts: dict[int, list[int]] = {}
    for one in people:
        if one.kind.outcome in _COUNTED:
            place = {True: 0, False: 1, None: 2}[one.kind.was_asked]
            for hour, attempts in one.seen.hours:
                counts.setdefault(hour // _HOURS, [0, 0, 0])[place] += attempts
    shown = sorted(counts)[-DAYS:]
    return SignInDays(
        since=min(source.since for source in sources),
        until=max(source.until for source in sources),
        complete=all(source.complete and not source.holes for source in sources),
        days=tuple(
            DayOfSignIns(day=_day(day), asked=counts[day][0], not_asked=counts[day][1], unknown=counts[day][2])
            for day in shown
        ),
    )


def _day(number: int) -> str:
    return datetime.fromtimestamp(number * _HOURS * 3600, UTC).date().isoformat()
