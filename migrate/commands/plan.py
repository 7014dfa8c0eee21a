"""`plan`: work out who is switched off in which wave, who is held back and why, and what stands in the way."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from migrate import __version__
from migrate.commands.call import Call, dialect_of
from migrate.commands.config_names import names_in
from migrate.commands.exported_tenant import refuse_other_tenant
from migrate.commands.options import verb
from migrate.commands.policy_exclusions import policy_exclusions
from migrate.commands.report import try_report
from migrate.commands.sign_in_evidence import LogInFolder, by_person, folders_log, ways_of
from migrate.commands.user_lists import ExcludeFile, OnlyFile, rules_with_lists
from migrate.commands.wave_lists import wave_rules
from migrate.commands.wiring import journal_to_read, open_tenant, owner_line, workspace_of
from migrate.config import AcceptCaught, Config, EmergencyAccess, Exclusion, limits_of
from migrate.config_sign_ins import SignInConfig
from migrate.errors import ConfigProblem, ExitCode, MfaMigrateError
from migrate.model.evidence import Evidence
from migrate.model.impact import AcceptedPerson
from migrate.model.instants import minute_utc
from migrate.model.plan import (
    AcceptedGap,
    Decision,
    ExcludedUser,
    HoldReason,
    PlanAction,
    PlanHeader,
    PlanKind,
    PlanRow,
)
from migrate.model.plan_basis import BooksBeside, MadeWith
from migrate.model.rules import Rules
from migrate.model.templates import Wish
from migrate.model.tenant_settings import ANSWER_COUNTS_FOR, BASELINE_PAGE, answer_on
from migrate.settings import Settings
from migrate.store.folder import Workspace
from migrate.store.plan_files import PLAN_CSV, PLAN_JSON, plan_rows_of, read_plan, write_plan
from migrate.store.readings_file import read_readings
from migrate.store.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from migrate.decide.config_names import Names
    from migrate.decide.planner import Planner
    from migrate.decide.policy_steps import OwnPast


@verb
def plan(
    call: Call,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when there are changes or blockers.")
    ] = False,
    supersede: Annotated[
        bool, typer.Option("--supersede", help="Replace a plan whose run is begun and not finished.")
    ] = False,
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm-with-what-if",
            help="Put the proof to Microsoft's own What If, one user of each class; slow, half a request a second.",
        ),
    ] = False,
    only: OnlyFile = None,
    exclude: ExcludeFile = None,
    policies: Annotated[
        bool, typer.Option("--policies", help="Show what is sent to create each policy, or to change it.")
    ] = False,
) -> ExitCode:
    """Work out the migration from the last export. Changes nothing in the tenant.

    Writes plan.json, plan.csv and report.html into the working folder. Nobody is planned whose coverage by enabled
    Conditional Access policies is not proven once the plan's own policies are on.

    \b
    Examples:
        mfa-migrate plan
        mfa-migrate plan --exit-code
        mfa-migrate plan --only pilot.csv --exclude vip.xlsx
        mfa-migrate plan --policies
        mfa-migrate plan --confirm-with-what-if
        mfa-migrate plan -o csv > plan-for-the-meeting.csv
    """
    from migrate.decide.advice.advising import advised
    from migrate.decide.configuration import made_with
    from migrate.views.plan import plan_answer

    workspace = workspace_of(call)
    with workspace.lock(owner_line("plan")), open_snapshot(workspace) as snapshot:
        workspace.replaceable([PLAN_CSV, PLAN_JSON])
        past, books = _past(workspace, supersede=supersede)
        _say_where_older_than_changes(call, workspace, snapshot, supersede=supersede)
        rules = _rules(call, snapshot)
        made = made_with(rules, excluded_by(call.settings.config, snapshot))
        rules = rules_with_lists(rules, snapshot, only=only, exclude=exclude, warn=call.screen.warn)
        log = folders_log(workspace)
        planner = _planner(call, workspace, snapshot, rules, past, log)
        if confirm:
            planner.object_to(call.run(_objections(call, snapshot, planner, rules)))
        off: set[str] = set()
        header = write_plan(
            workspace,
            _noted(planner.rows(snapshot.users()), off),
            lambda digest: _with_replay(
                _completed(call, planner.header(digest, tool_version=__version__), made, books, rules),
                log,
                snapshot,
                planner.planned_evidence,
                off,
                call.settings.config.sign_ins,
            ),
            dialect_of(call.settings),
        )
        advice = None
        if _is_worth_advice(header):
            _, advice = advised(snapshot.header, snapshot.evidence(), rules, snapshot.users(), ways_of(log))
    rows = workspace.path / PLAN_CSV
    try_report(call, workspace)  # before the answer, whose last line is the count
    call.answer(plan_answer(header, lambda: plan_rows_of(rows), rows, advice=advice, bodies=policies))
    changes = bool(header.policy_steps or header.users_to_change or header.blockers)
    return ExitCode.FINDINGS if exit_code and changes else ExitCode.OK


def _planner(
    call: Call, workspace: Workspace, snapshot: Snapshot, rules: Rules, past: OwnPast, log: LogInFolder
) -> Planner:
    """Return a planner that knows what the folder and the configuration tell besides the snapshot."""
    from migrate.commands.doctor_facts import facts_in
    from migrate.decide.planner import Planner

    planner = Planner(snapshot.header, snapshot.evidence(), rules, past)
    planner.know_facts(facts_in(call, workspace, snapshot))
    planner.know_readings(read_readings(workspace))
    planner.know_sign_ins(ways_of(log))
    planner.know_log(by_person(log))
    planner.know_waves(_waves_before(workspace, snapshot))
    return planner


def _waves_before(workspace: Workspace, snapshot: Snapshot) -> dict[str, str]:
    """Return by user id the wave in which the plan had people that is replaced now; nothing where there is none."""
    with suppress(MfaMigrateError):
        before, rows = read_plan(workspace)
        if before.kind is PlanKind.MIGRATE and before.tenant_id == snapshot.header.organization.tenant_id:
            names = {wave.number: wave.name for wave in before.waves}
            return {row.user_id: names[row.wave] for row in plan_rows_of(rows) if row.wave in names}
    return {}


def _noted(rows: Iterator[PlanRow], off: set[str]) -> Iterator[PlanRow]:
    """Pass the rows on and note whose per-user MFA they switch off."""
    for row in rows:
        if row.action is PlanAction.DISABLE:
            off.add(row.user_id)
        yield row


def _with_replay(
    header: PlanHeader,
    log: LogInFolder,
    snapshot: Snapshot,
    planned: Evidence,
    off: set[str],
    config: SignInConfig,
) -> PlanHeader:
    """Add what the sign-in log says of the plan, where a log was read."""
    from migrate.commands.replaying import replay_of
    from migrate.decide.replay.notes import notes_of

    found = replay_of(log, snapshot, planned, frozenset(off), config)
    if found is None:
        return header
    return msgspec.structs.replace(header, notes=(*header.notes, *notes_of(found[0])))


def _completed(call: Call, header: PlanHeader, made: MadeWith, books: BooksBeside, rules: Rules) -> PlanHeader:
    """Return the header with what it was made with, the names in it, and the answers about the tenant."""
    from migrate.decide.tenant_answers import answer_notes

    notes = (*header.notes, *answer_notes(call.settings.config.tenant_settings))
    return msgspec.structs.replace(header, made_with=made, books=books, notes=notes, names=rules.names)


_CLOSED_BY_STEPS = (HoldReason.UNCOVERED, HoldReason.PARTLY, HoldReason.MANAGED_POLICY)


def _is_worth_advice(header: PlanHeader) -> bool:
    """Tell whether somebody is held back whom a policy could cover."""
    return any(header.counts.get(f"hold/{why}") for why in _CLOSED_BY_STEPS)


async def _objections(call: Call, snapshot: Snapshot, planner: Planner, rules: Rules) -> dict[Hashable, str]:
    """Return the classes of users about which Microsoft's What If disagrees, with the reason."""
    from migrate.decide.what_if import WhatIf
    from migrate.engine.confirmation import objections_of

    samples = planner.samples(snapshot.users())
    what_if = WhatIf(planner.planned_evidence)
    async with open_tenant(call) as tenant:
        await refuse_other_tenant(tenant, snapshot)
        objections = await objections_of(tenant, samples, what_if, apps=rules.apps_that_matter, progress=call.screen)
    call.screen.say(f"Microsoft's What If agrees about {len(samples) - len(objections)} of {len(samples)} classes")
    return objections


