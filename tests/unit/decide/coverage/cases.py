"""Coverage, case by case: policies and a person, the verdict with its exact gap tags, why, and the page it rests on.

Every case is about an invented tenant (tenants.py). Pages are named by their title in the Microsoft documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.unit.decide.coverage.tenants import (
    BRANCH,
    BROKEN,
    CUSTOM_STRENGTH,
    EXCHANGE,
    GLOBAL_ADMIN,
    GONE,
    GPS,
    HIDDEN,
    HOME,
    HQ,
    LEAVERS,
    PAYROLL,
    PEOPLE,
    PILOT,
    WEAK_STRENGTH,
    object_id,
    policy,
    strength,
)

USERS = "Conditional Access: Users, groups, agents, and workload identities"
RESOURCES = "Conditional Access: Target resources"
SUITE = "Apps included in Conditional Access Office 365 app suite"
CONDITIONS = "Conditional Access: Conditions"
NETWORK = "Conditional Access: Network assignment"
GRANT = "Conditional Access: Grant"
SESSION = "Conditional Access: Session"
POLICIES = "Building a Conditional Access policy"
STRENGTH = "Overview of Microsoft Entra authentication strength"
REPORT_ONLY = "What is Conditional Access report-only mode"
LEGACY = "Block legacy authentication with Conditional Access"
FLOWS = "Conditional Access: Authentication flows"
FILTER = "Conditional Access: Filter for devices"
APP_FILTER = "Conditional Access: Filter for applications"
RISK = "Risk-based access policies"
WORKLOAD = "Conditional Access for workload identities"
GUESTS = "Authentication and Conditional Access for B2B users"
SET = "Graph resource conditionalAccessConditionSet"
POLICY = "Graph resource conditionalAccessPolicy"
GROUPS = "Graph: List group transitive members (hidden membership)"
LEGACY_MFA = "Per-user Microsoft Entra multifactor authentication: user states"


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
    would_cover: tuple[str, ...] = field(default=())


def everyone_but(**excluded: Any) -> dict[str, Any]:
    return {"includeUsers": ["All"], **excluded}


def guests(kinds: str, kind: str = "all", members: list[str] | None = None) -> dict[str, Any]:
    tenants: dict[str, Any] = {
        "@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants",
        "membershipKind": kind,
    }
    if members is not None:
        tenants["members"] = members
    return {"guestOrExternalUserTypes": kinds, "externalTenants": tenants}


def places(include: list[str], exclude: list[str]) -> dict[str, Any]:
    return {"includeLocations": include, "excludeLocations": exclude}


def device_filter(mode: str, rule: str) -> dict[str, Any]:
    return {"deviceFilter": {"mode": mode, "rule": rule}}


MFA = policy()
LEGACY_TYPES = ["exchangeActiveSync", "other"]
MODERN_TYPES = ["browser", "mobileAppsAndDesktopClients"]
LEGACY_TAGS = ("clientAppType:exchangeActiveSync", "clientAppType:other")
BLOCK_LEGACY = policy("Block legacy", grant=("block",), clientAppTypes=LEGACY_TYPES)
MODERN_ONLY = policy("Modern only", clientAppTypes=MODERN_TYPES)
KIOSK = 'device.model -eq "Kiosk"'

CASES: tuple[Case, ...] = (
    # --- the plain cases
    Case("one policy for everybody and everything", [MFA], "covered", "All users, all resources, MFA.", POLICIES),
    Case("no policy at all", [], "uncovered", "Nothing demands MFA.", POLICIES, ("noPolicy",)),
    Case(
        "report-only never counts",
        [policy(state="enabledForReportingButNotEnforced")],
        "uncovered",
        "Report-only policies are evaluated and not enforced.",
        REPORT_ONLY,
        ("noPolicy",),
        would_cover=("MFA for all",),
    ),
    Case("a disabled policy", [policy(state="disabled")], "uncovered", "It is not evaluated.", POLICY, ("noPolicy",)),
    Case(
        "a state that is not known",
        [policy(state="paused")],
        "unknown",
        "The enum can grow; a new state may or may not enforce.",
        POLICY,
        ("notIncluded",),
        says="'paused' is not known",
    ),
    # --- who
    Case(
        "excluded by name",
        [policy(users=everyone_but(excludeUsers=[PEOPLE["ada"].id]))],
        "uncovered",
        "An exclusion always wins.",
        USERS,
        ("excluded",),
        says="named user",
    ),
    Case(
        "excluded by name in capitals",
        [policy(users=everyone_but(excludeUsers=[PEOPLE["ada"].id.upper()]))],
        "uncovered",
        "Ids are compared without regard to case.",
        USERS,
        ("excluded",),
    ),
    Case(
        "excluded through a group",
        [policy(users=everyone_but(excludeGroups=[LEAVERS]))],
        "uncovered",
        "Nested members count; the evidence holds the transitive ones.",
        USERS,
        ("excluded",),
        "leo",
        says="group 'Leavers'",
    ),
    Case(
        "included and excluded at once",
        [policy(users={"includeGroups": [PILOT], "excludeGroups": [LEAVERS]})],
        "uncovered",
        "Exclude overrides include.",
        USERS,
        ("excluded",),
        "leo",
    ),
    Case(
        "excluded here, included elsewhere",
        [
            policy(users=everyone_but(excludeGroups=[LEAVERS])),
            policy("Leavers too", users={"includeGroups": [LEAVERS]}),
        ],
        "covered",
        "Each policy stands alone; the second one demands MFA.",
        POLICIES,
        person="leo",
    ),
    Case(
        "a pilot group that the user is not in",
        [policy(users={"includeGroups": [PILOT]})],
        "uncovered",
        "The policy is assigned to others.",
        USERS,
        ("notIncluded",),
        "nell",
    ),
    Case("a pilot group that the user is in", [policy(users={"includeGroups": [PILOT]})], "covered", "Member.", USERS),
    Case(
        "a group with hidden membership, included",
        [policy(users={"includeGroups": [HIDDEN]})],
        "unknown",
        "Without Member.Read.Hidden Graph sends an empty list, which says nothing.",
        GROUPS,
        ("notIncluded",),
        says="hidden",
    ),
    Case(
        "a group with hidden membership, excluded",
        [policy(users=everyone_but(excludeGroups=[HIDDEN]))],
        "unknown",
        "The user may be in it.",
        GROUPS,
        ("notIncluded",),
        says="'Board' are hidden",
    ),
    Case(
        "a group that could not be read, excluded",
        [policy(users=everyone_but(excludeGroups=[BROKEN]))],
        "unknown",
        "Unread is not empty.",
        GROUPS,
        ("notIncluded",),
        says="403, request 7",
    ),
    Case(
        "an unread exclusion beside a full proof",
        [policy("Doubtful", users=everyone_but(excludeGroups=[BROKEN])), MFA],
        "covered",
        "What is not known cannot take away what another policy proves.",
        POLICIES,
    ),
    Case(
        "a group that is gone, excluded",
        [policy(users=everyone_but(excludeGroups=[GONE]))],
        "covered",
        "A deleted group has no members.",
        USERS,
    ),
    Case(
        "a group that is gone, included",
        [policy(users={"includeGroups": [GONE]})],
        "uncovered",
        "A deleted group has no members.",
        USERS,
        ("notIncluded",),
    ),
    Case(
        "a group that the evidence lacks",
        [policy(users=everyone_but(excludeGroups=[object_id("group nobody read")]))],
        "unknown",
        "Nothing is known about it.",
        USERS,
        ("notIncluded",),
        says="were not read",
    ),
    Case(
        "a placeholder where a group id belongs",
        [policy(users=everyone_but(excludeGroups=["<ExclusionGroup>"]))],
        "unknown",
        "Published templates carry placeholders; who is meant is not known.",
        POLICY,
        ("notIncluded",),
        says="no object id",
    ),
    Case(
        "a role, active",
        [policy(users={"includeRoles": [GLOBAL_ADMIN]})],
        "covered",
        "Active, directory-wide holders are included.",
        USERS,
        person="adam",
    ),
    Case(
        "a role, only eligible",
        [policy(users={"includeRoles": [GLOBAL_ADMIN]})],
        "uncovered",
        "Until activation the policy does not apply.",
        USERS,
        ("notIncluded",),
        "pim",
    ),
    Case(
        "a role for an administrative unit",
        [policy(users={"includeRoles": [GLOBAL_ADMIN]})],
        "uncovered",
        "Scoped assignments are not supported by Conditional Access.",
        USERS,
        ("notIncluded",),
        "auda",
    ),
    Case(
        "a role excluded, user eligible",
        [policy(users=everyone_but(excludeRoles=[GLOBAL_ADMIN]))],
        "uncovered",
        "The user can activate the role and with it the exclusion.",
        USERS,
        ("excluded",),
        "pim",
        says="could activate",
    ),
    Case(
        "a role excluded, user holds it for a unit",
        [policy(users=everyone_but(excludeRoles=[GLOBAL_ADMIN]))],
        "uncovered",
        "A scoped holder is never counted on, in either direction.",
        USERS,
        ("excluded",),
        "auda",
    ),
    Case(
        "a group excluded, user eligible for it",
        [policy(users=everyone_but(excludeGroups=[LEAVERS]))],
        "uncovered",
        "PIM for Groups: the user can activate the membership.",
        USERS,
        ("excluded",),
        "eli",
        says="could activate",
    ),
    Case(
        "a group included, user eligible for it",
        [policy(users={"includeGroups": [LEAVERS]})],
        "uncovered",
        "Eligible is not a member.",
        USERS,
        ("notIncluded",),
        "eli",
    ),
    Case("nobody included", [policy(users={"includeUsers": ["None"]})], "uncovered", "None.", USERS, ("notIncluded",)),
    # --- guests and external users
    Case(
        "the old value for guests, internal guest",
        [policy(users={"includeUsers": ["GuestsOrExternalUsers"]})],
        "covered",
        "It stands for all kinds, internal guests among them.",
        GUESTS,
        person="lars",
    ),
    Case(
        "the old value for guests, member",
        [policy(users={"includeUsers": ["GuestsOrExternalUsers"]})],
        "uncovered",
        "An internal member is neither.",
        USERS,
        ("notIncluded",),
    ),
    Case(
        "the old value for guests, invited member, included",
        [policy(users={"includeUsers": ["GuestsOrExternalUsers"]})],
        "uncovered",
        "Documents disagree about B2B members: an inclusion is taken as not matching.",
        GUESTS,
        ("notIncluded",),
        "mara",
    ),
    Case(
        "the old value for guests, invited member, excluded",
        [policy(users=everyone_but(excludeUsers=["GuestsOrExternalUsers"]))],
        "uncovered",
        "Documents disagree about B2B members: an exclusion is taken as matching.",
        GUESTS,
        ("excluded",),
        "mara",
    ),
    Case(
        "invited guests by kind",
        [policy(users={"includeGuestsOrExternalUsers": guests("b2bCollaborationGuest,b2bCollaborationMember")})],
        "covered",
        "Kinds come as one comma-separated text.",
        USERS,
        person="gina",
    ),
    Case(
        "invited member by kind",
        [policy(users={"includeGuestsOrExternalUsers": guests("b2bCollaborationMember")})],
        "covered",
        "userType Member with external credentials.",
        GUESTS,
        person="mara",
    ),
    Case(
        "internal guests by kind do not reach invited ones",
        [policy(users={"includeGuestsOrExternalUsers": guests("internalGuest")})],
        "uncovered",
        "The kinds are told apart.",
        USERS,
        ("notIncluded",),
        "gina",
    ),
    Case(
        "guests of listed home tenants, included",
        [
            policy(
                users={
                    "includeGuestsOrExternalUsers": guests("b2bCollaborationGuest", "enumerated", [object_id("tenant")])
                }
            )
        ],
        "uncovered",
        "The home tenant cannot be read, so an inclusion is taken as not matching.",
        GUESTS,
        ("notIncluded",),
        "gina",
    ),
    Case(
        "guests of listed home tenants, excluded",
        [
            policy(
                users=everyone_but(
                    excludeGuestsOrExternalUsers=guests("b2bCollaborationGuest", "enumerated", [object_id("tenant")])
                )
            )
        ],
        "uncovered",
        "The home tenant cannot be read, so an exclusion is taken as matching.",
        GUESTS,
        ("excluded",),
        "gina",
    ),
    Case(
        "a guest whose properties disagree, included by kind",
        [policy(users={"includeGuestsOrExternalUsers": guests("b2bCollaborationGuest")})],
        "uncovered",
        "The account may be of another kind.",
        GUESTS,
        ("notIncluded",),
        "otto",
    ),
    Case(
        "an invited account without a user type, where guests are excluded",
        [policy(users=everyone_but(excludeGuestsOrExternalUsers=guests("b2bCollaborationGuest")))],
        "uncovered",
        "What the directory does not hold makes nobody a member.",
        GUESTS,
        ("excluded",),
        "olaf",
    ),
    Case(
        "an invited account without a user type, where members are excluded",
        [policy(users=everyone_but(excludeGuestsOrExternalUsers=guests("b2bCollaborationMember")))],
        "uncovered",
        "Nor does it make anybody a guest.",
        GUESTS,
        ("excluded",),
        "olaf",
    ),
    *(
        Case(
            f"a guest of whom {why}, {side}",
            [policy(users=users)],
            "uncovered",
            "The account may be of elsewhere.",
            GUESTS,
            (gap,),
            name,
        )
        for name, why in (("vito", "the creation type is not known"), ("iris", "an identity does not show its type"))
        for side, users, gap in (
            (
                "guests of elsewhere excluded",
                everyone_but(excludeGuestsOrExternalUsers=guests("b2bCollaborationGuest")),
                "excluded",
            ),
            (
                "internal guests included",
                {"includeGuestsOrExternalUsers": guests("internalGuest")},
                "notIncluded",
            ),
        )
    ),
    *(
        Case(
            f"guests are excluded, and of which kinds is {how}",
            [policy(users=everyone_but(excludeGuestsOrExternalUsers={**guests(""), **kinds}))],
            "unknown",
            "What is not shown may be any kind.",
            GUESTS,
            ("notIncluded",),
            "gina",
            says="does not show which kinds of guests it names",
        )
        for how, kinds in (("blank", {}), ("null", {"guestOrExternalUserTypes": None}))
    ),
    Case(
        "guests are included, and the home tenants are not there",
        [policy(users={"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "b2bCollaborationGuest"}})],
        "unknown",
        "It may have named a few.",
        GUESTS,
        ("notIncluded",),
        "gina",
        says="does not show of which home tenants",
    ),
    Case(
        "guests are included, and the home tenants are null",
        [
            policy(
                users={
                    "includeGuestsOrExternalUsers": {
                        "guestOrExternalUserTypes": "b2bCollaborationGuest",
                        "externalTenants": None,
                    }
                }
            )
        ],
        "covered",
        "Microsoft's templates write null for all.",
        GUESTS,
        person="gina",
    ),
    Case(
        "a guest whose properties disagree, excluded by kind",
        [policy(users=everyone_but(excludeGuestsOrExternalUsers=guests("internalGuest")))],
        "uncovered",
        "The account may be of that kind.",
        GUESTS,
        ("excluded",),
        "otto",
    ),
    Case(
        "a kind of guest that is not known",
        [policy(users=everyone_but(excludeGuestsOrExternalUsers=guests("martian")))],
        "unknown",
        "The flags can grow.",
        POLICY,
        ("notIncluded",),
        says="'martian'",
    ),
    # --- apps
    Case(
        "one app excluded",
        [policy(apps={"excludeApplications": [PAYROLL]})],
        "partly",
        "The excluded app asks for nothing, and whether baseline scopes are enforced is not answered.",
        RESOURCES,
        ("app:baselineScopes", f"app:{PAYROLL}"),
    ),
    Case(
        "one app excluded, and covered by its own policy",
        [
            policy(apps={"excludeApplications": [PAYROLL]}),
            policy("Payroll", apps={"includeApplications": [PAYROLL]}),
        ],
        "partly",
        "The two complete each other; what is left is baseline scopes, as long as nobody answered.",
        RESOURCES,
        ("app:baselineScopes",),
    ),
    Case(
        "one app only",
        [policy(apps={"includeApplications": [PAYROLL]})],
        "partly",
        "Every other app is open.",
        RESOURCES,
        ("app:other",),
    ),
    Case(
        "one app only, and only that app matters",
        [policy(apps={"includeApplications": [PAYROLL]})],
        "covered",
        "The configuration may say which apps matter.",
        RESOURCES,
        apps=frozenset({PAYROLL}),
    ),
    Case(
        "another app than the one that matters",
        [policy(apps={"includeApplications": [PAYROLL]})],
        "uncovered",
        "The policy does not reach Exchange Online.",
        RESOURCES,
        ("notIncluded",),
        apps=frozenset({EXCHANGE}),
    ),
    Case(
        "the Office 365 suite reaches Exchange Online",
        [policy(apps={"includeApplications": ["Office365"]})],
        "covered",
        "Exchange Online is on the list.",
        SUITE,
        apps=frozenset({EXCHANGE}),
    ),
    Case(
        "the Office 365 suite and an app of one's own",
        [policy(apps={"includeApplications": ["Office365"]})],
        "uncovered",
        "Nothing says that the app belongs to the suite.",
        SUITE,
        ("notIncluded",),
        apps=frozenset({PAYROLL}),
    ),
    Case(
        "the suite excluded here and included there",
        [
            policy(apps={"excludeApplications": ["Office365"]}),
            policy("Suite", apps={"includeApplications": ["Office365"]}),
            policy("Payroll off", apps={"includeApplications": [PAYROLL]}, state="enabledForReportingButNotEnforced"),
        ],
        "partly",
        "Whether or not an app belongs to the suite, one of the two reaches it; baseline scopes are not answered.",
        RESOURCES,
        ("app:baselineScopes",),
    ),
    Case(
        "the suite excluded",
        [policy(apps={"excludeApplications": ["Office365"]})],
        "partly",
        "The suite is open.",
        RESOURCES,
        ("app:baselineScopes", "app:office365"),
    ),
    Case(
        "the admin portals only",
        [policy(apps={"includeApplications": ["MicrosoftAdminPortals"]})],
        "partly",
        "Everything else is open.",
        RESOURCES,
        ("app:other",),
    ),
    Case(
        "no app",
        [policy(apps={"includeApplications": ["None"]})],
        "uncovered",
        "None.",
        RESOURCES,
        ("noPolicy",),
    ),
    Case(
        "a user action",
        [policy(apps={"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]})],
        "uncovered",
        "Registering security information is not signing in to an app.",
        RESOURCES,
        ("noPolicy",),
    ),
    Case(
        "an authentication context",
        [policy(apps={"includeApplications": [], "includeAuthenticationContextClassReferences": ["c1"]})],
        "uncovered",
        "It is asked for by apps that know it, not at every sign-in.",
        RESOURCES,
        ("noPolicy",),
    ),
    Case(
        "apps beside a user action",
        [policy(apps={"includeUserActions": ["urn:user:registersecurityinfo"]})],
        "unknown",
        "Graph refuses such a policy, so what it would mean is not known.",
        POLICY,
        ("notIncluded",),
        says="beside user actions",
    ),
    Case(
        "an app name where an id belongs",
        [policy(apps={"excludeApplications": ["Payroll"]})],
        "unknown",
        "Which app is meant is not known.",
        POLICY,
        ("notIncluded",),
        says="no application id",
    ),
    Case(
        "a filter for applications, excluded",
        [policy(apps={"applicationFilter": {"mode": "exclude", "rule": "CustomSecurityAttribute.A.B -eq 1"}})],
        "partly",
        "The rule is one yes or no; where it says yes the app is open.",
        APP_FILTER,
        ("app:baselineScopes", "appFilter:CustomSecurityAttribute.A.B -eq 1"),
    ),
    Case(
        "a filter for applications, both ways",
        [
            policy(
                "In",
                apps={"includeApplications": [], "applicationFilter": {"mode": "include", "rule": "A"}},
            ),
            policy("Out", apps={"applicationFilter": {"mode": "exclude", "rule": "A"}}),
        ],
        "partly",
        "The same text is the same question: yes or no; baseline scopes are not answered.",
        APP_FILTER,
        ("app:baselineScopes",),
    ),
    # --- client app types
    Case("client types missing", [policy(clientAppTypes=None)], "covered", "Absent means all.", SET),
    Case("client types empty", [policy(clientAppTypes=[])], "covered", "Empty means all.", SET),
    Case("client types in capitals", [policy(clientAppTypes=["All"])], "covered", "Published files have it.", SET),
    Case(
        "modern clients only",
        [MODERN_ONLY],
        "partly",
        "Legacy clients sign in with a password; enforced per-user MFA had stopped that.",
        LEGACY_MFA,
        LEGACY_TAGS,
    ),
    Case(
        "modern clients, and legacy blocked",
        [MODERN_ONLY, BLOCK_LEGACY],
        "covered",
        "Blocked is as good as asked.",
        LEGACY,
    ),
    Case(
        "modern clients, and only other legacy clients blocked",
        [MODERN_ONLY, policy("Block other", grant=("block",), clientAppTypes=["other"])],
        "partly",
        "Exchange ActiveSync is a type of its own.",
        LEGACY,
        ("clientAppType:exchangeActiveSync",),
    ),
    Case(
        "Exchange ActiveSync on supported platforms only",
        [MODERN_ONLY, policy("Some", grant=("block",), clientAppTypes=["easSupported", "other"])],
        "partly",
        "Clients on other platforms are left.",
        SET,
        ("clientAppType:exchangeActiveSync",),
    ),
    Case(
        "legacy blocked, nothing else",
        [BLOCK_LEGACY],
        "partly",
        "Browsers and modern clients are open.",
        LEGACY,
        ("clientAppType:browser", "clientAppType:mobileAppsAndDesktopClients"),
    ),
    Case(
        "a client type that is not known",
        [policy(clientAppTypes=["browser", "telepathy"])],
        "unknown",
        "The enum can grow.",
        SET,
        ("notIncluded",),
        says="'telepathy'",
    ),
    # --- platforms
    Case(
        "four platforms",
        [policy(platforms={"includePlatforms": ["android", "iOS", "windows", "macOS"], "excludePlatforms": []})],
        "partly",
        "Linux, Windows Phone and unrecognised platforms are left; the user agent is not verified either.",
        CONDITIONS,
        ("platform:linux", "platform:unknown", "platform:windowsPhone"),
    ),
    Case(
        "all platforms but Linux",
        [policy(platforms={"includePlatforms": ["all"], "excludePlatforms": ["linux"]})],
        "partly",
        "Linux is left.",
        CONDITIONS,
        ("platform:linux",),
    ),
    Case(
        "all platforms but Linux, and Linux blocked",
        [
            policy(platforms={"includePlatforms": ["all"], "excludePlatforms": ["linux"]}),
            policy("No Linux", grant=("block",), platforms={"includePlatforms": ["linux"], "excludePlatforms": []}),
        ],
        "covered",
        "The two complete each other.",
        CONDITIONS,
    ),
    # --- places
    Case(
        "trusted locations excluded",
        [policy(locations=places(["All"], ["AllTrusted"]))],
        "partly",
        "From the office nothing is asked.",
        NETWORK,
        ("location:trusted",),
    ),
    Case(
        "trusted locations excluded, the only trusted one covered by name",
        [
            policy(locations=places(["All"], ["AllTrusted"])),
            policy("At HQ", locations=places([HQ], [])),
        ],
        "partly",
        "AllTrusted also holds the MFA trusted IPs, which no API shows.",
        NETWORK,
        ("location:trusted",),
    ),
    Case(
        "a location excluded by name",
        [policy(locations=places(["All"], [BRANCH]))],
        "partly",
        "It need not be trusted to be excluded.",
        NETWORK,
        (f"location:{BRANCH}",),
    ),
    Case(
        "a location inside another one",
        [policy(locations=places(["All"], [BRANCH])), policy("HQ", locations=places([HQ], []))],
        "covered",
        "The branch's range lies inside headquarters' range.",
        NETWORK,
    ),
    Case(
        "home countries excluded",
        [policy(locations=places(["All"], [HOME]))],
        "partly",
        "Signing in from home needs no MFA.",
        NETWORK,
        (f"location:{HOME}",),
    ),
    Case(
        "outside home countries blocked, nothing inside",
        [policy("Abroad", grant=("block",), locations=places(["All"], [HOME]))],
        "partly",
        "A block covers its region only.",
        NETWORK,
        (f"location:{HOME}",),
    ),
    Case(
        "abroad blocked, at home MFA",
        [
            policy("Abroad", grant=("block",), locations=places(["All"], [HOME])),
            policy("At home", locations=places([HOME], [])),
        ],
        "covered",
        "The two complete each other, unknown countries included.",
        NETWORK,
    ),
    Case(
        "a location by GPS",
        [policy(locations=places(["All"], [GPS]))],
        "partly",
        "Country by GPS is another question than country by address.",
        NETWORK,
        (f"location:{GPS}",),
    ),
    Case(
        "the location id of zeros, excluded",
        [policy(locations=places(["All"], ["00000000-0000-0000-0000-000000000000"]))],
        "partly",
        "An official example has it; whatever it is, sign-ins from there are open.",
        NETWORK,
        ("location:00000000-0000-0000-0000-000000000000",),
    ),
    Case(
        "a location that was deleted",
        [policy(locations=places(["All"], [object_id("location deleted")]))],
        "unknown",
        "What it was is not known.",
        NETWORK,
        ("notIncluded",),
        says="not among those that were read",
    ),
    Case(
        "an empty list where the location object belongs",
        [policy(locations=[])],
        "covered",
        "It configures nothing; published files have it.",
        SET,
    ),
    # --- risk
    Case(
        "medium and high sign-in risk",
        [policy(signInRiskLevels=["medium", "high"])],
        "partly",
        "Most sign-ins carry no risk.",
        RISK,
        ("signInRisk:hidden", "signInRisk:low", "signInRisk:none"),
    ),
    Case(
        "high user risk blocked",
        [policy(userRiskLevels=["high"], grant=("block",))],
        "partly",
        "Everybody else is open.",
        RISK,
        ("userRisk:hidden", "userRisk:low", "userRisk:medium", "userRisk:none"),
    ),
    Case(
        "insider risk",
        [policy(insiderRiskLevels="minor,moderate,elevated")],
        "partly",
        "Without insider risk nothing is asked.",
        CONDITIONS,
        ("insiderRisk:none",),
    ),
    # --- flows
    Case(
        "only device code flow blocked",
        [policy("No device code", grant=("block",), authenticationFlows={"transferMethods": "deviceCodeFlow"})],
        "partly",
        "Ordinary flows are open.",
        FLOWS,
        ("flow:authenticationTransfer", "flow:none"),
    ),
    Case(
        "a policy without the flow condition",
        [policy(authenticationFlows=None)],
        "covered",
        "Without the condition every flow is included.",
        FLOWS,
    ),
    # --- devices
    Case(
        "a device filter that excludes",
        [policy(devices=device_filter("exclude", KIOSK))],
        "partly",
        "Kiosks are left.",
        FILTER,
        (f"deviceFilter:{KIOSK}",),
    ),
    Case(
        "a device filter both ways",
        [policy(devices=device_filter("exclude", KIOSK)), policy("Kiosks", devices=device_filter("include", KIOSK))],
        "covered",
        "The same text is the same question: yes or no.",
        FILTER,
    ),
    Case(
        "two different device filters",
        [policy(devices=device_filter("exclude", KIOSK)), policy("Other", devices=device_filter("include", "other"))],
        "partly",
        "No rule language is evaluated: different texts may mean anything.",
        FILTER,
        (f"deviceFilter:{KIOSK}",),
    ),
    # --- grants
    Case(
        "MFA or a compliant device",
        [policy(grant=("mfa", "compliantDevice"))],
        "partly",
        "The device may replace MFA.",
        GRANT,
        ("device:compliant",),
    ),
    Case(
        "MFA or compliant, and MFA or hybrid joined",
        [policy(grant=("mfa", "compliantDevice")), policy("Two", grant=("mfa", "domainJoinedDevice"))],
        "partly",
        "Both must be satisfied: only a device that is both gets through without MFA.",
        GRANT,
        ("device:compliant",),
    ),
    Case(
        "MFA and a compliant device",
        [policy(grant={"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]})],
        "covered",
        "Both are needed.",
        GRANT,
    ),
    Case(
        "a compliant device only",
        [policy(grant=("compliantDevice",))],
        "uncovered",
        "No MFA is asked for.",
        GRANT,
        ("noPolicy",),
    ),
    Case(
        "an approved app or MFA",
        [policy(grant=("mfa", "approvedApplication"))],
        "partly",
        "The app may replace MFA.",
        GRANT,
        ("control:approvedApplication",),
    ),
    Case(
        "a password change with MFA at high risk",
        [
            policy(
                grant={"operator": "AND", "builtInControls": ["mfa", "passwordChange"]},
                userRiskLevels=["high"],
            )
        ],
        "partly",
        "Only at high user risk.",
        GRANT,
        ("userRisk:hidden", "userRisk:low", "userRisk:medium", "userRisk:none"),
    ),
    Case(
        "a password change alone",
        [policy(grant=("passwordChange",))],
        "uncovered",
        "No MFA is asked for.",
        GRANT,
        ("noPolicy",),
    ),
    Case(
        "session controls only",
        [policy(grant=None, extra={"sessionControls": {"persistentBrowser": {"isEnabled": True, "mode": "never"}}})],
        "uncovered",
        "Session controls ask for nothing at sign-in.",
        SESSION,
        ("noPolicy",),
    ),
    Case(
        "terms of use or MFA",
        [policy(grant={"operator": "OR", "builtInControls": ["mfa"], "termsOfUse": ["terms-1"]})],
        "partly",
        "Accepting the terms replaces MFA.",
        GRANT,
        ("termsOfUse:terms-1",),
    ),
    Case(
        "terms of use and MFA",
        [policy(grant={"operator": "AND", "builtInControls": ["mfa"], "termsOfUse": ["terms-1"]})],
        "covered",
        "Both are needed.",
        GRANT,
    ),
    Case(
        "a custom control or MFA",
        [policy(grant={"operator": "OR", "builtInControls": ["mfa"], "customAuthenticationFactors": ["Duo"]})],
        "partly",
        "A custom control does not satisfy an MFA demand, and here it replaces it.",
        GRANT,
        ("customFactor:Duo",),
    ),
    Case(
        "a control that is not known",
        [policy(grant=("mfa", "retinaScan"))],
        "unknown",
        "The enum can grow; with OR it might replace MFA.",
        GRANT,
        ("notIncluded",),
        says="'retinaScan'",
    ),
    Case(
        "an operator that is not known",
        [policy(grant={"operator": "XOR", "builtInControls": ["mfa", "compliantDevice"]})],
        "unknown",
        "Whether MFA is needed is not known.",
        GRANT,
        ("notIncluded",),
        says="'XOR'",
    ),
    Case("block everything", [policy(grant=("block",))], "covered", "Nobody signs in without MFA.", GRANT),
    # --- authentication strengths
    Case(
        "a built-in strength by its id alone",
        [policy(grant=strength("00000000-0000-0000-0000-000000000004"))],
        "covered",
        "Phishing-resistant MFA is MFA; built-in strengths cannot be edited.",
        STRENGTH,
    ),
    Case(
        "a strength of one's own", [policy(grant=strength(CUSTOM_STRENGTH))], "covered", "It satisfies MFA.", STRENGTH
    ),
    Case(
        "a strength that is no MFA",
        [policy(grant=strength(WEAK_STRENGTH))],
        "uncovered",
        "requirementsSatisfied says none.",
        STRENGTH,
        ("noPolicy",),
    ),
    Case(
        "a strength that cannot be resolved",
        [policy(grant=strength(object_id("strength deleted")))],
        "unknown",
        "What it allows is not known.",
        STRENGTH,
        ("notIncluded",),
        says="cannot be resolved",
    ),
    Case(
        "a strength or a compliant device",
        [policy(grant=strength(CUSTOM_STRENGTH, "OR", ["compliantDevice"]))],
        "partly",
        "The device may replace MFA.",
        STRENGTH,
        ("device:compliant",),
    ),
    # --- workload identities and what is not understood
    Case(
        "a policy for service principals",
        [
            policy(
                users={"includeUsers": ["None"]},
                clientApplications={"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]},
                grant=("block",),
            )
        ],
        "uncovered",
        "It is never about a user.",
        WORKLOAD,
        ("noPolicy",),
    ),
    Case(
        "a condition that is not known",
        [policy(times={"includedRanges": ["09:00"]})],
        "unknown",
        "It may narrow the policy.",
        SET,
        ("notIncluded",),
        says="conditions.times is not understood",
    ),
    Case(
        "a condition that is not known, and empty",
        [policy(deviceStates=None, times=[])],
        "covered",
        "Nothing is configured there; published files have such members.",
        SET,
    ),
    Case(
        "a condition that is not known on a narrow policy",
        [policy(times={"includedRanges": ["09:00"]}, clientAppTypes=["browser"]), MODERN_ONLY],
        "partly",
        "It could close nothing of what is open.",
        SET,
        LEGACY_TAGS,
    ),
    Case(
        "a condition that is not known where it might close the gap",
        [policy(times={"includedRanges": ["09:00"]}), MODERN_ONLY],
        "unknown",
        "It may or may not cover legacy clients.",
        SET,
        LEGACY_TAGS,
        says="conditions.times",
    ),
    Case(
        "a member that is not known at the top",
        [policy(extra={"partialEnablementStrategy": "percent:10"})],
        "unknown",
        "It may switch the policy off for some.",
        POLICY,
        ("notIncluded",),
        says="partialEnablementStrategy",
    ),
    Case(
        "a deleted policy",
        [policy(extra={"deletedDateTime": "2026-02-01T00:00:00Z"})],
        "unknown",
        "Deleted policies are not listed; one that is makes no sense.",
        POLICY,
        ("notIncluded",),
        says="deletedDateTime",
    ),
    Case(
        "excluded from one policy, partly covered by another",
        [policy(users=everyone_but(excludeGroups=[LEAVERS])), MODERN_ONLY],
        "partly",
        "The exclusion is named beside the gaps.",
        USERS,
        LEGACY_TAGS,
        "leo",
        says="excluded from 'MFA for all'",
    ),
    Case(
        "gaps of two policies that only both leave open",
        [
            policy("A", locations=places(["All"], ["AllTrusted"])),
            policy("B", platforms={"includePlatforms": ["all"], "excludePlatforms": ["linux"]}),
        ],
        "partly",
        "Only Linux at trusted locations is open: each policy covers what the other leaves.",
        POLICIES,
        ("location:trusted",),
    ),
)
