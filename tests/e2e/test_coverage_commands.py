"""explain, coverage and what-if as a user runs them, over the export of an invented company."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.cli import run
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant_file import load_tenant_file
from tests.unit.decide.coverage.tenants import EXCHANGE, LEAVERS, PAYROLL, object_id, policy

MODERN = ["browser", "mobileAppsAndDesktopClients"]
Answer = Callable[..., Any]


def tenant() -> dict[str, Any]:
    names = ["ada", "leo", "gina", "lost"]
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
            for name in names
        ],
        f"users/{object_id('user ada')}/authentication/requirements": {"perUserMfaState": "enforced"},
        f"users/{object_id('user lost')}/authentication/requirements": {},
        "groups": [{"id": LEAVERS, "displayName": "Leavers"}],
        f"groups/{LEAVERS}/members": [{"@odata.type": "#microsoft.graph.user", "id": object_id("user leo")}],
        "identity/conditionalAccess/policies": [
            policy(
                "Members",
                users={"includeUsers": ["All"], "excludeUsers": ["GuestsOrExternalUsers"], "excludeGroups": [LEAVERS]},
                clientAppTypes=MODERN,
            ),
            policy("Everybody, one day", state="enabledForReportingButNotEnforced"),
        ],
    }


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a working folder with the export of the tenant."""
    folder = tmp_path_factory.mktemp("coverage")
    file = folder / "tenant.json"
    file.write_text(json.dumps(tenant()), encoding="utf-8")
    (folder / "lab.toml").write_text("pacing = false\n", encoding="utf-8")
    with SandboxServer(load_tenant_file(file), settings=SandboxSettings(throttle=False)) as server:
        where = ["--workspace", str(folder / "work"), "--config", str(folder / "lab.toml"), "--no-progress"]
        assert run(["export", "--endpoint", server.url, *where, "--quiet"]) == 0
    return folder


@pytest.fixture
def answer(workspace: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Answer]:
    """Return a function that runs a command and gives its JSON, or its text for other formats."""

    def ask(*words: str, output: str = "json", code: int = 0) -> Any:
        capsys.readouterr()
        found = run([*words, "--workspace", str(workspace / "work"), "-o", output])
        out, err = capsys.readouterr()
        assert found == code, err
        if code:
            return err
        return json.loads(out) if output == "json" else out

    return ask


def test_explain_gives_the_chain_of_evidence(answer: Answer) -> None:
    found = answer("explain", "ada@contoso.example")
    assert found["user"]["perUserMfaState"] == "enforced"
    assert found["coverage"]["verdict"] == "partly"
    assert found["coverage"]["gaps"] == ["clientAppType:exchangeActiveSync", "clientAppType:other"]
    assert found["coverage"]["wouldCover"] == ["Everybody, one day"]
    assert found["coverage"]["wouldBe"] == "covered"
    assert found["coverage"]["closing"]
    members = found["policies"][0]
    assert {"id", "displayName", "state", "applies", "reasons"} <= set(members)
    assert (members["displayName"], members["applies"]) == ("Members", True)
    assert any("report-only: does not count" in reason for reason in found["policies"][1]["reasons"])


def test_explain_names_the_path_of_an_exclusion(answer: Answer) -> None:
    found = answer("explain", object_id("user leo"))
    assert found["coverage"]["verdict"] == "uncovered"
    assert found["coverage"]["gaps"] == ["excluded"]
    assert "group 'Leavers'" in found["coverage"]["exclusions"][0]


def test_explain_shows_an_unreadable_state_with_its_reason(answer: Answer) -> None:
    found = answer("explain", "lost@contoso.example")
    assert found["user"]["perUserMfaState"] is None
    assert found["user"]["problem"]


def test_explain_reads_well_on_a_terminal(answer: Answer) -> None:
    text = answer("explain", "ada@contoso.example", output="table")
    for piece in ("Per-user MFA:  enforced", "partly:", "Members  [enabled]  applies: all users", "To close it:"):
        assert piece in text


def test_explain_can_be_asked_about_one_application(answer: Answer) -> None:
    assert answer("explain", "ada@contoso.example", "--app", EXCHANGE)["coverage"]["verdict"] == "partly"


def test_a_supposed_policy_closes_the_gap_and_changes_nothing(answer: Answer, tmp_path: Path) -> None:
    file = tmp_path / "remedy.json"
    remedy = policy("Block legacy", grant=("block",), clientAppTypes=["exchangeActiveSync", "other"], state="disabled")
    file.write_text(json.dumps(remedy), encoding="utf-16")
    found = answer("explain", "ada@contoso.example", "--suppose", str(file))
    assert found["coverage"]["verdict"] == "covered"
    assert {one["displayName"] for one in found["coverage"]["coveredBy"]} == {"Block legacy", "Members"}
    assert answer("coverage", "--suppose", str(file))["verdicts"]["covered"] == 2
    assert answer("explain", "ada@contoso.example")["coverage"]["verdict"] == "partly"