def _past(workspace: Workspace, *, supersede: bool) -> tuple[OwnPast, BooksBeside]:
    """Return what was done before, and the books that say so; raise Guarded over an open run that is to stay."""
    from migrate.decide.policy_steps import NO_PAST
    from migrate.engine.history import past_of, refuse_over_open_run

    readings = read_readings(workspace)
    books = BooksBeside(
        readings_since="" if readings is None else readings.since,
        readings_at="" if readings is None else readings.last.at,
    )
    journal = journal_to_read(workspace)
    if journal is None:
        return NO_PAST, books
    with journal:
        if not supersede:
            refuse_over_open_run(journal)
        count, last_hash = journal.head
        return past_of(journal), msgspec.structs.replace(books, journal_entries=count, journal_hash=last_hash)


def _say_where_older_than_changes(call: Call, workspace: Workspace, snapshot: Snapshot, *, supersede: bool) -> None:
    """Warn where a run changed people or policies after the export began: no decision rests on the journal."""
    from migrate.engine.history import OF_POLICIES, has_changed_since

    journal = journal_to_read(workspace)
    if journal is None:
        return
    taken_at = snapshot.header.taken_at
    again = f"`mfa-migrate export`, then `mfa-migrate plan{' --supersede' if supersede else ''}`,"
    with journal:
        if has_changed_since(journal, taken_at, OF_POLICIES):
            call.screen.warn(
                f"This tool changed policies after the export of {minute_utc(taken_at)} began: the plan knows them and "
                f"whom they ask as they were, and `apply` will refuse it. {again} knows them as they are."
            )
        if has_changed_since(journal, taken_at):
            call.screen.warn(
                f"This tool changed people after the export of {minute_utc(taken_at)} began, and the plan counts them "
                f"as they were. {again} counts them as they are."
            )


