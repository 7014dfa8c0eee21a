"""The worked cases of the reference data by the public path: tenant file, sandbox, export, what-if and explain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.cli import run
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant_file import load_tenant_file

pytestmark = pytest.mark.shared

CASES = ["V13", "V15", "V17", "V18", "V19", "V21", "V30", "V31", "V40", "V42", "V57", "V59"]
VERDICTS = {"always": "covered", "sometimes": "partly", "never": "uncovered"}
ROLES = "roleManagement/directory"


@pytest.fixture(scope="module")
def verdicts(shared: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((shared / "policies" / "verdicts.json").read_text(encoding="utf-8"))
    return document


def tenant_document(directory: dict[str, Any], policies: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the tenant file of one case. Groups hold users and groups directly, as in Entra."""
    groups = directory["groups"]
    members = {
        group["id"]: [{"@odata.type": "#microsoft.graph.group", "id": inner} for inner in group["memberGroups"]]
        + [
            {"@odata.type": "#microsoft.graph.user", "id": user["id"]}
            for user in directory["users"]
            if group["id"] in user["groups"]
        ]
        for group in groups
    }
    held = [(user["id"], role) for user in directory["users"] for role in user["roles"]]
    return {
        "_tenantId": "0b6a3f8e-3f3c-4f7e-9d0c-6f9a5d1c2b3a",
        "users": [user_document(user) for user in directory["users"]],
        "groups": [{"id": group["id"], "displayName": group["displayName"]} for group in groups],
        **{f"groups/{group_id}/members": list_ for group_id, list_ in members.items()},
        f"{ROLES}/roleAssignments": [
            {"principalId": user_id, "roleDefinitionId": role["roleTemplateId"], "directoryScopeId": role["scope"]}
            for user_id, role in held
            if role["assignment"] == "active"
        ],
        f"{ROLES}/roleEligibilitySchedules": [
            {"principalId": user_id, "roleDefinitionId": role["roleTemplateId"], "directoryScopeId": role["scope"]}
            for user_id, role in held
            if role["assignment"] == "eligible"
        ],
        "identity/conditionalAccess/policies": policies,
        "identity/conditionalAccess/namedLocations": directory["namedLocations"],
    }


def user_document(user: dict[str, Any]) -> dict[str, Any]:
    """Return a user as Graph has it; an external kind shows in how the account was made."""
    invited = (user["externalUserType"] or "").startswith("b2b")
    name = user["displayName"]
    return {
        "id": user["id"],
        "displayName": name,
        "userPrincipalName": f"{name}_fabrikam.example#EXT#@contoso.example" if invited else f"{name}@contoso.example",
        "userType": user["userType"],
        "creationType": "Invitation" if invited else None,
        "externalUserState": "Accepted" if invited else None,
        "accountEnabled": True,
    }


def sign_in_options(sign_in: dict[str, Any]) -> list[str]:
    """Return a case's sign-in as options of what-if."""
    target, device = sign_in["target"], sign_in["device"]
    options = ["--app", target["appId"]] if target["type"] == "app" else ["--user-action", target["action"]]
    for option, key in (
        ("--ip", "ip"),
        ("--country", "country"),
        ("--client-app-type", "clientAppType"),
        ("--platform", "devicePlatform"),
        ("--sign-in-risk", "signInRiskLevel"),
        ("--user-risk", "userRiskLevel"),
        ("--flow", "authenticationFlow"),
    ):
        options += [option, sign_in[key]]
    options.append("--compliant" if device["isCompliant"] else "--no-compliant")
    return options + (["--hybrid-joined"] if device["trustType"] == "ServerAD" else [])


