"""The generated company: the same for a seed, and with every reason to hold somebody back."""

import json
from collections import Counter

import pytest

from migrate.sandbox.company import company, group_called
from migrate.sandbox.lab import lab_config
from migrate.sandbox.people import STATES
from migrate.sandbox.roles import DIRECTORY_SYNC, GLOBAL_ADMINISTRATOR
from migrate.sandbox.tenant import Tenant
from migrate.sandbox.tenant_file import dump_tenant


def everybody(tenant: Tenant) -> list[dict]:
    return [tenant.people.user(place) for place in range(len(tenant.people))]


def test_a_seed_always_makes_the_same_company_and_another_seed_another() -> None:
    first, second, other = (json.dumps(dump_tenant(company(seed, 80))) for seed in (5, 5, 6))
    assert first == second != other


@pytest.mark.parametrize("users", [1, 2, 3, 7, 24, 25, 60, 300])
def test_every_size_has_both_emergency_accounts_and_somebody_to_migrate(users: int) -> None:
    tenant = company(3, users)
    assert len(tenant.people) == max(users, 3)
    config = lab_config(tenant)
    names = [each["user_principal_name"] for each in config["emergency_access"]]
    assert names == ["emergency1@contoso.example", "emergency2@contoso.example"]
    assert len(config["canaries"]) == min(3, len(tenant.people) - 2)
    everyone = next(iter(tenant.policies.values()))
    assert everyone["conditions"]["users"]["excludeUsers"] == [each["id"] for each in config["emergency_access"]]


def test_users_are_found_again_by_id_and_name_in_any_case() -> None:
    people = company(9, 500).people
    for place in range(len(people)):
        user = people.user(place)
        assert people.find(user["id"].upper()) == place
        assert people.find(user["userPrincipalName"].upper()) == place
    for wrong in (
        "",
        "nobody@contoso.example",
        "00000000-0000-0000-0000-000000000000",
        "anna.graf77@elsewhere.example",
    ):
        assert people.find(wrong) is None


def test_every_kind_of_account_is_there() -> None:
    users = everybody(company(7, 300))
    kinds = Counter((each["userType"], each["creationType"], each["externalUserState"]) for each in users)
    assert set(kinds) == {
        ("Member", None, None),
        ("Guest", "Invitation", "Accepted"),
        ("Member", "Invitation", "Accepted"),
        ("Guest", None, None),
        ("Guest", "Invitation", "PendingAcceptance"),
    }
    assert any(not each["accountEnabled"] for each in users)
    assert any(each["onPremisesSyncEnabled"] for each in users)
    assert {"Meeting room", "Service account"} <= {each["jobTitle"] for each in users}
    assert all(each["userPrincipalName"].endswith("contoso.example") for each in users)
    assert sum(each["displayName"].startswith("Emergency Access") for each in users) == 2


def test_most_are_on_per_user_mfa_and_each_reason_to_hold_back_occurs() -> None:
    tenant = company(7, 300)
    people = tenant.people
    states = Counter(people.mfa_state(place) for place in range(300))
    assert set(states) == set(STATES)
    assert states["enforced"] > 150
    on = [place for place in range(300) if people.mfa_state(place) != "disabled"]
    excluded = set(tenant.places_of(group_called(tenant, "MFA Policy Exclusions").id))
    assert 2 <= len(excluded & set(on)) < len(on) / 10
    assert any(not people.has_strong_method(place) for place in on)
    assert any(not people.account_enabled(place) for place in on)
    assert any(people.user(place)["userType"] == "Guest" for place in on)


def test_the_policies_are_one_for_all_one_report_only_and_one_for_some_apps() -> None:
    tenant = company(7, 50)
    everyone, admins, apps = tenant.policies.values()
    assert (everyone["state"], admins["state"], apps["state"]) == (
        "enabled",
        "enabledForReportingButNotEnforced",
        "enabled",
    )
    users = everyone["conditions"]["users"]
    assert (users["includeUsers"], users["excludeRoles"]) == (["All"], [DIRECTORY_SYNC])
    assert users["excludeGroups"] == [group_called(tenant, "MFA Policy Exclusions").id]
    assert everyone["conditions"]["clientAppTypes"] == ["all"]
    assert everyone["grantControls"]["builtInControls"] == ["mfa"]
    assert apps["conditions"]["applications"]["includeApplications"] == ["Office365"]
    assert tenant.has_premium()
    assert not tenant.has_premium_2()
    assert not tenant.security_defaults


def test_roles_are_held_directly_through_a_group_and_as_an_eligibility() -> None:
    tenant = company(7, 50)
    names = {tenant.people.user(place)["userPrincipalName"] for place in tenant.role_places(GLOBAL_ADMINISTRATOR)}
    assert names == {f"{each}@contoso.example" for each in ("emergency1", "emergency2", "admin")}
    sync = [tenant.people.user(place)["displayName"] for place in tenant.role_places(DIRECTORY_SYNC)]
    assert sync == ["On-Premises Directory Synchronization Service Account"]
    assert len(tenant.roles.eligibility) == len(tenant.group_eligibility) == 1
    assert group_called(tenant, "Helpdesk Operators").id in {each["principalId"] for each in tenant.roles.assignments}


def test_the_configuration_names_only_covered_canaries_and_gives_reasons() -> None:
    tenant = company(7, 300)
    config = lab_config(tenant)
    assert (config["tenant_id"], config["domain"]) == (tenant.id, "contoso.example")
    excluded = set(tenant.places_of(group_called(tenant, "MFA Policy Exclusions").id))
    for name in config["canaries"]:
        place = tenant.people.find(name)
        assert place is not None
        assert place not in excluded
        assert tenant.people.mfa_state(place) != "disabled"
        assert tenant.people.has_strong_method(place)
    assert {each["user_principal_name"].split("@")[0] for each in config["exclusions"]} == {"svc-backup", "svc-scanner"}
    assert all(each["reason"] for each in config["exclusions"])
