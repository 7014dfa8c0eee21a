"""Whatever is changed in snapshot.db is refused, or changes nothing that anybody is told; one of version 1 goes on."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.errors import FolderProblem
from migrate.model.reasons import Parts, Reason, Why, reason_of, refusal_reason
from migrate.model.snapshot import Compared, CrossCheck, TokenPermissions
from migrate.model.users import MfaState, UnreadableUser
from migrate.store import snapshot_digest, snapshot_reading
from migrate.store.folder import Workspace
from migrate.store.snapshot import SnapshotWriter, open_snapshot
from migrate.store.snapshot_digest import BLOCK_ROWS

V1 = Path(__file__).resolve().parents[2] / "fixtures" / "store" / "v1"
PEOPLE = 2 * BLOCK_ROWS + 40
DAMAGES = 150

Maker = Callable[..., Any]


@pytest.fixture
def taken(workspace: Workspace, profile: Maker, reading: Maker, evidence: Any, finish: Maker) -> Workspace:
    """Return a folder with a snapshot of three blocks."""
    with SnapshotWriter(workspace) as writer:
        names = [f"u{number:04}" for number in range(PEOPLE)]
        writer.add_users(profile(name) for name in names)
        states = [MfaState.ENFORCED, MfaState.DISABLED, MfaState.ENABLED]
        writer.add_readings(reading(name, states[place % 3]) for place, name in enumerate(names))
        writer.set_evidence(evidence)
        finish(writer)
    return workspace


def said(workspace: Workspace) -> list[Any]:
    """Return all that anybody can learn from a snapshot."""
    with open_snapshot(workspace) as snapshot:
        asked = [snapshot.user(name) for name in ("u0300", "U0007@contoso.example", "nobody@contoso.example")]
        return [snapshot.header, snapshot.evidence(), list(snapshot.users()), asked]


def damaged_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return the file with a bit turned, a byte changed, a stretch zeroed, or two stretches exchanged."""
    changed = bytearray(content)
    place, size = rng.randrange(100, len(content)), rng.choice((1, 1, 1, 4, 16, 300))
    match rng.randrange(4):
        case 0:
            changed[place] ^= 1 << rng.randrange(8)
        case 1:
            changed[place] = rng.randrange(256)
        case 2:
            changed[place : place + size] = bytes(len(changed[place : place + size]))
        case _:
            other = rng.randrange(100, len(content) - size)
            place = min(place, len(content) - size)
            changed[place : place + size] = content[other : other + size]
    return bytes(changed)


def test_a_damaged_snapshot_is_refused_or_says_the_same(taken: Workspace) -> None:
    """C6 of the proven holes: of 70 damages ten gave another plan with exit code 0."""
    file = taken.path / "snapshot.db"
    whole, content = said(taken), file.read_bytes()
    rng = random.Random(20261128)
    refused = 0
    for _ in range(DAMAGES):
        file.write_bytes(damaged_bytes(content, rng))
        try:
            assert said(taken) == whole
        except FolderProblem:
            refused += 1
    assert refused > DAMAGES // 4


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM users WHERE id = 'u0300'",
        "DELETE FROM users WHERE id = (SELECT max(id) FROM users)",
        "DELETE FROM users",
        "INSERT INTO users SELECT 'u9999', 'u9999@contoso.example', guest, profile FROM users LIMIT 1",
        "UPDATE users SET id = 'u0300x' WHERE id = 'u0300'",
        "UPDATE users SET profile = replace(profile, 'Person u0300', 'Person u0301')",
        "UPDATE users SET guest = 1 WHERE id = 'u0300'",
        "UPDATE readings SET state = 'disabled' WHERE user_id = 'u0300'",
        "DELETE FROM readings WHERE user_id = 'u0300'",
        "UPDATE readings SET request_id = 'another' WHERE user_id = 'u0300'",
        "UPDATE evidence SET body = replace(body, 'enabled', 'disabled')",
        "DELETE FROM evidence WHERE part = 'role'",
        "UPDATE meta SET value = replace(value, '2026', '2027') WHERE key = 'header'",
        "UPDATE blocks SET digest = x'00' WHERE first_id = 'u0256'",
        "DELETE FROM blocks WHERE first_id = 'u0256'",
        "DELETE FROM meta WHERE key = 'seal'",
        "DELETE FROM meta WHERE key = 'evidence'",
    ],
)
def test_a_row_that_was_changed_is_never_handed_out(taken: Workspace, statement: str) -> None:
    with closing(sqlite3.connect(taken.path / "snapshot.db")) as connection, connection:
        connection.execute(statement)
    with pytest.raises(FolderProblem):
        said(taken)


