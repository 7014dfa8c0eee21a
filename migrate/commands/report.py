"""`report`: one HTML file for the manager, the change board and the auditor; other forms of it are verbs below."""

from __future__ import annotations

import gc
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.change_record import LanguageOption
from migrate.commands.options import call_for, keep_for_the_verb, with_globals
from migrate.commands.report_facts import report_facts
from migrate.commands.wiring import workspace_of
from migrate.config import OutputFormat
from migrate.errors import FolderDamaged, MfaMigrateError, UsageProblem
from migrate.settings import GlobalOptions
from migrate.store.files import write_atomically
from migrate.store.folder import Workspace
from migrate.views.screen import Answer

REPORT, REPORT_KEY = "report.html", "report.key"
KEY_BYTES = 32

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
    language: LanguageOption = "en",
    anonymise: Annotated[
        bool, typer.Option("--anonymise", help="Stand-ins for people, groups, policies, places and the tenant.")
    ] = False,
) -> None:
    """Write report.html: where the migration stands, for the manager, the change board and the auditor.

    One file that asks for nothing from outside, made from the export, the plan and the journal of the working folder.
    It reads no tenant and changes nothing: what it says is as old as it says. It holds names of users; hand it on
    accordingly, or write it with --anonymise.

    \b
    Examples:
        mfa-migrate report
        mfa-migrate report --to board.html --language de
        mfa-migrate report --to for-a-forum.html --anonymise
    """
    if context.invoked_subcommand is not None:
        if to is not None or language != "en" or anonymise:
            raise UsageProblem(
                f"--to, --language and --anonymise belong to the page, and {context.invoked_subcommand} follows.",
                hint=f"mfa-migrate report {context.invoked_subcommand} --help",
            )
        keep_for_the_verb(context, typed)
        return
    with call_for(context, typed) as call:
        path = write_report(call, workspace_of(call), to, language=language, anonymise=anonymise)
        address = path.absolute().as_uri()
        call.screen.say(f"The report is {path}. In a browser: {address}")
        if call.settings.output is not OutputFormat.TABLE:
            call.answer(_where(path.absolute(), address))


def _where(path: Path, address: str) -> Answer:
    """Return for programs where the page is."""
    return Answer(
        kind="report",
        document={"path": str(path), "address": address},
        columns=("Path", "Address"),
        rows=lambda: [(str(path), address)],
    )


def write_report(
    call: Call, workspace: Workspace, to: Path | None = None, *, language: str = "en", anonymise: bool = False
) -> Path:
    """Write the report of a folder and return where it is. Raises as `page_of`."""
    path = to or workspace.path / REPORT
    with _nothing_collected():
        write_atomically(path, page_of(call, workspace, language, anonymise=anonymise))
    return path


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Hold the collector of circles back: a page makes none, so it would walk over everything again and again."""
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()


def page_of(call: Call, workspace: Workspace, language: str, *, anonymise: bool = False) -> Iterator[bytes]:
    """Return the page of a folder, in chunks.

    Raises as `report_facts`, and UsageProblem for a language that there is no report in.
    """
    from migrate.views.report.page import report_page
    from migrate.views.report.people_table import Kept
    from migrate.views.report.words import Language

    if language not in set(Language):
        raise UsageProblem(f"There is no report in {language!r}.", hint=f"There is {' and '.join(Language)}.")
    kept = Kept()
    facts = report_facts(call, workspace, kept.take)
    key = _key(workspace.path / REPORT_KEY) if anonymise else None
    return report_page(facts, kept, Language(language), key)


def try_report(call: Call, workspace: Workspace) -> None:
    """Write the report where that works; a report that fails is a warning, never more."""
    try:
        path = write_report(call, workspace)
    except MfaMigrateError as problem:
        call.screen.warn(f"The report was not written: {problem.what} {problem.hint}".rstrip())
    except Exception as bug:  # noqa: BLE001 - a picture must not fail what was done
        call.screen.warn(f"The report was not written: {type(bug).__name__}. `mfa-migrate report` shows the defect.")
    else:
        call.screen.say(f"Report: {path}")


def answer_and_name(call: Call, answer: Answer) -> None:
    """Give a command's answer, and say in the last line how the report is brought up to date."""
    call.answer(answer)
    call.screen.say("Report: `mfa-migrate report` writes report.html as things are now.")


def _key(path: Path) -> bytes:
    """Return the key of the stand-ins, made at the first time. It stays in the working folder."""
    if not path.is_file():
        write_atomically(path, [secrets.token_bytes(KEY_BYTES)])
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise FolderDamaged(
            f"{path} is not what mfa-migrate wrote there.",
            hint="Remove it: a new one is made, and stand-ins get other numbers.",
        )
    return key