def test_a_supposed_file_that_is_no_policy_is_a_usage_error(answer: Answer, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text("{", encoding="utf-8")
    assert "is no JSON" in answer("coverage", "--suppose", str(file), code=2)


def test_coverage_shows_the_classes_largest_first(answer: Answer) -> None:
    found = answer("coverage")
    assert found["users"] == 4
    assert found["verdicts"] == {"covered": 0, "partly": 2, "uncovered": 2, "unknown": 0}
    assert [one["users"] for one in found["classes"]] == sorted(
        (one["users"] for one in found["classes"]), reverse=True
    )
    partly = found["classes"][0]
    assert (partly["verdict"], partly["withPerUserMfa"]) == ("partly", 1)
    assert sorted(partly["sample"]) == ["ada@contoso.example", "lost@contoso.example"]


def test_coverage_writes_one_row_a_user(answer: Answer, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    answer("coverage", "--user-list", str(file))
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["UserPrincipalName"]: row for row in csv.DictReader(stream)}
    assert len(rows) == 4
    assert rows["leo@contoso.example"]["Verdict"] == "uncovered"
    assert rows["leo@contoso.example"]["Gaps"] == "excluded"
    assert rows["ada@contoso.example"]["PerUserMfaState"] == "enforced"
    assert rows["lost@contoso.example"]["PerUserMfaState"] == ""


@pytest.mark.parametrize("command", [("coverage",), ("explain", "ada@contoso.example")])
@pytest.mark.parametrize("output", ["table", "csv", "ndjson"])
def test_every_output_format_says_the_verdict_or_the_policies(
    command: tuple[str, ...], output: str, answer: Answer
) -> None:
    text = answer(*command, output=output)
    assert "Members" in text or "partly" in text


def test_what_if_tells_outcome_and_policies(answer: Answer) -> None:
    modern = answer("what-if", "--user", "ada@contoso.example", "--app", PAYROLL)
    assert modern["outcome"] == "mfa"
    assert {"id", "displayName", "state", "applies", "reasons"} <= set(modern["policies"][0])
    legacy = answer("what-if", "--user", "ada@contoso.example", "--app", PAYROLL, "--client-app-type", "OTHER")
    assert legacy["outcome"] == "noMfa"
    action = ["--user-action", "urn:user:registersecurityinfo"]
    assert answer("what-if", "--user", "leo@contoso.example", *action)["outcome"] == "noMfa"
    text = answer("what-if", "--user", "ada@contoso.example", "--app", PAYROLL, output="table")
    assert "ada@contoso.example signs in to" in text
    applies = sum(policy["applies"] is not False for policy in modern["policies"])
    others = len(modern["policies"]) - applies
    do = {0: "", 1: "1 other policy does not apply; "}.get(others, f"{others} other policies do not apply; ")
    assert do in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["explain", "nobody@contoso.example"], "no user 'nobody@contoso.example'"),
        (["explain", "ada@contoso.example", "--app", "Exchnge"], "no application called 'Exchnge'"),
        (["what-if", "--user", "ada@contoso.example", "--app", "Exchnge"], "no application called 'Exchnge'"),
        (["what-if", "--user", "ada@contoso.example"], "either --app or --user-action"),
        (["what-if", "--user", "nobody", "--app", PAYROLL], "no user 'nobody'"),
        (["what-if", "--user", "ada@contoso.example", "--app", PAYROLL, "--ip", "1.2.3"], "no IP address"),
        (["what-if", "--user", "ada@contoso.example", "--app", PAYROLL, "--platform", "amiga"], "no value 'amiga'"),
    ],
)
def test_what_is_typed_wrong_is_a_usage_error(words: list[str], says: str, answer: Answer) -> None:
    assert says in answer(*words, code=2)


def test_what_if_live_shows_where_microsoft_says_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, config = tmp_path / "tenant.json", tmp_path / "lab.toml"
    file.write_text(json.dumps(tenant()), encoding="utf-8")
    config.write_text("pacing = false\n", encoding="utf-8")
    ask = ["what-if", "--user", "ada@contoso.example", "--app", PAYROLL, "--live", "-o", "json"]
    where = ["--workspace", str(tmp_path / "work"), "--config", str(config), "--no-progress"]
    with SandboxServer(load_tenant_file(file), settings=SandboxSettings(throttle=False)) as server:
        assert run(["export", "--endpoint", server.url, *where, "--quiet"]) == 0
        capsys.readouterr()
        assert run([*ask, "--endpoint", server.url, *where]) == 0
        agreed = json.loads(capsys.readouterr().out)
        server.sandbox.tenant.policies[object_id("policy Members")]["conditions"]["clientAppTypes"] = ["other"]
        assert run([*ask, "--endpoint", server.url, *where]) == 1
        differing = json.loads(capsys.readouterr().out)
    assert agreed["differences"] == []
    assert {one["displayName"] for one in agreed["live"]} == {"Members", "Everybody, one day"}
    (difference,) = differing["differences"]
    assert (difference["displayName"], difference["ours"], difference["microsofts"]) == ("Members", True, False)
    assert "clientApps" in difference["reasons"][-1]


def test_without_an_export_the_commands_say_what_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["explain", "ada"], ["coverage"], ["what-if", "--user", "ada", "--app", PAYROLL]):
        assert run([*words, "--workspace", str(tmp_path)]) == 2
        assert "mfa-migrate export" in capsys.readouterr().err
