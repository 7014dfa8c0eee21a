"""`explain`: the chain of evidence for one user: which policies apply, the verdict, what is open and why."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.people import named_user
from migrate.commands.wiring import workspace_of
from migrate.errors import ExitCode, UsageProblem
from migrate.model.coverage import Verdict
from migrate.model.evidence import Evidence
from migrate.model.tenant_settings import BaselineScopes, answer_on
from migrate.model.users import AnyUser
from migrate.settings import Settings
from migrate.store.snapshot import Snapshot, open_snapshot

EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"

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
    typer.Option("--without", metavar="POLICY", help="Judge as if this policy (name or id) were not there."),
]


@verb
def explain(
    call: Call,
    user: Annotated[str, typer.Argument(metavar="USER", help="A name, part of one, or an object id.")],
    app: Annotated[
        list[str] | None,
        typer.Option(
            "--app",
            metavar="ID",
            help="Ask about this application or application group only; may be given several times.",
        ),
    ] = None,
    suppose: Suppose = None,
    without: Without = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 unless the verdict is covered.")] = False,
) -> ExitCode:
    """Explain whether enabled Conditional Access policies require MFA of a user, and why.

    Reads the last export. The verdict is covered, partly, uncovered or unknown; every open region is named, with
    what would close it. `mfa-migrate help coverage` explains the verdicts and what the proof leaves out.

    \b
    Examples:
        mfa-migrate explain ada@contoso.example
        mfa-migrate explain ada@contoso.example --app 00000002-0000-0ff1-ce00-000000000000
        mfa-migrate explain ada@contoso.example --suppose require-mfa.json
        mfa-migrate explain ada@contoso.example --without 'Require MFA for all users'
        mfa-migrate explain ada@contoso.example -o json
        mfa-migrate explain ada --exit-code
    """
    from migrate.decide.capability import Capabilities
    from migrate.decide.coverage.explaining import explanation_for
    from migrate.decide.coverage.judge import Judge
    from migrate.decide.lost_objects import lost_objects
    from migrate.views.coverage import explain_answer
    from migrate.views.lost_objects import say_lost_objects

    with open_snapshot(workspace_of(call)) as snapshot:
        found = known_user(call, user, snapshot)
        apps = _named_apps(app) if app else apps_that_matter(call.settings)
        evidence, whole = supposed(snapshot, suppose, without), supposed(snapshot, suppose)
        say_lost_objects(call.screen, lost_objects(evidence))
        day = snapshot.header.taken_on
        baseline = baseline_answer(call.settings, day)
        judge = Judge(evidence, apps_that_matter=apps, baseline=baseline)
        explanation = explanation_for(found, judge, Capabilities(evidence, judge).of(found.profile, found.registration))
        today = Judge(whole, apps_that_matter=apps, baseline=baseline).coverage_of(found.profile) if without else None
    call.answer(explain_answer(explanation, accepted_gaps(call.settings, day), without=without, with_it=today))
    return ExitCode.FINDINGS if exit_code and explanation.coverage.verdict is not Verdict.COVERED else ExitCode.OK


def _named_apps(names: list[str]) -> frozenset[str]:
    from migrate.decide.coverage.strictly import is_guid
    from migrate.decide.coverage.vocabulary import APP_SUITES

    for name in names:
        if not is_guid(name) and name not in APP_SUITES:
            raise UsageProblem(
                f"--app takes an application (client) id, not {name!r}.",
                hint=f"Or one of the application groups {', '.join(APP_SUITES)}. Exchange Online is {EXCHANGE_ONLINE}.",
            )
    return frozenset(names)


def known_user(call: Call, name: str, snapshot: Snapshot) -> AnyUser:
    """Return the user of the snapshot whom a name stands for; raises as `named_user` does."""
    otherwise = "Check the spelling, or run `mfa-migrate export` again if the account is new."
    return named_user(call, name, snapshot, otherwise=otherwise)


def supposed(snapshot: Snapshot, files: list[Path] | None, without: str | None = None) -> Evidence:
    """Return the evidence as if the policies of these files were there and enabled, and one of its own were not."""
    from migrate.decide.coverage.context import evidence_with, evidence_without
    from migrate.exchange.policy_files import read_policy_file

    policies = tuple(policy for file in files or () for policy in read_policy_file(file))
    evidence = evidence_with(snapshot.evidence(), policies) if policies else snapshot.evidence()
    return evidence if without is None else evidence_without(evidence, without)


def apps_that_matter(settings: Settings) -> frozenset[str] | None:
    """Return the application ids of the configuration; None means every application."""
    return frozenset(settings.config.coverage.apps) or None


def baseline_answer(settings: Settings, day: date) -> BaselineScopes:
    """Return the configuration's answer about baseline scopes, as it counts on a day."""
    return answer_on(settings.config.tenant_settings.answer, day)


def accepted_gaps(settings: Settings, day: date) -> frozenset[str]:
    """Return the gap tags that the configuration accepts on a day."""
    return frozenset(gap.gap for gap in settings.config.accept_partial if day < gap.expires)
