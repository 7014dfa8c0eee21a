"""An open region that the operator accepts by name: planned with a note, used by apply, worth nothing once expired."""

from __future__ import annotations

import pytest

from tests.e2e.laboratory import Lab

ACCEPTED = """
[[accept_partial]]
gap = "{gap}"
reason = "the offices are behind badge readers"
expires = {expires}
"""


@pytest.fixture
def offices(lab: Lab) -> Lab:
    """Return a lab whose policy for everybody asks for nothing at trusted locations."""
    policy = next(one for one in lab.tenant.policies.values() if one["displayName"] == "Require MFA for all users")
    policy["conditions"]["locations"] = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
    return lab


def actions(lab: Lab) -> set[str]:
    return {row["Action"] for row in lab.plan_rows().values()}


def notes(lab: Lab) -> dict[str, str]:
    return {note["code"]: note["sentence"] for note in lab.plan_header()["notes"]}


def test_an_open_region_holds_everybody_back_until_it_is_accepted(offices: Lab) -> None:
    offices.go("export")
    offices.go("plan")
    assert "disable" not in actions(offices)
    offices.configure(ACCEPTED.format(gap="location:trusted", expires="2099-01-01"))
    offices.go("plan")
    assert "disable" in actions(offices)
    assert "location:trusted stays open (the offices are behind badge readers)" in notes(offices)["accepted-gap"]
    offices.go("apply", "--yes", "--max-users", "100%")
    planned = [name for name, row in offices.plan_rows().items() if row["Action"] == "disable"]
    assert {offices.states()[name] for name in planned} == {"disabled"}
    offices.go("verify")


def test_an_acceptance_that_has_expired_is_worth_nothing(offices: Lab) -> None:
    offices.configure(ACCEPTED.format(gap="location:trusted", expires="2020-01-01"))
    offices.go("export")
    offices.go("plan")
    assert "disable" not in actions(offices)


def test_an_acceptance_that_nobody_needs_is_pointed_out(offices: Lab) -> None:
    offices.configure(ACCEPTED.format(gap="location:trustd", expires="2099-01-01"))
    offices.go("export")
    offices.go("plan")
    assert "disable" not in actions(offices)
    assert "'location:trustd'" in notes(offices)["unused-acceptance"]


def test_being_excluded_cannot_be_accepted(offices: Lab) -> None:
    offices.configure(ACCEPTED.format(gap="excluded", expires="2099-01-01"))
    offices.go("export")
    offices.go("plan")
    assert "disable" not in actions(offices)
