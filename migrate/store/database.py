"""Open the SQLite files of the working folder: right kind, known version, undamaged, durable. No queries of its own."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from migrate.errors import FolderDamaged, FolderLocked, FolderProblem, NewerFolder
from migrate.store.files import create_owner_only, force_to_disk, os_errors_about, put_in_place, removed_on_failure

BUSY_SECONDS = 10.0
"""How long one process waits for another one's transaction on the same file."""


class NotWhatWasWritten(Exception):
    """Control flow: what was read does not fit its digest; its text says what. Becomes `FolderDamaged`."""


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The shape of one of our databases and the way from each older shape to it."""

    application_id: int
    """Stands in the file's header (PRAGMA application_id), so that a foreign file is told apart."""
    version: int
    """PRAGMA user_version. Raised by every change of the shape."""
    tables: tuple[str, ...]
    """Names of the tables that a file of this version must have."""
    create: tuple[str, ...]
    """Statements that make an empty database of this version."""
    upgrades: Mapping[int, tuple[str | Callable[[sqlite3.Connection], None], ...]]
    """By the version they start from: statements and functions that lead to the next one."""
    when_damaged: str
    """The hint of the message when a file turns out damaged."""


def create_database(path: Path, schema: Schema) -> None:
    """Make an empty database in one move: either all of it is there afterwards, or nothing.

    So an existing file that is empty or has no tables was damaged, and is never taken for a new one.
    """
    part = path.with_name(path.name + ".part")
    with removed_on_failure(part):
        with os_errors_about(part):
            os.close(create_owner_only(part))
        with sqlite_errors_about(part, schema), closing(connect(part)) as connection:
            shape(connection, schema)
        force_file_to_disk(part)
        put_in_place(part, path)


