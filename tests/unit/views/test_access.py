"""A missing role is told with one that helps: of two that would do, the one with which the next read succeeds too."""

from __future__ import annotations

import pytest

from migrate.model.permissions import BACKUPS, POLICIES, POLICY_WRITES, REPORTS, STATE_WRITES, STATES, Need
from migrate.model.token import Lack, LackKind
from migrate.views.access import lack_told


@pytest.mark.parametrize(
    ("need", "role"),
    [
        (POLICIES, "Global Reader"),
        (REPORTS, "Global Reader"),
        (STATES, "Global Reader"),
        (STATE_WRITES, "Authentication Policy Administrator"),
        (POLICY_WRITES, "Conditional Access Administrator"),
        (BACKUPS, "Entra Backup Reader"),
    ],
)
def test_the_role_to_have_assigned(need: Need, role: str) -> None:
    what, step = lack_told(Lack(kind=LackKind.ROLE, need=need), who_consents="", link="")
    assert step.startswith(f"Have the role {role}")
    assert step.endswith(" assigned, then sign in again.")
    assert role in what
