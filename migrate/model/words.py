"""Count things in words: one user, two users."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 user`, `2 users`; `plural` where an s is not enough."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
