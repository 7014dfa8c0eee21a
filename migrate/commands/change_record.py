"""`report change-record`: the fields of a change ticket, before a run and after it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.completing import offers
from migrate.commands.options import verb
from migrate.commands.report_facts import report_facts
from migrate.commands.wiring import workspace_of
from migrate.errors import ExitCode, UsageProblem
from migrate.model.change_record import ChangeRecord
from migrate.model.plan import PlanAction
from migrate.model.report import ReportFacts
from migrate.store.files import write_atomically
from migrate.store.folder import Workspace
from migrate.store.plan_files import PLAN_CSV, plan_rows_of

LanguageOption = Annotated[
    str, typer.Option("--language", metavar="LANGUAGE", autocompletion=offers(("en", "de")), help="en or de.")
]


@verb
def report_change_record(
    call: Call,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Write it there: JSON where the name ends in .json, else Markdown."),
    ] = None,
    language: LanguageOption = "en",
) -> ExitCode:
    """Print the change record: what changes, for whom, wave by wave with its commands, tests and the way back.

    As Markdown, and with -o json by the field names of ServiceNow. Risk, impact and dates are empty: people decide
    them. After the run the same command adds the outcome and close notes. Reads no tenant and sends nothing.

    \b
    Examples:
        mfa-migrate report change-record
        mfa-migrate report change-record -o json
        mfa-migrate report change-record --to change.md --language de
    """
    from migrate.views.change_record.fields import change_answer, record_json, record_markdown

    refuse_language(language)
    workspace = workspace_of(call)
    record = record_of(workspace, report_facts(call, workspace), language)
    if to is None:
        call.answer(change_answer(record))
        return ExitCode.OK
    is_json = to.suffix.casefold() == ".json"
    write_atomically(to, [record_json(record) if is_json else record_markdown(record).encode()])
    call.screen.say(f"The change record is {to}.")
    return ExitCode.OK


def refuse_language(language: str) -> None:
    """Raise UsageProblem for a language that there are no words for."""
    from migrate.views.change_record.words import LANGUAGES

    if language not in LANGUAGES:
        raise UsageProblem(f"There is no report in {language!r}.", hint=f"There is {' and '.join(LANGUAGES)}.")


def record_of(workspace: Workspace, facts: ReportFacts, language: str) -> ChangeRecord:
    """Return the change record of a folder."""
    from migrate.views.change_record.fields import change_record

    return change_record(facts, language, _somebody(workspace, facts))


def _somebody(workspace: Workspace, facts: ReportFacts) -> str:
    """Return the name of the first person of the first wave; empty where the plan cannot tell."""
    if not facts.rows_known or not facts.waves:
        return ""
    first = facts.waves[0].number
    rows = plan_rows_of(workspace.path / PLAN_CSV)
    found = (row.user_principal_name for row in rows if row.action is PlanAction.DISABLE and row.wave == first)
    return next(found, "")
