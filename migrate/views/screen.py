"""The screen of one command: data to stdout, talk to stderr, a progress line while something takes long."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from migrate.errors import OutputLost, ReaderGone
from migrate.model.waits import Waiting
from migrate.views.asking import forget_typed_ahead, wait_for_a_line
from migrate.views.module_words import as_typed, with_typed_sentences
from migrate.views.moments import ToLocal, with_local_times
from migrate.views.visible import visible, visible_json
from migrate.views.wrapping import columns_of, from_here, wrapped

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

log = logging.getLogger("migrate")

EVENT_VERSION = 1
"""Version of the NDJSON events."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The data of a command, ready for every output format."""

    kind: str
    """The command's name; NDJSON events carry it."""
    document: object
    """What `--output json` prints: one document of plain values and records."""
    columns: Sequence[str] = ()
    rows: Callable[[], Iterable[Sequence[str]]] = tuple
    """The rows of `--output csv`; a function, so that a million rows are streamed and only when wanted."""
    long_lists: Sequence[str] = ()
    """Lists of the document of which NDJSON makes one event for each item, instead of one for each row.

    So no line grows with the tenant: Windows PowerShell reads no JSON text of more than 2 MiB.
    """
    lines: Callable[[], Iterable[Any]] = tuple
    """The table output: strings and Rich renderables."""


