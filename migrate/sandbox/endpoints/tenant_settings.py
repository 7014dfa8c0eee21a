"""Tenant-wide objects: organization, domains, licences, security defaults, methods and authorization policies."""

from dataclasses import replace
from typing import TYPE_CHECKING

from migrate.sandbox.messages import Answer, Call, GraphError, bad_request, not_found, words
from migrate.sandbox.odata.paging import Collection, entity, listing
from migrate.sandbox.roles import POLICY_WRITERS
from migrate.sandbox.routing import BETA, Route, needs

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_ORGANIZATION = Collection(
    context="organization",
    type_name="organization",
    directory=True,
    known=words(
        "assignedPlans businessPhones city country countryLetterCode createdDateTime defaultUsageLocation "
        "deletedDateTime directorySizeQuota displayName id isMultipleDataLocationsForServicesEnabled "
        "marketingNotificationEmails mobileDeviceManagementAuthority onPremisesLastSyncDateTime onPremisesSyncEnabled "
        "onPremisesSyncStatus partnerTenantType postalCode preferredLanguage privacyProfile provisionedPlans "
        "securityComplianceNotificationMails securityComplianceNotificationPhones state street "
        "technicalNotificationMails tenantType verifiedDomains"
    ),
)
_DOMAINS = Collection(
    context="domains",
    type_name="domain",
    directory=True,
    known=words(
        "authenticationType availabilityStatus id isAdminManaged isDefault isInitial isRoot isVerified manufacturer "
        "model passwordNotificationWindowInDays passwordValidityPeriodInDays state supportedServices"
    ),
)
_FEDERATION = Collection(
    context="domains/federationConfiguration",
    type_name="internalDomainFederation",
    known=words(
        "activeSignInUri displayName federatedIdpMfaBehavior id isSignedAuthenticationRequestRequired issuerUri "
        "metadataExchangeUri nextSigningCertificate passiveSignInUri passwordResetUri preferredAuthenticationProtocol "
        "promptLoginBehavior signOutUri signingCertificate signingCertificateUpdateStatus"
    ),
)
_SKUS = Collection(
    context="subscribedSkus",
    type_name="subscribedSku",
    known=words(
        "accountId accountName appliesTo capabilityStatus consumedUnits id prepaidUnits servicePlans skuId "
        "skuPartNumber subscriptionIds"
    ),
)
_SECURITY_DEFAULTS = Collection(
    context="policies/identitySecurityDefaultsEnforcementPolicy",
    type_name="identitySecurityDefaultsEnforcementPolicy",
    known=words("deletedDateTime description displayName id isEnabled"),
)
_METHODS_POLICY = Collection(
    context="policies/authenticationMethodsPolicy",
    type_name="authenticationMethodsPolicy",
    expandable=frozenset({"authenticationMethodConfigurations"}),
    known=words(
        "authenticationMethodConfigurations description displayName id lastModifiedDateTime policyMigrationState "
        "policyVersion reconfirmationInDays registrationEnforcement"
    ),
)
_BETA_METHODS_POLICY = replace(
    _METHODS_POLICY,
    known=(_METHODS_POLICY.known or frozenset())
    | words("microsoftAuthenticatorPlatformSettings reportSuspiciousActivitySettings systemCredentialPreferences"),
)
_AUTHORIZATION = Collection(
    context="policies/authorizationPolicy",
    type_name="authorizationPolicy",
    known=words(
        "allowEmailVerifiedUsersToJoinOrganization allowInvitesFrom allowUserConsentForRiskyApps "
        "allowedToSignUpEmailBasedSubscriptions allowedToUseSSPR blockMsolPowerShell defaultUserRolePermissions "
        "deletedDateTime description displayName enabledPreviewFeatures guestUserRoleId id "
        "permissionGrantPolicyIdsAssignedToDefaultUserRole"
    ),
)

_ORGANIZATION_SHAPE = {
    "id": "string",
    "displayName": "string",
    "verifiedDomains": "array",
    "assignedPlans": "array",
    "onPremisesSyncEnabled": "boolean?",
}
_DOMAIN_SHAPE = {
    "id": "string",
    "authenticationType": "string",
    "isDefault": "boolean",
    "isInitial": "boolean",
    "isVerified": "boolean",
}
_AUTHORIZATION_SHAPE = {"id": "string", "displayName": "string", "defaultUserRolePermissions": "object"}
_SHAPES = {
    "organization": _ORGANIZATION_SHAPE,
    "organization/{organization}": _ORGANIZATION_SHAPE,
    "domains": _DOMAIN_SHAPE,
    "domains/{domain}": _DOMAIN_SHAPE,
    "domains/{domain}/federationConfiguration": {
        "id": "string",
        "displayName": "string?",
        "issuerUri": "string?",
        "federatedIdpMfaBehavior": "string?",
    },
    "subscribedSkus": {
        "skuId": "string",
        "skuPartNumber": "string",
        "capabilityStatus": "string",
        "consumedUnits": "number",
        "prepaidUnits": "object",
        "servicePlans": "array",
    },
    "policies/authorizationPolicy": _AUTHORIZATION_SHAPE,
}


