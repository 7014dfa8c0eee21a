"""One call of a command: its settings, its screen and its log, and the wiring that every command needs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from migrate.config import OutputFormat
from migrate.errors import MfaMigrateError
from migrate.settings import Settings, TextEncoding
from migrate.views.log_file import log_handler
from migrate.views.screen import Answer, Screen
from migrate.views.visible import visible

if TYPE_CHECKING:
    from migrate.exchange.tables import Dialect

T = TypeVar("T")

log = logging.getLogger("migrate")


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a command works with."""

    settings: Settings
    screen: Screen
    run_command: Callable[[list[str]], int]
    """Runs another command line of this program and returns its exit code; errors come through."""

    @classmethod
    @contextmanager
    def opened(cls, settings: Settings, command: str, run_command: Callable[[list[str]], int]) -> Iterator[Call]:
        """Open the log, say SANDBOX where it is one, and close both at the end."""
        screen = screen_for(settings)
        # Without any handler Python itself would print each warning to stderr, where the screen has said it already.
        handler = log_handler(settings.log_file) if settings.log_file else logging.NullHandler()
        log.addHandler(handler)
        if settings.log_file:
            log.setLevel(logging.DEBUG)
            log.propagate = False
            log.info("%s begins", command)
        try:
            with screen:
                yield cls(settings=settings, screen=screen, run_command=run_command)
        except MfaMigrateError as problem:
            if settings.output is OutputFormat.NDJSON:
                from migrate.views.ending import end_with

                end_with(problem, command.removeprefix("mfa-migrate "), screen)
            raise
        finally:
            if settings.log_file:
                log.info("%s ends", command)
            log.removeHandler(handler)
            handler.close()

    def answer(self, answer: Answer) -> None:
        """Write the command's data to stdout in the format that was asked for."""
        if self.settings.output.value == "csv":
            from migrate.exchange.tables import csv_chunks

            rows = answer.rows()
            if self.screen.stdout.isatty():
                rows = (tuple(map(visible, row)) for row in rows)
            self.screen.write_bytes(csv_chunks(answer.columns, rows, dialect_of(self.settings)))
        else:
            self.screen.show(answer)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the one event loop of this command; an interrupt that cancelled it is a KeyboardInterrupt."""
        import asyncio

        try:
            return asyncio.run(work)
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


def dialect_of(settings: Settings, default: TextEncoding = TextEncoding.UTF8) -> Dialect:
    """Return how a table is written; `default` is the encoding where none was asked for."""
    from migrate.exchange.tables import Dialect

    encoding = settings.encoding or default
    return Dialect(delimiter=settings.delimiter, encoding=encoding.codec, crlf=settings.crlf)


def screen_for(settings: Settings, kind: type[Screen] = Screen) -> Screen:
    """Return the screen that the settings ask for, on this process's own streams."""
    return kind(
        output=settings.output.value,
        quiet=settings.quiet,
        verbose=settings.verbose,
        color=settings.color,
        progress=settings.progress,
        sandbox=settings.endpoint,
        json_codec=settings.encoding.codec if settings.encoding else "utf-8",
        stdout=sys.stdout,
        stderr=sys.stderr,
        to_local=datetime.astimezone,
        here=str(Path.cwd()),
    )
