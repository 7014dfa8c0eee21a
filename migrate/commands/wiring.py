"""Wire settings to the tenant, the working folder and the clock. Every command takes its parts from here."""

from __future__ import annotations

import os
import shlex
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import msgspec

from migrate.commands.call import Call
from migrate.errors import BadInput, Guarded, NothingHere, StalePlan
from migrate.model.plan import PLAN_FORMAT, PlanAction, PlanHeader, PlanRow, SetMfaState
from migrate.model.record import sha256_of
from migrate.model.rollback import RollbackHeader, RollbackRow
from migrate.model.users import MfaState
from migrate.settings import DEFAULT_CONFIG, DEFAULT_WORKSPACE, Settings, TextEncoding
from migrate.store.files import chunks_of, put_in_place, sha256_of_file, write_atomically
from migrate.store.folder import Workspace

if TYPE_CHECKING:
    from migrate.exchange.tables import Dialect
    from migrate.graph.session import Connection
    from migrate.graph.tenant import GraphTenant
    from migrate.store.journal import JournalDb

PLAN_JSON, PLAN_CSV = "plan.json", "plan.csv"
ROLLBACK_JSON, ROLLBACK_CSV = "rollback.json", "rollback.csv"
SNAPSHOT_CSV = "snapshot.csv"
AUDIT_CSV, AUDIT_JSON = "audit.csv", "audit.json"
PAUSE_FILE = "pause"


def connection_for(settings: Settings) -> Connection:
    """Return how to reach the tenant. Secrets come from the environment only and are never written anywhere."""
    from migrate.graph.session import AuthMethod, Cloud, Connection

    return Connection(
        cloud=Cloud(settings.cloud.value),
        endpoint=settings.endpoint,
        tenant=settings.tenant,
        client_id=settings.sign_in.client_id,
        auth=AuthMethod(settings.sign_in.method.value),
        client_secret=_secret("CLIENT_SECRET"),
        certificate_path=Path(settings.sign_in.certificate) if settings.sign_in.certificate else None,
        certificate_password=_secret("CLIENT_CERTIFICATE_PASSWORD"),
        ca_bundle=Path(settings.config.ca_bundle) if settings.config.ca_bundle else None,
        pacing=settings.config.pacing,
    )


def _secret(name: str) -> str | None:
    """Return a secret from our own variable, or from the one that azure-identity documents."""
    return os.environ.get(f"MFA_MIGRATE_{name}") or os.environ.get(f"AZURE_{name}")


@asynccontextmanager
async def open_tenant(call: Call, *, on_wait: Callable[[str, float], None] | None = None) -> AsyncIterator[GraphTenant]:
    """Sign in and open the tenant; waits are told on the screen, or to `on_wait`.

    Raises Guarded when the tenant is not the one that `--tenant` names: some credentials sign in wherever they like.
    """
    from migrate.graph.session import open_tenant as opened

    connection = connection_for(call.settings)
    async with opened(connection, on_wait=on_wait or call.screen.waiting, prompt=call.screen.warn_plainly) as tenant:
        named = (call.settings.tenant or "").casefold()
        if named not in _ANY_TENANT:
            found = await tenant.read_organization()
            if named not in {found.tenant_id.casefold(), *(domain.casefold() for domain in found.verified_domains)}:
                raise Guarded(
                    f"You asked for tenant {call.settings.tenant}; this is {found.default_domain} ({found.tenant_id}).",
                    hint="Sign in to the right tenant, or correct --tenant or `tenant` in the configuration.",
                )
        yield tenant


_ANY_TENANT = frozenset({"", "common", "organizations", "consumers"})
"""Authorities that stand for whatever tenant the account belongs to."""


def workspace_of(call: Call) -> Workspace:
    """Return the working folder, not touched yet."""
    return Workspace(call.settings.workspace)


def command_for(settings: Settings, verb: str, cwd: Path) -> str:
    """Return the command line that runs a verb on the same folder and tenant from here, ready to be pasted."""
    config = settings.config
    typed = {
        "--workspace": (str(settings.workspace), str(cwd / (config.workspace or DEFAULT_WORKSPACE))),
        "--config": (str(settings.config_path or ""), str(cwd / DEFAULT_CONFIG)),
        "--endpoint": (settings.endpoint or "", (config.endpoint or "").rstrip("/")),
        "--tenant": (settings.tenant or "", config.tenant or ""),
        "--cloud": (settings.cloud.value, config.cloud.value),
    }
    words = [word for option, (used, known) in typed.items() if used not in ("", known) for word in (option, used)]
    return shlex.join(["mfa-migrate", verb, *words])


def owner_line(verb: str) -> str:
    """Return who holds the lock and for what, for the person who is refused meanwhile."""
    import getpass
    import socket

    return f"`mfa-migrate {verb}` of {getpass.getuser()} on {socket.gethostname()}"


def dialect_of(settings: Settings, default: TextEncoding = TextEncoding.UTF8) -> Dialect:
    """Return how a table is written; `default` is the encoding where none was asked for."""
    from migrate.exchange.tables import Dialect

    encoding = settings.encoding or default
    return Dialect(delimiter=settings.delimiter, encoding=encoding.codec, crlf=settings.crlf)


