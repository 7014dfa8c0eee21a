"""Policies that Microsoft makes in a tenant: their scope, and what an administrator may change in them.

After managed-policies (entra-docs): the state and who is excluded can be changed, nothing else, and they cannot be
deleted. The one for people with per-user MFA names them itself; Microsoft adds to it whoever meets its scope later.
"""

from copy import deepcopy
from typing import TYPE_CHECKING

from migrate.sandbox.messages import GraphError, Json, bad_request
from migrate.sandbox.policy_shape import whole_policy
from migrate.sandbox.roles import (
    AUTHENTICATION_ADMINISTRATOR,
    CONDITIONAL_ACCESS_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    SECURITY_ADMINISTRATOR,
)
from migrate.sandbox.standing import STRENGTH_PREFIX

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox
    from migrate.sandbox.tenant import Tenant

PER_USER = "perUserMfa"
MOST_PER_USER = 499
"""Microsoft makes the one for per-user MFA only where fewer than 500 are enabled or enforced."""
_PREFIX = "Microsoft-managed: "
_ADMINS = [
    *(GLOBAL_ADMINISTRATOR, SECURITY_ADMINISTRATOR, CONDITIONAL_ACCESS_ADMINISTRATOR),
    *(AUTHENTICATION_ADMINISTRATOR, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR),
    "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c",
    "b0f54661-2d74-4c50-afa3-1ec803f12efe",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "158c047a-c907-4556-b7ef-446551a6b5f7",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "966707d0-3269-4727-9be2-8c3a10f19b9d",
]
"""The fourteen roles that managed-policies names."""
_EVERYBODY: Json = {"includeUsers": ["All"]}
_ALL_APPS: Json = {"includeApplications": ["All"]}
_MFA: Json = {"operator": "OR", "builtInControls": ["mfa"]}
_BLOCK: Json = {"operator": "OR", "builtInControls": ["block"]}
_EVERY_TIME: Json = {"signInFrequency": {"isEnabled": True, "frequencyInterval": "everyTime"}}
_RESISTANT: Json = {"operator": "OR", "authenticationStrength": {"id": f"{STRENGTH_PREFIX}0004"}}

KINDS: dict[str, tuple[str, Json]] = {
    "legacyAuthentication": (
        "Block legacy authentication",
        {"conditions": {"clientAppTypes": ["exchangeActiveSync", "other"]}, "grantControls": _BLOCK},
    ),
    "deviceCodeFlow": (
        "Block device code flow",
        {"conditions": {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, "grantControls": _BLOCK},
    ),
    "adminPortals": (
        "Multifactor authentication for admins accessing Microsoft Admin Portals",
        {
            "conditions": {
                "users": {"includeRoles": _ADMINS},
                "applications": {"includeApplications": ["MicrosoftAdminPortals"]},
            },
            "grantControls": _MFA,
        },
    ),
    "allUsers": ("Multifactor authentication for all users", {"grantControls": _MFA}),
    PER_USER: (
        "Multifactor authentication for per-user multifactor authentication users",
        {"conditions": {"users": {"includeUsers": []}}, "grantControls": _MFA},
    ),
    "riskySignIns": (
        "Multifactor authentication and reauthentication for risky sign-ins",
        {
            "conditions": {
                "users": {
                    **_EVERYBODY,
                    "excludeGuestsOrExternalUsers": {
                        "guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest,b2bCollaborationMember,"
                        "b2bDirectConnectUser,otherExternalUser,serviceProvider",
                        "externalTenants": {"membershipKind": "all"},
                    },
                },
                "signInRiskLevels": ["high"],
            },
            "grantControls": _MFA,
            "sessionControls": _EVERY_TIME,
        },
    ),
    "resistantAdmins": (
        "Phishing-resistant multifactor authentication for admins",
        {"conditions": {"users": {"includeRoles": _ADMINS}}, "grantControls": _RESISTANT},
    ),
    "riskyAgents": (
        "Block all high risk agents from accessing all resources",
        {
            "conditions": {
                "users": {"includeUsers": ["None"]},
                "clientApplications": {"includeAgentIdServicePrincipals": ["All"]},
                "agentIdRiskLevels": "high",
            },
            "grantControls": _BLOCK,
        },
    ),
}
"""Name and particulars of each kind; what is left out is everybody, all resources, any client."""


def add_managed(sandbox: "Sandbox", kind: str, state: str) -> Json:
    """Make a policy as Microsoft would and return it. Raises 400 for a kind or state that there is not."""
    tenant = sandbox.tenant
    if kind not in KINDS or state not in ("enabled", "disabled", "enabledForReportingButNotEnforced"):
        raise bad_request(f"A managed policy is one of {', '.join(KINDS)}, in a state that policies have.")
    name, particulars = KINDS[kind]
    conditions = {"users": _EVERYBODY, "applications": _ALL_APPS, "clientAppTypes": ["all"]}
    given = deepcopy({**particulars, "conditions": {**conditions, **particulars.get("conditions", {})}})
    if kind == PER_USER:
        people = _with_per_user_mfa(tenant)
        if len(people) > MOST_PER_USER:
            raise bad_request("Microsoft makes this policy only where fewer than 500 have per-user MFA.")
        given["conditions"]["users"]["includeUsers"] = people or ["None"]
    policy_id = tenant.new_id("managed", kind)
    head: Json = {"id": policy_id, "displayName": f"{_PREFIX}{name}", "state": state}
    policy = whole_policy({**head, **given, "createdDateTime": sandbox.clock.iso()}, tenant)
    tenant.policies[policy_id] = policy
    tenant.unseen.managed[policy_id] = kind
    sandbox.audit.policy_changed(None, "Add conditional access policy", None, policy)
    return policy


def _with_per_user_mfa(tenant: "Tenant") -> list[str]:
    people = tenant.people
    return [people.user_id(place) for place in range(len(people)) if people.mfa_state(place) != "disabled"]


def check_change(tenant: "Tenant", before: Json, after: Json) -> None:
    """Refuse what nobody may change in a policy that Microsoft manages. UNCONFIRMED: that Graph refuses it too."""
    if before["id"].lower() in tenant.unseen.managed and _fixed(before) != _fixed(after):
        raise bad_request("Only the state and the exclusions of a Microsoft-managed policy can be changed.")


def check_deletion(tenant: "Tenant", policy: Json) -> None:
    """Refuse to delete a policy that Microsoft manages."""
    if policy["id"].lower() in tenant.unseen.managed:
        raise GraphError(400, "BadRequest", "A Microsoft-managed policy cannot be deleted.")


def _fixed(policy: Json) -> Json:
    users = {name: each for name, each in policy["conditions"]["users"].items() if not name.startswith("exclude")}
    rest = {name: each for name, each in policy.items() if name not in ("state", "modifiedDateTime", "conditions")}
    return {**rest, "conditions": {**policy["conditions"], "users": users}}


def adapt_scope(sandbox: "Sandbox", user_id: str, state: str) -> None:
    """Let Microsoft adapt the policy for per-user MFA after somebody's state has changed."""
    for policy_id, kind in sandbox.tenant.unseen.managed.items():
        policy = sandbox.tenant.policies.get(policy_id)
        if kind != PER_USER or policy is None:
            continue
        included = [each for each in policy["conditions"]["users"]["includeUsers"] if each != "None"]
        if state != "disabled" and user_id not in included:
            included.append(user_id)
        elif state == "disabled" and sandbox.settings.managed_scope == "follows":
            included = [each for each in included if each != user_id]
        policy["conditions"]["users"]["includeUsers"] = included or ["None"]
