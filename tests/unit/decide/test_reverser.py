"""A rollback is the plan reversed: every user to the state that was read, every policy step backwards."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.decide.reverser import (
    Source,
    TenantFacts,
    as_one_change,
    facts_of,
    policy_steps_of,
    rollback_for,
    selected,
    source_of,
    united,
)
from migrate.errors import UsageProblem
from migrate.model.evidence import PolicyState
from migrate.model.plan import PlanKind
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.rollback import ROLLBACK_FORMAT, ROLLBACK_KIND, CreatedPolicy, RollbackHeader, RollbackRow
from migrate.model.steps import CreatePolicy, DeletePolicy, PolicyStep, SetPolicyState
from migrate.model.users import MfaState
from tests.unit.decide.records import TENANT, header, object_id, step, switch

FACTS = TenantFacts(
    tenant_id=TENANT, tenant_name="Contoso", tenant_domain="contoso.example", cloud="global", endpoint=None
)
CREATE = CreatePolicy(key="mfa-migrate:abc", display_name="Ours", body={"displayName": "Ours"}, because="create")


def row(name: str, previous: str = "enforced", wave: int = 1) -> RollbackRow:
    return RollbackRow(
        user_id=object_id(name),
        user_principal_name=f"{name}@contoso.example",
        previous_state=MfaState(previous),
        target_state=MfaState.DISABLED,
        wave=wave,
        tenant_id=TENANT,
        plan_digest="ab" * 32,
    )


def rollback(rows: list[RollbackRow], steps: tuple[PolicyStep, ...] = (), **others: Any) -> Any:
    fields: dict[str, Any] = {
        "created_at": "2026-11-24T08:00:00Z",
        "tool_version": "0.1.0",
        "readback_timeout_seconds": 60,
    }
    return rollback_for(rows, steps, FACTS, **{**fields, **others})


def test_everybody_goes_back_to_the_state_that_was_read_last_wave_first() -> None:
    made = rollback([row("ada", wave=1), row("bob", "enabled", wave=3), row("eve", wave=2)])
    assert [(one.user_principal_name.split("@")[0], one.before, one.after) for one in made.steps] == [
        ("bob", "disabled", "enabled"),
        ("eve", "disabled", "enforced"),
        ("ada", "disabled", "enforced"),
    ]
    assert [(wave.number, wave.users) for wave in made.header.waves] == [(3, 1), (2, 1), (1, 1)]
    assert made.header.kind is PlanKind.ROLLBACK
    assert made.header.counts == {"restore": 3}


def changed(row: RollbackRow, plan: str, previous: str, target: str) -> RollbackRow:
    return msgspec.structs.replace(
        row, plan_digest=plan * 64, previous_state=MfaState(previous), target_state=MfaState(target)
    )


def book(*rows: RollbackRow, **others: Any) -> Source:
    return Source(**{"rows": rows, "policy_steps": (), "facts": FACTS, "whole": (), **others})


def test_two_books_together_lose_nobody_and_go_back_to_what_was_before_both() -> None:
    ada, bob, eve = row("ada"), row("bob"), row("eve")
    off = [changed(one, "1", "enforced", "disabled") for one in (ada, bob)]
    on = [changed(bob, "2", "disabled", "enabled"), changed(eve, "2", "enabled", "enforced")]
    both = united(book(*off, may_be_off=("x", eve.user_id)), book(*on, may_be_off=("y",)))
    assert {(one.user_principal_name[:3], one.previous_state, one.target_state) for one in both.rows} == {
        ("ada", "enforced", "disabled"),
        ("bob", "enforced", "enabled"),
        ("eve", "enabled", "enforced"),
    }
    assert both.may_be_off == ("x", "y")


@given(st.data())
def test_no_two_books_together_know_less_than_each(data: st.DataObject) -> None:
    people = [row(name) for name in "abcdef"]
    states = st.sampled_from(["enforced", "enabled", "disabled"])
    books = [
        book(*(changed(one, data.draw(st.sampled_from("12")), data.draw(states), data.draw(states)) for one in chosen))
        for chosen in (data.draw(st.lists(st.sampled_from(people), unique_by=lambda one: one.user_id)) for _ in "12")
    ]
    together = {one.user_id: one.previous_state for one in united(*books).rows}
    each = [{one.user_id: one.previous_state for one in known.rows} for known in books]
    assert set(together) == set(each[0]) | set(each[1])
    for user_id, state in together.items():
        known = {states[user_id] for states in each if user_id in states}
        assert state in known
        if state is MfaState.DISABLED:
            assert each[0].get(user_id, state) is MfaState.DISABLED, "put back to off, which was not the first state"


def test_a_policy_step_that_two_books_know_is_reversed_once() -> None:
    said = msgspec.structs.replace(CREATE, because="as the plan says")
    on = switch(PolicyState.REPORT_ONLY, PolicyState.ENABLED)
    both = united(book(policy_steps=(said, on)), book(policy_steps=(CREATE, on)))
    assert both.policy_steps == (said, on)


def test_it_waits_for_nothing_and_stops_for_no_failure() -> None:
    bounds = rollback([row("ada")], policy_settle_seconds=86400).header.limits
    assert (bounds.report_only_seconds, bounds.policy_settle_seconds, bounds.max_failures) == (0, 0, "100%")
    assert bounds.max_users is None


def test_undoing_a_rollback_switches_off_and_lets_policies_settle_first() -> None:
    off = RollbackRow(
        user_id=object_id("ada"),
        user_principal_name="ada@contoso.example",
        previous_state=MfaState.DISABLED,
        target_state=MfaState.ENFORCED,
        wave=1,
        tenant_id=TENANT,
        plan_digest="ab" * 32,
    )
    made = rollback([off], policy_settle_seconds=86400, emergency_access=(object_id("emergency1"),))
    assert made.header.counts == {"disable": 1}
    assert made.header.limits.policy_settle_seconds == 86400
    assert made.header.emergency_access == (object_id("emergency1"),)


def test_policies_go_back_in_reverse_order_and_each_step_is_reversed() -> None:
    on = switch("enabledForReportingButNotEnforced", "enabled")
    back = rollback([row("ada")], (CREATE, on)).header.policy_steps
    assert [type(one) for one in back] == [SetPolicyState, DeletePolicy]
    assert (back[0].before, back[0].after) == (PolicyState.ENABLED, PolicyState.REPORT_ONLY)
    assert back[1].body == CREATE.body


def test_two_rollbacks_from_another_point_of_the_journal_are_not_the_same_run() -> None:
    first, again, later = (rollback([row("ada")], made_from=point).header for point in ("aa", "aa", "bb"))
    assert first.digest == again.digest != later.digest


users = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from(["enabled", "enforced"]), st.integers(1, 5)),
    unique_by=lambda each: each[0],
    max_size=30,
)


@given(users)
def test_each_row_becomes_one_step_and_reversing_it_again_is_the_step_that_was_taken(rows: Any) -> None:
    given_rows = [row(f"user{number}", state, wave) for number, state, wave in rows]
    made = rollback(given_rows)
    forward = {one.user_id: one.reverse() for one in made.steps}
    assert forward.keys() == {each.user_id for each in given_rows}
    for each in given_rows:
        assert (forward[each.user_id].before, forward[each.user_id].after) == (
            each.previous_state,
            each.target_state,
        )
    assert [one.wave for one in made.steps] == sorted((one.wave for one in made.steps), reverse=True)
    assert sum(wave.users for wave in made.header.waves) == len(given_rows)
    assert rollback(list(reversed(given_rows))).header == made.header, "the order of the file does not matter"


steps = st.sampled_from(
    [
        step(),
        step(before="disabled", after="enabled"),
        CREATE,
        CREATE.reverse(),
        switch("enabled", "disabled"),
        switch("enabledForReportingButNotEnforced", "enabled"),
    ]
)


@given(steps)
def test_reversing_twice_is_the_same_change_and_reverse_is_closed(one: Any) -> None:
    back = one.reverse()
    again = back.reverse()
    assert type(again) is type(one)
    for name in ("user_id", "before", "after", "key", "body", "wave"):
        if hasattr(one, name):
            assert getattr(again, name) == getattr(one, name)
    if hasattr(one, "before"):
        assert (back.before, back.after) == (one.after, one.before)


@pytest.mark.parametrize(
    ("before", "after", "weakening"),
    [
        ("enabled", "disabled", True),
        ("enabled", "enabledForReportingButNotEnforced", True),
        ("enabledForReportingButNotEnforced", "disabled", False),
        ("disabled", "enabled", False),
    ],
)
def test_only_leaving_enabled_weakens(before: str, after: str, weakening: bool) -> None:
    assert switch(before, after).weakens == weakening


def test_rollback_json_gives_back_its_policy_steps_creations_first() -> None:
    on = switch("enabledForReportingButNotEnforced", "enabled", "Ours")
    found = RollbackHeader(
        format=ROLLBACK_FORMAT,
        kind=ROLLBACK_KIND,
        tool_version="0.1.0",
        created_at="2026-11-24T08:00:00Z",
        tenant_id=TENANT,
        tenant_name="Contoso",
        tenant_domain="contoso.example",
        cloud="global",
        endpoint="http://127.0.0.1:1",
        plan_digests=("ab" * 32,),
        former_policies={},
        policies_created=(CreatedPolicy(key=CREATE.key, id=object_id("ours"), body=CREATE.body),),
        policies_switched=(on,),
        csv_sha256="",
        journal_entries=1,
        journal_hash="cd" * 32,
    )
    created, switched = policy_steps_of(found)
    assert isinstance(created, CreatePolicy)
    assert (created.key, created.display_name, created.body) == (CREATE.key, "Ours", CREATE.body)
    assert switched == on
    assert facts_of(found).endpoint == "http://127.0.0.1:1"
    assert facts_of(header()) == FACTS


SOURCE = Source(
    rows=(row("ada", wave=1), row("bob", wave=2), row("eve", wave=2)),
    policy_steps=(CREATE,),
    facts=FACTS,
    whole=("ab" * 32,),
)


def test_everything_is_selected_as_it_is() -> None:
    assert selected(SOURCE, users=frozenset(), wave=None) is SOURCE


@pytest.mark.parametrize(
    ("users", "wave", "left"),
    [
        (set(), 2, ["bob", "eve"]),
        ({"ada@contoso.example", object_id("eve")}, None, ["ada", "eve"]),
        ({"bob@contoso.example", "ada@contoso.example"}, 2, ["bob"]),
    ],
)
def test_a_part_of_a_rollback_puts_back_no_policy_and_closes_no_run(
    users: set[str], wave: int | None, left: list[str]
) -> None:
    part = selected(SOURCE, users=users, wave=wave)
    assert [one.user_principal_name.split("@")[0] for one in part.rows] == left
    assert (part.policy_steps, part.whole, part.facts) == ((), (), FACTS)


@pytest.mark.parametrize(
    ("users", "wave", "complaint"),
    [
        ({"zoe@contoso.example"}, None, "No change was ever sent for zoe@contoso.example"),
        (set(), 7, r"No change was ever sent in wave 7\. Changes were sent in: 1, 2\."),
        ({"ada@contoso.example"}, 2, "nobody to roll back: 3 users in all"),
    ],
)
def test_a_part_that_holds_nobody_is_refused(users: set[str], wave: int | None, complaint: str) -> None:
    with pytest.raises(UsageProblem, match=complaint):
        selected(SOURCE, users=users, wave=wave)


def test_policies_alone_are_something_to_put_back_and_nothing_is_not() -> None:
    only_policies = msgspec.structs.replace(SOURCE, rows=())
    assert selected(only_policies, users=frozenset(), wave=None) is only_policies
    with pytest.raises(UsageProblem, match="nobody to roll back"):
        selected(msgspec.structs.replace(only_policies, policy_steps=()), users=frozenset(), wave=None)


def test_without_rollback_json_users_go_back_and_no_run_is_closed() -> None:
    source = source_of(SOURCE.rows, None, FACTS)
    assert (source.rows, source.policy_steps, source.whole, source.facts) == (SOURCE.rows, (), (), FACTS)


def rescoped(before: str, after: str) -> SetPolicyScope:
    return SetPolicyScope(
        key=CREATE.key,
        display_name=before,
        before={"displayName": before},
        after={"displayName": after},
        policy_state=PolicyState.ENABLED,
        because="wider",
    )


def test_a_policy_that_was_created_is_deleted_as_it_was_written_last() -> None:
    steps = as_one_change((CREATE, rescoped("Ours", "B"), switch("enabledForReportingButNotEnforced", "enabled")))
    assert [type(step) for step in steps] == [CreatePolicy, SetPolicyState]
    created = steps[0]
    assert isinstance(created, CreatePolicy)
    assert created.body == {"displayName": "B", "state": "enabledForReportingButNotEnforced"}
    assert created.reverse().body == created.body


def test_several_changes_of_scope_go_back_in_one() -> None:
    (step,) = as_one_change((rescoped("A", "B"), rescoped("B", "C"), rescoped("C", "D")))
    assert isinstance(step, SetPolicyScope)
    assert (step.before, step.after, step.reverse().display_name) == ({"displayName": "A"}, {"displayName": "D"}, "D")
    assert as_one_change((rescoped("A", "B"), rescoped("B", "A"))) == ()