def list_organization(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /organization."""
    return listing(call, _ORGANIZATION, [sandbox.tenant.organization], lambda each: each)


def get_organization(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /organization/{id}."""
    if call.params["organization"].lower() != str(sandbox.tenant.organization.get("id")).lower():
        raise not_found(call.params["organization"])
    return entity(call, _ORGANIZATION, sandbox.tenant.organization)


def list_domains(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /domains."""
    return listing(call, _DOMAINS, sandbox.tenant.domains, lambda each: each)


def get_domain(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /domains/{name}."""
    for each in sandbox.tenant.domains:
        if str(each.get("id")).lower() == call.params["domain"].lower():
            return entity(call, _DOMAINS, each)
    raise not_found(call.params["domain"])


def list_federation(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /domains/{name}/federationConfiguration: one object at most; none for a managed domain."""
    name = call.params["domain"].lower()
    if name not in (str(each.get("id")).lower() for each in sandbox.tenant.domains):
        raise not_found(call.params["domain"])
    return listing(call, _FEDERATION, sandbox.tenant.federations.get(name, []), lambda each: each)


def list_skus(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /subscribedSkus."""
    return listing(call, _SKUS, sandbox.tenant.skus, lambda each: each)


def get_security_defaults(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /policies/identitySecurityDefaultsEnforcementPolicy."""
    return entity(
        call,
        _SECURITY_DEFAULTS,
        {
            "id": "00000000-0000-0000-0000-000000000005",
            "displayName": "Security Defaults",
            "deletedDateTime": None,
            "description": "A set of basic protections: everybody registers for MFA, administrators always use it.",
            "isEnabled": sandbox.tenant.security_defaults,
        },
    )


def patch_security_defaults(sandbox: "Sandbox", call: Call) -> Answer:
    """PATCH /policies/identitySecurityDefaultsEnforcementPolicy: not on while Conditional Access is in use."""
    body = {name: value for name, value in call.json().items() if not name.startswith("@")}
    if body.keys() != {"isEnabled"} or not isinstance(body["isEnabled"], bool):
        raise bad_request("Only isEnabled, true or false, can be changed.")
    if body["isEnabled"] and sandbox.tenant.policies:
        raise bad_request(
            "Your organization has Conditional Access policies, which prevents enabling security defaults."
        )
    before, sandbox.tenant.security_defaults = sandbox.tenant.security_defaults, body["isEnabled"]
    sandbox.audit.security_defaults_changed(call.caller, before, body["isEnabled"])
    return Answer(204)


def get_methods_policy(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /policies/authenticationMethodsPolicy, its configurations expanded; v1.0 hides what only beta has."""
    policy = sandbox.tenant.methods_policy
    if call.version == "beta":
        return entity(call, _BETA_METHODS_POLICY, policy)
    hidden = (_BETA_METHODS_POLICY.known or frozenset()) - (_METHODS_POLICY.known or frozenset())
    return entity(call, _METHODS_POLICY, {name: value for name, value in policy.items() if name not in hidden})


def get_authorization_policy(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /policies/authorizationPolicy: one object in v1.0, a list of one in beta."""
    policy = sandbox.tenant.authorization_policy
    if call.version == "v1.0":
        return entity(call, _AUTHORIZATION, policy)
    return listing(call, _AUTHORIZATION, [policy], lambda each: each)


def get_authorization_policy_item(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /beta/policies/authorizationPolicy/authorizationPolicy."""
    if call.params["policy"].lower() != "authorizationpolicy":
        raise GraphError(404, "Request_ResourceNotFound", "There is one authorization policy: authorizationPolicy.")
    return entity(call, _AUTHORIZATION, sandbox.tenant.authorization_policy)


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    directory = ("Directory.Read.All", "Directory.ReadWrite.All")
    readers = ("Organization.Read.All", "User.Read.All", *directory)
    organization = needs("User.Read", *readers, application=readers)
    domain = needs("Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All")
    defaults = "policies/identitySecurityDefaultsEnforcementPolicy"
    rows = (
        ("organization", list_organization, organization, 1, "the tenant"),
        (
            "organization/{organization}",
            get_organization,
            organization,
            1,
            "the tenant, by id",
        ),
        ("domains", list_domains, domain, 1, "the tenant's domains"),
        ("domains/{domain}", get_domain, domain, 1, "one domain"),
        (
            "domains/{domain}/federationConfiguration",
            list_federation,
            needs(
                "Domain.Read.All",
                "Domain.ReadWrite.All",
                "Domain-InternalFederation.Read.All",
                "Domain-InternalFederation.ReadWrite.All",
            ),
            1,
            "the federation of one domain, as a tenant file gives it",
        ),
        (
            "subscribedSkus",
            list_skus,
            needs("LicenseAssignment.Read.All", "Organization.Read.All", *directory),
            3,
            "the tenant's licences",
        ),
        (
            defaults,
            get_security_defaults,
            needs("Policy.Read.All", "Policy.ReadWrite.SecurityDefaults"),
            1,
            "whether security defaults are on",
        ),
        (
            "policies/authenticationMethodsPolicy",
            get_methods_policy,
            needs("Policy.Read.All", "Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod"),
            1,
            "which methods are allowed",
        ),
        (
            "policies/authorizationPolicy",
            get_authorization_policy,
            needs("Policy.Read.All"),
            1,
            "the authorization policy",
        ),
    )
    return (
        *(
            Route(
                method="GET",
                path=path,
                answer=answer,
                needs=need,
                units=units,
                summary=summary,
                shape=_SHAPES.get(path),
            )
            for path, answer, need, units, summary in rows
        ),
        Route(
            method="GET",
            path="policies/authorizationPolicy/{policy}",
            answer=get_authorization_policy_item,
            versions=BETA,
            needs=needs("Policy.Read.All"),
            shape=_AUTHORIZATION_SHAPE,
            summary="the authorization policy, by id",
        ),
        Route(
            method="PATCH",
            path=defaults,
            answer=patch_security_defaults,
            summary="switch security defaults on or off",
            needs=needs(
                "Policy.Read.All+Policy.ReadWrite.SecurityDefaults",
                "Policy.Read.All+Policy.ReadWrite.ConditionalAccess",
                roles=POLICY_WRITERS,
            ),
        ),
    )
