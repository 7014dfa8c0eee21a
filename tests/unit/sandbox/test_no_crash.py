"""Whatever is sent, the service answers in Graph's shape: no call of any modelled kind ends in a bug of ours."""

import copy
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.sandbox.company import company
from migrate.sandbox.control import CALLS, Control
from migrate.sandbox.endpoints.table import all_routes
from migrate.sandbox.messages import Answer, Call, GraphError
from migrate.sandbox.service import Sandbox
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant_file import dump_tenant, load_tenant_file
from migrate.sandbox.tenant_sections import TenantFileError
from migrate.sandbox.urls import query_of, split_path

SETTINGS = SandboxSettings(throttle=False)
POLICY = {
    "displayName": "P",
    "state": "enabled",
    "conditions": {
        "users": {
            "includeUsers": ["All"],
            "excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest", "externalTenants": {}},
        },
        "applications": {"includeApplications": ["All"]},
        "clientAppTypes": ["all"],
        "locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]},
        "platforms": {"includePlatforms": ["all"]},
        "clientApplications": {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]},
        "devices": {"deviceFilter": {"mode": "exclude", "rule": "x"}},
        "authenticationFlows": {"transferMethods": "deviceCodeFlow"},
    },
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"], "authenticationStrength": {"id": "x"}},
    "sessionControls": {"signInFrequency": {"isEnabled": True, "value": 1, "type": "days"}},
}
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.text(max_size=3),
    st.just([]),
    st.just({}),
    st.just([1]),
    st.just([None]),
    st.just({"a": {"b": []}}),
    st.just(["All"]),
    st.just([{}]),
).map(copy.deepcopy)


def ask(sandbox: Sandbox, method: str, path: str, body: object = ..., query: str = "") -> Answer:
    call = Call(
        method=method,
        version="beta",
        segments=split_path(path),
        query=query_of(query),
        raw_query=query,
        headers={"authorization": "Bearer x", "content-type": "application/json", "consistencylevel": "eventual"},
        body=b"" if body is ... else msgspec.json.encode(body),
        origin="http://127.0.0.1:1",
        request_id="r",
    )
    answer = sandbox.answer(call)
    msgspec.json.encode(answer.body)
    return answer


def paths_in(thing: object, here: tuple = ()) -> list[tuple]:
    found = [here] if here else []
    if isinstance(thing, dict):
        for name, value in thing.items():
            found += paths_in(value, (*here, name))
    return found


