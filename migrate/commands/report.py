"""`report`: one HTML file for the manager, the change board and the auditor; other forms of it are verbs below."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import call_for, keep_for_the_verb, with_globals
from migrate.commands.report_facts import report_facts
from migrate.commands.wiring import workspace_of
from migrate.errors import UsageProblem
from migrate.settings import GlobalOptions
from migrate.store.files import write_atomically
from migrate.store.folder import Workspace

REPORT = "report.html"

report_app = typer.Typer(
    name="report",
    invoke_without_command=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@report_app.callback()
@with_globals
def _report(
    context: typer.Context,
    typed: GlobalOptions,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Where the page goes. [default: working folder]")
    ] = None,
    language: Annotated[str, typer.Option("--language", metavar="LANGUAGE", help="en or de.")] = "en",
) -> None:
    """Write report.html: where the migration stands, for the manager, the change board and the auditor.

    One file that asks for nothing from outside, made from the export, the plan and the journal of the working folder.
    It reads no tenant and changes nothing: what it says is as old as it says. It holds names of users; hand it on
    accordingly.

    \b
    Examples:
        mfa-migrate report
        mfa-migrate report --to board.html --language de
    """
    if context.invoked_subcommand is not None:
        if to is not None or language != "en":
            raise UsageProblem(
                f"--to and --language belong to the page, and {context.invoked_subcommand} follows.",
                hint=f"mfa-migrate report {context.invoked_subcommand} --help",
            )
        keep_for_the_verb(context, typed)
        return
    with call_for(context, typed) as call:
        _write(call, to, language)


def _write(call: Call, to: Path | None, language: str) -> None:
    workspace = workspace_of(call)
    path = to or workspace.path / REPORT
    write_atomically(path, page_of(call, workspace, language))
    call.screen.say(f"The report is {path}.")


def page_of(call: Call, workspace: Workspace, language: str) -> Iterator[bytes]:
    """Return the page of a folder, in chunks; raise UsageProblem for a language that it does not know."""
    from migrate.views.report.page import report_page
    from migrate.views.report.words import Language

    if language not in set(Language):
        raise UsageProblem(f"There is no report in {language!r}.", hint=f"There is {' and '.join(Language)}.")
    return report_page(report_facts(call, workspace), Language(language))
