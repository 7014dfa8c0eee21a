"""What the configuration asks of a policy that the plan does not make is named, not dropped without a word."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.decide.planner import Planner
from migrate.model.plan import ExcludedUser, PlanNote
from migrate.model.policy_exclusions import ExcludedBy, PolicyExclusion
from migrate.model.templates import Template, Wish
from tests.unit.decide.records import evidence, object_id, rules, sku, snapshot, user

LEGACY = Wish(template=Template.LEGACY_AUTHENTICATION)
EMERGENCY = Wish(template=Template.EMERGENCY_ACCESS)


def left_out(name: str, by: ExcludedBy = ExcludedBy.USER) -> PolicyExclusion:
    return PolicyExclusion(by=by, id=object_id(name), name=name, reason="no person", expires="2027-06-30")


def keeps(*, from_policy: bool) -> dict[str, ExcludedUser]:
    one = ExcludedUser(user_id=object_id("ben"), reason="later", expires="2027-06-30", from_policy=from_policy)
    return {one.user_id: one}


def idle(*, create: bool = False, **more: Any) -> list[PlanNote]:
    planner = Planner(snapshot(1, sku()), evidence(), rules(create=create, **more))
    list(planner.rows([user("ada")]))
    header = planner.header("cd" * 32, tool_version="0")
    return [note for note in header.notes if note.code == "policy-settings-idle"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"policy_exclusions": (left_out("svc-erp"), left_out("Field", ExcludedBy.GROUP))}, "(svc-erp, Field)"),
        (
            {"policy_exclusions": tuple(left_out(f"u{number}") for number in range(7))},
            "(u0, u1, u2, u3, u4 and 2 more)",
        ),
        ({"exclusions": keeps(from_policy=True)}, "from_policy = true in [[exclude]]"),
        ({"scope_group": object_id("Pilot")}, "policy.scope"),
        ({"strength": object_id("strong")}, "policy.strength"),
        ({"sync_by_account": True}, 'policy.directory_sync = "accounts"'),
    ],
)
def test_what_no_policy_heeds_is_named_with_what_to_write_instead(settings: dict[str, Any], named: str) -> None:
    (note,) = idle(**settings)
    assert named in note.sentence
    assert 'write policy.mode = "create"' in note.sentence
    assert "belongs in [[exclude]]" in note.sentence
    assert not idle(create=True, **settings), "there it is heeded"


def test_a_policy_of_a_template_heeds_who_is_left_out_and_no_scope() -> None:
    everything = {
        "policy_exclusions": (left_out("svc-erp"),),
        "scope_group": object_id("Pilot"),
        "exclusions": keeps(from_policy=True),
    }
    (note,) = idle(wishes=(LEGACY, EMERGENCY), **everything)
    assert note.sentence.startswith("Nothing comes of policy.scope: ")
    (note,) = idle(wishes=(EMERGENCY,), **everything)
    assert "svc-erp" in note.sentence, "the policy for the emergency access accounts leaves nobody out"


def test_nothing_is_said_where_nothing_is_asked() -> None:
    assert not idle()
    assert not idle(exclusions=keeps(from_policy=False))
