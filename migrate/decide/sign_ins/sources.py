"""Which part of the log a reading is about, so that no sign-in is ever counted twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

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
"""An hour without a row is silent where the hours before and after it have so many attempts."""


def silent_hours(people: Iterable[SeenAs]) -> tuple[Hole, ...]:
    """Return the hours in which nobody at all signed in, between two in which many did."""
    by_hour: dict[Form, dict[int, int]] = {form: {} for form in Form}
    for one in people:
        counts = by_hour[one.kind.form]
        for hour, number in one.seen.hours:
            counts[hour] = counts.get(hour, 0) + number
        # A row that ends no attempt shows that the hour is there, too.
        for moment in (one.seen.first, one.seen.last):
            counts.setdefault(moment // 3600, 0)
    return tuple(
        Hole(form=form, since=_iso(hour), until=_iso(hour + 1), why=HoleWhy.SILENT)
        for form, counts in by_hour.items()
        for hour in sorted(counts)
        for hour in (hour + 1,)
        if hour not in counts and counts[hour - 1] >= _LIVELY and counts.get(hour + 1, 0) >= _LIVELY
    )


def _iso(hour: int) -> str:
    return iso_utc(datetime.fromtimestamp(hour * 3600, UTC))
