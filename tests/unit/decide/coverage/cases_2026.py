"""Coverage, case by case: what policies, roles, strengths and places say since 2026. As cases.py, with facts beside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from migrate.model.evidence import BetaEvidence, ReadStatus, RoleEvidence
from migrate.model.tenant_settings import UNANSWERED, BaselineScopes, BaselineSetting
from tests.unit.decide.coverage.tenants import (
    EXCHANGE,
    GLOBAL_ADMIN,
    HQ,
    LOCATIONS,
    PAYROLL,
    PEOPLE,
    PILOT,
    ROLES,
    STRENGTHS,
    object_id,
    policy,
    strength,
)

USERS = "Conditional Access: Users, groups, agents, and workload identities"
RESOURCES = "Conditional Access: Target resources"
SUITE = "Apps included in Conditional Access Office 365 app suite"
NETWORK = "Conditional Access: Network assignment"
BASELINE = "Conditional Access: Enforcement for policies with resource exclusions"
VERSIONS = "Graph v1.0 and beta metadata of conditionalAccessConditionSet"
MANAGED = "Microsoft-managed Conditional Access policies"
COMPLIANT = "Global Secure Access: Enable compliant network check"
GRANT = "Conditional Access: Grant"
STRENGTH = "Overview of Microsoft Entra authentication strength"
WORKLOAD = "Conditional Access for workload identities"
AGENTS = "Conditional Access for agent identities"
ODATA = "OData JSON format 4.01, control information"
SET = "Graph resource conditionalAccessConditionSet"
PAGING = "Graph: Paging (an object may come twice)"

AZURE = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
PORTAL = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"
LOG_ANALYTICS = "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5"
DIRECTORY = "00000002-0000-0000-c000-000000000000"
GRAPH = "00000003-0000-0000-c000-000000000000"
FORMS = "c9a559d2-7aab-4f13-a6ed-e7e9c52aec87"
OFFICE_PORTAL = "00000006-0000-0ff1-ce00-000000000000"
COMPLIANT_NETWORK = "3d46dbda-8382-466a-856d-eb00cbc6b910"
HELPDESK = object_id("role helpdesk (custom)")
EVERYWHERE = object_id("location everywhere")
OUTSIDE_TRUSTED: dict[str, Any] = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
GONE_STRENGTH = object_id("strength elsewhere")


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    policies: list[dict[str, Any]]
    verdict: str
    why: str
    page: str
    gaps: tuple[str, ...] = ()
    """All gap tags, each once, in alphabetical order."""
    person: str = "ada"
    apps: frozenset[str] | None = None
    says: str = ""
    """A piece of the sentences about what is not understood, or left out."""
    would_cover: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    """Changes to the evidence of the invented tenant."""
    baseline: BaselineScopes = UNANSWERED
    assumes: tuple[str, ...] = ()


def all_but(*apps: str, **more: Any) -> dict[str, Any]:
    return policy("All but", apps={"excludeApplications": list(apps)}, **more)


def only(*apps: str, **more: Any) -> dict[str, Any]:
    return policy("Only", apps={"includeApplications": list(apps)}, **more)


def role(built_in: bool | None, **changes: Any) -> dict[str, RoleEvidence]:
    read: dict[str, Any] = {
        "template_id": HELPDESK,
        "display_name": "Helpdesk",
        "status": ReadStatus.READ,
        "problem": None,
        "holders": frozenset({PEOPLE["ada"].id}),
        "eligible": frozenset(),
        "scoped": frozenset(),
        "built_in": built_in,
    }
    return {GLOBAL_ADMIN: ROLES[0], HELPDESK: RoleEvidence(**{**read, **changes})}


def custom_strength(*combinations: str, satisfied: str = "mfa") -> dict[str, Any]:
    return {
        "id": GONE_STRENGTH,
        "displayName": "Ours",
        "requirementsSatisfied": satisfied,
        "allowedCombinations": list(combinations),
    }


def inline(*combinations: str, satisfied: str = "mfa") -> dict[str, Any]:
    return {"operator": "OR", "authenticationStrength": custom_strength(*combinations, satisfied=satisfied)}


def location(name: str, *ranges: str, location_id: str = EVERYWHERE) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "id": location_id,
        "displayName": name,
        "isTrusted": False,
        "ipRanges": [{"cidrAddress": one} for one in ranges],
    }


def at(*include: str, exclude: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"includeLocations": list(include), "excludeLocations": list(exclude)}


ENFORCED = BaselineScopes(setting=BaselineSetting.ENFORCED, said_by="Ada", said_on="2026-11-20")
DISABLED = BaselineScopes(setting=BaselineSetting.DISABLED, said_by="Ada", said_on="2026-11-20")


def customised(placeholder: str) -> BaselineScopes:
    return BaselineScopes(setting=BaselineSetting.CUSTOMISED, placeholder=placeholder)


AGENT_ACCOUNTS = policy("Agents", users={"includeUsers": ["AllAgentIdUsers"]}, grant=("block",))
TRUSTED_OPEN = policy("Outside", locations=OUTSIDE_TRUSTED)
NO_PEOPLE: dict[str, Any] = {"includeUsers": ["None"]}

ROLE_CASES = [
    Case(
        "a custom role in an inclusion reaches nobody",
        [policy(users={"includeRoles": [HELPDESK]})],
        "uncovered",
        "only built-in roles count in a policy",
        USERS,
        gaps=("notIncluded",),
        facts={"roles": role(False)},
    ),
    Case(
        "a custom role in an exclusion is a gap",
        [policy(users={"includeUsers": ["All"], "excludeRoles": [HELPDESK]})],
        "uncovered",
        "whether the exclusion holds is not documented, so it is taken at its word",
        USERS,
        gaps=("excluded",),
        says="not known to be a built-in role",
        facts={"roles": role(False)},
    ),
    Case(
        "a role of which it was not read whether it is built in is not known in an inclusion",
        [policy(users={"includeRoles": [HELPDESK]})],
        "unknown",
        "what was not read is not known",
        USERS,
        gaps=("notIncluded",),
        says="export again",
        facts={"roles": role(None)},
    ),
    Case(
        "a built-in role in an inclusion reaches its holders",
        [policy(users={"includeRoles": [HELPDESK]})],
        "covered",
        "built-in and for the whole directory",
        USERS,
        facts={"roles": role(True)},
    ),
    Case(
        "a role held for an administrative unit only reaches nobody",
        [policy(users={"includeRoles": [HELPDESK]})],
        "uncovered",
        "roles for a part of the directory do not count",
        USERS,
        gaps=("notIncluded",),
        facts={"roles": role(True, holders=frozenset(), scoped=frozenset({PEOPLE["ada"].id}))},
    ),
    Case(
        "a custom role beside a group that holds the user does no harm",
        [policy(users={"includeRoles": [HELPDESK], "includeGroups": [PILOT]})],
        "covered",
        "the group includes the user all the same",
        USERS,
        facts={"roles": role(False)},
    ),
]

AGENT_CASES = [
    Case(
        "a policy for agents' accounts beside one that leaves trusted locations open",
        [TRUSTED_OPEN, AGENT_ACCOUNTS],
        "partly",
        "a policy that can never meet a person makes nobody unknown",
        AGENTS,
        gaps=("location:trusted",),
    ),
    Case(
        "a policy for agents' accounts with words that are not known makes nobody unknown either",
        [TRUSTED_OPEN, policy("Agents", users={"includeUsers": ["AllAgentIdUsers"]}, moods=["curious"])],
        "partly",
        "its assignment is understood, and holds no person",
        AGENTS,
        gaps=("location:trusted",),
    ),
    Case(
        "agents' accounts named beside all users take nothing away",
        [policy(users={"includeUsers": ["All", "AllAgentIdUsers"]})],
        "covered",
        "the second word only adds accounts",
        AGENTS,
    ),
    Case(
        "agents' accounts excluded from all users take no person out",
        [policy(users={"includeUsers": ["All"], "excludeUsers": ["AllAgentIdUsers"]})],
        "covered",
        "no person is an agent's account",
        AGENTS,
    ),
    Case(
        "an agent's account is not among all users",
        [policy()],
        "uncovered",
        "only AllAgentIdUsers and the agents condition reach it",
        AGENTS,
        gaps=("notIncluded",),
        person="robo",
    ),
    Case(
        "an agent's account is not covered by a group that holds it",
        [policy(users={"includeGroups": [PILOT]})],
        "uncovered",
        "only AllAgentIdUsers and the agents condition reach it",
        AGENTS,
        gaps=("notIncluded",),
        person="robo",
    ),
    Case(
        "a policy for all agent resources is about no person's application",
        [TRUSTED_OPEN, policy("Resources", apps={"includeApplications": ["AllAgentIdResources"]})],
        "partly",
        "set aside with a note",
        AGENTS,
        gaps=("location:trusted",),
    ),
    Case(
        "all agent resources excluded from all resources stay open",
        [policy(apps={"excludeApplications": ["AllAgentIdResources"]})],
        "partly",
        "a person may sign in to an agent, and no document lists which applications these are",
        AGENTS,
        gaps=("app:allagentidresources", "app:baselineScopes"),
    ),
    Case(
        "a condition on agents' risk beside assigned users narrows in a way that is not understood",
        [policy(agentIdRiskLevels="high")],
        "unknown",
        "words that narrow spoil the proof",
        SET,
        gaps=("notIncluded",),
        says="agentIdRiskLevels",
    ),
    Case(
        "a condition on agents without people is set aside",
        [TRUSTED_OPEN, policy("Agents", users=NO_PEOPLE, agents={"includeAgentIdServicePrincipals": ["All"]})],
        "partly",
        "it is about agents",
        AGENTS,
        gaps=("location:trusted",),
    ),
    Case(
        "empty client applications beside assigned users say nothing",
        [
            policy(
                clientApplications={
                    "includeServicePrincipals": [],
                    "excludeServicePrincipals": [],
                    "servicePrincipalFilter": None,
                }
            )
        ],
        "covered",
        "a member that holds only empty members is empty",
        WORKLOAD,
    ),
    Case(
        "client applications beside assigned users are not understood",
        [policy(clientApplications={"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]})],
        "unknown",
        "a policy has one kind of assignment",
        WORKLOAD,
        gaps=("notIncluded",),
        says="stands beside assigned users",
    ),
    Case(
        "account recovery is a user action",
        [
            TRUSTED_OPEN,
            policy("Recovery", apps={"includeApplications": [], "includeUserActions": ["urn:user:accountrecovery"]}),
        ],
        "partly",
        "user actions are no sign-ins to applications",
        RESOURCES,
        gaps=("location:trusted",),
    ),
    Case(
        "a user action that is not known is still none of the applications",
        [TRUSTED_OPEN, policy("Action", apps={"includeApplications": [], "includeUserActions": ["urn:user:dance"]})],
        "partly",
        "set aside with a note",
        RESOURCES,
        gaps=("location:trusted",),
    ),
]

GRANT_CASES = [
    Case(
        "MFA and a verified ID",
        [policy(grant={"operator": "AND", "builtInControls": ["mfa", "verifiedID"]})],
        "covered",
        "all controls are required, so MFA is",
        GRANT,
    ),
    Case(
        "MFA or a verified ID",
        [policy(grant=("mfa", "verifiedID"))],
        "partly",
        "a verified ID replaces MFA",
        GRANT,
        gaps=("control:verifiedID",),
    ),
    Case(
        "MFA or risk remediation",
        [policy(grant=("mfa", "riskRemediation"))],
        "partly",
        "remediation replaces MFA",
        GRANT,
        gaps=("control:riskRemediation",),
    ),
    Case(
        "MFA and a control that nobody knows yet",
        [policy(grant={"operator": "AND", "builtInControls": ["mfa", "retinaScan"]})],
        "covered",
        "with AND every further control only adds to MFA",
        GRANT,
    ),
    Case(
        "MFA or a control that nobody knows yet",
        [policy(grant={"operator": "OR", "builtInControls": ["mfa", "retinaScan"]})],
        "unknown",
        "with OR the control could replace MFA",
        GRANT,
        gaps=("notIncluded",),
        says="retinaScan",
    ),
    Case(
        "a control that nobody knows yet, alone",
        [policy(grant={"operator": "AND", "builtInControls": ["retinaScan"]})],
        "unknown",
        "it may be MFA, or nothing",
        GRANT,
        gaps=("notIncluded",),
        says="retinaScan",
    ),
    Case(
        "a strength and a control that nobody knows yet",
        [policy(grant={**strength(STRENGTHS[1]["id"], "AND"), "builtInControls": ["retinaScan"]})],
        "covered",
        "with AND every further control only adds to the strength",
        GRANT,
    ),
    Case(
        "a strength that says MFA and allows a password alone",
        [policy(grant=inline("fido2", "password"))],
        "uncovered",
        "one combination is a single factor",
        STRENGTH,
        gaps=("noPolicy",),
    ),
    Case(
        "a strength that allows text messages as a first factor, beside MFA",
        [policy(grant={**inline("fido2", "sms"), "builtInControls": ["mfa"]})],
        "partly",
        "the weak strength replaces MFA",
        STRENGTH,
        gaps=(f"strength:{GONE_STRENGTH}",),
    ),
    Case(
        "a strength of two factors of every kind",
        [policy(grant=inline("fido2", "password,sms", "x509CertificateSingleFactor,microsoftAuthenticatorPush"))],
        "covered",
        "each combination is multifactor",
        STRENGTH,
    ),
    Case(
        "a strength of a federated single factor",
        [policy(grant=inline("federatedMultiFactor", "federatedSingleFactor"))],
        "uncovered",
        "one combination is a single factor",
        STRENGTH,
        gaps=("noPolicy",),
    ),
    Case(
        "a strength with a method that nobody knows yet",
        [policy(grant=inline("fido2", "thoughtOfTheDay"))],
        "unknown",
        "it may be a single factor",
        STRENGTH,
        gaps=("notIncluded",),
        says="thoughtofthe",
    ),
    Case(
        "a strength whose copy in the policy allows other methods than the tenant's",
        [policy(grant=inline("fido2"))],
        "unknown",
        "the two disagree, and nobody knows which one holds",
        STRENGTH,
        gaps=("notIncluded",),
        says="copies allow different methods",
        facts={"authentication_strengths": (*STRENGTHS, custom_strength("fido2", "password"))},
    ),
    Case(
        "a strength whose copies disagree about MFA",
        [policy(grant=inline("fido2"))],
        "unknown",
        "the two disagree, and nobody knows which one holds",
        STRENGTH,
        gaps=("notIncluded",),
        says="cannot be resolved",
        facts={"authentication_strengths": (*STRENGTHS, custom_strength("fido2", satisfied="none"))},
    ),
    Case(
        "a strength that came twice, alike",
        [policy(grant=strength(STRENGTHS[1]["id"]))],
        "covered",
        "Graph may repeat an object on the next page",
        PAGING,
        facts={"authentication_strengths": (*STRENGTHS, STRENGTHS[1])},
    ),
    Case(
        "a strength without a list of methods",
        [policy(grant=inline())],
        "unknown",
        "what was not read is not known",
        STRENGTH,
        gaps=("notIncluded",),
        says="its methods were not read",
    ),
]

GROUP_CASES = [
    Case(
        "Azure management excluded, asked about the Azure portal",
        [all_but(AZURE)],
        "uncovered",
        "the portal is a listed member of the group",
        RESOURCES,
        gaps=("notIncluded",),
        apps=frozenset({PORTAL}),
    ),
    Case(
        "Azure management excluded, asked about the Log Analytics API",
        [all_but(AZURE)],
        "uncovered",
        "the API is a listed member of the group",
        RESOURCES,
        gaps=("notIncluded",),
        apps=frozenset({LOG_ANALYTICS}),
    ),
    Case(
        "Azure management included, asked about the Azure portal",
        [only(AZURE)],
        "covered",
        "the portal is a listed member of the group",
        RESOURCES,
        apps=frozenset({PORTAL}),
    ),
    Case(
        "Azure management excluded, asked about an application that no document lists",
        [all_but(AZURE)],
        "uncovered",
        "it may be a member: then nothing is demanded",
        RESOURCES,
        gaps=("notIncluded",),
        apps=frozenset({PAYROLL}),
    ),
    Case(
        "Azure management excluded here and included there",
        [all_but(AZURE), only(AZURE)],
        "covered",
        "whether an application is a member or not, one of the two demands MFA",
        RESOURCES,
        baseline=ENFORCED,
        assumes=("baselineScopesAnswer",),
    ),
    Case(
        "Exchange Online is no member of Azure management",
        [all_but(AZURE)],
        "covered",
        "it is listed in another group",
        RESOURCES,
        apps=frozenset({EXCHANGE}),
    ),
    Case(
        "Office 365 excluded, asked about Microsoft Forms",
        [all_but("Office365")],
        "uncovered",
        "Forms stands on the list of the suite",
        SUITE,
        gaps=("notIncluded",),
        apps=frozenset({FORMS}),
    ),
    Case(
        "Office 365 included, asked about Microsoft Forms",
        [only("Office365")],
        "covered",
        "Forms stands on the list of the suite",
        SUITE,
        apps=frozenset({FORMS}),
    ),
    Case(
        "the admin portals excluded, asked about the Office 365 portal",
        [all_but("MicrosoftAdminPortals")],
        "uncovered",
        "the admin center of Microsoft 365 is one of them; whether by this id is not said",
        RESOURCES,
        gaps=("notIncluded",),
        apps=frozenset({OFFICE_PORTAL}),
    ),
    Case(
        "the admin portals and Azure management both hold the Azure portal",
        [all_but("MicrosoftAdminPortals"), only(AZURE)],
        "covered",
        "what the one leaves out the other demands",
        RESOURCES,
        apps=frozenset({PORTAL}),
    ),
]

PLACE_CASES = [
    Case(
        "MFA at a location that holds every address",
        [policy(locations=at(EVERYWHERE))],
        "partly",
        "an address that Microsoft cannot place lies in no named location",
        NETWORK,
        gaps=("location:other",),
        facts={"named_locations": (*LOCATIONS, location("Everywhere", "0.0.0.0/0", "::/0"))},
    ),
    Case(
        "MFA at a location that holds every address in two halves",
        [policy(locations=at(EVERYWHERE))],
        "partly",
        "an address that Microsoft cannot place lies in no named location",
        NETWORK,
        gaps=("location:other",),
        facts={"named_locations": (*LOCATIONS, location("Halves", "0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"))},
    ),
    Case(
        "MFA except at a location that holds every address",
        [policy(locations=at("All", exclude=(EVERYWHERE,)))],
        "partly",
        "only what cannot be placed is left",
        NETWORK,
        gaps=(f"location:{EVERYWHERE}",),
        facts={"named_locations": (*LOCATIONS, location("Everywhere", "0.0.0.0/0", "::/0"))},
    ),
    Case(
        "a location that came twice, alike",
        [policy(locations=at("All", exclude=(HQ,)))],
        "partly",
        "Graph may repeat an object on the next page",
        PAGING,
        gaps=(f"location:{HQ}",),
        facts={"named_locations": (*LOCATIONS, {**LOCATIONS[0], "modifiedDateTime": "2026-01-01T00:00:00Z"})},
    ),
    Case(
        "a location that came twice, not alike",
        [policy(locations=at("All", exclude=(HQ,)))],
        "unknown",
        "nobody knows which one holds",
        PAGING,
        gaps=("notIncluded",),
        says="sent twice, and not alike",
        facts={"named_locations": (*LOCATIONS, location("Headquarters", "192.0.2.0/24", location_id=HQ), LOCATIONS[0])},
    ),
    Case(
        "MFA except from the compliant network",
        [policy(locations=at("All", exclude=(COMPLIANT_NETWORK,)))],
        "partly",
        "the compliant network is a place of its own, with the same id in every tenant",
        COMPLIANT,
        gaps=("location:compliantNetwork",),
    ),
    Case(
        "MFA except from the compliant network, and MFA there",
        [policy("A", locations=at("All", exclude=(COMPLIANT_NETWORK,))), policy("B", locations=at(COMPLIANT_NETWORK))],
        "covered",
        "the two complete each other",
        COMPLIANT,
    ),
    Case(
        "the compliant network as beta lists it",
        [policy(locations=at("All", exclude=(COMPLIANT_NETWORK,)))],
        "partly",
        "no API lists its addresses, whatever its object says",
        COMPLIANT,
        gaps=("location:compliantNetwork",),
        facts={
            "named_locations": (
                *LOCATIONS,
                {
                    "@odata.type": "#microsoft.graph.compliantNetworkNamedLocation",
                    "id": COMPLIANT_NETWORK,
                    "displayName": "All Compliant Network locations",
                    "isTrusted": True,
                },
            )
        },
    ),
]

ALL_BUT_PAYROLL = [all_but(PAYROLL), only(PAYROLL)]
BASELINE_CASES = [
    Case(
        "all but one application, and that application: baseline scopes unanswered",
        ALL_BUT_PAYROLL,
        "partly",
        "where the tenant disabled the enforcement, sign-ins that ask only for baseline scopes meet neither policy",
        BASELINE,
        gaps=("app:baselineScopes",),
    ),
    Case(
        "all but one application, and that application: enforced",
        ALL_BUT_PAYROLL,
        "covered",
        "baseline scopes are judged as the directory, which is not excluded",
        BASELINE,
        baseline=ENFORCED,
        assumes=("baselineScopesAnswer",),
    ),
    Case(
        "all but one application, and that application: disabled",
        ALL_BUT_PAYROLL,
        "partly",
        "the tenant keeps the old behaviour for every policy",
        BASELINE,
        gaps=("app:baselineScopes",),
        baseline=DISABLED,
    ),
    Case(
        "all but one application, and that application: customised with another placeholder",
        ALL_BUT_PAYROLL,
        "covered",
        "only policies that exclude the placeholder keep the old behaviour",
        BASELINE,
        baseline=customised(HQ),
        assumes=("baselineScopesAnswer",),
    ),
    Case(
        "all but the placeholder, and the placeholder: customised",
        ALL_BUT_PAYROLL,
        "partly",
        "every proving policy excludes the placeholder",
        BASELINE,
        gaps=("app:baselineScopes",),
        baseline=customised(PAYROLL),
    ),
    Case(
        "all but the placeholder beside all but another application: customised",
        [*ALL_BUT_PAYROLL, policy("Second", apps={"excludeApplications": [EXCHANGE]})],
        "covered",
        "one policy does not exclude the placeholder",
        BASELINE,
        baseline=customised(PAYROLL),
        assumes=("baselineScopesAnswer",),
    ),
    Case(
        "all resources without any exclusion: disabled",
        [policy()],
        "covered",
        "the behaviour concerns policies with resource exclusions only",
        BASELINE,
        baseline=DISABLED,
    ),
    Case(
        "all resources without any exclusion beside all but one application",
        [policy(), all_but(PAYROLL)],
        "covered",
        "one policy excludes nothing, so nothing rests on the answer",
        BASELINE,
        baseline=ENFORCED,
    ),
    Case(
        "all but the directory, and the directory: enforced",
        [all_but(DIRECTORY), only(DIRECTORY)],
        "covered",
        "policies that target the directory explicitly are enforced for baseline scopes",
        BASELINE,
        baseline=ENFORCED,
        assumes=("baselineScopesAnswer",),
    ),
    Case(
        "all but the directory: enforced",
        [all_but(DIRECTORY)],
        "partly",
        "baseline scopes are judged as the directory, which is excluded",
        BASELINE,
        gaps=(f"app:{DIRECTORY}", "app:baselineScopes"),
        baseline=ENFORCED,
    ),
    Case(
        "baseline scopes closed by a policy for trusted places only, and one without exclusions elsewhere",
        [
            *ALL_BUT_PAYROLL,
            policy("Elsewhere", locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}),
        ],
        "partly",
        "the policy without exclusions reaches baseline scopes outside trusted places",
        BASELINE,
        gaps=("app:baselineScopes",),
    ),
    Case(
        "baseline scopes do not matter to an application that is no directory",
        [all_but(PAYROLL)],
        "covered",
        "who asks about Exchange Online asks for its scopes",
        BASELINE,
        apps=frozenset({EXCHANGE}),
    ),
    Case(
        "baseline scopes are scopes of Microsoft Graph",
        [all_but(PAYROLL)],
        "partly",
        "User.Read and its like are scopes of Graph",
        BASELINE,
        gaps=("app:baselineScopes",),
        apps=frozenset({GRAPH}),
    ),
    Case(
        "one application only, nothing else",
        [only(PAYROLL)],
        "partly",
        "without a policy for all resources baseline scopes are no question of their own",
        BASELINE,
        gaps=("app:other",),
    ),
]


def in_beta(*raws: dict[str, Any]) -> dict[str, Any]:
    return {"beta": BetaEvidence(policies={raw["id"]: raw for raw in raws}, policies_problem=None)}


NARROWED = policy(deviceStates={"includeStates": ["All"], "excludeStates": ["Compliant"]})
BETA_CASES = [
    Case(
        "policies that could not be read in beta",
        [policy()],
        "partly",
        "members that only beta shows may narrow any policy",
        VERSIONS,
        gaps=("policy:betaUnread",),
        facts={"beta": BetaEvidence(policies=None, policies_problem="403")},
    ),
    Case(
        "policies of an export that did not ask for beta",
        [policy()],
        "partly",
        "what was not read is not known",
        VERSIONS,
        gaps=("policy:betaUnread",),
        facts={"beta": None},
    ),
    Case(
        "policies that could not be read in beta, and an open region",
        [TRUSTED_OPEN],
        "partly",
        "both are named",
        VERSIONS,
        gaps=("location:trusted", "policy:betaUnread"),
        facts={"beta": None},
    ),
    Case(
        "nothing applies, whatever beta says",
        [policy(users={"includeUsers": ["None"]})],
        "uncovered",
        "beta could only narrow further",
        VERSIONS,
        gaps=("notIncluded",),
        facts={"beta": None},
    ),
    Case(
        "a narrowing condition that only beta shows",
        [policy()],
        "unknown",
        "v1.0 hides it",
        VERSIONS,
        gaps=("notIncluded",),
        says="deviceStates",
        facts=in_beta(NARROWED),
    ),
    Case(
        "a condition that only beta shows and that is understood",
        [policy()],
        "partly",
        "it is read as part of the policy",
        VERSIONS,
        gaps=("insiderRisk:elevated", "insiderRisk:minor", "insiderRisk:none"),
        facts=in_beta(policy(insiderRiskLevels="moderate")),
    ),
    Case(
        "a control that v1.0 hides",
        [policy()],
        "unknown",
        "with OR it could replace MFA, and the versions contradict each other",
        VERSIONS,
        gaps=("notIncluded",),
        says="in beta",
        facts=in_beta(policy(grant=("mfa", "verifiedID"))),
    ),
    Case(
        "empty members that only beta shows",
        [policy()],
        "covered",
        "empty members say nothing",
        VERSIONS,
        facts=in_beta(policy(deviceStates=None, agents={"includeAgentIdServicePrincipals": []})),
    ),
    Case(
        "the same in both versions, in another order and spelling",
        [policy(grant={"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]})],
        "covered",
        "order and case mean nothing",
        VERSIONS,
        facts=in_beta(policy(grant={"operator": "and", "builtInControls": ["compliantDevice", "MFA"]})),
    ),
    Case(
        "a policy that is not there in beta",
        [policy()],
        "unknown",
        "absence is no fact",
        VERSIONS,
        gaps=("notIncluded",),
        says="not there in beta",
        facts={"beta": BetaEvidence(policies={}, policies_problem=None)},
    ),
    Case(
        "a policy that is report-only in beta and enabled in v1.0",
        [policy()],
        "covered",
        "the state moves between two readings, and v1.0 is read last",
        VERSIONS,
        facts=in_beta(policy(state="enabledForReportingButNotEnforced")),
    ),
]


def managed(title: str, **changes: Any) -> dict[str, Any]:
    return policy(f"Microsoft-managed: {title}", **changes)


PER_USER = "Multifactor authentication for per-user multifactor authentication users"
NAMED_ADA: dict[str, Any] = {"includeUsers": [PEOPLE["ada"].id]}
MANAGED_CASES = [
    Case(
        "the managed policy for per-user MFA alone",
        [managed(PER_USER, users=NAMED_ADA)],
        "covered",
        "covered now, and no proof: disabling somebody may take them out of it",
        MANAGED,
        assumes=("microsoftMayChangeThisScope", "managedPolicyForPerUserMfa"),
        says="policy of your own with equal scope",
    ),
    Case(
        "the managed policy for per-user MFA beside one of the tenant's own",
        [managed(PER_USER, users=NAMED_ADA), policy("Ours")],
        "covered",
        "the tenant's own policy proves it alone",
        MANAGED,
    ),
    Case(
        "the managed policy for per-user MFA completes one of the tenant's own",
        [managed(PER_USER, users=NAMED_ADA), TRUSTED_OPEN],
        "covered",
        "without it trusted locations are open",
        MANAGED,
        assumes=("microsoftMayChangeThisScope", "managedPolicyForPerUserMfa"),
    ),
    Case(
        "the managed policy for all users",
        [managed("Multifactor authentication for all users")],
        "covered",
        "Microsoft may change the scope",
        MANAGED,
        assumes=("microsoftMayChangeThisScope",),
    ),
    Case(
        "the managed policy for all users beside the one for per-user MFA",
        [managed(PER_USER, users=NAMED_ADA), managed("Multifactor authentication for all users")],
        "covered",
        "the one for all users proves it alone",
        MANAGED,
        assumes=("microsoftMayChangeThisScope",),
    ),
    Case(
        "a managed policy that an older one of the tenant's makes idle",
        [policy("Ours"), managed("Block legacy authentication", clientAppTypes=["other"], grant=("block",))],
        "covered",
        "nothing rests on it",
        MANAGED,
    ),
    Case(
        "the managed policy that blocks legacy clients completes one for modern clients",
        [
            policy("Modern", clientAppTypes=["browser", "mobileAppsAndDesktopClients"]),
            managed("Block legacy authentication", clientAppTypes=["exchangeActiveSync", "other"], grant=("block",)),
        ],
        "covered",
        "without it legacy clients are open",
        MANAGED,
        assumes=("microsoftMayChangeThisScope",),
    ),
    Case(
        "the managed policy for per-user MFA by its title alone",
        [policy(PER_USER, users=NAMED_ADA)],
        "covered",
        "whatever looks like it is taken for it: that only holds people back",
        MANAGED,
        assumes=("microsoftMayChangeThisScope", "managedPolicyForPerUserMfa"),
        says="policy of your own with equal scope",
    ),
    Case(
        "one policy of each kind of 2026 beside a plain one for all users",
        [
            AGENT_ACCOUNTS,
            policy("Agents' risk", users={"includeUsers": ["None"]}, agentIdRiskLevels="high", grant=("block",)),
            policy("Agent resources", apps={"includeApplications": ["AllAgentIdResources"]}),
            policy("Workloads", users=NO_PEOPLE, clientApplications={"includeServicePrincipals": ["All"]}),
            policy("Recovery", apps={"includeApplications": [], "includeUserActions": ["urn:user:accountrecovery"]}),
            policy("Verified ID", grant=("mfa", "verifiedID")),
            policy("Remediation", grant=("riskRemediation",), userRiskLevels=["high"]),
            policy("Network", locations=at("All", exclude=(COMPLIANT_NETWORK,)), grant=("block",)),
            policy("Tomorrow", grant=("retinaScan",), moonPhases=["full"]),
            policy("Custom role", users={"includeRoles": [HELPDESK]}),
            all_but(AZURE),
            managed(PER_USER, users=NAMED_ADA),
            policy("Ours", extra={"#microsoft.graph.restore": {}}),
        ],
        "covered",
        "the plain one proves it, and nothing rests on an assumption",
        USERS,
        facts={"roles": role(False)},
    ),
]

READING_CASES = [
    Case(
        "an action that Graph advertises inside the policy",
        [policy(extra={"#microsoft.graph.restore": {"title": "microsoft.graph.restore", "target": "restore"}})],
        "covered",
        "members that begin with # are control information",
        ODATA,
    ),
    Case(
        "an action that Graph advertises inside the conditions",
        [policy(**{"#microsoft.graph.evaluate": {"target": "evaluate"}})],
        "covered",
        "members that begin with # are control information wherever they stand",
        ODATA,
    ),
]

CASES = [
    *ROLE_CASES,
    *AGENT_CASES,
    *GRANT_CASES,
    *GROUP_CASES,
    *PLACE_CASES,
    *BASELINE_CASES,
    *BETA_CASES,
    *MANAGED_CASES,
    *READING_CASES,
]
