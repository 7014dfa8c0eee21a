"""The words of Conditional Access that the proof understands. Whatever is not listed here is not understood.

Sources: Microsoft Graph v1.0 metadata of conditionalAccessPolicy and its parts, and the reference pages of
conditionalAccessConditionSet, conditionalAccessUsers, conditionalAccessApplications and conditionalAccessGrantControls.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Axis(StrEnum):
    """The coordinates of a sign-in that every policy may ask about. Yes/no coordinates are made as rules need them."""

    APP = "app"
    CLIENT = "clientAppType"
    PLATFORM = "platform"
    LOCATION = "location"
    SIGN_IN_RISK = "signInRisk"
    USER_RISK = "userRisk"
    INSIDER_RISK = "insiderRisk"
    FLOW = "flow"


EAS_OTHER_PLATFORMS: Final = "exchangeActiveSync"
"""As a value of a sign-in: Exchange ActiveSync on a platform that policies do not support."""

CLIENT_TYPES: Final = ("browser", "mobileAppsAndDesktopClients", EAS_OTHER_PLATFORMS, "easSupported", "other")
LEGACY_CLIENTS: Final = frozenset({EAS_OTHER_PLATFORMS, "easSupported", "other"})
"""Clients that cannot do MFA: a demand for it blocks them in effect."""

PLATFORMS: Final = ("android", "iOS", "windows", "windowsPhone", "macOS", "linux", "unknown")
"""The platforms that policies can name, and the rest, which only `all` reaches."""

RISKS: Final = ("none", "low", "medium", "high", "hidden")
"""`hidden`: ID Protection has not assessed the sign-in or user."""

INSIDER_RISKS: Final = ("none", "minor", "moderate", "elevated")

FLOWS: Final = ("none", "deviceCodeFlow", "authenticationTransfer")

ENUMERATED: Final = MappingProxyType(
    {
        Axis.CLIENT: CLIENT_TYPES,
        Axis.PLATFORM: PLATFORMS,
        Axis.SIGN_IN_RISK: RISKS,
        Axis.USER_RISK: RISKS,
        Axis.INSIDER_RISK: INSIDER_RISKS,
        Axis.FLOW: FLOWS,
    }
)
"""Every value that a sign-in can have on the axes with a closed list."""

USER_ACTIONS: Final = ("urn:user:registersecurityinfo", "urn:user:registerdevice", "urn:user:accountrecovery")

OFFICE_365: Final = "Office365"
ADMIN_PORTALS: Final = "MicrosoftAdminPortals"
AGENT_RESOURCES: Final = "AllAgentIdResources"
AZURE_MANAGEMENT: Final = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
"""Windows Azure Service Management API: an application, and in a policy a group of applications."""
APP_SUITES: Final = (OFFICE_365, ADMIN_PORTALS, AGENT_RESOURCES)
"""Names that stand for a changing list of applications."""
APP_GROUPS: Final = (*APP_SUITES, AZURE_MANAGEMENT)
"""Whatever in a policy's list of applications may stand for more than one."""

DIRECTORY: Final = "00000002-0000-0000-c000-000000000000"
"""Windows Azure Active Directory: what sign-ins that ask only for baseline scopes are judged as, where enforced."""
GRAPH: Final = "00000003-0000-0000-c000-000000000000"
BASELINE_SCOPES: Final = "baselineScopes"
"""As an application: sign-ins that ask only for scopes such as openid, profile and User.Read."""


@dataclass(frozen=True, slots=True)
class Membership:
    """The application groups that an application belongs to, by what documents list."""

    surely: frozenset[str] = frozenset()
    """In lower case, as the next."""
    perhaps: frozenset[str] = frozenset(group.casefold() for group in APP_GROUPS)
    """Groups of which no document says whether it is in them: both are tried."""


def _only(*groups: str, perhaps: tuple[str, ...] = ()) -> Membership:
    return Membership(frozenset(group.casefold() for group in groups), frozenset(group.casefold() for group in perhaps))


