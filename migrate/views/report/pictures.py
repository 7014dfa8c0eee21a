"""The other pictures as numbers from 0 to 100: bars of waves, reasons and methods, and the lines of sign-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from migrate.model.capability import SMS_VOICE_END
from migrate.model.instants import moment_of
from migrate.model.record import Record
from migrate.model.report import DayOfSignIns, HeldFacts, ReportFacts, Strongest, WaveFacts
from migrate.views.report.naming import Naming
from migrate.views.report.words import Words

LEAST = 0.6
"""The least width of a bar of somebody, in per cent."""
_IN_ORDER = (
    Strongest.SMS_VOICE,
    Strongest.NONE,
    Strongest.CODE,
    Strongest.APP,
    Strongest.PASSKEY,
    Strongest.OTHER,
    Strongest.NOT_IN_REPORT,
)
"""Whom the end of text messages and calls concerns comes first."""


class Piece(Record, frozen=True, kw_only=True):
    """A piece of a bar."""

    key: str
    words: str
    people: int
    x: float
    width: float


class Bar(Record, frozen=True, kw_only=True):
    """A row with a bar."""

    title: str
    people: int
    pieces: Sequence[Piece]
    cells: Sequence[str] = ()


class Line(Record, frozen=True, kw_only=True):
    """A line over the days."""

    key: str
    points: str


class Lines(Record, frozen=True, kw_only=True):
    """The picture of the sign-in log."""

    lines: Sequence[Line]
    marks: Sequence[tuple[float, str]]
    """Where waves began, and their numbers."""
    most: int
    first: str
    last: str


def bar_of(title: str, outcomes: Mapping[str, int], total: int, say: Words, cells: Sequence[str] = ()) -> Bar:
    """Return a bar whose pieces are outcomes, as long as its people are of the largest one's."""
    pieces, x = [], 0.0
    for key, people in outcomes.items():
        width = max(LEAST, 100 * people / total) if total else 0.0
        pieces.append(Piece(key=key, words=say(f"outcome.{key}"), people=people, x=x, width=min(width, 100 - x)))
        x = min(100.0, x + width)
    return Bar(title=title, people=sum(outcomes.values()), pieces=pieces, cells=cells)


def wave_bars(facts: ReportFacts, naming: Naming, say: Words) -> list[Bar]:
    """Return the second picture."""
    most = max((sum(wave.outcomes.values()) for wave in facts.waves), default=0)
    return [
        bar_of(
            f"{wave.number} {naming.wave(wave.number, wave.name)}",
            wave.outcomes,
            most,
            say,
            cells=(_when(wave, naming, say), _said(wave.outcomes, say)),
        )
        for wave in facts.waves
    ]


def _when(wave: WaveFacts, naming: Naming, say: Words) -> str:
    if wave.began:
        began, ended = say.moment(wave.began), say.moment(wave.ended)
        return began if began == ended else f"{began} – {ended}"
    planned = [say("wave.from", at=say.moment(wave.not_before))] if wave.not_before else []
    planned += [say("wave.between", hours=naming.text(wave.hours))] if wave.hours else []
    return "; ".join(planned) or say("wave.any")


def _said(outcomes: Mapping[str, int], say: Words) -> str:
    said = ", ".join(f"{say.number(people)} {say(f'outcome.{key}')}" for key, people in outcomes.items())
    return said or say("wave.nobody")


def held_bars(held: Sequence[HeldFacts], naming: Naming, say: Words) -> list[Bar]:
    """Return the third picture."""
    most = max((group.people for group in held), default=0)
    return [
        bar_of(
            say(f"hold.{group.reason.value}"), {"held": group.people}, most, say, cells=(_names(group, naming, say),)
        )
        for group in held
    ]


def _names(group: HeldFacts, naming: Naming, say: Words) -> str:
    names = [naming.person(user_id, name) for user_id, name in zip(group.user_ids, group.names, strict=True)]
    more = group.people - len(names)
    return ", ".join([*names, *([say("held.more", n=more)] if more else [])])


def method_bars(facts: ReportFacts, say: Words) -> list[Bar]:
    """Return the fourth picture."""
    counts = facts.totals.by_strongest
    most = max(counts.values(), default=0)
    bars = []
    for kind in _IN_ORDER:
        people = counts.get(kind, 0)
        if people or kind is Strongest.SMS_VOICE:
            width = max(LEAST, 100 * people / most) if people else 0.0
            piece = Piece(key=kind.value, words=say(f"strongest.{kind.value}"), people=people, x=0.0, width=width)
            bars.append(Bar(title=piece.words, people=people, pieces=(piece,)))
    return bars


def days_left(facts: ReportFacts) -> int:
    """Return the days from the report's own time to the end of text messages and calls; 0 when it has come."""
    made = moment_of(facts.made_at)
    return 0 if made is None else max(0, (date.fromisoformat(SMS_VOICE_END) - made.date()).days)


def sign_in_lines(facts: ReportFacts) -> Lines | None:
    """Return the fifth picture; None where no log was read, or none of its attempts counts."""
    days = () if facts.sign_ins is None else facts.sign_ins.days
    if not days:
        return None
    first, last = date.fromisoformat(days[0].day), date.fromisoformat(days[-1].day)
    span = max(1, (last - first).days)
    most = max(max(day.asked, day.not_asked) for day in days) or 1

    def points(number: str) -> str:
        return " ".join(
            f"{100 * (date.fromisoformat(day.day) - first).days / span:.2f},{100 - 100 * _of(day, number) / most:.2f}"
            for day in days
        )

    marks: dict[float, list[str]] = {}
    for wave in facts.waves:
        began = moment_of(wave.began) if wave.began else None
        if began is not None and first <= began.date() <= last:
            marks.setdefault(round(100 * (began.date() - first).days / span, 2), []).append(str(wave.number))
    return Lines(
        lines=[Line(key="asked", points=points("asked")), Line(key="notAsked", points=points("notAsked"))],
        marks=[(x, ", ".join(numbers)) for x, numbers in sorted(marks.items())],
        most=most,
        first=days[0].day,
        last=days[-1].day,
    )


def _of(day: DayOfSignIns, number: str) -> int:
    return day.asked if number == "asked" else day.not_asked
