"""Exclusions that no other policy catches: whom each lets pass."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from migrate.decide.advice.open_doors import open_doors
from migrate.model.advice import Ended, OpenDoor
from migrate.model.evidence import ChangedBy, Evidence
from migrate.model.now import Moment
from migrate.model.tenant_settings import UNANSWERED
from migrate.model.users import AnyUser
from migrate.views.open_doors import open_doors_answer
from tests.unit.decide.records import evidence, group, guest, object_id, policy, policy_of, profile, sync_role, user

ADMINS = "62e90394-69f5-4237-9190-012177145e10"


def doors(proof: Evidence, *users: AnyUser, emergency: tuple[str, ...] = ()) -> dict[tuple[Ended, str], OpenDoor]:
    found = open_doors(
        proof,
        users,
        emergency_access=frozenset(map(object_id, emergency)),
        apps_that_matter=None,
        baseline=UNANSWERED,
    )
    return {(one.what, one.target_name): one for one in found}


def limited(one: Any, **conditions: Any) -> Any:
    return policy_of({**one.raw, "conditions": {**one.raw["conditions"], **conditions}})


def test_an_excluded_group_whom_nothing_else_asks_is_an_open_door() -> None:
    proof = evidence(policy("On", excludeGroups=[object_id("vip")]), groups=(group("vip", "ada", "ben", "gone"),))
    gone = profile("gone", account_enabled=False)
    found = doors(proof, user("ada"), user("ben", "disabled"), user("cem"), user(gone))
    (one,) = found.values()
    assert (one.what, one.target_name, one.people, one.on_per_user_mfa) == (Ended.GROUP, "vip", 2, 1)
    assert one.sample == ("ada@contoso.example", "ben@contoso.example")


def test_an_exclusion_that_another_policy_catches_is_none() -> None:
    proof = evidence(
        policy("On", excludeGroups=[object_id("vip")]),
        policy("For them", includeUsers=[], includeGroups=[object_id("vip")]),
        groups=(group("vip", "ada"),),
    )
    assert doors(proof, user("ada"), user("ben")) == {}


def test_a_group_that_people_outside_administration_can_change_is_named_with_who_they_are() -> None:
    loose = structs.replace(group("vip", "ada"), changed_by=frozenset({ChangedBy.LESSER_ROLES, ChangedBy.RULE}))
    firm = structs.replace(group("safe", "ben"), changed_by=frozenset())
    both = [object_id("vip"), object_id("safe"), object_id("old")]
    proof = evidence(policy("On", excludeGroups=both), groups=(loose, firm, group("old", "cem")))
    found = doors(proof, user("ada"), user("ben"), user("cem"))
    assert {name: one.changed_by for (_, name), one in found.items()} == {
        "vip": (ChangedBy.LESSER_ROLES, ChangedBy.RULE),
        "safe": (),
        "old": (),
    }
    text = "\n".join(
        str(line)
        for line in open_doors_answer(tuple(found.values()), Moment(exported_at="2026-11-28T15:14:08Z")).lines()
    )
    assert "group 'vip' (1 pass by it) can be changed by people outside administration" in text
    assert "Finding: group 'safe'" not in text


def test_a_report_only_policy_catches_nobody_and_has_no_doors() -> None:
    proof = evidence(
        policy("On", excludeGroups=[object_id("vip")]),
        policy("Asleep", "enabledForReportingButNotEnforced", excludeGroups=[object_id("staff")]),
        groups=(group("vip", "ada"), group("staff", "ben")),
    )
    assert list(doors(proof, user("ada"), user("ben"))) == [(Ended.GROUP, "vip")]


def test_single_people_are_taken_together_and_those_who_have_to_be_spared_are_counted() -> None:
    ids = [object_id(name) for name in ("glass", "ada")]
    proof = evidence(policy("On", excludeUsers=ids, excludeRoles=[sync_role().template_id]), roles=(sync_role("sync"),))
    found = doors(proof, user("glass", "disabled"), user("ada"), user("sync", "disabled"), emergency=("glass",))
    single = found[Ended.PERSON, "single people"]
    assert (single.people, single.spared, single.on_per_user_mfa) == (2, 1, 1)
    role = found[Ended.ROLE, "Directory Synchronization Accounts"]
    assert (role.people, role.spared) == (1, 1)


def test_places_applications_platforms_and_guests_are_doors_for_whoever_could_come_through() -> None:
    one = policy(
        "On",
        excludeGuestsOrExternalUsers={"guestOrExternalUserTypes": "b2bCollaborationGuest,serviceProvider"},
    )
    proof = evidence(
        limited(
            one,
            locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]},
            applications={"includeApplications": ["All"], "excludeApplications": ["Office365"]},
            platforms={"includePlatforms": ["all"], "excludePlatforms": ["linux"]},
        )
    )
    found = doors(proof, user("ada"), user(guest("gus"), "disabled"))
    assert {what: door.people for (what, _), door in found.items()} == {
        Ended.LOCATION: 1,
        Ended.APPLICATION: 1,
        Ended.PLATFORM: 1,
        Ended.GUESTS: 1,
    }
