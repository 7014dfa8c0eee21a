"""Report-only numbers, replay, people and gate against what the sandbox knows: sign-ins invented from a seed.

The truth of a replay is the same seed in a second tenant, in which the planned policies are enabled and the same
people's per-user MFA is disabled already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from migrate.model.people import RiskList
from migrate.sandbox.clock import iso
from migrate.sandbox.company import company
from migrate.sandbox.generated_sign_ins import seed_sign_ins
from migrate.sandbox.tenant import Tenant
from tests.contract.planted_accounts import Planted, name_places, plant
from tests.contract.risk_truth import NOISE, attempts, listed_in_truth, ours
from tests.e2e.laboratory import Lab, lab_in
from tests.e2e.test_sign_ins import sign_in

SIZES = [(300, 2_000), pytest.param((30_000, 60_000), marks=pytest.mark.long)]
DAYS, SEED = 8, 3
ON = "enabled"


def tenant_of(users: int, state: str) -> Tenant:
    """Return the company with every policy in one state, and named locations for whom is planted."""
    tenant = company(1, users)
    name_places(tenant)
    for policy in tenant.policies.values():
        policy["state"] = state
        policy["createdDateTime"] = policy["modifiedDateTime"] = "2026-01-01T00:00:00Z"
    return tenant


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}")
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Return a lab with report-only policies whose seeded log was read, and how large it is."""
    users, number = request.param
    with lab_in(tmp_path / "lab", tenant_of(users, "enabledForReportingButNotEnforced"), signin_lag_seconds=0.0) as lab:
        planted = seed(lab, number)
        lab.advance(3600)
        lab.go("export")
        lab.go("sign-ins", "read", "--days", str(DAYS + 1), "--max-rows", "10000000")
        yield lab, users, number, planted


def seed(lab: Lab, number: int) -> dict[str, Planted]:
    """Let everybody sign in, and plant who belongs to each list and who just does not; return these by object id."""
    seed_sign_ins(lab.server.sandbox, number, DAYS, SEED)
    return plant(lab.server.sandbox)


Read = tuple[Lab, int, int, dict[str, Planted]]


def test_everything_that_is_said_of_the_log_is_what_happened(read: Read, tmp_path: Path) -> None:
    lab, users, number, planted = read
    people_agree(lab, planted)
    report_only_agrees(lab)
    replay_agrees(lab, users, number, tmp_path)


def people_agree(lab: Lab, planted: dict[str, Planted]) -> None:
    """Hold every list against what the sandbox knows: nobody's MFA at home is trusted, then every Entra tenant's."""
    lists_agree(lab, lab.go("people", "-o", "json").document, {one: each.lists for one, each in planted.items()})
    lab.tenant.cross_tenant_default = {"inboundTrust": {"isMfaAccepted": True}}
    trusted = {one: each.lists if each.trusted is None else each.trusted for one, each in planted.items()}
    lists_agree(lab, lab.go("people", "--live", "-o", "json").document, trusted, home_is_trusted=True)
    lab.tenant.cross_tenant_default = {}


def lists_agree(lab: Lab, document: dict[str, Any], planted: dict[str, str], *, home_is_trusted: bool = False) -> None:
    truth = listed_in_truth(lab.server.sandbox, home_is_trusted=home_is_trusted)
    every = {one.value for one in RiskList}
    assert set(truth) == every, "each list has somebody, and is compared"
    listed: dict[str, dict[str, Counter[str]]] = {one["list"]: {} for one in document["lists"]}
    last: dict[str, str] = {each["userId"]: each["createdDateTime"] for each in ours(lab.tenant)}
    for one in document["people"]:
        assert one["userId"] not in listed[one["list"]], "nobody stands twice in a list"
        used = listed[one["list"]].setdefault(one["userId"], Counter())
        for each in one["used"]:
            used[each["client"]] += each["attempts"]
        assert (one["lastSeen"] and iso(one["lastSeen"])) == last.get(one["userId"])
    assert set(listed) == every
    for which in every:
        assert listed[which] == truth[which], which
    assert {one["list"]: one["people"] for one in document["lists"]} == {one: len(truth[one]) for one in every}
    # Whoever was planted for a rule stands where it was planted for, and nowhere else.
    found: dict[str, set[str]] = {user_id: set() for user_id in planted}
    for which, people in listed.items():
        for user_id in people.keys() & found.keys():
            found[user_id].add(which)
    assert found == {user_id: set(lists.split()) for user_id, lists in planted.items()}


