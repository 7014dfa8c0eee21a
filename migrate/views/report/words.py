"""The report's sentences in each language: `templates/words.<language>.toml`, one key a sentence, numbers set apart."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from migrate.model.instants import moment_of
from migrate.model.words import lasting

TEMPLATES = Path(__file__).parent / "templates"
_CODE = re.compile(r"`([^`]+)`")


class Language(StrEnum):
    """What the report can be written in."""

    EN = "en"
    DE = "de"


class Words:
    """Finds sentences and fills them in."""

    def __init__(self, language: Language) -> None:
        """Load the sentences of a language."""
        self.language = language
        text = (TEMPLATES / f"words.{language.value}.toml").read_text(encoding="utf-8")
        self._words: dict[str, str] = dict(_flat(tomllib.loads(text)))
        self._thousands = self._words["thousands"]

    def __call__(self, key: str, **facts: object) -> str:
        """Return a sentence. Whole numbers get their thousands set apart; with `n`, none and one may have their own."""
        n = facts.get("n")
        if n == 0 and f"{key}.none" in self._words:
            key = f"{key}.none"
        elif n == 1 and f"{key}.one" in self._words:
            key = f"{key}.one"
        elif f"{key}.many" in self._words:
            key = f"{key}.many"
        return self._words[key].format_map({name: self._said(value) for name, value in facts.items()})

    def rich(self, key: str, **facts: object) -> Markup:
        """Return a sentence as HTML: whatever is filled in stays text, and what stands between backticks is code."""
        return coded(self(key, **facts))

    def number(self, value: int) -> str:
        """Return a number with its thousands set apart."""
        return f"{value:,}".replace(",", self._thousands)

    def moment(self, text: str) -> str:
        """Return a moment as people of this language read it, in UTC; a text that names none as it is."""
        known = moment_of(text)
        return text if known is None else known.strftime(self._words["moment"])

    def day(self, text: str) -> str:
        """Return an ISO date as people of this language read it."""
        known = moment_of(text)
        return text if known is None else known.strftime(self._words["day"])

    def _said(self, value: object) -> str:
        return self.number(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def coded(text: str) -> Markup:
    """Return a text as HTML in which what stands between backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def lasting_words(seconds: int, say: Words) -> str:
    """Return a length of time in its largest whole unit, in the page's language."""
    number, _, unit = lasting(seconds).partition(" ")
    name = unit.removesuffix("s")
    return f"{number} {say(f'unit.{name}', n=int(number))}"


def _flat(table: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
