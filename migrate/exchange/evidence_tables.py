"""The tables of the evidence folder, each as a pair: to bytes, and back to the rows that were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from migrate.errors import BadInput
from migrate.exchange.tables import PLAIN, Dialect, csv_chunks, csv_rows
from migrate.exchange.typed_cells import boolean, decoded, one_of, whole_number
from migrate.model.cis import AccountState
from migrate.model.evidence_folder import SampleRow, StateRow, UnreadableRow
from migrate.model.report import AccountKind, ExceptionFacts
from migrate.model.users import MfaState

STATE_COLUMNS = (
    "ObjectId",
    "UserPrincipalName",
    "UserType",
    "AccountState",
    "PerUserMfaState",
    "ReadAt",
    "RequestId",
)
UNREADABLE_COLUMNS = ("ObjectId", "UserPrincipalName", "UserType", "AccountState", "Reason", "RequestId")
SAMPLE_COLUMNS = ("ObjectId", "First", "Second", "Agree", "SampleSize", "Seed")
EXCEPTION_COLUMNS = ("Kind", "SubjectId", "Subject", "Reason", "DecidedBy", "Since", "Ends")
COVERAGE_READ = ("ObjectId", "PerUserMfaState", "Verdict")
"""The columns of coverage.csv that a check looks at; the table is the one of `coverage --user-list`."""


def states_csv(rows: Iterable[StateRow], dialect: Dialect = PLAIN) -> Iterator[bytes]:
    """Yield states.csv."""
    return csv_chunks(STATE_COLUMNS, map(_state_cells, rows), dialect)


def states_rows(source: Path | BinaryIO) -> Iterator[StateRow]:
    """Yield the rows of states.csv; raise `BadInput` naming file, row and column for what it cannot mean."""
    return decoded(source, STATE_COLUMNS, _state_row)


def unreadable_csv(rows: Iterable[UnreadableRow], dialect: Dialect = PLAIN) -> Iterator[bytes]:
    """Yield unreadable.csv."""
    return csv_chunks(UNREADABLE_COLUMNS, map(_unreadable_cells, rows), dialect)


def unreadable_rows(source: Path | BinaryIO) -> Iterator[UnreadableRow]:
    """Yield the rows of unreadable.csv; raises as `states_rows`."""
    return decoded(source, UNREADABLE_COLUMNS, _unreadable_row)


def sample_csv(rows: Iterable[SampleRow], dialect: Dialect = PLAIN) -> Iterator[bytes]:
    """Yield cross-check.csv."""
    return csv_chunks(SAMPLE_COLUMNS, map(_sample_cells, rows), dialect)


def sample_rows(source: Path | BinaryIO) -> Iterator[SampleRow]:
    """Yield the rows of cross-check.csv; raises as `states_rows`."""
    return decoded(source, SAMPLE_COLUMNS, _sample_row)


def exceptions_csv(rows: Iterable[ExceptionFacts], dialect: Dialect = PLAIN) -> Iterator[bytes]:
    """Yield exceptions.csv."""
    return csv_chunks(EXCEPTION_COLUMNS, map(_exception_cells, rows), dialect)


def verdict_rows(source: Path | BinaryIO) -> Iterator[tuple[str, str, str]]:
    """Yield object id, state and verdict of coverage.csv; raises as `states_rows`."""
    for cells in csv_rows(source, required=COVERAGE_READ):
        yield cells["ObjectId"], cells["PerUserMfaState"], cells["Verdict"]


def _state_cells(row: StateRow) -> tuple[str, ...]:
    state = "" if row.mfa_state is None else row.mfa_state.value
    return (
        row.user_id,
        row.user_principal_name,
        row.user_type,
        row.account,
        state,
        row.read_at,
        row.request_id,
    )


def _state_row(cells: dict[str, str]) -> StateRow:
    return StateRow(
        user_id=cells["ObjectId"],
        user_principal_name=cells["UserPrincipalName"],
        user_type=one_of(AccountKind, cells, "UserType"),
        account=one_of(AccountState, cells, "AccountState"),
        mfa_state=one_of(MfaState, cells, "PerUserMfaState") if cells["PerUserMfaState"] else None,
        read_at=cells["ReadAt"],
        request_id=cells["RequestId"],
    )


def _unreadable_cells(row: UnreadableRow) -> tuple[str, ...]:
    return (row.user_id, row.user_principal_name, row.user_type, row.account, row.reason, row.request_id)


def _unreadable_row(cells: dict[str, str]) -> UnreadableRow:
    return UnreadableRow(
        user_id=cells["ObjectId"],
        user_principal_name=cells["UserPrincipalName"],
        user_type=one_of(AccountKind, cells, "UserType"),
        account=one_of(AccountState, cells, "AccountState"),
        reason=cells["Reason"],
        request_id=cells["RequestId"],
    )


def _sample_cells(row: SampleRow) -> tuple[str, ...]:
    return (row.user_id, row.first, row.second, str(row.agree), str(row.size), row.seed)


def _sample_row(cells: dict[str, str]) -> SampleRow:
    agree = boolean(cells, "Agree")
    if agree is None:
        raise BadInput("column Agree: '' is neither True nor False.")
    return SampleRow(
        user_id=cells["ObjectId"],
        first=cells["First"],
        second=cells["Second"],
        agree=agree,
        size=whole_number(cells, "SampleSize"),
        seed=cells["Seed"],
    )


def _exception_cells(row: ExceptionFacts) -> tuple[str, ...]:
    return (row.kind, row.subject_id, row.subject, row.reason, row.decided_by, row.since, row.ends)
