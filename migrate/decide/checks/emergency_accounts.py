"""Check 7: the accounts that must always get in exist, hold their role, are locked out by nothing, and were tried."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from enum import Enum

from migrate.decide.checks.verdicts import failed, passed, skipped, warned
from migrate.decide.directory_sync import would_catch
from migrate.model.doctor import AccountFacts, CheckName, CheckResult, TenantFacts
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState

_ME = CheckName.EMERGENCY_ACCOUNTS
_PAGE = "https://learn.microsoft.com/entra/identity/role-based-access-control/security-emergency-access"
TEST_COUNTS_FOR = timedelta(days=90)
"""Microsoft advises to try the accounts at least every 90 days."""


class Trouble(Enum):
    """Why an account would not get in."""

    MISSING = "missing"
    SWITCHED_OFF = "switched off"
    NO_ROLE = "no role"
    CAUGHT = "caught"


_RESISTANT = ("fido2", "passkey", "windowshello")


def check(facts: TenantFacts) -> CheckResult:
    """Look at each account that the configuration names."""
    if facts.emergency_none is not None:
        return warned(
            _ME,
            f"There is no emergency access account: {facts.emergency_none}",
            fix="Make two cloud-only Global Administrators with a passkey each, and name them under emergency_access.",
            page=_PAGE,
        )
    if not facts.emergency:
        return failed(
            _ME,
            "No emergency access account is named.",
            fix="Name two under [emergency_access], or run `mfa-migrate init`.",
            page=_PAGE,
        )
    if facts.evidence is None:
        return skipped(_ME, facts.evidence_problem or "policies were not read")
    wrong = [said for _, said in troubles(facts, facts.evidence)]
    if wrong:
        return failed(
            _ME, "An emergency access account would not get in.", wrong, fix="Mend what is listed first.", page=_PAGE
        )
    look = [said for account in facts.emergency for said in _doubtful(account, facts, facts.evidence)]
    if len(facts.emergency) == 1:
        look.insert(0, "only one is named; two are advised")
    if look:
        return warned(
            _ME,
            "The emergency access accounts get in as far as can be seen; this is to be looked at:",
            look,
            fix="Try each with its passkey and record it with `mfa-migrate doctor --tested ACCOUNT`; give them a "
            "policy of their own that asks for a phishing-resistant strength.",
            page=_PAGE,
        )
    names = [f"{account.named}: tried on {account.tested_on}" for account in facts.emergency]
    return passed(_ME, f"{len(names)} emergency access accounts get in.", names)


def troubles(facts: TenantFacts, evidence: Evidence) -> list[tuple[Trouble, str]]:
    """Return why which accounts would not get in."""
    return [found for account in facts.emergency for found in _wrong(account, facts, evidence)]


def _wrong(account: AccountFacts, facts: TenantFacts, evidence: Evidence) -> Iterator[tuple[Trouble, str]]:
    profile = account.profile
    if profile is None:
        if account.registration_read:
            yield Trouble.MISSING, f"{account.named}: there is no such user"
        return
    if profile.account_enabled is False:
        yield Trouble.SWITCHED_OFF, f"{account.named}: the account is switched off"
    if account.is_administrator is False:
        yield Trouble.NO_ROLE, f"{account.named}: is no active Global Administrator"
    for policy in _in_force_or_planned(facts, evidence):
        # Whose methods are not known is to be looked at; only who is known to have none is sure to be locked out.
        if would_catch(policy, profile.id, evidence) and account.registration is not None and not _is_able(account):
            said = f"{account.named}: {policy.display_name!r} catches it, and it has no phishing-resistant method"
            yield Trouble.CAUGHT, said


def _doubtful(account: AccountFacts, facts: TenantFacts, evidence: Evidence) -> Iterator[str]:
    profile = account.profile
    if profile is None:
        yield f"{account.named}: could not be read"
        return
    if profile.on_premises_sync_enabled:
        yield f"{account.named}: comes from the directory synchronization, which may be what is broken"
    if account.is_administrator is None:
        yield f"{account.named}: whether it is an active Global Administrator was not read"
    if not account.registration_read or account.registration is None:
        yield f"{account.named}: its methods are not known (the report lags, and leaves out what is switched off)"
    elif not _is_able(account):
        methods = ", ".join(account.registration.methods_registered) or "none"
        yield f"{account.named}: no phishing-resistant method ({methods}), and admin portals ask everybody for MFA"
    if not any(_asks_resistant(policy, profile.id, evidence) for policy in evidence.policies):
        yield f"{account.named}: no policy of its own asks it for phishing-resistant MFA"
    if account.tested_on is None:
        yield f"{account.named}: nobody recorded a test sign-in"
    elif facts.today - account.tested_on > TEST_COUNTS_FOR:
        yield f"{account.named}: last tried on {account.tested_on}, more than {TEST_COUNTS_FOR.days} days ago"


def _is_able(account: AccountFacts) -> bool:
    methods = account.registration.methods_registered if account.registration is not None else ()
    return any(method.lower().startswith(_RESISTANT) for method in methods)


def _in_force_or_planned(facts: TenantFacts, evidence: Evidence) -> Iterator[ConditionalAccessPolicy]:
    wanted = {name.casefold() for name in facts.switch_on}
    for policy in evidence.policies:
        named = policy.id.casefold() in wanted or policy.display_name.casefold() in wanted
        if policy.policy_state is PolicyState.ENABLED or named:
            yield policy


def _asks_resistant(policy: ConditionalAccessPolicy, user_id: str, evidence: Evidence) -> bool:
    """Tell whether an enabled policy names the account itself and grants by an authentication strength."""
    users = (policy.raw.get("conditions") or {}).get("users") or {}
    named = user_id in {str(one).lower() for one in users.get("includeUsers") or ()}
    strength = (policy.raw.get("grantControls") or {}).get("authenticationStrength") or {}
    listed = [raw for raw in evidence.authentication_strengths if raw.get("id") == strength.get("id")]
    allowed = strength.get("allowedCombinations") or (listed[0].get("allowedCombinations") if listed else None)
    combinations = [str(one).lower() for one in allowed or ()]
    resistant = bool(combinations) and all(
        one.startswith((*_RESISTANT, "x509certificatemultifactor")) for one in combinations
    )
    return policy.policy_state is PolicyState.ENABLED and named and resistant
