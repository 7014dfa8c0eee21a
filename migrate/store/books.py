"""Compare a journal with the rollback files beside it: the entry that they know last must lie in its chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from migrate.errors import JournalBehind
from migrate.model.plan import PlanHeader
from migrate.model.rollback import ROLLBACK_KIND
from migrate.store.files import chunks_of, sha256_of_file, write_atomically

ROLLBACK_JSON, ROLLBACK_CSV = "rollback.json", "rollback.csv"
OPEN_ASIDE = "rollback-open-"
"""Beginning of the name of a folder with files that a journal does not know, until everybody in them is restored."""

Holds = Callable[[int, str], bool]
"""Tells whether the entry of this number has this hash."""


class Ahead(NamedTuple):
    """A pair of rollback files that knows more of the journal than the journal does."""

    table: Path
    beside: Path
    entries: int
    """How many entries the journal had when they were written."""
    created_at: str
    digest: str
    """Of the latest plan that they name."""


class _Head(msgspec.Struct, rename="camel"):
    """As much of a rollback.json as is compared; the rest may be long."""

    kind: str
    created_at: str
    plan_digests: list[str]
    journal_entries: int
    journal_hash: str


def ahead_of(folder: Path, holds: Holds) -> list[Ahead]:
    """Return the pairs of rollback files in a folder that a journal is behind of; none where the books agree.

    A rollback.json that cannot be read says nothing about the journal.
    """
    return [ahead for beside in _to_compare(folder) if (ahead := _ahead(beside, holds)) is not None]


def refuse_behind(folder: Path, count: int, ahead: Sequence[Ahead]) -> None:
    """Raise JournalBehind where some files are ahead of a journal with so many entries."""
    if not ahead:
        return
    latest = max(ahead, key=lambda pair: pair.entries)
    what = (
        f"has lost its end or was restored from an older copy: it has {count} entries, and {latest.beside.name} was "
        f"written when it had {latest.entries}"
        if count < latest.entries
        else f"is not the one that {latest.beside.name} was written with: its entry {latest.entries} is another one"
    )
    raise JournalBehind(
        f"The journal in {folder} {what} ({latest.created_at}). Who was changed since then does not stand in it.",
        hint="Either bring back the newer journal.db, with its journal.db-wal if there is one, or put everybody back "
        "with `mfa-migrate rollback`: it goes by the journal and by the kept rollback files.",
    )


def is_behind_plan(plan: PlanHeader, holds: Holds) -> bool:
    """Tell whether a plan was made beside a journal that went further than this one, or was another."""
    books = plan.books
    return books is not None and books.journal_entries > 0 and not holds(books.journal_entries, books.journal_hash)


def refuse_behind_plan(folder: Path, plan: PlanHeader, holds: Holds) -> None:
    """Raise JournalBehind where the plan knows entries that the journal does not have."""
    if is_behind_plan(plan, holds):
        entries = 0 if plan.books is None else plan.books.journal_entries
        raise JournalBehind(
            f"The plan was made when the journal in {folder} had {entries} entries, and now it is without them: it has "
            "lost its end, is an older copy, or is gone.",
            hint="Either bring back the newer journal.db, with its journal.db-wal if there is one, or roll back "
            "whoever was on in any export of this folder with `mfa-migrate rollback --overwrite-drift`, and then run "
            "`mfa-migrate export` and `mfa-migrate plan`.",
        )


def set_aside(pair: Ahead) -> None:
    """Keep a copy of files that are ahead of the journal in a folder of their own, before others take their place."""
    if not pair.beside.parent.name.startswith(OPEN_ASIDE):
        _copied(pair, OPEN_ASIDE)


def close(pair: Ahead) -> None:
    """Put files aside for good whose users are all restored: the journal is not compared with them any more."""
    _copied(pair, "rollback-")
    pair.beside.unlink()
    pair.table.unlink(missing_ok=True)
    if pair.beside.parent.name.startswith(OPEN_ASIDE) and not any(pair.beside.parent.iterdir()):
        pair.beside.parent.rmdir()


def _to_compare(folder: Path) -> Iterator[Path]:
    for place in (folder, *sorted(folder.glob(f"{OPEN_ASIDE}*"))):
        if (place / ROLLBACK_JSON).is_file():
            yield place / ROLLBACK_JSON


def _ahead(beside: Path, holds: Holds) -> Ahead | None:
    try:
        head = msgspec.json.decode(beside.read_bytes(), type=_Head)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if head.kind != ROLLBACK_KIND or holds(head.journal_entries, head.journal_hash):
        return None
    digest = head.plan_digests[-1] if head.plan_digests else head.journal_hash
    return Ahead(beside.with_name(ROLLBACK_CSV), beside, head.journal_entries, head.created_at, digest)


def _copied(pair: Ahead, beginning: str) -> None:
    folder = pair.beside.parent
    home = folder.parent if folder.name.startswith(OPEN_ASIDE) else folder
    aside = home / f"{beginning}{pair.digest[:12]}"
    if (aside / ROLLBACK_JSON).is_file() and sha256_of_file(aside / ROLLBACK_JSON) != sha256_of_file(pair.beside):
        aside = home / f"{beginning}{pair.digest[:12]}-{sha256_of_file(pair.beside)[:6]}"
    aside.mkdir(exist_ok=True)
    for file in (pair.table, pair.beside):
        if file.is_file():
            write_atomically(aside / file.name, chunks_of(file))