@pytest.fixture
def of_before(taken: Workspace) -> Workspace:
    """Return the folder as it was written before digests were over MessagePack and rows lay in place."""
    with closing(sqlite3.connect(taken.path / "snapshot.db")) as connection, connection:
        rows = connection.execute(f"{snapshot_digest.ROWS} ORDER BY users.id").fetchall()
        blocks = [
            snapshot_digest.Block(
                first_id=rows[at][snapshot_digest.ID].decode(),
                rows=len(rows[at : at + BLOCK_ROWS]),
                digest=snapshot_digest.digest_of(rows[at : at + BLOCK_ROWS]),
            )
            for at in range(0, len(rows), BLOCK_ROWS)
        ]
        (header,) = connection.execute("SELECT value FROM meta WHERE key = 'header'").fetchone()
        connection.execute("DELETE FROM meta WHERE key != 'header'")
        connection.execute("DELETE FROM blocks")
        snapshot_digest.put_seal(connection, header, blocks)
    return taken


def test_a_snapshot_of_before_says_the_same_and_is_checked(taken: Workspace, request: pytest.FixtureRequest) -> None:
    before = said(taken)
    older = request.getfixturevalue("of_before")
    assert said(older) == before
    with closing(sqlite3.connect(older.path / "snapshot.db")) as connection, connection:
        connection.execute("UPDATE readings SET request_id = 'another' WHERE user_id = 'u0300'")
    with pytest.raises(FolderProblem, match="not what was written"):
        said(older)


def test_rows_that_somebody_put_elsewhere_are_the_same_rows(taken: Workspace) -> None:
    before = said(taken)
    with closing(sqlite3.connect(taken.path / "snapshot.db")) as connection, connection:
        connection.execute("UPDATE readings SET rowid = rowid + 5000 WHERE user_id >= 'u0100'")
        connection.execute("UPDATE users SET rowid = 9000 - rowid")
    assert said(taken) == before
    with closing(sqlite3.connect(taken.path / "snapshot.db")) as connection, connection:
        connection.execute(
            "INSERT INTO users (rowid, id, upn_key, guest, profile) SELECT 1, id, upn_key, guest, profile"
            " FROM users WHERE id = 'u0300'"
        )
    with pytest.raises(FolderProblem):
        said(taken)


@given(st.lists(st.tuples(st.none() | st.binary(max_size=3), st.none() | st.binary(max_size=3)), max_size=3).map(list))
def test_no_two_lists_of_rows_have_one_digest(rows: list[tuple[bytes | None, ...]]) -> None:
    others = [[*rows, (None, None)], [tuple(reversed(row)) for row in rows], [sum(rows, ())], rows[1:]]
    for other in others:
        same = snapshot_digest.digest_of_users(other) == snapshot_digest.digest_of_users(rows)
        assert same is (other == rows)