@dataclass(kw_only=True)
class Screen:
    """Writes answers and talk. Also the `Progress` that the engine reports to."""

    output: str
    quiet: bool
    verbose: bool
    color: bool
    progress: bool
    sandbox: str | None
    json_codec: str = "utf-8"
    """How a JSON document is written; NDJSON is UTF-8 on every platform."""
    stdout: TextIO
    stderr: TextIO
    to_local: ToLocal | None = None
    """Gives the time that a clock here shows; None leaves times in UTC alone."""
    here: str = ""
    """The current folder; empty where paths are shown whole."""
    _bar: RichProgress | None = field(default=None, init=False)
    _task: Any = field(default=None, init=False)
    _what: str = field(default="", init=False)
    _last_wait: tuple[Waiting | None, float] = field(default=(None, 0.0), init=False)

    def __enter__(self) -> Screen:
        if self.sandbox is not None:
            self.say(f"SANDBOX {self.sandbox} - no real tenant is touched")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish_progress()

    # Talk

    def say(self, sentence: str) -> None:
        """Say something that `--quiet` leaves out."""
        log.info("%s", sentence)
        if not self.quiet:
            self._write_talk(sentence)

    def note(self, sentence: str) -> None:
        """Say something that the engine noticed."""
        self.say(sentence)

    def warn(self, sentence: str) -> None:
        """Say something that deserves attention; with `--quiet` it stands in the log only."""
        log.warning("%s", sentence)
        if not self.quiet:
            self._write_talk(f"Warning: {sentence}")

    def warn_plainly(self, sentence: str) -> None:
        """Show a sentence that a person has to act on, such as a device code: with `--quiet` too, never in the log."""
        # Whoever captures stderr, such as the PowerShell module, shows warnings and keeps the rest for -Verbose.
        self._write_talk(sentence if self.stderr.isatty() else f"Warning: {sentence}")

    def detail(self, sentence: str) -> None:
        """Say something that only `--verbose` shows."""
        log.debug("%s", sentence)
        if self.verbose:
            self._write_talk(sentence)

    def _write_talk(self, sentence: str) -> None:
        sentence = self._for_reading(visible(as_typed(sentence)), self.stderr)
        try:
            if self._bar is not None:
                self._bar.console.print(sentence, markup=False, highlight=False, soft_wrap=True)
            else:
                print(sentence, file=self.stderr, flush=True)
        except OSError as problem:
            # A closed pager or a full disk behind stderr must not stop a run between two writes.
            log.warning("stderr cannot be written (%s); not said there: %s", problem.strerror, sentence)

    # Progress

    def advance(self, done: int, total: int | None, what: str) -> None:
        """Show how far the work is, with rate and time to go; on a terminal only."""
        if not self.draws_progress:
            return
        if self._bar is None or what != self._what:
            self.finish_progress()
            self._bar, self._what = _progress_bar(self.stderr, self.color), what
            self._task = self._bar.add_task(what, completed=done, total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total)

    def waiting(self, waiting: Waiting, seconds: float) -> None:
        """Say why the work waits; short waits only with `--verbose`, and the same one at most every 5 seconds."""
        log.info("waiting %.1f s: %s", seconds, waiting)
        before, at = self._last_wait
        if (seconds < 1 and not self.verbose) or (waiting == before and time.monotonic() - at < 5):
            return
        self._last_wait = (waiting, time.monotonic())
        if not self.quiet:
            self._write_talk(f"Waiting {seconds:.0f} s: {waiting}")

    def finish_progress(self) -> None:
        """Take the progress line away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar, self._task, self._what = None, None, ""

    @property
    def draws_progress(self) -> bool:
        """Whether a line of progress is drawn: on a terminal that was not asked to be quiet."""
        return self.progress and not self.quiet and self.stderr.isatty()

    # Data

    def show(self, answer: Answer) -> None:
        """Write an answer as table, JSON or NDJSON."""
        self.finish_progress()
        match self.output:
            case "json":
                document = _json_line(answer.document, indent=2)
                self.write_bytes([document.decode().encode(self.json_codec)])
            case "ndjson":
                self.write_bytes(_json_line(event) for event in _events(answer))
            case _:
                with _onto_stdout():
                    self._print_lines(answer)

    def _print_lines(self, answer: Answer) -> None:
        from rich.text import Text

        console = self.console()
        if self.sandbox is not None and not self._sandbox_is_said():
            console.print("SANDBOX", style="bold reverse", highlight=False)
        for line in answer.lines():
            if isinstance(line, str):
                line = self._for_reading(visible(line), self.stdout)
            elif isinstance(line, Text) and not line.spans:
                line = Text(self._for_reading(line.plain, self.stdout), style=line.style)
            # Whatever is kept in a file has its sentences whole, so that they can be searched.
            console.print(line, highlight=False, soft_wrap=isinstance(line, str | Text))
        self.stdout.flush()

    def _for_reading(self, text: str, stream: TextIO) -> str:
        """Return a sentence as it is shown on a terminal: wrapped at words, with local times; else as it is."""
        if not stream.isatty():
            return text
        return wrapped(with_local_times(from_here(text, self.here), self.to_local), columns_of(stream))

    def _sandbox_is_said(self) -> bool:
        """Tell whether it is said already where the answer goes: another file or pipe has to say it by itself."""
        return not self.quiet and _is_one_place(self.stdout, self.stderr)

    def send_line(self, event: object) -> None:
        """Write one event of an answer in NDJSON; raises as `write_bytes` does."""
        self.write_bytes([_json_line(event)])

    def write_bytes(self, chunks: Iterable[bytes]) -> None:
        """Write bytes to stdout as they are: machine output is UTF-8 on every platform.

        Raises OutputLost when stdout cannot be written, and ReaderGone when its reader has stopped reading.
        """
        self.finish_progress()
        with _onto_stdout():
            self.stdout.flush()
            raw = getattr(self.stdout, "buffer", None)
            for chunk in chunks:
                if raw is None:
                    self.stdout.write(chunk.decode())
                else:
                    raw.write(chunk)
            self.stdout.flush()

    def console(self) -> Console:
        """Return a Rich console on stdout."""
        from rich.console import Console

        class StdoutConsole(Console):
            def on_broken_pipe(self) -> None:
                """Say so; Rich would end the process with exit code 1 on its own."""
                raise ReaderGone

        return StdoutConsole(
            file=self.stdout,
            color_system="auto" if self.color else None,
            markup=False,
            emoji=False,
            width=None if self.stdout.isatty() else 160,
        )

    def is_interactive(self) -> bool:
        """Tell whether a person can be asked: questions and answers go through the terminal."""
        return sys.stdin is not None and sys.stdin.isatty() and self.stderr.isatty()

    def ask(self, question: str) -> str:
        """Ask on stderr and return the line that was typed after the question was there."""
        self.finish_progress()
        forget_typed_ahead()
        print(self._for_reading(visible(question), self.stderr), end="", file=self.stderr, flush=True)
        wait_for_a_line()
        return sys.stdin.readline().strip()


@contextmanager
def _onto_stdout() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as gone:
        raise ReaderGone from gone
    except OSError as problem:
        raise OutputLost(
            f"The output could not be written: {problem.strerror}.",
            unchanged="What the command did before that is done; `mfa-migrate status` shows where it stands.",
            hint="Make room, or send the output elsewhere, and run it again.",
        ) from problem


def _is_one_place(first: TextIO, second: TextIO) -> bool:
    """Tell whether two streams go to one terminal, or to one file or pipe, as by `2>&1`."""
    if first.isatty() and second.isatty():
        return True
    try:
        one, other = (os.fstat(stream.fileno()) for stream in (first, second))
    except (OSError, ValueError):  # streams of a test have no descriptor
        return False
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino) and one.st_ino != 0


def styled(text: str, style: str) -> Any:
    """Return text in a style; without colour the text alone says the same."""
    from rich.text import Text

    return Text(visible(text), style=style)


def _progress_bar(stderr: TextIO, color: bool) -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.text import Text

    class Count(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.completed:,.0f}" + (f"/{task.total:,.0f}" if task.total is not None else ""))

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.0f}/s" if speed else "")

    class TimeToGo(ProgressColumn):
        def render(self, task: Task) -> Text:
            left = task.time_remaining
            return Text("" if left is None else f"ETA {timedelta(seconds=round(left))}")

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        Count(),
        Rate(),
        TimeToGo(),
        console=Console(file=stderr, color_system="auto" if color else None),
        transient=True,
        refresh_per_second=4,
    )


def _events(answer: Answer) -> Iterator[object]:
    if answer.long_lists:
        document = dict(msgspec.to_builtins(answer.document))
        for name in answer.long_lists:
            for item in document.pop(name):
                yield {"type": "row", "version": EVENT_VERSION, "kind": answer.kind, "list": name, "item": item}
        yield {"type": "summary", "version": EVENT_VERSION, "kind": answer.kind, "document": document}
        return
    for row in answer.rows():
        named = {column[:1].lower() + column[1:]: cell for column, cell in zip(answer.columns, row, strict=True)}
        yield {"type": "row", "version": EVENT_VERSION, "kind": answer.kind, **named}
    yield {"type": "summary", "version": EVENT_VERSION, "kind": answer.kind, "document": answer.document}


def _json_line(value: object, indent: int | None = None) -> bytes:
    plain = with_typed_sentences(msgspec.to_builtins(value))
    return visible_json(json.dumps(plain, ensure_ascii=False, indent=indent)).encode() + b"\n"
