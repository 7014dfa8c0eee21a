"""A plan: what will be done, to whom, in which order, and what stands in the way. Apply decides nothing."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from migrate.model.impact import AcceptedPerson, NewlyPrompted, PolicyImpact
from migrate.model.named import Named
from migrate.model.plan_basis import BooksBeside, MadeWith
from migrate.model.plan_part import PlanPart
from migrate.model.policy_exclusions import PolicyExclusion, Proposal
from migrate.model.record import Record, sha256_of
from migrate.model.report_only import ExitLimits
from migrate.model.steps import PolicyStep
from migrate.model.tenant_settings import BaselineScopes
from migrate.model.users import MfaState
from migrate.model.wave_gate import GateLimits

PLAN_FORMAT = 1
"""Version of plan.json and rollback.json. A newer one is refused."""


class PlanKind(StrEnum):
    """What a plan is for."""

    MIGRATE = "migrate"
    ROLLBACK = "rollback"
    SET_STATE = "set-state"


class HoldReason(StrEnum):
    """Why a user with per-user MFA is not in any wave."""

    UNCOVERED = "uncovered"
    PARTLY = "partly"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    EMERGENCY_ACCESS = "emergency-access"
    DIRECTORY_SYNC = "directory-sync"
    EXCLUDED = "excluded"
    GUEST = "guest"
    MANAGED_POLICY = "managed-policy"
    """The proof rests on the Microsoft-managed policy for users of per-user MFA alone."""
    AGENT = "agent"
    """The account of an agent: no person, and no policy for people reaches it."""


class HoldParts(PlanPart, frozen=True, kw_only=True, gc=False):
    """The facts behind a row's reason, as columns of plan.csv."""

    policies: tuple[str, ...] = ()
    """Display names: the enabled policies that leave the user out, or that are not understood."""
    path: tuple[str, ...] = ()
    """As what the user is left out of them, such as `member of group Sales`."""
    open_gaps: tuple[str, ...] = ()
    """Tags of the regions that are open, those that the operator accepts included."""
    ends: str = ""
    """ISO date from which on an exclusion counts no more."""


NO_HOLD_PARTS = HoldParts()


class PlanAction(StrEnum):
    """What a plan does with a user."""

    DISABLE = "disable"
    HOLD = "hold"
    NONE = "none"
    """Per-user MFA is already off."""


class PlanRow(Record, frozen=True, kw_only=True, gc=False):
    """One row of plan.csv: one user."""

    user_id: str
    user_principal_name: str
    current_state: MfaState | None
    """None for an unreadable user."""
    target_state: MfaState | None
    wave: int | None
    action: PlanAction
    hold_reason: HoldReason | None
    reason: str
    covered_by: tuple[str, ...]
    parts: HoldParts = NO_HOLD_PARTS
    mfa_capable: str = ""
    """Whether the user could answer a request for MFA today; empty when that was not judged."""


class Wave(PlanPart, frozen=True, kw_only=True):
    """A group of users who are switched off together; 1 is the canary."""

    number: int
    name: str
    users: int
    not_before: str = ""
    """When the wave may begin at the earliest (ISO 8601 with its offset); empty when any time will do."""
    hours: str = ""
    """Between which hours it may begin, with their offset; empty when any will do."""


class Severity(StrEnum):
    """How much a note of the plan matters."""

    BLOCKER = "blocker"
    WARNING = "warning"


BASELINE_ANSWER_NOTE = "baseline-scopes-answer"
"""Code of the note that a plan rests on the operator's answer about baseline scopes: `apply` asks it once more."""


NotePart = int | str | tuple[str, ...]
"""A fact in a note: a number, a name or day, or several names."""


class PlanNote(PlanPart, frozen=True, kw_only=True):
    """Something the operator must know: a blocker stops every step, a warning stops nothing."""

    severity: Severity
    code: str
    sentence: str
    parts: dict[str, NotePart] = msgspec.field(default_factory=dict)
    """The facts in the sentence, by name, so that it can be told in other languages; empty where it cannot.

    `n` counts, `names` are the first of as many, and `also` names further sentences.
    """


