"""The journal: one hash-chained entry for every intent, outcome, wait and approval; audit.csv is its image."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from migrate.model.reasons import NO_REASON, Reason, Why, parts_text, reason_from_parts, why_of
from migrate.model.record import Record, canonical_json
from migrate.model.users import MfaState

GENESIS = "0" * 64
"""The previous hash of the first entry."""

CHAIN_VERSION = 2
"""What the hash of a new entry covers: since version 2 also Wave, Code and Parts."""

SINCE_VERSION_2 = ("Wave", "Code", "Parts")
"""The columns at the end, which an audit.csv of the first version does not have."""


class Operation(StrEnum):
    """What an entry is about."""

    OPEN_RUN = "OpenRun"
    CLOSE_RUN = "CloseRun"
    WAIT = "Wait"
    APPROVE = "Approve"
    """A wait or guard that the operator skipped by name, with the reason."""
    LINK_CHAIN = "LinkChain"
    """The first entry of version 2 after entries of version 1: seals their waves, which their hashes leave out."""
    VERIFIED = "Verified"
    """What `verify` found, and what it looked at."""
    SEEN = "Seen"
    """A run saw something change that coverage rests on: an older readings.json does not know of it."""
    SET_MFA_STATE = "SetMfaState"
    CREATE_POLICY = "CreatePolicy"
    SET_POLICY_STATE = "SetPolicyState"
    SET_POLICY_SCOPE = "SetPolicyScope"
    DELETE_POLICY = "DeletePolicy"


class Outcome(StrEnum):
    """What became of it. Only `confirmed` counts as done; rollback covers every intent."""

    OPENED = "opened"
    CLOSED = "closed"
    WAITING = "waiting"
    APPROVED = "approved"
    INTENT = "intent"
    """Written before the request is sent."""
    CONFIRMED = "confirmed"
    """Read back as asked, or as a documented promotion."""
    UNCONFIRMED = "unconfirmed"
    """Accepted, but still read as before after the read-back time; verify settles it."""
    FAILED = "failed"
    SKIPPED = "skipped"
    RECORDED = "recorded"
    """Nothing was to be done: the entry keeps something."""
    RECOVERED = "recovered"
    """An intent without an outcome, found in the target state on resume: presumably ours, not proven."""


DONE = frozenset({Outcome.CONFIRMED, Outcome.RECOVERED})
"""It is as it was asked for, and this tool did it, or presumably did."""
ACCEPTED = DONE | {Outcome.UNCONFIRMED}
"""Done, or on its way as far as Graph said."""
FINAL = DONE | {Outcome.SKIPPED}
"""After these nothing is tried again in the same run."""


class TargetType(StrEnum):
    """What kind of object an entry names."""

    RUN = "run"
    USER = "user"
    POLICY = "conditionalAccessPolicy"


class JournalEntry(Record, frozen=True, kw_only=True, rename="pascal"):
    """One entry, with the columns of audit.csv. Texts are empty, never None, so that a CSV says the same.

    `columns_of` and `entry_of` stand between it and what is on disk: there the reason is Code and Parts, with the text
    that they made for people; in an entry of version 1 it is that text.
    """

    sequence: int
    time_utc: str
    server_date: str
    actor: str
    tenant_id: str
    operation: Operation
    target_type: TargetType
    object_id: str
    user_principal_name: str
    before: str
    requested: str
    observed: str
    outcome: Outcome
    reason: Reason
    attempt: int
    request_id: str
    client_request_id: str
    plan_digest: str
    previous_hash: str
    hash: str
    wave: int | None = None
    """The wave of a user; outside the hash in version 1."""
    reason_text: str | None = None
    """The Reason column as it stands on disk; None for what the reason says today."""
    chain_version: int = CHAIN_VERSION
    """Which columns the hash covers."""

    @property
    def is_as_asked(self) -> bool:
        """Tell of an entry about a user what `LastWrite.is_as_asked` tells."""
        return _is_as_asked(self.observed, self.requested)

    def expected_hash(self) -> str:
        """Return SHA-256 over the previous hash and the canonical JSON of the other columns of the entry's version."""
        columns = columns_of(self)
        outside = () if self.chain_version >= CHAIN_VERSION else SINCE_VERSION_2
        for name in ("PreviousHash", "Hash", *outside):
            del columns[name]
        return hashlib.sha256(self.previous_hash.encode() + canonical_json(columns)).hexdigest()


