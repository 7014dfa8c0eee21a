"""Each check of `doctor`: facts that pass it, facts that fail it, and facts that were not read, which never pass."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from migrate.decide.checks.every_check import CHECKS, looked_at
from migrate.model.capability import CapabilityEvidence, MethodsPolicy
from migrate.model.doctor import AccountFacts, CheckName, SignInFacts, Standing, TenantFacts
from migrate.model.evidence import PolicyState, ReadStatus, RoleEvidence
from migrate.model.explanation import EvaluatedPolicy
from migrate.model.permissions import READ_SET, DirectoryRole
from migrate.model.rules import DIRECTORY_SYNC_ROLES
from migrate.model.snapshot import Organization, SubscribedSku, TokenPermissions
from migrate.model.tenant_settings import BaselineScopes, BaselineSetting
from migrate.model.token import EVERY_MEMBER, Kind, TokenFacts
from migrate.model.users import Registration
from tests.unit.decide.coverage.tenants import evidence, object_id, person, policy, strength

TENANT = "33333333-0000-4000-8000-000000000001"
HOME = "99999999-1111-2222-3333-444444444444"
TODAY = date(2026, 11, 28)
N = CheckName


def registered(*methods: str, capable: bool = True) -> Registration:
    return Registration(
        is_mfa_registered=True, is_mfa_capable=capable, methods_registered=methods, last_updated_date_time=None
    )


def account(name: str, **changes: Any) -> AccountFacts:
    good: dict[str, Any] = {
        "named": f"{name}@contoso.example",
        "profile": person(name),
        "registration": registered("fido2SecurityKey"),
        "is_administrator": True,
        "tested_on": date(2026, 11, 1),
    }
    return AccountFacts(**{**good, **changes})


def token(*roles: str, kind: Kind = Kind.PERSON, held: tuple[str, ...] = READ_SET, **changes: Any) -> TokenFacts:
    permissions = TokenPermissions(
        scopes=held if kind is Kind.PERSON else (),
        roles=held if kind is Kind.APPLICATION else (),
        directory_roles=(*roles, EVERY_MEMBER),
    )
    usual: dict[str, Any] = {
        "tenant_id": TENANT,
        "object_id": person("ada").id,
        "name": "ada@contoso.example",
        "kind": kind,
        "home_tenant": None,
        "client_id": None,
        "client_name": None,
        "permissions": permissions,
        "roles_known": True,
        "issued_at": 0,
        "expires_at": 3600,
        "proof": "0",
    }
    return TokenFacts(**{**usual, **changes})


def sync_role(*holders: str) -> dict[str, RoleEvidence]:
    return {
        template: RoleEvidence(
            template_id=template,
            display_name="Directory Synchronization Accounts",
            status=ReadStatus.READ,
            problem=None,
            holders=frozenset(holders),
            eligible=frozenset(),
            scoped=frozenset(),
            built_in=True,
        )
        for template in DIRECTORY_SYNC_ROLES
    }


def own_policy(*names: str) -> dict[str, Any]:
    asked = strength("00000000-0000-0000-0000-000000000004")
    asked["authenticationStrength"]["allowedCombinations"] = ["fido2"]
    return policy("Emergency accounts", users={"includeUsers": [person(name).id for name in names]}, grant=asked)


ACCOUNTS = ("red", "blue")
EXCLUDED = {"includeUsers": ["All"], "excludeUsers": [person(name).id for name in ACCOUNTS]}
POLICIES = (policy(users=EXCLUDED), own_policy(*ACCOUNTS))
METHODS = CapabilityEvidence(
    methods=MethodsPolicy(migration_complete=True, states={"fido2": "enabled"}),
    methods_problem=None,
    trust=None,
    trust_problem=None,
)
SKU = SubscribedSku(
    sku_id="s",
    sku_part_number="AAD_PREMIUM",
    capability_status="Enabled",
    service_plan_ids=("41781fb2-bc02-4b7c-bd55-b576c07bb09d",),
    enabled_units=100,
)


def what_if(*, applies: bool = True) -> tuple[EvaluatedPolicy, ...]:
    """Return what Microsoft says of the operator's sign-in: the policy for all applies, the other one does not."""
    names = {each["id"]: (each["displayName"], each["displayName"] == "MFA for all" and applies) for each in POLICIES}
    return tuple(
        EvaluatedPolicy(id=key, display_name=name, state="enabled", applies=does, analysis_reasons="users")
        for key, (name, does) in names.items()
    )


