"""What is kept of the sign-in log: kinds of sign-ins with counts and people by object id, never single sign-ins.

None stands for what a source did not say, which is neither yes nor no.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from migrate.model.record import Record


class Form(StrEnum):
    """Who was at the keyboard; the words of Graph's signInEventTypes without their ending."""

    INTERACTIVE = "interactive"
    NON_INTERACTIVE = "nonInteractive"

    @property
    def words(self) -> str:
        """Return it as it stands in a sentence."""
        return "interactive" if self is Form.INTERACTIVE else "non-interactive"


class SignInClass(StrEnum):
    """What became of a sign-in, put together from its error code."""

    OK = "ok"
    INTERRUPT = "interrupt"
    """MFA or enrolment was wanted; final where no success follows."""
    AFTER_CHANGE = "afterChange"
    """MFA too old, sign-in frequency, a revoked token: expected after a change."""
    MFA_FAILED = "mfaFailed"
    BLOCKED = "blocked"
    DEVICE = "device"
    CANNOT_ENROL = "cannotEnrol"
    NOT_OURS = "notOurs"
    """Consent or assignment."""
    NOISE = "noise"
    """Password, lock, disabled account: kept out of every number, but counted."""
    OTHER = "other"

    @property
    def reached_a_decision(self) -> bool:
        """Tell whether Conditional Access had its say."""
        return self not in (SignInClass.NOISE, SignInClass.NOT_OURS)


class SourceFormat(StrEnum):
    """Where sign-ins were read from."""

    GRAPH = "graph"
    GRAPH_FILE = "graphFile"
    """Pages or lines of Graph beta, kept in a file."""
    DIAGNOSTIC = "diagnosticSettings"
    LOG_ANALYTICS = "logAnalytics"
    PORTAL_JSON = "portalJson"
    PORTAL_CSV = "portalCsv"
    REDUCED = "reduced"


class Coordinate(StrEnum):
    """What a kind may know of a sign-in. A source that lacks the column has lost it for all its kinds."""

    AUDIENCES = "audiences"
    CONTEXTS = "contexts"
    PROTOCOL = "protocol"
    FLOW = "flow"
    TOKEN = "incomingTokenType"  # noqa: S105 - a word of the log
    GLOBAL_SECURE_ACCESS = "globalSecureAccess"
    SIGN_IN_RISK = "signInRisk"
    ASKED_BY = "askedBy"
    METHODS = "methods"
    RESULTS = "policyResults"
    REQUIREMENT = "authenticationRequirement"
    CROSS_TENANT = "crossTenantAccessType"


class SignInKind(Record, frozen=True, kw_only=True):
    """Sign-ins that Conditional Access cannot tell apart, whoever made them."""

    form: Form
    resources: tuple[str, ...]
    """Ids of the audiences, or else of the resource, in lower case; empty where the log names none."""
    contexts: tuple[str, ...] | None
    client: str
    """As the log writes it."""
    application: str
    """Client application id of sign-ins that lists of people name (legacy, ROPC, device code), else empty."""
    protocol: str | None
    flow: str | None
    """The original transfer method."""
    platform: str | None
    """In the words of policies; None where the log tells no operating system."""
    places: tuple[str, ...] | None
    """Ids of the named locations with ranges that hold the address; None where there was no address."""
    places_seen_by_resource: tuple[str, ...] | None
    """The same for the address that the service saw, where it is another one."""
    country: str | None
    """Two letters; empty where the log could not look it up."""
    global_secure_access: bool | None
    risk: str | None
    """The risk of the sign-in."""
    compliant: bool | None
    hybrid_joined: bool | None
    external: str
    """How somebody external came in: the log's crossTenantAccessType; `none` for people of the tenant."""
    outcome: SignInClass
    code: int
    multifactor: bool | None
    """The log says that MFA was required."""
    asked_by: tuple[str, ...] | None
    """Who asked for MFA, in the words of requirementProvider, in order."""
    silent: bool
    """Passkey, Windows Hello, certificate or primary refresh token: a demand for MFA would probably show nothing."""
    results: tuple[tuple[str, str], ...] | None
    """Id (lower case) and result of each policy that did or would have done something; None where none were told."""
    enforced_mfa: tuple[str, ...]
    """Ids of the policies with success or failure whose controls were MFA or a strength."""

    @property
    def was_asked(self) -> bool | None:
        """Tell whether anybody asked for MFA; None where the source does not say."""
        if self.asked_by or self.enforced_mfa:
            return True
        return None if self.asked_by is None and self.results is None else False


class SetAside(StrEnum):
    """Why a row is counted and goes no further."""

    OUTBOUND = "outbound"
    """A sign-in of one of our people to another tenant's resource."""
    AGENT = "agent"
    SUPPORT = "support"
    PASSTHROUGH = "passthrough"
    UNREADABLE = "unreadable"
    """It has no person, no time or no error code."""


Places = tuple[tuple[str, ...] | None, tuple[str, ...] | None]
"""The named locations of the address, and those of the one that the service saw where it is another one."""


