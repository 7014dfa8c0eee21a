"""Who was seen to succeed with a legacy client, by ROPC or by device code, and when last, and who from outside."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.decide.sign_ins.words import ways_of
from migrate.model.sign_ins import Form, SeenAs, SignInClass, SignInSource, WayIn, WaysSeen

_KNOWN = (SignInClass.OK, SignInClass.INTERRUPT, SignInClass.AFTER_CHANGE)
"""What became of sign-ins with the right password; others may be anybody's."""


def ways_seen(sources: Iterable[SignInSource], people: Iterable[SeenAs]) -> WaysSeen | None:
    """Return what the log shows of these ways; None where no log was read, which says nothing about anybody.

    What one of the sources has lost, nobody may conclude from; so `lost` holds what any of them lacks.
    """
    known = list(sources)
    if not known:
        return None
    last: dict[str, dict[WayIn, int]] = {}
    outside: set[str] = set()
    for one in people:
        if one.kind.form is Form.INTERACTIVE and one.kind.outcome in _KNOWN and one.kind.places == ():
            outside.add(one.user_id)
        if one.kind.outcome is not SignInClass.OK:
            continue
        for way in ways_of(one.kind):
            ways = last.setdefault(one.user_id, {})
            ways[way] = max(ways.get(way, 0), one.seen.last)
    lost = {coordinate for source in known for coordinate in source.lost}
    return WaysSeen(
        since=min(source.since for source in known),
        until=max(source.until for source in known),
        holes=sum(len(source.holes) for source in known),
        lost=tuple(sorted(lost)),
        last=last,
        outside=frozenset(outside),
    )