def facts(**changes: Any) -> TenantFacts:
    """Return the facts of a tenant where all is well, with changes; `policies` and `evidence` change the evidence."""
    seen = evidence(*changes.pop("policies", POLICIES), roles=sync_role(), capability=METHODS)
    seen = msgspec.structs.replace(seen, **changes.pop("evidence", {}))
    well: dict[str, Any] = {
        "today": TODAY,
        "sign_in": SignInFacts(method="browser", token_tenant=TENANT, cloud="global"),
        "token": token(DirectoryRole.GLOBAL_READER),
        "eligible": (),
        "organization": Organization(
            tenant_id=TENANT, display_name="Contoso", default_domain="contoso.example", verified_domains=()
        ),
        "skus": (SKU,),
        "evidence": seen,
        "emergency": tuple(account(name) for name in ACCOUNTS),
        "operator": account("ada"),
        "baseline": BaselineScopes(setting=BaselineSetting.ENFORCED, said_by="Ada", said_on="2026-11-20"),
        "evaluated": what_if(),
        "backup_asked": True,
        "backup_age_hours": 5.0,
        "clock_seconds": 2.0,
    }
    return TenantFacts(**{**well, **changes})


def standing(check: CheckName, given: TenantFacts) -> Standing:
    return CHECKS[check][0](given).standing


def test_there_are_fourteen_checks_and_a_healthy_tenant_passes_each() -> None:
    results = looked_at(facts(), frozenset(CheckName))
    assert [result.check for result in results] == list(CheckName)
    assert len(results) == 14
    assert {result.check: result for result in results if result.standing is not Standing.PASS} == {}


