"""Groups, policies and people of the configuration by their exact names: resolved once, and refused when they move."""

from __future__ import annotations

from tests.e2e.laboratory import Lab, ask

NAME = "Helpdesk Operators"
SKIP = ("--yes", "--max-users", "100%", "--skip-settle", "lab")


def by_name(lab: Lab, name: str = NAME) -> None:
    lab.configure(f'\n[[waves.wave]]\nname = "desk"\ngroup = "{name}"\n', waves="")


def rename(lab: Lab, group: str, name: str) -> None:
    """Rename a group, as an administrator would in the portal."""
    found = next(each for each in lab.tenant.groups if each.json["displayName"] == group)
    found.json["displayName"] = name


def group_id(lab: Lab, name: str = NAME) -> str:
    return next(each.id for each in lab.tenant.groups if each.json["displayName"] == name)


def test_a_group_by_its_name_is_the_group_by_its_id_and_the_plan_shows_both(lab: Lab) -> None:
    by_name(lab)
    lab.go("export")
    shown = " ".join(lab.go("plan").out.split())
    assert f"waves.wave.group: '{NAME}' is group {group_id(lab)}" in shown
    rows, names = lab.plan_rows(), lab.plan_header()["names"]
    assert {"key": "waves.wave.group", "kind": "group", "name": NAME, "id": group_id(lab)} in names
    assert {one["kind"] for one in names} == {"group", "user"}, "emergency access by user principal name"
    lab.configure(f'\n[[waves.wave]]\nname = "desk"\ngroup = "{group_id(lab)}"\n', waves="")
    assert "Names in the configuration" not in lab.go("plan").out
    assert lab.plan_rows() == rows
    by_name(lab)
    assert lab.go("apply", "--what-if", "--wave", "desk").out, "the name is the same group, so nothing differs"


def test_a_name_that_means_another_group_by_then_is_a_refusal(lab: Lab) -> None:
    by_name(lab)
    lab.go("export")
    lab.go("plan")
    before, was = lab.states(), group_id(lab)
    rename(lab, NAME, "Desk")
    assert f"no group is called '{NAME}' any more; the plan goes by the id {was}" in " ".join(
        lab.go("apply", "--what-if").err.split()
    )
    rename(lab, "Sales", NAME)
    refused = " ".join(lab.go("apply", *SKIP, code=3).err.split())
    assert f"'{NAME}' is group {group_id(lab)} now, and was {was} when the plan was made" in refused
    assert lab.states() == before


def test_two_groups_of_one_name_are_an_error_that_lists_both(lab: Lab) -> None:
    rename(lab, "Sales", NAME)
    by_name(lab)
    lab.go("export")
    said = lab.go("plan", code=2).err
    assert all(each.id in said for each in lab.tenant.groups if each.json["displayName"] == NAME)
    assert "Write the id of the one that is meant" in said


def test_a_part_of_a_name_and_a_name_that_was_not_exported_do_not_do(lab: Lab) -> None:
    by_name(lab, "Helpdesk")
    lab.go("export")
    said = " ".join(lab.go("plan", code=2).err.split())
    assert "no group of the tenant is called 'Helpdesk'" in said
    by_name(lab)
    said = " ".join(lab.go("plan", code=2).err.split())
    assert f"the group {NAME} is not in the snapshot" in said
    assert "Run `mfa-migrate export` with this configuration" in said


def test_policies_and_people_by_exact_names(lab: Lab) -> None:
    policies = f"{lab.url}/v1.0/identity/conditionalAccess/policies"
    asleep = next(one for one in ask(policies)["value"] if one["state"] == "enabledForReportingButNotEnforced")
    lab.configure(
        policy=f'switch_on = ["{asleep["displayName"]}"]',
        waves='canary = ["Rob Keller"]',
        limits="max_newly_required = 1000\nmax_not_mfa_capable = 1000\nmax_newly_blocked = 1000",
    )
    lab.go("export")
    shown = " ".join(lab.go("plan").out.split())
    assert f"policy.switch_on: '{asleep['displayName']}' is policy {asleep['id']}" in shown
    assert f"waves.canary: 'Rob Keller' is user {lab.id_of('rob.keller')}" in shown
    ask(f"{policies}/{asleep['id']}", "PATCH", {"displayName": "Something else"})
    copied = {name: asleep[name] for name in ("displayName", "state", "conditions", "grantControls")}
    other = ask(policies, "POST", copied)
    refused = " ".join(lab.go("apply", *SKIP, code=3).err.split())
    assert f"policy.switch_on: '{asleep['displayName']}' is policy {other['id']} now" in refused


def test_an_emergency_account_whose_name_another_one_bears_is_a_refusal(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    name = lab.go("explain", "emergency1", "-o", "json").document["user"]["userPrincipalName"]
    ids = lab.id_of("emergency1"), lab.id_of("rob.keller")
    for user, called in zip(ids, (f"former.{name}", name), strict=True):
        ask(f"{lab.url}/_sandbox/change", "POST", {"user": user, "set": {"userPrincipalName": called}})
    refused = " ".join(lab.go("apply", *SKIP, code=3).err.split())
    assert f"emergency_access.accounts: '{name}' is user {ids[1]} now, and was {ids[0]}" in refused
