"""A snapshot is whole or not there, says what was read and what could not be, and names itself by its content."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest

from migrate.errors import FolderDamaged, NewerFolder, NothingHere
from migrate.model.capability import CapabilityEvidence, InboundTrust, MethodsPolicy
from migrate.model.evidence import Evidence
from migrate.model.reasons import Why, reason_of, why_of
from migrate.model.replies import StateReading
from migrate.model.snapshot import SnapshotHeader
from migrate.model.users import MfaState, Registration, UnreadableUser, UserProfile, UserRecord
from migrate.store.folder import Workspace
from migrate.store.snapshot import SnapshotWriter, open_snapshot
from migrate.store.snapshot_digest import framed
from migrate.store.snapshot_schema import KEYS, evidence_from, evidence_rows

Maker = Callable[..., Any]

REPORT = Registration(
    is_mfa_registered=True,
    is_mfa_capable=True,
    methods_registered=("microsoftAuthenticatorPush",),
    last_updated_date_time="2026-11-23T00:00:00Z",
)


@pytest.fixture
def write(
    workspace: Workspace, profile: Maker, reading: Maker, evidence: Evidence, finish: Maker
) -> Callable[..., SnapshotHeader]:
    """Return a function that writes a snapshot of these users, all enforced, into the folder."""

    def write_it(ids: Sequence[str] = ("u1", "u2"), **others: Any) -> SnapshotHeader:
        with SnapshotWriter(workspace) as writer:
            writer.add_users(profile(user_id) for user_id in ids)
            writer.add_readings(reading(user_id, MfaState.ENFORCED) for user_id in ids)
            writer.set_evidence(evidence)
            return finish(writer, **others)

    return write_it


def test_what_was_read_comes_back_ordered_by_id(
    workspace: Workspace, profile: Maker, reading: Maker, evidence: Evidence, finish: Maker
) -> None:
    with SnapshotWriter(workspace) as writer:
        writer.add_users([profile("u2"), profile("u3", user_type="Guest"), profile("u1"), profile("u4")])
        assert sorted(writer.user_ids()) == ["u1", "u2", "u3", "u4"]
        writer.add_readings([reading("u3", MfaState.DISABLED), reading("u2", None, why_of("403 Forbidden"))])
        writer.add_readings([reading("u1", MfaState.ENFORCED)])
        writer.add_registrations([("u1", REPORT), ("u2", REPORT), ("somebody-gone", REPORT)])
        writer.set_evidence(evidence)
        header = finish(writer, endpoint="http://127.0.0.1:8765")
    with open_snapshot(workspace) as snapshot:
        assert snapshot.header == header
        assert list(snapshot.users()) == [
            UserRecord(profile=profile("u1"), mfa_state=MfaState.ENFORCED, registration=REPORT),
            UnreadableUser(
                profile=profile("u2"), reason=why_of("403 Forbidden"), request_id="request-u2", registration=REPORT
            ),
            UserRecord(profile=profile("u3", user_type="Guest"), mfa_state=MfaState.DISABLED, registration=None),
            UnreadableUser(
                profile=profile("u4"),
                reason=reason_of(Why.NEVER_READ),
                request_id=None,
                registration=None,
            ),
        ]
        assert snapshot.evidence() == evidence
    assert header.counts == {"disabled/guest": 1, "enforced/member": 1, "unreadable/member": 2}
    assert (header.users, header.unreadable, header.endpoint) == (4, 2, "http://127.0.0.1:8765")


def test_raw_policy_json_keeps_the_order_of_its_members(workspace: Workspace, write: Maker) -> None:
    write()
    with open_snapshot(workspace) as snapshot:
        raw = snapshot.evidence().policies[0].raw
    assert list(raw) == ["id", "displayName", "state", "zebra", "conditions"]


def test_ids_can_be_read_while_their_states_are_added(
    workspace: Workspace, profile: Maker, reading: Maker, evidence: Evidence, finish: Maker
) -> None:
    number = 25_000  # more than two pages of ids
    with SnapshotWriter(workspace) as writer:
        writer.add_users(profile(f"u{index:05}") for index in range(number))
        seen = 0
        for user_id in writer.user_ids():
            seen += 1
            if seen % 1_000 == 0:
                writer.add_readings([reading(user_id, MfaState.ENABLED)])
        writer.set_evidence(evidence)
        header = finish(writer)
    assert seen == number
    assert header.counts == {"enabled/member": 25, "unreadable/member": number - 25}


@pytest.mark.parametrize("name", ["U1", "u1@CONTOSO.example", "ÄNNE@contoso.example"])
def test_a_user_is_found_by_id_or_name_in_any_case(
    workspace: Workspace, profile: Maker, evidence: Evidence, finish: Maker, name: str
) -> None:
    with SnapshotWriter(workspace) as writer:
        writer.add_users([profile("u1"), profile("u2", user_principal_name="änne@contoso.example")])
        writer.set_evidence(evidence)
        finish(writer)
    with open_snapshot(workspace) as snapshot:
        found = snapshot.user(name)
        assert found is not None
        assert found.profile.id == ("u2" if "NNE" in name else "u1")
        assert snapshot.user("nobody@contoso.example") is None


def test_of_two_rows_for_a_user_the_later_one_counts(
    workspace: Workspace, profile: Maker, reading: Maker, evidence: Evidence, finish: Maker
) -> None:
    with SnapshotWriter(workspace) as writer:
        writer.add_users([profile("u1", account_enabled=True), profile("u2"), profile("u1", account_enabled=False)])
        writer.add_readings([reading("u1", None, why_of("503")), reading("u1", MfaState.ENFORCED)])
        writer.add_registrations([("U1", REPORT), ("u1", REPORT)])
        writer.set_evidence(evidence)
        header = finish(writer)
    with open_snapshot(workspace) as snapshot:
        first, second = snapshot.users()
    assert first == UserRecord(
        profile=profile("u1", account_enabled=False), mfa_state=MfaState.ENFORCED, registration=REPORT
    )
    assert second.profile.id == "u2"
    assert header.users == 2


def test_the_id_does_not_depend_on_the_order_of_reading_nor_on_time_and_actor(
    workspace: Workspace, profile: Maker, reading: Maker, evidence: Evidence, finish: Maker
) -> None:
    def header_of(users: list[UserProfile], readings: list[StateReading], found: Evidence, **others: Any) -> str:
        with SnapshotWriter(workspace) as writer:
            writer.add_readings(readings)
            writer.add_users(users)
            writer.set_evidence(found)
            identity: str = finish(writer, **others).id
            return identity

    users = [profile("u1"), profile("u2")]
    readings = [reading("u1", MfaState.ENFORCED), reading("u2", MfaState.DISABLED)]
    more = Evidence(
        policies=(evidence.policies[0], evidence.policies[0]),
        named_locations=({"b": 1, "a": 2}, {"c": 3}),
        authentication_strengths=(),
        security_defaults_enabled=False,
        groups=evidence.groups,
        roles={},
    )
    turned = Evidence(
        policies=more.policies,
        named_locations=({"c": 3}, {"a": 2, "b": 1}),
        authentication_strengths=(),
        security_defaults_enabled=False,
        groups=dict(reversed(evidence.groups.items())),
        roles={},
    )
    one = header_of(users, readings, more)
    assert header_of(users[::-1], readings[::-1], turned, taken_at="2027-01-01T00:00:00Z") == one
    assert header_of(users, readings, more, endpoint="http://127.0.0.1:8765") != one
    assert header_of(users, readings[:1], more) != one
    assert header_of(users[:1], readings, more) != one
    assert header_of(users, readings, evidence) != one


@pytest.mark.parametrize(
    ("one", "other"), [(("ab", "c"), ("a", "bc")), ((None,), ("-",)), (("a", None), ("a", "")), (("1:a",), ("a", "1:"))]
)
def test_no_two_rows_count_as_the_same_content(one: Sequence[str | None], other: Sequence[str | None]) -> None:
    assert framed(one) != framed(other)


def test_rows_lie_in_the_file_in_the_order_in_which_they_are_read(
    workspace: Workspace, profile: Maker, reading: Maker, evidence: Evidence, finish: Maker
) -> None:
    names = ["u3", "u1", "u2"]
    with SnapshotWriter(workspace) as writer:
        writer.add_users(map(profile, names))
        writer.add_readings(reading(name, MfaState.ENFORCED) for name in reversed(names))
        writer.add_registrations((name, REPORT) for name in names)
        writer.set_evidence(evidence)
        finish(writer)
    with sqlite3.connect(workspace.path / "snapshot.db") as connection:
        for table, key in KEYS:
            found = connection.execute(f"SELECT {key} FROM {table} ORDER BY rowid").fetchall()
            assert found == [("u1",), ("u2",), ("u3",)]
    assert sorted(path.name for path in workspace.path.iterdir()) == ["folder.json", "snapshot.db"]


def test_an_exception_while_writing_keeps_the_snapshot_that_was_there(
    workspace: Workspace, write: Maker, profile: Maker
) -> None:
    def one_and_no_more() -> Iterator[UserProfile]:
        yield profile("u3")
        raise ZeroDivisionError

    header = write()
    with pytest.raises(ZeroDivisionError), SnapshotWriter(workspace) as writer:
        writer.add_users(one_and_no_more())
    with open_snapshot(workspace) as snapshot:
        assert snapshot.header == header
    assert sorted(path.name for path in workspace.path.iterdir()) == ["folder.json", "snapshot.db"]


def test_a_snapshot_is_on_the_disk_before_it_takes_the_place_of_the_one_before(
    workspace: Workspace, write: Maker, disk_events: list[str]
) -> None:
    write()
    assert disk_events == ["sync snapshot.db.new", "name snapshot.db", f"sync {workspace.path.name}"]


def test_a_snapshot_that_was_never_finished_is_not_there(workspace: Workspace, profile: Maker) -> None:
    with SnapshotWriter(workspace) as writer:
        writer.add_users([profile("u1")])
    with pytest.raises(NothingHere, match="holds no snapshot") as caught:
        open_snapshot(workspace)
    assert "mfa-migrate export" in caught.value.hint


def test_a_snapshot_without_evidence_cannot_be_finished(workspace: Workspace, finish: Maker) -> None:
    with pytest.raises(RuntimeError, match="evidence"), SnapshotWriter(workspace) as writer:
        finish(writer)


def test_nothing_can_be_added_after_the_end(workspace: Workspace, evidence: Evidence, finish: Maker) -> None:
    with SnapshotWriter(workspace) as writer:
        writer.set_evidence(evidence)
        finish(writer)
        with pytest.raises(RuntimeError, match="before finish"):
            writer.add_users([])


def test_a_snapshot_that_a_run_was_made_from_is_kept_beside_the_new_one(workspace: Workspace, write: Maker) -> None:
    first = write(["u1"])
    second = write(["u1", "u2"], keep_previous=True)
    third = write(["u3"], keep_previous=False)
    with open_snapshot(workspace) as snapshot:
        assert snapshot.header.id == third.id
    with open_snapshot(workspace, first.id) as snapshot:
        assert snapshot.header == first
        assert [user.profile.id for user in snapshot.users()] == ["u1"]
    with open_snapshot(workspace, third.id) as snapshot:
        assert snapshot.header == third
    with pytest.raises(NothingHere, match=second.id[:12]):
        open_snapshot(workspace, second.id)
    assert (workspace.path / f"snapshot-{first.id[:12]}.db").exists()


def test_the_same_content_read_twice_is_kept_once(workspace: Workspace, write: Maker) -> None:
    header = write()
    assert write(keep_previous=True).id == header.id
    assert write(keep_previous=True).id == header.id
    with open_snapshot(workspace, header.id) as snapshot:
        assert snapshot.header.id == header.id


def test_a_damaged_snapshot_does_not_stop_the_export_that_replaces_it(workspace: Workspace, write: Maker) -> None:
    write()
    (workspace.path / "snapshot.db").write_bytes(b"no database")
    header = write(["u7"], keep_previous=True)
    with open_snapshot(workspace) as snapshot:
        assert snapshot.header == header
    assert (workspace.path / "snapshot-damaged.db").read_bytes() == b"no database"


@pytest.mark.parametrize(
    "spoil",
    [
        "DELETE FROM meta",
        "DROP TABLE registrations",
        "UPDATE meta SET value = '{}'",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 0",
    ],
)
def test_a_snapshot_that_is_not_what_we_wrote_is_refused_on_opening(
    workspace: Workspace, write: Maker, spoil: str
) -> None:
    write()
    with sqlite3.connect(workspace.path / "snapshot.db") as connection:
        connection.execute(spoil)
    connection.close()
    with pytest.raises(FolderDamaged, match=r"snapshot\.db is damaged") as caught:
        open_snapshot(workspace)
    assert "mfa-migrate export" in caught.value.hint


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE users SET profile = '{\"id\": 1}'",
        "UPDATE users SET profile = NULL",
        "UPDATE readings SET state = 'Enforced'",
        "UPDATE registrations SET body = '{'",
    ],
)
def test_a_user_who_is_not_what_was_written_is_damage_not_a_guess(
    workspace: Workspace, profile: Maker, reading: Maker, evidence: Evidence, finish: Maker, spoil: str
) -> None:
    with SnapshotWriter(workspace) as writer:
        writer.add_users([profile("u1")])
        writer.add_readings([reading("u1", MfaState.ENABLED)])
        writer.add_registrations([("u1", REPORT)])
        writer.set_evidence(evidence)
        finish(writer)
    with sqlite3.connect(workspace.path / "snapshot.db") as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'users'")
    connection.close()
    with sqlite3.connect(workspace.path / "snapshot.db") as connection:
        connection.execute(spoil)
    connection.close()
    with (
        open_snapshot(workspace) as snapshot,
        pytest.raises(FolderDamaged, match="the users from u1 on are not what was written"),
    ):
        list(snapshot.users())


@pytest.mark.parametrize(
    "spoil",
    [
        "DELETE FROM evidence WHERE part = 'securityDefaults'",
        "UPDATE evidence SET part = 'weather' WHERE part = 'group'",
        "UPDATE evidence SET body = '[]' WHERE part = 'policy'",
    ],
)
def test_evidence_that_is_not_what_was_written_is_damage(workspace: Workspace, write: Maker, spoil: str) -> None:
    write()
    with sqlite3.connect(workspace.path / "snapshot.db") as connection:
        connection.execute(spoil)
    connection.close()
    with (
        open_snapshot(workspace) as snapshot,
        pytest.raises(FolderDamaged, match="the evidence is not what was written"),
    ):
        snapshot.evidence()


def test_a_snapshot_of_a_newer_version_is_refused(workspace: Workspace, write: Maker) -> None:
    write()
    with sqlite3.connect(workspace.path / "snapshot.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(NewerFolder, match="schema 999"):
        open_snapshot(workspace)


@pytest.mark.parametrize("keep", [0, 100, 4096, 20_000])
def test_a_truncated_snapshot_is_refused(workspace: Workspace, write: Maker, keep: int) -> None:
    write()
    path = workspace.path / "snapshot.db"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FolderDamaged, match=r"snapshot\.db is damaged"):
        open_snapshot(workspace)


def test_what_tells_who_is_mfa_capable_comes_back_and_an_older_snapshot_has_none(evidence: Evidence) -> None:
    beside = CapabilityEvidence(
        methods=MethodsPolicy(migration_complete=True, states={"sms": "disabled"}),
        methods_problem=None,
        trust=InboundTrust(default=False, partners={"b": True, "a": None}),
        trust_problem=None,
    )
    for one in (msgspec.structs.replace(evidence, capability=beside), evidence):
        assert evidence_from((part, body) for part, _, body in evidence_rows(one)).capability == one.capability
    for known in (frozenset({"b", "a"}), frozenset(), None):
        one = msgspec.structs.replace(evidence, administrators=known)
        assert evidence_from((part, body) for part, _, body in evidence_rows(one)).administrators == known
    assert evidence.capability is None
