"""What the folder holds of the sign-in log, for the verbs that only read it."""

from __future__ import annotations

from migrate.model.sign_ins import SignInSource, WaysSeen
from migrate.store.folder import Workspace
from migrate.store.sign_ins import SignInBook


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


def checked_sources(book: SignInBook) -> dict[int, SignInSource]:
    """Return the readings after comparing each with its digest. Raises as `ways_seen_in`."""
    sources = book.sources()
    for number in sources:
        book.check(number)
    return sources
