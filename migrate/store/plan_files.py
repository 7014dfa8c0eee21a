"""plan.json and plan.csv: written together, and read back only as they were written."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from migrate.errors import BadInput, NothingHere, StalePlan
from migrate.exchange.documents import plan_csv, plan_rows
from migrate.exchange.tables import PLAIN, Dialect, name_of
from migrate.model.plan import PLAN_FORMAT, PlanAction, PlanHeader, PlanRow
from migrate.model.record import sha256_of
from migrate.model.steps import SetMfaState
from migrate.model.users import MfaState
from migrate.named_files import refuse_no_file
from migrate.store.files import os_errors_about, sha256_of_file, write_atomically
from migrate.store.folder import Workspace

PLAN_JSON, PLAN_CSV = "plan.json", "plan.csv"


def write_plan(
    workspace: Workspace,
    rows: Iterable[PlanRow],
    header_for: Callable[[str], PlanHeader],
    dialect: Dialect = PLAIN,
) -> PlanHeader:
    """Write plan.csv and then plan.json, which holds the digest of the rows and its own; return the header."""
    digest = write_atomically(workspace.path / PLAN_CSV, plan_csv(rows, dialect))
    header = header_for(digest)
    document = {"digest": header.digest, **msgspec.to_builtins(header)}
    write_atomically(workspace.path / PLAN_JSON, [msgspec.json.format(msgspec.json.encode(document), indent=2), b"\n"])
    return header


def read_plan(workspace: Workspace, named: str | None = None) -> tuple[PlanHeader, Path]:
    """Return the plan's header and the path of its rows, after checking that neither was edited.

    Raises:
        NothingHere: There is no plan.
        BadInput: plan.json is not one of ours, or of a newer version.
        StalePlan: plan.json is not what it was, or plan.csv is not what plan.json says.
    """
    path = Path(named) if named else workspace.path / PLAN_JSON
    if named:
        refuse_no_file(path, hint="It is the plan.json that `mfa-migrate plan` wrote.")
    if not path.is_file():
        raise NothingHere(f"There is no plan at {path}.", hint="Run `mfa-migrate plan` first.")
    header = plan_header_of(path)
    rows = path.with_name(PLAN_CSV)
    if not rows.is_file() or sha256_of_file(rows) != header.rows_sha256:
        raise _edited(rows, path.name)
    return header, rows


def plan_header_of(path: Path) -> PlanHeader:
    """Return the header that a plan.json holds, after checking that nobody edited it. Raises as `read_plan`."""
    again = "Run `mfa-migrate plan` again."
    try:
        document = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        digest = document.pop("digest", None)
        if isinstance(form := document.get("format"), int) and form > PLAN_FORMAT:
            raise BadInput(f"{path} was written by a newer version.", hint="Upgrade mfa-migrate.")
        header = msgspec.convert(document, PlanHeader)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadInput(f"{path} is not a plan of mfa-migrate, or was edited: {problem}.", hint=again) from problem
    if digest != sha256_of(document):
        raise StalePlan(
            f"{path} is not what `mfa-migrate plan` wrote: it was edited.",
            hint=f"Plans are for reading. Change the configuration. {again}",
        )
    return header


def plan_rows_of(path: Path) -> Iterator[PlanRow]:
    """Yield the rows of plan.csv."""
    return plan_rows(path)


def plan_steps_of(path: Path, sha256: str) -> Callable[[], Iterator[SetMfaState]]:
    """Return a function that yields the user steps of a plan.csv with this SHA-256, from the start at each call.

    The steps raise StalePlan at their end at the latest where the bytes that were read are others.
    """

    def steps() -> Iterator[SetMfaState]:
        for row in _verified(path, sha256):
            if row.action is PlanAction.DISABLE and row.current_state is not None and row.wave is not None:
                yield SetMfaState(
                    user_id=row.user_id,
                    user_principal_name=row.user_principal_name,
                    before=row.current_state,
                    after=row.target_state or MfaState.DISABLED,
                    wave=row.wave,
                    because=row.reason,
                )

    return steps


def _verified(path: Path, sha256: str) -> Iterator[PlanRow]:
    """Yield the rows of a file whose digest is that of the very bytes that they are made from."""
    digest = hashlib.sha256()
    problem: BadInput | None = None
    with os_errors_about(path), _Hashed(path, digest.update) as raw, io.BufferedReader(raw) as file:
        try:
            yield from plan_rows(file)
        except BadInput as found:
            problem = found
        while file.read(1 << 20):
            """What stands after the last row that was understood counts too."""
    if digest.hexdigest() != sha256:
        raise _edited(path, PLAN_JSON) from problem
    if problem is not None:
        raise BadInput(problem.what.replace(name_of(file), str(path)), hint=problem.hint)


class _Hashed(io.FileIO):
    """A file that tells what is read of it."""

    def __init__(self, path: Path, told: Callable[[memoryview], None]) -> None:
        super().__init__(path)
        self._told = told

    def readinto(self, buffer: Any, /) -> int:
        count = super().readinto(buffer)
        self._told(memoryview(buffer)[:count])
        return count


def _edited(rows: Path, beside: str) -> StalePlan:
    return StalePlan(
        f"{rows} is not what {beside} was made with: it was edited, or it belongs to another plan.",
        hint="plan.csv is for reading. Change the configuration and run `mfa-migrate plan` again.",
    )
