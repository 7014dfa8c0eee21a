"""What was read of the sign-in log is added to hour by hour, checked, forgotten, and outlives the next export."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from migrate.errors import FolderDamaged, NothingHere
from migrate.model.evidence import Evidence
from migrate.model.sign_ins import Form, Seen, SeenAs, SignInClass, SignInKind, SignInSource, SourceFormat
from migrate.model.snapshot import Organization
from migrate.store import sign_ins
from migrate.store.folder import Workspace
from migrate.store.sign_ins import SignInBook
from migrate.store.snapshot import SnapshotWriter, open_snapshot

Maker = Callable[..., Any]

KIND = SignInKind(
    form=Form.INTERACTIVE,
    resources=("00000002-0000-0ff1-ce00-000000000000",),
    contexts=None,
    client="Browser",
    application="",
    protocol=None,
    flow=None,
    platform="windows",
    places=(),
    places_seen_by_resource=None,
    country=None,
    global_secure_access=None,
    risk=None,
    compliant=False,
    hybrid_joined=False,
    external="none",
    outcome=SignInClass.OK,
    code=0,
    multifactor=True,
    asked_by=("user",),
    silent=False,
    results=None,
    enforced_mfa=(),
)
LEGACY = msgspec.structs.replace(KIND, client="IMAP4")
SOURCE = SignInSource(
    form=SourceFormat.GRAPH,
    files=(),
    read_at="2026-11-24T12:00:00Z",
    since="2026-11-24T00:00:00Z",
    until="2026-11-24T12:00:00Z",
    forms=(Form.INTERACTIVE,),
    complete=False,
)


def seen(hour: int, attempts: int = 1) -> Seen:
    return Seen(rows=attempts, first=hour * 3600, last=hour * 3600 + 60, hours=((hour, attempts),))


@pytest.fixture
def write(workspace: Workspace, profile: Maker, evidence: Evidence, finish: Maker) -> Callable[..., None]:
    def write_it(**others: Any) -> None:
        with SnapshotWriter(workspace) as writer:
            writer.add_users([profile("u1")])
            writer.set_evidence(evidence)
            finish(writer, **others)

    return write_it


@pytest.fixture
def number(workspace: Workspace, write: Maker) -> int:
    """Return the number of a complete reading with two hours in it."""
    write()
    with SignInBook(workspace, writing=True) as book:
        number = book.begin(SOURCE)
        book.add(number, SOURCE, [KIND], [(0, "u1", seen(8)), (0, "u2", seen(8, 3))])
        done = msgspec.structs.replace(SOURCE, complete=True, rows=6)
        book.add(number, done, [LEGACY, KIND], [(0, "u1", seen(9)), (1, "u2", seen(9, 2))])
    return number


def test_hours_add_up_to_one_reading(workspace: Workspace, number: int) -> None:
    with SignInBook(workspace) as book:
        book.check(number)
        assert book.sources()[number].rows == 6
        assert list(book.people(number)) == [
            SeenAs(kind=KIND, user_id="u1", seen=seen(8)),
            SeenAs(kind=KIND, user_id="u2", seen=Seen(rows=5, first=28800, last=32460, hours=((8, 3), (9, 2)))),
            SeenAs(kind=LEGACY, user_id="u1", seen=seen(9)),
        ]


def test_beside_a_snapshot_that_is_open_its_file_is_neither_checked_nor_closed_again(
    workspace: Workspace, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_snapshot(workspace) as snapshot:
        monkeypatch.setattr(sign_ins, "open_checked", None)
        with SignInBook(workspace, beside=snapshot) as book:
            book.check(number)
            assert [one.user_id for one in book.people(number)] == ["u1", "u2", "u1"]
        assert [user.profile.id for user in snapshot.users()] == ["u1"]


def test_another_process_goes_on_where_one_stopped(workspace: Workspace, write: Maker) -> None:
    write()
    with SignInBook(workspace, writing=True) as book:
        number = book.begin(SOURCE)
        book.add(number, SOURCE, [KIND], [(0, "u1", seen(8))])
    with SignInBook(workspace, writing=True) as book:
        book.add(number, SOURCE, [LEGACY, KIND], [(0, "u1", seen(9)), (1, "u1", seen(9))])
        assert [(one.kind.client, one.seen.attempts) for one in book.people(number)] == [("Browser", 2), ("IMAP4", 1)]


def test_an_hour_that_fails_leaves_nothing_behind(workspace: Workspace, number: int) -> None:
    def people() -> Any:
        yield 0, "u3", seen(10)
        raise RuntimeError("the connection broke")

    other = msgspec.structs.replace(KIND, client="POP3")
    with SignInBook(workspace, writing=True) as book:
        with pytest.raises(RuntimeError):
            book.add(number, SOURCE, [other], people())
        assert {one.user_id for one in book.people(number)} == {"u1", "u2"}
        book.check(number)
        book.add(number, SOURCE, [other], [(0, "u3", seen(10))])
        assert [one.user_id for one in book.people(number) if one.kind == other] == ["u3"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sign_in_people SET user_id = 'u9' WHERE user_id = 'u2'",
        "DELETE FROM sign_in_people WHERE user_id = 'u2'",
        "UPDATE sign_in_kinds SET body = replace(CAST(body AS TEXT), 'IMAP4', 'POP33')",
    ],
)
def test_a_changed_row_is_noticed(workspace: Workspace, number: int, change: str) -> None:
    with sqlite3.connect(workspace.path / "snapshot.db") as connection:
        connection.execute(change)
    connection.close()
    with SignInBook(workspace) as book, pytest.raises(FolderDamaged, match="not what was written"):
        book.check(number)


def test_what_is_forgotten_is_gone_from_the_file(workspace: Workspace, number: int) -> None:
    path = workspace.path / "snapshot.db"
    assert b"IMAP4" in path.read_bytes()
    with SignInBook(workspace, writing=True) as book:
        book.forget([number])
        assert book.sources() == {}
        assert list(book.people(number)) == []
    assert b"IMAP4" not in path.read_bytes()


def test_the_next_export_of_the_same_tenant_keeps_what_was_read(
    workspace: Workspace, number: int, write: Maker
) -> None:
    write(taken_at="2026-11-25T09:30:00Z")
    with SignInBook(workspace) as book:
        book.check(number)
        assert len(list(book.people(number))) == 3


@pytest.mark.parametrize(
    "other",
    [
        {"endpoint": "http://127.0.0.1:9"},
        {
            "organization": Organization(
                tenant_id="00000000-0000-4000-8000-0000000000ff",
                display_name="Fabrikam",
                default_domain="fabrikam.example",
                verified_domains=("fabrikam.example",),
            )
        },
    ],
)
def test_an_export_of_another_tenant_or_of_a_sandbox_keeps_nothing(
    workspace: Workspace, number: int, write: Maker, other: dict[str, Any]
) -> None:
    assert number
    write(**other)
    with SignInBook(workspace) as book:
        assert book.sources() == {}


def test_without_an_export_there_is_nowhere_to_keep_anything(workspace: Workspace) -> None:
    with pytest.raises(NothingHere, match="holds no snapshot"):
        SignInBook(workspace)
