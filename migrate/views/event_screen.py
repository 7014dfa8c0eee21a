"""The screen of the machine face: everything that would be said goes to stdout as typed events."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from migrate.errors import OutputLost, ReaderGone
from migrate.model.waits import Waiting
from migrate.views.events import Event, LogEvent, LogLevel, ProgressEvent, line_of
from migrate.views.screen import Screen

log = logging.getLogger("migrate")


@dataclass(kw_only=True)
class EventScreen(Screen):
    """Writes NDJSON events to stdout, each as soon as it happens; nothing goes to stderr."""

    def send(self, event: Event) -> None:
        """Write one event of talk or progress."""
        try:
            self.write_bytes([line_of(event)])
        except (ReaderGone, OutputLost) as problem:
            # A pipeline that was stopped must not stop a run between two writes.
            log.warning("stdout cannot be written (%r); not said there: %r", problem, event)

    def say(self, sentence: str) -> None:
        """Send a sentence at level information."""
        self.send(LogEvent(level=LogLevel.INFORMATION, message=sentence))

    def warn(self, sentence: str) -> None:
        """Send a sentence at level warning."""
        self.send(LogEvent(level=LogLevel.WARNING, message=sentence))

    def warn_plainly(self, sentence: str) -> None:
        """Send a sentence that a person has to act on, such as a device code, at level warning."""
        self.warn(sentence)

    def detail(self, sentence: str) -> None:
        """Send a sentence at level verbose."""
        self.send(LogEvent(level=LogLevel.VERBOSE, message=sentence))

    def waiting(self, waiting: Waiting, seconds: float) -> None:
        """Send a wait at level verbose."""
        self.detail(f"Waiting {seconds:.0f} s: {waiting}")

    def advance(self, done: int, total: int | None, what: str) -> None:
        """Send how far the work is."""
        self.send(ProgressEvent(activity=what, done=done, total=total, seconds_left=None))
