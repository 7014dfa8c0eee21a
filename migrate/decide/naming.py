"""Find people and waves by what a reader calls them: whole names, parts of names, and near misses.

Verbs that only read take parts of names. Whatever writes takes whole names that are unique, and a wave's exact name.
"""

from __future__ import annotations

import difflib
import heapq
import operator
import re
import unicodedata
from collections.abc import Iterable, Sequence

from migrate.errors import UsageProblem
from migrate.model.plan import Wave
from migrate.model.record import Record

SHOWN = 10
"""How many people an error lists when a name fits several."""
NEAR = 3
"""How many near misses are proposed."""
LIKENESS = 0.72
"""How like a name must be to be proposed, from 0 to 1."""
SHORT = 3
"""Letters of a name that is proposed also where one of them is another: by `LIKENESS` none of these would be."""


class Person(Record, frozen=True, kw_only=True):
    """Somebody who can be named."""

    id: str
    user_principal_name: str
    display_name: str | None = None

    def __str__(self) -> str:
        """Return `ada@contoso.example (Ada Berg)`."""
        named = self.user_principal_name or self.id
        return f"{named} ({self.display_name})" if self.display_name else named


class Lookup(Record, frozen=True, kw_only=True):
    """Who a name may stand for."""

    fitting: tuple[Person, ...]
    """Those whom it fits best, by id; more than one cannot be told apart. At most `SHOWN` of them."""
    count: int
    """How many it fits as well."""
    near: tuple[Person, ...]
    """Those whose names are like it, the likest first, where it fits nobody."""


NOBODY = Lookup(fitting=(), count=0, near=())


def people_called(name: str, people: Iterable[Person], *, whole: bool = False) -> Lookup:
    """Return whom a name fits: a whole id, user principal name, name before its @ or display name, else beginnings.

    A name with an @ and one that is an id are never taken for a part of another. The case of letters counts nowhere.
    With `whole`, no beginning counts at all: for what writes.
    """
    wanted = plain(name)
    is_id = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", wanted) is not None
    whole_only = whole or is_id or "@" in wanted
    words = words_of(wanted)
    exact, partly = _Fitting(), _Fitting()
    like: list[tuple[float, str, Person]] = []
    # Domains are alike in a whole tenant, and ids by chance: neither makes two names alike.
    compared = "" if is_id else wanted.partition("@")[0]
    matcher = difflib.SequenceMatcher(b=compared)
    for person in people:
        names = _names_of(person)
        if wanted in names:
            exact.add(person)
        elif not whole_only and words and begins_words(words, names):
            partly.add(person)
        elif (
            likeness := max(_likeness(matcher, compared, each) for each in ("", *_parts_of(names - {person.id})))
        ) >= LIKENESS:
            like.append((-likeness, person.id, person))
            like = heapq.nsmallest(NEAR, like)
    best = exact if exact.count else partly
    near = () if best.count else tuple(person for _, _, person in like)
    return Lookup(fitting=tuple(sorted(best.people, key=lambda each: each.id)), count=best.count, near=near)


def the_one(name: str, found: Lookup) -> Person | None:
    """Return the only person whom a name fits, None where it fits nobody; raise UsageProblem where it fits several."""
    if found.count == 0:
        return None
    if found.count == 1:
        return found.fitting[0]
    listed = "; ".join(f"{person}, {person.id}" for person in found.fitting)
    more = f"; and {found.count - len(found.fitting)} others" if found.count > len(found.fitting) else ""
    raise UsageProblem(
        f"{name!r} fits {found.count} people: {listed}{more}.", hint="Give the user principal name or the id of one."
    )


def near_hint(found: Lookup) -> str:
    """Return a sentence that proposes the near misses; empty where nothing is near."""
    return f"Near: {', '.join(map(str, found.near))}." if found.near else ""


