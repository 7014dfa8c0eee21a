"""The worked cases of the reference data, through the sandbox's own simulation of a sign-in."""

import json
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from migrate.sandbox.service import Sandbox
from migrate.sandbox.sign_ins import BLOCKED, sign_in
from migrate.sandbox.tenant_file import tenant_of

pytestmark = pytest.mark.shared

FILES = ("cases-2026.json", "verdicts.json")
CASES: dict[str, list[str]] = {
    "cases-2026.json": [
        *("N01", "N40", "N45", "P1", "P2", "P3", "P4", "P5"),
        *("D02", "D04", "D06", "D07", "D12", "D14", "D16", "D18"),
    ],
    "verdicts.json": ["V13", "V15", "V17", "V18", "V19", "V21", "V30", "V31", "V40", "V42", "V57", "V59"],
}
ROLES = "roleManagement/directory"
ELSEWHERE = "192.0.2.20"
SOME_APPS = ("00000002-0000-0ff1-ce00-000000000000", "11111111-2222-3333-4444-555555555555")
REGIONS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "location:trusted": lambda body: body["ip"] == "203.0.113.10",
    "clientAppType:other": lambda body: body["client"] == "other",
    "signInRisk:none": lambda body: body["signInRisk"] == "none",
    "signInRisk:low": lambda body: body["signInRisk"] == "low",
    "app:baselineScopes": lambda body: "scopes" in body,
}
"""Which sign-ins a gap of the cases speaks of."""


def document_of(directory: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """Return the tenant file of one case, with what only the tenant knows under `_unseen`."""
    held = [(user["id"], role) for user in directory["users"] for role in user["roles"]]
    answer = case.get("settings", {}).get("tenant_settings.baseline_scopes", "enforced")
    document: dict[str, Any] = {
        "_unseen": {
            # Where the operator gave no answer, the worse one may be true.
            "baselineScopes": "disabled" if answer == "unanswered" else answer,
            "guests": {
                user["id"]: {
                    "externalTenantId": user.get("externalTenantId"),
                    "externalUserType": user["externalUserType"],
                }
                for user in directory["users"]
                if user["externalUserType"]
            },
        },
        "users": [person(user) for user in directory["users"]],
        "groups": [{"id": each["id"], "displayName": each["displayName"]} for each in directory["groups"]],
        f"{ROLES}/roleAssignments": [
            {"principalId": user, "roleDefinitionId": role["roleTemplateId"], "directoryScopeId": role["scope"]}
            for user, role in held
            if role["assignment"] == "active"
        ],
        "identity/conditionalAccess/policies": [each["policy"] for each in case["policies"]],
        "identity/conditionalAccess/namedLocations": directory["namedLocations"],
    }
    for group in directory["groups"]:
        inside = [user["id"] for user in directory["users"] if group["id"] in user["groups"]]
        document[f"groups/{group['id']}/members"] = [{"id": each} for each in (*inside, *group["memberGroups"])]
    for name, facts in case.get("tenantFacts", {}).items():
        document[name] = [*document.get(name, []), *facts]
    return document


def person(user: dict[str, Any]) -> dict[str, Any]:
    external = str(user["externalUserType"]).startswith("b2b")
    return {
        "id": user["id"],
        "displayName": user["displayName"],
        "userPrincipalName": f"{user['displayName']}@contoso.example",
        "userType": user["userType"],
        "creationType": "Invitation" if external else None,
        "accountEnabled": True,
    }


def outcome(sandbox: Sandbox, body: dict[str, Any]) -> str:
    entry = sign_in(sandbox, body)
    if entry["status"]["errorCode"] == BLOCKED:
        return "block"
    return "mfa" if entry["authenticationRequirementPolicies"] else "noMfa"


def stated(user: str, given: dict[str, Any]) -> dict[str, Any]:
    target, device = given["target"], given["device"]
    body: dict[str, Any] = {
        "user": user,
        "ip": given["ip"],
        "country": given["country"],
        "client": given["clientAppType"],
        "platform": given["devicePlatform"],
        "signInRisk": given["signInRiskLevel"],
        "userRisk": given["userRiskLevel"],
        "compliant": bool(device["isCompliant"]),
        "joined": device["trustType"] == "ServerAD",
    }
    body |= {"app": target["appId"]} if target["type"] == "app" else {"userAction": target["action"]}
    return body if given["authenticationFlow"] == "none" else {**body, "transfer": given["authenticationFlow"]}


def every_sign_in(user: str, target: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield sign-ins of all kinds to the target, those for baseline scopes among them."""
    apps = (target["appId"],) if target["type"] == "app" else SOME_APPS
    names = ("app", "client", "platform", "ip", "signInRisk", "compliant")
    for values in product(
        apps,
        ("browser", "mobileAppsAndDesktopClients", "other", "exchangeActiveSync"),
        ("windows", "iOS", "linux"),
        ("203.0.113.10", ELSEWHERE),
        ("none", "low", "medium", "high"),
        (False, True),
    ):
        body = {"user": user, **dict(zip(names, values, strict=True))}
        yield body
        if target["type"] == "any" and body["client"] == "browser":
            yield {**body, "scopes": "oidc"}
            yield {**body, "transfer": "deviceCodeFlow"}


def all_cases(shared: Path) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    found = {}
    for name in FILES:
        document = json.loads((shared / "policies" / name).read_text(encoding="utf-8"))
        found |= {case["id"]: (document["directory"], case) for case in document["cases"]}
    return found


@pytest.mark.parametrize("case_id", [case for name in FILES for case in CASES[name]])
def test_a_worked_case_comes_out_right_in_the_simulation(case_id: str, shared: Path) -> None:
    directory, case = all_cases(shared)[case_id]
    sandbox = Sandbox(tenant_of(document_of(directory, case)))
    user = next(each["id"] for each in directory["users"] if each["displayName"] == case["principal"])
    expected = case["expect"]
    if case["kind"] == "signIn":
        found = outcome(sandbox, stated(user, case["signIn"]))
        assert found in expected.get("outcomeAnyOf", [expected["outcome"]]), case["reason"]
        return
    results = [(body, outcome(sandbox, body)) for body in every_sign_in(user, case["target"])]
    opened = [body for body, each in results if each == "noMfa"]
    verdict = "always" if not opened else "never" if len(opened) == len(results) else "sometimes"
    assert verdict in expected.get("coverageAnyOf", [expected["coverage"]]), case["reason"]
    for gap in expected["gapsInclude"]:
        assert any(REGIONS[gap](body) for body in opened), (gap, case["reason"])


def test_no_worked_case_is_left_out(shared: Path) -> None:
    assert sorted(all_cases(shared)) == sorted(each for cases in CASES.values() for each in cases)
