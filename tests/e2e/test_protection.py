"""Nobody is left unprotected: what changes between plan and write is seen, and whoever lost the proof is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.laboratory import Lab, ask, csv_of

APPLY = ("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab")


@pytest.fixture
def planned(lab: Lab) -> Lab:
    lab.go("export")
    lab.go("plan")
    return lab


def everybody(lab: Lab) -> dict[str, Any]:
    """Return the policy on which everybody rests, as the sandbox holds it."""
    return next(p for p in lab.tenant.policies.values() if p["displayName"] == "Require MFA for all users")


def set_policy_state(lab: Lab, state: str) -> None:
    path = f"{lab.url}/v1.0/identity/conditionalAccess/policies/{everybody(lab)['id']}"
    ask(path, "PATCH", {"state": state})


def exclude(lab: Lab, name: str) -> None:
    """Put somebody into the group that the policy excludes, as a colleague might in the meantime."""
    group = next(g for g in lab.tenant.groups if g.json["displayName"] == "MFA Policy Exclusions")
    place = lab.tenant.people.find(lab.name_of(name))
    assert place is not None
    lab.tenant.groups.add_user(group, place)


def planned_names(lab: Lab) -> set[str]:
    return {name for name, row in lab.plan_rows().items() if row["Action"] == "disable"}


def audit(lab: Lab) -> list[dict[str, str]]:
    lab.go("audit", "export")
    return csv_of(lab.workspace / "audit.csv")


def test_whoever_lost_the_proof_since_the_plan_is_skipped_with_the_reason(planned: Lab) -> None:
    exclude(planned, "ben.frost")
    rehearsed = planned.go("apply", "--what-if").out
    assert "! ben.frost@contoso.example: not covered" in rehearsed
    ran = planned.go(*APPLY, "--max-failures", "1", code=1)
    assert "1 skipped" in ran.out
    assert planned.state_of("ben.frost") == "enforced"
    others = planned_names(planned) - {planned.name_of("ben.frost")}
    assert {planned.states()[name] for name in others} == {"disabled"}
    (row,) = (row for row in audit(planned) if row["ObjectId"] == planned.id_of("ben.frost"))
    assert row["Outcome"] == "skipped"
    assert row["Reason"].startswith("not covered")
    assert "MFA Policy Exclusions" in row["Reason"]
    rollback = {row["ObjectId"] for row in csv_of(planned.workspace / "rollback.csv")}
    assert planned.id_of("ben.frost") not in rollback, "the way back names only whom we touched"


def test_more_of_them_than_allowed_stop_the_wave_before_anybody_is_switched_off(planned: Lab) -> None:
    for name in ("alma.berg", "ben.frost", "cleo.nair"):
        exclude(planned, name)
    before = planned.states()
    ran = planned.go(*APPLY, code=1)
    assert "Stopped by --max-failures." in ran.out
    assert planned.states() == before


def test_a_policy_that_was_switched_off_since_the_export_makes_the_plan_stale(planned: Lab) -> None:
    before = planned.states()
    set_policy_state(planned, "disabled")
    refused = planned.go(*APPLY, code=3)
    assert "changed since the export" in refused.err
    assert planned.states() == before


def test_a_policy_that_is_switched_off_during_a_run_stops_it(planned: Lab) -> None:
    planned.go(*APPLY, "--until", "wave:1")
    before = planned.states()
    set_policy_state(planned, "enabledForReportingButNotEnforced")
    stopped = planned.go(*APPLY, code=1)
    assert "--max-failures" in stopped.out
    assert planned.states() == before, "report-only protects nobody"
    found = planned.go("verify", code=1)
    assert found.out.count("! not-covered") == 3
    set_policy_state(planned, "enabled")
    assert "The apply is through." in planned.go(*APPLY).out
    planned.go("verify")


def test_a_policy_switched_on_just_now_has_to_settle_first(lab: Lab) -> None:
    set_policy_state(lab, "disabled")
    set_policy_state(lab, "enabled")
    lab.go("export")
    lab.go("plan")
    before = lab.states()
    waiting = lab.go("apply", "--yes", "--max-users", "100%")
    assert "has to settle" in waiting.out
    assert lab.states() == before
    lab.advance(86_400 + 60)
    assert "The apply is through." in lab.go("apply", "--yes", "--max-users", "100%").out


def test_an_emergency_access_account_with_per_user_mfa_on_is_in_no_step(lab: Lab) -> None:
    for name in ("emergency1", "emergency2"):
        lab.set_state(name, "enforced")
    lab.requests()  # our own writes are not the question
    lab.go("export")
    lab.go("plan")
    accounts = {lab.id_of("emergency1"), lab.id_of("emergency2")}
    lab.go(*APPLY)
    touched = {row["ObjectId"] for row in audit(lab)} | {
        row["ObjectId"] for row in csv_of(lab.workspace / "rollback.csv")
    }
    assert not accounts & touched
    assert not [call for call in lab.requests() if call["method"] == "PATCH" and call["path"].split("/")[1] in accounts]
    assert {lab.state_of("emergency1"), lab.state_of("emergency2")} == {"enforced"}


@pytest.mark.parametrize(
    ("tables", "more", "name", "reason"),
    [
        ({"top": "guests = false"}, "", "jill.cross", "guest: "),
        (
            {},
            '[[exclude]]\nuser = "alma.berg@contoso.example"\nreason = "on leave"\nexpires = 2099-12-31',
            "alma.berg",
            "excluded: on leave (until 2099-12-31)",
        ),
    ],
)
def test_whom_the_configuration_leaves_out_stays_out(
    lab: Lab, tables: dict[str, str], more: str, name: str, reason: str
) -> None:
    lab.configure(more, **tables)
    lab.go("export")
    lab.go("plan")
    row = lab.plan_rows()[lab.name_of(name)]
    assert row["Action"] == "hold"
    assert row["Reason"].startswith(reason)
    lab.go(*APPLY)
    assert lab.state_of(name) == "enforced"


def test_an_exclusion_that_has_expired_counts_no_more(lab: Lab) -> None:
    lab.configure('[[exclude]]\nuser = "alma.berg@contoso.example"\nreason = "on leave"\nexpires = 2020-01-01')
    lab.go("export")
    lab.go("plan")
    assert lab.plan_rows()[lab.name_of("alma.berg")]["Action"] == "disable"


def test_members_of_a_hidden_group_are_unknown_and_stay_untouched(lab: Lab) -> None:
    board = next(g for g in lab.tenant.groups if g.json["displayName"] == "Board")
    everybody(lab)["conditions"]["users"]["excludeGroups"].append(board.id)
    lab.go("export")
    planned = lab.go("plan").out
    assert (
        "Warning [unread-group] Policy 'Require MFA for all users' excludes group 'Board', whose members are hidden"
        in planned
    )
    assert set(lab.plan_header()["counts"]) >= {"hold/unknown"}
    assert planned_names(lab) == set(), "anybody may be in a group whose members cannot be seen"
    before = lab.states()
    lab.go(*APPLY)
    assert lab.states() == before


@pytest.mark.parametrize(
    ("trouble", "code"), [("security defaults", "security-defaults"), ("no licence", "no-licence")]
)
def test_what_stands_in_the_way_of_the_whole_tenant_blocks_the_plan(lab: Lab, trouble: str, code: str) -> None:
    lab.go("export")
    if trouble == "security defaults":
        lab.tenant.security_defaults = True
    else:
        lab.tenant.skus[0]["capabilityStatus"] = "Suspended"
    lab.go("export")
    assert f"BLOCKER [{code}]" in lab.go("plan", "--exit-code", code=1).out
    assert f"[{code}]" in lab.go(*APPLY, code=3).err
    lab.go("verify")


def test_planning_again_moves_nobody(planned: Lab) -> None:
    first = planned.workspace.joinpath("plan.csv").read_bytes()
    digest = planned.go("show", "-o", "json").document["digest"]
    planned.go("plan")
    assert planned.workspace.joinpath("plan.csv").read_bytes() == first
    assert planned.go("show", "-o", "json").document["digest"] == digest
    waves = {name: row["Wave"] for name, row in planned.plan_rows().items()}
    planned.configure(more='[[exclude]]\nuser = "ben.frost@contoso.example"\nreason = "x"\nexpires = 2099-12-31')
    planned.go("plan")
    moved = {name for name, row in planned.plan_rows().items() if row["Wave"] != waves[name]}
    assert moved == {planned.name_of("ben.frost")}


def test_a_method_that_went_missing_is_found_by_verify(planned: Lab) -> None:
    planned.go(*APPLY)
    place = planned.tenant.people.find(planned.name_of("alma.berg"))
    assert place is not None
    kept = planned.tenant.people.methods(place)[:2]
    planned.tenant.people.set_methods(place, kept)
    found = planned.go("verify", "-o", "json", code=1).document["findings"]
    assert [(finding["code"], finding["subject"]) for finding in found] == [
        ("method-missing", "alma.berg@contoso.example")
    ]
