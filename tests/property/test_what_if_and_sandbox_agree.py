"""Two evaluators that share no code agree: our offline What If, and the sandbox's, written from Graph's pages."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from migrate.decide.what_if import WhatIf
from migrate.model.explanation import SignIn
from migrate.sandbox.access_conditions import Attempt, unmet
from migrate.sandbox.tenant_file import load_tenant_file
from tests.property.random_tenants import tenants
from tests.property.test_what_if_agrees import SIGN_INS
from tests.unit.decide.coverage.tenants import GROUPS, LOCATIONS, PEOPLE, ROLES, evidence, object_id

READ = [group for group in GROUPS if group.status.value == "read"]
ASSIGNMENTS = "roleManagement/directory/roleAssignments"


def tenant_document(policies: list[dict[str, Any]]) -> bytes:
    """Return the invented tenant of the coverage tests as a tenant file."""
    document = {
        "_tenantId": object_id("tenant"),
        "users": [
            {
                "id": profile.id,
                "displayName": profile.display_name,
                "userPrincipalName": profile.user_principal_name,
                "userType": profile.user_type,
                "creationType": profile.creation_type,
                "externalUserState": profile.external_user_state,
            }
            for profile in PEOPLE.values()
        ],
        "groups": [{"id": group.id, "displayName": group.display_name} for group in READ],
        **{f"groups/{group.id}/members": [{"id": member} for member in sorted(group.members)] for group in READ},
        ASSIGNMENTS: [
            {"principalId": holder, "roleDefinitionId": role.template_id, "directoryScopeId": "/"}
            for role in ROLES
            for holder in role.holders
        ],
        # A file that does not define a role leaves it built in.
        "roleManagement/directory/roleDefinitions": [
            {
                "id": role.template_id,
                "templateId": role.template_id,
                "displayName": role.display_name,
                "isBuiltIn": role.built_in is True,
                "isEnabled": True,
            }
            for role in ROLES
        ],
        "identity/conditionalAccess/namedLocations": LOCATIONS,
        "identity/conditionalAccess/policies": policies,
    }
    return json.dumps(document).encode()


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(raws=tenants(), name=st.sampled_from(["ada", "leo", "adam", "lars", "gina"]), sign_in=SIGN_INS)
def test_each_policy_applies_here_where_it_applies_there(
    raws: list[dict[str, Any]], name: str, sign_in: SignIn
) -> None:
    # These two cannot be told to What If, or are read there in another way on purpose.
    assume(sign_in.platform != "unknown" and sign_in.country != "unknown")
    assume(sign_in.client_app_type != "exchangeActiveSync")
    tenant = load_tenant_file(tenant_document(raws))
    place = tenant.people.find(PEOPLE[name].id)
    assert place is not None
    attempt = Attempt(
        place=place,
        app=sign_in.app,
        client=sign_in.client_app_type,
        platform=sign_in.platform,
        ip=sign_in.ip,
        country=sign_in.country,
        sign_in_risk=sign_in.sign_in_risk,
        user_risk=sign_in.user_risk,
        insider_risk=None if sign_in.insider_risk == "none" else sign_in.insider_risk,
        transfer=None if sign_in.flow == "none" else sign_in.flow,
    )
    for answer in WhatIf(evidence(*raws)).answer_for(PEOPLE[name], sign_in).policies:
        if answer.applies is not None:
            assert answer.applies is (not unmet(tenant.policies[answer.id], attempt, tenant))
