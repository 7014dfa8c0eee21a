"""The last event of a command that ended with an error: one error object for every command and every class of error."""

from __future__ import annotations

import logging

from migrate.errors import MfaMigrateError, OutputLost, ReaderGone
from migrate.views.events import PROTOCOL, EndingError
from migrate.views.screen import Screen

log = logging.getLogger("migrate")


def error_of(problem: MfaMigrateError) -> EndingError:
    """Return the error object that stands for a problem."""
    return EndingError(code=type(problem).__name__, what=problem.what, unchanged=problem.unchanged, hint=problem.hint)


def end_with(problem: MfaMigrateError, command: str, screen: Screen) -> None:
    """Write the summary of a command that a problem ended, unless the command has written it itself.

    Args:
        problem: what ended it; the caller raises it afterwards all the same.
        command: its words, such as `set-state`; the event carries them in camelCase.
        screen: where the answer goes. One that cannot be written, or that nobody reads any more, is left alone.
    """
    if problem.in_answer:
        return
    first, *others = command.replace("-", " ").split()
    summary = {
        "type": "summary",
        "version": PROTOCOL,
        "kind": first + "".join(word.capitalize() for word in others),
        "document": None,
        "exitCode": int(problem.exit_code),
        "error": error_of(problem),
    }
    problem.in_answer = True
    try:
        screen.send_line(summary)
    except (ReaderGone, OutputLost) as gone:
        log.warning("stdout cannot be written (%r); not said there: %s", gone, problem.what)
