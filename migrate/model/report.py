"""What the report, the evidence folder and the change record say of a migration: facts as values, sentences nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from migrate.model.coverage import Verdict
from migrate.model.impact import PolicyImpact
from migrate.model.now import Moment
from migrate.model.plan import HoldReason, PlanHeader, PlanKind
from migrate.model.record import Record
from migrate.model.run import RunStanding
from migrate.model.snapshot import SnapshotHeader
from migrate.model.users import MfaState
from migrate.model.verification import Verification
from migrate.model.waits import WaitKind


class Phase(StrEnum):
    """How far the migration of a folder is."""

    EXPORTED = "exported"
    """No plan was made yet."""
    PLANNED = "planned"
    REPORT_ONLY = "reportOnly"
    """A policy stays report-only for a while."""
    SETTLING = "settling"
    """A change of policies or memberships has to settle."""
    WAITING = "waiting"
    """Something else is waited for: a wave's day or hours, the operator's pause."""
    UNDER_WAY = "underWay"
    STOPPED = "stopped"
    THROUGH = "through"
    ROLLED_BACK = "rolledBack"


class PersonOutcome(StrEnum):
    """What became of one account, or will."""

    DONE = "done"
    """Per-user MFA was disabled by this tool, and read back so."""
    TO_COME = "toCome"
    HELD = "held"
    OFF_BEFORE = "offBefore"
    """Per-user MFA was disabled before, by somebody else."""
    ROLLED_BACK = "rolledBack"
    FAILED = "failed"
    """Sent or looked at without success, or skipped."""
    IN_DOUBT = "inDoubt"
    """Something was sent, and nobody saw what became of it."""
    UNREAD = "unread"
    NOT_PLANNED = "notPlanned"


class RequiredBy(StrEnum):
    """What requires MFA of an account today, as far as the folder knows."""

    BOTH = "both"
    POLICIES = "policies"
    PER_USER = "perUser"
    PARTLY = "partly"
    """Policies, for some sign-ins only."""
    NEITHER = "neither"
    UNKNOWN = "unknown"
    ACCOUNT_OFF = "accountOff"
    """The account is disabled: nobody signs in."""
    AGENT = "agent"
    """An agent's account, which no policy for people reaches."""


class AccountKind(StrEnum):
    """What kind of account it is."""

    MEMBER = "member"
    GUEST = "guest"
    AGENT = "agent"


class Strongest(StrEnum):
    """The strongest kind of method that somebody has registered, the weakest first."""

    NOT_IN_REPORT = "notInReport"
    """The registration report does not have the account, or was not read for it."""
    NONE = "none"
    """Nothing that counts as MFA."""
    SMS_VOICE = "smsVoice"
    """Text messages and calls only."""
    CODE = "code"
    """One-time codes of a program or a token."""
    APP = "app"
    """Authenticator notifications."""
    PASSKEY = "passkey"
    """Passkeys, security keys, Windows Hello: phishing-resistant."""
    OTHER = "other"
    """Something that this version has no kind for, external MFA say."""


class Standing(Record, frozen=True, kw_only=True, gc=False, cache_hash=True):
    """All that the report says of an account but who it is: of many thousand accounts there are some dozens."""

    kind: AccountKind
    before: MfaState | None
    """The state before this tool changed anything; None where it could not be read."""
    state: MfaState | None
    """The state now, as far as the folder knows; None where that is not known."""
    verdict: Verdict
    required_by: RequiredBy
    outcome: PersonOutcome
    wave: int | None
    hold: HoldReason | None
    strongest: Strongest


class Person(Record, frozen=True, kw_only=True, gc=False):
    """One account of the tenant, as the table of people has it."""

    user_id: str
    user_principal_name: str
    standing: Standing


class Flow(Record, frozen=True, kw_only=True):
    """Accounts with one state before, one verdict today and one outcome: a ribbon of the first picture."""

    before: MfaState | None
    verdict: Verdict
    outcome: PersonOutcome
    people: int


