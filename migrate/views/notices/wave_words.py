"""The names of waves in the languages that messages are written in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from migrate.model.plan import Wave
from migrate.model.record import Record
from migrate.model.waves import WaveKind, wave_name_of


class _Words(Record, frozen=True, kw_only=True):
    """What the kinds of waves are called in one language."""

    canary: str
    share: str
    """With `{}` for the number."""
    not_capable: str
    never_registered: str
    back: str
    set_state: str


_LANGUAGES = {
    "en": _Words(
        canary="canary",
        share="to {}%",
        not_capable="not MFA capable yet",
        never_registered="never registered",
        back="back",
        set_state="set-state",
    ),
    "de": _Words(
        canary="Vorhut",
        share="bis {} %",
        not_capable="noch nicht MFA-fähig",
        never_registered="ohne registrierte Methode",
        back="Rückweg",
        set_state="einzelne Personen",
    ),
    "fr": _Words(
        canary="pilote",
        share="jusqu’à {} %",
        not_capable="pas encore capables de MFA",
        never_registered="sans méthode enregistrée",
        back="retour",
        set_state="personnes isolées",
    ),
    "es": _Words(
        canary="piloto",
        share="hasta el {} %",
        not_capable="aún sin capacidad de MFA",
        never_registered="sin método registrado",
        back="regreso",
        set_state="personas sueltas",
    ),
}


def in_language(waves: Iterable[Wave], language: str) -> tuple[Wave, ...]:
    """Return the waves under their names in this language; in English where there are no words for it."""
    return tuple(Wave(number=wave.number, name=wave_name_in(wave.name, language), users=wave.users) for wave in waves)


def wave_name_in(name: str, language: str) -> str:
    """Return a wave's name of plan.json in this language; unchanged where this version does not know the name."""
    known = wave_name_of(name)
    if known is None:
        return name
    words = _LANGUAGES.get(language, _LANGUAGES["en"])
    match known.kind:
        case WaveKind.CANARY:
            return words.canary
        case WaveKind.SHARE:
            number = known.share or ""
            return words.share.format(number.replace(".", ",") if words is not _LANGUAGES["en"] else number)
        case WaveKind.NOT_CAPABLE:
            return words.not_capable
        case WaveKind.NEVER_REGISTERED:
            return words.never_registered
        case WaveKind.BACK:
            return words.back
        case WaveKind.SET_STATE:
            return words.set_state
        case _:
            assert_never(known.kind)
