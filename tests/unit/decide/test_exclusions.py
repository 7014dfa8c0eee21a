"""Whom our policy leaves out, whom it hits all the same, and of whom neither way requires MFA."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from migrate.decide.accounts_of_nobody import guess_at
from migrate.decide.own_policies import marker_for
from migrate.decide.planner import Planner
from migrate.decide.policy_steps import NO_PAST, OwnPast
from migrate.model.evidence import Evidence
from migrate.model.plan import ExcludedUser, PlanAction, PlanHeader
from migrate.model.policy_exclusions import ExcludedBy, ExcludedKind, Nobody, PolicyExclusion, Sign
from migrate.model.policy_scope import SetPolicyScope, users_of
from migrate.model.sign_ins import WaysSeen
from migrate.model.steps import CreatePolicy
from migrate.model.templates import Template
from tests.unit.decide.records import (
    ROOM_SKU,
    TENANT,
    UNREGISTERED,
    evidence,
    group,
    guest,
    limits,
    object_id,
    policy_of,
    profile,
    rules,
    sku,
    snapshot,
    sync_role,
    user,
)

KEY = marker_for(TENANT, Template.ALL_USERS)


def left_out(name: str, by: ExcludedBy = ExcludedBy.USER, **others: Any) -> PolicyExclusion:
    fields: dict[str, Any] = {
        "by": by,
        "id": name if by is ExcludedBy.KIND else object_id(name),
        "name": name,
        "reason": "no person",
        "expires": "2027-06-30",
    }
    return PolicyExclusion(**{**fields, **others})


def keeps(name: str, *, from_policy: bool = False) -> dict[str, ExcludedUser]:
    one = ExcludedUser(user_id=object_id(name), reason="later", expires="2027-06-30", from_policy=from_policy)
    return {one.user_id: one}


def planned(
    users: list[Any],
    *exclusions: PolicyExclusion,
    proof: Evidence | None = None,
    past: OwnPast = NO_PAST,
    seen: WaysSeen | None = None,
    **more: Any,
) -> tuple[PlanHeader, dict[str, PlanAction]]:
    rule = rules(create=True, policy_exclusions=exclusions, limits=limits(max_newly_required=100), **more)
    header = snapshot(len(users), sku(), sku("MEETING_ROOM", ROOM_SKU))
    planner = Planner(header, proof or evidence(groups=(group("Field", "finn"),)), rule, past)
    planner.know_sign_ins(seen)
    rows = list(planner.rows(users))
    return planner.header("cd" * 32, tool_version="0"), {
        row.user_principal_name.partition("@")[0]: row.action for row in rows
    }


def codes(header: PlanHeader) -> set[str]:
    return {note.code for note in header.notes}


def sentence(header: PlanHeader, code: str) -> str:
    (found,) = (note.sentence for note in header.notes if note.code == code)
    return found


def test_the_created_policy_leaves_out_people_groups_and_guests() -> None:
    header, actions = planned(
        [user("ada"), user("room"), user("finn")],
        left_out("room"),
        left_out("Field", ExcludedBy.GROUP),
        left_out(ExcludedKind.GUESTS, ExcludedBy.KIND),
    )
    create = header.policy_steps[0]
    assert isinstance(create, CreatePolicy)
    users = users_of(create.body)
    assert users["excludeUsers"] == [*rules().emergency_access, object_id("room"), "GuestsOrExternalUsers"]
    assert users["excludeGroups"] == [object_id("Field")]
    assert actions == {"ada": PlanAction.DISABLE, "room": PlanAction.HOLD, "finn": PlanAction.HOLD}
    assert [one.name for one in header.policy_exclusions] == ["room", "Field", "guests"]


def test_people_who_keep_per_user_mfa_are_in_the_policy_and_the_plan_names_them() -> None:
    header, _ = planned(
        [user("ada"), user("ben"), user("cleo", "enabled")], exclusions={**keeps("ben"), **keeps("cleo")}
    )
    said = sentence(header, "excluded-people-caught")
    assert "ben@contoso.example" in said
    assert "`from_policy = true` beside them leaves out the 1 who are enforced" in said
    assert "The other 1 are not enforced" in said


def test_from_policy_holds_only_while_the_state_read_is_enforced() -> None:
    kept = keeps("ben", from_policy=True)
    header, _ = planned([user("ben")], left_out("ben", ExcludedBy.KEEPS_MFA), exclusions=kept)
    assert not {"excluded-people-caught", "from-policy-not-enforced", "mfa-by-neither-way"} & codes(header)
    header, _ = planned([user("ben", "disabled")], exclusions=kept)
    assert "ben@contoso.example" in sentence(header, "from-policy-not-enforced")


@pytest.mark.parametrize(
    ("who", "exclusion", "neither"),
    [
        (user("room", "disabled"), left_out("room"), True),
        (user("room", "enabled"), left_out("room"), True),
        (user("room", "enforced"), left_out("room"), False),
        (user(profile("room", account_enabled=False), "disabled"), left_out("room"), False),
        (user("finn", "disabled"), left_out("Field", ExcludedBy.GROUP), True),
        (user(guest("gus"), "disabled"), left_out(ExcludedKind.GUESTS, ExcludedBy.KIND), True),
        (user("emergency1", "disabled"), left_out("emergency1"), False),
    ],
)
def test_who_is_left_out_and_not_enforced_has_mfa_by_neither_way(
    who: Any, exclusion: PolicyExclusion, neither: bool
) -> None:
    header, _ = planned([who], exclusion)
    assert (header.mfa_by_neither == (who.profile.user_principal_name,)) is neither
    assert ("mfa-by-neither-way" in codes(header)) is neither


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ((False, False), "`verify` fails on them unless each is accepted by name, with `accepted = true`"),
        ((True, False), "1 of them is accepted by name. `verify` fails on the other one unless each is"),
        ((True, True), "`verify` does not fail on them: each is accepted by name. Each is an open door"),
    ],
)
def test_who_has_mfa_by_neither_way_and_is_accepted_is_said(accepted: tuple[bool, bool], said: str) -> None:
    names = ("room", "hall")
    entries = [structs.replace(left_out(name), accepted=is_it) for name, is_it in zip(names, accepted, strict=True)]
    header, _ = planned([user(name, "disabled") for name in names], *entries)
    assert said in sentence(header, "mfa-by-neither-way")


def test_ending_an_exclusion_is_a_step_and_the_person_is_planned_behind_it() -> None:
    first, _ = planned([user("ada"), user("ben")], left_out("ben"))
    create = first.policy_steps[0]
    assert isinstance(create, CreatePolicy)
    proof = evidence(policy_of({**create.body, "id": object_id("ours"), "state": "enabled"}))
    past = OwnPast(written={KEY: create.body}, disabled=frozenset())
    header, actions = planned([user("ada"), user("ben")], proof=proof, past=past)
    (step,) = header.policy_steps
    assert isinstance(step, SetPolicyScope)
    assert users_of(step.after)["excludeUsers"] == list(rules().emergency_access)
    assert actions["ben"] is PlanAction.DISABLE
    assert header.rests_on == (object_id("ours"),), "so the wave waits until the change has settled"


def test_that_somebody_edited_the_policy_is_said() -> None:
    first, _ = planned([user("ada")])
    create = first.policy_steps[0]
    assert isinstance(create, CreatePolicy)
    there = {**create.body, "id": object_id("ours"), "state": "enabled"}
    past = OwnPast(written={KEY: create.body}, disabled=frozenset())
    assert "own-policy-edited" not in codes(planned([user("ada")], proof=evidence(policy_of(there)), past=past)[0])
    edited = policy_of({**there, "sessionControls": {"persistentBrowser": {"isEnabled": True, "mode": "never"}}})
    assert "own-policy-edited" in codes(planned([user("ada")], proof=evidence(edited), past=past)[0])


def test_leaving_out_somebody_whose_mfa_was_disabled_here_is_a_blocker() -> None:
    first, _ = planned([user("ada")])
    create = first.policy_steps[0]
    assert isinstance(create, CreatePolicy)
    proof = evidence(policy_of({**create.body, "id": object_id("ours"), "state": "enabled"}))
    past = OwnPast(written={KEY: create.body}, disabled=frozenset({object_id("ben")}))
    header, _ = planned([user("ben", "disabled")], left_out("ben"), proof=proof, past=past)
    assert "narrowing-uncovers" in {note.code for note in header.blockers}


def test_a_day_that_has_come_edits_nothing_and_is_said() -> None:
    header, actions = planned([user("ben")], left_out("ben", expires="2026-11-24"))
    assert "policy-exclusion-expired" in codes(header)
    assert actions["ben"] is PlanAction.HOLD, "the policy still leaves ben out"


def test_many_single_people_are_better_kept_in_a_group() -> None:
    people = [left_out(f"u{number}") for number in range(51)]
    assert "New-MgGroup" in sentence(planned([user("ada")], *people)[0], "many-excluded-people")
    assert "many-excluded-people" not in codes(planned([user("ada")], *people[:50])[0])


def test_an_administrator_who_is_left_out_is_named() -> None:
    proof = evidence(roles=(sync_role("sync"),))
    header, _ = planned([user("sync")], left_out("sync"), proof=proof)
    assert "sync@contoso.example" in sentence(header, "excluded-role-holder")


def nobody(name: str, **others: Any) -> Any:
    return user(profile(name, assigned_licenses=(), **others), "disabled", UNREGISTERED)


@pytest.mark.parametrize(
    ("who", "like"),
    [
        (user(profile("berlin", assigned_licenses=(ROOM_SKU,)), "disabled"), Nobody.ROOM),
        (nobody("room5"), Nobody.ROOM),
        (nobody("svc-erp"), Nobody.SERVICE_ACCOUNT),
        (nobody("scan.floor2"), Nobody.SERVICE_ACCOUNT),
        (nobody("info"), Nobody.SHARED_MAILBOX),
        # A name alone says nothing, and neither does what was not read.
        (user("svc-erp"), None),
        (user(profile("svc-erp", assigned_licenses=()), "disabled", None), None),
        (user(profile("info", assigned_licenses=None), "disabled", UNREGISTERED), None),
        (nobody("ada"), None),
        (nobody("services.mueller"), None),
        (user(guest("svc"), "disabled", UNREGISTERED), None),
    ],
)
def test_accounts_that_may_have_nobody_are_told_by_more_than_their_name(who: Any, like: Nobody | None) -> None:
    guess = guess_at(who, frozenset({ROOM_SKU}), frozenset())
    assert (None if guess is None else guess.is_like) is like
    assert guess is None or len(guess.signs) > 1 or Sign.ROOM_LICENCE in guess.signs


def outside(*names: str) -> WaysSeen:
    return WaysSeen(
        since="2026-10-25T00:00:00Z",
        until="2026-11-24T00:00:00Z",
        holes=0,
        lost=(),
        last={},
        outside=frozenset(map(object_id, names)),
    )


def by_kind(name: str) -> PolicyExclusion:
    return left_out(name, ExcludedBy.KIND, id=object_id(name))


def test_who_signed_in_from_outside_is_never_proposed() -> None:
    header, _ = planned([nobody("svc-erp"), nobody("svc-travels")], seen=outside("svc-travels"))
    assert [one.user_id for one in header.proposals] == [object_id("svc-erp")]
    assert "sign-ins since 2026-10-25" in sentence(header, "exclusion-proposed")


def test_who_is_left_out_by_kind_and_was_seen_outside_is_named() -> None:
    people = [nobody("room5"), nobody("room6"), nobody("room7", account_enabled=False), nobody("svc-erp")]
    kinds = [by_kind(name) for name in ("room5", "room6", "room7")]
    seen = outside("room6", "room7", "svc-erp")
    said = sentence(planned(people, *kinds, left_out("svc-erp"), seen=seen)[0], "kind-seen-outside")
    assert "since 2026-10-25: room6@contoso.example. Somebody" in said, "nobody can sign in with room7"
    assert "as user =" in said
    header, _ = planned(people, *kinds, seen=outside("ada"))
    assert not {"kind-seen-outside", "kind-without-sign-ins"} & codes(header)


def test_that_nobody_looked_whether_they_were_seen_outside_is_said() -> None:
    said = sentence(planned([nobody("room5")], by_kind("room5"))[0], "kind-without-sign-ins")
    assert said.startswith("1 account left out by `kind` in [[policy.exclude]] (room5@contoso.example)")
    assert "`mfa-migrate sign-ins read`" in said
    for others in ([left_out("room5")], [left_out(ExcludedKind.GUESTS, ExcludedBy.KIND)]):
        assert "kind-without-sign-ins" not in codes(planned([nobody("room5"), user(guest("gus"))], *others)[0])


@pytest.mark.parametrize("is_first", [True, False])
def test_who_is_named_by_name_too_was_decided_about(is_first: bool) -> None:
    both = [left_out("room5"), by_kind("room5")]
    header, _ = planned([nobody("room5")], *(both if is_first else reversed(both)), seen=outside("room5"))
    assert "kind-seen-outside" not in codes(header)


@pytest.mark.parametrize("by_name", [True, False])
def test_proposals_come_with_evidence_and_never_name_who_holds_a_role(by_name: bool) -> None:
    people = [nobody("svc-erp"), nobody("svc-admin"), nobody("info"), nobody("room5", account_enabled=False)]
    if by_name:
        proof = evidence(roles=(sync_role("svc-admin"),))
    else:
        # Of a role that no policy names.
        proof = structs.replace(evidence(), administrators=frozenset({object_id("svc-admin")}))
    header, _ = planned(people, proof=proof)
    found = {one.user_principal_name.partition("@")[0]: one for one in header.proposals}
    assert set(found) == {"svc-erp", "info"}
    assert found["svc-erp"].signs == (Sign.NO_LICENCE, Sign.NEVER_REGISTERED, Sign.NAME_PATTERN)
    assert '[[policy.exclude]] user = "svc-erp@contoso.example"' in sentence(header, "exclusion-proposed")
    assert "Block their sign-in" in sentence(header, "block-sign-in-advised")
    assert ("roles were looked at" in sentence(header, "exclusion-proposed")) is not by_name
    header, _ = planned(people, left_out("svc-erp"))
    assert "svc-erp" not in {one.user_principal_name.partition("@")[0] for one in header.proposals}
