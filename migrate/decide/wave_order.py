"""Which wave a user comes in: by name where a wave names the user, else by a stable share; never by chance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from migrate.model.plan import PlanNote, Wave, warning
from migrate.model.rules import Rules
from migrate.model.waves import WaveKind, WaveRule, share_wave
from migrate.model.words import counted

SHOWN = 5


class WaveOrder:
    """The waves of one plan, in their order, and who comes in which."""

    def __init__(self, rules: Rules, tenant_id: str) -> None:
        """Take in the rules: the waves one by one, or else a canary and shares of the rest."""
        self._rules, self._tenant_id = rules, tenant_id
        named = (*(rules.waves or _usual(rules)),)
        self._waves = tuple(wave for wave in named if not wave.is_last)
        self._for_last = next((wave for wave in named if wave.is_last), None)
        if not any(wave.share is not None and wave.share >= 100 for wave in self._waves):
            self._waves = (*self._waves, WaveRule(name=str(share_wave(100)), people=None, share=100))
        self._last = len(self._waves) + 1
        self._of: dict[str, int] = {}
        for number, wave in enumerate(self._waves, 1):
            for user_id in wave.people or ():
                self._of.setdefault(user_id, number)

    def of(self, user_id: str, *, is_capable: bool) -> int:
        """Return the number of the wave of a user who is planned.

        The first wave that names somebody has them; whoever is not MFA capable yet comes last, unless a canary names
        them; the operator comes in the last of the others.
        """
        number = self._of.get(user_id)
        if number is not None and (is_capable or self._waves[number - 1].whatever):
            return number
        if not is_capable:
            return self._last
        if user_id == self._rules.operator:
            return self._last - 1
        place = _place(self._tenant_id, user_id)
        return next(n for n, wave in enumerate(self._waves, 1) if wave.share is not None and place < wave.share)

    def waves(self, people: Mapping[int, int]) -> tuple[Wave, ...]:
        """Return the waves with how many people each has."""
        begins = dict(self._rules.not_before)
        made = [
            Wave(
                number=number,
                name=wave.name,
                users=people.get(number, 0),
                not_before=wave.not_before or begins.get(number, ""),
                hours=wave.hours,
            )
            for number, wave in enumerate(self._waves, 1)
        ]
        own = self._for_last
        last = Wave(
            number=self._last,
            name=WaveKind.NOT_CAPABLE.value if own is None else own.name,
            users=people.get(self._last, 0),
            not_before=(own.not_before if own is not None else "") or begins.get(self._last, ""),
            hours="" if own is None else own.hours,
        )
        return (*made, last)


def _usual(rules: Rules) -> Iterator[WaveRule]:
    yield WaveRule(name=WaveKind.CANARY.value, people=rules.canary, whatever=True)
    for share in rules.percentages:
        yield WaveRule(name=str(share_wave(share)), people=None, share=share)


def _place(tenant_id: str, user_id: str) -> float:
    """Return a user's place between 0 and 100, the same in every plan for this tenant."""
    digest = hashlib.sha256(f"{tenant_id}/{user_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * 100


class Moves:
    """Who is in another wave than in the plan before: nobody is moved in silence."""

    def __init__(self, before: Mapping[str, str]) -> None:
        """Take in the names of the waves in which people were, by id."""
        self._before = before
        self._moved: list[tuple[str, str, str]] = []

    def count(self, user_id: str, name: str, wave: str) -> None:
        """Take in somebody who is planned."""
        was = self._before.get(user_id)
        if was is not None and was != wave:
            self._moved.append((name, was, wave))

    def notes(self) -> Iterator[PlanNote]:
        """Yield who is moved, and from where to where."""
        if not self._moved:
            return
        shown = "; ".join(f"{name} from {was!r} to {now!r}" for name, was, now in self._moved[:SHOWN])
        more = f" and {len(self._moved) - SHOWN} more" if len(self._moved) > SHOWN else ""
        yield warning(
            "waves-moved",
            f"{counted(len(self._moved), 'person is', 'people are')} in another wave than in the plan before: "
            f"{shown}{more}.",
            n=len(self._moved),
            names=tuple(name for name, _, _ in self._moved[:SHOWN]),
        )
