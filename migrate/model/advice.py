"""Which steps would make uncovered people covered, and what each costs: values only; views make the sentences."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.evidence import ChangedBy
from migrate.model.record import Record
from migrate.model.templates import Template


class Ended(StrEnum):
    """What a policy excludes whose exclusion may be ended."""

    GROUP = "group"
    PERSON = "user"
    LOCATION = "location"
    APPLICATION = "application"
    PLATFORM = "platform"
    ROLE = "role"
    GUESTS = "guests"
    """Guests and external users of some kinds, service providers among them."""

    @property
    def is_proposed(self) -> bool:
        """Tell whether its end may be advised: roles and guests are excluded with thought, and stay so."""
        return self not in (Ended.ROLE, Ended.GUESTS)

    @property
    def is_of_people(self) -> bool:
        """Tell whether it is people who are excluded, and not a kind of sign-in."""
        return self in (Ended.GROUP, Ended.PERSON)


class SwitchOn(Record, frozen=True, kw_only=True, tag_field="remedy", tag="switchOn"):
    """Switch a report-only policy on."""

    policy_id: str
    policy: str
    """Display name."""
    managed: bool
    """Microsoft's own: whether Graph may switch it is documented nowhere, the portal may."""


class CreateOurs(Record, frozen=True, kw_only=True, tag_field="remedy", tag="create"):
    """Create a policy of ours, report-only first: one for all users, or one that blocks legacy authentication."""

    policy_id: str
    """The marker that the policy will carry."""
    policy: str
    template: Template


class WidenOurs(Record, frozen=True, kw_only=True, tag_field="remedy", tag="widen"):
    """Widen our own policy from the group of its pilot to all users, and switch it on where it is not."""

    policy_id: str
    policy: str


class EndExclusion(Record, frozen=True, kw_only=True, tag_field="remedy", tag="endExclusion"):
    """Take something out of what a policy excludes. It is the administrator's to do."""

    policy_id: str
    policy: str
    what: Ended
    target: str
    """As it stands in the policy: an id, `AllTrusted`, `Office365`, `iOS`."""
    target_name: str


class AllClientApps(Record, frozen=True, kw_only=True, tag_field="remedy", tag="allClientApps"):
    """Let a policy reach every client app, legacy ones included. It is the administrator's to do."""

    policy_id: str
    policy: str


Remedy = SwitchOn | CreateOurs | WidenOurs | EndExclusion | AllClientApps
"""One step that closes gaps. Accepting a gap closes none, and is no remedy."""


class Never(StrEnum):
    """Why a step that would close something is not proposed."""

    EMERGENCY_ACCESS = "emergencyAccess"
    """It would make the policy reach an emergency access account."""
    DIRECTORY_SYNC = "directorySync"
    """It would make the policy reach an account of the directory synchronization, or nobody knows which these are."""
    MEMBERS_UNKNOWN = "membersUnknown"
    """Who is excluded could not be read whole: emergency access may be among them."""
    PER_USER_MFA_POLICY = "managedPolicyForPerUserMfa"
    """Whoever is disabled may leave it, so it protects nobody after the migration."""
    NO_EMERGENCY_ACCESS = "noEmergencyAccess"
    """The configuration says that there is no emergency access account: then no policy is created or switched on."""
    CONFIGURED = "configured"
    """The configuration leaves them out of our own policy: the exclusion ends there, or the next plan makes it anew."""
    NOT_UNDERSTOOD = "notUnderstood"
    """The policy is not understood, so what the step would do is not known."""


class RuledOut(Record, frozen=True, kw_only=True):
    """A step that is not proposed."""

    remedy: Remedy
    why: Never


