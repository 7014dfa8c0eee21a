"""How the users of a run stand: who is still to do, and who stays after a rollback of some."""

from __future__ import annotations

from migrate.model.record import Record


class WhoIsLeft(Record, frozen=True, kw_only=True):
    """How the users within the reach of a command stand in a run."""

    to_do: int
    """Who may be sent: no final outcome yet."""
    first: tuple[str, ...] = ()
    """The user principal names of the first of them."""
    done: int = 0
    """Disabled by this run, and still so as far as the journal knows."""
    put_back: int = 0
    """Disabled by this run and rolled back since: they stay as they are."""
    left: int = 0
    """Left as they were for good, such as those who were off already."""


class BackInPart(Record, frozen=True, kw_only=True):
    """What the next apply does with those whom a rollback of some put back."""

    stay: int
    """They stay as they are."""
    tried_again: int
    """No final outcome of theirs stands in the migration: they are still to do there."""
