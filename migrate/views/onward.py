"""What goes on with a migration that stopped between two waves, as somebody would type it."""

from __future__ import annotations


def onward(next_wave: int | None) -> str:
    """Return the words after `mfa-migrate`: no further than the next wave; to the end where it is the last one."""
    return "apply" if next_wave is None else f"apply --until wave:{next_wave}"