_IN_OFFICE_365: Final = _only(OFFICE_365)
_IN_AZURE_MANAGEMENT: Final = _only(AZURE_MANAGEMENT)
_LISTED: Final = MappingProxyType(
    {
        "00000002-0000-0ff1-ce00-000000000000": _IN_OFFICE_365,  # Exchange Online
        "00000003-0000-0ff1-ce00-000000000000": _IN_OFFICE_365,  # SharePoint Online
        "00000004-0000-0ff1-ce00-000000000000": _IN_OFFICE_365,  # Skype for Business Online
        "00000005-0000-0ff1-ce00-000000000000": _IN_OFFICE_365,  # Viva Engage
        # The admin center of Microsoft 365 is one of the admin portals; whether by this id is not said.
        "00000006-0000-0ff1-ce00-000000000000": _only(OFFICE_365, perhaps=(ADMIN_PORTALS,)),
        "08e18876-6177-487e-b8b5-cf950c1e598c": _IN_OFFICE_365,  # SharePoint Online Web Client Extensibility
        "1fec8e78-bce4-4aaf-ab1b-5451cc387264": _IN_OFFICE_365,  # Microsoft Teams
        "2d4d3d8e-2be3-4bef-9f87-7875a61c29de": _IN_OFFICE_365,  # OneNote
        "6bc3b958-689b-49f5-9006-36d165f30e00": _IN_OFFICE_365,  # Teams CMD Services Artifacts
        "905fcf26-4eb7-48a0-9ff0-8dcc7194b5ba": _IN_OFFICE_365,  # Sway
        "ab9b8c07-8f02-4f72-87fa-80105867a763": _IN_OFFICE_365,  # OneDrive SyncEngine
        "c9a559d2-7aab-4f13-a6ed-e7e9c52aec87": _IN_OFFICE_365,  # Microsoft Forms
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe": _IN_OFFICE_365,  # Microsoft Teams Services
        AZURE_MANAGEMENT: _IN_AZURE_MANAGEMENT,
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": _only(ADMIN_PORTALS, AZURE_MANAGEMENT),  # Azure portal
        "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5": _IN_AZURE_MANAGEMENT,  # Log Analytics API
        "e9f49c6b-5ce5-44c8-925d-015017e9f7ad": _IN_AZURE_MANAGEMENT,  # Azure Data Lake
        "f5c26e74-f226-4ae8-85f0-b4af0080ac9e": _IN_AZURE_MANAGEMENT,  # Application Insights API
    }
)
"""Applications that documents list in some groups and not in the others. Of any other application it is taken as open.

Sources: Entra documentation, "Apps included in Conditional Access Office 365 app suite" and "Conditional Access:
Target resources", which name them; their ids stand in "Verify first-party Microsoft applications in sign-in reports",
those of the two APIs of Azure Monitor in manifests of applications that ask for permissions on them.
"""


def membership_of(app_id: str) -> Membership:
    """Return the groups of an application, given in lower case."""
    return _LISTED.get(app_id, Membership())


APP_NAMES: Final = MappingProxyType(
    {
        OFFICE_365.casefold(): "the Office 365 suite",
        ADMIN_PORTALS.casefold(): "the Microsoft admin portals",
        AGENT_RESOURCES.casefold(): "all agent resources",
        BASELINE_SCOPES.casefold(): "sign-ins that ask only for baseline scopes",
        DIRECTORY: "Windows Azure Active Directory",
        "00000002-0000-0ff1-ce00-000000000000": "Exchange Online",
        "00000003-0000-0ff1-ce00-000000000000": "SharePoint Online",
        "00000004-0000-0ff1-ce00-000000000000": "Skype for Business Online",
        "00000005-0000-0ff1-ce00-000000000000": "Viva Engage",
        "00000006-0000-0ff1-ce00-000000000000": "Microsoft Office 365 Portal",
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe": "Microsoft Teams services",
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": "the Azure portal",
        AZURE_MANAGEMENT: "Windows Azure Service Management API",
        "905fcf26-4eb7-48a0-9ff0-8dcc7194b5ba": "Sway",
        "c9a559d2-7aab-4f13-a6ed-e7e9c52aec87": "Microsoft Forms",
        GRAPH: "Microsoft Graph",
        "45a330b1-b1ec-4cc1-9161-9f03992aa49f": "Windows Store for Business",
    }
)
"""Names for people; nothing is decided by them."""


class UserKind(StrEnum):
    """What a user is to a policy. Six are Graph's guestOrExternalUserTypes."""

    AGENT = "agent"
    """An agent's user account: no person, and not among all users."""

    INTERNAL_MEMBER = "internalMember"
    INTERNAL_GUEST = "internalGuest"
    B2B_GUEST = "b2bCollaborationGuest"
    B2B_MEMBER = "b2bCollaborationMember"
    B2B_DIRECT_CONNECT = "b2bDirectConnectUser"
    OTHER_EXTERNAL = "otherExternalUser"
    SERVICE_PROVIDER = "serviceProvider"


EXTERNAL_KINDS: Final = frozenset(UserKind) - {UserKind.INTERNAL_MEMBER, UserKind.AGENT}

SURELY_GUEST_OR_EXTERNAL: Final = EXTERNAL_KINDS - {UserKind.B2B_MEMBER}
"""Whom the old value GuestsOrExternalUsers reaches by every document. They disagree about B2B members."""


