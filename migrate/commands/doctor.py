"""`doctor`: is this tenant, this sign-in and this machine ready, and what is missing."""

from __future__ import annotations

from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.wiring import connection_for, now_utc, owner_line, workspace_of
from migrate.errors import ExitCode, UsageProblem
from migrate.model.doctor import CheckName, CheckResult, Doctor, TenantFacts
from migrate.store.folder import Workspace
from migrate.views.doctor import checks_answer, doctor_answer

_KNOWN = ", ".join(name.value for name in CheckName)


@verb
def doctor(
    call: Call,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="CHECK,...", help="Make these checks alone.")
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="CHECK,...", help="Leave these checks out.")
    ] = None,
    from_export: Annotated[
        bool, typer.Option("--from-export", help="Look at the last export, and ask no tenant.")
    ] = False,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="WHAT,...", help="Look at backup or federation too, which asks for more."),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List the checks and what each stops; looks at nothing.")
    ] = False,
    tested: Annotated[
        str | None,
        typer.Option("--tested", metavar="ACCOUNT", help="Record that you signed in with this emergency account now."),
    ] = None,
) -> ExitCode:
    """Look at sign-in, permissions and tenant, and say what is missing.

    Fourteen checks, which only read: each is pass, warn, fail, or skipped with the reason; nothing unread passes.
    Exit code 0 without a fail, 1 with one, 4 when nobody could sign in. A plan can be made whatever fails; only `apply`
    is stopped.

    \b
    Examples:
        mfa-migrate doctor
        mfa-migrate doctor --only permissions
        mfa-migrate doctor --from-export --skip emergency-accounts
        mfa-migrate doctor --with backup -o json
        mfa-migrate doctor --with federation
        mfa-migrate doctor --tested emergency1@contoso.example
    """
    from migrate.commands.doctor_facts import facts_of_export, facts_of_tenant
    from migrate.decide.checks.every_check import CHECKS, looked_at

    wanted = _wanted(only, skip)
    if list_:
        call.answer(checks_answer([(name, CHECKS[name][1].value) for name in CheckName]))
        return ExitCode.OK
    more = frozenset(part.strip().casefold() for text in with_ or () for part in text.split(","))
    if unknown := more - {"backup", "federation"}:
        raise UsageProblem(
            f"--with does not know {sorted(unknown)[0]!r}.", hint="Use --with backup or --with federation."
        )
    workspace = workspace_of(call)
    if tested is not None:
        return _record(call, workspace, tested)
    asked = None if from_export else facts_of_tenant(call, workspace, more=more)
    facts = facts_of_export(call, workspace) if asked is None else call.run(asked)
    found = _told(call, facts, looked_at(facts, wanted), hints=only is None)
    call.answer(doctor_answer(found, commands=CheckName.PERMISSIONS in wanted and only is not None))
    if facts.sign_in is not None and facts.sign_in.problem is not None:
        return ExitCode.REMOTE
    return ExitCode.FINDINGS if found.failed else ExitCode.OK


def _told(call: Call, facts: TenantFacts, results: tuple[CheckResult, ...], *, hints: bool) -> Doctor:
    from migrate.decide.access import missing_for_reading
    from migrate.decide.hints import hints_of
    from migrate.graph.sign_in_problems import consent_link, who_consents

    connection = connection_for(call.settings)
    missing = facts.token is not None and bool(missing_for_reading(facts.token))
    return Doctor(
        tenant=facts.organization.default_domain if facts.organization else call.settings.tenant or "",
        results=results,
        hints=hints_of(facts) if hints else (),
        consent_link=consent_link(connection) if missing else None,
        who_consents=who_consents(connection) if missing else None,
    )


def _wanted(only: list[str] | None, skip: list[str] | None) -> frozenset[CheckName]:
    chosen = _named(only, "--only") if only else frozenset(CheckName)
    return chosen - _named(skip, "--skip")


def _named(given: list[str] | None, option: str) -> frozenset[CheckName]:
    found = set()
    for word in (part.strip().casefold() for text in given or () for part in text.split(",")):
        if word not in list(CheckName):
            raise UsageProblem(f"{option} does not know {word!r}.", hint=f"The checks are {_KNOWN}.")
        found.add(CheckName(word))
    return frozenset(found)


def _record(call: Call, workspace: Workspace, account: str) -> ExitCode:
    """Record a test sign-in of an account that the configuration names."""
    from migrate.commands.doctor_facts import operator_here
    from migrate.store.tested_accounts import TestedAccount, note_tested

    access = call.settings.config.emergency_access
    known = {name.casefold() for name in (access.accounts if access else ())}
    if account.casefold() not in known:
        raise UsageProblem(
            f"{account} is none of the emergency access accounts that the configuration names.",
            hint="Name it under [emergency_access] first, spelt the same.",
        )
    on = now_utc().date()
    with workspace.lock(owner_line("doctor")):
        note_tested(workspace, TestedAccount(account=account.casefold(), on=on, said_by=operator_here()))
    call.screen.say(f"Recorded: {account} was tried on {on}.")
    return ExitCode.OK
