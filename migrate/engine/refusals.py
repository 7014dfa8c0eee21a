"""Notice when a run as a whole has lost a right: user after user is refused in the same way."""

from __future__ import annotations

from migrate.errors import PermissionMissing
from migrate.model.replies import StateReading, WriteFate, WriteReply

LAPSE = 5
"""So many users refused in a row with the same 401 or 403 mean that a role, a licence or the token lapsed."""


class Refusals:
    """Counts refusals in a row. Reads and writes are counted apart: a reader's role may outlive a writer's."""

    def __init__(self) -> None:
        self._reads: list[tuple[int, str]] = []
        self._writes: list[tuple[int, str]] = []
        self._words = ""

    def note_reading(self, reading: StateReading) -> None:
        """Count the answer to reading one user's state."""
        refused = reading.mfa_state is None and reading.status in (401, 403)
        self._count(self._reads, (reading.status, "") if refused else None, str(reading.problem))

    def note_reply(self, reply: WriteReply) -> None:
        """Count the last answer to writing one user's state."""
        refused = reply.fate is WriteFate.REFUSED and reply.status in (401, 403)
        words = f"{reply.status} {reply.message}"
        self._count(self._writes, (reply.status, reply.code) if refused else None, words)

    def _count(self, row: list[tuple[int, str]], kind: tuple[int, str] | None, words: str) -> None:
        if kind is None or row[-1:] not in ([], [kind]):
            row.clear()
        if kind is not None:
            row.append(kind)
            if len(row) == LAPSE:
                self._words = words

    def lapse(self) -> PermissionMissing | None:
        """Return the failure of the run, or None while the refusals are about single users."""
        if not self._words:
            return None
        return PermissionMissing(
            f"{LAPSE} users running were refused in the same way ({self._words.rstrip('.')}). A role, a licence or "
            "the token has probably lapsed.",
            unchanged="The refused users are as they were.",
            hint="Activate the role again (Authentication Policy Administrator), sign in, and run the same command "
            "again; it goes on where it stopped.",
        )