def report_only_agrees(lab: Lab) -> None:
    found = lab.go("sign-ins", "report-only", "-o", "json").document["policies"]
    assert len(found) == len(lab.tenant.policies)
    done = attempts(ours(lab.tenant))
    for one in found:
        numbers = one["numbers"]
        would: Counter[str] = Counter()
        for count in numbers["counts"]:
            word = count["would"]
            interrupted = word.startswith("interrupted") or word == "requiredAlready"
            would["interrupted" if interrupted else word] += count["attempts"]
        truth: Counter[str] = Counter()
        for each in done:
            result = next(
                p["result"] for p in each["appliedConditionalAccessPolicies"] if p["id"] == numbers["policyId"]
            )
            if result != "reportOnlyNotApplied":
                truth[result.removeprefix("reportOnly").lower()] += 1
        assert would == truth, numbers["displayName"]


def replay_agrees(lab: Lab, users: int, number: int, folder: Path) -> None:
    names = [policy["displayName"] for policy in lab.tenant.policies.values()]
    lab.configure(
        policy=f"switch_on = {names!r}".replace("'", '"'),
        limits="max_newly_required = 1000000\nmax_not_mfa_capable = 1000000\nmax_newly_blocked = 1000000",
    )
    lab.go("plan")
    off = {row["ObjectId"] for row in lab.plan_rows().values() if row["Action"] == "disable"}
    assert off
    replay = lab.go("sign-ins", "replay", "-o", "json").document["replay"]
    assert [one["displayName"] for one in replay["calibration"] if one["disagreed"]] == []
    changed: dict[str, set[str]] = {}
    for one in replay["changed"]:
        changed.setdefault(one["change"], set()).update(one["people"])
    future = tenant_of(users, ON)
    for place in range(len(future.people)):
        if future.people.user_id(place) in off:
            future.people.set_mfa_state(place, "disabled")
    with lab_in(folder / "future", future, signin_lag_seconds=0.0) as other:
        seed(other, number)
        after = by_person(other)
    before = by_person(lab)
    truth: dict[str, set[str]] = {}
    for was, is_ in zip(before, after, strict=True):
        assert was["userId"] == is_["userId"]
        if was["resourceTenantId"] == lab.tenant.id and was["status"]["errorCode"] not in NOISE:
            truth.setdefault(change(was, is_), set()).add(was["userId"])
    for word in ("newlyBlocked", "newlyRequired", "losesMfa"):
        assert changed.get(word, set()) == truth.get(word, set()), word
    assert truth["newlyBlocked"]
    assert truth["newlyRequired"]


def by_person(lab: Lab) -> list[dict[str, Any]]:
    """Return the ends of all attempts, those of each person together and in order."""
    ended = (each for each in lab.tenant.sign_ins if each["status"]["errorCode"] != 50074)
    return sorted(ended, key=lambda each: str(each["userId"]))


def change(was: dict[str, Any], is_: dict[str, Any]) -> str:
    """Return what became of one sign-in, by both tenants' own words."""
    asked, will_be = bool(was["authenticationRequirementPolicies"]), bool(is_["authenticationRequirementPolicies"])
    code, succeeded = is_["status"]["errorCode"], was["status"]["errorCode"] == 0
    if code in (53003, 530035):
        return "newlyBlocked" if succeeded else "same"
    if succeeded and not asked and will_be:
        return "newlyBlocked" if was["authenticationProtocol"] == "ropc" else "newlyRequired"
    return "losesMfa" if asked and not will_be else "same"


GATES = [(300, 2_000), pytest.param((30_000, 20_000), marks=pytest.mark.long)]
PLANTED = 20
"""So many people of the wave are set to enforced again behind its back."""
AFTER_CHANGE = {50078, 70043, 50173}


