"""How requests arrive: addresses as clients write them, and functions that stand where a key does."""

import httpx
import pytest

from migrate.sandbox.server import SandboxServer


@pytest.mark.parametrize("key", ["users('{id}')", "users(%27{id}%27)", "users(id='{id}')", "USERS('{id}')"])
def test_a_key_may_stand_in_brackets_and_its_quotes_encoded(
    client: httpx.Client, server: SandboxServer, key: str
) -> None:
    wanted = server.sandbox.tenant.people.user_id(5)
    assert client.get(f"/v1.0/{key.format(id=wanted)}").raise_for_status().json()["id"] == wanted


def test_a_quote_in_a_key_is_doubled(client: httpx.Client, server: SandboxServer) -> None:
    server.sandbox.tenant.people.amend(5, {"userPrincipalName": "nia.o'hara@contoso.example"})
    for key in (
        "('nia.o''hara@contoso.example')",
        "(%27nia.o%27%27hara@contoso.example%27)",
        "/nia.o'hara@contoso.example",
    ):
        found = client.get(f"/v1.0/users{key}").raise_for_status().json()
        assert found["userPrincipalName"] == "nia.o'hara@contoso.example"


def test_a_type_in_a_path_is_linked_noted_and_met_by_faults_as_it_was_asked(
    client: httpx.Client, server: SandboxServer
) -> None:
    group = next(group for group in server.sandbox.tenant.groups if group.json["displayName"] == "All Staff")
    path = f"groups/{group.id}/transitiveMembers/microsoft.graph.user"
    link = client.get(f"/v1.0/{path}?$top=5").json()["@odata.nextLink"]
    assert link.split("?")[0] == f"{server.url}/v1.0/{path}"
    assert len(client.get(link).json()["value"]) == 5
    assert client.get("/_sandbox/requests").json()["value"][0]["path"] == path
    assert client.get(f"/v1.0/{path.replace('microsoft.', '')}?$top=5").status_code == 200
    fault = {"match": {"path": "groups/*/transitiveMembers/microsoft.graph.user"}, "do": {"status": 503}}
    client.post("/_sandbox/faults", json={"faults": [fault]}).raise_for_status()
    assert client.get(f"/v1.0/{path}").status_code == 503


@pytest.mark.parametrize(
    "path", ["users/delta", "users/delta()", "users/microsoft.graph.delta()", "groups/$count", "groups/getByIds"]
)
def test_a_function_of_graph_is_not_taken_for_somebody_unknown(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/v1.0/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