@pytest.mark.parametrize("case_id", CASES)
def test_a_worked_case_comes_out_right(
    case_id: str, verdicts: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = next(one for one in verdicts["cases"] if one["id"] == case_id)
    directory = verdicts["directory"]
    file = tmp_path / "tenant.json"
    policies = [one["policy"] for one in case["policies"]]
    file.write_text(json.dumps(tenant_document(directory, policies)), encoding="utf-8")
    user = next(one for one in directory["users"] if one["displayName"] == case["principal"])
    place = ["--workspace", str(tmp_path / "work"), "--no-progress"]
    with SandboxServer(load_tenant_file(file), settings=SandboxSettings(throttle=False)) as server:
        config = tmp_path / "lab.toml"
        config.write_text("pacing = false\n", encoding="utf-8")
        assert run(["export", "--endpoint", server.url, "--config", str(config), *place]) == 0, capsys.readouterr().err
        capsys.readouterr()
        if case["kind"] == "signIn":
            # The sandbox's What-If is written from Microsoft's reference and shares no code with ours.
            words = ["what-if", "--user", user["id"], *sign_in_options(case["signIn"]), "--live"]
            live = answer_of([*words, "--endpoint", server.url, "--config", str(config), *place], capsys)
            assert live["differences"] == []
            assert len(live["live"]) == len(policies)
    if case["kind"] == "signIn":
        words = ["what-if", "--user", user["id"], *sign_in_options(case["signIn"])]
        answer = answer_of([*words, *place], capsys)
        assert answer["outcome"] == case["expect"]["outcome"], (case["reason"], answer)
        assert {policy["id"] for policy in answer["policies"]} == {policy["id"] for policy in policies}
    else:
        answer = answer_of(["explain", user["id"], "--app", case["target"]["appId"], *place], capsys)
        assert answer["coverage"]["verdict"] == VERDICTS[case["expect"]["coverage"]], (case["reason"], answer)
        assert set(case["expect"].get("gapsInclude", [])) <= set(answer["coverage"]["gaps"])


CASES_2026 = ["N01", "N40", "N45", "P1", "P2", "P3", "P4", "P5"]
"""The ones about coverage."""


@pytest.fixture(scope="module")
def cases_2026(shared: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((shared / "policies" / "cases-2026.json").read_text(encoding="utf-8"))
    return document


def with_facts(document: dict[str, Any], facts: dict[str, list[Any]]) -> dict[str, Any]:
    """Return a tenant file with the facts of one case added."""
    return {**document, **{key: [*document.get(key, []), *more] for key, more in facts.items()}}


@pytest.mark.parametrize("case_id", CASES_2026)
def test_a_worked_case_of_2026_comes_out_right(
    case_id: str, cases_2026: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = next(one for one in cases_2026["cases"] if one["id"] == case_id)
    directory, file, config = cases_2026["directory"], tmp_path / "tenant.json", tmp_path / "lab.toml"
    document = tenant_document(directory, [one["policy"] for one in case["policies"]])
    file.write_text(json.dumps(with_facts(document, case.get("tenantFacts", {}))), encoding="utf-8")
    lines = ["pacing = false"]
    for key, value in case.get("settings", {}).items():
        table, _, name = key.partition(".")
        lines += [f"[{table}]", f'{name} = "{value}"']
    config.write_text("\n".join(lines), encoding="utf-8")
    user = next(one for one in directory["users"] if one["displayName"] == case["principal"])
    place = ["--workspace", str(tmp_path / "work"), "--no-progress", "--config", str(config)]
    with SandboxServer(load_tenant_file(file), settings=SandboxSettings(throttle=False)) as server:
        assert run(["export", "--endpoint", server.url, *place]) == 0, capsys.readouterr().err
        capsys.readouterr()
    target = ["--app", case["target"]["appId"]] if case["target"]["type"] == "app" else []
    answer = answer_of(["explain", user["id"], *target, *place], capsys)["coverage"]
    words = case["expect"].get("coverageAnyOf", [case["expect"]["coverage"]])
    assert answer["verdict"] in {VERDICTS.get(word, word) for word in words}, (case["reason"], answer)
    assert set(case["expect"].get("gapsInclude", [])) <= set(answer["gaps"])


SIGN_INS_2026 = ["D02", "D04", "D06", "D07", "D12", "D14", "D16", "D18"]
"""The ones about one sign-in."""


@pytest.mark.parametrize("case_id", SIGN_INS_2026)
def test_a_worked_sign_in_of_2026_comes_out_right(
    case_id: str, cases_2026: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = next(one for one in cases_2026["cases"] if one["id"] == case_id)
    directory, file, config = cases_2026["directory"], tmp_path / "tenant.json", tmp_path / "lab.toml"
    document = tenant_document(directory, [one["policy"] for one in case["policies"]])
    file.write_text(json.dumps(with_facts(document, case.get("tenantFacts", {}))), encoding="utf-8")
    config.write_text("pacing = false", encoding="utf-8")
    user = next(one for one in directory["users"] if one["displayName"] == case["principal"])
    place = ["--workspace", str(tmp_path / "work"), "--no-progress", "--config", str(config)]
    with SandboxServer(load_tenant_file(file), settings=SandboxSettings(throttle=False)) as server:
        assert run(["export", "--endpoint", server.url, *place]) == 0, capsys.readouterr().err
        capsys.readouterr()
    answer = answer_of(["what-if", "--user", user["id"], *sign_in_options(case["signIn"]), *place], capsys)
    right = case["expect"].get("outcomeAnyOf", [case["expect"]["outcome"]])
    assert answer["outcome"] in right, (case["reason"], answer)
    if home := user.get("externalTenantId"):
        stated = ["--external-tenant-id", home, "--external-user-type", user["externalUserType"]]
        words = ["what-if", "--user", user["id"], *sign_in_options(case["signIn"]), *stated, *place]
        assert answer_of(words, capsys)["outcome"] == case["expect"]["outcome"], case["reason"]


def test_no_worked_case_of_2026_about_one_sign_in_is_left_out(cases_2026: dict[str, Any]) -> None:
    assert sorted(SIGN_INS_2026) == sorted(case["id"] for case in cases_2026["cases"] if case["kind"] == "signIn")


def test_no_worked_case_of_2026_about_coverage_is_left_out(cases_2026: dict[str, Any]) -> None:
    assert sorted(CASES_2026) == sorted(case["id"] for case in cases_2026["cases"] if case["kind"] == "coverage")


def test_no_worked_case_is_left_out(verdicts: dict[str, Any]) -> None:
    assert sorted(CASES) == sorted(case["id"] for case in verdicts["cases"])


def answer_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Run a command and return its JSON answer."""
    code = run([*words, "-o", "json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    answer: dict[str, Any] = json.loads(out)
    return answer