@given(st.lists(st.tuples(st.sampled_from(paths_in(POLICY)), values), min_size=1, max_size=3))
def test_a_policy_with_anything_anywhere_is_taken_or_refused(changes: list) -> None:
    sandbox = Sandbox(company(1, 30), SETTINGS)
    policy = copy.deepcopy(POLICY)
    for path, value in changes:
        holder: object = policy
        for name in path[:-1]:
            holder = holder.get(name) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder[path[-1]] = value
    base = "identity/conditionalAccess/policies"
    made = ask(sandbox, "POST", base, policy)
    assert made.status in (201, 400, 403)
    first = next(iter(sandbox.tenant.policies))
    assert ask(sandbox, "PATCH", f"{base}/{first}", policy).status in (204, 400, 403)
    # Whatever was taken can be judged.
    user = sandbox.tenant.people.user_id(2)
    for identity in (
        {"@odata.type": "#microsoft.graph.userSignIn", "userId": user},
        {"@odata.type": "#microsoft.graph.servicePrincipalSignIn", "servicePrincipalId": user},
    ):
        question = {
            "signInIdentity": identity,
            "signInContext": {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": ["x"]},
            "signInConditions": {"ipAddress": "203.0.113.1"},
        }
        assert ask(sandbox, "POST", "identity/conditionalAccess/evaluate", question).status == 200


BODIES = [
    ...,
    None,
    [],
    {},
    7,
    "x",
    {"perUserMfaState": []},
    {"isEnabled": "x"},
    {"@odata.type": []},
    {"ipRanges": [7]},
]
QUERIES = [
    "",
    "$select=id",
    "$top=1",
    "$count=true",
    "$filter=id eq 'x'",
    "$filter=",
    "$select=",
    "$orderby=",
    "$expand=",
    "$skiptoken=",
    "$search=",
    '$search="displayName:a"',
    f"$search={'(' * 2000}",
    f"$filter={'not ' * 2000}id eq 'x'",
]


@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{route.method} {route.path}")
def test_every_call_survives_every_body_and_query(route) -> None:
    sandbox = Sandbox(company(1, 30), SETTINGS)
    people, tenant = sandbox.tenant.people, sandbox.tenant
    ids = {"user": people.user_id(2), "group": next(iter(tenant.groups)).id, "policy": next(iter(tenant.policies))}
    path = re.sub(r"\{(\w+)\}", lambda match: ids.get(match[1], "x"), route.path)
    for body in BODIES:
        for query in QUERIES:
            answer = ask(sandbox, route.method, path, body, query)
            assert answer.status < 500 or answer.status == 501, (body, query, answer)


@given(
    st.recursive(
        values,
        lambda inner: (
            st.dictionaries(st.sampled_from(["requests", "id", "method", "url", "headers", "body", "dependsOn"]), inner)
            | st.lists(inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_any_batch_is_answered_or_refused(body: object) -> None:
    sandbox = Sandbox(company(1, 5), SETTINGS)
    for envelope in (body, {"requests": [body]}, {"requests": body}):
        assert ask(sandbox, "POST", "$batch", envelope).status in (200, 400)


names = st.sampled_from(
    [
        "users",
        "groups",
        "groups/g/members",
        "identity/conditionalAccess/policies",
        "organization",
        "subscribedSkus",
        "domains",
        "users/u/authentication/methods",
        "users/u/authentication/requirements",
        "directoryRoles",
        "directoryRoles/r/members",
        "roleManagement/directory/roleAssignments",
        "reports/authenticationMethods/userRegistrationDetails",
        "_tenantId",
        "policies/authenticationMethodsPolicy",
        "policies/identitySecurityDefaultsEnforcementPolicy",
        "auditLogs/signIns",
        "other",
    ]
)
members = [
    "state",
    "conditions",
    "value",
    "servicePlans",
    "verifiedDomains",
    "userPrincipalName",
    "principalId",
    "grantControls",
    "capabilityStatus",
    "roleTemplateId",
    "createdDateTime",
    "authenticationMethodConfigurations",
    "methodsRegistered",
]
objects = st.fixed_dictionaries(
    {"id": st.sampled_from(["u", "g", "r"])}, optional={name: values | st.just("x") for name in members}
)
odd = st.lists(objects, min_size=1, max_size=2) | st.lists(objects, min_size=1, max_size=2) | objects | values
sound = {"users": [{"id": "u"}], "groups": [{"id": "g"}], "directoryRoles": [{"id": "r", "roleTemplateId": "t"}]}


@settings(max_examples=400)
@given(st.dictionaries(names, odd, min_size=1, max_size=2).map(lambda sections: sound | sections))
def test_any_tenant_file_is_served_or_refused_with_a_sentence(document: dict) -> None:
    try:
        tenant = load_tenant_file(msgspec.json.encode(document))
    except TenantFileError as error:
        refused = str(error)
    else:
        refused = "."
        sandbox = Sandbox(tenant, SETTINGS)
        for path in (
            "users",
            "groups",
            "me",
            "identity/conditionalAccess/policies",
            "subscribedSkus",
            "other",
            "directoryRoles",
            "auditLogs/signIns",
            "reports/authenticationMethods/userRegistrationDetails",
            "users/u/transitiveMemberOf",
            "groups/g/transitiveMembers",
        ):
            assert ask(sandbox, "GET", path).status in (200, 400, 403, 404, 501)
        dump_tenant(tenant)
    assert refused.endswith(".")


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_the_control_plane_survives_every_body(call) -> None:
    sandbox = Sandbox(company(1, 30), SETTINGS)
    control = Control(sandbox)
    odd_bodies = [
        b"",
        b"null",
        b"[]",
        b"7",
        b'"x"',
        b"{}",
        b'{"user":7}',
        b'{"user":"alma.berg@contoso.example","country":7}',
        b'{"user":"alma.berg@contoso.example","signInRisk":[],"userRisk":{},"platform":[],"userAction":[1],"app":{}}',
        b'{"user":"alma.berg@contoso.example","method":[]}',
        b'{"user":"alma.berg@contoso.example","register":7,"client":[]}',
        b'{"seed":"x"}',
        b'{"tenant":{"users":[7]}}',
        b'{"advance":"x"}',
        b'{"faults":7}',
        b'{"policy":"x"}',
        b'{"group":"x"}',
        b'{"user":"alma.berg@contoso.example","state":"x"}',
        b'{"user":"alma.berg@contoso.example","set":{"id":7}}',
        b'{"appId":7,"permissions":[7]}',
        b'{"appId":"a","permissions":7}',
        b'{"advance":1e400}',
    ]
    for body in odd_bodies:
        asked = Call(
            method=call.method,
            version="",
            segments=["_sandbox", call.path],
            query={},
            headers={},
            body=body,
            origin="http://127.0.0.1:1",
            request_id="r",
        )
        try:
            status = control.answer(asked).status
        except GraphError as error:
            status = error.status
        assert status in (200, 400, 404), body
