"""Each check of `doctor` over the wire: a tenant that passes it, one that does not, and a token that lacks its need.

Three checks have nothing that could stop anybody, so that they only warn: methods-policy, managed-policies, backup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from migrate.model.doctor import CheckName
from migrate.model.permissions import BACKUPS, READ_SET, DirectoryRole
from migrate.model.rules import DIRECTORY_SYNC_ROLES
from tests.e2e.contact import ContactLab, contact_lab

ALMA = "alma.berg@contoso.example"
EVERYTHING = [*READ_SET, BACKUPS.permission]
RESISTANT = "00000000-0000-0000-0000-000000000004"
N = CheckName
Change = Callable[[ContactLab], None]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContactLab]:
    """Yield a company in which nothing is amiss, and whose operator signs in with a browser."""
    with pytest.MonkeyPatch.context() as patch, contact_lab(tmp_path_factory.mktemp("tenants")) as lab:
        patch.setenv("DISPLAY", ":0")
        lab.signs_in("browser")
        lab.grant(EVERYTHING)
        with lab.web() as client:
            for role in (DirectoryRole.GLOBAL_READER, DirectoryRole.CONDITIONAL_ACCESS_ADMINISTRATOR):
                given = {"user": ALMA, "assign": role.value}
                client.post("/_sandbox/change", json=given).raise_for_status()
        spare_the_synchronization(lab)
        give_emergency_accounts_a_policy(lab)
        for name in ("emergency1", "emergency2"):
            lab.go("doctor", "--tested", lab.name_of(name))
        yield lab


@pytest.fixture(autouse=True)
def _as_before(lab: ContactLab, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DISPLAY", ":0")
    tenant, clock = lab.tenant, lab.server.sandbox.clock
    kept = {name: deepcopy(getattr(tenant, name)) for name in ("policies", "skus", "methods_policy", "backups")}
    assigned, defaults, advanced = list(tenant.roles.assignments), tenant.security_defaults, clock.advanced
    yield
    for name, value in kept.items():
        setattr(tenant, name, value)
    tenant.roles.assignments[:] = assigned
    tenant.security_defaults, clock.advanced = defaults, advanced
    lab.signs_in("browser")
    lab.grant(EVERYTHING)


def named(lab: ContactLab, name: str) -> dict[str, Any]:
    return next(policy for policy in lab.tenant.policies.values() if policy["displayName"] == name)


def add(lab: ContactLab, like: str, name: str, **changes: Any) -> None:
    new = {**deepcopy(named(lab, like)), "displayName": name, **changes}
    new["id"] = lab.tenant.new_id("policy", name)
    lab.tenant.policies[new["id"]] = new


def spare_the_synchronization(lab: ContactLab) -> None:
    users = named(lab, "MFA for Office 365 outside the office")["conditions"]["users"]
    users["excludeRoles"] = list(DIRECTORY_SYNC_ROLES[:1])


def give_emergency_accounts_a_policy(lab: ContactLab) -> None:
    like = "Phishing-resistant MFA for administrators"
    conditions = deepcopy(named(lab, like)["conditions"])
    people = [lab.id_of("emergency1"), lab.id_of("emergency2")]
    conditions["users"] = {**{key: [] for key in conditions["users"]}, "includeUsers": people}
    conditions["users"] |= {"includeGuestsOrExternalUsers": None, "excludeGuestsOrExternalUsers": None}
    add(lab, like, "Emergency accounts", state="enabled", conditions=conditions)


def checked(lab: ContactLab, check: CheckName, *words: str) -> dict[str, Any]:
    """Make one check and return what it came to, with the exit code that belongs to it."""
    ran = lab.as_person(ALMA, "doctor", "--only", check.value, "-o", "json", *words)
    (result,) = ran.document["results"]
    assert ran.document["hints"] == [], "they belong to the whole"
    if check is not CheckName.SIGN_IN and result["says"] != "nobody could sign in":
        assert ran.code == (1 if result["standing"] == "fail" else 0), ran.said
    return dict(result)


# --- passes -----------------------------------------------------------------------------------------------------------


def test_a_tenant_in_which_nothing_is_amiss_passes_all_fourteen(lab: ContactLab) -> None:
    ran = lab.as_person(ALMA, "doctor", "--with", "backup", "-o", "json")
    found = {result["check"]: result for result in ran.document["results"]}
    assert list(found) == [name.value for name in CheckName]
    assert {name: result for name, result in found.items() if result["standing"] != "pass"} == {}
    assert [hint["code"] for hint in ran.document["hints"]] == ["subscription-activation"]
    assert ran.code == 0
    asked = [path for path in lab.requests_seen() if path.endswith("/evaluate")]
    assert len(asked) == 1, "Microsoft's What If is asked once"
    assert "applies by Microsoft's What If: Require MFA for all users" in found["operator"]["evidence"]
    assert lab.writes() == []


# --- does not pass ----------------------------------------------------------------------------------------------------


WORDS = {N.BACKUP: ("--with", "backup")}
ELSEWHERE = "22222222-0000-4000-8000-000000000009"


def nothing(lab: ContactLab) -> None:
    """Change nothing: it is the command that names another tenant."""


def no_permission(lab: ContactLab) -> None:
    lab.grant([permission for permission in EVERYTHING if permission != "AuditLog.Read.All"])


def no_role(lab: ContactLab) -> None:
    mine = lab.id_of("alma.berg")
    lab.tenant.roles.assignments[:] = [one for one in lab.tenant.roles.assignments if one["principalId"] != mine]


def no_licence(lab: ContactLab) -> None:
    lab.tenant.skus = []


def security_defaults(lab: ContactLab) -> None:
    lab.tenant.security_defaults = True


def baseline_scopes_off(lab: ContactLab) -> None:
    named(lab, "Require MFA for all users")["conditions"]["applications"]["excludeApplications"] = [RESISTANT]
    lab.signs_in(
        "browser",
        tenant_settings='baseline_scopes = "disabled"\nbaseline_scopes_by = "Ada"\nbaseline_scopes_on = 2026-11-01',
    )


def emergency_account_without_its_role(lab: ContactLab) -> None:
    lost = lab.id_of("emergency2")
    lab.tenant.roles.assignments[:] = [one for one in lab.tenant.roles.assignments if one["principalId"] != lost]


def strength_that_the_operator_does_not_meet(lab: ContactLab) -> None:
    like = named(lab, "Emergency accounts")
    conditions = deepcopy(like["conditions"])
    conditions["users"]["includeUsers"] = [lab.id_of("alma.berg")]
    add(lab, "Emergency accounts", "Passkeys for all", conditions=conditions)


def policy_that_catches_the_synchronization(lab: ContactLab) -> None:
    conditions = deepcopy(named(lab, "Require MFA for all users")["conditions"])
    conditions["users"]["excludeRoles"] = []
    add(lab, "Require MFA for all users", "Later", state="enabledForReportingButNotEnforced", conditions=conditions)
    lab.signs_in("browser", policy='switch_on = ["Later"]')


def unfinished_methods_policy(lab: ContactLab) -> None:
    lab.tenant.methods_policy["policyMigrationState"] = "migrationInProgress"


def microsofts_policy_waits(lab: ContactLab) -> None:
    add(
        lab,
        "Require MFA for all users",
        "Microsoft-managed: Block legacy authentication",
        state="enabledForReportingButNotEnforced",
    )


def policy_of_tomorrow(lab: ContactLab) -> None:
    add(lab, "Require MFA for all users", "Tomorrow", state="enabledForSome")


def no_backup(lab: ContactLab) -> None:
    lab.tenant.backups = []


def clock_far_off(lab: ContactLab) -> None:
    lab.server.sandbox.clock.advance(400)


WORSE: dict[CheckName, tuple[Change, str, str]] = {
    N.SIGN_IN: (nothing, "fail", ELSEWHERE),
    N.PERMISSIONS: (no_permission, "fail", "lacks 1 permission"),
    N.ROLE: (no_role, "fail", "no role"),
    N.LICENCE: (no_licence, "fail", "no Conditional Access"),
    N.SECURITY_DEFAULTS: (security_defaults, "fail", "Security defaults are on"),
    N.BASELINE_SCOPES: (baseline_scopes_off, "fail", "disabled"),
    N.EMERGENCY_ACCOUNTS: (emergency_account_without_its_role, "fail", "would not get in"),
    N.OPERATOR: (strength_that_the_operator_does_not_meet, "fail", "authentication strength of Passkeys for all"),
    N.DIRECTORY_SYNC: (policy_that_catches_the_synchronization, "fail", "what it cannot answer"),
    N.METHODS_POLICY: (unfinished_methods_policy, "warn", "not complete"),
    N.MANAGED_POLICIES: (microsofts_policy_waits, "warn", "by itself"),
    N.NOT_UNDERSTOOD: (policy_of_tomorrow, "fail", "does not know"),
    N.BACKUP: (no_backup, "warn", "no snapshot"),
    N.CLOCK: (clock_far_off, "fail", "behind"),
}


@pytest.mark.parametrize("check", list(CheckName))
def test_a_tenant_that_does_not_pass_is_told_what_to_do(lab: ContactLab, check: CheckName) -> None:
    change, standing, says = WORSE[check]
    change(lab)
    elsewhere = ("--tenant", ELSEWHERE) if check is N.SIGN_IN else ()
    found = checked(lab, check, *WORDS.get(check, ()), *elsewhere)
    assert found["standing"] == standing, found
    assert says in found["says"]
    assert found["fix"]


# --- the token lacks what it needs ------------------------------------------------------------------------------------

NEEDS: dict[CheckName, tuple[str, str]] = {
    N.SIGN_IN: ("User.Read.All", "skipped"),
    N.PERMISSIONS: ("LicenseAssignment.Read.All", "fail"),
    N.LICENCE: ("LicenseAssignment.Read.All", "skipped"),
    N.SECURITY_DEFAULTS: ("Policy.Read.All", "skipped"),
    N.BASELINE_SCOPES: ("Policy.Read.All", "skipped"),
    N.EMERGENCY_ACCOUNTS: ("Policy.Read.All", "skipped"),
    N.OPERATOR: ("Policy.Read.All", "skipped"),
    N.DIRECTORY_SYNC: ("RoleManagement.Read.Directory", "warn"),
    N.METHODS_POLICY: ("Policy.Read.All", "skipped"),
    N.MANAGED_POLICIES: ("Policy.Read.All", "skipped"),
    N.NOT_UNDERSTOOD: ("Policy.Read.All", "skipped"),
    N.BACKUP: ("EntraBackup.Read.All", "skipped"),
}
"""Of each check a permission that it needs, and what it comes to without; role and clock need none."""


@pytest.mark.parametrize("check", list(NEEDS))
def test_a_token_that_lacks_what_a_check_needs_never_passes_it(lab: ContactLab, check: CheckName) -> None:
    permission, standing = NEEDS[check]
    lab.grant([one for one in EVERYTHING if one != permission])
    found = checked(lab, check, *WORDS.get(check, ()))
    assert found["standing"] == standing, found
    told = " ".join([found["says"], *found["evidence"], found["fix"]])
    assert permission in told, "it is named"


def test_a_token_without_roles_and_no_token_at_all_pass_neither_role_nor_clock(
    lab: ContactLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(NEEDS) | {N.ROLE, N.CLOCK} == set(CheckName)
    no_role(lab)
    assert checked(lab, N.ROLE)["standing"] == "fail"
    monkeypatch.setenv("MFA_MIGRATE_CLIENT_SECRET", "wrong-secret")
    lab.signs_in("client-secret")
    for check in (N.ROLE, N.CLOCK):
        found = checked(lab, check)
        assert (found["standing"], found["says"]) == ("skipped", "nobody could sign in")


# --- what it means for a plan -----------------------------------------------------------------------------------------

IN_THE_PLAN: dict[CheckName, tuple[str, str]] = {
    N.LICENCE: ("blocker", "no-licence"),
    N.SECURITY_DEFAULTS: ("blocker", "security-defaults"),
    N.BASELINE_SCOPES: ("warning", "doctor-baseline-scopes"),
    N.EMERGENCY_ACCOUNTS: ("blocker", "doctor-emergency-accounts"),
    N.OPERATOR: ("blocker", "doctor-operator"),
    N.DIRECTORY_SYNC: ("blocker", "directory-sync-not-excluded"),
    N.METHODS_POLICY: ("warning", "methods-policy-migration"),
    N.NOT_UNDERSTOOD: ("warning", "doctor-not-understood"),
}
"""What an export shows of it. Sign-in, permissions, role, backup and clock are no part of an export, and are looked at
by `apply` itself or stop nothing; a policy of Microsoft's that waits stops nothing."""


@pytest.mark.parametrize("check", list(IN_THE_PLAN))
def test_a_failed_check_is_a_blocker_or_a_warning_of_the_plan_which_is_made_all_the_same(
    lab: ContactLab, check: CheckName
) -> None:
    WORSE[check][0](lab)
    assert lab.as_person(ALMA, "export").code == 0
    made = lab.go("plan")
    notes = {note["code"]: note["severity"] for note in lab.plan_header()["notes"]}
    severity, code = IN_THE_PLAN[check]
    assert notes.get(code) == severity, notes
    assert code in made.out
    if severity == "blocker":
        refused = lab.as_person(ALMA, "apply", "--yes", "--max-users", "100%", "--skip-settle", "lab")
        assert refused.code in (3, 4), refused.said
        assert lab.writes() == []