class Number(StrEnum):
    """How somebody is concerned by steps. The value is the name of the number in JSON and CSV."""

    COVERED = "covered"
    """On per-user MFA, not covered now, and covered afterwards."""
    PARTLY = "partly"
    """On per-user MFA, not covered afterwards, but less is open."""
    NEWLY_REQUIRED = "newlyRequired"
    """Members whom neither way requires to use MFA today, and who will be asked on some sign-in."""
    GUEST = "guestsNewlyRequired"
    WITHOUT_METHOD = "enabledWithoutMethod"
    """Per-user MFA enabled and no method: not protected today, and asked afterwards."""
    NOT_CAPABLE = "notMfaCapable"
    """Asked, and not MFA capable."""
    MUST_REGISTER = "mustRegisterFirst"
    """Newly required, and without a method."""
    SMS_VOICE_ONLY = "smsVoiceOnly"
    """Newly required, with text messages and calls only."""
    CAPABLE_UNKNOWN = "mfaCapableUnknown"
    """Newly required, and whether they could answer is unknown."""
    BLOCKED = "blocked"
    """Nobody stands behind the account who could answer, or a policy blocks every sign-in."""
    LEGACY_SEEN = "legacyClientsSeen"
    """Legacy clients stop working for them, and they were seen to succeed with one."""
    DEVICE_CODE_SEEN = "deviceCodeSeen"
    """The device code flow is blocked for them, and they were seen to succeed with it."""
    PASSWORD_ONLY_SEEN = "passwordOnlySeen"  # noqa: S105  (a way to sign in, no password)
    """MFA is demanded of them, and they were seen to succeed with a password sent by an application (ROPC)."""
    LEGACY_CLIENTS = "legacyClientsUnknown"
    """Legacy clients stop working for them; whether they use any is unknown where no sign-ins were read."""
    DEVICE_CODE = "deviceCodeUnknown"
    """The device code flow is blocked for them; whether they use it is unknown."""
    SERVICE_ACCOUNT = "serviceAccountsUnknown"
    """Newly required accounts that look like service accounts; whether a person answers for them is unknown."""
    OTHER_SIGN_INS = "otherSignInsUnknown"
    """A policy blocks some other sign-ins of theirs; whether they make such is unknown."""

    @property
    def is_newly_required(self) -> bool:
        """Tell whether it is a kind of people who are newly required to use MFA."""
        return self in (Number.NEWLY_REQUIRED, Number.GUEST, Number.WITHOUT_METHOD)

    @property
    def is_blocked(self) -> bool:
        """Tell whether somebody counted here is blocked for certain, in a way that matters to them."""
        return self in (
            Number.BLOCKED,
            Number.LEGACY_SEEN,
            Number.DEVICE_CODE_SEEN,
            Number.PASSWORD_ONLY_SEEN,
        )

    @property
    def may_be_blocked(self) -> bool:
        """Tell whether somebody counted here is blocked, or perhaps: unknown counts as blocked."""
        return self.is_blocked or self in (
            Number.LEGACY_CLIENTS,
            Number.DEVICE_CODE,
            Number.SERVICE_ACCOUNT,
            Number.OTHER_SIGN_INS,
        )


class Effect(Record, frozen=True, kw_only=True):
    """What steps do, as numbers of people. Disabled accounts and agents' accounts are in none."""

    numbers: dict[str, int]
    """By the values of `Number`; numbers of nobody are left out. Somebody may be in several."""
    may_be_blocked: int
    """People who are blocked or of whom it is unknown, each once."""
    blocked: int
    """Of these, the ones of whom it is certain."""
    newly_required: int
    """Members, guests and people without a method, who are newly required to use MFA, each once."""

    def number(self, number: Number) -> int:
        """Return how many are concerned in this way."""
        return self.numbers.get(number.value, 0)

    @property
    def cost(self) -> tuple[int, int, int, int]:
        """Return what the order of proposals goes by.

        Blocked or unknown, of these for certain, not MFA capable, newly required.
        """
        return self.may_be_blocked, self.blocked, self.number(Number.NOT_CAPABLE), self.newly_required


