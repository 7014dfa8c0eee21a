"""`rollback`: put every user back, and then the policies."""

from __future__ import annotations

import shlex
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate import __version__
from migrate.commands.call import Call, dialect_of
from migrate.commands.confirm import confirm
from migrate.commands.options import verb
from migrate.commands.wiring import (
    interruptible,
    journal_to_read,
    monotonic,
    new_id,
    open_journal,
    open_tenant,
    owner_line,
    say_chain_head,
    sleep,
    workspace_of,
)
from migrate.config import duration
from migrate.errors import BadInput, ExitCode, NothingHere, StalePlan, UsageProblem
from migrate.model.instants import iso_utc
from migrate.model.plan import PlanHeader
from migrate.model.rollback import RollbackHeader, RollbackRow
from migrate.model.run import RunResult
from migrate.store.files import sha256_of_file
from migrate.store.folder import PAUSE_FILE, Workspace
from migrate.store.rollback_files import ROLLBACK_JSON, FolderRollbackFiles

if TYPE_CHECKING:
    from migrate.decide.reverser import Rollback, Source, TenantFacts
    from migrate.engine.run_parts import ApplyOptions
    from migrate.store.journal import JournalDb


@verb
def rollback(
    call: Call,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="rollback.csv", help="Take the users from this file.")
    ] = None,
    users: Annotated[
        list[str] | None, typer.Option("--users", metavar="USER,...", help="Only these; names or object ids.")
    ] = None,
    wave: Annotated[int | None, typer.Option("--wave", metavar="N", help="Only this wave.")] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="DIGEST", help="Undo this run, which may itself be a rollback.")
    ] = None,
    overwrite_drift: Annotated[
        bool, typer.Option("--overwrite-drift", help="Restore also users whom somebody changed since.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    what_if: Annotated[bool, typer.Option("--what-if", "--dry-run", help="Do all reads, send nothing.")] = False,
    skip_settle: Annotated[
        str | None, typer.Option("--skip-settle", metavar="REASON", help="With --run: do not wait for policies.")
    ] = None,
) -> ExitCode:
    """Put users back to the state they had, and then the policies.

    Covers every user for whom a change was ever sent, whatever became of it. Whoever is in neither the former nor
    the target state was changed by somebody else: shown and left alone. Policies go back only in a full rollback,
    once everybody was read back as restored and nobody depends on them.

    \b
    Examples:
        mfa-migrate rollback --what-if
        mfa-migrate rollback --wave 2
        mfa-migrate rollback --users ada@contoso.example
        mfa-migrate rollback --file rollback.csv --yes
    """
    from migrate.views.apply import apply_answer

    if file is not None and run is not None:
        raise UsageProblem("--file and --run cannot go together.", hint="Use one of them.")
    workspace = workspace_of(call)
    if file is None and journal_to_read(workspace) is None:
        raise NothingHere(
            f"Nothing has been applied from {workspace.path}, so there is nothing to put back.",
            hint="Use --file rollback.csv to roll back from the files of another folder.",
        )
    wanted = {name.strip().lower() for given in users or () for name in given.split(",") if name.strip()}
    if users and not wanted:
        raise UsageProblem(
            "--users names nobody.", hint="Name users, or leave --users away to put everybody back, with the policies."
        )
    work = _Work(call, workspace, file, wanted, wave, run, overwrite_drift, yes, what_if, skip_settle)
    with workspace.lock(owner_line("rollback")):
        rolled, result = call.run(work.carry_out())
    options = {
        "--file": None if file is None else str(file),
        "--users": ",".join(sorted(wanted)) or None,
        "--wave": None if wave is None else str(wave),
        "--run": run,
    }
    # The bare command would put back something else.
    again = ["rollback", *(word for option, value in options.items() if value is not None for word in (option, value))]
    call.answer(apply_answer(rolled.header, result, command="rollback", again=shlex.join(again)))
    return result.exit_code


class _Work:
    """One rollback: where its rows come from, and the run."""

    def __init__(
        self,
        call: Call,
        workspace: Workspace,
        file: Path | None,
        users: set[str],
        wave: int | None,
        run: str | None,
        overwrite_drift: bool,
        yes: bool,
        what_if: bool,
        skip_settle: str | None,
    ) -> None:
        self._call, self._workspace, self._file = call, workspace, file
        self._users, self._wave, self._run = users, wave, run
        self._overwrite_drift, self._yes, self._what_if = overwrite_drift, yes, what_if
        self._skip_settle = skip_settle

    async def carry_out(self) -> tuple[Rollback, RunResult]:
        """Read the rows, make the plan, ask, run it."""
        from migrate.decide.reverser import TenantFacts, rollback_for
        from migrate.engine.applier import Applier
        from migrate.engine.history import latest_migration, runs_undone
        from migrate.engine.run_parts import RunParts
        from migrate.engine.wait_log import WaitLog

        waits = WaitLog(self._call.screen)
        async with open_tenant(self._call, on_wait=waits.waiting) as tenant:
            organization = await tenant.read_organization()
            actor = await tenant.read_actor()
            self._call.screen.say(f"Signed in as {actor.name}")
            with closing(open_journal(self._workspace, actor=actor.name, tenant_id=organization.tenant_id)) as journal:
                facts = TenantFacts(
                    tenant_id=organization.tenant_id,
                    tenant_name=organization.display_name,
                    tenant_domain=organization.default_domain,
                    cloud=self._call.settings.cloud.value,
                    endpoint=self._call.settings.endpoint,
                )
                source = self._source(journal, facts)
                latest = latest_migration(journal)
                rolled = rollback_for(
                    source.rows,
                    source.policy_steps,
                    source.facts,
                    created_at=iso_utc(tenant.server_now()),
                    tool_version=__version__,
                    readback_timeout_seconds=self._readback_timeout(),
                    apps_that_matter=None if latest is None else latest.apps_that_matter,
                    accepted_gaps=() if latest is None else latest.accepted_gaps,
                    emergency_access=() if latest is None else latest.emergency_access,
                    policy_settle_seconds=self._policy_settle() if latest is None else _settle_of(latest),
                    made_from=journal.head[1],
                    may_be_off=source.may_be_off,
                )
                self._ask(rolled)
                journal.for_run(rolled.header.digest)
                if not self._what_if:
                    waits.keep_in(journal, server_date=lambda: iso_utc(tenant.server_now()))
                with interruptible(self._call) as stop:
                    applier = Applier(
                        RunParts(
                            plan=rolled.header,
                            steps=lambda: iter(rolled.steps),
                            tenant=tenant,
                            journal=journal,
                            rollback_files=FolderRollbackFiles(self._workspace, dialect_of(self._call.settings)),
                            progress=waits,
                            options=self._options(runs_undone(journal, source, rolled)),
                            stop=stop,
                            paused=(self._workspace.path / PAUSE_FILE).exists,
                            sleep=sleep,
                            monotonic=monotonic,
                            new_id=new_id,
                        )
                    )
                    try:
                        return rolled, await applier.run()
                    finally:
                        say_chain_head(self._call, journal)

    def _options(self, undoes: tuple[str, ...]) -> ApplyOptions:
        from migrate.engine.run_parts import ApplyOptions

        return ApplyOptions(
            what_if=self._what_if,
            max_failures="100%",
            skip_settle=self._skip_settle,
            undoes=undoes,
            overwrite_drift=self._overwrite_drift,
            tool_version=__version__,
            cloud=self._call.settings.cloud.value,
            endpoint=self._call.settings.endpoint,
        )

    def _readback_timeout(self) -> int:
        text = self._call.settings.config.limits.readback_timeout
        return int(duration(text, "limits.readback_timeout").total_seconds())

    def _policy_settle(self) -> int:
        return int(duration(self._call.settings.config.policy.policy_settle, "policy.policy_settle").total_seconds())

    def _ask(self, rolled: Rollback) -> None:
        if self._yes or self._what_if:
            return
        header = rolled.header
        lines = [
            f"Tenant:   {header.tenant_name} ({header.tenant_domain}, {header.tenant_id})",
            f"Users:    {len(rolled.steps)} are put back; those who are as before already are left alone",
            f"Policies: {len(header.policy_steps)} steps, once everybody is restored",
            "Ends the sessions of users who are enabled or enforced again, within minutes.",
        ]
        confirm(self._call, lines, header.tenant_domain, alternative="--yes")

    # Where the rows come from

    def _source(self, journal: JournalDb, here: TenantFacts) -> Source:
        from migrate.decide.reverser import selected, source_of
        from migrate.engine.history import source_in

        if self._file is not None:
            rows, header = self._from_file(self._file, here.tenant_id)
            source = source_of(rows, header, here)
        else:
            source = source_in(journal, run=self._run, tenant_id=here.tenant_id)
        return selected(source, users=self._users, wave=self._wave)

    def _from_file(self, path: Path, tenant_id: str) -> tuple[list[RollbackRow], RollbackHeader | None]:
        from migrate.exchange.documents import rollback_header, rollback_rows

        if not path.is_file():
            raise BadInput(f"There is no file {path}.", hint="Give the rollback.csv of the run.")
        rows = list(rollback_rows(path))
        foreign = next((row for row in rows if row.tenant_id != tenant_id), None)
        if foreign is not None:
            raise StalePlan(
                f"{path} is of tenant {foreign.tenant_id} ({foreign.user_principal_name}); this is {tenant_id}.",
                hint="Sign in to that tenant.",
            )
        beside = path.with_name(ROLLBACK_JSON)
        if not beside.is_file():
            self._call.screen.warn(f"there is no {beside.name} beside {path.name}: users only, policies stay")
            return rows, None
        header: RollbackHeader = rollback_header(beside)
        if not header.fits(sha256_of_file(path)):
            raise StalePlan(
                f"{path} is not the file that {beside.name} was written with: it was edited or belongs to another run.",
                hint="Take both files from the same folder, or move rollback.json away to roll back users only.",
            )
        return rows, header


def _settle_of(plan: PlanHeader) -> int:
    return plan.limits.policy_settle_seconds
