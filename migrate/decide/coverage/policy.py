"""A Conditional Access policy as the proof sees it: whom it is assigned to, where it applies, what it demands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from migrate.decide.coverage.strictly import Problem
from migrate.decide.coverage.vocabulary import Axis, ControlName, UserKind
from migrate.model.evidence import ConditionalAccessPolicy


@dataclass(frozen=True, slots=True)
class Guests:
    """A selection of guest and external user types, perhaps of some home tenants only."""

    kinds: frozenset[UserKind]
    any_tenant: bool
    """False when only enumerated home tenants are meant; a user's home tenant cannot be read from Graph."""
    tenants: frozenset[str] = frozenset()
    """Ids of the enumerated home tenants, in lower case."""


@dataclass(frozen=True, slots=True)
class People:
    """One side of the assignment: the included or the excluded ones. All ids are lower case."""

    everybody: bool
    old_guests: bool
    """The literal `GuestsOrExternalUsers`."""
    agents: bool
    """The literal `AllAgentIdUsers`: agents' user accounts, and no person."""
    users: frozenset[str]
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    guests: Guests | None


@dataclass(frozen=True, slots=True)
class Targets:
    """The resources that a policy is about. Ids and suite names in lower case."""

    every_app: bool
    """All of them, or those that a filter for applications matches."""
    all_resources: bool
    """The policy names all resources, without any exclusion of one: then it is about baseline scopes too."""
    leaves_out: bool
    """It names all resources and excludes some: then baseline scopes are a question of their own."""
    apps: frozenset[str]
    excluded_apps: frozenset[str]
    user_actions: frozenset[str]
    contexts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Places:
    """The network condition. Ids in lower case; `all` and `alltrusted` are the special names."""

    include: frozenset[str]
    exclude: frozenset[str]


@dataclass(frozen=True, slots=True)
class Control:
    """One grant control."""

    axis: str
    """Name of the yes/no coordinate that tells whether a sign-in meets it without MFA."""
    is_mfa: bool
    words: str


class Kind(Enum):
    """What a grant asks for, as far as MFA is concerned."""

    NOTHING = "nothing"
    """Sign-in goes on without MFA: session-only policies, and grants without MFA."""
    MFA = "mfa"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Demand:
    """The grant of a policy."""

    kind: Kind
    replaced_by: tuple[Control, ...]
    """Controls that may be met instead of MFA (operator OR)."""
    also: tuple[Control, ...]
    """Controls beside MFA that have to be met too, or one of them when `also_any`."""
    also_any: bool
    words: str


class SetAside(Enum):
    """Why a policy can never meet a person's sign-in to an application. The value is a note for people."""

    WORKLOADS = "it is about workload identities or agents"
    AGENT_ACCOUNTS = "it is about agents' user accounts only"
    AGENT_RESOURCES = "it is about agent resources only"
    USER_ACTIONS = "it is about user actions, not about sign-ins to applications"


@dataclass(frozen=True, slots=True)
class PolicyReading:
    """A policy, read strictly. With problems it proves nothing, but might still close what others leave open."""

    policy: ConditionalAccessPolicy
    include: People
    exclude: People
    targets: Targets
    places: Places | None
    limits: Mapping[Axis, frozenset[str]]
    """Per axis the values it is limited to; an axis that is missing is not limited."""
    rules: Mapping[str, bool]
    """Per yes/no coordinate the answer that the policy asks for."""
    demand: Demand
    set_aside: SetAside | None
    """Why the policy can never meet a person's sign-in to an application; None where it can."""
    problems: tuple[Problem, ...]

    @property
    def id(self) -> str:
        """Return the policy's id."""
        return self.policy.id

    @property
    def name(self) -> str:
        """Return the policy's display name."""
        return self.policy.display_name

    def is_doubtful(self, about: str) -> bool:
        """Tell whether what the policy says about an axis, `people` or `demand` is not understood."""
        return any(problem.about == about for problem in self.problems)


CONTROL_WORDS: Mapping[ControlName, str] = {
    ControlName.BLOCK: "block access",
    ControlName.MFA: "MFA",
    ControlName.COMPLIANT_DEVICE: "a device marked as compliant",
    ControlName.DOMAIN_JOINED_DEVICE: "a hybrid joined device",
    ControlName.APPROVED_APPLICATION: "an approved client app",
    ControlName.COMPLIANT_APPLICATION: "an app protection policy",
    ControlName.PASSWORD_CHANGE: "a password change",
    ControlName.VERIFIED_ID: "a verified ID",
    ControlName.RISK_REMEDIATION: "risk remediation",
}

CONTROL_AXES: Mapping[ControlName, str] = {
    ControlName.COMPLIANT_DEVICE: "device:compliant",
    ControlName.DOMAIN_JOINED_DEVICE: "device:hybridJoined",
    ControlName.APPROVED_APPLICATION: "control:approvedApplication",
    ControlName.COMPLIANT_APPLICATION: "control:compliantApplication",
    ControlName.PASSWORD_CHANGE: "control:passwordChange",
    ControlName.VERIFIED_ID: "control:verifiedID",
    ControlName.RISK_REMEDIATION: "control:riskRemediation",
}
