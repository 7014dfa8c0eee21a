"""Whom `advise` proposes to leave out, and by which entry of the configuration."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import structs

from migrate.decide.people.leaving_out import LeavingOut
from migrate.model.advice import CreateOurs, Remedy, WidenOurs
from migrate.model.leaving_out import LeaveOut, LeftOutBy
from migrate.model.people import Certainty, PersonAtRisk, RiskList
from migrate.model.policy_exclusions import ExcludedBy, PolicyExclusion
from migrate.model.templates import Template
from migrate.model.users import AnyUser
from migrate.views.leaving_out import left_out_lines
from tests.unit.decide.records import object_id, rules, user

CREATE = CreateOurs(policy_id="ours", policy="Require MFA", template=Template.ALL_USERS)
WIDEN = WidenOurs(policy_id="ours", policy="Require MFA")
LEGACY = CreateOurs(policy_id="legacy", policy="Block legacy", template=Template.LEGACY_AUTHENTICATION)
PROGRAM, MAILBOX = RiskList.SERVICE_ACCOUNTS, RiskList.SHARED_MAILBOXES


def listed(who: AnyUser, which: RiskList) -> PersonAtRisk:
    return PersonAtRisk(
        list=which,
        user_id=who.profile.id,
        user_principal_name=who.profile.user_principal_name,
        display_name=None,
        is_guest=False,
        certainty=Certainty.LOOKS_LIKE,
        evidence=(),
        used=(),
        last_seen=None,
    )


def proposed(which: RiskList, state: str, steps: Sequence[Remedy] = (), *, create: bool = False) -> list[LeftOutBy]:
    leaving = LeavingOut(rules(create=create), frozenset())
    who = user("svc", state)
    leaving.take(who, [listed(who, which), listed(who, RiskList.MUST_REGISTER)])
    return [one.by for one in leaving.proposed(steps)]


@pytest.mark.parametrize(
    ("which", "state", "steps", "expected"),
    [
        (PROGRAM, "disabled", [CREATE], [LeftOutBy.OF_THE_POLICY]),
        (PROGRAM, "disabled", [WIDEN], [LeftOutBy.OF_THE_POLICY]),
        (PROGRAM, "enabled", [CREATE], [LeftOutBy.OF_THE_POLICY]),
        (PROGRAM, "enforced", [CREATE], [LeftOutBy.OF_BOTH]),
        (PROGRAM, "enforced", [], [LeftOutBy.OF_THE_WAVES]),
        (PROGRAM, "disabled", [], []),
        (PROGRAM, "disabled", [LEGACY], []),
        (MAILBOX, "enabled", [CREATE], [LeftOutBy.OF_THE_WAVES]),
        (MAILBOX, "disabled", [CREATE], []),
        (RiskList.LEGACY_CLIENTS, "enforced", [CREATE], []),
    ],
)
def test_what_leaves_an_account_out_follows_from_what_would_ask_it(
    which: RiskList, state: str, steps: list[Remedy], expected: list[LeftOutBy]
) -> None:
    assert proposed(which, state, steps) == expected


def test_a_policy_that_the_configuration_creates_asks_without_any_step() -> None:
    assert proposed(PROGRAM, "disabled", create=True) == [LeftOutBy.OF_THE_POLICY]


def test_nobody_is_proposed_about_whom_it_is_decided_or_who_holds_a_role() -> None:
    names = ["excluded", "emergency", "holder", "open"]
    out = PolicyExclusion(
        by=ExcludedBy.USER, id=object_id("excluded").upper(), name="e", reason="r", expires="2027-06-30"
    )
    ruled = structs.replace(rules(create=True), policy_exclusions=(out,), emergency_access=(object_id("emergency"),))
    leaving = LeavingOut(ruled, frozenset([object_id("holder")]))
    for name in names:
        leaving.take(user(name, "disabled"), [listed(user(name, "disabled"), PROGRAM)])
    assert [one.user_id for one in leaving.proposed(())] == [object_id("open")]


def test_each_account_is_named_with_the_entry_to_write() -> None:
    found = [
        LeaveOut(list=which, by=by, user_id=object_id(name), user_principal_name=f"{name}@contoso.example")
        for which, by, name in (
            (PROGRAM, LeftOutBy.OF_BOTH, "svc-scan"),
            (PROGRAM, LeftOutBy.OF_THE_POLICY, "svc-mail"),
            (MAILBOX, LeftOutBy.OF_THE_WAVES, "room1"),
        )
    ]
    said = "\n".join(left_out_lines(found))
    assert '[[exclude]] user = "svc-scan@contoso.example" with from_policy = true' in said
    assert '[[policy.exclude]] user = "svc-mail@contoso.example"' in said
    assert "1 account like rooms or shared mailboxes: room1@contoso.example" in said
    assert '[[exclude]] user = "room1@contoso.example"\n' in said
    assert list(left_out_lines(())) == []


def test_a_long_list_is_cut_and_says_so() -> None:
    found = [
        LeaveOut(
            list=PROGRAM,
            by=LeftOutBy.OF_THE_POLICY,
            user_id=object_id(str(n)),
            user_principal_name=f"svc{n}@contoso.example",
        )
        for n in range(7)
    ]
    said = "\n".join(left_out_lines(found))
    assert "7 accounts like service accounts" in said
    assert "svc4@contoso.example and 2 more" in said
