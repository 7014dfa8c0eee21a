"""Cases of 2026 of our own: one sign-in each, with the page that settles it and the reason."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from migrate.sandbox.messages import GraphError
from migrate.sandbox.roles import GLOBAL_ADMINISTRATOR
from migrate.sandbox.service import Sandbox
from migrate.sandbox.sign_ins import BLOCKED, sign_in
from migrate.sandbox.standing import STRENGTH_PREFIX
from migrate.sandbox.tenant_file import tenant_of

USERS_PAGE = "concept-conditional-access-users-groups"
GRANT_PAGE = "concept-conditional-access-grant"
APPS_PAGE = "concept-conditional-access-cloud-apps"
SCOPES_PAGE = "concept-enforcement-resource-exclusions"
DEVICES_PAGE = "concept-condition-filters-for-devices"
AGENTS_PAGE = "howto-target-agent-identities"
GUESTS_PAGE = "external-id/authentication-conditional-access"
STRENGTHS_PAGE = "concept-authentication-strengths"
NETWORK_PAGE = "concept-assignment-network"

ADA, GUS, LENA, BOT = (f"{number:08}-0000-4000-8000-000000000001" for number in (1, 2, 3, 4))
"""A member, a guest of another tenant, a local guest, an agent's user account."""
PARTNER, STRANGER = "aaaaaaaa-0000-4000-8000-00000000000a", "bbbbbbbb-0000-4000-8000-00000000000b"
SHOP, PLACEHOLDER, CUSTOM = (f"{letter * 8}-0000-4000-8000-00000000000c" for letter in "cde")
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
AZURE_PORTAL, AZURE = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "797f4846-ba00-4fd7-ba43-dac1f8f63013"
LOG_ANALYTICS = "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5"
APPLICATION_INSIGHTS = "f5c26e74-f226-4ae8-85f0-b4af0080ac9e"
DIRECTORY_ITSELF = "00000002-0000-0000-c000-000000000000"
MFA = {"operator": "OR", "builtInControls": ["mfa"]}
BLOCK = {"operator": "OR", "builtInControls": ["block"]}
MFA_OR_DEVICE = {"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}
ALL = {"includeApplications": ["All"]}
EVERYBODY = {"includeUsers": ["All"]}
BUT_SHOP = {"includeApplications": ["All"], "excludeApplications": [SHOP]}


def policy(grant: dict[str, Any] | None = MFA, **conditions: Any) -> dict[str, Any]:
    base = {"users": EVERYBODY, "applications": ALL, "clientAppTypes": ["all"]}
    shown = {"conditions": {**base, **conditions}, "grantControls": grant}
    return {"id": f"p-{len(conditions)}", "displayName": "P", "state": "enabled", **shown}


def role(role_id: str, scope: str = "/", who: str = ADA) -> dict[str, Any]:
    return {"id": "a", "principalId": who, "roleDefinitionId": role_id, "directoryScopeId": scope}


def device_rule(mode: str, rule: str) -> dict[str, Any]:
    return {"deviceFilter": {"mode": mode, "rule": rule}}


def from_tenants(*members: str) -> dict[str, Any]:
    tenants = {"membershipKind": "enumerated", "members": list(members)}
    return {"guestOrExternalUserTypes": "b2bCollaborationGuest", "externalTenants": tenants}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One sign-in: what stands in the tenant, how somebody signs in, and what comes of it."""

    name: str
    page: str
    reason: str
    policies: tuple[dict[str, Any], ...]
    expect: str
    user: str = ADA
    how: dict[str, Any] = field(default_factory=dict)
    tenant: dict[str, Any] = field(default_factory=dict)


CASES = (
    Case(
        name="an eligible role is not held yet",
        page=USERS_PAGE,
        reason="Whoever may activate a role holds it from the activation on.",
        policies=(policy(users={"includeRoles": [GLOBAL_ADMINISTRATOR]}),),
        tenant={"roleManagement/directory/roleEligibilitySchedules": [role(GLOBAL_ADMINISTRATOR)]},
        expect="noMfa",
    ),
    Case(
        name="an eligible role takes nobody out of a policy",
        page=USERS_PAGE,
        reason="An exclusion asks for a role that is held as well.",
        policies=(policy(users={**EVERYBODY, "excludeRoles": [GLOBAL_ADMINISTRATOR]}),),
        tenant={"roleManagement/directory/roleEligibilitySchedules": [role(GLOBAL_ADMINISTRATOR)]},
        expect="mfa",
    ),
    Case(
        name="a role for one administrative unit is not the directory's role",
        page=USERS_PAGE,
        reason="Only directory-wide assignments of built-in roles count.",
        policies=(policy(users={"includeRoles": [GLOBAL_ADMINISTRATOR]}),),
        tenant={"roleManagement/directory/roleAssignments": [role(GLOBAL_ADMINISTRATOR, "/administrativeUnits/u")]},
        expect="noMfa",
    ),
    Case(
        name="a role held through a group",
        page=USERS_PAGE,
        reason="The group's members hold what is assigned to the group.",
        policies=(policy(users={"includeRoles": [GLOBAL_ADMINISTRATOR]}),),
        tenant={
            "groups": [{"id": "g", "displayName": "Admins"}],
            "groups/g/members": [{"id": ADA}],
            "roleManagement/directory/roleAssignments": [role(GLOBAL_ADMINISTRATOR, who="g")],
        },
        expect="mfa",
    ),
    Case(
        name="who may become a member of a group is none yet",
        page=USERS_PAGE,
        reason="A policy meets the members that a group has now; eligibility of PIM for groups makes none.",
        policies=(policy(users={"includeGroups": ["g"]}),),
        tenant={
            "groups": [{"id": "g", "displayName": "Admins"}],
            "identityGovernance/privilegedAccess/group/eligibilitySchedules": [
                {"id": "e", "groupId": "g", "principalId": ADA, "accessId": "member"}
            ],
        },
        expect="noMfa",
    ),
    Case(
        name="a custom role excluded",
        page=USERS_PAGE,
        reason="A role of the tenant's own is not supported, so nobody is excluded by it.",
        policies=(policy(users={**EVERYBODY, "excludeRoles": [CUSTOM]}),),
        tenant={
            "roleManagement/directory/roleDefinitions": [{"id": CUSTOM, "templateId": CUSTOM, "isBuiltIn": False}],
            "roleManagement/directory/roleAssignments": [role(CUSTOM)],
        },
        expect="mfa",
    ),
    Case(
        name="an agent's account is not among all users",
        page=AGENTS_PAGE,
        reason="Only AllAgentIdUsers reaches agents' user accounts.",
        policies=(policy(BLOCK),),
        user=BOT,
        expect="noMfa",
    ),
    Case(
        name="an agent's account is among all agents' accounts",
        page=AGENTS_PAGE,
        reason="AllAgentIdUsers is the word for them.",
        policies=(policy(BLOCK, users={"includeUsers": ["AllAgentIdUsers"]}),),
        user=BOT,
        expect="block",
    ),
    Case(
        name="conditions on agents meet no person",
        page=AGENTS_PAGE,
        reason="The risk of an agent identity is no property of a person's sign-in.",
        policies=(policy(BLOCK, agentIdRiskLevels="high"),),
        expect="noMfa",
    ),
    Case(
        name="resources of agents are no application of people",
        page=AGENTS_PAGE,
        reason="AllAgentIdResources names agents as resources.",
        policies=(policy(BLOCK, applications={"includeApplications": ["AllAgentIdResources"]}),),
        expect="noMfa",
    ),
    Case(
        name="an empty assignment to applications beside users",
        page="platform-2026-11 1.5 and contract 7.2",
        reason="An object without any application assigns the policy to none; the users stand.",
        policies=(policy(clientApplications={"includeServicePrincipals": [], "excludeServicePrincipals": []}),),
        expect="mfa",
    ),
    Case(
        name="baseline scopes of a public client, enforced",
        page=SCOPES_PAGE,
        reason="They are judged as Windows Azure Active Directory, which is not excluded.",
        policies=(policy(applications=BUT_SHOP),),
        how={"app": SHOP, "scopes": "oidc"},
        expect="mfa",
    ),
    Case(
        name="baseline scopes where the directory itself is excluded",
        page=SCOPES_PAGE,
        reason="Judged as Windows Azure Active Directory, they are excluded with it.",
        policies=(policy(applications={**ALL, "excludeApplications": [DIRECTORY_ITSELF]}),),
        how={"app": SHOP, "scopes": "directory"},
        expect="noMfa",
    ),
    Case(
        name="baseline scopes, enforcement disabled",
        page=SCOPES_PAGE,
        reason="The old behaviour: a policy with resource exclusions passes them over.",
        policies=(policy(applications=BUT_SHOP),),
        how={"scopes": "directory"},
        tenant={"_unseen": {"baselineScopes": "disabled"}},
        expect="noMfa",
    ),
    Case(
        name="baseline scopes, enforcement disabled, no exclusion",
        page=SCOPES_PAGE,
        reason="Without resource exclusions nothing changes.",
        policies=(policy(),),
        how={"scopes": "oidc"},
        tenant={"_unseen": {"baselineScopes": "disabled"}},
        expect="mfa",
    ),
    Case(
        name="baseline scopes, customised, the policy excludes the placeholder",
        page=SCOPES_PAGE,
        reason="The policy that excludes the placeholder keeps the old behaviour.",
        policies=(policy(applications={**ALL, "excludeApplications": [SHOP, PLACEHOLDER]}),),
        how={"scopes": "directory"},
        tenant={"_unseen": {"baselineScopes": f"customised:{PLACEHOLDER}"}},
        expect="noMfa",
    ),
    Case(
        name="baseline scopes, customised, another policy does not exclude it",
        page=SCOPES_PAGE,
        reason="Enforcement applies everywhere else.",
        policies=(policy(applications=BUT_SHOP),),
        how={"scopes": "directory"},
        tenant={"_unseen": {"baselineScopes": f"customised:{PLACEHOLDER}"}},
        expect="mfa",
    ),
    Case(
        name="an excluded confidential client that asks for OpenID scopes only",
        page=SCOPES_PAGE,
        reason="For these no change is expected: the client is excluded, and nothing of the directory is asked for.",
        policies=(policy(applications=BUT_SHOP),),
        how={"app": SHOP, "scopes": "oidc", "confidential": True},
        expect="noMfa",
    ),
    Case(
        name="an excluded confidential client that asks for the directory",
        page=SCOPES_PAGE,
        reason="Users are prompted since the rollout: the audience is Windows Azure Active Directory.",
        policies=(policy(applications=BUT_SHOP),),
        how={"app": SHOP, "scopes": "directory", "confidential": True},
        expect="mfa",
    ),
    Case(
        name="the Azure portal under the management API",
        page=APPS_PAGE,
        reason="The group contains the application id of the Azure portal.",
        policies=(policy(applications={"includeApplications": [AZURE]}),),
        how={"app": AZURE_PORTAL},
        expect="mfa",
    ),
    Case(
        name="the Log Analytics API where the management API is left out",
        page=APPS_PAGE,
        reason="The page names it among the members of the group, so it is left out with the group.",
        policies=(policy(applications={**ALL, "excludeApplications": [AZURE]}),),
        how={"app": LOG_ANALYTICS},
        expect="noMfa",
    ),
    Case(
        name="the Application Insights API under the management API",
        page=APPS_PAGE,
        reason="The page names it among the members of the group.",
        policies=(policy(applications={"includeApplications": [AZURE]}),),
        how={"app": APPLICATION_INSIGHTS},
        expect="mfa",
    ),
    Case(
        name="an application of the tenant under Office 365",
        page="reference-office-365-application-contents",
        reason="It is on no list of the suite.",
        policies=(policy(applications={"includeApplications": ["Office365"]}),),
        how={"app": SHOP},
        expect="noMfa",
    ),
    Case(
        name="a member that this tenant is known to have besides",
        page=APPS_PAGE,
        reason="The lists grow; the tenant file says what has come to them.",
        policies=(policy(applications={"includeApplications": ["Office365"]}),),
        how={"app": SHOP},
        tenant={"_unseen": {"applicationGroups": {"Office365": [SHOP]}}},
        expect="mfa",
    ),
    Case(
        name="a guest of a listed tenant",
        page=GUESTS_PAGE,
        reason="The policy is for guests from that tenant.",
        policies=(policy(users={"includeGuestsOrExternalUsers": from_tenants(PARTNER)}),),
        user=GUS,
        how={"externalTenantId": PARTNER},
        expect="mfa",
    ),
    Case(
        name="a guest of another tenant than the listed one",
        page=GUESTS_PAGE,
        reason="The exclusion is for the listed tenant only.",
        policies=(policy(BLOCK, users={**EVERYBODY, "excludeGuestsOrExternalUsers": from_tenants(PARTNER)}),),
        user=GUS,
        how={"externalTenantId": STRANGER},
        expect="block",
    ),
    Case(
        name="a local guest comes from no other tenant",
        page=GUESTS_PAGE,
        reason="Tenants are a matter of external users; the kinds named leave local guests out.",
        policies=(policy(users={"includeGuestsOrExternalUsers": from_tenants(PARTNER)}),),
        user=LENA,
        expect="noMfa",
    ),
    Case(
        name="direct connect without trust",
        page=GUESTS_PAGE,
        reason="Nobody from outside can register here, so MFA is not to be had.",
        policies=(policy(),),
        user=GUS,
        how={"externalUserType": "b2bDirectConnectUser", "externalTenantId": PARTNER},
        expect="block",
    ),
    Case(
        name="a device filter and a device that is not registered, positive operator",
        page=DEVICES_PAGE,
        reason="All its properties are null: a positive rule is not met, so the device is not excluded.",
        policies=(policy(devices=device_rule("exclude", 'device.isCompliant -eq "True"')),),
        expect="mfa",
    ),
    Case(
        name="a device filter and a device that is not registered, negative operator",
        page=DEVICES_PAGE,
        reason="A negative rule is met by a device without properties.",
        policies=(policy(BLOCK, devices=device_rule("include", 'device.trustType -ne "ServerAD"')),),
        expect="block",
    ),
    Case(
        name="a compliant device is left out by a filter",
        page=DEVICES_PAGE,
        reason="The rule matches, and matching devices are excluded.",
        policies=(policy(devices=device_rule("exclude", 'device.isCompliant -eq "True"')),),
        how={"compliant": True},
        expect="noMfa",
    ),
    Case(
        name="an extension attribute of a device that nobody manages",
        page=DEVICES_PAGE,
        reason="Without management there is no value in it.",
        policies=(policy(devices=device_rule("exclude", 'device.extensionAttribute1 -eq "SAW"')),),
        how={"device": {"trustType": "Workplace", "extensionAttribute1": "SAW"}},
        expect="mfa",
    ),
    Case(
        name="a compliant device in device code flow",
        page=GRANT_PAGE,
        reason="The device that authenticates cannot hand its state over: MFA is what is left.",
        policies=(policy(MFA_OR_DEVICE),),
        how={"compliant": True, "transfer": "deviceCodeFlow"},
        expect="mfa",
    ),
    Case(
        name="a hybrid joined device is wanted in device code flow",
        page=GRANT_PAGE,
        reason="The control cannot be met there.",
        policies=(policy({"operator": "OR", "builtInControls": ["domainJoinedDevice"]}),),
        how={"joined": True, "transfer": "deviceCodeFlow"},
        expect="block",
    ),
    Case(
        name="MFA and a compliant device, from one that is not",
        page=GRANT_PAGE,
        reason="All controls are required, and no second factor makes a device compliant.",
        policies=(policy({"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}),),
        expect="block",
    ),
    Case(
        name="a password change asks for MFA first",
        page=GRANT_PAGE,
        reason="Users are first required to complete MFA.",
        policies=(policy({"operator": "OR", "builtInControls": ["passwordChange"]}, userRiskLevels=["high"]),),
        how={"userRisk": "high"},
        expect="mfa",
    ),
    Case(
        name="a strength that lets the password pass",
        page=STRENGTHS_PAGE,
        reason="One of its combinations is a single factor: it asks nobody for MFA.",
        policies=(policy({"operator": "OR", "authenticationStrength": {"id": SHOP}}),),
        tenant={
            "policies/authenticationStrengthPolicies": [
                {"id": SHOP, "requirementsSatisfied": "none", "allowedCombinations": ["password", "fido2"]}
            ]
        },
        expect="noMfa",
    ),
    Case(
        name="the tenant's strength counts, not the older copy in the policy",
        page=STRENGTHS_PAGE,
        reason="A policy refers to a strength; what it shows of it was read earlier.",
        policies=(
            policy(
                {
                    "operator": "OR",
                    "authenticationStrength": {
                        "id": SHOP,
                        "requirementsSatisfied": "mfa",
                        "allowedCombinations": ["fido2"],
                    },
                }
            ),
        ),
        tenant={
            "policies/authenticationStrengthPolicies": [
                {"id": SHOP, "requirementsSatisfied": "none", "allowedCombinations": ["password"]}
            ]
        },
        expect="noMfa",
    ),
    Case(
        name="a phishing-resistant strength asks for MFA",
        page=STRENGTHS_PAGE,
        reason="Every combination of it is multifactor.",
        policies=(policy({"operator": "OR", "authenticationStrength": {"id": f"{STRENGTH_PREFIX}0004"}}),),
        expect="mfa",
    ),
    Case(
        name="the compliant network is left out",
        page=NETWORK_PAGE,
        reason="Whoever comes through it is at the excluded location.",
        policies=(
            policy(
                locations={
                    "includeLocations": ["All"],
                    "excludeLocations": ["3d46dbda-8382-466a-856d-eb00cbc6b910"],
                }
            ),
        ),
        how={"compliantNetwork": True},
        expect="noMfa",
    ),
    Case(
        name="outside the compliant network",
        page=NETWORK_PAGE,
        reason="The exclusion does not reach it.",
        policies=(
            policy(
                locations={
                    "includeLocations": ["All"],
                    "excludeLocations": ["3d46dbda-8382-466a-856d-eb00cbc6b910"],
                }
            ),
        ),
        expect="mfa",
    ),
)


def sandbox_of(case: Case) -> Sandbox:
    document: dict[str, Any] = {
        "users": [
            account(ADA, "ada"),
            account(GUS, "gus", userType="Guest", creationType="Invitation"),
            account(LENA, "lena", userType="Guest"),
            {"@odata.type": "#microsoft.graph.agentUser", **account(BOT, "bot")},
        ],
        "identity/conditionalAccess/policies": list(case.policies),
        **case.tenant,
    }
    return Sandbox(tenant_of(document))


def account(user_id: str, name: str, **more: Any) -> dict[str, Any]:
    plain = {"id": user_id, "displayName": name, "userPrincipalName": f"{name}@contoso.example"}
    return {**plain, "userType": "Member", "accountEnabled": True, **more}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_case_comes_out_as_its_page_says(case: Case) -> None:
    assert case.page
    entry = sign_in(sandbox_of(case), {"user": case.user, "app": EXCHANGE, **case.how})
    asked = [each["requirementProvider"] for each in entry["authenticationRequirementPolicies"]]
    found = "block" if entry["status"]["errorCode"] == BLOCKED else "mfa" if asked else "noMfa"
    assert found == case.expect, case.reason


UNDECIDED = (
    ({"users": {"includeGuestsOrExternalUsers": from_tenants(PARTNER)}}, GUS, {}),
    ({"devices": device_rule("include", "device.isCompliant is a riddle")}, ADA, {"compliant": True}),
    ({"devices": device_rule("include", 'device.model -eq "X"')}, ADA, {"compliant": True}),
    ({"applications": {**ALL, "applicationFilter": {"mode": "include", "rule": "x"}}}, ADA, {}),
    ({"times": {"excludedRanges": ["x"]}}, ADA, {}),
)


@pytest.mark.parametrize(("conditions", "user", "how"), UNDECIDED)
def test_what_cannot_be_told_is_refused_and_never_passes_for_no_mfa(
    conditions: dict[str, Any], user: str, how: dict[str, Any]
) -> None:
    case = Case(name="", page="", reason="", policies=(policy(**conditions),), expect="")
    with pytest.raises(GraphError, match="cannot be told"):
        sign_in(sandbox_of(case), {"user": user, **how})
    report_only = {**case.policies[0], "state": "enabledForReportingButNotEnforced"}
    case = Case(name="", page="", reason="", policies=(report_only,), expect="")
    assert sign_in(sandbox_of(case), {"user": user, **how})["status"]["errorCode"] == 0


IMPOSSIBLE = (
    {"joined": True, "platform": "iOS"},
    {"joined": True, "platform": "macOS"},
    {"device": {"trustType": "ServerAD"}, "platform": "linux"},
    {"joined": True, "device": {"trustType": "Workplace"}},
    {"compliant": True, "platform": "windowsPhone"},
    {"compliant": True, "device": {"isCompliant": False}},
    {"client": "imap", "transfer": "deviceCodeFlow"},
    {"client": "other", "scopes": "oidc"},
    {"client": "smtp", "userAction": "urn:user:registersecurityinfo"},
    {"userAction": "urn:user:registerdevice", "scopes": "oidc"},
    {"externalTenantId": PARTNER},
    {"externalUserType": "b2bCollaborationGuest"},
)


@pytest.mark.parametrize("how", IMPOSSIBLE)
def test_a_sign_in_that_cannot_be_is_refused(how: dict[str, Any]) -> None:
    case = Case(name="", page="", reason="", policies=(policy(),), expect="")
    with pytest.raises(GraphError) as refused:
        sign_in(sandbox_of(case), {"user": ADA, **how})
    assert refused.value.status == 400


TRUST = {"isMfaAccepted": True, "isCompliantDeviceAccepted": False, "isHybridAzureADJoinedDeviceAccepted": False}
NO_TRUST = {**TRUST, "isMfaAccepted": False}
BY_DEFAULT = "policies/crossTenantAccessPolicy/default"
FOR_PARTNERS = "policies/crossTenantAccessPolicy/partners"


@pytest.mark.parametrize(
    ("tenant", "how", "code"),
    [
        ({BY_DEFAULT: {"inboundTrust": TRUST}}, {}, 0),
        ({BY_DEFAULT: {"inboundTrust": TRUST}}, {"homeMfa": False}, 50079),
        ({}, {}, 50079),
        ({FOR_PARTNERS: [{"tenantId": PARTNER, "inboundTrust": TRUST}]}, {}, 0),
        ({FOR_PARTNERS: [{"tenantId": STRANGER, "inboundTrust": TRUST}]}, {}, 50079),
        (
            {BY_DEFAULT: {"inboundTrust": TRUST}, FOR_PARTNERS: [{"tenantId": PARTNER, "inboundTrust": NO_TRUST}]},
            {},
            50079,
        ),
        ({BY_DEFAULT: {"inboundTrust": TRUST}, FOR_PARTNERS: [{"tenantId": PARTNER, "inboundTrust": None}]}, {}, 0),
    ],
)
def test_mfa_at_home_counts_where_it_is_trusted_and_else_a_guest_registers_here(
    tenant: dict[str, Any], how: dict[str, Any], code: int
) -> None:
    """external-id/authentication-conditional-access: a partner's configuration wins, null follows the default."""
    case = Case(name="", page=GUESTS_PAGE, reason="", policies=(policy(),), tenant=tenant, expect="")
    entry = sign_in(sandbox_of(case), {"user": GUS, "externalTenantId": PARTNER, **how})
    assert entry["status"]["errorCode"] == code
    assert (entry["homeTenantId"], entry["crossTenantAccessType"]) == (PARTNER, "b2bCollaboration")


def test_session_controls_that_are_switched_off_are_not_shown_as_enforced() -> None:
    session = {"signInFrequency": {"isEnabled": False}, "persistentBrowser": {"isEnabled": True, "mode": "never"}}
    shown = {**policy(), "sessionControls": {**session, "disableResilienceDefaults": None}}
    case = Case(name="", page="", reason="", policies=(shown,), expect="")
    (applied,) = sign_in(sandbox_of(case), {"user": ADA})["appliedConditionalAccessPolicies"]
    assert applied["enforcedSessionControls"] == ["PersistentBrowser"]


def test_a_device_that_cannot_be_seen_is_not_shown_in_the_log_either() -> None:
    case = Case(name="", page="", reason="", policies=(), expect="")
    seen = sign_in(sandbox_of(case), {"user": ADA, "compliant": True})["deviceDetail"]
    hidden = sign_in(sandbox_of(case), {"user": ADA, "compliant": True, "transfer": "deviceCodeFlow"})["deviceDetail"]
    assert (seen["isCompliant"], seen["trustType"]) == (True, "Azure AD joined")
    assert (hidden["isCompliant"], hidden["trustType"]) == (False, "")
