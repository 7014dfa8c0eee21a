"""What accepting gaps by name would mean. It closes nothing, so it is no remedy and stands last."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.decide.advice.people import SAMPLE, Cell, Counted, People
from migrate.model.advice import Acceptance
from migrate.model.coverage import Coverage, Gap, GapKind, Verdict

NEVER_ACCEPTED = frozenset(
    {"clientAppType:other", "clientAppType:exchangeActiveSync", "app:other", GapKind.EVERYTHING.value}
)
"""Gaps that nobody is advised to accept: legacy clients take a password, and the others are nearly every sign-in."""
MOST_GAPS = 3
SHOWN = 10


def acceptances_of(people: People, accepted: frozenset[str]) -> tuple[Acceptance, ...]:
    """Return small sets of gaps with whom they would let the plan migrate, the most people first.

    `accepted` are the tags that the configuration accepts already.
    """
    waiting = [(cell, counted, people.coverage_of(cell.sort)) for cell, counted in people.uncovered]
    sets: dict[tuple[str, ...], dict[str, str]] = {}
    for _, _, coverage in waiting:
        gaps = _to_accept(coverage, accepted)
        if gaps is not None:
            sets.setdefault(tuple(sorted({gap.tag for gap in gaps})), {}).update((gap.tag, gap.words) for gap in gaps)
    found = (_acceptance(tags, words, waiting, accepted) for tags, words in sets.items())
    return tuple(sorted(found, key=lambda one: (-one.people, len(one.gaps), one.gaps))[:SHOWN])


def _to_accept(coverage: Coverage, accepted: frozenset[str]) -> tuple[Gap, ...] | None:
    """Return the gaps that would have to be accepted for a verdict to be enough; None where that is not advised."""
    if coverage.verdict is not Verdict.PARTLY:
        return None
    gaps = tuple(gap for gap in coverage.gaps if not gap.is_accepted(accepted))
    tags = {gap.tag for gap in gaps}
    if not tags or len(tags) > MOST_GAPS or tags & NEVER_ACCEPTED or any(":" not in tag for tag in tags):
        return None
    return gaps if coverage.is_proven(accepted | tags) else None


def _acceptance(
    tags: tuple[str, ...],
    words: dict[str, str],
    waiting: Iterable[tuple[Cell, Counted, Coverage]],
    accepted: frozenset[str],
) -> Acceptance:
    people, sample = 0, []
    for _, counted, coverage in waiting:
        if coverage.is_proven(accepted | set(tags)):
            people += counted.people
            sample += counted.sample
    return Acceptance(
        gaps=tags, words=tuple(words[tag] for tag in tags), people=people, sample=tuple(sorted(sample)[:SAMPLE])
    )
