"""The plan of a set-state says who answers for an exception."""

from __future__ import annotations

import pytest

from migrate.decide.reverser import facts_of
from migrate.decide.set_state import plan_for
from migrate.model.plan import Decision
from migrate.model.users import MfaState
from tests.unit.decide.records import header


@pytest.mark.parametrize(
    ("reason", "decision"),
    [
        ("leaves tomorrow", Decision(reason="leaves tomorrow", decided_by="kim@contoso.example", since="2026-11-24")),
        ("", None),
    ],
)
def test_whoever_accepts_that_somebody_is_uncovered_stands_in_the_plan(reason: str, decision: Decision | None) -> None:
    plan, _ = plan_for(
        [],
        MfaState.DISABLED,
        facts_of(header()),
        restores=frozenset(),
        accept_uncovered=reason,
        emergency_access=(),
        created_at="2026-11-24T08:00:00Z",
        tool_version="0",
        readback_timeout_seconds=3,
        apps_that_matter=None,
        baseline_scopes=None,
        made_from="",
        decided_by="kim@contoso.example",
    )
    assert plan.uncovered_decision == decision