def blocker(code: str, sentence: str, /, **parts: NotePart) -> PlanNote:
    """Return a note that stops every step; `parts` as of `PlanNote`."""
    return PlanNote(severity=Severity.BLOCKER, code=code, sentence=sentence, parts=parts)


def warning(code: str, sentence: str, /, **parts: NotePart) -> PlanNote:
    """Return a note that stops nothing; `parts` as of `PlanNote`."""
    return PlanNote(severity=Severity.WARNING, code=code, sentence=sentence, parts=parts)


class AcceptedGap(PlanPart, frozen=True, kw_only=True):
    """An open region that the operator accepts by name."""

    tag: str
    reason: str
    expires: str
    """ISO date; from this day on it counts no more."""
    decided_by: str = ""
    since: str = ""
    """ISO date."""


class ExcludedUser(PlanPart, frozen=True, kw_only=True):
    """Somebody who keeps per-user MFA for now because the operator says so."""

    user_id: str
    reason: str
    expires: str = ""
    """ISO date; from this day on it counts no more. Empty for whoever stands in a list of --exclude."""
    decided_by: str = ""
    since: str = ""
    """ISO date."""
    from_policy: bool = False
    """The policy of ours leaves this person out too, while per-user MFA is read as enforced."""

    @property
    def sentence(self) -> str:
        """Return the reason with the day on which it ends."""
        return f"{self.reason} (until {self.expires})" if self.expires else self.reason


class Decision(PlanPart, frozen=True, kw_only=True):
    """Who decided an exception, when and why: what no API knows and every auditor asks."""

    reason: str = ""
    decided_by: str = ""
    since: str = ""
    """ISO date."""


class Limits(PlanPart, frozen=True, kw_only=True):
    """The limits and waits that apply obeys; fixed when the plan is made."""

    max_users: str | None
    """`N` or `N%` of the tenant's users; None when it must come from the command line."""
    max_newly_required: int = msgspec.field(name="maxNewlyPrompted")
    """The most people of whom MFA is newly required when a policy is switched on. plan.json keeps the former name."""
    max_failures: str
    report_only_seconds: int
    policy_settle_seconds: int
    plan_max_age_seconds: int
    readback_timeout_seconds: int
    wave_wait_seconds: int = 0
    """How long the last change of a wave must be ago before the next wave begins."""
    max_not_mfa_capable: int = 0
    """The most people who are not MFA capable and whom a policy that is switched on may catch."""
    max_newly_blocked: int = 0
    """The most people whom a policy that is switched on may newly block, as far as that is known."""
    exit_rule: ExitLimits | None = None
    """What the sign-in log must show before a report-only policy is switched on; None for the usual numbers."""
    wave_gate: GateLimits | None = None
    """What it must show of a wave before the next one begins; None where it is not asked."""


