"""Create mode: the tool's own policy, report-only first, with every wait moved past by the sandbox's clock."""

from __future__ import annotations

import json
from typing import Any

from migrate.sandbox.roles import DIRECTORY_SYNC
from tests.e2e.laboratory import Lab, ask

DAY = 86_400
CREATE = 'mode = "create"'
ON_PREMISES_SYNC = "a92aed5d-d78a-4d16-b381-09adb37eb3b0"
PROMPTS = 'max_newly_required = 1000\nmax_not_mfa_capable = 1000\nreadback_timeout = "2s"'


def policies(lab: Lab) -> dict[str, dict[str, Any]]:
    listed = ask(f"{lab.url}/v1.0/identity/conditionalAccess/policies")["value"]
    return {policy["displayName"]: policy for policy in listed}


def own_policy(lab: Lab) -> dict[str, Any]:
    (found,) = (policy for name, policy in policies(lab).items() if "mfa-migrate" in name)
    return found


def test_the_whole_story_of_a_policy_from_nothing_over_report_only_to_enabled_and_back(lab: Lab) -> None:
    lab.configure(policy=CREATE, limits=PROMPTS)
    before, former_policies = lab.states(), policies(lab)
    lab.go("export")
    planned = lab.go("plan")
    assert "+ create 'Require MFA for all users (mfa-migrate)', report-only" in planned.out
    assert "report-only -> enabled" in planned.out

    first = lab.go("apply", "--yes", "--max-users", "100%")
    assert "stays report-only until" in first.out
    policy = own_policy(lab)
    assert policy["state"] == "enabledForReportingButNotEnforced"
    assert set(policy["conditions"]["users"]["excludeUsers"]) == {lab.id_of("emergency1"), lab.id_of("emergency2")}
    assert policy["conditions"]["users"]["excludeRoles"] == [DIRECTORY_SYNC, ON_PREMISES_SYNC]
    assert lab.states() == before

    again = lab.go("apply", "--yes", "--max-users", "100%")
    assert "stays report-only until" in again.out
    assert len(policies(lab)) == len(former_policies) + 1, "running again creates nothing twice"

    lab.advance(7 * DAY + 60)
    without_log = lab.go("apply", "--yes", "--max-users", "100%", code=3)
    assert "the sign-in log does not speak for it" in " ".join(without_log.err.split())
    assert own_policy(lab)["state"] == "enabledForReportingButNotEnforced"
    second = lab.go("apply", "--yes", "--max-users", "100%", "--skip-report-only", "nobody signs in here")
    assert "has to settle" in second.out
    assert own_policy(lab)["state"] == "enabled"
    assert lab.states() == before, "nobody is switched off before the policy has settled"

    lab.advance(DAY + 60)
    third = lab.go("apply", "--yes", "--max-users", "100%")
    assert "The apply is through." in third.out
    planned_names = [name for name, row in lab.plan_rows().items() if row["Action"] == "disable"]
    assert {lab.states()[name] for name in planned_names} == {"disabled"}
    assert "rob.keller@contoso.example" in planned_names, "whom the old policy excludes, the new one covers"
    lab.go("verify")

    back = lab.go("rollback", "--yes")
    assert "The rollback is through." in back.out
    assert all(before[name] in (state, "enabled") for name, state in lab.states().items())
    assert policies(lab).keys() == former_policies.keys(), "the created policy is gone again"
    lab.go("verify")
    operations = [row.split(",")[5] for row in (lab.go("audit", "export", "-o", "csv").out.splitlines())[1:]]
    assert [name for name in operations if "Policy" in name and name != "SetMfaState"].count("CreatePolicy") == 2


