"""What is true now, for the verbs that only read: the export with what this tool did since folded in."""

from __future__ import annotations

from migrate.commands.call import Call
from migrate.commands.wiring import journal_to_read
from migrate.errors import FolderDamaged, JournalBehind
from migrate.model.now import Now
from migrate.store.folder import Workspace
from migrate.store.snapshot import Snapshot


def now_in(workspace: Workspace, snapshot: Snapshot) -> Now:
    """Return what this tool did since the export began; raises as `journal_to_read` where that cannot be known."""
    return _since(workspace, snapshot.header.taken_at)


def done_here(workspace: Workspace) -> Now:
    """Return everything that this tool ever did from this folder; raises as `now_in`."""
    return _since(workspace, "")


def _since(workspace: Workspace, exported_at: str) -> Now:
    from migrate.decide.now import nothing_since, now_of

    journal = journal_to_read(workspace)
    if journal is None:
        return nothing_since(exported_at)
    with journal:
        return now_of(journal.entries(), exported_at, journal.document)


def now_or_export(call: Call, workspace: Workspace, snapshot: Snapshot) -> Now:
    """Return the same, or what the export alone says where the journal cannot be trusted, with a warning."""
    from migrate.decide.now import nothing_since

    try:
        return now_in(workspace, snapshot)
    except (FolderDamaged, JournalBehind) as problem:
        call.screen.warn(f"Only the export is shown, without what this tool did since: {problem.what}")
        return nothing_since(snapshot.header.taken_at)
