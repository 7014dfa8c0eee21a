"""The facts that `doctor` looks at, and what it says of them. What was not read is a reason, never an empty value."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from migrate.model.evidence import Evidence
from migrate.model.explanation import EvaluatedPolicy
from migrate.model.record import Record
from migrate.model.snapshot import Organization, SubscribedSku
from migrate.model.tenant_settings import BaselineScopes
from migrate.model.token import TokenFacts
from migrate.model.users import Registration, UserProfile


class CheckName(StrEnum):
    """The fourteen checks, in the order in which they are made."""

    SIGN_IN = "sign-in"
    PERMISSIONS = "permissions"
    ROLE = "role"
    LICENCE = "licence"
    SECURITY_DEFAULTS = "security-defaults"
    BASELINE_SCOPES = "baseline-scopes"
    EMERGENCY_ACCOUNTS = "emergency-accounts"
    OPERATOR = "operator"
    DIRECTORY_SYNC = "directory-sync"
    METHODS_POLICY = "methods-policy"
    MANAGED_POLICIES = "managed-policies"
    NOT_UNDERSTOOD = "not-understood"
    BACKUP = "backup"
    CLOCK = "clock"


class Standing(StrEnum):
    """What a check came to."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


class CheckResult(Record, frozen=True, kw_only=True):
    """One check."""

    check: CheckName
    standing: Standing
    says: str
    """What was found; of a skipped check, why it was not made."""
    evidence: tuple[str, ...] = ()
    """Names and figures."""
    fix: str = ""
    page: str = ""


class HintCode(StrEnum):
    """What is worth a look besides the checks, in a tenant where it may matter."""

    FEDERATED_DOMAINS = "federated-domains"
    SUBSCRIPTION_ACTIVATION = "subscription-activation"
    METHODS_POLICY = "methods-policy-migration"


class Hint(Record, frozen=True, kw_only=True):
    """Something that stops nothing and that this program cannot look at to its end."""

    code: HintCode
    says: str
    evidence: tuple[str, ...] = ()
    fix: str = ""
    page: str = ""


class SignInFacts(Record, frozen=True, kw_only=True):
    """How the sign-in went."""

    method: str
    token_tenant: str | None
    cloud: str
    problem: str | None = None
    """Why nobody could sign in; None when somebody did."""
    hint: str = ""


class AccountFacts(Record, frozen=True, kw_only=True):
    """An account that a check is about: an emergency access account, or the operator."""

    named: str
    """As the configuration or the token names it."""
    profile: UserProfile | None
    registration: Registration | None = None
    registration_read: bool = True
    is_administrator: bool | None = None
    """Whether it holds Global Administrator for the whole directory now; None where that was not read."""
    tested_on: date | None = None
    """When the operator recorded a test sign-in of it."""


class TenantFacts(Record, frozen=True, kw_only=True):
    """Everything that the checks look at."""

    today: date
    from_export: bool = False
    sign_in: SignInFacts | None = None
    token: TokenFacts | None = None
    eligible: tuple[str, ...] | None = None
    """Template ids of the roles that the person could activate; None where unread."""
    is_partner: bool | None = None
    """Whether the person comes from a service provider, by the tenant's own settings; None where unread."""
    organization: Organization | None = None
    skus: tuple[SubscribedSku, ...] | None = None
    skus_problem: str = ""
    evidence: Evidence | None = None
    evidence_problem: str = ""
    emergency: tuple[AccountFacts, ...] = ()
    emergency_none: str | None = None
    """The reason why there is none, where the configuration gives one."""
    operator: AccountFacts | None = None
    baseline: BaselineScopes = BaselineScopes()
    names: dict[str, str] = msgspec.field(default_factory=dict)
    """Of the accounts that a check may speak of, by id: the directory synchronization's."""
    evaluated: tuple[EvaluatedPolicy, ...] | None = None
    """What Microsoft's own What If says of the operator's sign-in; None where it was not asked."""
    evaluated_problem: str = ""
    switch_on: tuple[str, ...] = ()
    """Ids (lower case) or names of the report-only policies that the configuration wants switched on."""
    planned_users: int | None = None
    """Whom the plan in the folder disables; None without a plan."""
    backup_asked: bool = False
    backup_age_hours: float | None = None
    """Of the newest snapshot of Entra Backup; None where there is none, or none was read."""
    backup_problem: str = ""
    federation: dict[str, str | None] | None = None
    """federatedIdpMfaBehavior by federated domain, None where it was never set; None as a whole where unread."""
    federation_problem: str = ""
    clock_seconds: float | None = None
    """How far this machine's clock is from the server's; None where nothing was asked."""


class Doctor(Record, frozen=True, kw_only=True):
    """What `doctor` answers."""

    tenant: str
    """Domain, or what --tenant said where nobody could sign in."""
    results: tuple[CheckResult, ...]
    hints: tuple[Hint, ...] = ()
    consent_link: str | None = None
    """For whoever may consent; None where nothing is missing."""
    who_consents: str | None = None

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Return the checks that failed."""
        return tuple(result for result in self.results if result.standing is Standing.FAIL)
