"""`advise` over an export: what it says, the people behind the numbers, and what taking a step does."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant_file import load_tenant_file
from tests.e2e.laboratory import Ran, run_here
from tests.unit.decide.coverage.tenants import LEAVERS, object_id, policy

NAMES = ["ada", "leo", "gina", "lia", "glass"]
SYNC = "d29b2b05-8046-44ba-8758-1e26182fcf32"
GLASS = object_id("user glass")
SPARED = {"includeUsers": ["All"], "excludeUsers": [GLASS], "excludeRoles": [SYNC]}
CONFIG = """\
# ours
pacing = false
endpoint = "{url}"

[emergency_access]
accounts = ["glass@contoso.example"]  # in the safe
"""


def tenant() -> dict[str, Any]:
    return {
        "_tenantId": object_id("tenant"),
        "users": [
            {
                "id": object_id(f"user {name}"),
                "displayName": name.title(),
                "userPrincipalName": f"{name}@contoso.example",
                "userType": "Guest" if name == "gina" else "Member",
                "creationType": "Invitation" if name == "gina" else None,
                "accountEnabled": True,
            }
            for name in NAMES
        ],
        **{
            f"users/{object_id(f'user {name}')}/authentication/requirements": {"perUserMfaState": "enforced"}
            for name in ("ada", "leo")
        },
        "groups": [{"id": LEAVERS, "displayName": "Field Workers Without Phones"}],
        f"groups/{LEAVERS}/members": [{"@odata.type": "#microsoft.graph.user", "id": object_id("user leo")}],
        "identity/conditionalAccess/policies": [
            policy(
                "Members",
                users={**SPARED, "excludeGroups": [LEAVERS]},
                clientAppTypes=["browser", "mobileAppsAndDesktopClients"],
            ),
            policy("Sleeping", users=SPARED, state="enabledForReportingButNotEnforced"),
            policy("Microsoft-managed: for everybody", users=SPARED, state="enabledForReportingButNotEnforced"),
        ],
    }


class Advised:
    """A working folder with an export, and its configuration."""

    def __init__(self, folder: Path, server: SandboxServer) -> None:
        self.folder, self.config = folder, folder / "ours.toml"
        self.later = server.sandbox.clock.advance
        """Moves the tenant's clock on by seconds."""
        self.text = CONFIG.format(url=server.url)
        self.config.write_text(self.text, encoding="utf-8")

    def run(self, *words: str) -> Ran:
        return run_here([*words, "--config", str(self.config), "--workspace", str(self.folder / "work")])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Advised]:
    with advised_in(tmp_path_factory.mktemp("advise")) as advised:
        yield advised


@contextmanager
def advised_in(folder: Path) -> Iterator[Advised]:
    file = folder / "tenant.json"
    file.write_text(json.dumps(tenant()), encoding="utf-8")
    with SandboxServer(load_tenant_file(file), settings=SandboxSettings(throttle=False)) as server:
        advised = Advised(folder, server)
        assert advised.run("export").code == 0
        yield advised


@pytest.fixture
def ours(exported: Advised) -> Advised:
    exported.config.write_text(exported.text, encoding="utf-8")
    return exported


def test_it_says_what_would_cover_everybody_and_at_what_price(ours: Advised) -> None:
    ran = ours.run("advise")
    assert ran.code == 0, ran.said
    assert "People on per-user MFA: 2; not covered: 2" in ran.out
    assert "switch on 'Sleeping'" in ran.out
    assert "switch on 'Microsoft-managed: for everybody' (Microsoft's own: in the portal)" in ran.out
    assert "create 'Require MFA for all users (mfa-migrate)'" in ran.out
    assert "end the exclusion of group 'Field Workers Without Phones' in 'Members'" in ran.out
    assert "1 person in it, 1 not MFA capable" in ran.out
    assert "block their sign-ins from outside named locations" in ran.out
    assert "unknown counts as blocked" in ran.out


def test_json_and_csv_agree_about_the_people_behind_each_number(ours: Advised) -> None:
    document = ours.run("advise", "-o", "json").document
    assert (document["waiting"], document["uncovered"]) == (2, 2)
    rows = list(csv.DictReader(io.StringIO(ours.run("advise", "-o", "csv").out)))
    for proposal in document["proposals"]:
        behind = [row for row in rows if row["Steps"] == str(proposal["number"])]
        assert {row["Do"] for row in behind} == {proposal["do"]}
        counted = {name: sum(row["Number"] == name for row in behind) for name in {row["Number"] for row in behind}}
        assert counted == proposal["numbers"]
    for way in document["ways"]:
        if len(way["steps"]) > 1:
            behind = [row for row in rows if row["Steps"] == "+".join(map(str, way["steps"]))]
            assert sum(row["Number"] == "covered" for row in behind) == way["numbers"]["covered"]


def number_of(ours: Advised, words: str) -> str:
    (found,) = [one for one in ours.run("advise", "-o", "json").document["proposals"] if words in one["do"]]
    return str(found["number"])


def test_a_step_that_is_ours_is_written_and_the_plan_then_covers_them(ours: Advised) -> None:
    assert ours.run("advise", "--exit-code").code == 1
    ran = ours.run("advise", "--take", number_of(ours, "'Sleeping'"))
    assert ran.code == 0, ran.said
    assert ours.config.read_text(encoding="utf-8") == ours.text + '\n[policy]\nswitch_on = ["Sleeping"]\n'
    assert "Written into" in ran.out
    assert '+switch_on = ["Sleeping"]' in ran.err
    assert ours.run("advise", "--exit-code").code == 0
    assert ours.run("plan", "-o", "json").document["counts"]["disable"] == 2


