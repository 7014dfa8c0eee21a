"""`powershell`: install the module MfaMigrate, and take its calls."""

from __future__ import annotations

import io
import sys
from typing import Annotated, Any

import msgspec
import typer

from migrate import __version__
from migrate.commands.call import Call
from migrate.commands.options import keep_for_the_verb, verb, with_globals
from migrate.errors import BadInput, ExitCode, FolderProblem, MfaMigrateError, UsageProblem
from migrate.powershell.installation import (
    MODULE,
    Edition,
    Scope,
    editions_to_install,
    install_module,
    module_folder,
    newer_versions,
    this_machine,
)
from migrate.settings import GlobalOptions
from migrate.views.events import PROTOCOL
from migrate.views.module_words import FUNCTIONS, called_by_the_module

LONGEST_REQUEST = 64 << 20
"""Bytes of the first line on stdin; it may name a hundred thousand users."""

powershell_app = typer.Typer(
    name="powershell",
    help="Install the PowerShell module MfaMigrate.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@powershell_app.callback()
@with_globals
def _powershell(context: typer.Context, typed: GlobalOptions) -> None:
    """Install the PowerShell module MfaMigrate."""
    keep_for_the_verb(context, typed)


class ModuleRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line that the module writes to stdin; what follows belongs to the command."""

    protocol: int
    arguments: list[str]


@powershell_app.command()
@verb
def install(
    call: Call,
    scope: Annotated[
        Scope, typer.Option("--scope", case_sensitive=False, help="For you alone or for everybody on this machine.")
    ] = Scope.CURRENT_USER,
    edition: Annotated[
        Edition | None,
        typer.Option(
            "--edition",
            case_sensitive=False,
            help="Core is PowerShell 7, Desktop is Windows PowerShell 5.1. [default: all that this system may have]",
        ),
    ] = None,
) -> ExitCode:
    """Copy the module to where PowerShell looks for modules.

    After it, Set-MfaState and the other functions are there in every new PowerShell window.

    \b
    Examples:
        mfa-migrate powershell install
        mfa-migrate powershell install --scope AllUsers --edition Core
    """
    from migrate.views.screen import Answer

    machine = this_machine()
    folders: list[str] = []
    for each in editions_to_install(machine, edition):
        try:
            modules = module_folder(machine, scope, each)
        except ValueError as problem:
            raise UsageProblem(str(problem), hint="Leave --edition away, or use --edition Core.") from problem
        try:
            folders.append(str(install_module(modules, __version__)))
        except OSError as problem:
            raise FolderProblem(
                f"The module cannot be copied to {modules}: {problem.strerror}.",
                unchanged="The modules that were there are as they were.",
                hint="Use --scope CurrentUser, or run it with the rights to write there.",
            ) from problem
        for newer in newer_versions(modules, __version__):
            folder = modules / MODULE / newer
            call.screen.warn(f"{folder} is newer than this mfa-migrate, and PowerShell takes the newest. Remove it.")
    call.answer(
        Answer(
            kind="powershellInstall",
            document={"version": __version__, "protocol": PROTOCOL, "folders": folders},
            columns=("Folder",),
            rows=lambda: [(folder,) for folder in folders],
            lines=lambda: [*(f"Installed {folder}" for folder in folders), "Try it: Get-Command -Module MfaMigrate"],
        )
    )
    return ExitCode.OK


@powershell_app.command(name="call", hidden=True)
def take_call(context: typer.Context) -> None:
    """Run the command line that the first line on stdin holds. What follows on stdin is that command's input."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # The module reads UTF-8, whatever the code page of the machine is.
            stream.reconfigure(encoding="utf-8")
    request = _request(sys.stdin.buffer.readline(LONGEST_REQUEST))
    verb = next((word for word in request.arguments if word in FUNCTIONS), None)
    with called_by_the_module(verb):
        code = _answered(context.find_root().command, request.arguments, verb or "powershell")
    raise typer.Exit(code)


def _answered(root: Any, arguments: list[str], verb: str) -> int:
    """Run a command line and return its exit code; whatever ends it is in the last event of the answer too."""
    from typer.exceptions import TyperException

    from migrate.views.ending import end_with
    from migrate.views.screen import Screen

    def ended(problem: MfaMigrateError) -> None:
        screen = Screen(
            output="ndjson",
            quiet=False,
            verbose=False,
            color=False,
            progress=False,
            sandbox=None,
            stdout=sys.stdout,
            stderr=sys.stderr,
        )
        end_with(problem, verb, screen)

    try:
        return int(root.main(args=arguments, prog_name="mfa-migrate", standalone_mode=False) or 0)
    except MfaMigrateError as problem:
        # What is wrong before a command has its settings, such as its configuration, has no screen yet.
        ended(problem)
        raise
    except TyperException as problem:
        ended(UsageProblem(" ".join(getattr(problem, "format_message", problem.__str__)().split())))
        raise


def _request(line: bytes) -> ModuleRequest:
    """Return what the module asks for; refuse another protocol before anything is begun."""
    try:
        request = msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf"), type=ModuleRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise BadInput(
            f"The first line on stdin is no call of the PowerShell module: {problem}.",
            hint="`powershell call` is for the module; type the command itself instead.",
        ) from problem
    if request.protocol != PROTOCOL:
        raise UsageProblem(
            f"The PowerShell module speaks protocol {request.protocol}; this is mfa-migrate {__version__} "
            f"with protocol {PROTOCOL}.",
            hint="Run `mfa-migrate powershell install`, and start a new PowerShell window.",
        )
    if request.arguments[:2] == ["powershell", "call"]:
        raise UsageProblem("A call of the module cannot call itself.", hint="Name another command.")
    return request
