"""Our documents as CSV and JSON: plan.csv, rollback.csv with rollback.json, audit.csv and snapshot.csv.

Each is a pair of functions, to bytes and back; reading what was written gives equal records. State is spelled as
Graph spells it, booleans as PowerShell does (`True`, `False`), and a missing value is an empty cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, assert_never

import msgspec

from migrate.errors import BadInput
from migrate.exchange.tables import PLAIN, Dialect, csv_chunks, csv_pairs, name_of, opened
from migrate.exchange.typed_cells import (
    boolean,
    boolean_cell,
    decoded,
    in_row,
    names,
    one_of,
    state,
    state_or_none,
    whole_number,
)
from migrate.model.capability import Capability
from migrate.model.cells import PLAN_COLUMNS, PLAN_COLUMNS_SINCE, joined, plan_cells
from migrate.model.journal import AUDIT_COLUMNS, SINCE_VERSION_2, JournalEntry, columns_of, entry_of
from migrate.model.plan import HoldParts, HoldReason, PlanAction, PlanRow
from migrate.model.record import Record
from migrate.model.rollback import ROLLBACK_FORMAT, ROLLBACK_KIND, RollbackHeader, RollbackRow
from migrate.model.users import AnyUser, MfaState, UnreadableUser, UserRecord

ROLLBACK_COLUMNS = (
    "ObjectId",
    "UserPrincipalName",
    "PreviousState",
    "TargetState",
    "Wave",
    "TenantId",
    "PlanDigest",
)
SNAPSHOT_COLUMNS = (
    "ObjectId",
    "UserPrincipalName",
    "DisplayName",
    "UserType",
    "AccountEnabled",
    "OnPremisesSyncEnabled",
    "PerUserMfaState",
    "IsMfaRegistered",
    "IsMfaCapable",
    "MethodsRegistered",
    "Problem",
    "RequestId",
    "MfaCapable",
)
SNAPSHOT_SINCE = frozenset({"MfaCapable"})
"""Columns that older versions did not write: a snapshot.csv without them is read as well."""

ROLLBACK_JSON_LIMIT = 256 << 20
"""Bytes that rollback.json may have: a few hundred policies, and 45 for each user of a later wave."""

_HOLD_REASONS = frozenset(HoldReason)


class SnapshotRow(Record, frozen=True, kw_only=True):
    """One row of snapshot.csv: what of a user people want to see. The whole is in the database."""

    user_id: str
    user_principal_name: str
    display_name: str
    user_type: str
    account_enabled: bool | None
    on_premises_sync_enabled: bool
    mfa_state: MfaState | None
    """None for an unreadable user; then `problem` says why."""
    is_mfa_registered: bool | None
    """None when the registration report has no row for the user."""
    is_mfa_capable: bool | None
    methods_registered: tuple[str, ...]
    problem: str
    request_id: str
    mfa_capable: str = ""
    """How the user stands to what the policies ask, beside it until when with text messages and calls only; empty in
    tables of older versions, and for agents."""


def plan_csv(rows: Iterable[PlanRow], dialect: Dialect = PLAIN) -> Iterator[bytes]:
    """Yield plan.csv. A held row says why in Reason as `code: sentence`."""
    return csv_chunks(PLAN_COLUMNS, map(plan_cells, rows), dialect)


def plan_rows(source: Path | BinaryIO) -> Iterator[PlanRow]:
    """Yield the rows of plan.csv; raise `BadInput` naming file, row and column for what it cannot mean."""
    required = [column for column in PLAN_COLUMNS if column not in PLAN_COLUMNS_SINCE]
    # Most rows differ in who they are about only, so what the other cells say is found out once.
    known: dict[str, PlanRow] = {}
    rows = csv_pairs(source, required=required, known=known)
    header, _ = next(rows)
    for count, (cells, behind) in enumerate(rows, start=1):
        row = known.get(behind)
        if row is not None:
            yield msgspec.structs.replace(row, user_id=cells[0], user_principal_name=cells[1])
            continue
        try:
            row = _plan_row(dict(zip(header, cells, strict=True)))
        except (msgspec.ValidationError, BadInput) as error:
            raise in_row(source, count, error) from error
        if behind and len(known) < _KEPT:
            known[behind] = row
        yield row


_KEPT = 4096
"""How many different rows are kept: what they take stays bounded, whatever a plan says."""


def rollback_csv(rows: Iterable[RollbackRow], dialect: Dialect = PLAIN) -> Iterator[bytes]:
    """Yield rollback.csv."""
    return csv_chunks(ROLLBACK_COLUMNS, map(_rollback_cells, rows), dialect)


_GOING_BACK = (
    "Give the rollback.csv of a run, unedited. Users go back to the states of an old export with "
    "`mfa-migrate set-state --input FILE --state FromFile`."
)


def rollback_rows(source: Path | BinaryIO) -> Iterator[RollbackRow]:
    """Yield the rows of rollback.csv; raise `BadInput` naming file, row and column for what it cannot mean."""
    try:
        yield from decoded(source, ROLLBACK_COLUMNS, _rollback_row)
    except BadInput as problem:
        raise BadInput(problem.what, hint=problem.hint if problem.has_own_hint else _GOING_BACK) from problem


def audit_csv(entries: Iterable[JournalEntry], dialect: Dialect = PLAIN) -> Iterator[bytes]:
    """Yield audit.csv. The hashes in it are over the entries, not over the neutralised cells."""
    return csv_chunks(AUDIT_COLUMNS, map(_audit_cells, entries), dialect)


def audit_entries(source: Path | BinaryIO) -> Iterator[JournalEntry]:
    """Yield the entries of audit.csv as they were hashed; whether the chain holds is another question."""
    required = [column for column in AUDIT_COLUMNS if column not in SINCE_VERSION_2]
    return decoded(source, required, _audit_entry)


def snapshot_csv(rows: Iterable[SnapshotRow], dialect: Dialect = PLAIN) -> Iterator[bytes]:
    """Yield snapshot.csv."""
    return csv_chunks(SNAPSHOT_COLUMNS, map(snapshot_cells, rows), dialect)


def snapshot_rows(source: Path | BinaryIO) -> Iterator[SnapshotRow]:
    """Yield the rows of snapshot.csv; raise `BadInput` naming file, row and column for what it cannot mean."""
    required = [column for column in SNAPSHOT_COLUMNS if column not in SNAPSHOT_SINCE]
    return decoded(source, required, _snapshot_row)


def snapshot_row_of(user: AnyUser, capability: Capability | None = None) -> SnapshotRow:
    """Return the row of snapshot.csv for a user of the snapshot, readable or not."""
    profile, registration = user.profile, user.registration
    mfa_state: MfaState | None = None
    problem = request_id = ""
    match user:
        case UserRecord():
            mfa_state = user.mfa_state
        case UnreadableUser():
            problem, request_id = str(user.reason), user.request_id or ""
        case _:
            assert_never(user)
    return SnapshotRow(
        user_id=profile.id,
        user_principal_name=profile.user_principal_name,
        display_name=profile.display_name or "",
        user_type=profile.user_type or "",
        account_enabled=profile.account_enabled,
        on_premises_sync_enabled=profile.on_premises_sync_enabled,
        mfa_state=mfa_state,
        is_mfa_registered=registration.is_mfa_registered if registration else None,
        is_mfa_capable=registration.is_mfa_capable if registration else None,
        methods_registered=registration.methods_registered if registration else (),
        problem=problem,
        request_id=request_id,
        mfa_capable="" if capability is None or profile.is_agent else capability.cell,
    )


def rollback_json(header: RollbackHeader) -> bytes:
    """Return rollback.json, indented for people."""
    return msgspec.json.format(msgspec.json.encode(header), indent=2) + b"\n"


def rollback_header(source: Path | BinaryIO) -> RollbackHeader:
    """Return what rollback.json says; raise `BadInput` for another kind of file, a newer format or damage."""
    name = name_of(source)
    with opened(source) as stream:
        data = stream.read(ROLLBACK_JSON_LIMIT + 1)
    if len(data) > ROLLBACK_JSON_LIMIT:
        raise BadInput(f"{name} is larger than {ROLLBACK_JSON_LIMIT >> 20} MiB and cannot be a rollback.json.")
    try:
        said = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{name} is no JSON document: {error}.") from error
    if not isinstance(said, dict) or said.get("kind") != ROLLBACK_KIND:
        raise BadInput(f"{name} is no rollback.json of mfa-migrate.")
    version = said.get("format")
    if isinstance(version, int) and version > ROLLBACK_FORMAT:
        raise BadInput(
            f"{name} has format {version}; this version reads up to {ROLLBACK_FORMAT}.",
            hint="Install the version of mfa-migrate that wrote it, or a newer one.",
        )
    try:
        return msgspec.convert(said, RollbackHeader)
    except msgspec.ValidationError as error:
        raise BadInput(f"{name} does not hold what a rollback.json holds: {error}.") from error


def _plan_row(cells: dict[str, str]) -> PlanRow:
    action = one_of(PlanAction, cells, "Action")
    reason = cells["Reason"]
    hold_reason = None
    if action is PlanAction.HOLD:
        code, separator, reason = reason.partition(": ")
        if not separator or code not in _HOLD_REASONS:
            raise BadInput(f"column Reason of a held user begins with a code and a colon, not with {code[:40]!r}.")
        hold_reason = HoldReason(code)
    if cells.get("HoldCode", hold_reason or "") != (hold_reason or ""):
        raise BadInput(f"column HoldCode: {cells['HoldCode'][:40]!r} is not what column Reason begins with.")
    return PlanRow(
        user_id=cells["ObjectId"],
        user_principal_name=cells["UserPrincipalName"],
        current_state=state_or_none(cells, "CurrentState"),
        target_state=state_or_none(cells, "TargetState"),
        wave=whole_number(cells, "Wave") if cells["Wave"] else None,
        action=action,
        hold_reason=hold_reason,
        reason=reason,
        covered_by=names(cells, "CoveredBy"),
        parts=HoldParts(
            policies=names(cells, "Policy"),
            path=names(cells, "Path"),
            open_gaps=names(cells, "OpenGaps"),
            ends=cells.get("Ends", ""),
        ),
        mfa_capable=cells.get("MfaCapable", ""),
    )


def _rollback_cells(row: RollbackRow) -> tuple[str, ...]:
    return (
        row.user_id,
        row.user_principal_name,
        row.previous_state.value,
        row.target_state.value,
        str(row.wave),
        row.tenant_id,
        row.plan_digest,
    )


def _rollback_row(cells: dict[str, str]) -> RollbackRow:
    return RollbackRow(
        user_id=cells["ObjectId"],
        user_principal_name=cells["UserPrincipalName"],
        previous_state=state(cells, "PreviousState"),
        target_state=state(cells, "TargetState"),
        wave=whole_number(cells, "Wave"),
        tenant_id=cells["TenantId"],
        plan_digest=cells["PlanDigest"],
    )


def _audit_cells(entry: JournalEntry) -> tuple[str, ...]:
    return tuple(str(value) for value in columns_of(entry).values())


def _audit_entry(cells: dict[str, str]) -> JournalEntry:
    values: dict[str, str | int] = {column: cells[column] for column in AUDIT_COLUMNS if column in cells}
    for column in ("Sequence", "Attempt", *(["Wave"] if cells.get("Wave") else [])):
        values[column] = whole_number(cells, column)
    return entry_of(values)


def snapshot_cells(row: SnapshotRow) -> tuple[str, ...]:
    return (
        row.user_id,
        row.user_principal_name,
        row.display_name,
        row.user_type,
        boolean_cell(row.account_enabled),
        boolean_cell(row.on_premises_sync_enabled),
        row.mfa_state or "",
        boolean_cell(row.is_mfa_registered),
        boolean_cell(row.is_mfa_capable),
        joined(row.methods_registered),
        row.problem,
        row.request_id,
        row.mfa_capable,
    )


def _snapshot_row(cells: dict[str, str]) -> SnapshotRow:
    return SnapshotRow(
        user_id=cells["ObjectId"],
        user_principal_name=cells["UserPrincipalName"],
        display_name=cells["DisplayName"],
        user_type=cells["UserType"],
        account_enabled=boolean(cells, "AccountEnabled"),
        on_premises_sync_enabled=boolean(cells, "OnPremisesSyncEnabled") is True,
        mfa_state=state_or_none(cells, "PerUserMfaState"),
        is_mfa_registered=boolean(cells, "IsMfaRegistered"),
        is_mfa_capable=boolean(cells, "IsMfaCapable"),
        methods_registered=names(cells, "MethodsRegistered"),
        problem=cells["Problem"],
        request_id=cells["RequestId"],
        mfa_capable=cells.get("MfaCapable", ""),
    )
