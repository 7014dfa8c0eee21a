"""plan.json and plan.csv: written together, and read back only as they were written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from migrate.errors import BadInput, NothingHere, StalePlan
from migrate.exchange.documents import plan_csv, plan_rows
from migrate.exchange.tables import PLAIN, Dialect
from migrate.model.plan import PLAN_FORMAT, PlanAction, PlanHeader, PlanRow, SetMfaState
from migrate.model.record import sha256_of
from migrate.model.users import MfaState
from migrate.store.files import sha256_of_file, write_atomically
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
    if not path.is_file():
        raise NothingHere(f"There is no plan at {path}.", hint="Run `mfa-migrate plan` first.")
    header = plan_header_of(path)
    rows = path.with_name(PLAN_CSV)
    if not rows.is_file() or sha256_of_file(rows) != header.rows_sha256:
        raise StalePlan(
            f"{rows} is not what {path.name} was made with: it was edited, or it belongs to another plan.",
            hint="plan.csv is for reading. Change the configuration and run `mfa-migrate plan` again.",
        )
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


def plan_steps_of(path: Path) -> Callable[[], Iterator[SetMfaState]]:
    """Return a function that yields the user steps of plan.csv from the start at each call."""

    def steps() -> Iterator[SetMfaState]:
        for row in plan_rows_of(path):
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
