"""The machine face: typed, versioned NDJSON events on stdout, one JSON object a line, UTF-8 on every platform.

The PowerShell module reads them. A member may be added at any time; a renamed, removed or reinterpreted one
raises `PROTOCOL`, and the module refuses a number that it does not know before it sends anything.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from migrate.model.record import Record
from migrate.model.users import MfaState
from migrate.views.module_words import with_typed_sentences
from migrate.views.visible import visible_json

PROTOCOL = 1
"""Version of the events and of the lines that are read from stdin."""


class ResultOutcome(StrEnum):
    """What became of one user's request."""

    CONFIRMED = "confirmed"
    """Sent, and read back as asked, or as a documented promotion."""
    UNCHANGED = "unchanged"
    """The user was there already: nothing was sent."""
    PLANNED = "planned"
    """`--what-if`: this would be sent."""
    UNCONFIRMED = "unconfirmed"
    """Accepted, but still read as before after the read-back time."""
    RECOVERED = "recovered"
    """An earlier run was cut off; the user was found in the state that it asked for."""
    SKIPPED = "skipped"
    """A guard held it back; `code` and `message` say which. Nothing was sent."""
    FAILED = "failed"

    @property
    def is_error(self) -> bool:
        """Tell whether PowerShell should see an ErrorRecord for it."""
        return self in (ResultOutcome.UNCONFIRMED, ResultOutcome.SKIPPED, ResultOutcome.FAILED)

    @property
    def may_have_changed(self) -> bool:
        """Tell whether the user may be in another state now."""
        return self in (ResultOutcome.CONFIRMED, ResultOutcome.UNCONFIRMED, ResultOutcome.RECOVERED)


class ResultCode(StrEnum):
    """Why a user's request did not end as asked; the module derives the category of its ErrorRecord from it."""

    NONE = ""
    NOT_FOUND = "NotFound"
    AMBIGUOUS = "Ambiguous"
    IDENTITY_MISMATCH = "IdentityMismatch"
    """Both identities were given and belong to different users."""
    BAD_INPUT = "BadInput"
    NOT_COVERED = "NotCovered"
    NOT_REGISTERED = "NotRegistered"
    EMERGENCY_ACCESS = "EmergencyAccess"
    UNREADABLE = "Unreadable"
    DRIFT = "Drift"
    PERMISSION_DENIED = "PermissionDenied"
    AUTHENTICATION = "Authentication"
    THROTTLED = "Throttled"
    REFUSED = "Refused"
    UNCONFIRMED = "Unconfirmed"
    OTHER = "Other"


class LogLevel(StrEnum):
    """Which PowerShell stream a sentence belongs to."""

    DEBUG = "debug"
    VERBOSE = "verbose"
    INFORMATION = "information"
    WARNING = "warning"


class ResultEvent(Record, frozen=True, kw_only=True, tag_field="type", tag="result"):
    """One user's request: before, asked, found."""

    version: int = PROTOCOL
    kind: str = "setState"
    index: int | None
    """Position on stdin, from 0, so that the caller finds what it had given; None where nothing was read."""
    object_id: str | None
    user_principal_name: str | None
    before: MfaState | None
    requested: MfaState | None
    """None where the list was to give the state and its row does not."""
    found: MfaState | None
    """What was read back; None when nothing was read after."""
    outcome: ResultOutcome
    code: ResultCode
    message: str
    """Why it did not end as asked, in one sentence; empty when it did."""
    note: str
    """What one should know although it went well, such as a promotion; mostly empty."""
    request_id: str


class ProgressEvent(Record, frozen=True, kw_only=True, tag_field="type", tag="progress"):
    """How far the work is."""

    version: int = PROTOCOL
    activity: str
    done: int
    total: int | None
    seconds_left: float | None


class LogEvent(Record, frozen=True, kw_only=True, tag_field="type", tag="log"):
    """One sentence for the person."""

    version: int = PROTOCOL
    level: LogLevel
    message: str


class EndingError(Record, frozen=True, kw_only=True):
    """The error that ended the run."""

    code: str
    """Name of the class in migrate/errors.py."""
    what: str
    unchanged: str
    hint: str


class SummaryEvent(Record, frozen=True, kw_only=True, tag_field="type", tag="summary"):
    """The last line: how it ended. A stream without one was cut off."""

    version: int = PROTOCOL
    kind: str
    """The command, in camelCase."""
    exit_code: int
    counts: dict[str, int]
    """Results by outcome."""
    journal_entries: int | None
    journal_hash: str | None
    """Count and last hash of the journal, to be noted elsewhere; None where nothing was written."""
    error: EndingError | None


Event = ResultEvent | ProgressEvent | LogEvent | SummaryEvent


def line_of(event: Event) -> bytes:
    """Return an event as one line of JSON in UTF-8, LF at its end."""
    return visible_json(msgspec.json.encode(with_typed_sentences(msgspec.to_builtins(event))).decode()).encode() + b"\n"


def event_of(line: bytes) -> Event:
    """Return the event that a line holds; raise `msgspec.DecodeError` for anything else. For tests and for tools."""
    event: Event = msgspec.json.decode(line, type=Event)
    return event
