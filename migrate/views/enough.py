"""What alone would make one person covered, in `explain`: each step with what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase
from typing import Any

from migrate.model.advice import Enough, EnoughStep, LeaveGroup
from migrate.model.cells import joined
from migrate.model.words import counted
from migrate.views.advise import effect_lines_alone, inside_words, seen_since
from migrate.views.remedies import is_for_the_portal, remedy_words

SHOWN = 6


def enough_lines(enough: Enough) -> Iterator[str]:
    """Yield the steps, any one of which is enough, or why there is none to name."""
    yield ""
    if enough.unknown:
        yield f"  What would be enough is not said: {enough.unknown.rstrip('.')}."
    elif enough.planned:
        yield "  Enough: the policies that the configuration asks for; `mfa-migrate plan` shows them."
    elif not enough.steps:
        yield "  No single step that may be proposed is enough; `mfa-migrate advise` compares sets of several."
    else:
        yield "  Enough to make this person safe, any one of:"
        for letter, step in zip(ascii_lowercase, enough.steps[:SHOWN], strict=False):
            yield f"    ({letter}) {_words(step)}"
            yield from (f"        {line}" for line in _costs(step))
        if len(enough.steps) > SHOWN:
            yield f"    and {len(enough.steps) - SHOWN} more; `-o json` has all of them."
        if enough.sign_ins_since is not None and any(step.effect is not None for step in enough.steps):
            yield f"    {seen_since(enough.sign_ins_since)}"


def enough_document(enough: Enough) -> dict[str, Any]:
    """Return them for JSON."""
    return {
        "planned": enough.planned,
        "unknown": enough.unknown or None,
        "signInsSince": enough.sign_ins_since,
        "anyOf": [
            {
                "do": _words(step),
                "remedy": step.do,
                "inThePortal": isinstance(step.do, LeaveGroup) or is_for_the_portal(step.do),
                "numbers": None if step.effect is None else step.effect.numbers,
                "newlyRequired": None if step.effect is None else step.effect.newly_required,
                "mayBeBlocked": None if step.effect is None else step.effect.may_be_blocked,
                "leaving": step.leaving or None,
                "inExclusion": step.inside,
            }
            for step in enough.steps
        ],
    }


def _words(step: EnoughStep) -> str:
    if isinstance(step.do, LeaveGroup):
        return f"take {step.do.member!r} out of group {step.do.group!r}"
    return remedy_words(step.do)


def _costs(step: EnoughStep) -> Iterator[str]:
    if isinstance(step.do, LeaveGroup):
        whom = "nobody else" if step.leaving == 1 else f"{counted(step.leaving - 1, 'other')} too"
        yield f"concerns {whom}; {joined(step.do.excluded_from)} excludes by it"
    if step.effect is not None:
        yield from effect_lines_alone(step.effect)
    if step.inside is not None:
        yield inside_words(step.inside)