APPLICATION = token(kind=Kind.APPLICATION)
PARTNER = token(DirectoryRole.GLOBAL_READER, home_tenant=HOME, name="op@partner.example")
ALL_BUT_PAYROLL = policy(users=EXCLUDED, apps={"excludeApplications": [object_id("app payroll")]})
WORSE: list[tuple[CheckName, dict[str, Any], Standing, str]] = [
    (N.SIGN_IN, {"sign_in": SignInFacts(method="browser", token_tenant=None, cloud="global",
                                        problem="Nobody home.")}, Standing.FAIL, "Nobody home."),
    (N.SIGN_IN, {"sign_in": SignInFacts(method="browser", token_tenant=HOME, cloud="global")},
     Standing.FAIL, "is for the tenant"),
    (N.SIGN_IN, {"sign_in": SignInFacts(method="device-code", token_tenant=TENANT, cloud="global")},
     Standing.WARN, "device code"),
    (N.SIGN_IN, {"sign_in": SignInFacts(method="client-secret", token_tenant=TENANT, cloud="global")},
     Standing.WARN, "secret"),
    (N.SIGN_IN, {"organization": None}, Standing.SKIPPED, "organization"),
    (N.PERMISSIONS, {"token": token(held=READ_SET[1:])}, Standing.FAIL, "lacks 1 permission"),
    (N.PERMISSIONS, {"token": token(held=(*READ_SET, "UserAuthenticationMethod.ReadWrite.All"))}, Standing.WARN,
     "AUTHENTICATION METHODS"),
    (N.PERMISSIONS, {"planned_users": 5}, Standing.WARN, "A plan waits"),
    (N.PERMISSIONS, {"token": None, "evidence_problem": "403", "sign_in": None}, Standing.FAIL, "opaque"),
    (N.PERMISSIONS, {"from_export": True}, Standing.SKIPPED, "export"),
    (N.ROLE, {"token": token()}, Standing.FAIL, "no role"),
    (N.ROLE, {"token": token(), "eligible": (DirectoryRole.GLOBAL_READER,)}, Standing.FAIL, "could be activated"),
    (N.ROLE, {"planned_users": 5}, Standing.WARN, "can only read"),
    (N.ROLE, {"token": APPLICATION}, Standing.SKIPPED, "application"),
    (N.ROLE, {"token": token(roles_known=False)}, Standing.SKIPPED, "does not tell"),
    (N.ROLE, {"token": None}, Standing.SKIPPED, "opaque"),
    (N.LICENCE, {"skus": ()}, Standing.FAIL, "no Conditional Access"),
    (N.LICENCE, {"planned_users": 101}, Standing.WARN, "101 people are planned"),
    (N.LICENCE, {"skus": None, "skus_problem": "403: LicenseAssignment.Read.All"}, Standing.SKIPPED, "LicenseAssign"),
    (N.SECURITY_DEFAULTS, {"evidence": {"security_defaults_enabled": True}}, Standing.FAIL, "are on"),
    (N.BASELINE_SCOPES, {"baseline": BaselineScopes(), "policies": (ALL_BUT_PAYROLL,)}, Standing.WARN, "not known"),
    (N.BASELINE_SCOPES, {"baseline": BaselineScopes(setting=BaselineSetting.DISABLED), "policies": (ALL_BUT_PAYROLL,)},
     Standing.FAIL, "disabled"),
    (N.EMERGENCY_ACCOUNTS, {"emergency": ()}, Standing.FAIL, "No emergency access account"),
    (N.EMERGENCY_ACCOUNTS, {"emergency": (), "emergency_none": "a lab"}, Standing.WARN, "a lab"),
    (N.EMERGENCY_ACCOUNTS, {"emergency": (account("red", profile=None),)}, Standing.FAIL, "would not get in"),
    (N.EMERGENCY_ACCOUNTS, {"emergency": (account("red", profile=person("red", account_enabled=False)),)},
     Standing.FAIL, "would not"),
    (N.EMERGENCY_ACCOUNTS, {"emergency": (account("red", is_administrator=False),)}, Standing.FAIL, "would not"),
    (N.EMERGENCY_ACCOUNTS, {"policies": (policy(),), "emergency": (account("red", registration=registered("sms")),)},
     Standing.FAIL, "would not"),
    (N.EMERGENCY_ACCOUNTS, {"emergency": (account("red"),)}, Standing.WARN, "looked at"),
    (N.EMERGENCY_ACCOUNTS, {"emergency": tuple(account(name, tested_on=None) for name in ACCOUNTS)}, Standing.WARN, ""),
    (N.EMERGENCY_ACCOUNTS, {"emergency": tuple(account(name, tested_on=date(2026, 8, 1)) for name in ACCOUNTS)},
     Standing.WARN, ""),
    (N.EMERGENCY_ACCOUNTS, {"policies": (policy(users=EXCLUDED),)}, Standing.WARN, ""),
    (N.EMERGENCY_ACCOUNTS,
     {"emergency": tuple(account(name, registration=None) for name in ACCOUNTS)}, Standing.WARN, ""),
    (N.EMERGENCY_ACCOUNTS,
     {"emergency": tuple(account(name, is_administrator=None) for name in ACCOUNTS)}, Standing.WARN, ""),
    (N.OPERATOR, {"operator": account("ada", registration=registered(capable=False))}, Standing.FAIL,
     "lock the account out"),
    (N.OPERATOR, {"policies": ()}, Standing.WARN, "not covered"),
    (N.OPERATOR, {"operator": account("ada", registration=None)}, Standing.WARN, "report does not have the account"),
    (N.OPERATOR, {"operator": account("ada", profile=None)}, Standing.WARN, "no user of this tenant"),
    (N.OPERATOR, {"evaluated": what_if(applies=False)}, Standing.WARN, "says otherwise"),
    (N.OPERATOR, {"evaluated": None, "evaluated_problem": "could not be asked: 403"}, Standing.WARN, "could not be"),
    (N.OPERATOR, {"evaluated": None, "from_export": True}, Standing.PASS, "covered and MFA capable"),
    (N.OPERATOR, {"policies": (policy(users=EXCLUDED), own_policy("ada")),
                  "operator": account("ada", registration=registered("microsoftAuthenticatorPush"))},
     Standing.FAIL, "authentication strength of Emergency accounts"),
    (N.OPERATOR, {"token": APPLICATION}, Standing.SKIPPED, "application"),
    (N.OPERATOR, {"operator": None}, Standing.SKIPPED, "not told"),
    (N.OPERATOR, {"token": PARTNER, "operator": None, "is_partner": True, "emergency": ()}, Standing.FAIL, "customer"),
    (N.OPERATOR, {"token": PARTNER, "operator": None, "is_partner": True}, Standing.WARN, "whom these policies reach"),
    (N.DIRECTORY_SYNC, {"policies": (policy(),), "evidence": {"roles": sync_role(person("sync").id)}}, Standing.WARN,
     "enabled policy reaches"),
    (N.DIRECTORY_SYNC, {"policies": (policy("Later", state="enabledForReportingButNotEnforced"),),
                        "switch_on": ("Later",), "evidence": {"roles": sync_role(person("sync").id)}},
     Standing.FAIL, "cannot answer"),
    (N.DIRECTORY_SYNC, {"evidence": {"roles": {}}}, Standing.WARN, "was not read"),
    (N.METHODS_POLICY, {"evidence": {"capability": msgspec.structs.replace(
        METHODS, methods=MethodsPolicy(migration_complete=False, states={}))}}, Standing.WARN, "not complete"),
    (N.METHODS_POLICY, {"evidence": {"capability": None}}, Standing.SKIPPED, "not read"),
    (N.MANAGED_POLICIES, {"policies": (policy("Microsoft-managed: Block legacy authentication",
                                              state=PolicyState.REPORT_ONLY.value),)}, Standing.WARN, "by itself"),
    (N.NOT_UNDERSTOOD, {"policies": (policy("Odd", grant=("somethingNew",)),)}, Standing.WARN, "Not everything"),
    (N.NOT_UNDERSTOOD, {"policies": (policy("Odd", state="tomorrow", grant=("somethingNew",)),)}, Standing.FAIL, ""),
    (N.BACKUP, {"backup_age_hours": 26.0}, Standing.WARN, "26 hours"),
    (N.BACKUP, {"backup_age_hours": None}, Standing.WARN, "no snapshot"),
    (N.BACKUP, {"backup_problem": "403: EntraBackup.Read.All"}, Standing.SKIPPED, "EntraBackup"),
    (N.BACKUP, {"backup_asked": False}, Standing.SKIPPED, "not asked for"),
    (N.CLOCK, {"clock_seconds": 61.0}, Standing.WARN, "61 seconds ahead"),
    (N.CLOCK, {"clock_seconds": -301.0}, Standing.FAIL, "301 seconds behind"),
    (N.CLOCK, {"clock_seconds": -1.2}, Standing.PASS, "within 1 second."),
    (N.CLOCK, {"clock_seconds": None}, Standing.SKIPPED, "nothing was asked"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "changes", "expected", "words"), WORSE, ids=[f"{w[0]}-{i}" for i, w in enumerate(WORSE)]
)
def test_a_change_for_the_worse_is_seen(
    check: CheckName, changes: dict[str, Any], expected: Standing, words: str
) -> None:
    result = CHECKS[check][0](facts(**dict(changes)))
    assert result.standing is expected, result
    assert words in result.says
    if expected in (Standing.WARN, Standing.FAIL) and result.says != "Nobody home.":
        assert result.fix