class ControlName(StrEnum):
    """The built-in grant controls that are understood."""

    BLOCK = "block"
    MFA = "mfa"
    COMPLIANT_DEVICE = "compliantDevice"
    DOMAIN_JOINED_DEVICE = "domainJoinedDevice"
    APPROVED_APPLICATION = "approvedApplication"
    COMPLIANT_APPLICATION = "compliantApplication"
    PASSWORD_CHANGE = "passwordChange"  # noqa: S105 - Graph's name for a grant control
    VERIFIED_ID = "verifiedID"
    RISK_REMEDIATION = "riskRemediation"


BUILT_IN_STRENGTHS: Final = frozenset(f"00000000-0000-0000-0000-00000000000{number}" for number in (2, 3, 4))
"""Multifactor, passwordless and phishing-resistant MFA: nobody can edit these, and all of them are MFA."""

SINGLE_FACTORS: Final = frozenset(
    {"password", "x509CertificateSingleFactor", "federatedSingleFactor", "sms", "email", "qrCodePin"}
)
"""Method modes that, alone, are one factor."""
SECOND_FACTORS: Final = frozenset({"voice", "sms", "hardwareOath", "softwareOath", "microsoftAuthenticatorPush"})
"""Modes that make two factors of one of these beside them."""
FIRST_FACTORS: Final = frozenset({"password", "x509CertificateSingleFactor", "federatedSingleFactor"})
MULTI_FACTORS: Final = frozenset(
    [
        "fido2",
        "windowsHelloForBusiness",
        "deviceBasedPush",
        "temporaryAccessPassOneTime",
        "temporaryAccessPassMultiUse",
        "x509CertificateMultiFactor",
        "federatedMultiFactor",
    ]
)
"""Modes that are multifactor alone. Sources: Graph enum authenticationMethodModes; Entra page "Overview of Microsoft
Entra authentication strength", table of combinations."""

COMPLIANT_NETWORK: Final = "3d46dbda-8382-466a-856d-eb00cbc6b910"
"""The location of Global Secure Access, with the same id in every tenant; no API lists its addresses."""
COMPLIANT_NETWORK_TAG: Final = "compliantNetwork"

MFA_TRUSTED_IPS: Final = "00000000-0000-0000-0000-000000000000"
"""A location id that an official example uses; commonly read as the MFA trusted IPs, which no API shows."""

KNOWN_MEMBERS: Final = MappingProxyType(
    {
        "": frozenset(
            [
                "id",
                "templateId",
                "displayName",
                "description",
                "createdDateTime",
                "modifiedDateTime",
                "state",
                "conditions",
                "grantControls",
                "sessionControls",
            ]
        ),
        "conditions": frozenset(
            [
                "users",
                "applications",
                "clientAppTypes",
                "signInRiskLevels",
                "userRiskLevels",
                "servicePrincipalRiskLevels",
                "insiderRiskLevels",
                "platforms",
                "locations",
                "devices",
                "clientApplications",
                "authenticationFlows",
                "agents",
                "agentContext",
                "agentIdRiskLevels",
            ]
        ),
        "conditions.users": frozenset(
            [
                "includeUsers",
                "excludeUsers",
                "includeGroups",
                "excludeGroups",
                "includeRoles",
                "excludeRoles",
                "includeGuestsOrExternalUsers",
                "excludeGuestsOrExternalUsers",
            ]
        ),
        "conditions.applications": frozenset(
            [
                "includeApplications",
                "excludeApplications",
                "includeUserActions",
                "includeAuthenticationContextClassReferences",
                "applicationFilter",
            ]
        ),
        "conditions.platforms": frozenset({"includePlatforms", "excludePlatforms"}),
        "conditions.locations": frozenset({"includeLocations", "excludeLocations"}),
        "conditions.devices": frozenset({"deviceFilter"}),
        "conditions.authenticationFlows": frozenset({"transferMethods"}),
        "filter": frozenset({"mode", "rule"}),
        "guests": frozenset({"guestOrExternalUserTypes", "externalTenants"}),
        "externalTenants": frozenset({"membershipKind", "members"}),
        "grantControls": frozenset(
            ["operator", "builtInControls", "customAuthenticationFactors", "termsOfUse", "authenticationStrength"]
        ),
        "sessionControls": frozenset(
            [
                "applicationEnforcedRestrictions",
                "cloudAppSecurity",
                "disableResilienceDefaults",
                "persistentBrowser",
                "signInFrequency",
                "secureSignInSession",
                "continuousAccessEvaluation",
                "globalSecureAccessFilteringProfile",
                "networkAccessSecurity",
            ]
        ),
    }
)
"""The members of each object of a policy. Empty values of other members say nothing and are passed over."""
