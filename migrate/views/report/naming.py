"""How the report calls people, policies, places and the tenant: as they are called, or by stand-ins.

Stand-ins are made of parts, never by looking for names inside sentences: what is free text is left out.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Protocol

from migrate.model.coverage import GapKind
from migrate.model.report import ExceptionFacts, ExceptionKind, Person
from migrate.model.snapshot import Organization
from migrate.model.waves import wave_name_of
from migrate.views.notices.wave_words import wave_name_in
from migrate.views.report.words import Words
from migrate.views.visible import is_plain, visible

DOMAIN = "example.com"
"""Behind the @ of a person's stand-in."""


class Naming(Protocol):
    """Gives the names that are shown."""

    is_anonymous: bool

    def know(self, user_ids: Iterable[str]) -> None:
        """Hear who stands in the table, before anybody is named."""
        ...

    def tenant(self, organization: Organization) -> str:
        """Return how the tenant is called."""
        ...

    def person(self, user_id: str, name: str) -> str:
        """Return how a person is called."""
        ...

    def people(self, people: Iterable[Person]) -> list[str]:
        """Return how each of many is called."""
        ...

    def policy(self, name: str) -> str:
        """Return how a policy is called."""
        ...

    def wave(self, number: int, name: str) -> str:
        """Return how a wave is called."""
        ...

    def gap(self, tag: str) -> str:
        """Return how an open region is called."""
        ...

    def operator(self, name: str) -> str:
        """Return how somebody is called who works with the tool, or decided something."""
        ...

    def text(self, text: str) -> str:
        """Return a text that somebody wrote freely."""
        ...


class AsCalled:
    """Everything as it is called; what cannot be seen is spelled out."""

    is_anonymous = False

    def __init__(self, say: Words, places: Mapping[str, str]) -> None:
        """Take the language, for the names that this tool gives, and the names of places by their ids."""
        self._say, self._places = say, places

    def know(self, user_ids: Iterable[str]) -> None:
        """Nobody needs a number."""

    def tenant(self, organization: Organization) -> str:
        """Return the tenant's name and domain."""
        return visible(f"{organization.display_name} ({organization.default_domain})")

    def person(self, user_id: str, name: str) -> str:
        """Return the sign-in name, or the id where there is none."""
        return visible(name or user_id)

    def people(self, people: Iterable[Person]) -> list[str]:
        """Return the sign-in name of each, or the id. One look at all of them tells whether each needs one."""
        names = [person.user_principal_name or person.user_id for person in people]
        return names if is_plain("".join(names)) else list(map(visible, names))

    def policy(self, name: str) -> str:
        """Return the display name."""
        return visible(name)

    def wave(self, number: int, name: str) -> str:  # noqa: ARG002 - as Naming says
        """Return the wave's name in the page's language."""
        return visible(wave_name_in(name, self._say.language.value))

    def gap(self, tag: str) -> str:
        """Return the kind of region in words, with its value."""
        kind, _, value = tag.partition(":")
        words = _gap_words(kind, self._say)
        return visible(f"{words}: {self._places.get(value.lower(), value)}" if value else words)

    def operator(self, name: str) -> str:
        """Return the name."""
        return visible(name)

    def text(self, text: str) -> str:
        """Return the text."""
        return visible(text)


class StandIns:
    """Stand-ins for what names the tenant or anybody in it. Their numbers follow a keyed hash, not the alphabet."""

    is_anonymous = True

    def __init__(self, say: Words, key: bytes) -> None:
        """Take the language and the key, which stays in the working folder."""
        self._say, self._key = say, key
        self._people: dict[str, int] = {}
        self._others: dict[tuple[str, str], int] = {}

    def know(self, user_ids: Iterable[str]) -> None:
        """Number those who stand in the table in the order of the keyed hash of their ids."""
        ordered = sorted(user_ids, key=lambda user_id: hmac.new(self._key, user_id.encode(), hashlib.sha256).digest())
        self._people = {user_id: number for number, user_id in enumerate(ordered, start=1)}

    def tenant(self, organization: Organization) -> str:  # noqa: ARG002 - as Naming says
        """Return one name for every tenant."""
        return self._say("standin.tenant")

    def person(self, user_id: str, name: str) -> str:
        """Return a numbered name."""
        number = self._people.setdefault(user_id or name, len(self._people) + 1)
        return f"{self._say('standin.person')}-{number:05d}@{DOMAIN}"

    def people(self, people: Iterable[Person]) -> list[str]:
        """Return the numbered name of each."""
        return [self.person(one.user_id, one.user_principal_name) for one in people]

    def policy(self, name: str) -> str:
        """Return a numbered name."""
        return self._numbered("policy", name)

    def wave(self, number: int, name: str) -> str:
        """Return the wave's name where this tool gave it."""
        own = wave_name_of(name) is None
        return self._say("standin.wave", number=number) if own else wave_name_in(name, self._say.language.value)

    def gap(self, tag: str) -> str:
        """Return the kind of region, its value left out: it may be the id of a place or an application."""
        kind, _, value = tag.partition(":")
        words = _gap_words(kind, self._say)
        return f"{words}: {self._numbered('value', value)}" if value else words

    def operator(self, name: str) -> str:
        """Return a numbered name."""
        return self._numbered("operator", name) if name else ""

    def text(self, text: str) -> str:
        """Return only that there was something."""
        return self._say("standin.text") if text else ""

    def _numbered(self, kind: str, name: str) -> str:
        known = self._others.get((kind, name))
        if known is None:
            known = sum(other == kind for other, _ in self._others) + 1
            self._others[kind, name] = known
        return f"{self._say(f'standin.{kind}')} {known}"


def exception_subject(fact: ExceptionFacts, naming: Naming) -> str:
    """Return who or what an exception is about; empty where it names nobody."""
    match fact.kind:
        case ExceptionKind.ACCEPTED_GAP:
            return naming.gap(fact.subject)
        case ExceptionKind.UNCOVERED | ExceptionKind.BASELINE_ANSWER:
            return ""
        case _:
            return naming.person(fact.subject_id, fact.subject) if fact.subject_id else ""


def _gap_words(kind: str, say: Words) -> str:
    return say(f"gap.{kind}") if kind in set(GapKind) else kind
