"""The screen of the machine face: everything that would be said goes to stdout as typed events."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.views.events import Event, LogEvent, LogLevel, ProgressEvent, line_of
from migrate.views.screen import Screen


@dataclass(kw_only=True)
class EventScreen(Screen):
    """Writes NDJSON events to stdout, each as soon as it happens; nothing goes to stderr."""

    def send(self, event: Event) -> None:
        """Write one event."""
        self.write_bytes([line_of(event)])

    def say(self, sentence: str) -> None:
        """Send a sentence at level information."""
        self.send(LogEvent(level=LogLevel.INFORMATION, message=sentence))

    def warn(self, sentence: str) -> None:
        """Send a sentence at level warning."""
        self.send(LogEvent(level=LogLevel.WARNING, message=sentence))

    def detail(self, sentence: str) -> None:
        """Send a sentence at level verbose."""
        self.send(LogEvent(level=LogLevel.VERBOSE, message=sentence))

    def waiting(self, reason: str, seconds: float) -> None:
        """Send a wait at level verbose."""
        self.detail(f"Waiting {seconds:.0f} s: {reason}")

    def advance(self, done: int, total: int | None, what: str) -> None:
        """Send how far the work is."""
        self.send(ProgressEvent(activity=what, done=done, total=total, seconds_left=None))
