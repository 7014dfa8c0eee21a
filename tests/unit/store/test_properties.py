"""What is written comes back equal, whatever people are called and whatever Graph sends."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from migrate.model.evidence import (
    ConditionalAccessPolicy,
    Evidence,
    GroupEvidence,
    NestedGroup,
    PolicyState,
    ReadStatus,
    RoleEvidence,
)
from migrate.model.journal import (
    AUDIT_COLUMNS,
    GENESIS,
    Draft,
    JournalEntry,
    Operation,
    Outcome,
    TargetType,
    columns_of,
    entry_of,
)
from migrate.model.reasons import Why, why_of
from migrate.model.replies import StateReading
from migrate.model.snapshot import SnapshotHeader
from migrate.model.users import AnyUser, Identity, MfaState, Registration, UnreadableUser, UserProfile, UserRecord
from migrate.store.chain import verify_chain
from migrate.store.files import write_atomically
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from migrate.store.snapshot import SnapshotWriter, open_snapshot

each_opens_files = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Lone surrogates are no characters: neither JSON nor a database can hold them.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
optional_texts = st.none() | texts
object_ids = st.uuids().map(str)
ids = st.frozensets(object_ids, max_size=4)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
json_objects = st.dictionaries(texts, json_values, max_size=4)

profiles = st.builds(
    UserProfile,
    id=object_ids,
    user_principal_name=texts,
    display_name=optional_texts,
    user_type=optional_texts,
    creation_type=optional_texts,
    external_user_state=optional_texts,
    identities=st.lists(st.builds(Identity, sign_in_type=optional_texts, issuer=optional_texts), max_size=2).map(tuple),
    account_enabled=st.none() | st.booleans(),
    on_premises_sync_enabled=st.booleans(),
    assigned_licenses=st.lists(texts, max_size=2).map(tuple),
    created_date_time=optional_texts,
)
registrations = st.builds(
    Registration,
    is_mfa_registered=st.booleans(),
    is_mfa_capable=st.booleans(),
    methods_registered=st.lists(texts, max_size=3).map(tuple),
    last_updated_date_time=optional_texts,
)
users = st.builds(
    UserRecord, profile=profiles, mfa_state=st.sampled_from(MfaState), registration=st.none() | registrations
) | st.builds(
    UnreadableUser,
    profile=profiles,
    reason=texts.filter(bool).map(why_of),
    request_id=st.none() | texts.filter(bool),
    registration=st.none() | registrations,
)
populations = st.lists(users, max_size=6, unique_by=lambda user: user.profile.id)
nestings = st.dictionaries(
    object_ids, st.builds(NestedGroup, display_name=optional_texts, groups=ids, users=ids), max_size=3
)
groups = st.builds(
    GroupEvidence,
    id=object_ids,
    display_name=optional_texts,
    visibility=optional_texts,
    status=st.sampled_from(ReadStatus),
    problem=optional_texts,
    members=ids,
    eligible=ids,
    nested=st.none() | nestings,
)
roles = st.builds(
    RoleEvidence,
    template_id=object_ids,
    display_name=optional_texts,
    status=st.sampled_from(ReadStatus),
    problem=optional_texts,
    holders=ids,
    eligible=ids,
    scoped=ids,
)
policies = st.builds(
    ConditionalAccessPolicy,
    id=object_ids,
    display_name=texts,
    policy_state=st.none() | st.sampled_from(PolicyState),
    description=optional_texts,
    created_date_time=optional_texts,
    modified_date_time=optional_texts,
    raw=json_objects,
)
evidences = st.builds(
    Evidence,
    policies=st.lists(policies, max_size=3).map(tuple),
    named_locations=st.lists(json_objects, max_size=2).map(tuple),
    authentication_strengths=st.lists(json_objects, max_size=2).map(tuple),
    security_defaults_enabled=st.booleans(),
    groups=st.lists(groups, max_size=3).map(lambda found: {group.id: group for group in found}),
    roles=st.lists(roles, max_size=3).map(lambda found: {role.template_id: role for role in found}),
)
drafts = st.builds(
    Draft,
    operation=st.just(Operation.SET_MFA_STATE)
    | st.sampled_from([each for each in Operation if each is not Operation.LINK_CHAIN]),
    target_type=st.sampled_from(TargetType),
    outcome=st.sampled_from(Outcome),
    # Few, so that several entries are about the same object.
    object_id=st.sampled_from(["", "u1", "u2"]) | texts,
    user_principal_name=texts,
    before=texts,
    requested=texts,
    observed=texts,
    reason=texts.map(why_of),
    attempt=st.integers(0, 2**31),
    request_id=texts,
    client_request_id=texts,
    server_date=texts,
    wave=st.none() | st.integers(0, 100),
    plan_digest=st.just("") | st.text("0123456789abcdef", max_size=3),
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@contextmanager
def new_folder() -> Iterator[Workspace]:
    with tempfile.TemporaryDirectory() as place:
        workspace = Workspace(Path(place) / "migration", mounts=list)
        workspace.ensure()
        yield workspace


def reading_of(user: AnyUser) -> StateReading:
    match user:
        case UserRecord():
            state, problem, request_id = user.mfa_state, None, ""
        case UnreadableUser():
            state, problem, request_id = None, user.reason, user.request_id or ""
    return StateReading(
        user_id=user.profile.id, mfa_state=state, problem=problem, status=0, request_id=request_id, server_date=""
    )


def write(
    workspace: Workspace, population: list[AnyUser], found: Evidence, finish: Callable[..., Any]
) -> SnapshotHeader:
    with SnapshotWriter(workspace) as writer:
        writer.add_users(user.profile for user in population)
        writer.add_readings(reading_of(user) for user in population)
        writer.add_registrations(
            (user.profile.id, user.registration) for user in population if user.registration is not None
        )
        writer.set_evidence(found)
        header: SnapshotHeader = finish(writer)
        return header


@each_opens_files
@given(population=populations, found=evidences, order=st.randoms(use_true_random=False))
def test_a_snapshot_reads_back_what_was_written_and_has_one_name_in_any_order(
    finish: Callable[..., Any], population: list[AnyUser], found: Evidence, order: Any
) -> None:
    with new_folder() as workspace:
        header = write(workspace, population, found, finish)
        with open_snapshot(workspace) as snapshot:
            assert list(snapshot.users()) == sorted(population, key=lambda user: user.profile.id)
            assert snapshot.evidence() == found
            assert snapshot.header == header
            for user in population:
                assert snapshot.user(user.profile.id.upper()) == user
        assert sum(header.counts.values()) == header.users == len(population)
        shuffled = list(population)
        order.shuffle(shuffled)
        assert write(workspace, shuffled, found, finish).id == header.id


@each_opens_files
@given(
    batches=st.lists(
        st.tuples(st.text("0123456789abcdef", max_size=3), moments, st.lists(drafts, max_size=4)), max_size=4
    )
)
def test_journal_entries_read_back_what_was_appended(batches: list[tuple[str, datetime, list[Draft]]]) -> None:
    with new_folder() as workspace:
        written: list[JournalEntry] = []
        for plan, now, batch in batches:
            with JournalDb.open(workspace, actor="ops", tenant_id="t", clock=lambda now=now: now) as journal:
                journal.for_run(plan)
                written += journal.append(batch)
        # A reason is what its row says, wherever it was made up.
        as_read = [entry_of(columns_of(entry)) for entry in written]
        assert [str(entry.reason) for entry in as_read] == [str(entry.reason) for entry in written]
        with JournalDb.open(workspace, actor="ops", tenant_id="t", clock=lambda: datetime.now(UTC)) as journal:
            assert list(journal.entries()) == as_read
            assert journal.head == (len(written), written[-1].hash if written else GENESIS)
            report = verify_chain(journal.entries(), expect=journal.head[1])
            assert (report.holds, report.expected_at) == (True, len(written))
            assert_the_folds_agree_with(journal, as_read)
    everything = [draft for _, _, batch in batches for draft in batch]
    assert [(entry.object_id, entry.before, entry.reason) for entry in written] == [
        (draft.object_id, draft.before, draft.reason) for draft in everything
    ]


def assert_the_folds_agree_with(journal: JournalDb, entries: list[JournalEntry]) -> None:
    """Fold the entries once more, by plain Python."""
    of_users = [entry for entry in entries if entry.operation is Operation.SET_MFA_STATE]
    latest = {entry.object_id: entry for entry in of_users if entry.object_id}
    in_doubt = {key: entry for key, entry in latest.items() if entry.outcome is Outcome.INTENT}
    assert {entry.object_id: entry for entry in journal.in_doubt()} == in_doubt
    assert list(journal.entries_by_user()) == sorted(of_users, key=lambda entry: (entry.object_id, entry.sequence))
    for plan in {entry.plan_digest for entry in entries}:
        outcomes = {entry.object_id: entry.outcome for entry in of_users if entry.plan_digest == plan}
        assert journal.latest_user_outcomes(plan) == outcomes
        assert journal.outcome_counts(plan) == Counter(outcomes.values())
        changed = [entry for entry in of_users if entry.outcome in (Outcome.CONFIRMED, Outcome.RECOVERED)]
        asked = {entry.object_id: entry.requested for entry in changed}
        theirs = {entry.object_id for entry in changed if entry.plan_digest == plan}
        assert journal.in_effect(plan) == Counter(asked[user] for user in theirs)
        assert journal.last_of(plan) == [entry for entry in entries if entry.plan_digest == plan][-1]


@given(
    batch=st.lists(drafts, min_size=1, max_size=6),
    place=st.integers(0, 5),
    column=st.sampled_from([name for name in AUDIT_COLUMNS if name not in ("Sequence", "Hash")]),
)
def test_no_change_of_any_column_goes_unnoticed(batch: list[Draft], place: int, column: str) -> None:
    with (
        new_folder() as workspace,
        JournalDb.open(
            workspace, actor="ops", tenant_id="t", clock=lambda: datetime(2026, 11, 24, tzinfo=UTC)
        ) as journal,
    ):
        journal.for_run("ab")
        entries = journal.append(batch)
    index = place % len(entries)
    columns = columns_of(entries[index])
    columns[column] = another(column, columns[column])
    entries[index] = entry_of(columns)
    assert verify_chain(entries).broken_at == index + 1


CLOSED: dict[str, type[Enum]] = {"Operation": Operation, "Outcome": Outcome, "TargetType": TargetType, "Code": Why}


def another(column: str, old: str | int) -> str | int:
    """Return something else that the column may hold."""
    if column in CLOSED:
        return next(member.value for member in CLOSED[column] if member.value != old)
    if column == "Parts":
        return '{"words":"others"}' if old != '{"words":"others"}' else ""
    if column == "Wave":
        return 1 if old == "" else ""
    return old + 1 if isinstance(old, int) else f"{old}x"


@given(chunks=st.lists(st.binary(max_size=50), max_size=5))
def test_a_file_holds_the_bytes_that_it_was_given(chunks: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "file"
        write_atomically(path, chunks)
        assert path.read_bytes() == b"".join(chunks)
