"""How times are written for people: UTC to the minute, and on a terminal what a clock here shows, in brackets."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from migrate.model.instants import minute_utc
from migrate.model.now import Moment
from migrate.model.words import counted

ToLocal = Callable[[datetime], datetime]
"""Returns a moment in the zone of whoever reads."""

_SHOWN = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d) UTC(?! \()")


def with_local_times(text: str, to_local: ToLocal | None) -> str:
    """Return the text with the local time after each time in UTC; the day too where it is another one there."""
    if to_local is None:
        return text

    def both(found: re.Match[str]) -> str:
        moment = datetime.strptime(found[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        local = to_local(moment)
        if not local.utcoffset():
            return found[0]
        form = "%H:%M" if local.date() == moment.date() else "%Y-%m-%d %H:%M"
        return f"{found[0]} ({local.strftime(form)} here)"

    return _SHOWN.sub(both, text)


def said_moment(moment: Moment) -> str:
    """Return the moment that an answer is true for: the export, and what this tool did since."""
    if moment.live:
        return f"read from the tenant at {minute_utc(moment.exported_at)}"
    said = f"export of {minute_utc(moment.exported_at)}"
    if moment.changes:
        said += f", and {counted(moment.changes, 'change')} by this tool until {minute_utc(moment.until)}"
    if moment.in_doubt:
        said += f"; of {moment.in_doubt} nobody knows yet what became of a change (`mfa-migrate apply` settles it)"
    return said
