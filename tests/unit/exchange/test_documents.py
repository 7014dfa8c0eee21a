"""Plan, rollback, audit and snapshot on paper: reading what was written gives equal records, and edits are noticed."""

from __future__ import annotations

import io
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from migrate.errors import BadInput
from migrate.exchange.documents import (
    SnapshotRow,
    audit_csv,
    audit_entries,
    plan_csv,
    plan_rows,
    rollback_csv,
    rollback_header,
    rollback_json,
    rollback_rows,
    snapshot_csv,
    snapshot_row_of,
    snapshot_rows,
)
from migrate.exchange.tables import DELIMITERS, Dialect
from migrate.model.cells import joined, split
from migrate.model.evidence import PolicyState
from migrate.model.journal import (
    AUDIT_COLUMNS,
    GENESIS,
    SINCE_VERSION_2,
    JournalEntry,
    Operation,
    Outcome,
    TargetType,
    entry_of,
)
from migrate.model.plan import HoldParts, HoldReason, PlanAction, PlanRow
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.reasons import Parts, Reason, Why, parts_text, reason_of, why_of
from migrate.model.rollback import (
    ROLLBACK_FORMAT,
    ROLLBACK_KIND,
    CreatedPolicy,
    RollbackHeader,
    RollbackRow,
)
from migrate.model.steps import SetPolicyState
from migrate.model.users import MfaState, Registration, UnreadableUser, UserProfile, UserRecord

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text("'=+-@\t\r\n\",;\\:| ")
STATES = st.sampled_from(list(MfaState))
NUMBERS = st.integers(min_value=0, max_value=10**15)
NAMES = st.lists(TEXT, max_size=4).map(tuple)
DIALECTS = st.builds(
    Dialect,
    delimiter=st.sampled_from(DELIMITERS),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    crlf=st.booleans(),
)

PLAN_ROWS = st.builds(
    lambda held, action, **members: PlanRow(
        hold_reason=held, action=PlanAction.HOLD if held is not None else action, **members
    ),
    held=st.none() | st.sampled_from(list(HoldReason)),
    action=st.sampled_from([PlanAction.DISABLE, PlanAction.NONE]),
    user_id=TEXT,
    user_principal_name=TEXT,
    current_state=st.none() | STATES,
    target_state=st.none() | STATES,
    wave=st.none() | NUMBERS,
    reason=TEXT,
    covered_by=NAMES,
    parts=st.builds(HoldParts, policies=NAMES, path=NAMES, open_gaps=NAMES, ends=TEXT),
    mfa_capable=TEXT,
)
ROLLBACK_ROWS = st.builds(
    RollbackRow,
    user_id=TEXT,
    user_principal_name=TEXT,
    previous_state=STATES,
    target_state=STATES,
    wave=NUMBERS,
    tenant_id=TEXT,
    plan_digest=TEXT,
)
UNCODED = st.fixed_dictionaries(
    dict.fromkeys((name for name in AUDIT_COLUMNS if name not in SINCE_VERSION_2), TEXT)
    | {
        "Sequence": NUMBERS,
        "Wave": st.just("") | NUMBERS,
        "Attempt": NUMBERS,
        "Operation": st.sampled_from([member.value for member in Operation]),
        "TargetType": st.sampled_from([member.value for member in TargetType]),
        "Outcome": st.sampled_from([member.value for member in Outcome]),
    }
)
REASONS = st.builds(
    Reason,
    why=st.sampled_from(list(Why)),
    words=TEXT,
    parts=st.builds(Parts, found=TEXT, run=TEXT, status=st.integers(0, 599), held=st.booleans()),
)
CODED = st.just({"Code": "", "Parts": ""}) | REASONS.map(lambda one: {"Code": one.why.value, "Parts": parts_text(one)})
ENTRIES = st.builds(lambda columns, coded: entry_of(columns | coded), UNCODED, CODED)
"""Entries of both versions of the chain."""
SNAPSHOT_ROWS = st.builds(
    SnapshotRow,
    user_id=TEXT,
    user_principal_name=TEXT,
    display_name=TEXT,
    user_type=TEXT,
    account_enabled=st.none() | st.booleans(),
    on_premises_sync_enabled=st.booleans(),
    mfa_state=st.none() | STATES,
    is_mfa_registered=st.none() | st.booleans(),
    is_mfa_capable=st.none() | st.booleans(),
    methods_registered=NAMES,
    problem=TEXT,
    request_id=TEXT,
    mfa_capable=TEXT,
)

