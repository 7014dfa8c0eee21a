"""The whole shape of a Conditional Access policy as the service returns it, and how a change merges into it."""

from copy import deepcopy
from typing import Any

from migrate.sandbox.messages import Json
from migrate.sandbox.tenant import Tenant

_SHAPE: Json = {
    "id": None,
    "templateId": None,
    "displayName": None,
    "description": None,
    "createdDateTime": None,
    "modifiedDateTime": None,
    "deletedDateTime": None,
    "state": None,
    "sessionControls": None,
    "conditions": {
        "userRiskLevels": [],
        "signInRiskLevels": [],
        "clientAppTypes": [],
        "servicePrincipalRiskLevels": [],
        "insiderRiskLevels": None,
        "platforms": None,
        "locations": None,
        "devices": None,
        "clientApplications": None,
        "authenticationFlows": None,
        "applications": {
            "includeApplications": [],
            "excludeApplications": [],
            "includeUserActions": [],
            "includeAuthenticationContextClassReferences": [],
            "applicationFilter": None,
        },
        "users": {
            "includeUsers": [],
            "excludeUsers": [],
            "includeGroups": [],
            "excludeGroups": [],
            "includeRoles": [],
            "excludeRoles": [],
            "includeGuestsOrExternalUsers": None,
            "excludeGuestsOrExternalUsers": None,
        },
    },
    "grantControls": None,
}

_GRANT: Json = {"operator": "OR", "builtInControls": [], "customAuthenticationFactors": [], "termsOfUse": []}
_NESTED: dict[str, Json] = {
    "platforms": {"includePlatforms": [], "excludePlatforms": []},
    "locations": {"includeLocations": [], "excludeLocations": []},
    "devices": {"deviceFilter": None},
    "clientApplications": {
        "includeServicePrincipals": [],
        "excludeServicePrincipals": [],
        "servicePrincipalFilter": None,
    },
    "sessionControls": {
        "disableResilienceDefaults": None,
        "applicationEnforcedRestrictions": None,
        "cloudAppSecurity": None,
        "persistentBrowser": None,
        "signInFrequency": None,
        "secureSignInSession": None,
    },
}
TOP_LEVEL = frozenset(_SHAPE) | {"grantControls", "sessionControls"}


def whole_policy(given: Json, tenant: Tenant) -> Json:
    """Fill a policy up: unset lists are [], unset objects null, the strength is expanded inline."""
    policy = merged(deepcopy(_SHAPE), given)
    conditions = policy["conditions"]
    for name in ("platforms", "locations", "devices", "clientApplications"):
        if conditions.get(name) is not None:
            conditions[name] = merged(deepcopy(_NESTED[name]), conditions[name])
    if policy.get("sessionControls") is not None:
        policy["sessionControls"] = merged(deepcopy(_NESTED["sessionControls"]), policy["sessionControls"])
    if policy.get("grantControls") is not None:
        policy["grantControls"] = _whole_grant(policy["grantControls"], tenant)
    return policy


def _whole_grant(given: Json, tenant: Tenant) -> Json:
    grant = merged(deepcopy(_GRANT), given)
    strength = grant.pop("authenticationStrength", None)
    if strength is not None:
        strength = deepcopy(tenant.strengths.get(str(strength.get("id")), strength))
    grant["authenticationStrength"] = strength
    return grant


def merged(old: Json, new: Json) -> Json:
    """Merge an object into another: members win, objects merge, lists are replaced whole, and null empties a list."""
    result = dict(old)
    for name, value in new.items():
        before: Any = result.get(name)
        if value is None and isinstance(before, list):
            value = []
        result[name] = (
            merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else deepcopy(value)
        )
    return result


def served(policy: Json, root: str) -> Json:
    """Return a policy as an answer holds it: with the context of its expanded strength."""
    grant = policy.get("grantControls")
    if grant is None:
        return policy
    context = (
        f"{root}/$metadata#identity/conditionalAccess/policies('{policy['id']}')"
        "/grantControls/authenticationStrength/$entity"
    )
    rest = {name: value for name, value in grant.items() if name != "authenticationStrength"}
    rest |= {
        "authenticationStrength@odata.context": context,
        "authenticationStrength": grant.get("authenticationStrength"),
    }
    return {**policy, "grantControls": rest}


def without_annotations(value: Any) -> Any:
    """Drop the @odata.context annotations that a client may send back as it got them."""
    if isinstance(value, dict):
        return {name: without_annotations(each) for name, each in value.items() if not name.endswith("@odata.context")}
    if isinstance(value, list):
        return [without_annotations(each) for each in value]
    return value