class Seen(Record, frozen=True, kw_only=True):
    """How often and when one person signed in in one way."""

    rows: int
    first: int
    """Seconds since 1970 (UTC), as the next."""
    last: int
    hours: tuple[tuple[int, int], ...]
    """Hours since 1970 with the attempts whose last row fell into them, in order."""

    @property
    def attempts(self) -> int:
        """Return how many attempts ended so."""
        return sum(number for _, number in self.hours)

    def attempts_between(self, since: int, until: int) -> int:
        """Return the attempts of the whole hours from `since` on, and before `until` (seconds since 1970)."""
        return sum(number for hour, number in self.hours if since <= hour * 3600 and hour * 3600 + 3600 <= until)

    def and_more(self, other: Seen) -> Seen:
        """Return both together."""
        hours = dict(self.hours)
        for hour, number in other.hours:
            hours[hour] = hours.get(hour, 0) + number
        return Seen(
            rows=self.rows + other.rows,
            first=min(self.first, other.first),
            last=max(self.last, other.last),
            hours=tuple(sorted(hours.items())),
        )


class SeenAs(Record, frozen=True, kw_only=True):
    """One person in one kind."""

    kind: SignInKind
    user_id: str
    seen: Seen


class HoleWhy(StrEnum):
    """Why a part of the window is missing."""

    FAILED = "failed"
    """Graph did not give it although it was asked several times; it is asked for again by the next reading."""
    MOST_ROWS = "mostRows"
    CUT_OFF = "cutOff"
    """A file holds exactly as many rows as the portal gives at most: older ones may be missing."""
    SILENT = "silent"
    """The log has no row of this hour, although the hours around it have many."""


class Hole(Record, frozen=True, kw_only=True):
    """A part of the window that was not read, or where nothing came."""

    form: Form
    since: str
    until: str
    why: HoleWhy
    said: str = ""
    """What Graph said, or which file it was."""


class Refusal(StrEnum):
    """Why Graph refused the log."""

    LICENCE = "licence"
    PERMISSION = "permission"


class OpenAttempt(Record, frozen=True, kw_only=True):
    """A row of an attempt that may go on in the next hour. Kept only while a reading is not complete."""

    kind: SignInKind
    user_id: str
    attempt: str
    """Digest of the correlation id."""
    row: str
    """Digest of the row's id."""
    at: int


class PolicyCount(Record, frozen=True, kw_only=True):
    """How often a policy came to one result, as the engine that holds the log counted it. Nobody is named in it."""

    policy_id: str
    """In lower case."""
    result: str
    form: Form
    client: str
    code: int
    rows: int
    attempts: int
    people: int
    """Estimated, as the attempts are. Rows of several results or clients may be about the same people."""
    first: str
    last: str


class SignInSource(Record, frozen=True, kw_only=True):
    """One reading of the log: what stands beside every number that rests on it."""

    form: SourceFormat
    files: tuple[str, ...]
    """Names of the files, without folders."""
    read_at: str
    since: str
    """Beginning of the window (ISO 8601, UTC)."""
    until: str
    forms: tuple[Form, ...]
    complete: bool
    """False while hours of the window are still to be read: run the same command again."""
    done: Mapping[Form, str] = {}
    """Up to when each form has been read, while the reading is not complete."""
    rows: int = 0
    repeated: int = 0
    """Rows with an id that was there before."""
    set_aside: Mapping[SetAside, int] = {}
    """Rows that are counted and go no further."""
    holes: tuple[Hole, ...] = ()
    lost: tuple[Coordinate, ...] = ()
    """What this source does not say at all."""
    unknown_results: bool = False
    """A policy result came as unknownFutureValue: numbers of report-only policies are refused."""
    refused: Refusal | None = None
    """Why Graph gave nothing of it, or nothing more."""
    open_attempts: tuple[OpenAttempt, ...] = ()
    policy_counts: tuple[PolicyCount, ...] = ()
    """What each policy did by counts alone, where such an answer came with it."""
    digest: str = ""
    """Over all kinds and people, once complete."""


class WayIn(StrEnum):
    """A way to sign in that a demand for MFA ends, or that a policy of its own may block."""

    LEGACY_CLIENT = "legacyClient"
    SMTP_AUTH = "smtpAuth"
    """A legacy client too, with a clock of its own."""
    ROPC = "ropc"
    DEVICE_CODE = "deviceCode"


class WaysSeen(Record, frozen=True, kw_only=True):
    """Who succeeded in such a way, and when last. Somebody who is missing was not seen, which does not mean safe."""

    since: str
    until: str
    holes: int
    lost: tuple[Coordinate, ...]
    """With the protocol or the flow lost, ROPC or device code cannot be seen at all."""
    last: dict[str, dict[WayIn, int]]
    """By object id (lower case): seconds since 1970 of the last success in each way. Who is missing was *not seen*,
    which never means safe."""
    outside: frozenset[str] = frozenset()
    """Who signed in at a keyboard from an address that no named location holds: somebody stands behind the account."""