def now_utc() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return a new client request id."""
    return str(uuid.uuid4())


# --- plan files ---------------------------------------------------------------------------------------------------


def write_plan(
    workspace: Workspace,
    rows: Iterable[PlanRow],
    header_for: Callable[[str], PlanHeader],
    dialect: Dialect | None = None,
) -> PlanHeader:
    """Write plan.csv and then plan.json, which holds the digest of the rows and its own; return the header."""
    from migrate.exchange.documents import plan_csv
    from migrate.exchange.tables import PLAIN

    digest = write_atomically(workspace.path / PLAN_CSV, plan_csv(rows, dialect or PLAIN))
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
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as problem:
        raise BadInput(f"{path} is not a plan of mfa-migrate, or was edited: {problem}.", hint=again) from problem
    if digest != sha256_of(document):
        raise StalePlan(
            f"{path} is not what `mfa-migrate plan` wrote: it was edited.",
            hint=f"Plans are for reading. Change the configuration. {again}",
        )
    return header


def plan_rows_of(path: Path) -> Iterator[PlanRow]:
    """Yield the rows of plan.csv."""
    from migrate.exchange.documents import plan_rows

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


class FolderRollbackFiles:
    """rollback.csv and rollback.json in the working folder."""

    def __init__(self, workspace: Workspace, dialect: Dialect) -> None:
        self._folder, self._dialect = workspace.path, dialect

    def write(self, header: RollbackHeader, rows: Iterable[RollbackRow]) -> None:
        """Replace both files so that they fit each other at every moment.

        The header goes first and names the digests of the rows before and of the rows to come.
        """
        from migrate.exchange.documents import rollback_csv, rollback_json

        self._set_aside_those_of_a_lost_journal(header)
        csv = self._folder / ROLLBACK_CSV
        coming = csv.with_name(ROLLBACK_CSV + ".next")
        digest = write_atomically(coming, rollback_csv(rows, self._dialect))
        former = sha256_of_file(csv) if csv.is_file() else ""
        whole = msgspec.structs.replace(header, csv_sha256=digest, former_csv_sha256=former)
        write_atomically(self._folder / ROLLBACK_JSON, [rollback_json(whole)])
        put_in_place(coming, csv)

    def _set_aside_those_of_a_lost_journal(self, header: RollbackHeader) -> None:
        """Keep files that tell of runs which this journal does not know, in a folder of their own.

        Where the journal was lost they are the only way back from its runs. So are, perhaps, ones that are damaged.
        """
        from migrate.exchange.documents import rollback_header

        files = [self._folder / ROLLBACK_CSV, self._folder / ROLLBACK_JSON]
        if not all(file.is_file() for file in files):
            return
        try:
            there = rollback_header(files[1])
        except BadInput:
            aside = self._folder / f"rollback-{sha256_of_file(files[1])[:12]}"
        else:
            # A journal only grows; one that is shorter than what the files were written from is another one.
            if set(there.plan_digests) <= set(header.plan_digests) or there.journal_entries < header.journal_entries:
                return
            aside = self._folder / f"rollback-{there.plan_digests[-1][:12]}"
        aside.mkdir(exist_ok=True)
        for file in files:
            write_atomically(aside / file.name, chunks_of(file))


def rollback_files_of(workspace: Workspace) -> Iterator[tuple[Path, Path]]:
    """Yield every pair of rollback.csv and rollback.json in the folder, those that were set aside too."""
    for folder in (workspace.path, *sorted(workspace.path.glob("rollback-*"))):
        csv, beside = folder / ROLLBACK_CSV, folder / ROLLBACK_JSON
        if csv.is_file() and beside.is_file():
            yield csv, beside


# --- the journal --------------------------------------------------------------------------------------------------


def open_journal(workspace: Workspace, *, actor: str, tenant_id: str) -> JournalDb:
    """Open the journal for appending. Raises Guarded when it is the journal of another tenant."""
    from migrate.store.journal import JournalDb

    journal = JournalDb.open(workspace, actor=actor, tenant_id=tenant_id, clock=now_utc)
    try:
        refuse_foreign_journal(journal, workspace, tenant_id)
    except BaseException:
        journal.close()
        raise
    return journal


def refuse_foreign_journal(journal: JournalDb, workspace: Workspace, tenant_id: str) -> None:
    """Raise Guarded when the journal is of another tenant: one folder is for one tenant."""
    first = next(journal.entries(), None)
    if first is not None and first.tenant_id != tenant_id:
        raise Guarded(
            f"{workspace.path} holds the journal of tenant {first.tenant_id}; this is {tenant_id}.",
            hint="Use a working folder of its own for each tenant, with --workspace.",
        )


def journal_to_read(workspace: Workspace) -> JournalDb | None:
    """Open the journal for looking; None when nothing has been applied from this folder."""
    from migrate.store.journal import JournalDb

    try:
        return JournalDb.open_to_read(workspace)
    except NothingHere:
        return None


def say_chain_head(call: Call, journal: JournalDb) -> None:
    """Say count and last hash: written down elsewhere, they show later edits of the audit."""
    count, last_hash = journal.head
    if count:
        call.screen.say(f"Journal: {count} entries, last hash {last_hash}")


# --- interrupts ---------------------------------------------------------------------------------------------------


@contextmanager
def interruptible(call: Call) -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C or SIGTERM finish what is in flight; the second Ctrl-C stops at once.

    To be used in the command's coroutine. Yields a function that tells whether an interrupt came in.
    """
    import asyncio

    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    state = {"asked": False, "cancelled": False}

    def on_signal(number: int, _: FrameType | None) -> None:
        if state["cancelled"]:
            raise KeyboardInterrupt
        if state["asked"] and number == signal.SIGINT:
            # Cancelled between two steps of the loop: an entry of the journal is never cut in half.
            state["cancelled"] = True
            loop.call_soon_threadsafe(task.cancel)
        elif not state["asked"]:
            state["asked"] = True
            call.screen.warn("interrupted: finishing what is in flight; press Ctrl-C again to stop at once")

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: state["asked"]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def monotonic() -> float:
    """Return seconds that never go back."""
    return time.monotonic()


async def sleep(seconds: float) -> None:
    """Wait in the event loop."""
    import asyncio

    await asyncio.sleep(seconds)
