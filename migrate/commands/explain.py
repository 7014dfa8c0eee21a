"""`explain`: the chain of evidence for one user: which policies apply, the verdict, what is open and why."""

from __future__ import annotations

from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.wiring import now_utc, workspace_of
from migrate.errors import ExitCode, UsageProblem
from migrate.model.users import AnyUser
from migrate.settings import Settings
from migrate.store.snapshot import Snapshot, open_snapshot


@verb
def explain(
    call: Call,
    user: Annotated[str, typer.Argument(metavar="USER", help="User principal name or object id.")],
    app: Annotated[
        list[str] | None,
        typer.Option("--app", metavar="ID", help="Ask about this application only; may be given several times."),
    ] = None,
) -> ExitCode:
    """Explain whether enabled Conditional Access policies require MFA of a user, and why.

    Reads the last export. The verdict is covered, partly, uncovered or unknown; every open region is named, with
    what would close it. docs/coverage.md explains the verdicts and what the proof leaves out.

    \b
    Examples:
        mfa-migrate explain ada@contoso.example
        mfa-migrate explain ada@contoso.example --app 00000002-0000-0ff1-ce00-000000000000
        mfa-migrate explain ada@contoso.example -o json
    """
    from migrate.decide.coverage.explaining import explanation_for
    from migrate.decide.coverage.judge import Judge
    from migrate.views.coverage import explain_answer

    with open_snapshot(workspace_of(call)) as snapshot:
        found = known_user(user, snapshot)
        apps = frozenset(app) if app else apps_that_matter(call.settings)
        explanation = explanation_for(found, Judge(snapshot.evidence(), apps_that_matter=apps))
    call.answer(explain_answer(explanation, accepted_gaps(call.settings)))
    return ExitCode.OK


def known_user(name: str, snapshot: Snapshot) -> AnyUser:
    """Return a user of the snapshot; raise UsageProblem when there is none of that name."""
    user = snapshot.user(name)
    if user is None:
        raise UsageProblem(
            f"There is no user {name!r} in the snapshot of {snapshot.header.taken_at[:16]}.",
            hint="Check the spelling, or run `mfa-migrate export` again if the account is new.",
        )
    return user


def apps_that_matter(settings: Settings) -> frozenset[str] | None:
    """Return the application ids of the configuration; None means every application."""
    return frozenset(settings.config.coverage.apps) or None


def accepted_gaps(settings: Settings) -> frozenset[str]:
    """Return the gap tags that the configuration accepts today."""
    today = now_utc().date()
    return frozenset(gap.gap for gap in settings.config.accept_partial if today < gap.expires)