def test_one_user_is_checked_without_reading_everybody(taken: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    digest_of_users, rows = snapshot_digest.digest_of_users, 0

    def counted(found: list[Any]) -> bytes:
        nonlocal rows
        rows += len(found)
        return digest_of_users(found)

    with open_snapshot(taken) as snapshot:
        monkeypatch.setattr(snapshot_digest, "digest_of_users", counted)
        assert snapshot.user("u0300") is not None
        assert rows == BLOCK_ROWS
        assert snapshot.user("u0301@contoso.example") is not None
        assert rows == BLOCK_ROWS, "a block is checked once"
    with closing(sqlite3.connect(taken.path / "snapshot.db")) as connection, connection:
        connection.execute("UPDATE readings SET state = 'disabled' WHERE user_id = 'u0300'")
    with open_snapshot(taken) as snapshot:
        assert snapshot.user("u0007") is not None
        with pytest.raises(FolderProblem, match="the users from u0256 on are not what was written"):
            snapshot.user("u0310")


def test_a_name_that_leads_to_somebody_else_is_damage(taken: Workspace) -> None:
    with closing(sqlite3.connect(taken.path / "snapshot.db")) as connection, connection:
        connection.execute("UPDATE users SET upn_key = 'x' WHERE id = 'u0300'")
    with open_snapshot(taken) as snapshot, pytest.raises(FolderProblem):
        snapshot.user("x")


def test_why_a_state_could_not_be_read_is_kept_as_code_and_parts(
    workspace: Workspace, profile: Maker, reading: Maker, evidence: Any, finish: Maker
) -> None:
    why: list[Reason] = [refusal_reason(429, "slow down"), Reason(why=Why.USER_UNKNOWN, parts=Parts(found="x"))]
    with SnapshotWriter(workspace) as writer:
        writer.add_users([profile("u1"), profile("u2"), profile("u3")])
        writer.add_readings([reading("u1", None, why[0]), reading("u2", None, why[1])])
        writer.set_evidence(evidence)
        finish(writer)
    with open_snapshot(workspace) as snapshot:
        found = [user.reason for user in snapshot.users() if isinstance(user, UnreadableUser)]
    assert found == [*why, reason_of(Why.NEVER_READ)]


def test_the_cross_check_and_the_permissions_of_the_token_are_kept(
    workspace: Workspace, profile: Maker, evidence: Any, finish: Maker
) -> None:
    check = CrossCheck(asked=1, agreed=1, sample=(Compared(user_id="u1", first="enabled", second="enabled"),))
    allowed = TokenPermissions(scopes=("Policy.Read.All",), directory_roles=("62e90394-69f5-4237-9190-012177145e10",))
    with SnapshotWriter(workspace) as writer:
        writer.add_users([profile("u1")])
        writer.set_evidence(evidence)
        finish(writer, cross_check=check, permissions=allowed)
    with open_snapshot(workspace) as snapshot:
        assert (snapshot.header.cross_check, snapshot.header.permissions) == (check, allowed)


# Version 1


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(V1, tmp_path / "old")
    yield Workspace(tmp_path / "old")
    (tmp_path / "old").chmod(0o700)


def test_a_snapshot_of_version_1_says_the_same_and_gets_its_digests(old: Workspace) -> None:
    with open_snapshot(old) as snapshot:
        first = [list(snapshot.users()), snapshot.evidence(), snapshot.header]
    assert (snapshot.header.cross_check, snapshot.header.permissions) == (None, None)
    assert (old.path / "snapshot.v1.db").is_file()
    with open_snapshot(old) as snapshot:
        assert [list(snapshot.users()), snapshot.evidence(), snapshot.header] == first


def test_a_snapshot_of_version_1_that_was_changed_is_refused(old: Workspace) -> None:
    with closing(sqlite3.connect(old.path / "snapshot.db")) as connection, connection:
        connection.execute("UPDATE readings SET state = 'disabled' WHERE user_id = 'u1'")
    with pytest.raises(FolderProblem, match="its content is not what its id says"):
        open_snapshot(old)
    with closing(sqlite3.connect(old.path / "snapshot.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_an_archived_folder_of_version_1_is_read_where_it_lies(old: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in old.path.iterdir()}
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **how: path != old.path and access(path, mode, **how))
    with open_snapshot(old) as snapshot:
        assert len(list(snapshot.users())) == 3
    assert {path.name: path.read_bytes() for path in old.path.iterdir()} == before
    assert snapshot_reading.Snapshot is type(snapshot)
