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


@pytest.mark.parametrize(
    "path", ["users/delta", "users/delta()", "users/microsoft.graph.delta()", "groups/$count", "groups/getByIds"]
)
def test_a_function_of_graph_is_not_taken_for_somebody_unknown(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/v1.0/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
