"""The global options, declared once: `verb` adds them to a command, so that they work before and after it."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, get_type_hints

import msgspec
import typer
from typer.models import ParameterInfo

from migrate.commands.call import Call
from migrate.commands.completing import offers
from migrate.config import OutputFormat
from migrate.errors import ExitCode
from migrate.model.access import Cloud, SignInMethod
from migrate.settings import GlobalOptions, TextEncoding, folder_of_start, settings_from

PANEL = "Global options (accepted before and after the command)"

Workspace = Annotated[
    str | None,
    typer.Option(
        "--workspace", metavar="DIR", help="Working folder. [default: ./mfa-migration]", rich_help_panel=PANEL
    ),
]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", metavar="TENANT", help="Tenant id or domain.", rich_help_panel=PANEL)
]
CloudOption = Annotated[
    str | None,
    typer.Option(
        "--cloud",
        metavar="CLOUD",
        autocompletion=offers(Cloud),
        help="global, usgov, usgov-dod or china; untried: bleu, delos, govsg. [default: global]",
        rich_help_panel=PANEL,
    ),
]
Endpoint = Annotated[
    str | None,
    typer.Option(
        "--endpoint",
        metavar="URL",
        help="Address of a sandbox on this machine (loopback only).",
        rich_help_panel=PANEL,
    ),
]
ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config", metavar="FILE", help="Configuration file. [default: mfa-migrate.toml]", rich_help_panel=PANEL
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FORMAT",
        autocompletion=offers(OutputFormat),
        help="table, json, csv or ndjson. [default: table]",
        rich_help_panel=PANEL,
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        autocompletion=offers(TextEncoding),
        help="How CSV and JSON are written: utf8, utf8bom or utf16. [default: utf8]",
        rich_help_panel=PANEL,
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="SIGN",
        autocompletion=offers(("comma", "semicolon", "tab", "bar")),
        help="What separates CSV columns: comma, semicolon, tab or bar. [default: comma]",
        rich_help_panel=PANEL,
    ),
]
Crlf = Annotated[
    bool | None,
    typer.Option("--crlf", help="End CSV lines as Windows does.", show_default=False, rich_help_panel=PANEL),
]
ClientId = Annotated[
    str | None,
    typer.Option("--client-id", metavar="ID", help="Application id that signs in.", rich_help_panel=PANEL),
]
SignInOption = Annotated[
    str | None,
    typer.Option(
        "--sign-in",
        metavar="METHOD",
        autocompletion=offers(SignInMethod),
        help="auto, browser, device-code, certificate, client-secret, managed-identity, workload-identity, github or "
        "azure-cli. [default: auto, the browser]",
        rich_help_panel=PANEL,
    ),
]
LogFile = Annotated[
    str | None,
    typer.Option("--log-file", metavar="FILE", help="Write what happens to this file too.", rich_help_panel=PANEL),
]
Quiet = Annotated[
    bool | None,
    typer.Option(
        "--quiet",
        "-q",
        help="Say nothing but the answer and errors; warnings go to the log file.",
        show_default=False,
        rich_help_panel=PANEL,
    ),
]
Verbose = Annotated[
    bool | None,
    typer.Option("--verbose", "-v", help="Say more, also each wait.", show_default=False, rich_help_panel=PANEL),
]
NoColor = Annotated[
    bool | None, typer.Option("--no-color", help="No colour (as NO_COLOR).", show_default=False, rich_help_panel=PANEL)
]
NoProgress = Annotated[
    bool | None, typer.Option("--no-progress", help="No progress line.", show_default=False, rich_help_panel=PANEL)
]

GLOBALS: dict[str, Any] = {
    "workspace": Workspace,
    "tenant": TenantOption,
    "cloud": CloudOption,
    "endpoint": Endpoint,
    "config": ConfigOption,
    "output": Output,
    "encoding": Encoding,
    "delimiter": Delimiter,
    "crlf": Crlf,
    "client_id": ClientId,
    "sign_in": SignInOption,
    "log_file": LogFile,
    "quiet": Quiet,
    "verbose": Verbose,
    "no_color": NoColor,
    "no_progress": NoProgress,
}
"""Every global option: the field of `GlobalOptions` that it fills, and its annotation."""


def with_globals(function: Callable[..., None]) -> Callable[..., None]:
    """Give a Typer callback the global options as keyword parameters after its own."""
    own = inspect.signature(function)
    hints = get_type_hints(function, include_extras=True)
    parameters = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in own.parameters.items()
        if name != "typed"
    ]
    for parameter in parameters:
        _leave_files_to_their_readers(parameter.annotation)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in GLOBALS.items()
    ]

    @functools.wraps(function)
    def wrapper(**arguments: Any) -> None:
        typed = GlobalOptions(**{name: arguments.pop(name) for name in GLOBALS})
        function(**arguments, typed=typed)

    del wrapper.__wrapped__  # Typer would follow it to the unextended signature
    wrapper.__signature__ = inspect.Signature([*parameters, *added])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in [*parameters, *added]}
    return wrapper


def _leave_files_to_their_readers(annotation: Any) -> None:
    """Have Typer not look whether a file may be read: whoever opens it says so, as all do."""
    for told in getattr(annotation, "__metadata__", ()):
        if isinstance(told, ParameterInfo):
            told.readable = False


def keep_for_the_verb(context: typer.Context, typed: GlobalOptions) -> None:
    """Keep what was typed between a group and its verb, as in `audit -o json verify`."""
    context.obj = typed.over(context.obj if isinstance(context.obj, GlobalOptions) else GlobalOptions())


@contextmanager
def call_for(
    context: typer.Context, typed: GlobalOptions, *, offline: bool = False, writes_config: bool = False
) -> Iterator[Call]:
    """Open the call of a command.

    Args:
        context: Typer's; its `obj` holds the options that were typed before the verb.
        typed: The options that were typed after it.
        offline: The command talks to no tenant, so that an endpoint in the configuration says nothing about it.
        writes_config: The command writes the configuration, whose file need not be there yet.
    """
    keep_for_the_verb(context, typed)
    settings = settings_from(context.obj, os.environ, folder_of_start(), writes_config=writes_config)
    if offline:
        settings = msgspec.structs.replace(settings, endpoint=None)
    root = context.find_root().command

    def run_command(words: list[str]) -> int:
        return int(root.main(args=words, prog_name="mfa-migrate", standalone_mode=False) or 0)

    try:
        with Call.opened(settings, context.command_path, run_command) as call:
            yield call
    except KeyboardInterrupt as stopped:
        # Typer would turn it into a bare exit code, and nobody would say anything.
        raise typer.Abort from stopped


def offline_verb(function: Callable[..., ExitCode | None]) -> Callable[..., None]:
    """Do the same as `verb` for a command that is about no tenant, so that nothing says SANDBOX."""
    return verb(function, offline=True)


def config_verb(function: Callable[..., ExitCode | None]) -> Callable[..., None]:
    """Do the same as `verb` for the command that writes the configuration."""
    return verb(function, writes_config=True)


def verb(
    function: Callable[..., ExitCode | None], *, offline: bool = False, writes_config: bool = False
) -> Callable[..., None]:
    """Turn `function(call, **own options)` into a Typer command that takes the global options as well."""

    def command(context: typer.Context, typed: GlobalOptions, **arguments: Any) -> None:
        with call_for(context, typed, offline=offline, writes_config=writes_config) as call:
            code = function(call, **arguments)
        raise typer.Exit(int(code or ExitCode.OK))

    own = inspect.signature(function)
    hints = get_type_hints(function, include_extras=True)
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    parameters = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in own.parameters.items()
        if name != "call"
    ]
    command.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in [context, *parameters]}
    command.__name__, command.__doc__ = function.__name__, function.__doc__
    return with_globals(command)