class WaveFacts(Record, frozen=True, kw_only=True):
    """One wave."""

    number: int
    name: str
    people: int
    """Of the plan."""
    outcomes: Mapping[str, int]
    """By the values of `PersonOutcome`."""
    not_before: str
    hours: str
    began: str
    """When the first change of the run was read back (ISO 8601); empty before."""
    ended: str


class HeldFacts(Record, frozen=True, kw_only=True):
    """Those held back for one reason."""

    reason: HoldReason
    people: int
    user_ids: tuple[str, ...]
    """A few of them."""
    names: tuple[str, ...]
    """Their user principal names, in the same order."""
    policies: tuple[str, ...]
    """Policies that leave some of them out, or that are not understood."""
    gaps: tuple[str, ...]
    """Tags of open regions."""


class PolicyRole(StrEnum):
    """What a policy is to the migration."""

    CREATED = "created"
    SWITCHED = "switched"
    RESCOPED = "rescoped"
    """Only whom it is for changes."""
    RESTS_ON = "restsOn"
    """Proofs rest on it; nothing of it changes."""


class PolicyFacts(Record, frozen=True, kw_only=True):
    """One policy before, as planned, and now. States in Graph's words; empty for *not there* or *not known*."""

    key: str
    name: str
    role: PolicyRole
    before: str
    planned: str
    now: str
    since: str
    """When this tool last changed it (ISO 8601); empty where it did not."""
    deleted: bool
    in_doubt: bool
    impact: PolicyImpact | None
    """Whom it catches; None for one that the plan does not switch on."""


class ExceptionKind(StrEnum):
    """What kind of exception from the rule it is."""

    EMERGENCY_ACCESS = "emergencyAccess"
    EXCLUDED = "excluded"
    """Somebody keeps per-user MFA."""
    ACCEPTED_GAP = "acceptedGap"
    POLICY_EXCLUSION = "policyExclusion"
    ACCEPTED_CAUGHT = "acceptedCaught"
    UNCOVERED = "uncovered"
    """Disabled without proof, by name."""
    BASELINE_ANSWER = "baselineAnswer"


class ExceptionMark(StrEnum):
    """What should be looked at in an exception."""

    LAPSED = "lapsed"
    ENDS_SOON = "endsSoon"
    """Within thirty days."""
    FAR_AWAY = "farAway"
    """It ends more than a year from now."""
    NO_END = "noEnd"
    UNDECIDED = "undecided"
    """Nobody answers for it, or since when is not said."""


class ExceptionFacts(Record, frozen=True, kw_only=True):
    """One exception: who or what, why, who decided, since when, until when."""

    kind: ExceptionKind
    subject_id: str
    """Object id of a person or group; the tag of a gap; empty where it names neither."""
    subject: str
    """Its name; of a gap, its tag."""
    reason: str
    decided_by: str
    since: str
    ends: str
    """ISO date; empty where it has none."""
    marks: tuple[ExceptionMark, ...]
    is_accepted: bool = False
    """Of somebody who is left out of the policy: that neither way requires MFA is accepted by name."""


class Answer(StrEnum):
    """What one of the two boxes says."""

    SAFE = "safe"
    STOP = "stop"
    """Something is known to be wrong or in the way."""
    OPEN = "open"
    """Of the tenant alone: of some people MFA is required by neither way, or not always."""
    NOT_CHECKED = "notChecked"


class Doubt(StrEnum):
    """Why a box is not green."""

    FINDINGS = "findings"
    BLOCKERS = "blockers"
    RUN_STOPPED = "runStopped"
    NEVER_VERIFIED = "neverVerified"
    CHANGED_SINCE = "changedSince"
    """This tool changed something after the last verification."""
    TOO_OLD = "tooOld"
    """The last verification, or the export, is of 24 hours ago or more."""
    UNREADABLE = "unreadable"
    EXCEPTION_LAPSED = "exceptionLapsed"
    IN_DOUBT = "inDoubt"
    NOTHING_APPLIED = "nothingApplied"
    NOT_PLANNED = "notPlanned"
    PEOPLE_OPEN = "peopleOpen"
    PEOPLE_UNKNOWN = "peopleUnknown"