@pytest.mark.parametrize("size", GATES, ids=lambda size: f"{size[0]}")
def test_the_gate_says_of_a_wave_what_happened_before_and_after_it(tmp_path: Path, size: tuple[int, int]) -> None:
    users, number = size
    with lab_in(tmp_path / "lab", company(1, users), signin_lag_seconds=0.0) as lab:
        lab.configure(waves="percentages = [50, 100]", limits='max_failures = "100%"')
        seed_sign_ins(lab.server.sandbox, number, DAYS, SEED)
        before = list(lab.tenant.sign_ins)
        lab.advance(2 * 3600)
        lab.go("export")
        lab.go("plan")
        lab.go("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--until", "wave:2")
        wave = {row["ObjectId"] for row in lab.plan_rows().values() if row["Wave"] == "2"}
        places = {user_id: place for place in range(users) if (user_id := lab.tenant.people.user_id(place)) in wave}
        moved = {one for one, place in places.items() if lab.tenant.people.mfa_state(place) == "disabled"}
        assert len(moved) > 20
        planted = set(sorted(moved)[:PLANTED])
        for user_id in planted:
            lab.tenant.people.set_mfa_state(places[user_id], "enforced")
        lab.advance(5 * 86_400)
        seed_sign_ins(lab.server.sandbox, number // 5, 4, SEED + 1)
        known = {each["id"] for each in before}
        locked_out = plant_a_lockout(lab, before, known, moved - planted)
        after = [each for each in lab.tenant.sign_ins if each["id"] not in known]
        lab.advance(3600)
        lab.go("sign-ins", "read", "--days", "20", "--max-rows", "10000000")
        (found,) = lab.go("sign-ins", "waves", "-o", "json").document["waves"]
        proof = found["proof"]
        assert proof["people"] == len(moved)
        done = {which: of_wave(lab, entries, moved) for which, entries in (("before", before), ("after", after))}
        for which, entries in done.items():
            people = {each["userId"] for each in entries}
            assert (proof[which]["attempts"], proof[which]["people"]) == (len(entries), len(people))
            assert proof[which]["asked"] == dict(Counter(who for each in entries for who in asked_by(each)))
        assert "perUser" in proof["before"]["asked"]
        gate_agrees(proof, planted, locked_out, **done)
        assert found["verdict"] == "stop"


def of_wave(lab: Lab, entries: Iterable[dict[str, Any]], moved: set[str]) -> list[dict[str, Any]]:
    """Return the interactive attempts of the wave's people."""
    here = attempts(each for each in entries if each["resourceTenantId"] == lab.tenant.id)
    return [each for each in here if each["isInteractive"] and each["userId"] in moved]


def plant_a_lockout(lab: Lab, before: list[dict[str, Any]], known: set[str], moved: set[str]) -> str:
    """Let somebody who succeeded before, and did nothing since, fail once; return the id."""
    since = {each["userId"] for each in lab.tenant.sign_ins if each["id"] not in known}
    passed = {each["userId"]: each["userPrincipalName"] for each in of_wave(lab, before, moved) if succeeded(each)}
    user_id = min(one for one, name in passed.items() if one not in since and "#" not in name)
    sign_in(lab, passed[user_id].split("@")[0], mfa=False)
    return user_id


def succeeded(entry: dict[str, Any]) -> bool:
    return bool(entry["status"]["errorCode"] == 0)


def gate_agrees(
    proof: dict[str, Any],
    planted: set[str],
    locked_out: str,
    *,
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
) -> None:
    """Hold the people whom the gate names against what happened: set back behind its back, and locked out."""
    checks = {one["check"]: one for one in proof["checks"]}
    per_user = {each["userId"] for each in after if "perUser" in asked_by(each)}
    assert per_user
    assert per_user <= planted, "nobody else is asked by per-user MFA any more"
    assert set(checks["perUserGone"]["people"]) == per_user
    passed_before, passed_after = ({each["userId"] for each in some if succeeded(each)} for some in (before, after))
    failed = {each["userId"] for each in after if each["status"]["errorCode"] not in {0, *AFTER_CHANGE}}
    locked = (passed_before & failed) - passed_after
    assert locked_out in locked
    assert set(checks["lockedOut"]["people"]) == locked
    active = {each["userId"] for each in before}
    again = active & {each["userId"] for each in after}
    assert checks["seenAgain"]["number"] == pytest.approx(len(again) / len(active))


def asked_by(entry: dict[str, Any]) -> set[str]:
    """Return who asked for MFA, in the words of the proof."""
    words = {"user": "perUser", "multiConditionalAccess": "conditionalAccess"}
    return {words[each["requirementProvider"]] for each in entry["authenticationRequirementPolicies"]} or {"nobody"}
