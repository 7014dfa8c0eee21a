"""The words of Conditional Access that the proof understands. Whatever is not listed here is not understood.

Sources: Microsoft Graph v1.0 metadata of conditionalAccessPolicy and its parts, and the reference pages of
conditionalAccessConditionSet, conditionalAccessUsers, conditionalAccessApplications and conditionalAccessGrantControls.
"""

from __future__ import annotations

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

USER_ACTIONS: Final = ("urn:user:registersecurityinfo", "urn:user:registerdevice")

OFFICE_365: Final = "Office365"
ADMIN_PORTALS: Final = "MicrosoftAdminPortals"
APP_SUITES: Final = (OFFICE_365, ADMIN_PORTALS)
"""Names that stand for a changing list of applications."""

KNOWN_SUITE_MEMBERS: Final = MappingProxyType(
    {
        "00000002-0000-0ff1-ce00-000000000000": OFFICE_365,
        "00000003-0000-0ff1-ce00-000000000000": OFFICE_365,
        "00000004-0000-0ff1-ce00-000000000000": OFFICE_365,
        "00000005-0000-0ff1-ce00-000000000000": OFFICE_365,
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe": OFFICE_365,
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": ADMIN_PORTALS,
    }
)
"""Applications that documents list in one suite and not in the other. Of any other application it is taken as open.

Sources: Entra documentation, "Apps included in Conditional Access Office 365 app suite" and "Conditional Access:
Target resources" (Microsoft Admin Portals).
"""

APP_NAMES: Final = MappingProxyType(
    {
        OFFICE_365.casefold(): "the Office 365 suite",
        ADMIN_PORTALS.casefold(): "the Microsoft admin portals",
        "00000002-0000-0ff1-ce00-000000000000": "Exchange Online",
        "00000003-0000-0ff1-ce00-000000000000": "SharePoint Online",
        "00000004-0000-0ff1-ce00-000000000000": "Skype for Business Online",
        "00000005-0000-0ff1-ce00-000000000000": "Viva Engage",
        "00000006-0000-0ff1-ce00-000000000000": "Microsoft Office 365 Portal",
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe": "Microsoft Teams services",
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": "the Azure portal",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013": "Windows Azure Service Management API",
        "00000003-0000-0000-c000-000000000000": "Microsoft Graph",
        "45a330b1-b1ec-4cc1-9161-9f03992aa49f": "Windows Store for Business",
    }
)
"""Names for people; nothing is decided by them."""


class UserKind(StrEnum):
    """What a user is to a policy. The last six are Graph's guestOrExternalUserTypes."""

    INTERNAL_MEMBER = "internalMember"
    INTERNAL_GUEST = "internalGuest"
    B2B_GUEST = "b2bCollaborationGuest"
    B2B_MEMBER = "b2bCollaborationMember"
    B2B_DIRECT_CONNECT = "b2bDirectConnectUser"
    OTHER_EXTERNAL = "otherExternalUser"
    SERVICE_PROVIDER = "serviceProvider"


EXTERNAL_KINDS: Final = frozenset(UserKind) - {UserKind.INTERNAL_MEMBER}

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


BUILT_IN_STRENGTHS: Final = frozenset(f"00000000-0000-0000-0000-00000000000{number}" for number in (2, 3, 4))
"""Multifactor, passwordless and phishing-resistant MFA: nobody can edit these, and all of them are MFA."""

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
