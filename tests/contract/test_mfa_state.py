"""The per-user MFA state: reading, writing, coercion, and the settings where Graph is silent."""

import httpx
import pytest

from migrate.sandbox.server import SandboxServer

STATE = "perUserMfaState"


def place_of(server: SandboxServer, name: str) -> int:
    place = server.sandbox.tenant.people.find(f"{name}@contoso.example")
    assert place is not None
    return place


def url_of(server: SandboxServer, name: str) -> str:
    return f"/beta/users/{server.sandbox.tenant.people.user_id(place_of(server, name))}/authentication/requirements"


def read(client: httpx.Client, url: str) -> str:
    return client.get(url).raise_for_status().json()[STATE]


def test_a_state_is_read_with_its_context_and_written_with_204(client: httpx.Client, server: SandboxServer) -> None:
    url = url_of(server, "alma.berg")
    body = client.get(url).json()
    assert body[STATE] == "enforced"
    assert "/beta/$metadata#users(" in body["@odata.context"]
    answer = client.patch(url, json={STATE: "disabled"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert read(client, url) == "disabled"


def test_enabled_becomes_enforced_for_whoever_has_a_method(client: httpx.Client, server: SandboxServer) -> None:
    registered, unregistered = url_of(server, "alma.berg"), url_of(server, "otto.lind")
    for url in (registered, unregistered):
        assert client.patch(url, json={STATE: "enabled"}).status_code == 204
    assert (read(client, registered), read(client, unregistered)) == ("enforced", "enabled")


def test_the_coercion_is_a_setting(start, connect) -> None:
    server = start(enabled_for_registered="enabled")
    client = connect(server)
    client.patch(url_of(server, "alma.berg"), json={STATE: "enabled"})
    assert read(client, url_of(server, "alma.berg")) == "enabled"


def test_registration_moves_enabled_to_enforced(client: httpx.Client, server: SandboxServer) -> None:
    url = url_of(server, "emil.stone")
    assert read(client, url) == "enabled"
    client.post("/_sandbox/register", json={"user": "emil.stone@contoso.example", "method": "microsoftAuthenticator"})
    assert read(client, url) == "enforced"


@pytest.mark.parametrize("body", [{STATE: "off"}, {STATE: "Disabled"}, {}, {"other": 1}, [], "x", {STATE: None}])
def test_a_bad_state_is_refused_and_changes_nothing(client: httpx.Client, server: SandboxServer, body: object) -> None:
    url = url_of(server, "alma.berg")
    assert client.patch(url, json=body).status_code == 400
    assert read(client, url) == "enforced"


def test_the_name_of_the_property_may_have_any_case_unless_set_otherwise(start, connect) -> None:
    for strict in (True, False):
        server = start(state_names_any_case=not strict)
        answer = connect(server).patch(url_of(server, "alma.berg"), json={"perUserMFAstate": "disabled"})
        assert answer.status_code == (400 if strict else 204)


def test_a_guests_state_may_be_accepted_and_ignored(start, connect) -> None:
    server = start(guest_state_write="ignored")
    client = connect(server)
    guest, member = url_of(server, "jill.cross"), url_of(server, "alma.berg")
    for url in (guest, member):
        assert client.patch(url, json={STATE: "disabled"}).status_code == 204
    assert (read(client, guest), read(client, member)) == ("enforced", "disabled")


def test_reads_may_lag_behind_writes(start, connect) -> None:
    server = start(state_read_lag_seconds=30)
    client = connect(server)
    url = url_of(server, "alma.berg")
    client.patch(url, json={STATE: "disabled"})
    assert read(client, url) == "enforced"
    client.post("/_sandbox/clock", json={"advance": 31})
    assert read(client, url) == "disabled"


def test_a_written_state_leaves_methods_and_preferences_alone(client: httpx.Client, server: SandboxServer) -> None:
    base = url_of(server, "alma.berg").removesuffix("/requirements")
    before = [client.get(f"{base}/{part}").json() for part in ("methods", "signInPreferences")]
    client.patch(f"{base}/requirements", json={STATE: "disabled"})
    assert [client.get(f"{base}/{part}").json() for part in ("methods", "signInPreferences")] == before


def test_preferences_are_written_and_read(client: httpx.Client, server: SandboxServer) -> None:
    url = url_of(server, "alma.berg").replace("requirements", "signInPreferences")
    assert client.patch(url, json={"userPreferredMethodForSecondaryAuthentication": "oath"}).status_code == 204
    assert client.get(url).json()["userPreferredMethodForSecondaryAuthentication"] == "oath"
    for odd in ("pigeon", None, ["sms"], {"sms": True}):
        assert client.patch(url, json={"userPreferredMethodForSecondaryAuthentication": odd}).status_code == 400


def test_changed_preferences_leave_an_audit_event_and_repeated_ones_none(
    client: httpx.Client, server: SandboxServer
) -> None:
    url = url_of(server, "alma.berg").replace("requirements", "signInPreferences")
    for _ in range(2):
        client.patch(url, json={"userPreferredMethodForSecondaryAuthentication": "oath"}).raise_for_status()
    (event,) = client.get("/v1.0/auditLogs/directoryAudits").json()["value"]
    assert (event["activityDisplayName"], event["loggedByService"]) == (
        "Admin updated security info",
        "Authentication Methods",
    )
    (target,) = event["targetResources"]
    assert target["userPrincipalName"] == "alma.berg@contoso.example"
    assert target["modifiedProperties"] == [
        {
            "displayName": "userPreferredMethodForSecondaryAuthentication",
            "oldValue": '"push"',
            "newValue": '"oath"',
        }
    ]


def test_each_change_leaves_an_audit_event_after_its_lag(start, connect) -> None:
    server = start(audit_lag_seconds=120, state_audit_activity="both")
    client = connect(server)
    client.patch(url_of(server, "alma.berg"), json={STATE: "disabled"})
    log = "/v1.0/auditLogs/directoryAudits?$filter=category eq 'UserManagement'"
    assert client.get(log).json()["value"] == []
    client.post("/_sandbox/clock", json={"advance": 121})
    events = client.get(log).json()["value"]
    assert {each["activityDisplayName"] for each in events} == {"Disable Strong Authentication", "Update user"}
    changed = events[0]["targetResources"][0]["modifiedProperties"][0]
    assert (changed["displayName"], changed["newValue"]) == ("StrongAuthenticationRequirement", "[]")
    assert events[0]["initiatedBy"]["user"]["userPrincipalName"] == "admin@contoso.example"