def _rules(call: Call, snapshot: Snapshot) -> Rules:
    if call.settings.config.limits.max_newly_prompted is not None:
        call.screen.warn(
            "limits.max_newly_prompted is called max_newly_required now; the former name still works. Rename it in "
            "mfa-migrate.toml."
        )
    rules = rules_for(call.settings, snapshot, today=snapshot.header.taken_on)
    answer = call.settings.config.tenant_settings.answer
    if answer is not None and answer.is_answer and not rules.baseline.is_answer:
        call.screen.warn(
            f"The answer about baseline scopes is of {answer.said_on}, more than {ANSWER_COUNTS_FOR.days} days ago: it "
            f"counts no more. Look at {BASELINE_PAGE} again and write what it shows, with its day."
        )
    return rules


def rules_for(settings: Settings, snapshot: Snapshot, *, today: date) -> Rules:
    """Resolve every name of the configuration against the snapshot.

    Raises ConfigProblem for a name that the snapshot does not hold, and for missing emergency access.
    """
    config = settings.config
    access = config.emergency_access
    if access is None:
        raise ConfigProblem(
            "No emergency access account is configured.",
            hint='Add to mfa-migrate.toml: [emergency_access] accounts = ["name@domain", …], or none = "the reason".',
        )
    actor, names = snapshot.header.actor, names_in(snapshot)
    rules = Rules(
        create=config.policy.mode.value == "create",
        scope_group=None if (pilot := config.policy.scope_group) is None else names.group(pilot, "policy.scope"),
        switch_on=tuple(names.policy(name, "policy.switch_on") for name in config.policy.switch_on),
        emergency_access=tuple(names.user(name, "emergency_access.accounts") for name in access.accounts),
        emergency_none=access.none,
        exclusions={
            one.user_id: one for one in (_excluded(entry, names) for entry in config.exclude if today < entry.expires)
        },
        guests=config.guests,
        canary=frozenset(names.user(name, "waves.canary") for name in config.waves.canary),
        percentages=config.waves.percentages,
        waves=wave_rules(settings, snapshot, names),
        accepted_gaps=_accepted_on(config, today),
        apps_that_matter=frozenset(config.coverage.apps) or None,
        baseline=answer_on(config.tenant_settings.answer, today),
        limits=limits_of(config),
        sync_by_account=config.policy.directory_sync.value == "accounts",
        operator=actor.object_id if actor.is_user else None,
        only=None,
        emergency_decision=_decision(access),
        not_before=tuple((start.wave, start.not_before.isoformat()) for start in config.waves.start),
        accepted_caught=_caught_on(config, today, names),
        policy_exclusions=policy_exclusions(settings, snapshot, names),
        strength=None if (asked := config.policy.strength) is None else names.strength(asked, "policy.strength"),
        wishes=tuple(
            Wish(template=one.name, switch_on=one.switch_on, temporary_access_pass=one.temporary_access_pass or "")
            for one in config.policy.template
        ),
    )
    return msgspec.structs.replace(rules, names=names.found)


def _caught_on(config: Config, today: date, names: Names) -> tuple[AcceptedPerson, ...]:
    return tuple(_accepted_person(entry, names) for entry in config.accept_caught if today < entry.expires)


def _accepted_person(entry: AcceptCaught, names: Names) -> AcceptedPerson:
    return AcceptedPerson(
        user_id=names.user(entry.user, "accept_caught.user"),
        user_principal_name=entry.user,
        reason=entry.reason,
        expires=entry.expires.isoformat(),
        decided_by=entry.decided_by or "",
        since=_day(entry.since),
    )


def _excluded(entry: Exclusion, names: Names) -> ExcludedUser:
    return ExcludedUser(
        user_id=names.user(entry.user, "exclude.user"),
        reason=entry.reason,
        expires=entry.expires.isoformat(),
        decided_by=entry.decided_by or "",
        since=_day(entry.since),
        from_policy=entry.from_policy,
    )


def _decision(access: EmergencyAccess) -> Decision:
    return Decision(reason=access.none or "", decided_by=access.decided_by or "", since=_day(access.since))


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def excluded_by(config: Config, snapshot: Snapshot) -> frozenset[str]:
    """Return the ids of everybody whom the configuration excludes, those whose exclusion has ended too.

    That a day has come is no edit. Whoever is not in the snapshot any more is left out.
    """
    names, found = names_in(snapshot), set()
    for entry in config.exclude:
        with suppress(ConfigProblem):
            found.add(names.user(entry.user, "exclude.user"))
    return frozenset(found)


def _accepted_on(config: Config, today: date) -> tuple[AcceptedGap, ...]:
    return tuple(
        AcceptedGap(
            tag=gap.gap,
            reason=gap.reason,
            expires=gap.expires.isoformat(),
            decided_by=gap.decided_by or "",
            since=_day(gap.since),
        )
        for gap in config.accept_partial
        if today < gap.expires
    )
