"""The table of cases of 2026 by the public path: tenant file, sandbox, export, explain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.cli import run
from migrate.model.evidence import Evidence
from migrate.model.tenant_settings import BaselineScopes
from migrate.model.users import UserProfile
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant_file import load_tenant_file
from tests.unit.decide.coverage.cases_2026 import CASES, Case
from tests.unit.decide.coverage.tenants import BROKEN, GONE, HIDDEN, PEOPLE, evidence

ROLES = "roleManagement/directory"
BY_FILE = [
    case
    for case in CASES
    # A tenant file has one version of a policy, each object once, and the built-in strengths; what Graph could not
    # answer has its own tests.
    if "beta" not in case.facts
    and not any(words in case.name for words in ("twice", "not read"))
    and '"authenticationStrength": {' not in json.dumps(case.policies)
]


def user_document(profile: UserProfile) -> dict[str, Any]:
    """Return a user as Graph has it."""
    document = {
        "id": profile.id,
        "displayName": profile.display_name,
        "userPrincipalName": profile.user_principal_name,
        "userType": profile.user_type,
        "creationType": profile.creation_type,
        "externalUserState": profile.external_user_state,
        "accountEnabled": True,
    }
    return {"@odata.type": "#microsoft.graph.agentUser", **document} if profile.is_agent else document


def tenant_document(read: Evidence) -> dict[str, Any]:
    """Return the tenant file of one case."""
    groups = {id_: group for id_, group in read.groups.items() if id_ not in (HIDDEN, BROKEN, GONE)}
    kinds = (("roleAssignments", "holders", "/"), ("roleEligibilitySchedules", "eligible", "/"))
    held = {
        kind: [
            {"principalId": user_id, "roleDefinitionId": role.template_id, "directoryScopeId": scope}
            for role in read.roles.values()
            for user_id in sorted(getattr(role, members))
        ]
        for kind, members, scope in kinds
    }
    held["roleAssignments"] += [
        {
            "principalId": user_id,
            "roleDefinitionId": role.template_id,
            "directoryScopeId": "/administrativeUnits/08ef2df6-c68d-5b09-a500-9c9ccd270676",
        }
        for role in read.roles.values()
        for user_id in sorted(role.scoped)
    ]
    return {
        "_tenantId": "0b6a3f8e-3f3c-4f7e-9d0c-6f9a5d1c2b3a",
        "users": [user_document(profile) for profile in PEOPLE.values()],
        "groups": [{"id": id_, "displayName": group.display_name} for id_, group in groups.items()],
        **{
            f"groups/{id_}/members": [
                {"@odata.type": "#microsoft.graph.user", "id": user_id} for user_id in sorted(group.members)
            ]
            for id_, group in groups.items()
        },
        f"{ROLES}/roleDefinitions": [
            {
                "id": role.template_id,
                "templateId": role.template_id,
                "displayName": role.display_name,
                "isBuiltIn": role.built_in,
                "isEnabled": True,
            }
            for role in read.roles.values()
        ],
        **{f"{ROLES}/{kind}": rows for kind, rows in held.items()},
        "identity/conditionalAccess/policies": [policy.raw for policy in read.policies],
        "identity/conditionalAccess/namedLocations": list(read.named_locations),
    }


def configuration(answer: BaselineScopes) -> str:
    """Return mfa-migrate.toml with the operator's answer."""
    if not answer.is_answer:
        return "pacing = false\n"
    setting = answer.setting.value + (f":{answer.placeholder}" if answer.placeholder else "")
    return f'pacing = false\n[tenant_settings]\nbaseline_scopes = "{setting}"\n'


@pytest.mark.parametrize("case", BY_FILE, ids=lambda case: case.name)
def test_a_case_comes_out_by_the_public_path_as_the_table_says(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, config = tmp_path / "tenant.json", tmp_path / "lab.toml"
    file.write_text(json.dumps(tenant_document(evidence(*case.policies, **case.facts))), encoding="utf-8")
    config.write_text(configuration(case.baseline), encoding="utf-8")
    place = ["--workspace", str(tmp_path / "work"), "--no-progress", "--config", str(config)]
    with SandboxServer(load_tenant_file(file), settings=SandboxSettings(throttle=False)) as server:
        assert run(["export", "--endpoint", server.url, *place]) == 0, capsys.readouterr().err
        capsys.readouterr()
    apps = [word for app in sorted(case.apps or ()) for word in ("--app", app)]
    assert run(["explain", PEOPLE[case.person].id, *apps, *place, "-o", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["coverage"]
    assert (found["verdict"], found["gaps"]) == (case.verdict, sorted(case.gaps)), (case.why, found)


def test_nearly_all_of_the_table_goes_by_the_public_path() -> None:
    assert len(BY_FILE) >= 55
