"""What the service refuses in a Conditional Access policy, with its error texts (contract 7.4)."""

import re
from collections.abc import Callable
from typing import Any

from migrate.sandbox.messages import GraphError, Json, bad_request, words
from migrate.sandbox.policy_types import has_policy_members, has_policy_types
from migrate.sandbox.tenant import Tenant

_CLIENTS = words("all browser mobileAppsAndDesktopClients exchangeActiveSync easSupported other")
_RISKS = words("low medium high hidden none")
_PLATFORMS = words("android iOS windows windowsPhone macOS all linux")
_CONTROLS = words(
    "block mfa compliantDevice domainJoinedDevice approvedApplication compliantApplication passwordChange "
    "riskRemediation verifiedID"
)
_ACTIONS = words("urn:user:registersecurityinfo urn:user:registerdevice urn:user:accountrecovery")
_APP_WORDS = words("All None Office365 MicrosoftAdminPortals AllAgentIdResources")
_USER_WORDS = words("All None GuestsOrExternalUsers AllAgentIdUsers")
_PLACE_WORDS = words("All AllTrusted 00000000-0000-0000-0000-000000000000 3d46dbda-8382-466a-856d-eb00cbc6b910")
GUID = re.compile(r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$", re.IGNORECASE)


def check_policy(policy: Json, tenant: Tenant, *, check_principals: bool, before: Json | None = None) -> None:
    """Refuse a whole policy that the service would not take.

    What the policy named `before` may be gone by now: only what is new in it has to exist.
    """
    _check_shape(policy)
    conditions = policy["conditions"]
    users, apps = conditions["users"], conditions["applications"]
    grant, session = policy.get("grantControls"), policy.get("sessionControls")
    _check_words(conditions)
    _check_scope(conditions, users, apps)
    if policy["state"] == "enabledForReportingButNotEnforced" and apps["includeUserActions"]:
        raise _invalid("1033", "Policies with user actions cannot be in report-only state.")
    _check_risks(conditions, tenant)
    if grant is None and not _any(session):
        raise _invalid("1006", "The policy needs a grant control or a session control.")
    if grant is not None:
        _check_grant(grant, conditions, tenant)
    if session is not None:
        _check_session(session, apps)
    if check_principals:
        _check_principals(conditions, tenant, _named(before))


def schema_error() -> GraphError:
    """Return the refusal of a body that is no policy."""
    return bad_request(
        "1007: Incoming ConditionalAccessPolicy object is null or does not match the schema of "
        "ConditionalAccessPolicy type. For examples, please see API documentation."
    )


def _invalid(number: str, text: str) -> GraphError:
    return bad_request(f"{number}: {text}", inner=f"{number}: {text}")


def _any(thing: Json | None) -> bool:
    return thing is not None and any(value is not None for value in thing.values())


def check_names(body: Json, version: str) -> None:
    """Refuse members that policies do not have, wherever they stand."""
    if not has_policy_members(body, version):
        raise schema_error()


def _check_shape(policy: Json) -> None:
    if not has_policy_types(policy):
        raise schema_error()
    if not (policy.get("displayName") or "").strip():
        raise _invalid("1004", "The policy needs a displayName.")


def _check_words(conditions: Json) -> None:
    _check_enum(conditions["clientAppTypes"], _CLIENTS)
    for name in ("signInRiskLevels", "userRiskLevels", "servicePrincipalRiskLevels"):
        _check_enum(conditions.get(name) or [], _RISKS)
    platforms = conditions.get("platforms")
    if platforms is not None:
        _check_enum(platforms["includePlatforms"] + platforms["excludePlatforms"], _PLATFORMS)
        if not platforms["includePlatforms"]:
            raise _invalid("1020", "'platforms' condition must include at least one platform.")
    _check_enum(conditions["applications"]["includeUserActions"] or [], _ACTIONS)


def _check_enum(values: Any, allowed: frozenset[str]) -> None:
    if not isinstance(values, list) or not set(values) <= allowed:
        raise schema_error()


def _check_scope(conditions: Json, users: Json, apps: Json) -> None:
    if not conditions["clientAppTypes"]:
        raise _invalid("1018", "'clientAppTypes' condition must be set.")
    if len(conditions["clientAppTypes"]) > 1 and "all" in conditions["clientAppTypes"]:
        raise _invalid("1019", "'clientAppTypes' condition cannot combine 'all' with other values.")
    included = (*users["includeUsers"], *users["includeGroups"], *users["includeRoles"])
    if not included and users["includeGuestsOrExternalUsers"] is None and conditions.get("clientApplications") is None:
        raise _invalid("1010", "'users' condition must include at least one user, group or role.")
    for word in ("All", "None"):
        if word in users["includeUsers"] and len(users["includeUsers"]) > 1:
            raise _invalid("1013", f"'users' condition cannot combine '{word}' with other values in includeUsers.")
        if word in apps["includeApplications"] and len(apps["includeApplications"]) > 1:
            raise _invalid("1014", f"'applications' condition cannot combine '{word}' with other applications.")
    if "All" in users["excludeUsers"]:
        raise _invalid("1015", "'users' condition cannot exclude all users.")
    kinds = [
        bool(apps[name])
        for name in ("includeApplications", "includeUserActions", "includeAuthenticationContextClassReferences")
    ]
    if kinds[0] and kinds[1]:
        raise _invalid("1012", "'applications' condition cannot include both an application list and a user action.")
    if sum(kinds) > 1:
        raise _invalid("1012", "'applications' condition cannot include both applications and authentication contexts.")
    if not any(kinds) and apps.get("applicationFilter") is None:
        raise _invalid("1011", "'applications' condition must include an application, a user action or a context.")
    places = conditions.get("locations")
    if places is not None and not places["includeLocations"]:
        raise _invalid("1021", "'locations' condition must include at least one location.")


def _check_risks(conditions: Json, tenant: Tenant) -> None:
    if conditions["signInRiskLevels"] and conditions["userRiskLevels"]:
        raise _invalid("1034", "A policy cannot hold both a sign-in risk and a user risk condition.")
    if (conditions["signInRiskLevels"] or conditions["userRiskLevels"]) and not tenant.has_premium_2():
        raise GraphError(
            403,
            "AccessDenied",
            "Your tenant is not licensed for this feature. Please upgrade your subscription to access it.",
        )


def _check_grant(grant: Json, conditions: Json, tenant: Tenant) -> None:
    controls, strength = grant["builtInControls"], grant.get("authenticationStrength")
    _check_enum(controls, _CONTROLS)
    if grant["operator"] not in ("AND", "OR"):
        raise schema_error()
    others = grant["termsOfUse"] or grant["customAuthenticationFactors"]
    if not controls and not others and strength is None:
        raise _control("InvalidControls")
    if "block" in controls and (len(controls) > 1 or others or strength is not None):
        raise _control("InvalidControls")
    if strength is not None:
        if not isinstance(strength, dict) or str(strength.get("id")) not in tenant.strengths:
            raise _invalid("1036", "The authentication strength does not exist.")
        if "mfa" in controls:
            raise _control("InvalidControls")
    if "passwordChange" in controls and not (
        grant["operator"] == "AND"
        and "mfa" in controls
        and conditions["userRiskLevels"]
        and conditions["applications"]["includeApplications"] == ["All"]
    ):
        raise _control("InvalidPasswordResetControl")
    if "approvedApplication" in controls:
        raise _control("ApprovedApplicationControlRetired")


def _control(reason: str) -> GraphError:
    return _invalid("1032", f"ConditionalActionPolicy validation failed due to {reason}.")


def _check_session(session: Json, apps: Json) -> None:
    persistent = session.get("persistentBrowser")
    if isinstance(persistent, dict) and persistent.get("isEnabled") and apps["includeApplications"] != ["All"]:
        raise _control("InvalidPersistentBrowserControl")
    frequency = session.get("signInFrequency")
    if isinstance(frequency, dict) and frequency.get("isEnabled"):
        every = frequency.get("frequencyInterval") == "everyTime"
        if not every and (
            not isinstance(frequency.get("value"), int) or frequency.get("type") not in ("days", "hours")
        ):
            raise _control("InvalidSignInFrequencyControl")


def _named(policy: Json | None) -> frozenset[str]:
    """Return every id that a policy names."""
    if policy is None:
        return frozenset()
    parts = (policy["conditions"].get(name) or {} for name in ("users", "applications", "locations"))
    return frozenset(each for part in parts for values in part.values() if isinstance(values, list) for each in values)


def _check_principals(conditions: Json, tenant: Tenant, known: frozenset[str]) -> None:
    users, apps, places = conditions["users"], conditions["applications"], conditions.get("locations")
    roles = {str(each.get("id")).lower() for each in tenant.roles.definitions}

    def check(kind: str, values: list[str], exists: Callable[[str], bool]) -> None:
        for value in values:
            if value not in known and not exists(value):
                raise _invalid("1017", f"Policy contains invalid {kind}: {value}.")

    for side in ("include", "exclude"):
        check("users", users[f"{side}Users"], lambda each: each in _USER_WORDS or _is_user(each, tenant))
        check("groups", users[f"{side}Groups"], lambda each: tenant.groups.find(each) is not None)
        check("roles", users[f"{side}Roles"], lambda each: each.lower() in roles)
        check("applications", apps[f"{side}Applications"], lambda each: each in _APP_WORDS or bool(GUID.match(each)))
        if places is not None:
            check(
                "locations",
                places[f"{side}Locations"],
                lambda each: each in _PLACE_WORDS or each in tenant.named_locations,
            )


def _is_user(key: str, tenant: Tenant) -> bool:
    """Only object ids count here: a policy does not take user principal names."""
    return bool(GUID.match(key)) and tenant.people.find(key) is not None
