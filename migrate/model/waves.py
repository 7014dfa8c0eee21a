"""The names of waves, which plan.json keeps: a closed set, so that they can be said in other languages."""

from __future__ import annotations

import re
from enum import StrEnum

from migrate.model.record import Record


class WaveKind(StrEnum):
    """What sorts people into a wave."""

    CANARY = "canary"
    """Those whom the configuration names, or a few by a stable hash."""
    SHARE = "to"
    """The rest, as far as a share of it."""
    NOT_CAPABLE = "not MFA capable yet"
    """Those who are not known to be MFA capable, last of all."""
    NEVER_REGISTERED = "never registered"
    """The last wave in plans of older versions."""
    BACK = "back"
    """Those of one wave, in a plan that puts back."""
    SET_STATE = "set-state"
    """Those whom one `set-state` names."""


class WaveName(Record, frozen=True, kw_only=True):
    """A wave's name taken apart."""

    kind: WaveKind
    share: str | None = None
    """The number before the percent sign, of a share; None for the others."""

    def __str__(self) -> str:
        """Return the name as plan.json has it."""
        return self.kind.value if self.share is None else f"{self.kind} {self.share}%"


def share_wave(share: float) -> WaveName:
    """Return the name of the wave that goes as far as this share of the rest, in percent."""
    return WaveName(kind=WaveKind.SHARE, share=f"{share:g}")


def wave_name_of(text: str) -> WaveName | None:
    """Return what a name in plan.json means; None for one that this version does not give."""
    share = re.fullmatch(r"to (\d+(?:\.\d+)?(?:e[+-]\d+)?)%", text)
    if share is not None:
        return WaveName(kind=WaveKind.SHARE, share=share[1])
    plain = {kind.value for kind in WaveKind if kind is not WaveKind.SHARE}
    return WaveName(kind=WaveKind(text)) if text in plain else None