def test_creating_our_policy_is_written_too(ours: Advised) -> None:
    ours.run("advise", "--take", number_of(ours, "create 'Require MFA"))
    assert ours.config.read_text(encoding="utf-8") == ours.text + '\n[policy]\nmode = "create"\n'


def test_blocking_legacy_authentication_is_written_too(ours: Advised) -> None:
    ours.run("advise", "--take", number_of(ours, "Block legacy authentication"))
    text = ours.config.read_text(encoding="utf-8")
    assert text == ours.text + '\n[[policy.template]]\nname = "legacy-authentication"\nswitch_on = true\n'
    assert "create 'Block legacy authentication (mfa-migrate)'" in ours.run("plan").out


def test_a_pilot_is_widened_by_taking_the_step(ours: Advised) -> None:
    policy = '\n[policy]\nmode = "create"\nscope = "group:Field Workers Without Phones"  # the pilot\n'
    ours.config.write_text(ours.text + policy, encoding="utf-8")
    ours.run("export")
    before = ours.run("plan", "-o", "json").document["counts"]["disable"]
    covers = next(
        one["numbers"]["covered"]
        for one in ours.run("advise", "-o", "json").document["proposals"]
        if one["do"].startswith("widen")
    )
    assert covers
    ours.run("advise", "--take", number_of(ours, "widen"))
    text = ours.config.read_text(encoding="utf-8")
    assert text == ours.text + policy.replace('"group:Field Workers Without Phones"', '"all"')
    assert ours.run("plan", "-o", "json").document["counts"]["disable"] == before + covers


@pytest.mark.parametrize(
    ("words", "clicked"),
    [
        ("Microsoft-managed", ["Enable policy: On"]),
        ("Field Workers", ["Users > Exclude > Users and groups: take out group 'Field Workers Without Phones'"]),
        ("client apps", ["Conditions > Client apps > Configure: No"]),
    ],
)
def test_what_is_not_ours_to_do_is_said_click_by_click(ours: Advised, words: str, clicked: list[str]) -> None:
    ran = ours.run("advise", "--take", number_of(ours, words))
    assert ran.code == 0, ran.said
    assert "Yours to do" in ran.out
    assert all(click in ran.out for click in clicked)
    assert "mfa-migrate export" in ran.out
    assert ours.config.read_text(encoding="utf-8") == ours.text


def test_a_step_that_there_is_not_is_refused(ours: Advised) -> None:
    ran = ours.run("advise", "--take", "99")
    assert ran.code == 2
    assert "There is no step 99" in ran.err
    assert ours.config.read_text(encoding="utf-8") == ours.text


def test_the_plan_begins_with_advice_where_people_are_not_covered(ours: Advised) -> None:
    ran = ours.run("plan")
    assert "People on per-user MFA who are not covered: 2. What would cover them:" in ran.out
    assert "switch on 'Sleeping': covers 2" in ran.out


def test_apply_ends_with_a_guard_where_the_configuration_names_no_tenant(ours: Advised) -> None:
    ours.run("advise", "--take", number_of(ours, "'Sleeping'"))
    assert ours.run("plan").code == 0
    ran = ours.run("apply", "--yes", "--max-users", "100%")
    assert ran.code == 3, ran.said
    assert "max_newly_required" in ran.said


def test_without_emergency_access_it_asks_for_it(ours: Advised) -> None:
    ours.config.write_text(ours.text.partition("[emergency_access]")[0], encoding="utf-8")
    ran = ours.run("advise")
    assert ran.code == 2
    assert "emergency access" in ran.err


def test_coverage_lists_the_exclusions_that_nothing_else_catches(ours: Advised) -> None:
    ran = ours.run("coverage", "--exclusions")
    assert ran.code == 0, ran.said
    assert "group 'Field Workers Without Phones'" in ran.out
    (group,) = [
        one
        for one in ours.run("coverage", "--exclusions", "-o", "json").document["exclusions"]
        if one["what"] == "group"
    ]
    assert (group["people"], group["onPerUserMfa"], group["sample"]) == (1, 1, ["leo@contoso.example"])
    assert group["changedBy"] == ["ownersAndLesserRoles"]
    assert "can be changed by people outside administration" in ran.out
    assert ours.run("coverage", "--exclusions", "--exit-code").code == 1


def test_what_this_tool_did_since_the_export_is_said_until_the_next_one(tmp_path: Path) -> None:
    with advised_in(tmp_path) as advised:
        assert "Its numbers do not count" not in advised.run("advise").out
        off = advised.run("set-state", "--user", "ada@contoso.example", "--state", "Enabled", "--yes")
        assert off.code == 0, off.said
        shown = advised.run("advise")
        assert "Its numbers do not count 1 change by this tool until " in shown.out
        assert "People on per-user MFA: 2;" in shown.out, "they are the export's, and said to be"
        assert advised.run("advise", "-o", "json").document["changesSince"] == 1
        advised.later(2)  # what is of the second in which an export began may be younger than it
        assert advised.run("export").code == 0
        assert "Its numbers do not count" not in advised.run("advise").out