def test_every_check_that_can_fail_has_a_tenant_that_fails_it_and_every_other_one_that_warns() -> None:
    failing = {check for check, _, expected, _ in WORSE if expected is Standing.FAIL}
    warning = {check for check, _, expected, _ in WORSE if expected is Standing.WARN}
    assert failing | warning == set(CheckName)
    assert set(CheckName) - failing == {N.METHODS_POLICY, N.MANAGED_POLICIES, N.BACKUP}


READS_POLICIES = [
    *(N.SECURITY_DEFAULTS, N.BASELINE_SCOPES, N.EMERGENCY_ACCOUNTS, N.OPERATOR),
    *(N.DIRECTORY_SYNC, N.METHODS_POLICY, N.MANAGED_POLICIES, N.NOT_UNDERSTOOD),
]


@pytest.mark.parametrize("check", READS_POLICIES)
def test_what_was_not_read_is_skipped_by_name_and_never_passes(check: CheckName) -> None:
    unread = msgspec.structs.replace(facts(), evidence=None, evidence_problem="403: Policy.Read.All is missing")
    result = CHECKS[check][0](unread)
    assert result.standing is Standing.SKIPPED
    assert "Policy.Read.All" in result.says


def test_a_partner_passes_where_the_policies_leave_service_providers_out() -> None:
    spared = {
        **EXCLUDED,
        "excludeGuestsOrExternalUsers": {
            "guestOrExternalUserTypes": "serviceProvider",
            "externalTenants": {"membershipKind": "enumerated", "members": [HOME]},
        },
    }
    given = facts(token=PARTNER, operator=None, is_partner=True, policies=(policy(users=spared),))
    assert standing(N.OPERATOR, given) is Standing.PASS
    elsewhere = msgspec.structs.replace(given, token=token(home_tenant=TENANT.replace("3", "4")))
    assert standing(N.OPERATOR, elsewhere) is Standing.WARN


def test_without_a_sign_in_all_others_are_skipped() -> None:
    nobody = SignInFacts(method="browser", token_tenant=None, cloud="global", problem="No.")
    results = looked_at(facts(sign_in=nobody), frozenset(CheckName))
    assert {result.standing for result in results[1:]} == {Standing.SKIPPED}
    assert results[0].standing is Standing.FAIL


def test_a_report_only_policy_counts_once_it_is_to_be_switched_on() -> None:
    waiting = policy("Later", state=PolicyState.REPORT_ONLY.value)
    weak = (account("red", registration=registered("sms")), account("blue"))
    given = facts(policies=(policy(users=EXCLUDED), waiting), emergency=weak)
    assert standing(N.EMERGENCY_ACCOUNTS, given) is Standing.WARN
    assert standing(N.EMERGENCY_ACCOUNTS, msgspec.structs.replace(given, switch_on=("later",))) is Standing.FAIL