class Box(Record, frozen=True, kw_only=True):
    """One of the two judgements, with everything that keeps it from being green."""

    answer: Answer
    doubts: tuple[Doubt, ...]


class Digests(Record, frozen=True, kw_only=True):
    """What an auditor compares: SHA-256 in 64 hex digits, empty for what is not there."""

    plan: str
    plan_csv: str
    run: str
    """Digest of the plan of the run that was begun last."""
    snapshot: str
    rollback_csv: str
    rollback_json: str
    journal_entries: int
    journal_hash: str


class DayOfSignIns(Record, frozen=True, kw_only=True):
    """Attempts of one day that succeeded or were interrupted for MFA."""

    day: str
    """ISO date (UTC)."""
    asked: int
    """Somebody asked for MFA: a policy, or per-user MFA."""
    not_asked: int
    unknown: int
    """The source does not say."""


class SignInDays(Record, frozen=True, kw_only=True):
    """What the sign-in log shows, day by day."""

    since: str
    until: str
    complete: bool
    """Every reading is complete and has no holes."""
    days: tuple[DayOfSignIns, ...]


class Totals(Record, frozen=True, kw_only=True):
    """Everybody, counted: each number by the values of its enum, numbers of nobody left out."""

    people: int
    by_outcome: Mapping[str, int]
    by_state: Mapping[str, int]
    """By `MfaState`, and `unreadable`, now."""
    by_verdict: Mapping[str, int]
    by_required: Mapping[str, int]
    by_strongest: Mapping[str, int]
    """Of accounts of people that are not disabled."""
    by_kind: Mapping[str, int]
    open_by_us: int
    """People whom this tool disabled and of whom MFA is required by neither way, or not always."""
    enabled_before: int
    """Of those whom this tool disabled, the ones who were enabled: a rollback may find them enforced."""


class ReportFacts(Record, frozen=True, kw_only=True):
    """Everything but the people one by one. Made by `migrate.decide.report.facts` from what the folder holds."""

    made_at: str
    """The latest moment that the folder knows of, by the server's clock (ISO 8601): the report is of that time."""
    tool_version: str
    snapshot: SnapshotHeader
    moment: Moment
    phase: Phase
    waits: WaitKind | None
    """What the run waits for; None where it does not wait."""
    waits_until: str
    """ISO 8601; empty where that is not known."""
    plan: PlanHeader | None
    """The plan that lies in the folder, or else that of the run."""
    run: PlanHeader | None
    """The plan of the migration that was begun last."""
    standing: RunStanding | None
    rows_known: bool
    """Whether plan.csv could be read and is what plan.json says."""
    last_write: str
    """When this tool last changed the tenant (ISO 8601); empty where it never did."""
    last_kind: PlanKind | None
    """What the last run was for."""
    verification: Verification | None
    """What the last `verify` of this folder left in the journal."""
    actor: str
    """Who applied last; empty where nobody did."""
    fresh_until: str
    """Until when the last verification counts as fresh (ISO 8601); empty where there is none."""
    migration: Box
    tenant: Box
    totals: Totals
    flows: tuple[Flow, ...]
    waves: tuple[WaveFacts, ...]
    held: tuple[HeldFacts, ...]
    policies: tuple[PolicyFacts, ...]
    exceptions: tuple[ExceptionFacts, ...]
    places: Mapping[str, str]
    """Display names of the named locations, by their ids in lower case: gaps name them."""
    digests: Digests
    way_back: tuple[str, str, str]
    """Three command lines: to look at what a rollback would do, to do it, and to do it from its file alone."""
    sign_ins: SignInDays | None
    """None where the sign-in log was not read."""