def wave_number(waves: Sequence[Wave], text: str, *, exact: bool = False) -> int:
    """Return the number of the wave that a number or a name stands for.

    Args:
        waves: The waves of the plan.
        text: What was typed.
        exact: Take no beginning of a name and no other case: for what writes.

    Raises UsageProblem for one that the plan does not have, and for a beginning that fits several.
    """
    if re.fullmatch(r"[0-9]{1,9}", text):
        fitting = [wave for wave in waves if wave.number == int(text)]
    else:
        fitting = [wave for wave in waves if wave.name == text]
        if not fitting and not exact:
            wanted = plain(text)
            fitting = [wave for wave in waves if plain(wave.name) == wanted] or [
                wave for wave in waves if wanted and plain(wave.name).startswith(wanted)
            ]
    if len(fitting) == 1:
        return fitting[0].number
    known = ", ".join(f"{wave.number} {wave.name!r}" for wave in waves) or "none"
    if fitting:
        raise UsageProblem(f"{text!r} fits {len(fitting)} waves.", hint=f"The plan has: {known}.")
    raise UsageProblem(f"The plan has no wave {text if text.isdecimal() else repr(text)}.", hint=f"It has: {known}.")


def stopping_place(waves: Sequence[Wave], text: str) -> str:
    """Return where `apply` stops: report-only, policies-on, or `wave:N` for a number or a wave's exact name.

    A bare number could be meant as a count: a wave's number, and a name that is one, are written behind `wave:`.
    Raises UsageProblem for a place that the plan does not have, and for a name that several waves bear.
    """
    if text in ("report-only", "policies-on"):
        return text
    names = {wave.name for wave in waves}
    kind, _, place = text.partition(":")
    if kind == "wave" and place in names | {str(wave.number) for wave in waves}:
        return f"wave:{wave_number(waves, place, exact=True)}"
    if text in names and not text.isdecimal():
        return f"wave:{wave_number(waves, text, exact=True)}"
    named = "".join(f", or a wave's exact name, such as {wave.name!r}" for wave in waves[:1])
    hint = f"Use report-only, policies-on, wave:1 to wave:{len(waves)}{named}."
    raise UsageProblem(f"--until does not know {text!r}.", hint=hint)


class _Fitting:
    """Those whom a name fits: all are counted, a few are kept."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self.count = 0

    def add(self, person: Person) -> None:
        self.count += 1
        if len(self.people) < SHOWN:
            self.people.append(person)


def plain(text: str) -> str:
    """Return a name as it is compared: without case, in one form of its characters."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def words_of(name: str) -> list[str]:
    """Return the words of a name."""
    return [word for word in re.split(r"[\s._\-+,']+", name) if word]


def _names_of(person: Person) -> set[str]:
    """Return every whole name of a person: id, user principal name, what stands before its @, display name."""
    principal = plain(person.user_principal_name)
    names = {person.id.casefold(), principal, principal.partition("@")[0], plain(person.display_name or "")}
    return names - {""}


def begins_words(words: Sequence[str], names: Iterable[str]) -> bool:
    """Tell whether each word begins a word of one of the names."""
    return any(
        all(any(word.startswith(wanted) for word in words_of(name.partition("@")[0])) for wanted in words)
        for name in names
    )


def _parts_of(names: Iterable[str]) -> set[str]:
    """Return whole names and the words of two letters and more in them: people know each other by one of those."""
    return {part for name in names for part in (name, *words_of(name.partition("@")[0])) if len(part) > 1}


def _likeness(matcher: difflib.SequenceMatcher[str], wanted: str, name: str) -> float:
    """Return how like two names are; 0 below the limit, which the two quick bounds show cheaply."""
    name = name.partition("@")[0]
    matcher.set_seq1(name)
    if len(name) == len(wanted) == SHORT and sum(map(operator.eq, name, wanted)) == SHORT - 1:
        return LIKENESS
    if not name or matcher.real_quick_ratio() < LIKENESS or matcher.quick_ratio() < LIKENESS:
        return 0.0
    return matcher.ratio()
