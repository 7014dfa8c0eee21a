"""The tenant changes while the migration is under way: whoever loses coverage is left alone, within one check."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import pytest

from migrate.commands import run
from migrate.sandbox.company import company
from tests.e2e.laboratory import Lab, csv_of
from tests.unit.decide.coverage.tenants import BRANCH, CUSTOM_STRENGTH, HQ, object_id

BASE = "Require MFA for all users"
IN_FLIGHT = 80
"""Four workers with a batch of 20 each may have been proven before the change."""


def base_policy(lab: Lab) -> dict[str, Any]:
    return next(policy for policy in lab.tenant.policies.values() if policy["displayName"] == BASE)


def planned(lab: Lab, wave: str) -> list[str]:
    return [name for name, row in lab.plan_rows().items() if row["Action"] == "disable" and row["Wave"] == wave]


def test_a_user_who_joins_an_exclusion_group_after_the_plan_is_skipped(lab: Lab) -> None:
    lab.configure(waves="percentages = [50, 100]")
    lab.go("export")
    lab.go("plan")
    first, second = planned(lab, "2"), planned(lab, "3")
    assert first
    assert len(second) >= 2
    joins, stays = second[0], second[1]
    lab.go("apply", "--yes", "--max-users", "100%", "--until", "wave:2")
    (excluded_group,) = base_policy(lab)["conditions"]["users"]["excludeGroups"]
    place = lab.tenant.people.find(joins)
    assert place is not None
    group = lab.tenant.groups.find(excluded_group)
    assert group is not None
    lab.tenant.groups.add_user(group, place)
    before = lab.states()

    lab.go("apply", "--yes", "--max-users", "100%", "--max-failures", "5", code=1)

    after = lab.states()
    assert after[joins] == before[joins] != "disabled"
    assert after[stays] == "disabled"
    lab.go("audit", "export")
    (skipped,) = [
        row
        for row in csv_of(lab.workspace / "audit.csv")
        if row["UserPrincipalName"] == joins and row["Outcome"] == "skipped"
    ]
    assert skipped["Reason"].startswith("not covered any more")
    assert "MFA Policy Exclusions" in skipped["Reason"]


def disable_the_policy(lab: Lab) -> None:
    base_policy(lab)["state"] = "disabled"


def weaken_the_strength(lab: Lab) -> None:
    lab.tenant.strengths[CUSTOM_STRENGTH] |= {"requirementsSatisfied": "none", "allowedCombinations": ["sms"]}


def widen_the_range(lab: Lab) -> None:
    lab.tenant.named_locations[BRANCH]["ipRanges"].append({"cidrAddress": "198.51.100.0/24"})


def furnish(lab: Lab) -> None:
    """Let the company rest on a strength of its own, and leave a branch to a policy for the site it lies in."""
    for location, cidr in ((HQ, "203.0.113.0/24"), (BRANCH, "203.0.113.128/25")):
        lab.tenant.named_locations[location] = {
            "@odata.type": "#microsoft.graph.ipNamedLocation",
            "id": location,
            "displayName": location,
            "isTrusted": True,
            "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": cidr}],
        }
    lab.tenant.strengths[CUSTOM_STRENGTH] = {
        "id": CUSTOM_STRENGTH,
        "displayName": "Keys",
        "policyType": "custom",
        "requirementsSatisfied": "mfa",
        "allowedCombinations": ["fido2"],
    }
    base = base_policy(lab)
    base["grantControls"] |= {"builtInControls": [], "authenticationStrength": {"id": CUSTOM_STRENGTH}}
    base["conditions"]["locations"] = {"includeLocations": ["All"], "excludeLocations": [BRANCH]}
    site = copy.deepcopy(base) | {"id": object_id("policy site"), "displayName": "At headquarters"}
    site["conditions"]["locations"] = {"includeLocations": [HQ], "excludeLocations": []}
    lab.tenant.policies[site["id"]] = site


# A policy that is not in force any more stops the run, once its wave is written.
@pytest.mark.parametrize(("change", "code"), [(disable_the_policy, 3), (weaken_the_strength, 1), (widen_the_range, 1)])
def test_a_change_by_another_administrator_in_mid_wave_is_noticed_within_one_check(
    change: Callable[[Lab], None], code: int, make_lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = make_lab(company(3, 300))
    furnish(lab)
    lab.configure(waves="percentages = [100]")
    lab.go("export")
    lab.go("plan")
    # Most people there have no key, which the strength asks for: they are in the wave of those who cannot answer yet.
    wave = max((planned(lab, str(number)) for number in range(1, 5)), key=len)
    assert len(wave) > 2 * IN_FLIGHT
    # The interval is five minutes; a test has seconds, so the clock jumps past it with the change.
    ahead = 0.0
    monkeypatch.setattr(run, "machine_time", lambda: time.time() + ahead)
    written: list[int] = []
    original = lab.server.sandbox.change_state

    def counting(place: int, state: str, caller: Any) -> None:
        nonlocal ahead
        original(place, state, caller)
        written.append(place)
        if len(written) == 40:
            change(lab)
            ahead = 301.0

    monkeypatch.setattr(lab.server.sandbox, "change_state", counting)

    lab.go("apply", "--yes", "--max-users", "100%", "--max-failures", "100%", code=code)

    off = lab.states()
    switched_off = [name for name in wave if off[name] == "disabled"]
    assert 40 <= len(written) <= 40 + IN_FLIGHT
    assert switched_off
    lab.go("audit", "export")
    skipped = {
        row["UserPrincipalName"]: row["Reason"]
        for row in csv_of(lab.workspace / "audit.csv")
        if row["Outcome"] == "skipped"
    }
    assert set(wave) - set(skipped) == set(switched_off)
    assert all(reason.startswith("not covered any more") for reason in skipped.values())