def columns_of(entry: JournalEntry) -> dict[str, str | int]:
    """Return the entry as it stands on disk: the columns of audit.csv in their order, over which its hash goes."""
    columns: dict[str, str | int] = msgspec.to_builtins(entry)
    del columns["ReasonText"], columns["ChainVersion"]
    columns["Reason"] = str(entry.reason) if entry.reason_text is None else entry.reason_text
    columns["Wave"] = "" if entry.wave is None else entry.wave
    newer = entry.chain_version >= CHAIN_VERSION
    columns["Code"] = entry.reason.why.value if newer else ""
    columns["Parts"] = parts_text(entry.reason) if newer else ""
    return columns


AUDIT_COLUMNS = (
    *(field.encode_name for field in msgspec.structs.fields(JournalEntry) if field.required),
    *SINCE_VERSION_2,
)
"""The names that `columns_of` gives, in their order."""


def entry_of(columns: Mapping[str, str | int]) -> JournalEntry:
    """Return the entry that the columns hold, strictly decoded. Those of version 2 may be missing.

    Raises:
        msgspec.ValidationError: They are not what `columns_of` makes.
    """
    text, code, parts = columns.get("Reason"), columns.get("Code", ""), columns.get("Parts", "")
    if not (isinstance(text, str) and isinstance(code, str) and isinstance(parts, str)):
        raise msgspec.ValidationError("Expected `str` - at `$.Reason`, `$.Code` and `$.Parts`")
    if code:
        version, reason = CHAIN_VERSION, reason_from_parts(code, parts)
    elif parts:
        raise msgspec.ValidationError("there are parts, and no code that they belong to - at `$.Code`")
    else:
        version, reason = 1, _reason_in(text, columns.get("Operation"), columns.get("Outcome"))
    older = {name: value for name, value in columns.items() if name not in SINCE_VERSION_2}
    wave = columns.get("Wave", "")
    rest = {"Reason": reason, "Wave": None if wave == "" else wave, "ReasonText": text, "ChainVersion": version}
    return msgspec.convert({**older, **rest}, JournalEntry)


def _reason_in(text: str, operation: object, outcome: object) -> Reason:
    """Return the reason in a row of version 1. Where people and plans are quoted, no word of theirs says what it is."""
    match operation, outcome:
        case Operation.SET_MFA_STATE, Outcome.INTENT:
            return Reason(why=Why.PLANNED, words=text) if text else NO_REASON
        case Operation.APPROVE, _:
            return Reason(why=Why.APPROVED, words=text) if text else NO_REASON
        case Operation.WAIT, _:
            return why_of(text, Why.WAITING)
        case ((Operation.CREATE_POLICY | Operation.SET_POLICY_STATE | Operation.DELETE_POLICY), Outcome.FAILED):
            return why_of(text, Why.ERROR)
        case _:
            return why_of(text)


class Draft(Record, frozen=True, kw_only=True):
    """An entry before the journal numbers, dates and chains it."""

    operation: Operation
    target_type: TargetType
    outcome: Outcome
    object_id: str = ""
    user_principal_name: str = ""
    before: str = ""
    requested: str = ""
    observed: str = ""
    reason: Reason = NO_REASON
    attempt: int = 0
    request_id: str = ""
    client_request_id: str = ""
    server_date: str = ""
    wave: int | None = None
    """For rollback of one wave, and for whoever reads the audit."""
    plan_digest: str = ""
    """The run that the entry belongs to, where that is not the present one: what became of an earlier run's intent."""


def _is_as_asked(observed: str, requested: str) -> bool:
    known = set(MfaState)
    return observed in known and requested in known and MfaState(requested).is_found_as(MfaState(observed))


class LastWrite(Record, frozen=True, kw_only=True):
    """What the latest entry for a user says of the state: of a million users there are a few different ones."""

    before: str
    requested: str
    observed: str
    outcome: Outcome

    @property
    def is_as_asked(self) -> bool:
        """Tell whether the user was read in the state that was asked for, or in what that is promoted to."""
        return _is_as_asked(self.observed, self.requested)


class Touched(Record, frozen=True, kw_only=True):
    """A user whom a run meant to change: the latest intent and what became of it."""

    user_id: str
    user_principal_name: str
    before: MfaState
    """As read right before the write."""
    requested: MfaState
    wave: int
    plan_digest: str
    outcome: Outcome
    """The latest entry for the user in that run; `intent` when it is in doubt."""
