"""Which part of the log a reading is about, so that no sign-in is ever counted twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from migrate.errors import UsageProblem
from migrate.model.instants import iso_utc
from migrate.model.record import Record
from migrate.model.sign_ins import Form, Hole, HoleWhy, SeenAs, SignInSource, SourceFormat

LATENCY = timedelta(minutes=15)
"""The log is read up to so long ago: later rows may still be on their way."""
KEPT_DAYS = 30
"""Entra keeps sign-ins so long with P1 or P2 (page "Data retention")."""
USUAL_DAYS = 14
"""What the comparison before and after a wave asks for."""


class Window(Record, frozen=True, kw_only=True):
    """A part of the log."""

    since: datetime
    until: datetime


def window_for(*, days: int | None, since: str | None, until: str | None, now: datetime) -> Window:
    """Return what was asked for, whole minutes, in UTC.

    Raises:
        UsageProblem: It is no window, or one that the log cannot hold.
    """
    latest = (now - LATENCY).replace(second=0, microsecond=0)
    if days is not None and since is not None:
        raise UsageProblem("--days and --since are both given.", hint="Leave one of them away.")
    end = latest if until is None else min(_moment(until, "--until"), latest)
    begin = end - timedelta(days=days or USUAL_DAYS) if since is None else _moment(since, "--since")
    begin = max(begin, (now - timedelta(days=KEPT_DAYS)).replace(second=0, microsecond=0))
    if begin >= end:
        raise UsageProblem(
            f"From {iso_utc(begin)} to {iso_utc(end)} there is nothing to read.",
            hint=f"The log reaches back {KEPT_DAYS} days, and ends {LATENCY.seconds // 60} minutes ago.",
        )
    return Window(since=begin, until=end)


def _moment(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageProblem(
            f"{option} takes a day or a moment, not {text!r}.", hint="Such as 2026-11-24 or 2026-11-24T08:00:00Z."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(second=0, microsecond=0)


def begun_before(sources: Mapping[int, SignInSource]) -> int | None:
    """Return the number of a reading from Graph that is not complete or has hours to ask for again."""
    for number, source in sources.items():
        failed = any(hole.why is HoleWhy.FAILED for hole in source.holes)
        if source.form is SourceFormat.GRAPH and (failed or not source.complete):
            return number
    return None


def after_earlier(window: Window, forms: Iterable[Form], sources: Mapping[int, SignInSource]) -> Window:
    """Return the window without what was read before.

    Raises:
        UsageProblem: All of it was read, or an earlier reading lies in the middle of it.
    """
    since = window.since
    wanted = set(forms)
    for number, source in sorted(sources.items(), key=lambda pair: pair[1].since):
        begin, end = datetime.fromisoformat(source.since), datetime.fromisoformat(source.until)
        if not wanted & set(source.forms) or end <= since or begin >= window.until:
            continue
        if begin > since or end >= window.until:
            raise twice(number, source)
        since = end
    return Window(since=since, until=window.until)


def refuse_twice(source: SignInSource, sources: Mapping[int, SignInSource]) -> None:
    """Raise UsageProblem where an earlier reading holds a part of the same window."""
    begin, end = datetime.fromisoformat(source.since), datetime.fromisoformat(source.until)
    for number, other in sources.items():
        if set(source.forms) & set(other.forms) and (
            begin <= datetime.fromisoformat(other.until) and datetime.fromisoformat(other.since) <= end
        ):
            raise twice(number, other)


def twice(number: int, source: SignInSource) -> UsageProblem:
    """Return the refusal to count sign-ins twice."""
    return UsageProblem(
        f"Reading {number} holds {source.since} to {source.until} already; sign-ins would be counted twice.",
        hint=f"Forget it first: mfa-migrate sign-ins forget {number}",
    )


def numbered(text: str, sources: Mapping[int, SignInSource]) -> int:
    """Return the number of the reading that somebody names. Raises UsageProblem where there is none."""
    if not re.fullmatch(r"\d{1,9}", text) or int(text) not in sources:
        known = ", ".join(map(str, sources)) or "none"
        raise UsageProblem(f"There is no reading {text!r}.", hint=f"There are: {known}. See mfa-migrate sign-ins show.")
    return int(text)


_LIVELY = 10
"""Hours without a row are silent where the hours before and after them have so many attempts."""
_LULL = 3
"""So many quiet hours between two lively ones are no night yet."""
_DAY_HOURS = 24


class HoursSeen:
    """How lively each hour of the log is, taken in person by person."""

    def __init__(self) -> None:
        self._counts: dict[Form, dict[int, int]] = {form: {} for form in Form}

    def note(self, one: SeenAs) -> None:
        """Take in one person in one kind."""
        counts = self._counts[one.kind.form]
        for hour, number in one.seen.hours:
            counts[hour] = counts.get(hour, 0) + number
        # A row that ends no attempt shows that the hour is there, too.
        for moment in (one.seen.first, one.seen.last):
            counts.setdefault(moment // 3600, 0)

    def silent(self, form: Form) -> Iterator[int]:
        """Yield the hours since 1970 in which nobody at all signed in although many did around them.

        A few quiet hours between two lively ones are silent; more of them may be a night, and are silent where the
        same hour was lively on the day before and on the day after.
        """
        counts = self._counts[form]
        for before, after in pairwise(sorted(counts)):
            quiet = range(before + 1, after)
            if not 0 < len(quiet) < _DAY_HOURS or min(counts[before], counts[after]) < _LIVELY:
                continue
            yield from (hour for hour in quiet if len(quiet) <= _LULL or self._is_usually_lively(counts, hour))

    @staticmethod
    def _is_usually_lively(counts: Mapping[int, int], hour: int) -> bool:
        return all(counts.get(hour + day, 0) >= _LIVELY for day in (-_DAY_HOURS, _DAY_HOURS))


def silent_hours(people: Iterable[SeenAs]) -> tuple[Hole, ...]:
    """Return the hours in which nobody at all signed in, between two in which many did, joined where they touch."""
    seen = HoursSeen()
    for one in people:
        seen.note(one)
    return tuple(
        Hole(form=form, since=_iso(begin), until=_iso(end), why=HoleWhy.SILENT)
        for form in Form
        for begin, end in _joined(seen.silent(form))
    )


def missing_hours(form: Form, sources: Iterable[SignInSource], seen: HoursSeen, *, since: int) -> tuple[int, ...]:
    """Return the hours since 1970 of which the log says nothing, from one on to the end of what was read.

    That is what no reading was about, what a reading has not come to, its holes, and hours that are silent.
    """
    about = [source for source in sources if form in source.forms]
    read: set[int] = set()
    for source in about:
        end = source.until if source.complete else source.done.get(form, source.since)
        # Files end with their last row: the hour that it lies in counts as read.
        read.update(range(_hour(source.since), -(-_seconds(end) // 3600)))
    for source in about:
        for hole in source.holes:
            if hole.form is form:
                read.difference_update(range(_hour(hole.since), -(-_seconds(hole.until) // 3600)))
    last = max((-(-_seconds(source.until) // 3600) for source in about), default=since)
    silent = set(seen.silent(form))
    return tuple(hour for hour in range(since, last) if hour not in read or hour in silent)


def _joined(hours: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield beginning and end of each run of hours, which come in order."""
    begin = end = None
    for hour in hours:
        if begin is not None and end is not None and hour == end:
            end = hour + 1
            continue
        if begin is not None and end is not None:
            yield begin, end
        begin, end = hour, hour + 1
    if begin is not None and end is not None:
        yield begin, end


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


def _hour(moment: str) -> int:
    return _seconds(moment) // 3600


def _iso(hour: int) -> str:
    return iso_utc(datetime.fromtimestamp(hour * 3600, UTC))