FOUND = settings(phases=[Phase.generate])
"""Any example will do: nobody looks at the smallest."""


@pytest.mark.parametrize(("rows", "record"), [(PLAN_ROWS, PlanRow), (SNAPSHOT_ROWS, SnapshotRow)])
def test_what_a_later_version_added_to_a_row_is_made_up_above(rows: st.SearchStrategy, record: type) -> None:
    for member in msgspec.structs.fields(record):
        if not member.required:
            find(rows, lambda row, name=member.name, usual=member.default: getattr(row, name) != usual, settings=FOUND)


@given(st.lists(PLAN_ROWS, max_size=5), DIALECTS)
def test_plan_csv_is_read_as_it_was_written(rows: list[PlanRow], dialect: Dialect) -> None:
    assert list(plan_rows(io.BytesIO(b"".join(plan_csv(rows, dialect))))) == rows


@given(st.lists(ROLLBACK_ROWS, max_size=5), DIALECTS)
def test_rollback_csv_is_read_as_it_was_written(rows: list[RollbackRow], dialect: Dialect) -> None:
    assert list(rollback_rows(io.BytesIO(b"".join(rollback_csv(rows, dialect))))) == rows


@given(st.lists(ENTRIES, max_size=5), DIALECTS)
def test_audit_csv_is_read_as_it_was_written_and_hashes_the_same(entries: list[JournalEntry], dialect: Dialect) -> None:
    read = list(audit_entries(io.BytesIO(b"".join(audit_csv(entries, dialect)))))
    assert read == entries
    assert [entry.expected_hash() for entry in read] == [entry.expected_hash() for entry in entries]


@given(st.lists(SNAPSHOT_ROWS, max_size=5), DIALECTS)
def test_snapshot_csv_is_read_as_it_was_written(rows: list[SnapshotRow], dialect: Dialect) -> None:
    assert list(snapshot_rows(io.BytesIO(b"".join(snapshot_csv(rows, dialect))))) == rows


@given(NAMES)
def test_a_list_of_names_in_one_cell_is_split_as_it_was_joined(names: tuple[str, ...]) -> None:
    assert split(joined(names)) == names


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
JSON_OBJECTS = st.dictionaries(TEXT, JSON, max_size=4)


@given(
    st.builds(
        RollbackHeader,
        format=st.just(ROLLBACK_FORMAT),
        kind=st.just(ROLLBACK_KIND),
        tool_version=TEXT,
        created_at=TEXT,
        tenant_id=TEXT,
        tenant_name=TEXT,
        tenant_domain=TEXT,
        cloud=TEXT,
        endpoint=st.none() | TEXT,
        plan_digests=NAMES,
        former_policies=st.dictionaries(TEXT, JSON_OBJECTS, max_size=2),
        policies_created=st.lists(st.builds(CreatedPolicy, key=TEXT, id=TEXT, body=JSON_OBJECTS), max_size=2).map(
            tuple
        ),
        policies_switched=st.lists(
            st.builds(
                SetPolicyState,
                key=TEXT,
                display_name=TEXT,
                before=st.sampled_from(list(PolicyState)),
                after=st.sampled_from(list(PolicyState)),
                because=TEXT,
            ),
            max_size=2,
        ).map(tuple),
        csv_sha256=TEXT,
        journal_entries=NUMBERS,
        journal_hash=TEXT,
        policies_rescoped=st.lists(
            st.builds(
                SetPolicyScope,
                key=TEXT,
                display_name=TEXT,
                before=JSON_OBJECTS,
                after=JSON_OBJECTS,
                policy_state=st.sampled_from(list(PolicyState)),
                because=TEXT,
            ),
            max_size=2,
        ).map(tuple),
    )
)
def test_rollback_json_is_read_as_it_was_written(header: RollbackHeader) -> None:
    assert rollback_header(io.BytesIO(rollback_json(header))) == header


