"""Past sign-ins under the planned policies, by whole commands: what was planted in the sandbox is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from migrate.model.sign_ins import SeenAs
from migrate.store.sign_ins import SignInBook
from tests.e2e.laboratory import Lab
from tests.e2e.test_sign_ins import sign_in


def read(lab: Lab) -> None:
    lab.advance(3600)
    lab.go("export")
    lab.go("sign-ins", "read", "--days", "1")


def changes(lab: Lab) -> dict[str, list[dict[str, Any]]]:
    document = lab.go("sign-ins", "replay", "-o", "json").document["replay"]
    found: dict[str, list[dict[str, Any]]] = {}
    for one in document["changed"]:
        found.setdefault(one["change"], []).append(one)
    return found


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab(signin_lag_seconds=0.0)


def switch_on_for_everybody(lab: Lab, **conditions: Any) -> None:
    """Leave one enabled policy that asks everybody for MFA, under these conditions."""
    kept, *others = lab.tenant.policies.values()
    for policy in others:
        policy["state"] = "disabled"
    kept["state"] = "enabled"
    kept["conditions"]["users"] |= {
        "includeUsers": ["All"],
        "excludeUsers": [],
        "excludeGroups": [],
        "excludeRoles": [],
    }
    kept["conditions"]["applications"] |= {"includeApplications": ["All"], "excludeApplications": []}
    kept["conditions"].update({"clientAppTypes": ["all"], "locations": None, "platforms": None, **conditions})
    kept["grantControls"] = {"operator": "OR", "builtInControls": ["mfa"]}


def test_our_judgement_agrees_with_what_the_log_says_of_each_policy(lab: Lab) -> None:
    for name in ("alma.berg", "ben.frost", "cleo.nair"):
        for client in ("browser", "mobileAppsAndDesktopClients", "imap"):
            for platform in ("windows", "iOS"):
                sign_in(lab, name, client=client, platform=platform)
    read(lab)
    replay = lab.go("sign-ins", "replay", "-o", "json").document["replay"]
    compared = [one for one in replay["calibration"] if one["agreed"] + one["disagreed"]]
    assert compared
    assert [one["displayName"] for one in compared if one["disagreed"]] == []


def test_a_planted_loss_of_mfa_is_found_and_blocks_the_plan(lab: Lab) -> None:
    switch_on_for_everybody(lab, clientAppTypes=["browser", "mobileAppsAndDesktopClients"])
    sign_in(lab, "alma.berg")
    read(lab)
    assert "losesMfa" not in changes(lab)
    header = lab.go("plan", "-o", "json").document
    assert "replay-loses-mfa" not in str(header)
    # The configuration accepts a region in which alma signs in, so that nobody would ask there.
    switch_on_for_everybody(lab, platforms={"includePlatforms": ["windows"], "excludePlatforms": []})
    lab.configure(
        more="\n".join(
            f'[[accept_partial]]\ngap = "{gap}"\nreason = "tried"\nexpires = 2027-06-30'
            for gap in (
                "platform:android",
                "platform:iOS",
                "platform:macOS",
                "platform:linux",
                "platform:unknown",
                "platform:windowsPhone",
            )
        )
    )
    sign_in(lab, "alma.berg", platform="iOS")
    lab.advance(3600)
    lab.go("export")
    lab.go("sign-ins", "forget", "--all")
    lab.go("sign-ins", "read", "--days", "1")
    (lost,) = changes(lab)["losesMfa"]
    assert lost["people"] == [lab.id_of("alma.berg")]
    assert lost["kind"]["platform"] == "iOS"
    lab.go("plan")
    notes = {note["code"]: note["severity"] for note in lab.plan_header()["notes"]}
    assert notes["replay-loses-mfa"] == "blocker"
    assert "replay" in lab.go("apply", "--yes", "--max-users", "100%", code=3).err


def test_a_planted_service_account_that_would_be_blocked_is_found(lab: Lab) -> None:
    for policy in lab.tenant.policies.values():
        policy["state"] = "disabled"
    lab.set_state("alma.berg", "disabled")
    # Enabled and without a method: an old client gets in with the password until Conditional Access asks.
    lab.set_state("emil.stone", "enabled")
    place = lab.tenant.people.find(lab.id_of("emil.stone"))
    assert place is not None
    assert not lab.tenant.people.has_strong_method(place)
    sign_in(lab, "emil.stone", client="imap")
    for _ in range(3):
        sign_in(lab, "alma.berg", client="smtp")
    switch_on_for_everybody(lab)
    read(lab)
    found = changes(lab)["newlyBlocked"]
    assert sorted((one["attempts"], one["kind"]["client"], one["people"]) for one in found) == [
        (1, "IMAP4", [lab.id_of("emil.stone")]),
        (3, "Authenticated SMTP", [lab.id_of("alma.berg")]),
    ]
    assert lab.go("sign-ins", "replay", "--exit-code", code=1).out
    lab.go("plan")
    assert "replay-newly-blocked" in {note["code"] for note in lab.plan_header()["notes"]}


def test_without_a_log_there_is_nothing_to_replay_and_the_plan_is_as_ever(lab: Lab) -> None:
    lab.go("export")
    assert "No sign-in log was read." in lab.go("sign-ins", "replay", code=2).err
    lab.go("plan")
    assert not [note for note in lab.plan_header()["notes"] if note["code"].startswith("replay")]


def test_a_plan_reads_the_log_once_for_all_that_asks_for_it_and_its_report_once_more(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(lab, "alma.berg", client="imap")
    read(lab)
    opened: list[int] = []
    people = SignInBook.people

    def noted(book: SignInBook, source: int) -> Iterator[SeenAs]:
        opened.append(source)
        return people(book, source)

    monkeypatch.setattr(SignInBook, "people", noted)
    lab.go("plan")
    assert opened == [1, 1]
