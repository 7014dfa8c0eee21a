"""What the folder holds of the sign-in log, for the verbs that only read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrate.errors import NothingHere
from migrate.model.sign_ins import SeenAs, SignInSource, WaysSeen
from migrate.store.folder import Workspace
from migrate.store.sign_ins import SignInBook

if TYPE_CHECKING:
    from migrate.decide.replay.blocking import SignInLog


@dataclass(frozen=True)
class LogInFolder:
    """The readings and everybody in them, read and compared with their digests once for all who ask."""

    sources: tuple[SignInSource, ...]
    people: list[SeenAs]


def folders_log(workspace: Workspace) -> LogInFolder:
    """Read the log of a folder. Raises as `ways_seen_in`."""
    with SignInBook(workspace) as book:
        sources = checked_sources(book)
        return LogInFolder(tuple(sources.values()), [one for number in sources for one in book.people(number)])


def ways_of(log: LogInFolder) -> WaysSeen | None:
    """Return who was seen in which way; None where no log was read."""
    from migrate.decide.sign_ins.ways import ways_seen

    return ways_seen(log.sources, log.people)


def by_person(log: LogInFolder) -> SignInLog | None:
    """Return the sign-ins of the past by person; None where no log was read."""
    from migrate.decide.replay.blocking import SignInLog

    return SignInLog(log.sources, log.people) if log.sources else None


def ways_seen_in(workspace: Workspace) -> WaysSeen | None:
    """Return who was seen with a legacy client, by ROPC or by device code; None where no log was read.

    Raises:
        NothingHere: There is no snapshot.
        FolderDamaged: What was read is not what was written.
    """
    from migrate.decide.sign_ins.ways import ways_seen

    with SignInBook(workspace) as book:
        sources = checked_sources(book)
        return ways_seen(sources.values(), (one for number in sources for one in book.people(number)))


def sign_in_log_in(workspace: Workspace) -> SignInLog | None:
    """Return the sign-ins of the past by person; None where no log was read. Raises as `ways_seen_in`."""
    from migrate.decide.replay.blocking import SignInLog

    with SignInBook(workspace) as book:
        sources = checked_sources(book)
        if not sources:
            return None
        return SignInLog(sources.values(), (one for number in sources for one in book.people(number)))


def log_for_apply(workspace: Workspace) -> SignInLog | None:
    """Return them where the folder holds an export: a plan may be carried out without one. Raises FolderDamaged."""
    try:
        return sign_in_log_in(workspace)
    except NothingHere:
        return None


def checked_sources(book: SignInBook) -> dict[int, SignInSource]:
    """Return the readings after comparing each with its digest. Raises as `ways_seen_in`."""
    sources = book.sources()
    for number in sources:
        book.check(number)
    return sources
