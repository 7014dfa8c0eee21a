"""Whatever comes instead of an answer of Graph: no command ends with a defect, takes the memory, or goes on and on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.lab import Lab, open_lab

USERS = {"match": {"method": "GET", "path": "users", "item": False}}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with open_lab(tmp_path_factory.mktemp("lab"), users=25, lean=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def full_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with open_lab(tmp_path_factory.mktemp("full"), users=25) as opened:
        yield opened


@pytest.fixture(scope="module")
def planned_by_all(full_lab: Lab) -> set[str]:
    """Return whom a plan switches off while Graph shows everything."""
    full_lab.prepare()
    return full_lab.planned()


@pytest.mark.parametrize(
    ("do", "said"),
    [
        pytest.param({"omit": ["date"]}, "Date", id="no date"),
        pytest.param({"depth": 200_000}, "nests too deep", id="200,000 levels"),
        pytest.param({"padding": 100_000_000, "gzip": True}, "larger than 64 MiB", id="unpacks to 100 MB"),
        pytest.param({"padding": 100_000_000}, "larger than 64 MiB", id="100 MB"),
        pytest.param({"nextLink": "endless"}, "nothing new", id="links without end"),
        pytest.param({"emptyPages": 40}, "nothing new", id="40 pages without a row"),
        pytest.param(
            {"html": "<html>sign in to the network</html>", "status": 200},
            "sign-in page of this network",
            id="a captive portal",
        ),
        pytest.param({"html": "<html>who are you</html>", "status": 407}, "proxy", id="a proxy"),
        pytest.param({"html": "<html>no</html>", "status": 451}, "451", id="a filter"),
    ],
)
def test_an_export_is_refused_with_a_reason_within_bounds(lab: Lab, do: dict[str, Any], said: str) -> None:
    lab.faults({**USERS, "do": do})
    before = lab.requests()
    try:
        lab.run("export", allow=(4,))
    finally:
        lab.clear_faults()
    assert said in lab.said, lab.said
    assert lab.requests() - before < 200
    lab.run("export")


@pytest.mark.parametrize(
    ("do", "said"),
    [
        pytest.param({"put": {"value.20.userPrincipalName": None}}, "without a user principal name", id="no name"),
        pytest.param({"put": {"value.20.assignedLicenses": None}}, "", id="licences are null"),
        pytest.param({"put": {"value.20.displayName": "x" * 300_000}}, "lacks displayName", id="300,000 characters"),
        pytest.param({"remove": ["value.20.accountEnabled"]}, "lacks accountEnabled", id="no account state"),
        pytest.param({"remove": ["value.20.userPrincipalName"]}, "lacks userPrincipalName", id="no name at all"),
    ],
)
def test_one_strange_user_costs_its_own_certainty_and_not_the_export(lab: Lab, do: dict[str, Any], said: str) -> None:
    lab.run("export")
    lab.run("plan")
    planned = lab.planned()
    lab.faults({**USERS, "do": do})
    try:
        lab.run("export")
    finally:
        lab.clear_faults()
    assert said in lab.said
    lab.run("plan")
    assert len(planned - lab.planned()) <= 1
    assert lab.planned() <= planned


def test_a_policy_without_its_excluded_groups_proves_nothing_and_is_named(lab: Lab) -> None:
    lab.faults(
        {
            "match": {"method": "GET", "path": "identity/conditionalAccess/policies*"},
            "do": {"remove": ["value.0.conditions.users.excludeGroups"]},
        }
    )
    try:
        lab.run("export")
    finally:
        lab.clear_faults()
    lab.run("plan")
    assert not lab.planned()
    assert "conditions.users.excludeGroups is missing from what Graph sent" in " ".join(lab.said.split())


def at(path: str, **do: Any) -> dict[str, Any]:
    return {"match": {"method": "GET", "path": path, "version": "v1.0"}, "do": do}


POLICIES = "identity/conditionalAccess/policies"
REPORT = "reports/authenticationMethods/userRegistrationDetails"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(at("users", put={"value.20": None}), "without-id-1 lacks id, ", id="a user is null"),
        pytest.param(at(POLICIES, remove=["value.1.id"]), "does not show its id", id="a policy without an id"),
        pytest.param(at(POLICIES, remove=["value.1.state"]), "does not show its state", id="a policy without a state"),
        pytest.param(at("*namedLocations", put={"value.0": None}), "", id="a location is null"),
        pytest.param(at("*microsoft.graph.user", remove=["value.0.id"]), "without a name", id="a member without an id"),
        pytest.param(at("*roleAssignments", put={"value.0": None}), "", id="an assignment is null"),
        pytest.param(at(REPORT, remove=["value.3.isMfaCapable"]), "1 row of the registration report", id="half a row"),
    ],
)
def test_one_strange_object_costs_its_own_certainty_and_covers_nobody(
    full_lab: Lab, planned_by_all: set[str], fault: dict[str, Any], said: str
) -> None:
    full_lab.faults(fault)
    try:
        full_lab.run("export")
        assert full_lab.struck()
    finally:
        full_lab.clear_faults()
    assert said in full_lab.said, full_lab.said
    full_lab.run("plan")
    assert full_lab.planned() <= planned_by_all


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(at(POLICIES, remove=["value.*.state"]), "leave state out of every policy", id="policies"),
    ],
)
def test_what_every_object_lacks_ends_the_export(full_lab: Lab, fault: dict[str, Any], said: str) -> None:
    full_lab.faults(fault)
    try:
        full_lab.run("export", allow=(4,))
    finally:
        full_lab.clear_faults()
    assert said in full_lab.said, full_lab.said


def test_a_working_folder_that_is_open_to_others_is_told(lab: Lab) -> None:
    if os.name == "nt":
        pytest.skip("rights are another matter there")
    lab.run("export")
    lab.workspace.chmod(0o777)
    try:
        lab.run("plan")
    finally:
        lab.workspace.chmod(0o700)
    assert "Others on this machine may look into" in lab.said
    assert "chmod 700" in lab.said
