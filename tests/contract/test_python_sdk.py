"""The official Python SDK, unmodified: typed builders, paging, raw beta calls and batches through its adapter."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import httpx
import pytest

from migrate.sandbox.company import group_called
from migrate.sandbox.roles import GLOBAL_ADMINISTRATOR
from migrate.sandbox.server import SandboxServer

# The SDK's own modules still define the classes that they call deprecated.
pytestmark = [
    pytest.mark.filterwarnings("ignore:GetQueryParameters is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This class is deprecated:DeprecationWarning"),
]

Ask = Callable[[Any], Coroutine[Any, Any, Any]]


@pytest.fixture
def graph(server: SandboxServer) -> Callable[[Ask], Any]:
    """Run a coroutine function against a GraphServiceClient for the sandbox, and return what it returns."""
    from azure.core.credentials import AccessToken
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from msgraph import GraphServiceClient
    from msgraph.graph_request_adapter import GraphRequestAdapter

    class Constant:
        def get_token(self, *_: str, **__: object) -> AccessToken:
            return AccessToken("constant", int(time.time()) + 3600)

        def close(self) -> None:
            """Nothing is open."""

    async def with_client(ask: Ask) -> Any:
        auth = AzureIdentityAuthenticationProvider(
            Constant(), scopes=["https://graph.example/.default"], allowed_hosts=["127.0.0.1"]
        )
        adapter = GraphRequestAdapter(auth)
        adapter.base_url = f"{server.url}/v1.0"
        try:
            return await ask(GraphServiceClient(request_adapter=adapter))
        finally:
            # The SDK's transport does not close the one it wraps.
            await adapter._http_client._transport.transport.aclose()
            await adapter._http_client.aclose()

    return lambda ask: asyncio.run(with_client(ask))


def test_users_are_paged_with_select(graph: Callable[[Ask], Any]) -> None:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.users.users_request_builder import UsersRequestBuilder

    async def ask(client: Any) -> list[Any]:
        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            select=["id", "userPrincipalName", "userType", "accountEnabled", "perUserMfaState"], top=50
        )
        page = await client.users.get(request_configuration=RequestConfiguration(query_parameters=query))
        found = list(page.value)
        while page.odata_next_link:
            page = await client.users.with_url(page.odata_next_link).get()
            found += page.value
        return found

    found = graph(ask)
    assert len({each.id for each in found}) == 120
    assert {each.user_type for each in found} == {"Member", "Guest"}
    assert found[2].additional_data["perUserMfaState"] == "enforced"


def test_users_are_searched(graph: Callable[[Ask], Any]) -> None:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.users.users_request_builder import UsersRequestBuilder

    async def ask(client: Any) -> list[str]:
        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            search='"displayName:alma berg" OR "mail:ben.frost@"', count=True, orderby=["displayName"]
        )
        configuration = RequestConfiguration(query_parameters=query)
        configuration.headers.add("ConsistencyLevel", "eventual")
        page = await client.users.get(request_configuration=configuration)
        assert page.odata_count == 2
        return [each.display_name for each in page.value]

    assert graph(ask) == ["Alma Berg", "Ben Frost"]


def test_one_user_with_methods_groups_and_registration(graph: Callable[[Ask], Any]) -> None:
    from msgraph.generated.models.microsoft_authenticator_authentication_method import (
        MicrosoftAuthenticatorAuthenticationMethod,
    )

    async def ask(client: Any) -> tuple[Any, ...]:
        user = await client.users.by_user_id("alma.berg@contoso.example").get()
        builder = client.users.by_user_id(user.id)
        rows = client.reports.authentication_methods.user_registration_details
        return (
            user,
            await builder.authentication.methods.get(),
            await builder.transitive_member_of.get(),
            await rows.by_user_registration_details_id(user.id).get(),
            await rows.get(),
        )

    user, methods, groups, row, rows = graph(ask)
    assert user.display_name == "Alma Berg"
    assert any(isinstance(each, MicrosoftAuthenticatorAuthenticationMethod) for each in methods.value)
    assert any(each.display_name == "All Staff" for each in groups.value)
    assert (row.is_mfa_capable, row.methods_registered) == (True, ["microsoftAuthenticatorPush", "mobilePhone"])
    assert row.user_type.value == "member"
    assert len(rows.value) == 100


def test_the_life_of_a_policy_with_typed_models(graph: Callable[[Ask], Any], server: SandboxServer) -> None:
    from msgraph.generated.models.conditional_access_applications import ConditionalAccessApplications
    from msgraph.generated.models.conditional_access_client_app import ConditionalAccessClientApp
    from msgraph.generated.models.conditional_access_condition_set import ConditionalAccessConditionSet
    from msgraph.generated.models.conditional_access_grant_control import ConditionalAccessGrantControl
    from msgraph.generated.models.conditional_access_grant_controls import ConditionalAccessGrantControls
    from msgraph.generated.models.conditional_access_policy import ConditionalAccessPolicy
    from msgraph.generated.models.conditional_access_policy_state import ConditionalAccessPolicyState
    from msgraph.generated.models.conditional_access_users import ConditionalAccessUsers

    policy = ConditionalAccessPolicy(
        display_name="Typed",
        state=ConditionalAccessPolicyState.EnabledForReportingButNotEnforced,
        conditions=ConditionalAccessConditionSet(
            users=ConditionalAccessUsers(include_users=["All"]),
            client_app_types=[ConditionalAccessClientApp.All],
            applications=ConditionalAccessApplications(include_applications=["All"]),
        ),
        grant_controls=ConditionalAccessGrantControls(
            operator="OR", built_in_controls=[ConditionalAccessGrantControl.Mfa]
        ),
    )

    async def ask(client: Any) -> tuple[Any, ...]:
        policies = client.identity.conditional_access.policies
        made = await policies.post(policy)
        one = policies.by_conditional_access_policy_id(made.id)
        await one.patch(ConditionalAccessPolicy(state=ConditionalAccessPolicyState.Enabled))
        changed = await one.get()
        count = len((await policies.get()).value)
        await one.delete()
        return made, changed, count, len((await policies.get()).value)

    made, changed, count, after = graph(ask)
    assert made.created_date_time is not None
    assert changed.state == ConditionalAccessPolicyState.Enabled
    assert changed.conditions.users.include_users == ["All"]
    assert (count, after) == (4, 3)


def test_a_refusal_becomes_an_odata_error(graph: Callable[[Ask], Any]) -> None:
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError

    async def ask(client: Any) -> Any:
        return await client.users.by_user_id("nobody@contoso.example").get()

    with pytest.raises(ODataError) as caught:
        graph(ask)
    assert caught.value.response_status_code == 404
    assert caught.value.error.code == "Request_ResourceNotFound"
    assert caught.value.error.inner_error.request_id


def test_the_rest_of_the_tenant(graph: Callable[[Ask], Any], server: SandboxServer) -> None:
    group = group_called(server.sandbox.tenant, "MFA Policy Exclusions").id

    async def ask(client: Any) -> dict[str, Any]:
        access, directory = client.identity.conditional_access, client.role_management.directory
        return {
            "organization": await client.organization.get(),
            "domains": await client.domains.get(),
            "skus": await client.subscribed_skus.get(),
            "locations": await access.named_locations.get(),
            "strengths": await access.authentication_strength.policies.get(),
            "defaults": await client.policies.identity_security_defaults_enforcement_policy.get(),
            "methods": await client.policies.authentication_methods_policy.get(),
            "roles": await client.directory_roles.get(),
            "assignments": await directory.role_assignments.get(),
            "eligible": await directory.role_eligibility_schedules.get(),
            "members": await client.groups.by_group_id(group).transitive_members.graph_user.get(),
            "audits": await client.audit_logs.directory_audits.get(),
            "me": await client.me.get(),
        }

    found = graph(ask)
    assert found["organization"].value[0].id == server.sandbox.tenant.id
    assert found["domains"].value[0].is_default is True
    assert found["skus"].value[0].service_plans[0].service_plan_name == "AAD_PREMIUM"
    assert found["locations"].value[0].ip_ranges[0].cidr_address == "198.51.100.0/24"
    assert found["strengths"].value[0].display_name == "Multifactor authentication"
    assert found["defaults"].is_enabled is False
    assert len(found["methods"].authentication_method_configurations) > 5
    assert GLOBAL_ADMINISTRATOR in {each.role_template_id for each in found["roles"].value}
    assert len(found["assignments"].value) > len(found["eligible"].value) == 1
    assert {each.user_principal_name for each in found["members"].value} >= {"dora.pike@contoso.example"}
    assert found["audits"].value == []
    assert found["me"].user_principal_name == "admin@contoso.example"


def test_sign_ins_and_what_if_with_typed_models(
    graph: Callable[[Ask], Any], server: SandboxServer, client: httpx.Client
) -> None:
    from msgraph.generated.identity.conditional_access.evaluate.evaluate_post_request_body import (
        EvaluatePostRequestBody,
    )
    from msgraph.generated.models.application_context import ApplicationContext
    from msgraph.generated.models.service_principal_sign_in import ServicePrincipalSignIn
    from msgraph.generated.models.sign_in_conditions import SignInConditions
    from msgraph.generated.models.user_sign_in import UserSignIn

    user_id = server.sandbox.tenant.people.user_id(2)
    client.post("/_sandbox/signins", json={"user": user_id}).raise_for_status()
    body = EvaluatePostRequestBody(
        sign_in_identity=UserSignIn(user_id=user_id, odata_type="#microsoft.graph.userSignIn"),
        sign_in_context=ApplicationContext(
            include_applications=["00000002-0000-0ff1-ce00-000000000000"],
            odata_type="#microsoft.graph.applicationContext",
        ),
        sign_in_conditions=SignInConditions(ip_address="203.0.113.9"),
        applied_policies_only=True,
    )

    async def ask(graph_client: Any) -> tuple[Any, Any]:
        rows = await graph_client.audit_logs.sign_ins.get()
        return rows, await graph_client.identity.conditional_access.evaluate.post(body)

    rows, verdicts = graph(ask)
    assert rows.value[0].applied_conditional_access_policies[0].result.value == "success"
    assert {each.policy_applies for each in verdicts.value} == {True}

    body.sign_in_identity = ServicePrincipalSignIn(
        service_principal_id=str(uuid4()), odata_type="#microsoft.graph.servicePrincipalSignIn"
    )
    body.applied_policies_only = False
    _, verdicts = graph(ask)
    assert {reason.value for each in verdicts.value for reason in each.analysis_reasons} == {"workloadIdentities"}


def test_raw_beta_calls_and_batches_through_the_adapter(graph: Callable[[Ask], Any], server: SandboxServer) -> None:
    from kiota_abstractions.method import Method
    from kiota_abstractions.request_information import RequestInformation

    items = [
        {
            "id": str(at),
            "method": "GET",
            "url": f"/users/{server.sandbox.tenant.people.user_id(at)}/authentication/requirements",
        }
        for at in range(20)
    ]

    async def ask(client: Any) -> Any:
        adapter = client.request_adapter
        adapter.base_url = f"{server.url}/beta"
        request = RequestInformation(Method.POST, "{+baseurl}/$batch", {})
        request.set_stream_content(json.dumps({"requests": items}).encode(), "application/json")
        answer = json.loads(await adapter.send_primitive_async(request, "bytes", {}))
        write = RequestInformation(
            Method.PATCH, "{+baseurl}/users/alma.berg@contoso.example/authentication/requirements", {}
        )
        write.set_stream_content(b'{"perUserMfaState":"disabled"}', "application/json")
        return answer, await adapter.send_primitive_async(write, "bytes", {})

    answer, written = graph(ask)
    assert {each["status"] for each in answer["responses"]} == {200}
    assert not written
    assert server.sandbox.tenant.people.mfa_state(2) == "disabled"


def test_the_sdks_own_retry_waits_as_it_is_told(graph: Callable[[Ask], Any], client: httpx.Client) -> None:
    client.post(
        "/_sandbox/faults",
        json={
            "faults": [{"match": {"path": "me", "times": 1}, "do": {"status": 429, "headers": {"Retry-After": "1"}}}]
        },
    )

    async def ask(graph_client: Any) -> Any:
        return await graph_client.me.get()

    begun = time.monotonic()
    assert graph(ask).display_name == "Ada Admin"
    assert time.monotonic() - begun >= 1
    assert [each["status"] for each in client.get("/_sandbox/requests").json()["value"]] == [429, 200]
