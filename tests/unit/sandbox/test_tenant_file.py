"""Tenant files: read, served, written again, and refused with a sentence."""

import json
from pathlib import Path

import pytest

from migrate.sandbox.company import company
from migrate.sandbox.tenant_file import TenantFileError, dump_tenant, load_tenant_file, save_tenant, tenant_of

ANNA, BORIS, GROUP, INNER = (f"{number}" * 8 + "-0000-0000-0000-000000000000" for number in "1234")
CA = "identity/conditionalAccess"


def small(**sections: object) -> dict:
    users = [
        {"id": ANNA, "userPrincipalName": "anna@contoso.example", "accountEnabled": True, "shoeSize": 38},
        {"id": BORIS, "userPrincipalName": "boris@contoso.example", "accountEnabled": True},
    ]
    return {"_tenantId": "99999999-0000-0000-0000-000000000000", "users": users, **sections}


@pytest.mark.parametrize("users", [1, 30, 150])
def test_what_is_written_is_read_back_the_same(users: int, tmp_path: Path) -> None:
    tenant = company(4, users)
    tenant.people.set_mfa_state(2, "disabled")
    save_tenant(tenant, tmp_path / "tenant.json")
    again = load_tenant_file(tmp_path / "tenant.json")
    assert (
        dump_tenant(again)
        == json.loads((tmp_path / "tenant.json").read_bytes())
        == json.loads(json.dumps(dump_tenant(tenant)))
    )
    assert again.people.mfa_state(2) == "disabled"
    assert [each.name for each in tmp_path.iterdir()] == ["tenant.json"]


def test_an_empty_file_is_an_empty_tenant_with_what_every_tenant_has() -> None:
    tenant = load_tenant_file(b"{}")
    assert len(tenant.people) == 0
    assert tenant.has_premium()
    assert len(tenant.strengths) == 3
    assert tenant.organization["id"] == tenant.id


def test_absent_things_are_derived() -> None:
    registration = [{"id": ANNA, "isMfaRegistered": True, "methodsRegistered": ["mobilePhone", "fido2"]}]
    file = small(
        **{
            "groups": [{"id": GROUP, "displayName": "Outer"}, {"id": INNER, "displayName": "Inner"}],
            f"groups/{GROUP}/members": [{"@odata.type": "#microsoft.graph.group", "id": INNER}],
            f"groups/{INNER}/members": [{"id": BORIS}, {"@odata.type": "#microsoft.graph.device", "id": "d"}],
            f"users/{ANNA}/authentication/requirements": {"perUserMfaState": "enabled"},
            "reports/authenticationMethods/userRegistrationDetails": registration,
            "directoryRoles": [{"id": "role", "roleTemplateId": "template", "displayName": "Role"}],
            "directoryRoles/role/members": [{"id": ANNA}],
        }
    )
    tenant = tenant_of(file)
    outer = tenant.groups.find(GROUP)
    assert outer is not None
    places, nested, others = tenant.groups.transitive(outer)
    assert (list(places), nested, [each["id"] for each in others]) == ([1], [INNER], ["d"])
    assert (tenant.people.mfa_state(0), tenant.people.mfa_state(1)) == ("enabled", "disabled")
    kinds = [each["@odata.type"].rsplit(".", 1)[-1] for each in tenant.people.methods(0)]
    assert kinds == ["passwordAuthenticationMethod", "phoneAuthenticationMethod", "fido2AuthenticationMethod"]
    assert tenant.people.has_strong_method(0)
    assert tenant.role_places("template") == {0}


def test_unknown_members_and_paths_are_served_as_they_stand(start_plain) -> None:
    file = small(**{"Reports/Other": [{"id": "1", "answer": 42}], "policies/single": {"answer": 43}})
    client = start_plain(tenant_of(file))
    assert client.get(f"/v1.0/users/{ANNA}?$select=shoeSize").json()["shoeSize"] == 38
    assert client.get("/v1.0/reports/other").json()["value"] == [{"id": "1", "answer": 42}]
    assert client.get("/beta/policies/single").json()["answer"] == 43


def test_a_state_given_without_the_property_or_on_the_user_is_kept() -> None:
    file = small(**{f"users/{ANNA}/authentication/requirements": {}})
    file["users"][1]["perUserMfaState"] = "enforced"
    tenant = tenant_of(file)
    assert tenant.people.requirements(0) == {}
    assert tenant.people.requirements(1) == {"perUserMfaState": "enforced"}


def test_an_answer_with_a_value_is_taken_as_its_list() -> None:
    policy = {"id": "p", "displayName": "P", "state": "enabled", "conditions": {}}
    tenant = tenant_of(small(**{f"{CA}/policies": {"@odata.context": "x", "value": [policy]}}))
    assert tenant.policies["p"]["conditions"]["users"]["includeUsers"] == []


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"nonsense", "no JSON"),
        (b"[]", "one JSON object"),
        (b'{"users": {}}', "'users' must be a list"),
        (b'{"users": [{}]}', "A user without a usable id"),
        (
            b'{"roleManagement/directory/roleAssignments": [{"id": "a", "principalId": []}]}',
            "A role assignment without a usable principalId",
        ),
        (b'{"users": [{"id": "a"}, {"id": "A"}]}', "Two users have the id a"),
        (b'{"users/x/authentication/requirements": {}}', "belongs to no user"),
        (b'{"groups/x/members": []}', "belongs to no group"),
        (b'{"directoryRoles/x/members": []}', "belongs to no directory role"),
        (
            b'{"users": [{"id": "a"}], "users/a/authentication/requirements": {"perUserMfaState": "on"}}',
            "'on' is no per-user",
        ),
        (b'{"_tenantId": 7}', "'_tenantId' must be a string"),
        (b'{"_colour": 7}', "'_colour' is no member"),
        (b'{"organization": "x"}', "'organization' must be one JSON object"),
    ],
)
def test_a_file_that_cannot_be_served_is_refused_with_a_sentence(document: bytes, words: str) -> None:
    with pytest.raises(TenantFileError, match=words) as caught:
        load_tenant_file(document)
    assert str(caught.value).endswith(".")


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TenantFileError, match=r"missing\.json could not be read"):
        load_tenant_file(tmp_path / "missing.json")


def test_a_saved_clock_goes_on(start_plain) -> None:
    tenant = company(4, 5)
    client = start_plain(tenant)
    client.post("/_sandbox/clock", json={"advance": 86400})
    again = tenant_of(json.loads(json.dumps(dump_tenant(tenant))))
    assert again.clock_advanced == 86400
    assert start_plain(again).get("/_sandbox/clock").json()["advanced"] == 86400