def test_the_list_of_whom_a_plan_newly_requires_agrees_with_its_numbers(lab: Lab) -> None:
    # Without the enabled policy that covers everybody, all who are not on per-user MFA would be asked anew.
    everybody = next(p for p in lab.tenant.policies.values() if p["displayName"] == "Require MFA for all users")
    everybody["state"] = "disabled"
    lab.configure(policy=CREATE, limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    (impact,) = lab.plan_header()["impacts"]
    numbers = impact["numbers"]
    people = lab.go("show", "--newly-required", "-o", "json").document["people"]
    assert len(people) == numbers.get("newlyRequired", 0) + numbers.get("guests", 0) > 0
    assert sum(person["isGuest"] for person in people) == numbers.get("guests", 0)
    assert set(impact["samples"]["newlyRequired"]) <= {person["userPrincipalName"] for person in people}
    assert len(lab.go("show", "--newly-required", "-o", "csv").out.splitlines()) == len(people) + 1
    assert "--newly-required stands alone" in lab.go("show", "--newly-required", "--held", code=2).err
    held = lab.go("show", "--held", "-o", "json").document["rows"]
    assert {row["action"] for row in held} == {"hold"}
    assert len(held) == sum(row["Action"] == "hold" for row in lab.plan_rows().values())
    one = lab.go("show", "--user", "rob.keller").out
    assert "Waves" not in one
    assert "1 row of plan" in one


def test_a_policy_that_somebody_edited_is_neither_deleted_nor_hidden(lab: Lab) -> None:
    lab.configure(policy=CREATE, limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-report-only", "lab", "--skip-settle", "lab")
    policy = own_policy(lab)
    users = {"users": {**policy["conditions"]["users"], "excludeUsers": [lab.id_of("emergency1")]}}
    ask(f"{lab.url}/v1.0/identity/conditionalAccess/policies/{policy['id']}", "PATCH", {"conditions": users})
    found = lab.go("verify", code=1)
    assert "Somebody edited it since it was created." in " ".join(found.out.split())
    rolled = lab.run("rollback", "--yes")
    assert rolled.code in (1, 3), rolled.said
    assert own_policy(lab)["id"] == policy["id"]
    assert "edited" in rolled.said


def test_more_people_newly_required_than_allowed_is_a_blocker_that_counts_them(lab: Lab) -> None:
    # Without the enabled policy that covers everybody, all who are not on per-user MFA would be asked anew.
    everybody = next(p for p in lab.tenant.policies.values() if p["displayName"] == "Require MFA for all users")
    everybody["state"] = "disabled"
    lab.configure(policy=CREATE, limits="max_not_mfa_capable = 1000")
    lab.go("export")
    planned = lab.go("plan", "--exit-code", code=1)
    (impact,) = lab.plan_header()["impacts"]
    required = impact["numbers"]["newlyRequired"]
    off = {name for name, row in lab.plan_rows().items() if row["CurrentState"] == "disabled"}
    assert 0 < required <= len(off)
    assert set(impact["samples"]["newlyRequired"]) <= off
    assert "BLOCKER [newly-required]" in planned.out
    refused = lab.go("apply", "--yes", "--max-users", "100%", code=3)
    assert "newly-required" in refused.err
    assert len(policies(lab)) == 3, "nothing was created"

    lab.configure(policy=CREATE, limits=f"max_newly_required = {required}\nmax_not_mfa_capable = 1000")
    lab.go("plan")
    assert lab.plan_header()["notes"] == [note for note in lab.plan_header()["notes"] if note["severity"] == "warning"]


def test_a_pilot_group_gets_a_policy_of_its_own_and_nobody_else_is_planned(lab: Lab) -> None:
    everybody = next(p for p in lab.tenant.policies.values() if p["displayName"] == "Require MFA for all users")
    everybody["state"] = "disabled"
    group = next(g for g in lab.tenant.groups if g.json["displayName"] == "Helpdesk Operators")
    lab.configure(policy=f'{CREATE}\nscope = "group:{group.id}"', limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    (create, _) = lab.plan_header()["policySteps"]
    assert create["body"]["conditions"]["users"]["includeGroups"] == [group.id]
    assert create["body"]["conditions"]["users"]["includeUsers"] == []
    planned = [name for name, row in lab.plan_rows().items() if row["Action"] == "disable"]
    assert planned == [lab.name_of("pia.summer")]


def test_until_stops_at_each_place_and_the_rest_goes_on_later(lab: Lab) -> None:
    lab.configure(policy=CREATE, limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    skip = ("--skip-report-only", "lab", "--skip-settle", "lab")
    assert "Stopped as asked." in lab.go("apply", "--yes", "--max-users", "100%", "--until", "report-only", *skip).out
    assert own_policy(lab)["state"] == "enabledForReportingButNotEnforced"
    lab.go("apply", "--yes", "--max-users", "100%", "--until", "policies-on", *skip)
    assert own_policy(lab)["state"] == "enabled"
    before = lab.states()
    lab.go("apply", "--yes", "--max-users", "100%", "--until", "wave:1", *skip)
    changed = {name for name, state in lab.states().items() if state != before[name]}
    assert changed == {name for name, row in lab.plan_rows().items() if row["Wave"] == "1"}
    standing = json.loads(lab.go("status", "-o", "json").out)["run"]
    assert standing["migrated"] == len(changed)
    assert "The apply is through." in lab.go("apply", "--yes", "--max-users", "100%", *skip).out


def test_sync_accounts_are_excluded_by_id_where_asked_for_and_the_policy_can_be_switched_on(lab: Lab) -> None:
    held = (row for row in lab.tenant.roles.assignments if row["roleDefinitionId"] == DIRECTORY_SYNC)
    connectors = {str(row["principalId"]) for row in held}
    lab.configure(policy=f'{CREATE}\ndirectory_sync = "accounts"\nreport_only_days = 0', limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%", "--until", "policies-on", "--skip-report-only", "lab")
    policy = own_policy(lab)
    assert policy["state"] == "enabled"
    assert policy["conditions"]["users"]["excludeRoles"] == []
    assert connectors
    assert connectors <= set(policy["conditions"]["users"]["excludeUsers"])


def test_a_pilot_is_widened_to_everybody_and_all_of_it_goes_back(lab: Lab) -> None:
    everybody = next(p for p in lab.tenant.policies.values() if p["displayName"] == "Require MFA for all users")
    everybody["state"] = "disabled"
    group = next(g for g in lab.tenant.groups if g.json["displayName"] == "Helpdesk Operators")
    before, former_policies = lab.states(), policies(lab)
    skip = ("--skip-report-only", "lab", "--skip-settle", "lab")
    lab.configure(policy=f'{CREATE}\nscope = "group:{group.id}"', limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%", *skip)
    (pilot,) = (name for name, state in lab.states().items() if state != before[name])

    lab.configure(policy=CREATE, limits=PROMPTS)
    lab.go("export")
    planned = " ".join(lab.go("plan").out.split())
    assert "1 to be for others" in planned
    assert "[scope-widens]" in planned
    assert "The waits begin again: nobody is disabled before it has settled for 1 day." in planned
    widened = lab.go("apply", "--yes", "--max-users", "100%")
    assert "has to settle" in widened.out
    policy = own_policy(lab)
    assert policy["displayName"] == "Require MFA for all users (mfa-migrate)"
    assert policy["state"] == "enabled"
    users = policy["conditions"]["users"]
    assert (users["includeUsers"], users["includeGroups"]) == (["All"], [])
    assert len(policies(lab)) == len(former_policies) + 1, "the same policy, and no second one"
    lab.go("apply", "--yes", "--max-users", "100%", *skip)
    assert len([name for name, state in lab.states().items() if state != before[name]]) > 1
    lab.go("verify")

    lab.configure(policy=f'{CREATE}\nscope = "group:{group.id}"', limits=PROMPTS)
    lab.go("export")
    assert "BLOCKER [narrowing-uncovers]" in lab.go("plan").out
    refused = lab.go("apply", "--yes", "--max-users", "100%", *skip, code=3)
    assert "narrowing-uncovers" in refused.err
    assert own_policy(lab)["conditions"]["users"]["includeUsers"] == ["All"]

    lab.go("rollback", "--yes")
    assert policies(lab).keys() == former_policies.keys()
    assert all(before[name] in (state, "enabled") for name, state in lab.states().items())
    assert lab.states()[pilot] == before[pilot]


def test_the_limits_hold_when_a_policy_is_widened(lab: Lab) -> None:
    everybody = next(p for p in lab.tenant.policies.values() if p["displayName"] == "Require MFA for all users")
    everybody["state"] = "disabled"
    group = next(g for g in lab.tenant.groups if g.json["displayName"] == "Helpdesk Operators")
    skip = ("--skip-report-only", "lab", "--skip-settle", "lab")
    lab.configure(policy=f'{CREATE}\nscope = "group:{group.id}"', limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%", *skip)
    for limits, code in (
        ("max_not_mfa_capable = 1000", "newly-required"),
        ("max_newly_required = 1000", "not-mfa-capable"),
    ):
        lab.configure(policy=CREATE, limits=limits)
        lab.go("export")
        assert f"BLOCKER [{code}] Widening" in " ".join(lab.go("plan").out.split())
        lab.go("apply", "--yes", "--max-users", "100%", *skip, code=3)
        assert own_policy(lab)["conditions"]["users"]["includeGroups"] == [group.id]


EXCLUDE = (
    '\n[[policy.exclude]]\nreason = "no person"\ndecided_by = "Ada"\nsince = 2026-11-01\nexpires = {}\nuser = "{}"\n'
)


def test_somebody_is_left_out_of_the_policy_until_the_entry_goes_and_is_disabled_behind_that(lab: Lab) -> None:
    everybody = next(p for p in lab.tenant.policies.values() if p["displayName"] == "Require MFA for all users")
    everybody["state"] = "disabled"
    who = lab.name_of("rob.keller")
    skip = ("--skip-report-only", "lab", "--skip-settle", "lab")
    lab.configure(policy=CREATE + EXCLUDE.format("2099-01-01", who), limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%", *skip)
    before = lab.states()[who]
    assert before != "disabled"
    assert lab.id_of("rob.keller") in own_policy(lab)["conditions"]["users"]["excludeUsers"]
    assert lab.plan_rows()[who]["HoldCode"] in ("partly", "uncovered")

    # The day comes: nothing is edited, and verify says so.
    lab.configure(policy=CREATE + EXCLUDE.format("2026-01-01", who), limits=PROMPTS)
    lab.go("export")
    assert "[policy-exclusion-expired]" in lab.go("plan").out
    assert lab.plan_header()["policySteps"] == []
    lab.go("apply", "--yes", "--max-users", "100%", *skip)
    assert "policy-exclusion-expired" in lab.go("verify", code=1).said

    # The entry goes: lift, settle, prove, disable.
    lab.configure(policy=CREATE, limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    (step,) = lab.plan_header()["policySteps"]
    assert step["step"] == "SetPolicyScope"
    waiting = lab.go("apply", "--yes", "--max-users", "100%")
    assert "settle" in waiting.out
    assert lab.id_of("rob.keller") not in own_policy(lab)["conditions"]["users"]["excludeUsers"]
    assert lab.states()[who] == before, "nobody is disabled before the change has settled"
    lab.advance(DAY + 60)
    lab.go("apply", "--yes", "--max-users", "100%")
    assert lab.states()[who] == "disabled"
    lab.go("verify")


def test_whoever_is_left_out_and_has_no_per_user_mfa_fails_verify_unless_accepted_by_name(lab: Lab) -> None:
    everybody = next(p for p in lab.tenant.policies.values() if p["displayName"] == "Require MFA for all users")
    everybody["state"] = "disabled"
    skip = ("--skip-report-only", "lab", "--skip-settle", "lab")
    who = next(name for name, state in lab.states().items() if state == "disabled" and "emergency" not in name)
    for accepted, code in (("", 1), ("accepted = true\n", 0)):
        lab.configure(policy=CREATE + EXCLUDE.format("2099-01-01", who) + accepted, limits=PROMPTS)
        lab.go("export")
        planned = " ".join(lab.go("plan").out.split())
        assert "MFA by neither way: 1 person" in planned
        assert lab.plan_header()["mfaByNeither"] == [who]
        lab.go("apply", "--yes", "--max-users", "100%", *skip)
        found = lab.go("verify", code=code)
        assert ("excluded-without-mfa" in found.said) is bool(code)
        if code:
            assert "`accepted = true` beside it" in " ".join(found.said.split())
            # As the finding says, and without another plan.
            text = lab.config.read_text(encoding="utf-8")
            end = "expires = 2099-01-01\n"
            assert end in text
            lab.config.write_text(text.replace(end, f"{end}accepted = true\n"), encoding="utf-8")
            lab.go("verify", code=0)


def test_a_plan_from_before_the_policy_was_made_says_that_apply_will_refuse_it(lab: Lab) -> None:
    lab.configure(policy=CREATE, limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%")
    said = " ".join(lab.go("plan", "--supersede").err.split())
    assert "This tool changed policies after the export of" in said
    assert "`mfa-migrate export`, then `mfa-migrate plan --supersede`, knows them as they are." in said
    assert "changed people" not in said
    assert "have changed since the export" in lab.go("apply", "--yes", "--max-users", "100%", code=3).err
    lab.go("export")
    assert "changed policies" not in lab.go("plan", "--supersede").err
