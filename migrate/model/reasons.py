"""Every reason that the program itself acts on: a value inside, a sentence only on disk and on the screen.

On disk a reason is the columns Code and Parts; the text in the column Reason is what `str` made of it for people.
Entries of version 1 of the audit chain have that text only, which stays what it was byte for byte: `why_of` reads it,
and nothing else in the program looks into it (`tests/test_reasons.py` walks the sources).
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

import msgspec

from migrate.model.record import Record, canonical_json


class Why(Enum):
    """Why something is as it is. The value is the code for machines; `_SAYS` has the words that each begins with.

    No `StrEnum`: whoever compares one with a text is told so by mypy.
    """

    NONE = "None"
    """There is nothing to say."""
    OTHER = "Other"
    """Words that this version does not know."""

    # Runs
    BEGUN = "Begun"
    KEEPING_STEPS = "KeepingSteps"
    """A run that an older version opened goes on, its steps kept in the journal from now on."""
    THROUGH = "Through"
    ROLLED_BACK = "RolledBack"
    """A rollback has put this run back as a whole."""
    APPROVED = "Approved"
    WAITING = "Waiting"
    STOPPED = "Stopped"
    """The run ended rather than waited."""
    WAIT_INTERRUPTED = "WaitInterrupted"
    LINKED = "Linked"
    """The chain goes on in a newer version."""
    VERIFIED = "Verified"
    """What `verify` found."""
    WAVE_SHOWN = "WaveShown"
    """What the logs say of a wave."""
    SEEN_TO_CHANGE = "SeenToChange"
    """What coverage rests on, between two readings."""

    # Users, before a write
    PLANNED = "Planned"
    """An intent, with what the plan says about the user."""
    NOTHING_TO_DO = "NothingToDo"
    DRIFT = "Drift"
    GONE = "Gone"
    """Deleted since the plan: no later run will find the user either."""
    UNREADABLE = "Unreadable"
    EMERGENCY_ACCESS = "EmergencyAccess"
    EXCLUDED_SINCE = "ExcludedSince"
    """The configuration excludes the user since the plan was made."""
    NOT_COVERED = "NotCovered"
    """The proof failed. Such users count as failures, and are asked about again."""
    SETTLING = "Settling"
    """Covered, but only lately: Microsoft may not have taken it in everywhere. Such users are asked about again."""
    INTERRUPTED = "Interrupted"
    """Nothing is sent any more since somebody pressed Ctrl-C."""

    # Users, after a write
    PROMOTED = "Promoted"
    UNCONFIRMED = "Unconfirmed"
    UNCONFIRMED_UNREADABLE = "UnconfirmedUnreadable"
    """Accepted, and then the state could not be read."""
    ACCEPTED_DRIFT = "AcceptedDrift"
    NO_ANSWER = "NoAnswer"
    """Sent, and it may have been carried out all the same. Of policies too."""
    SIGN_IN_REFUSED = "SignInRefused"
    PERMISSION_REFUSED = "PermissionRefused"
    NOT_FOUND = "NotFound"
    THROTTLED = "Throttled"
    REFUSED = "Refused"

    # Users, after an interruption
    FOUND_AFTER_DOUBT = "FoundAfterDoubt"
    FOUND_AFTER_INTERRUPTION = "FoundAfterInterruption"
    UNREADABLE_SINCE = "UnreadableSince"
    NOT_SEEN = "NotSeen"
    """A change in doubt is not seen; reads may lag behind writes, so it may show up yet."""
    DRIFT_SINCE = "DriftSince"

    # What Graph shows of a user
    NO_SUCH_USER = "NoSuchUser"
    TWO_USERS = "TwoUsers"
    """Two names were given for one user, and both are somebody's."""
    USER_NOT_SHOWN = "UserNotShown"
    USER_UNKNOWN = "UserUnknown"
    """Graph knows no user whose state it could show."""
    STATE_REFUSED = "StateRefused"
    NO_ITEM = "NoItem"
    """The batch's answer left this user out."""
    NOT_UNDERSTOOD = "NotUnderstood"
    UNKNOWN_STATE = "UnknownState"
    """A state that this version does not know."""
    NEVER_READ = "NeverRead"
    NAMELESS = "Nameless"
    NOT_PROVEN = "NotProven"
    """Nothing could be proven, since the user could not be read."""

    # Policies
    FORMER_POLICY = "FormerPolicy"
    """An intent; the document holds the policy's JSON as it was."""
    FOUND_BY_MARKER = "FoundByMarker"
    EXISTS_ALREADY = "ExistsAlready"
    READS_DIFFERENTLY = "ReadsDifferently"
    NOT_THERE = "NotThere"
    ALREADY_SO = "AlreadySo"
    FOUND_AS_ASKED = "FoundAsAsked"
    SET_BY_SOMEBODY = "SetBySomebody"
    EDITED_BY_SOMEBODY = "EditedBySomebody"
    ALSO_CHANGED = "AlsoChanged"
    """More than the state reads differently now."""
    ERROR = "Error"
    """The error that ended the step, in its own words."""