class InExclusion(Record, frozen=True, kw_only=True):
    """Who is in an exclusion of people whose end is proposed. Disabled accounts are left out."""

    people: int
    not_mfa_capable: int
    """Not MFA capable, or without a method: they are excluded for a reason, perhaps."""
    capable_unknown: int


class Proposal(Record, frozen=True, kw_only=True):
    """One step with what it does alone."""

    number: int
    """What `--take` names it by."""
    remedy: Remedy
    effect: Effect
    inside: InExclusion | None = None
    """For the end of an exclusion of people."""


class LeaveGroup(Record, frozen=True, kw_only=True, tag_field="remedy", tag="leaveGroup"):
    """Take one person, or a group that they are in, out of a group. It is the administrator's to do."""

    group_id: str
    """The group that is left (lower case)."""
    group: str
    member_id: str
    member: str
    """User principal name or name of the group that is taken out."""
    excluded_from: tuple[str, ...]
    """Names of enabled policies that exclude by it."""


class EnoughStep(Record, frozen=True, kw_only=True):
    """One step that alone makes one person covered."""

    do: Remedy | LeaveGroup
    effect: Effect | None
    """What it does to everybody; None for leaving a group, which concerns whoever leaves."""
    leaving: int = 0
    """How many people leave with the step, this person included."""
    inside: InExclusion | None = None
    """For the end of an exclusion of people."""


class Enough(Record, frozen=True, kw_only=True):
    """What alone would be enough for one person who is not covered."""

    steps: tuple[EnoughStep, ...]
    """The smallest first."""
    planned: bool
    """The policies that the configuration asks for cover them already, once the plan has made them."""
    unknown: str = ""
    """Why nothing can be said; empty where it can."""
    sign_ins_since: str | None = None
    """Since when sign-ins were read, all of them; None where who is blocked is unknown."""


class Way(Record, frozen=True, kw_only=True):
    """Some steps that together cover as many people as possible."""

    steps: tuple[int, ...]
    """Numbers of proposals."""
    effect: Effect


class OpenDoor(Record, frozen=True, kw_only=True):
    """What an enabled policy excludes and no other policy catches."""

    policy_id: str
    policy: str
    what: Ended
    target: str
    """As it stands in the policy; empty for single people, who are taken together, and for guests."""
    target_name: str
    people: int
    """People with enabled accounts of whom something is open that the policy would close without the exclusion."""
    on_per_user_mfa: int
    """Of these, the ones whom per-user MFA still asks."""
    spared: int
    """Of these, emergency access accounts and accounts of the directory synchronization: as it should be."""
    sample: tuple[str, ...]
    """A few user principal names."""
    changed_by: tuple[ChangedBy, ...] = ()
    """Of a group: who besides holders of privileged roles may let others pass."""
    owners: int | None = None
    """Of a group: how many owners it has; None where they were not read."""


class Acceptance(Record, frozen=True, kw_only=True):
    """Gaps that could be accepted by name. It closes nothing: people lose per-user MFA and stay open there."""

    gaps: tuple[str, ...]
    """Tags."""
    words: tuple[str, ...]
    """What is open, for each tag."""
    people: int
    """People who would be migrated with these gaps accepted."""
    sample: tuple[str, ...]
    """A few user principal names of them."""


class Advice(Record, frozen=True, kw_only=True):
    """All of it, for one export and configuration."""

    waiting: int
    """People on per-user MFA whom the plan would migrate if they were covered."""
    uncovered: int
    """Of these, the ones who are not covered once the plan's own policies are on."""
    proposals: tuple[Proposal, ...]
    """Only steps that close something for the uncovered, the best first."""
    ways: tuple[Way, ...]
    """The best small sets, the best first."""
    exact_up_to: int
    """Every set of up to so many steps was looked at; of larger ones only those that grow from the best."""
    ruled_out: tuple[RuledOut, ...]
    acceptances: tuple[Acceptance, ...]
    sign_ins_since: str | None
    """From when on sign-ins were read; None where none were, or not whole: then who uses legacy clients is unknown."""