def header() -> RollbackHeader:
    return RollbackHeader(
        format=ROLLBACK_FORMAT,
        kind=ROLLBACK_KIND,
        tool_version="0.1.0",
        created_at="2026-11-24T05:00:00Z",
        tenant_id="00000000-0000-4000-8000-000000000001",
        tenant_name="Contoso",
        tenant_domain="contoso.example",
        cloud="global",
        endpoint=None,
        plan_digests=("ab" * 32,),
        former_policies={},
        policies_created=(),
        policies_switched=(),
        csv_sha256="cd" * 32,
        journal_entries=3,
        journal_hash="ef" * 32,
    )


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "is no JSON document"),
        (b"[" * 100_000, "is no JSON document"),
        (b"\xff\xfe{}", "is no JSON document"),
        (b"[]", "is no rollback.json of mfa-migrate"),
        (b'{"kind": "mfa-migrate-plan"}', "is no rollback.json of mfa-migrate"),
        (rollback_json(msgspec.structs.replace(header(), format=99)), "has format 99; this version reads up to 1"),
        (rollback_json(header()).replace(b'"cloud"', b'"clouds"'), "does not hold what a rollback.json holds"),
        (rollback_json(header()).replace(b'"journalEntries": 3', b'"journalEntries": "3"'), "Expected `int`"),
    ],
)
def test_another_file_does_not_pass_for_rollback_json(document: bytes, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        rollback_header(io.BytesIO(document))
    assert said in refused.value.what


PLAN_ROW = PlanRow(
    user_id="11111111-1111-4111-8111-111111111111",
    user_principal_name="ana.lopez@contoso.example",
    current_state=MfaState.ENFORCED,
    target_state=None,
    wave=None,
    action=PlanAction.HOLD,
    hold_reason=HoldReason.UNCOVERED,
    reason="No enabled policy demands MFA.",
    covered_by=(),
)


def test_plan_csv_reads_like_a_table_for_people() -> None:
    assert b"".join(plan_csv([PLAN_ROW])).decode() == (
        "ObjectId,UserPrincipalName,CurrentState,TargetState,Wave,Action,Reason,CoveredBy,"
        "HoldCode,Policy,Path,OpenGaps,Ends,MfaCapable\n"
        "11111111-1111-4111-8111-111111111111,ana.lopez@contoso.example,enforced,,,hold,"
        "uncovered: No enabled policy demands MFA.,,uncovered,,,,,\n"
    )


@pytest.mark.parametrize(
    ("found", "instead", "said"),
    [
        ("enforced", "forced", "data row 1: column CurrentState: 'forced' is no per-user MFA state"),
        (",hold,", ",wait,", "data row 1: column Action: 'wait' is not one of disable, hold, none"),
        (",uncovered,", ",partly,", "data row 1: column HoldCode: 'partly' is not what column Reason begins with"),
        ("uncovered: ", "", "data row 1: column Reason of a held user begins with a code"),
        (",,,hold", ",,one,hold", "data row 1: column Wave: 'one' is no whole number"),
        (",,,hold", ",,٣,hold", "data row 1: column Wave: '٣' is no whole number"),
        ("MFA.,,uncovered", "MFA.,a; b\\,uncovered", "data row 1: column CoveredBy: a semicolon without"),
    ],
)
def test_a_cell_of_plan_csv_that_means_nothing_is_refused_with_its_place(found: str, instead: str, said: str) -> None:
    head, _, body = b"".join(plan_csv([PLAN_ROW])).decode().partition("\n")
    edited = head + "\n" + body.replace(found, instead)
    with pytest.raises(BadInput) as refused:
        list(plan_rows(io.BytesIO(edited.encode())))
    assert said in refused.value.what


def test_a_held_row_without_its_reason_is_a_bug_and_not_a_document() -> None:
    with pytest.raises(ValueError, match="is held exactly when"):
        b"".join(plan_csv([msgspec.structs.replace(PLAN_ROW, hold_reason=None)]))


def test_audit_csv_has_the_columns_of_version_1_and_then_those_of_version_2() -> None:
    assert " ".join(AUDIT_COLUMNS) == (
        "Sequence TimeUtc ServerDate Actor TenantId Operation TargetType ObjectId UserPrincipalName Before Requested "
        "Observed Outcome Reason Attempt RequestId ClientRequestId PlanDigest PreviousHash Hash Wave Code Parts"
    )


def entry() -> JournalEntry:
    bare = JournalEntry(
        sequence=1,
        time_utc="2026-11-24T05:00:00.000000Z",
        server_date="",
        actor="ops@contoso.example",
        tenant_id="00000000-0000-4000-8000-000000000001",
        operation=Operation.SET_MFA_STATE,
        target_type=TargetType.USER,
        object_id=PLAN_ROW.user_id,
        user_principal_name=PLAN_ROW.user_principal_name,
        before="enforced",
        requested="disabled",
        observed="",
        outcome=Outcome.INTENT,
        reason=reason_of(Why.PLANNED, "=not a formula"),
        attempt=1,
        request_id="",
        client_request_id="",
        plan_digest="ab" * 32,
        previous_hash=GENESIS,
        hash="",
    )
    return msgspec.structs.replace(bare, hash=bare.expected_hash())


def test_the_hash_is_over_the_entry_and_not_over_the_neutralised_cell() -> None:
    written = b"".join(audit_csv([entry()]))
    assert b",'=not a formula," in written
    (read,) = audit_entries(io.BytesIO(written))
    assert read.expected_hash() == read.hash


def test_an_unknown_operation_in_audit_csv_is_refused_by_column() -> None:
    written = b"".join(audit_csv([entry()])).replace(b"SetMfaState", b"SetMfaStatus")
    with pytest.raises(BadInput, match=r"data row 1: .*SetMfaStatus.*Operation"):
        list(audit_entries(io.BytesIO(written)))


PROFILE = UserProfile(
    id=PLAN_ROW.user_id,
    user_principal_name=PLAN_ROW.user_principal_name,
    display_name="Ana López",
    user_type=None,
    creation_type=None,
    external_user_state=None,
    identities=(),
    account_enabled=True,
    on_premises_sync_enabled=False,
    assigned_licenses=(),
    created_date_time=None,
)


def test_the_snapshot_row_of_a_readable_user_shows_state_and_methods() -> None:
    user = UserRecord(
        profile=PROFILE,
        mfa_state=MfaState.ENFORCED,
        registration=Registration(
            is_mfa_registered=True,
            is_mfa_capable=False,
            methods_registered=("mobilePhone", "softwareOneTimePasscode"),
            last_updated_date_time=None,
        ),
    )
    written = b"".join(snapshot_csv([snapshot_row_of(user)])).decode()
    assert written.splitlines()[1] == (
        "11111111-1111-4111-8111-111111111111,ana.lopez@contoso.example,Ana López,,True,False,enforced,"
        "True,False,mobilePhone; softwareOneTimePasscode,,,"
    )


def test_the_snapshot_row_of_an_unreadable_user_shows_why_and_no_state() -> None:
    row = snapshot_row_of(
        UnreadableUser(profile=PROFILE, reason=why_of("403 Forbidden"), request_id="r-1", registration=None)
    )
    assert (row.mfa_state, row.problem, row.request_id, row.is_mfa_registered) == (None, "403 Forbidden", "r-1", None)


@pytest.mark.parametrize(
    ("write", "read"),
    [(plan_csv, plan_rows), (rollback_csv, rollback_rows), (audit_csv, audit_entries), (snapshot_csv, snapshot_rows)],
)
def test_a_document_without_rows_is_a_header(write: Callable, read: Callable) -> None:
    assert list(read(io.BytesIO(b"".join(write([]))))) == []
