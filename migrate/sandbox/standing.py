"""What every tenant has without being told: authentication strengths, policies of the tenant, a licence."""

from migrate.sandbox.messages import Json
from migrate.sandbox.tenant import P1_PLAN, Tenant

STRENGTH_PREFIX = "00000000-0000-0000-0000-00000000"
SINCE = "2021-12-01T00:00:00Z"

_PHISHING_RESISTANT = ["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"]
_PASSWORDLESS = [*_PHISHING_RESISTANT, "deviceBasedPush"]
_MULTIFACTOR = [
    *_PASSWORDLESS,
    "temporaryAccessPassOneTime",
    "temporaryAccessPassMultiUse",
    "password,microsoftAuthenticatorPush",
    "password,softwareOath",
    "password,hardwareOath",
    "password,sms",
    "password,voice",
    "federatedMultiFactor",
    "microsoftAuthenticatorPush,federatedSingleFactor",
    "softwareOath,federatedSingleFactor",
    "hardwareOath,federatedSingleFactor",
    "sms,federatedSingleFactor",
    "voice,federatedSingleFactor",
]

_METHOD_STATES = {
    "Fido2": "enabled",
    "MicrosoftAuthenticator": "enabled",
    "Sms": "enabled",
    "TemporaryAccessPass": "enabled",
    "HardwareOath": "disabled",
    "SoftwareOath": "enabled",
    "Voice": "disabled",
    "Email": "enabled",
    "X509Certificate": "disabled",
}


def built_in_strengths() -> list[Json]:
    """Build the three authentication strengths that Microsoft provides."""
    rows = (
        ("0002", "Multifactor authentication", "Combinations that satisfy multifactor authentication", _MULTIFACTOR),
        ("0003", "Passwordless MFA", "Passwordless combinations that satisfy strong authentication", _PASSWORDLESS),
        ("0004", "Phishing-resistant MFA", "Combinations that resist phishing", _PHISHING_RESISTANT),
    )
    return [
        {
            "id": f"{STRENGTH_PREFIX}{number}",
            "createdDateTime": SINCE,
            "modifiedDateTime": SINCE,
            "displayName": name,
            "description": description,
            "policyType": "builtIn",
            "requirementsSatisfied": "mfa",
            "allowedCombinations": list(combinations),
        }
        for number, name, description, combinations in rows
    ]


def methods_policy() -> Json:
    """Build an authentication methods policy that has finished its migration."""
    target = [{"targetType": "group", "id": "all_users", "isRegistrationRequired": False}]
    kinds = {"TemporaryAccessPass": "temporaryAccessPass", "Email": "email", "X509Certificate": "x509Certificate"}
    return {
        "id": "authenticationMethodsPolicy",
        "displayName": "Authentication Methods Policy",
        "description": "The tenant-wide policy that controls which authentication methods are allowed.",
        "lastModifiedDateTime": "2025-06-02T09:00:00Z",
        "policyVersion": "1.5",
        "policyMigrationState": "migrationComplete",
        "reportSuspiciousActivitySettings": {
            "state": "default",
            "includeTarget": {"targetType": "group", "id": "all_users"},
            "voiceReportingCode": 0,
        },
        "systemCredentialPreferences": {"state": "default", "excludeTargets": [], "includeTargets": []},
        "registrationEnforcement": {
            "authenticationMethodsRegistrationCampaign": {
                "snoozeDurationInDays": 1,
                "enforceRegistrationAfterAllowedSnoozes": True,
                "state": "default",
                "excludeTargets": [],
                "includeTargets": [],
            }
        },
        "authenticationMethodConfigurations": [
            {
                "@odata.type": "#microsoft.graph."
                f"{kinds.get(name, name[0].lower() + name[1:])}AuthenticationMethodConfiguration",
                "id": name,
                "state": state,
                "excludeTargets": [],
                "includeTargets": target,
            }
            for name, state in _METHOD_STATES.items()
        ],
    }


def authorization_policy() -> Json:
    """Build the tenant's authorization policy."""
    return {
        "id": "authorizationPolicy",
        "displayName": "Authorization Policy",
        "description": "Used to manage authorization related settings across the company.",
        "allowInvitesFrom": "adminsAndGuestInviters",
        "allowedToSignUpEmailBasedSubscriptions": False,
        "allowedToUseSSPR": True,
        "allowEmailVerifiedUsersToJoinOrganization": False,
        "allowUserConsentForRiskyApps": False,
        "blockMsolPowerShell": True,
        "deletedDateTime": None,
        "guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3",
        "defaultUserRolePermissions": {
            "allowedToCreateApps": False,
            "allowedToCreateSecurityGroups": False,
            "allowedToCreateTenants": False,
            "allowedToReadBitlockerKeysForOwnedDevice": True,
            "allowedToReadOtherUsers": True,
            "permissionGrantPoliciesAssigned": [],
        },
    }


def sku(part: str, sku_id: str, plans: tuple[tuple[str, str], ...], units: int, consumed: int) -> Json:
    """Build one subscribed licence."""
    return {
        "id": f"{sku_id}_{part}",
        "accountName": "contoso",
        "accountId": "7c1c5fe1-a6d9-4d0c-a4c4-9a3f0f6c0d11",
        "appliesTo": "User",
        "capabilityStatus": "Enabled",
        "consumedUnits": consumed,
        "skuId": sku_id,
        "skuPartNumber": part,
        "subscriptionIds": [],
        "prepaidUnits": {"enabled": units, "suspended": 0, "warning": 0, "lockedOut": 0},
        "servicePlans": [
            {"servicePlanId": plan, "servicePlanName": name, "provisioningStatus": "Success", "appliesTo": "User"}
            for name, plan in plans
        ],
    }


P1_PLANS = (("AAD_PREMIUM", P1_PLAN),)


def furnish(tenant: Tenant) -> Tenant:
    """Fill in what a tenant has without being told, and return it."""
    for strength in built_in_strengths():
        tenant.strengths.setdefault(strength["id"], strength)
    tenant.methods_policy = tenant.methods_policy or methods_policy()
    tenant.authorization_policy = tenant.authorization_policy or authorization_policy()
    if not tenant.organization:
        tenant.organization = {
            "id": tenant.id,
            "displayName": "Contoso",
            "tenantType": "AAD",
            "countryLetterCode": "US",
            "createdDateTime": "2015-01-01T00:00:00Z",
            "onPremisesSyncEnabled": None,
            "assignedPlans": [],
            "verifiedDomains": [
                {
                    "name": tenant.domain,
                    "type": "Managed",
                    "isDefault": True,
                    "isInitial": False,
                    "capabilities": "Email",
                },
                {
                    "name": f"initial.{tenant.domain}",
                    "type": "Managed",
                    "isDefault": False,
                    "isInitial": True,
                    "capabilities": "Email",
                },
            ],
        }
    if not tenant.domains:
        tenant.domains = [
            {
                "id": each["name"],
                "authenticationType": each.get("type", "Managed"),
                "isAdminManaged": True,
                "isDefault": each.get("isDefault", False),
                "isInitial": each.get("isInitial", False),
                "isRoot": True,
                "isVerified": True,
                "supportedServices": ["Email"],
            }
            for each in tenant.organization.get("verifiedDomains") or ()
            if each.get("name")
        ]
    return tenant