def shape(connection: sqlite3.Connection, schema: Schema) -> None:
    """Create the tables of an empty database, and put the versions into its header, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in schema.create:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {schema.application_id}")
    connection.execute(f"PRAGMA user_version = {schema.version}")
    connection.execute("COMMIT")


def connect(path: Path, *, mode: str = "rw") -> sqlite3.Connection:
    """Open an existing database file. Transactions are begun and ended by hand.

    Args:
        path: The file. It is never created here.
        mode: `rw`, `ro`, or `immutable` for a file in a folder that cannot be written.
    """
    query = "immutable=1" if mode == "immutable" else f"mode={mode}"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}", uri=True, isolation_level=None, timeout=BUSY_SECONDS
    )
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def open_checked(path: Path, schema: Schema, *, mode: str = "rw", thorough: bool = False) -> sqlite3.Connection:
    """Open a database of the given shape, after checking that it is whole; an older one is copied, then upgraded.

    Args:
        path: The file.
        schema: What it must be.
        mode: As in `connect`.
        thorough: Compare the indexes with the rows, too: SQLite's integrity_check in the place of its quick_check,
            about four times as long.

    Raises:
        FolderDamaged: It is not ours, incomplete, or SQLite finds damage.
        NewerFolder: A newer version made it.
        FolderProblem: It cannot be read.
    """
    with sqlite_errors_about(path, schema):
        connection = connect(path, mode=mode)
        try:
            _check_header(connection, path, schema)
            _check_integrity(connection, path, schema, "integrity_check" if thorough else "quick_check")
            version = _version(connection)
            if version < schema.version:
                older = connection
                try:
                    stays = mode != "rw" and not os.access(path.parent, os.W_OK)
                    connection = _upgraded_apart(older, path, schema) if stays else _upgraded(path, schema, version)
                finally:
                    older.close()
            _check_tables(connection, path, schema)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a write transaction, taken at once; whatever is raised inside undoes it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite end the transaction by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def sqlite_errors_about(path: Path, schema: Schema) -> Iterator[None]:
    """Turn what SQLite says about the disk or the file into a `FolderProblem`; anything else is a bug of ours."""
    try:
        yield
    except UnicodeDecodeError as error:
        # Python's module decodes the text of columns and of complaints on its own.
        raise damaged(path, schema, f"a text in it is no UTF-8 ({error})") from error
    except sqlite3.Error as error:
        problem = _problem(path, schema, error)
        if problem is None:
            raise
        raise problem from error


def damaged(path: Path, schema: Schema, what: str) -> FolderDamaged:
    """Return the error for a database that is not what we wrote."""
    return FolderDamaged(f"{path} is damaged: {what}.", hint=schema.when_damaged)


def force_file_to_disk(path: Path) -> None:
    """Return when the bytes of a closed file are on the medium."""
    with os_errors_about(path):
        handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            force_to_disk(handle)
        finally:
            os.close(handle)


def _problem(path: Path, schema: Schema, error: sqlite3.Error) -> FolderProblem | None:
    code = getattr(error, "sqlite_errorcode", None)
    match None if code is None else code & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(path, schema, str(error))
        case None if isinstance(error, sqlite3.OperationalError) and "decode" in str(error):
            # A column's text that is no UTF-8: an error of Python's module, without a code of SQLite's.
            return damaged(path, schema, str(error))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return FolderLocked(
                f"{path} is being written by another program.",
                hint="Wait until the other command has ended, then type the same command again.",
            )
        case sqlite3.SQLITE_FULL:
            return FolderProblem(
                f"{path} could not be written: no space is left ({error}).",
                unchanged="What was recorded before is still there.",
                hint=f"Make room on the disk of {path.parent}, then type the same command again.",
            )
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return FolderProblem(
                f"{path} cannot be read or written: {error}.",
                unchanged="What was recorded before is still there.",
                hint=f"Check the disk, its free space and your permissions on {path.parent}, then try again.",
            )
        case _:
            return None


def _check_header(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != schema.application_id:
        raise damaged(path, schema, "it is not a database that mfa-migrate made")
    version = _version(connection)
    if version > schema.version:
        raise NewerFolder(
            f"{path} was written by a newer version of mfa-migrate "
            f"(schema {version}; this version knows {schema.version}).",
            hint="Install the newer version: pipx upgrade mfa-migrate",
        )
    if version < 1:
        raise damaged(path, schema, f"its schema version is {version}")


def _check_integrity(connection: sqlite3.Connection, path: Path, schema: Schema, check: str) -> None:
    complaints = [row[0] for row in connection.execute(f"PRAGMA {check}(3)")]
    if complaints != ["ok"]:
        raise damaged(path, schema, "; ".join(complaint.replace("\n", " ") for complaint in complaints))


def _check_tables(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    present = _columns_of(connection)
    missing = [name for name in schema.tables if name not in present]
    if missing:
        raise damaged(path, schema, f"the table {missing[0]} is missing")
    with closing(sqlite3.connect(":memory:")) as pattern:
        for statement in schema.create:
            pattern.execute(statement)
        for name, columns in _columns_of(pattern).items():
            if present.get(name) != columns:
                raise damaged(path, schema, f"the table {name} has other columns than it was made with")


def _columns_of(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Return the tables with the names of their columns."""
    query = (
        "SELECT made.name, info.name FROM sqlite_master AS made, pragma_table_info(made.name) AS info"
        " WHERE made.type = 'table'"
    )
    tables: dict[str, set[str]] = {}
    for table, column in connection.execute(query):
        tables.setdefault(table, set()).add(column)
    return tables


def _upgraded(path: Path, schema: Schema, version: int) -> sqlite3.Connection:
    """Keep a copy of an older database beside it, bring it to the present version and return it opened."""
    connection = connect(path)
    try:
        _keep_copy(connection, path, version, schema)
        _bring_up(connection, path, schema)
    except BaseException:
        connection.close()
        raise
    return connection


def _upgraded_apart(older: sqlite3.Connection, path: Path, schema: Schema) -> sqlite3.Connection:
    """Return a private, temporary copy in the present version of a database in a folder that cannot be written."""
    connection = sqlite3.connect("", isolation_level=None)
    try:
        older.backup(connection)
        _bring_up(connection, path, schema)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    with transaction(connection):
        # Another process may have upgraded it between our look and our lock.
        for step in range(_version(connection), schema.version):
            for statement in schema.upgrades[step]:
                if isinstance(statement, str):
                    connection.execute(statement)
                    continue
                try:
                    statement(connection)
                except NotWhatWasWritten as wrong:
                    raise damaged(path, schema, str(wrong)) from wrong
        connection.execute(f"PRAGMA user_version = {schema.version}")


def _keep_copy(connection: sqlite3.Connection, path: Path, version: int, schema: Schema) -> None:
    copy = path.with_name(f"{path.stem}.v{version}{path.suffix}")
    if copy.exists():
        return
    part = copy.with_name(copy.name + ".part")
    with removed_on_failure(part):
        with os_errors_about(part):
            os.close(create_owner_only(part))
        with sqlite_errors_about(part, schema), closing(connect(part)) as target:
            connection.backup(target)
        force_file_to_disk(part)
        put_in_place(part, copy)


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
