"""The front door: the Typer app, the global options, the one place that catches everything, the exit codes."""

from __future__ import annotations

import contextlib
import difflib
import errno
import io
import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from migrate import __version__
from migrate.command_tree import FoldedGroup, program_of
from migrate.commands.options import with_globals
from migrate.commands.spellings import in_our_spelling, refuse_function_as_verb
from migrate.errors import ExitCode, MfaMigrateError, OutputLost, ReaderGone, UsageProblem
from migrate.settings import GlobalOptions
from migrate.views.visible import visible
from migrate.views.wrapping import columns_of, from_here, wrapped

app = typer.Typer(
    name="mfa-migrate",
    cls=FoldedGroup,
    no_args_is_help=True,
    # Rich help costs 100 ms and pretty tracebacks would print other people's data: both stay off.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mfa-migrate {__version__}")
        raise typer.Exit


@app.callback()
@with_globals
def root(
    context: typer.Context,
    typed: GlobalOptions,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Move a Microsoft Entra tenant from per-user MFA to Conditional Access.

    The way through: export, plan, apply, verify; rollback puts every user back. Nothing is changed before `apply`.

    \b
    Try it without a tenant:
        mfa-migrate demo

    \b
    Exit codes: 0 done or waiting, 1 the answer is no, 2 usage or configuration,
    3 a guard stopped it, 4 sign-in, permission or network, 5 working folder,
    70 a bug, 130 interrupted.
    """
    context.obj = typed


COMMANDS = {
    "init": "init.init",
    "whoami": "whoami.whoami",
    "doctor": "doctor.doctor",
    "export": "export.export",
    "status": "status.status",
    "explain": "explain.explain",
    "coverage": "coverage.coverage",
    "what-if": "what_if.what_if",
    "advise": "advise.advise",
    "plan": "plan.plan",
    "show": "show.show",
    "apply": "apply.apply",
    "verify": "verify.verify",
    "rollback": "rollback.rollback",
    "set-state": "set_state.set_state",
    "convert": "convert.convert",
    "compare": "compare.compare",
    "people": "risk_lists.people",
    "notify": "notify.notify",
    "sign-ins": "sign_ins.sign_ins_app",
    "report": "report.report_app",
    "report evidence": "evidence.report_evidence",
    "report check": "evidence_check.report_check",
    "report change-record": "change_record.report_change_record",
    "audit": "audit.audit_app",
    "powershell": "powershell.powershell_app",
    "sandbox": "sandbox.sandbox_app",
    "demo": "demo.demo",
    "help": "help.show_help",
}
"""Where each command, by the words that are typed, stands below `migrate.commands`; in the order of the help."""


@cache
def commands() -> Any:
    """Return the program, made once."""
    return program_of(app, COMMANDS)


def refuse_long_single_dash(arguments: Sequence[str]) -> None:
    """Raise UsageProblem for a single-dash token longer than two characters.

    Such a token is nearly always a PowerShell spelling. Read as a cluster of short options, `-whatif` could run
    the very write it was meant to rehearse.
    """
    for word in arguments:
        if word == "--":
            return
        if re.match(r"-[^-].", word):
            raise UsageProblem(
                f"{word} is not an option here: long options begin with two dashes.", hint=_meant_by(word)
            )


def refuse_option_as_value(arguments: Sequence[str]) -> None:
    """Raise UsageProblem where an option that needs a value is followed by another option.

    `apply --max-users --config x` would take `--config` for the limit.
    """
    root = commands()
    taking = _value_options(root, arguments)
    for word, following in pairwise(arguments):
        if word == "--":
            return
        # Only now are the options of all commands asked for, which makes all of them.
        if word in taking and following.startswith("--") and following in set(_long_options(root)):
            raise UsageProblem(
                f"{word} needs a value, and {following} follows, which is an option.",
                hint=f"Give the value: {word} VALUE, or {word}=VALUE where it begins with two dashes.",
            )


def refuse_completion_that_lowers_a_policy(arguments: Sequence[str]) -> None:
    """Raise UsageProblem where Typer would set PowerShell's execution policy to Unrestricted to load a completion.

    Nobody who asks for completion asks for that. Where the shell is none of PowerShell's, Typer does it well.
    """
    if "--install-completion" not in arguments:
        return
    # What Typer itself is going to ask; there is no public name for it.
    from typer._completion_shared import _get_shell_name

    if _get_shell_name() in ("powershell", "pwsh"):
        raise UsageProblem(
            "In PowerShell --install-completion would set the execution policy to Unrestricted.",
            hint="Put this line into the file that $PROFILE names instead: "
            "mfa-migrate --show-completion | Out-String | Invoke-Expression",
        )


def _value_options(root: Any, arguments: Sequence[str]) -> set[str]:
    """Return the options that take a value: those of the commands that the words name, and the global ones."""
    command, parameters = root, list(root.params)
    for word in arguments:
        below = getattr(command, "commands", {}).get(word)
        if below is not None:
            command = below
            parameters += below.params
    return {
        option
        for parameter in parameters
        if not getattr(parameter, "is_flag", True)
        for option in parameter.opts
        if option.startswith("-")
    }


def near_options(typed: str, command: Any) -> list[str]:
    """Return the long options of a command that are like what was typed; none where nothing is near.

    The dashes do not count: for Typer they make any two short options alike.
    """
    spelt = {option.removeprefix("--"): option for option in _long_options(command)}
    word = typed.removeprefix("--")
    begun = [name for name in spelt if len(word) > 1 and name.startswith(word)]
    return [spelt[name] for name in begun or difflib.get_close_matches(word, spelt, n=3, cutoff=0.78)]


def _verbs() -> set[str]:
    return set(getattr(commands(), "commands", {}))


def _meant_by(word: str) -> str:
    """Return what to type instead of a single-dash token: the option that is spelt like it, if there is one."""
    spelt = {option.replace("-", ""): option for option in _long_options(commands())}
    near = difflib.get_close_matches(word[1:].partition(":")[0].replace("-", "").lower(), spelt, n=1, cutoff=0.8)
    return f"Did you mean {spelt[near[0]]}?" if near else "See --help for the options of the command."


def _long_options(command: Any) -> Iterator[str]:
    """Yield the long options of a command and of everything below it."""
    for parameter in command.params:
        yield from (option for option in parameter.opts if option.startswith("--"))
    for below in getattr(command, "commands", {}).values():
        yield from _long_options(below)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Everything that can go wrong is told here."""
    try:
        refuse_function_as_verb(arguments, _verbs())
        arguments = in_our_spelling(arguments)
        refuse_long_single_dash(arguments)
        refuse_option_as_value(arguments)
        refuse_completion_that_lowers_a_policy(arguments)
        code = commands()(arguments, prog_name="mfa-migrate", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except typer.Exit as ending:
        return ending.exit_code
    except TyperException as problem:
        # Typer brings its own copy of click; asking for help by typing nothing is one of its exceptions.
        if type(problem).__name__ == "NoArgsIsHelpError":
            typer.echo(str(problem), err=True)
        else:
            context = getattr(problem, "ctx", None)
            if context is not None and getattr(problem, "possibilities", None):
                problem.possibilities = near_options(problem.option_name, context.command)  # type: ignore[attr-defined]
            # Typer lists values one below the other; line ends in a sentence would be shown as the characters they are.
            message = " ".join(getattr(problem, "format_message", problem.__str__)().split())
            command = context.command_path if context is not None else "mfa-migrate"
            _tell(message, "Nothing was changed.", f"{_for_argument(message, context)}See `{command} --help`.")
        return ExitCode.USAGE
    except MfaMigrateError as problem:
        if isinstance(problem, OutputLost):
            _give_up_stdout()
        _tell(problem.what, problem.unchanged, problem.hint)
        return problem.exit_code
    except (ReaderGone, BrokenPipeError):
        _give_up_stdout()
        return ExitCode.OK
    except (KeyboardInterrupt, typer.Abort):
        _tell("Interrupted.", "Whatever was sent before stands in the journal.", "Run the same command again to go on.")
        return ExitCode.INTERRUPTED
    except Exception as problem:
        if isinstance(problem, OSError) and problem.errno == errno.ENOSPC:
            # Help is written by Typer; whatever the program itself writes has said so before.
            _give_up_stdout()
            _tell(
                f"The output could not be written: {problem.strerror}.",
                "What was sent before is in the journal.",
                "Make room, or send it elsewhere.",
            )
            return OutputLost.exit_code
        path = _write_crash()
        _tell(
            f"This is a bug in mfa-migrate {__version__}; the details are in {path}.",
            "What was sent before is in the journal.",
            "Please report it with that file; it may hold names of users, so look through it first.",
        )
        return ExitCode.BUG


def _for_argument(message: str, context: Any) -> str:
    """Return what names users where a command that takes no argument was given one; empty elsewhere."""
    if context is None or not message.startswith("Got unexpected extra argument"):
        return ""
    # Elsewhere --users is a number.
    naming = (one for one in context.command.params if str(one.metavar).startswith("USER,"))
    return next((f"Name users with {one.opts[-1]}. " for one in naming), "")


def _give_up_stdout() -> None:
    """Point stdout at nothing, so that the flush at the end of the process does not fail too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(what: str, unchanged: str, hint: str) -> None:
    # What happened may quote others: a line end in it would forge a line of ours. The two others are ours.
    rest = (f"       {visible(line)}" for part in (unchanged, hint) for line in part.splitlines())
    columns = columns_of(sys.stderr)
    here = "" if columns is None else _here()
    lines = [wrapped(from_here(line, here), columns) for line in (f"Error: {visible(what)}", *rest)]
    with contextlib.suppress(OSError):  # where stderr is closed too, the exit code has to say it
        print("\n".join(lines), file=sys.stderr)  # noqa: T201 - the one place that may print without a screen


def _here() -> str:
    """Return the current folder; empty where it is gone."""
    with contextlib.suppress(OSError):
        return str(Path.cwd())
    return ""


def _write_crash() -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    handle, name = tempfile.mkstemp(prefix=f"mfa-migrate-crash-{stamp}-", suffix=".log", text=True)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(traceback.format_exc())
    return Path(name)


def _hear_interrupts() -> None:
    """Let Ctrl-C and `kill` do what they do in a terminal, however this process was started.

    A shell starts what runs in the background with SIGINT ignored, and so do some services. Python keeps that, and
    neither an export nor a sandbox could be stopped in the ordinary way.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def main() -> None:
    """Run the command line of this process."""
    _hear_interrupts()
    # A service, a scheduled task or `>&-` starts a process without some of the three; Python then has None there.
    nothing = Path(os.devnull)
    sys.stdin = sys.stdin or nothing.open(encoding="utf-8")
    sys.stdout = sys.stdout or nothing.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or nothing.open("w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # On a terminal of an old code page a sign that it lacks becomes a question mark, not a crash.
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))