class Parts(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The facts of a reason as values; what a reason has none of is left out."""

    kind: str = ""
    """Of a plan."""
    run: str = ""
    """Digest of a run."""
    document: str = ""
    """Name of a document in the journal."""
    before: str = ""
    """The state that was planned from."""
    found: str = ""
    status: int = 0
    """HTTP status of Graph's answer."""
    sent: int = 0
    """How often it was sent, where it was given up after several times."""
    held: bool = False
    """Graph throttled writes for so long that it was not sent at first."""
    entries: int = 0
    """How many entries of version 1 a chain begins with."""
    waves: str = ""
    """SHA-256 over their numbers and waves."""
    findings: int = 0
    """How many things `verify` found."""
    steps: str = ""
    """SHA-256 over the user steps that are kept with a run."""
    wait: str = ""
    """What kind of wait it is: a value of `WaitKind`."""
    name: str = ""
    """What a wait is about."""
    number: int = 0
    """How many wait."""
    until: str = ""
    """ISO 8601: when a wait ends."""


NO_PARTS = Parts()


class Reason(Record, frozen=True, kw_only=True):
    """Why, with the words that follow and the facts in them. `str()` makes the sentence."""

    why: Why
    words: str = ""
    """What the sentence says beyond the words that stand for `why`."""
    parts: Parts = NO_PARTS

    def __str__(self) -> str:
        return _text_of(self)


NO_REASON = Reason(why=Why.NONE)

_SAYS = {
    Why.BEGUN: "{kind} begins",
    Why.THROUGH: "{kind} is through",
    Why.ROLLED_BACK: "rolled back by run {run}",
    Why.STOPPED: "stopped: ",
    Why.WAIT_INTERRUPTED: "interrupted while waiting",
    Why.NOTHING_TO_DO: "nothing to do: is {found} already",
    Why.DRIFT: "drift: planned from {before}, found {found}; left alone",
    Why.GONE: "does not exist any more",
    Why.UNREADABLE: "could not be read: ",
    Why.EMERGENCY_ACCESS: "emergency access account: never switched off",
    Why.NOT_COVERED: "not covered any more: ",
    Why.INTERRUPTED: "interrupted before it was sent",
    Why.PROMOTED: "found {found}: a documented promotion",
    Why.UNCONFIRMED: "accepted, but still read as before; `verify` settles it",
    Why.UNCONFIRMED_UNREADABLE: "Graph said {status} ; could not be read back: ",
    Why.ACCEPTED_DRIFT: "Graph said {status} ; then found {found}, neither what it was nor what was asked",
    Why.NO_ANSWER: "no clear answer",
    Why.SIGN_IN_REFUSED: "Graph said {status} ",
    Why.PERMISSION_REFUSED: "Graph said {status} ",
    Why.NOT_FOUND: "Graph said {status} ",
    Why.THROTTLED: "Graph said {status} ",
    Why.REFUSED: "Graph said {status} ",
    Why.FOUND_AFTER_DOUBT: "sent before without a clear outcome; found as asked: presumably ours, not proven",
    Why.FOUND_AFTER_INTERRUPTION: "interrupted; found as asked: presumably ours, not proven",
    Why.UNREADABLE_SINCE: "interrupted, and could not be read since: ",
    Why.NOT_SEEN: "interrupted before the change took effect",
    Why.DRIFT_SINCE: "interrupted, then found {found}: drift, left alone",
    Why.NO_SUCH_USER: "there is no such user in the tenant",
    Why.TWO_USERS: "two users may be meant, ",
    Why.USER_NOT_SHOWN: "Graph answered ",
    Why.USER_UNKNOWN: "Graph knows no such user",
    Why.STATE_REFUSED: "Graph refused to show this user's state",
    Why.NO_ITEM: "Graph's batch had no answer for this user, also when asked again",
    Why.NOT_UNDERSTOOD: "Graph's answer ",
    Why.UNKNOWN_STATE: "Graph sent a per-user MFA state that this version does not know: ",
    Why.NEVER_READ: "The per-user MFA state was never read.",
    Why.NAMELESS: "the directory shows no user principal name for this account",
    Why.NOT_PROVEN: "the user could not be read",
    Why.FORMER_POLICY: "former policy {document}",
    Why.FOUND_BY_MARKER: "found by its marker: not created twice",
    Why.EXISTS_ALREADY: "exists already; not created by this run",
    Why.READS_DIFFERENTLY: "created, but it does not read back as it was sent",
    Why.NOT_THERE: "does not exist",
    Why.ALREADY_SO: "is {found} already",
    Why.FOUND_AS_ASKED: "found as asked",
    Why.SET_BY_SOMEBODY: "somebody set it to ",
    Why.EDITED_BY_SOMEBODY: "somebody edited it since it was created; left alone",
    Why.ALSO_CHANGED: "besides the state, ",
}
"""The words that each begins with, the facts in braces. They stand in older folders: none is ever changed."""
_SAYS_SINCE = {
    Why.EXCLUDED_SINCE: "excluded by the configuration since the plan was made",
    Why.LINKED: "the {entries} entries before this one are of version 1 of the chain; their waves are sealed here",
    Why.SEEN_TO_CHANGE: "what coverage rests on was seen to change; readings.json knows how",
    Why.SETTLING: "became covered lately; settles until ",
    Why.KEEPING_STEPS: "{kind} goes on; its users are kept here from now on",
    Why.VERIFIED: "verify found {findings} things that are not as they should be",
    Why.WAVE_SHOWN: "by the logs: ",
}
"""Words that no entry of version 1 holds: they are for people only."""
_SENT = "sent {sent} times without success: "
_HELD = "not sent, since Graph throttles writes; "
_PART = {
    "kind": "migrate|rollback|set-state",
    "run": r"\S+",
    "document": r"\S+",
    "before": "disabled|enabled|enforced",
    "found": r"[A-Za-z]+",
    "status": r"\d{3}",
    "sent": r"[1-9]\d*",
}
_STATUS = {401: Why.SIGN_IN_REFUSED, 403: Why.PERMISSION_REFUSED, 404: Why.NOT_FOUND, 429: Why.THROTTLED}


def reason_of(why: Why, words: str = "", parts: Parts = NO_PARTS) -> Reason:
    """Return a reason. `words` follow those that stand for `why`, and are all there is where these are none."""
    return Reason(why=why, words=words, parts=parts)


def refusal_reason(status: int, words: str) -> Reason:
    """Return why Graph did not do what was asked, from its answer's HTTP status; 0 stands for no answer."""
    if not status:
        return Reason(why=Why.NO_ANSWER, words=f": {words}")
    return Reason(why=_STATUS.get(status, Why.REFUSED), words=words, parts=Parts(status=status))


def more_said(reason: Reason, words: str) -> Reason:
    """Return the reason with more words at its end."""
    return msgspec.structs.replace(reason, words=reason.words + words)


def given_up(reason: Reason, sent: int) -> Reason:
    """Return the reason of something that was sent several times before it was given up."""
    return msgspec.structs.replace(reason, parts=msgspec.structs.replace(reason.parts, sent=sent))


def held_first(reason: Reason) -> Reason:
    """Return the reason of something that Graph's throttling had held back before."""
    return msgspec.structs.replace(reason, parts=msgspec.structs.replace(reason.parts, held=True))


@lru_cache(maxsize=1024)
def why_of(text: str, otherwise: Why = Why.OTHER) -> Reason:
    """Return the reason that a text from a Reason column stands for; its own text is the same again.

    Args:
        text: As it stands in a row.
        otherwise: What words mean that begin like no other reason.
    """
    if not text:
        return NO_REASON
    if (found := _HELD_FIRST.match(text)) is not None:
        return _the_same_again(held_first(why_of(text[found.end() :])), text, otherwise)
    if (found := _SENT_OFTEN.match(text)) is not None:
        return _the_same_again(given_up(why_of(text[found.end() :]), int(found["sent"])), text, otherwise)
    for why, pattern in _PATTERNS:
        if (found := pattern.match(text)) is not None:
            parts = msgspec.convert(found.groupdict(), Parts, strict=False)
            known = _STATUS.get(parts.status, why) if why is Why.REFUSED else why
            return _the_same_again(Reason(why=known, words=text[found.end() :], parts=parts), text, otherwise)
    return Reason(why=otherwise, words=text)


def _the_same_again(reason: Reason, text: str, otherwise: Why) -> Reason:
    return reason if _text_of(reason) == text else Reason(why=otherwise, words=text)


def parts_text(reason: Reason) -> str:
    """Return the cell Parts: the facts and words of a reason as canonical JSON, empty where there are none."""
    facts = msgspec.to_builtins(reason.parts) | ({"words": reason.words} if reason.words else {})
    return canonical_json(facts).decode() if facts else ""


@lru_cache(maxsize=1024)
def reason_from_parts(code: str, parts: str) -> Reason:
    """Return the reason that the cells Code and Parts hold.

    Raises:
        msgspec.ValidationError: They are not what this version or an older one writes.
    """
    try:
        facts = msgspec.json.decode(parts, type=dict[str, object]) if parts else {}
        words = msgspec.convert(facts.pop("words", ""), str)
        return Reason(why=Why(code), words=words, parts=msgspec.convert(facts, Parts))
    except (msgspec.DecodeError, ValueError) as error:
        raise msgspec.ValidationError(f"{error} - at `$.Code` and `$.Parts`") from error


def _text_of(reason: Reason) -> str:
    parts = reason.parts
    begin = (_SAYS.get(reason.why) or _SAYS_SINCE.get(reason.why, "")).format_map(msgspec.structs.asdict(parts))
    held = _HELD if parts.held else ""
    sent = _SENT.format(sent=parts.sent) if parts.sent else ""
    return f"{held}{sent}{begin}{reason.words}"


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(f"(?P<{piece}>{_PART[piece]})" if odd % 2 else re.escape(piece) for odd, piece in enumerate(pieces))
    )


_HELD_FIRST, _SENT_OFTEN = _pattern(_HELD), _pattern(_SENT)
# The most words first: `does not exist any more` is not `does not exist` with two more.
_PATTERNS = tuple(
    (why, _pattern(template))
    for why, template in sorted(_SAYS.items(), key=lambda each: -len(each[1]))
    if why is Why.REFUSED or why not in _STATUS.values()
)