class PlanHeader(PlanPart, frozen=True, kw_only=True):
    """plan.json: everything but the rows, and the digest of the rows."""

    format: int
    kind: PlanKind
    tool_version: str
    created_at: str
    """By the server's clock as the snapshot saw it (ISO 8601)."""
    tenant_id: str
    tenant_name: str
    tenant_domain: str
    cloud: str
    endpoint: str | None
    snapshot_id: str
    snapshot_taken_at: str
    evidence_digest: str
    policy_steps: tuple[PolicyStep, ...]
    """In the order in which they are carried out, before (migrate) or after (rollback) the users."""
    rests_on: tuple[str, ...]
    """Keys of the policies that the users' proofs rest on: ids, or markers of ones that the plan creates."""
    waves: tuple[Wave, ...]
    counts: dict[str, int]
    """Rows by action and hold reason: `disable`, `none`, `hold/uncovered`, …"""
    total_users: int
    notes: tuple[PlanNote, ...]
    newly_prompted: tuple[NewlyPrompted, ...]
    """Of older versions; empty since."""
    accepted_gaps: tuple[AcceptedGap, ...]
    apps_that_matter: tuple[str, ...] | None
    """Application ids that coverage is asked for; None means every application."""
    emergency_access: tuple[str, ...]
    """Object ids. They appear in no step."""
    limits: Limits
    rows_sha256: str
    """SHA-256 of plan.csv, byte for byte."""
    baseline_scopes: BaselineScopes | None = None
    """The operator's answer about baseline scopes when the plan was made; None when there was none."""
    may_be_off: tuple[str, ...] = ()
    """Ids of users whom a run that the journal does not hold may have switched off: no policy is lowered under them.

    A rollback made from files takes them from rollback.json.
    """
    exclusions: tuple[ExcludedUser, ...] = ()
    """The exclusions of the configuration that count on the day of the plan."""
    emergency_decision: Decision | None = None
    """Who chose the emergency access accounts, or that there is none."""
    uncovered_decision: Decision | None = None
    """Who accepted with --accept-uncovered that users are switched off without proof."""
    made_with: MadeWith | None = None
    """None in plans of a version that did not keep it."""
    books: BooksBeside | None = None
    """None in plans of older versions."""
    impacts: tuple[PolicyImpact, ...] = ()
    """Whom each policy that the plan switches on catches."""
    accepted_caught: tuple[AcceptedPerson, ...] = ()
    """Whom the operator accepts by name as caught."""
    policy_exclusions: tuple[PolicyExclusion, ...] = ()
    """Whom the policy of ours leaves out, emergency access and directory synchronization aside."""
    mfa_by_neither: tuple[str, ...] = ()
    """Names of those among them of whom neither way requires MFA."""
    proposals: tuple[Proposal, ...] = ()
    """Accounts that the policy catches and that may be no persons."""
    names: tuple[Named, ...] = ()
    """Names of the configuration with the ids that the plan goes by."""

    @property
    def digest(self) -> str:
        """Return the plan digest: what the journal, the rollback file and every audit row name."""
        return sha256_of(self)

    @property
    def blockers(self) -> tuple[PlanNote, ...]:
        """Return the notes that stop every step."""
        return tuple(note for note in self.notes if note.severity is Severity.BLOCKER)

    def users_within(self, *, only_wave: int | None, until: str | None) -> int:
        """Return how many users a command may change that goes through one wave only, or as far as `until`."""
        return sum(wave.users for wave in self.waves_within(only_wave=only_wave, until=until))

    def waves_within(self, *, only_wave: int | None, until: str | None) -> tuple[Wave, ...]:
        """Return the waves that a command may go through."""
        if only_wave is not None:
            return tuple(wave for wave in self.waves if wave.number == only_wave)
        if until is None:
            return self.waves
        _, is_wave, number = until.partition("wave:")
        return tuple(wave for wave in self.waves if wave.number <= int(number)) if is_wave else ()

    def wave_after(self, users: int) -> int | None:
        """Return the first wave that is not through once so many users, counted from the front, have their outcome.

        None where it is the last one or none is left: then the way goes to the end of the plan.
        """
        last = max((wave.number for wave in self.waves if wave.users), default=0)
        for wave in self.waves:
            users -= wave.users
            if users < 0:
                return None if wave.number == last else wave.number
        return None

    @property
    def users_to_change(self) -> int:
        """Return how many users the waves hold."""
        return sum(wave.users for wave in self.waves)

    @property
    def users_held_back(self) -> int:
        """Return how many users are not planned, for whatever reason."""
        return sum(self.held_by.values())

    @property
    def held_by(self) -> dict[str, int]:
        """Return how many users are held back for each reason, the most frequent first."""
        held = {key.removeprefix("hold/"): count for key, count in self.counts.items() if key.startswith("hold/")}
        return dict(sorted(held.items(), key=lambda each: (-each[1], each[0])))
