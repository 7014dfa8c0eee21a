"""`explain`: the chain of evidence for one user: which policies apply, the verdict, what is open and why."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.judging import accepted_gaps, apps_that_matter, baseline_answer
from migrate.commands.now import now_or_export
from migrate.commands.options import verb
from migrate.commands.people import after_not_read, known_as, named_user
from migrate.commands.wiring import open_tenant, workspace_of
from migrate.errors import ConfigProblem, ExitCode, IncompleteRead, UsageProblem
from migrate.model.advice import Enough
from migrate.model.coverage import Verdict
from migrate.model.evidence import Evidence
from migrate.model.instants import iso_utc
from migrate.model.now import Moment
from migrate.model.reasons import NO_REASON, Why
from migrate.model.replies import user_of
from migrate.model.users import AnyUser, UserProfile
from migrate.store.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from migrate.model.explanation import Explanation

MOST_FOR_ENOUGH = 100_000
"""Above so many people the numbers of each step take longer than an answer about one person may."""

Suppose = Annotated[
    list[Path] | None,
    typer.Option(
        "--suppose",
        metavar="FILE",
        help="Judge as if the policy in this JSON file were there and enabled; may be given several times.",
    ),
]

Without = Annotated[
    str | None,
    typer.Option(
        "--without", metavar="POLICY", help="Judge as if this policy (id, name or part of it) were not there."
    ),
]


@verb
def explain(
    call: Call,
    user: Annotated[str, typer.Argument(metavar="USER", help="A name, part of one, or an object id.")],
    app: Annotated[
        list[str] | None,
        typer.Option(
            "--app",
            metavar="APP",
            help="Ask about this application or application group only, by id or name; may be given several times.",
        ),
    ] = None,
    suppose: Suppose = None,
    without: Without = None,
    live: Annotated[bool, typer.Option("--live", help="Read the user and the policies from the tenant now.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 unless the verdict is covered.")] = False,
) -> ExitCode:
    """Explain whether enabled Conditional Access policies require MFA of a user, and why.

    Answers from the last export and from what this tool changed since. The verdict is covered, partly, uncovered or
    unknown; every open region is named, with what would close it, and
    each single step that alone would be enough, with what it costs. With --live it reads both from the tenant and needs
    no export. `mfa-migrate help coverage` explains the verdicts and what the proof leaves out.

    \b
    Examples:
        mfa-migrate explain ada@contoso.example
        mfa-migrate explain ada@contoso.example --app "Exchange Online"
        mfa-migrate explain ada@contoso.example --suppose require-mfa.json
        mfa-migrate explain ada@contoso.example --without 'Require MFA for all users'
        mfa-migrate explain ada@contoso.example -o json
        mfa-migrate explain ada --exit-code
    """
    from migrate.views.coverage import explain_answer

    found, there, moment = (
        call.run(_live(call, known_as(call, user, workspace_of(call)))) if live else _known(call, user)
    )
    evidence = supposed(there, suppose, without)
    explanation = _explained(call, found, evidence, moment, app)
    with_it = _explained(call, found, supposed(there, suppose), moment, app).coverage if without else None
    accepted = accepted_gaps(call.settings, _day_of(moment))
    plain = not (suppose or without or live or app) and not explanation.coverage.is_proven(accepted)
    enough = _enough(call, found) if plain else None
    call.answer(explain_answer(explanation, accepted, moment, without=without, with_it=with_it, enough=enough))
    return ExitCode.FINDINGS if exit_code and explanation.coverage.verdict is not Verdict.COVERED else ExitCode.OK


def _enough(call: Call, user: AnyUser) -> Enough:
    """Return what alone would be enough for somebody, by the engine of `advise`, as the tenant is now."""
    from migrate.commands.plan import rules_for
    from migrate.commands.sign_in_evidence import ways_seen_in
    from migrate.decide.advice.advising import Adviser
    from migrate.decide.as_now import evidence_as_now, users_as_now

    workspace = workspace_of(call)
    with open_snapshot(workspace) as snapshot:
        if snapshot.header.users > MOST_FOR_ENOUGH:
            return Enough(steps=(), planned=False, unknown="so many people are looked at by `mfa-migrate advise` alone")
        try:
            rules = rules_for(call.settings, snapshot, today=snapshot.header.taken_on)
        except ConfigProblem as problem:
            return Enough(steps=(), planned=False, unknown=problem.what)
        now = now_or_export(call, workspace, snapshot)
        adviser = Adviser(snapshot.header, evidence_as_now(snapshot.evidence(), now), rules, ways_seen_in(workspace))
        adviser.take(users_as_now(snapshot.users(), now))
        return adviser.enough_for(user)


def _explained(call: Call, user: AnyUser, evidence: Evidence, moment: Moment, apps: list[str] | None) -> Explanation:
    """Judge one user."""
    from migrate.decide.capability import Capabilities
    from migrate.decide.coverage.explaining import explanation_for
    from migrate.decide.coverage.judge import Judge

    named = _named_apps(call, apps) if apps else apps_that_matter(call.settings)
    judge = Judge(evidence, apps_that_matter=named, baseline=baseline_answer(call.settings, _day_of(moment)))
    return explanation_for(user, judge, Capabilities(evidence, judge).of(user.profile, user.registration))


def _known(call: Call, name: str) -> tuple[AnyUser, Evidence, Moment]:
    """Return a user and the policies as they are now, as far as the folder knows."""
    from migrate.decide.as_now import evidence_as_now, user_as_now
    from migrate.decide.lost_objects import lost_objects
    from migrate.views.lost_objects import say_lost_objects

    workspace = workspace_of(call)
    with open_snapshot(workspace) as snapshot:
        now = now_or_export(call, workspace, snapshot)
        user = user_as_now(known_user(call, name, snapshot), now)
        evidence = evidence_as_now(snapshot.evidence(), now)
    say_lost_objects(call.screen, lost_objects(evidence))
    return user, evidence, now.moment


async def _live(call: Call, name: str) -> tuple[AnyUser, Evidence, Moment]:
    """Read a user and the policies from the tenant; only an id or a user principal name counts there."""
    async with open_tenant(call) as tenant:
        profile = (await tenant.read_profiles([name])).get(name)
        if not isinstance(profile, UserProfile):
            said, hint = f"Not read: {name}: {profile or NO_REASON}", after_not_read(name, profile)
            if profile is not None and profile.why is Why.NOT_UNDERSTOOD:
                raise IncompleteRead(said, hint=hint)
            raise UsageProblem(said, hint=hint)
        moment = Moment(exported_at=iso_utc(tenant.server_now()), live=True)
        evidence = await tenant.read_evidence(paths=True)
        registrations = await tenant.read_registrations([profile.id])
        (reading,) = await tenant.read_mfa_states([profile.id])
    return user_of(profile, reading, registrations.get(profile.id)), evidence, moment


def _day_of(moment: Moment) -> date:
    return datetime.fromisoformat(moment.exported_at).date()


def _named_apps(call: Call, names: list[str]) -> frozenset[str]:
    return frozenset(named_app(call, name, groups=True) for name in names)


def named_app(call: Call, name: str, *, groups: bool) -> str:
    """Return the id of the application that a name stands for, and say which; raises as `application_called`."""
    from migrate.decide.naming_things import application_called

    found = application_called(name, groups=groups)
    if found.id.casefold() != name.casefold():
        # Whoever typed the name as it is needs the id only.
        meant = found.id if found.name == name else str(found)
        call.screen.say(f"{name!r} is {meant}.")
    return found.id


def known_user(call: Call, name: str, snapshot: Snapshot) -> AnyUser:
    """Return the user of the snapshot whom a name stands for; raises as `named_user` does."""
    otherwise = "Check the spelling, or run `mfa-migrate export` again if the account is new."
    return named_user(call, name, snapshot, otherwise=otherwise)


def supposed(evidence: Evidence, files: list[Path] | None, without: str | None = None) -> Evidence:
    """Return the evidence as if the policies of these files were there and enabled, and one of its own were not."""
    from migrate.decide.coverage.context import evidence_with, evidence_without
    from migrate.decide.naming_things import policy_called
    from migrate.exchange.policy_files import read_policy_file

    policies = tuple(policy for file in files or () for policy in read_policy_file(file))
    changed = evidence_with(evidence, policies) if policies else evidence
    return changed if without is None else evidence_without(changed, policy_called(without, changed))
