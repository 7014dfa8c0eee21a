"""A tenant file says what the snapshot says; an anonymised one says the same of a tenant that nobody can name."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec import structs

from migrate.exchange.tenant_file import tenant_file_chunks
from migrate.model.capability import CapabilityEvidence, InboundTrust, MethodsPolicy
from migrate.model.evidence import (
    BetaEvidence,
    ChangedBy,
    ConditionalAccessPolicy,
    Evidence,
    GroupEvidence,
    PolicyState,
    ReadStatus,
    RoleEvidence,
)
from migrate.model.reasons import why_of
from migrate.model.snapshot import Actor, Organization, SnapshotHeader, SubscribedSku
from migrate.model.stand_in import stand_in_id
from migrate.model.users import AnyUser, Identity, MfaState, Registration, UnreadableUser, UserProfile, UserRecord
from migrate.sandbox.tenant_file import tenant_of

ADA, BOB, EVE = (f"aaaaaaaa-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
TENANT, GROUP, HIDDEN, UNREAD, GONE = (f"bbbbbbbb-0000-4000-8000-00000000000{number}" for number in range(1, 6))
POLICY, OFFICE, STRENGTH, TERMS, PARTNER = (f"cccccccc-0000-4000-8000-00000000000{n}" for n in range(1, 6))
ROLE = "62e90394-69f5-4237-9190-012177145e10"
OTHER_ROLE = "29232cdf-9323-42fd-ade2-1d097af3e4de"
APP = "00000002-0000-0ff1-ce00-000000000000"
OWN_APP = "dddddddd-0000-4000-8000-000000000001"
MFA_STRENGTH = "00000000-0000-0000-0000-000000000002"
KEY = b"a key of the test"
SECRETS = (
    *(ADA, BOB, EVE, TENANT, GROUP, HIDDEN, UNREAD, GONE, POLICY, OFFICE, STRENGTH, TERMS, PARTNER),
    *("ada", "lovelace", "bob", "builder", "eve", "contoso", "fabrikam", "acme", "headquarters", "10.20.30"),
    *("badge", "vault", "quarterly", "insurer", "3f9c"),
)
"""Everything in the data below that names somebody or something, in lower case."""


def profile(user_id: str, name: str, **others: Any) -> UserProfile:
    first = name.split()[0].lower()
    return UserProfile(
        **{
            "id": user_id,
            "user_principal_name": f"{first}@contoso.example",
            "display_name": name,
            "user_type": "Member",
            "creation_type": None,
            "external_user_state": None,
            "identities": (Identity(sign_in_type="userPrincipalName", issuer="contoso.example"),),
            "account_enabled": True,
            "on_premises_sync_enabled": False,
            "assigned_licenses": ("078d2b04-f1bd-4111-bbd4-b4b1b354cef4",),
            "created_date_time": "2019-03-14T15:09:26Z",
            **others,
        }
    )


@pytest.fixture
def users() -> list[AnyUser]:
    registered = Registration(
        is_mfa_registered=True,
        is_mfa_capable=True,
        methods_registered=("mobilePhone",),
        last_updated_date_time="2026-11-24T08:00:00Z",
    )
    guest = profile(
        EVE,
        "Eve Acme",
        user_principal_name="eve_acme.example#EXT#@contoso.example",
        user_type="Guest",
        creation_type="Invitation",
        external_user_state="Accepted",
        identities=(Identity(sign_in_type="federated", issuer="acme.example"),),
    )
    return [
        UserRecord(profile=profile(ADA, "Ada Lovelace"), mfa_state=MfaState.ENFORCED, registration=registered),
        UnreadableUser(
            profile=profile(BOB, "Bob Builder"), reason=why_of("gone"), request_id="3f9c", registration=None
        ),
        UserRecord(profile=guest, mfa_state=MfaState.DISABLED, registration=None),
    ]


@pytest.fixture
def header() -> SnapshotHeader:
    return SnapshotHeader(
        id="ab" * 32,
        taken_at="2026-11-24T08:00:00Z",
        tool_version="0.1.0",
        cloud="global",
        endpoint=None,
        organization=Organization(
            tenant_id=TENANT,
            display_name="Contoso Insurer",
            default_domain="contoso.example",
            verified_domains=("contoso.example", "fabrikam.example"),
        ),
        skus=(
            SubscribedSku(
                sku_id="078d2b04-f1bd-4111-bbd4-b4b1b354cef4",
                sku_part_number="AAD_PREMIUM",
                capability_status="Enabled",
                service_plan_ids=("41781fb2-bc02-4b7c-bd55-b576c07bb09d",),
                enabled_units=20,
            ),
        ),
        actor=Actor(object_id=ADA, name="ada@contoso.example", is_user=True),
        states_read_by="requirements",
        users=3,
        unreadable=1,
        counts={},
    )


def group(group_id: str, status: ReadStatus, visibility: str | None, *members: str) -> GroupEvidence:
    return GroupEvidence(
        id=group_id,
        display_name="Vault badge holders",
        visibility=visibility,
        status=status,
        problem=None if status is ReadStatus.READ else "eve refused",
        members=frozenset(members),
        eligible=frozenset({BOB} if members else ()),
    )


def role(template_id: str, status: ReadStatus) -> RoleEvidence:
    read = status is ReadStatus.READ
    return RoleEvidence(
        template_id=template_id,
        display_name="Global Administrator" if read else None,
        status=status,
        problem=None if read else "eve refused",
        holders=frozenset({ADA} if read else ()),
        eligible=frozenset({BOB} if read else ()),
        scoped=frozenset({EVE} if read else ()),
    )


RAW_POLICY: dict[str, Any] = {
    "@odata.context": f"https://service.example/policies('{POLICY}')",
    "id": POLICY,
    "displayName": "Contoso headquarters: MFA",
    "description": "Asked for by the insurer, quarterly review by Ada",
    "createdDateTime": "2024-01-01T00:00:00Z",
    "state": "enabled",
    "conditions": {
        "clientAppTypes": ["browser", "mobileAppsAndDesktopClients"],
        "users": {
            "includeUsers": ["All"],
            "excludeUsers": [ADA.upper()],
            "excludeGroups": [GROUP, HIDDEN],
            "includeRoles": [ROLE],
            "excludeGuestsOrExternalUsers": {
                "guestOrExternalUserTypes": "b2bCollaborationGuest",
                "externalTenants": {"membershipKind": "enumerated", "members": [PARTNER]},
            },
        },
        "applications": {"includeApplications": ["Office365", APP, OWN_APP]},
        "locations": {"includeLocations": ["All"], "excludeLocations": [OFFICE, "AllTrusted"]},
        "devices": {"deviceFilter": {"mode": "exclude", "rule": 'device.displayName -startsWith "CONTOSO-"'}},
    },
    "grantControls": {
        "operator": "AND",
        "builtInControls": ["mfa"],
        "termsOfUse": [TERMS],
        "authenticationStrength@odata.context": f"https://service.example/{POLICY}",
        "authenticationStrength": {"id": STRENGTH, "displayName": "Vault", "requirementsSatisfied": "mfa"},
    },
    "sessionControls": {"signInFrequency": {"value": 4, "type": "hours", "isEnabled": True}},
    "somethingNewFromGraph": {"tellingText": "Contoso vault"},
}


@pytest.fixture
def evidence() -> Evidence:
    return Evidence(
        policies=(
            ConditionalAccessPolicy(
                id=POLICY,
                display_name=RAW_POLICY["displayName"],
                policy_state=PolicyState.ENABLED,
                description=RAW_POLICY["description"],
                created_date_time=None,
                modified_date_time=None,
                raw=RAW_POLICY,
            ),
        ),
        named_locations=(
            {
                "@odata.type": "#microsoft.graph.ipNamedLocation",
                "id": OFFICE,
                "displayName": "Headquarters",
                "isTrusted": True,
                "ipRanges": [
                    {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "10.20.30.0/24"},
                    {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "10.20.30.128/25"},
                ],
            },
        ),
        authentication_strengths=(
            {"id": MFA_STRENGTH, "displayName": "Multifactor authentication", "policyType": "builtIn"},
            {"id": STRENGTH, "displayName": "Vault", "policyType": "custom", "requirementsSatisfied": "mfa"},
        ),
        security_defaults_enabled=False,
        groups={
            GROUP: group(GROUP, ReadStatus.READ, "HiddenMembership", ADA, EVE),
            HIDDEN: group(HIDDEN, ReadStatus.HIDDEN, "HiddenMembership"),
            UNREAD: group(UNREAD, ReadStatus.UNREADABLE, "Private"),
            GONE: group(GONE, ReadStatus.GONE, None),
        },
        roles={ROLE: role(ROLE, ReadStatus.READ), OTHER_ROLE: role(OTHER_ROLE, ReadStatus.UNREADABLE)},
    )


def document(header: SnapshotHeader, users: list[AnyUser], evidence: Evidence, *, key: bytes | None = None) -> Any:
    chunks = tenant_file_chunks(header, iter(users), evidence, anonymise=key is not None, key=key or b"")
    return json.loads(b"".join(chunks))


def test_every_section_says_what_the_snapshot_says(
    header: SnapshotHeader, users: list[AnyUser], evidence: Evidence
) -> None:
    written = document(header, users, evidence)
    assert written["_tenantId"] == TENANT
    assert [user["userPrincipalName"].split("@")[0] for user in written["users"]] == [
        "ada",
        "bob",
        "eve_acme.example#EXT#",
    ]
    assert written[f"users/{ADA}/authentication/requirements"] == {"perUserMfaState": "enforced"}
    assert [row["id"] for row in written["reports/authenticationMethods/userRegistrationDetails"]] == [ADA]
    assert [member["id"] for member in written[f"groups/{GROUP}/members"]] == [ADA, EVE]
    assignments = written["roleManagement/directory/roleAssignments"]
    assert [(each["principalId"], each["directoryScopeId"] == "/") for each in assignments] == [
        (ADA, True),
        (EVE, False),
    ]
    assert written["subscribedSkus"][0]["servicePlans"][0]["servicePlanId"] == "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
    (policy,) = written["identity/conditionalAccess/policies"]
    assert policy["conditions"] == RAW_POLICY["conditions"]
    assert policy["somethingNewFromGraph"] == RAW_POLICY["somethingNewFromGraph"]


def test_who_may_change_a_group_and_who_holds_any_role_come_along(
    header: SnapshotHeader, users: list[AnyUser], evidence: Evidence
) -> None:
    seen = {
        GROUP: {"changed_by": frozenset({ChangedBy.RULE, ChangedBy.LESSER_ROLES}), "owners": frozenset()},
        HIDDEN: {"changed_by": frozenset({ChangedBy.ACTIVE_DIRECTORY, ChangedBy.OWNERS}), "owners": frozenset({BOB})},
    }
    groups = {id_: structs.replace(one, **seen.get(id_, {})) for id_, one in evidence.groups.items()}
    known = structs.replace(evidence, groups=groups, administrators=frozenset({ADA, PARTNER}))
    written = document(header, users, known)
    shown = {each["id"]: each for each in written["groups"]}
    assert (shown[GROUP]["groupTypes"], shown[GROUP]["isAssignableToRole"]) == (["DynamicMembership"], False)
    assert (shown[HIDDEN]["onPremisesSyncEnabled"], shown[HIDDEN]["isAssignableToRole"]) == (True, True)
    assert shown[UNREAD]["isAssignableToRole"] is None
    assert [each["id"] for each in written[f"groups/{HIDDEN}/owners"]] == [BOB]
    # Ada holds a role that a policy names.
    assert [each["principalId"] for each in written["roleManagement/directory/roleAssignments"]] == [ADA, EVE, PARTNER]
    # The sandbox reads it back.
    served = {one.id: one for one in tenant_of(written).groups}
    assert served[HIDDEN].owners == [BOB]


def test_what_could_not_be_read_stays_unreadable(
    header: SnapshotHeader, users: list[AnyUser], evidence: Evidence
) -> None:
    written = document(header, users, evidence)
    assert written[f"users/{BOB}/authentication/requirements"] == {}
    groups = {each["id"]: each for each in written["groups"]}
    assert groups[GROUP]["visibility"] == "Private", "its members were seen, so they must be seen in the sandbox"
    assert groups[HIDDEN]["visibility"] == "HiddenMembership"
    assert "visibility" not in groups[UNREAD]
    assert GONE not in groups
    definitions = {each["id"]: each for each in written["roleManagement/directory/roleDefinitions"]}
    assert definitions[ROLE]["displayName"] == "Global Administrator"
    assert "displayName" not in definitions[OTHER_ROLE]


def test_nothing_that_names_anybody_is_left_in_an_anonymised_file(
    header: SnapshotHeader, users: list[AnyUser], evidence: Evidence
) -> None:
    chunks = tenant_file_chunks(header, iter(users), evidence, anonymise=True, key=KEY)
    text = b"".join(chunks).decode().lower()
    plain = b"".join(tenant_file_chunks(header, iter(users), evidence, anonymise=False)).decode().lower()
    assert [secret for secret in SECRETS if secret in text] == []
    # The list of secrets is worth something only while the plain file holds them.
    assert [secret for secret in SECRETS if secret not in plain] == [GONE, "3f9c"]


def test_an_anonymised_file_keeps_what_decides(
    header: SnapshotHeader, users: list[AnyUser], evidence: Evidence
) -> None:
    written = document(header, users, evidence, key=KEY)
    ada, bob, eve = written["users"]
    (policy,) = written["identity/conditionalAccess/policies"]
    (office,) = written["identity/conditionalAccess/namedLocations"]
    group_id, hidden_id = policy["conditions"]["users"]["excludeGroups"]
    assert policy["conditions"]["users"]["excludeUsers"] == [ada["id"]], "the upper-case spelling is the same person"
    assert [member["id"] for member in written[f"groups/{group_id}/members"]] == [ada["id"], eve["id"]]
    assert written[f"groups/{hidden_id}/members"] == []
    assert policy["conditions"]["users"]["includeUsers"] == ["All"]
    assert policy["conditions"]["users"]["includeRoles"] == [ROLE]
    assert policy["conditions"]["applications"]["includeApplications"] == ["Office365", APP, OWN_APP]
    assert policy["conditions"]["locations"]["excludeLocations"] == [office["id"], "AllTrusted"]
    assert policy["conditions"]["devices"]["deviceFilter"]["mode"] == "exclude"
    assert policy["conditions"]["clientAppTypes"] == ["browser", "mobileAppsAndDesktopClients"]
    assert policy["grantControls"]["builtInControls"] == ["mfa"]
    assert policy["sessionControls"] == RAW_POLICY["sessionControls"]
    assert [entry["cidrAddress"] for entry in office["ipRanges"]] == ["192.0.2.0/31", "192.0.2.0/32"]
    assert office["isTrusted"] is True
    strengths = [each["id"] for each in written["policies/authenticationStrengthPolicies"]]
    assert strengths == [MFA_STRENGTH, policy["grantControls"]["authenticationStrength"]["id"]]
    assert (eve["userType"], eve["creationType"], eve["identities"][0]["signInType"]) == (
        "Guest",
        "Invitation",
        "federated",
    )
    assert "#EXT#" in eve["userPrincipalName"]
    assert ada["userPrincipalName"].split("@")[1] == written["organization"][0]["verifiedDomains"][0]["name"]
    assert written[f"users/{bob['id']}/authentication/requirements"] == {}


def test_another_key_gives_other_ids_and_no_key_is_refused(
    header: SnapshotHeader, users: list[AnyUser], evidence: Evidence
) -> None:
    first = document(header, users, evidence, key=KEY)
    assert first == document(header, users, evidence, key=KEY)
    other = document(header, users, evidence, key=b"another")
    assert {user["id"] for user in first["users"]}.isdisjoint(user["id"] for user in other["users"])
    with pytest.raises(ValueError, match="need a key"):
        list(tenant_file_chunks(header, users, evidence, anonymise=True))


def test_users_are_read_once_and_written_as_they_come(header: SnapshotHeader, evidence: Evidence) -> None:
    drawn = 0

    def many() -> Any:
        nonlocal drawn
        for number in range(5000):
            drawn += 1
            yield UserRecord(
                profile=profile(f"aaaaaaaa-0000-4000-8000-{number:012}", f"Person {number}"),
                mfa_state=MfaState.DISABLED,
                registration=None,
            )

    chunks = tenant_file_chunks(header, many(), evidence, anonymise=False)
    while b'"userPrincipalName"' not in next(chunks):
        pass
    assert drawn == 1, "the first user is written before the second is read"
    assert b"".join(chunks).count(b"/authentication/requirements") == 5000


@pytest.mark.parametrize("key", [None, b"k" * 32], ids=["as it is", "anonymised"])
def test_an_agent_stays_an_agent_and_what_only_beta_says_stays_said(
    header: SnapshotHeader, evidence: Evidence, key: bytes | None
) -> None:
    agent = UserRecord(profile=profile(ADA, "Robo", is_agent=True), mfa_state=MfaState.DISABLED, registration=None)
    (policy,) = evidence.policies
    shown = {**policy.raw, "conditions": {**policy.raw["conditions"], "deviceStates": {"includeStates": ["All"]}}}
    beta = BetaEvidence(policies={policy.id.lower(): {**shown, "state": "disabled"}}, policies_problem=None)
    written = document(header, [agent], msgspec.structs.replace(evidence, beta=beta), key=key)
    assert written["users"][0]["@odata.type"] == "#microsoft.graph.agentUser"
    (found,) = written["identity/conditionalAccess/policies"]
    assert found["conditions"]["deviceStates"] == {"includeStates": ["All"]}
    assert found["state"] == policy.raw["state"]


@pytest.mark.parametrize("anonymise", [False, True])
def test_who_could_answer_comes_along_and_what_was_not_read_stays_unusable(
    header: SnapshotHeader, users: list[AnyUser], evidence: Evidence, anonymise: bool
) -> None:
    key = KEY if anonymise else None
    methods = MethodsPolicy(migration_complete=False, states={"sms": "disabled", "fido2": "enabled"})
    trust = InboundTrust(default=True, partners={TENANT: None, PARTNER: False})
    read = CapabilityEvidence(methods=methods, methods_problem=None, trust=trust, trust_problem=None)
    file = document(header, users, msgspec.structs.replace(evidence, capability=read), key=key)
    policy = file["policies/authenticationMethodsPolicy"]
    assert policy["policyMigrationState"] == "migrationInProgress"
    assert {each["id"]: each["state"] for each in policy["authenticationMethodConfigurations"]} == methods.states
    assert file["policies/crossTenantAccessPolicy/default"]["inboundTrust"]["isMfaAccepted"] is True
    partners = {each["tenantId"]: each["inboundTrust"] for each in file["policies/crossTenantAccessPolicy/partners"]}
    assert (partners.keys() == trust.partners.keys()) is not anonymise
    assert sorted(str(one and one["isMfaAccepted"]) for one in partners.values()) == ["False", "None"]

    unread = CapabilityEvidence(methods=None, methods_problem="403.", trust=None, trust_problem="403.")
    file = document(header, users, msgspec.structs.replace(evidence, capability=unread), key=key)
    assert "authenticationMethodConfigurations" not in file["policies/authenticationMethodsPolicy"]
    assert file["policies/crossTenantAccessPolicy/default"]["inboundTrust"] is None
    assert "policies/authenticationMethodsPolicy" not in document(header, users, evidence, key=key), (
        "an older export did not ask"
    )


def test_what_graph_showed_without_an_id_or_a_state_is_left_out_and_the_file_can_be_served(
    header: SnapshotHeader, users: list[AnyUser], evidence: Evidence
) -> None:
    nameless = structs.replace(users[1], profile=structs.replace(users[1].profile, id=stand_in_id(1), lacks=("id",)))
    [policy] = evidence.policies
    without_state = structs.replace(policy, id=TERMS, raw={k: v for k, v in policy.raw.items() if k != "state"})
    without_id = structs.replace(policy, id=stand_in_id(1), policy_state=None, raw={"id": stand_in_id(1)})
    strange = structs.replace(
        evidence,
        policies=(policy, without_state, without_id),
        named_locations=(*evidence.named_locations, {"id": stand_in_id(1)}),
        authentication_strengths=(*evidence.authentication_strengths, {"id": stand_in_id(1)}),
    )
    whole = b"".join(tenant_file_chunks(header, [users[0], users[2]], evidence, anonymise=False))
    left = b"".join(tenant_file_chunks(header, [users[0], nameless, users[2]], strange, anonymise=False))
    assert left == whole
    assert tenant_of(json.loads(left)).policies
