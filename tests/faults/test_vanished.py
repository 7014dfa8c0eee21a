"""Who is excluded stays so, in the plan and in the run: a group that is not found any more, a clock that is wrong."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.lab import DAY, EVERYBODY, Lab, audit_tells_the_truth, open_lab
from tests.faults.test_seen_in_the_wild import on, status

NOT_FOUND = status(
    404,
    "Request_ResourceNotFound",
    "Resource does not exist or one of its queried reference-property objects are not present.",
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, lean=True) as opened:
        yield opened


def everybody(lab: Lab) -> dict[str, Any]:
    return next(each for each in lab.sandbox.tenant.policies.values() if each["displayName"] == EVERYBODY)


def excluded_people(lab: Lab) -> tuple[str, set[str]]:
    """Return the group that the policy excludes, and who is in it."""
    (group_id,) = everybody(lab)["conditions"]["users"]["excludeGroups"]
    group = lab.sandbox.tenant.groups.find(group_id)
    assert group is not None
    people = lab.sandbox.tenant.people
    return group_id, {people.user_id(place) for place in lab.sandbox.tenant.groups.transitive(group)[0]}


def protect_by_another_policy(lab: Lab, group_id: str) -> dict[str, Any]:
    """Add a policy that asks MFA of the excluded group."""
    policy = copy.deepcopy(everybody(lab))
    users = policy["conditions"]["users"]
    policy |= {"id": "7e57ab1e-0000-4000-8000-000000000001", "displayName": "MFA for the excluded group"}
    users |= {"includeUsers": [], "includeGroups": [group_id], "excludeGroups": []}
    lab.sandbox.tenant.policies[policy["id"]] = policy
    return policy


@pytest.mark.parametrize(("days", "is_excluded"), [(0, True), (40, False)])
def test_an_exclusion_ends_by_the_servers_date_whatever_day_it_is_on_this_machine(
    lab: Lab, days: int, is_excluded: bool
) -> None:
    lab.prepare()
    somebody = sorted(lab.planned())[5]
    ends = (datetime.now(UTC) + timedelta(days=10)).date()
    exclude = f'[[exclude]]\nuser = "{somebody}"\nreason = "leaves soon"\nexpires = {ends}\n'
    lab.config.write_text(lab.config.read_text(encoding="utf-8") + exclude, encoding="utf-8")
    lab.later(days * DAY)  # for tenant and waits; commands that ask this machine for the day still hear today's
    lab.prepare()
    assert (somebody not in lab.planned()) is is_excluded


def test_one_404_for_an_excluded_group_in_export_and_in_apply_switches_none_of_its_members_off(lab: Lab) -> None:
    group_id, members = excluded_people(lab)
    once = on("GET", f"groups/{group_id}", NOT_FOUND, nth=1)
    lab.faults(once)
    lab.prepare()
    assert lab.struck() >= 1
    assert members
    assert not members & lab.planned()
    lab.faults(once)
    lab.apply_to_the_end()
    assert lab.struck() >= 1
    assert not members & lab.switched_off()
    assert lab.switched_off() == lab.planned()


def test_who_was_in_a_group_that_vanished_since_the_plan_is_unknown_and_stays_on(lab: Lab) -> None:
    group_id, members = excluded_people(lab)
    other = protect_by_another_policy(lab, group_id)
    lab.prepare()
    at_risk = members & lab.planned()
    assert at_risk
    lab.apply("--until", "wave:1")
    at_risk -= lab.switched_off()
    # A colleague switches the other policy off, and no replica shows the group any more.
    other["state"] = "disabled"
    lab.faults(on("GET", f"groups/{group_id}", NOT_FOUND))
    lab.apply("--max-failures", "100%")
    assert lab.struck() >= 3
    assert at_risk
    assert not at_risk & lab.switched_off()
    told = {row["ObjectId"]: row["Reason"] for row in lab.audit() if row["Outcome"] == "skipped"}
    assert all(told[user].startswith("not covered any more") for user in at_risk)
    assert lab.switched_off() == lab.planned() - at_risk
    audit_tells_the_truth(lab)
