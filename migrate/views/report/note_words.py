"""What the plan notes, in other languages than its own: the code chooses the sentence, the facts fill it in.

The words stand in `templates/notes.<language>.toml`. A note that cannot be told whole stays in the plan's own words.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from migrate.model.plan import NotePart, PlanNote
from migrate.views.report.naming import Naming
from migrate.views.report.words import TEMPLATES, Words

_DAYS = ("until", "since")


def note_in_language(note: PlanNote, naming: Naming, say: Words) -> str | None:
    """Return a note in the language of the page; None where that has no words for it, or facts are missing."""
    words = _words(say.language.value)
    sentence = _sentence(words.get("note", {}).get(note.code), note.parts)
    also = note.parts.get("also", ())
    further = [words.get("also", {}).get(key) for key in ([also] if isinstance(also, str | int) else also)]
    if sentence is None or None in further:
        return None
    facts = {name: _told(name, part, note.parts, naming, say) for name, part in note.parts.items()}
    try:
        return " ".join([sentence, *map(str, further)]).format_map(facts)
    except KeyError:
        return None  # a plan of an older version, which kept no facts


def _sentence(found: str | Mapping[str, str] | None, parts: Mapping[str, NotePart]) -> str | None:
    """Return the sentence for one, for many, or for a note that counts nobody."""
    if found is None or isinstance(found, str):
        return found
    number = parts.get("n")
    return found.get("none_named" if number is None else "one" if number == 1 else "many")


def _told(name: str, part: NotePart, parts: Mapping[str, NotePart], naming: Naming, say: Words) -> str:
    if isinstance(part, int):
        return say.number(part)
    if isinstance(part, tuple):
        shown = ", ".join(map(naming.policy if name == "policies" else naming.text, part))
        number = parts.get("n")
        more = number - len(part) if name == "names" and isinstance(number, int) else 0
        return _words(say.language.value)["and_more"].format(names=shown, more=say.number(more)) if more > 0 else shown
    if name == "gap":
        return naming.gap(part)
    if name in _DAYS:
        return say.moment(part) if "T" in part else say.day(part)
    return f"„{naming.policy(part)}“" if name == "policy" else naming.text(part)


@cache
def _words(language: str) -> dict[str, Any]:
    path = TEMPLATES / f"notes.{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
