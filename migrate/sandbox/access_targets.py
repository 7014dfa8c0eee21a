"""What a policy is for: applications, their groups, user actions, contexts, and the scopes that are asked for."""

from typing import TYPE_CHECKING

from migrate.sandbox.application_groups import WINDOWS_AZURE_AD, is_named
from migrate.sandbox.messages import Json
from migrate.sandbox.tenant import Tenant
from migrate.sandbox.unseen import CUSTOMISED, DISABLED

if TYPE_CHECKING:
    from migrate.sandbox.access_conditions import Attempt

OIDC, DIRECTORY = "oidc", "directory"
"""What a sign-in asks for, where it asks for baseline scopes only: OpenID Connect's, or of the directory too."""


def is_target(apps: Json, attempt: "Attempt", tenant: Tenant) -> bool | None:
    """Tell whether a policy is for what a sign-in asks for; None where that rests on attributes of the application."""
    if attempt.action is not None:
        return attempt.action in (apps.get("includeUserActions") or ())
    if attempt.context is not None:
        return attempt.context in (apps.get("includeAuthenticationContextClassReferences") or ())
    if apps.get("applicationFilter") is not None:
        return None
    included, excluded = apps.get("includeApplications") or [], apps.get("excludeApplications") or []
    return any(
        is_named(each, included, tenant) and not is_named(each, excluded, tenant)
        for each in _audiences(included, excluded, attempt, tenant)
    )


def _audiences(included: list[str], excluded: list[str], attempt: "Attempt", tenant: Tenant) -> list[str]:
    """Return the applications as which a policy judges a sign-in (concept-enforcement-resource-exclusions)."""
    if attempt.app is None:
        return []
    if attempt.scopes is None:
        return [attempt.app]
    # A policy is for a client itself only if that is a confidential one, which gets an ID token of its own.
    found = [attempt.app] if attempt.confidential else []
    if (attempt.scopes == DIRECTORY or not attempt.confidential) and not _keeps_old_ways(included, excluded, tenant):
        found.append(WINDOWS_AZURE_AD)
    return found


def _keeps_old_ways(included: list[str], excluded: list[str], tenant: Tenant) -> bool:
    """Tell whether a policy passes baseline scopes over, as all with resource exclusions did until June 2026."""
    setting = tenant.unseen.baseline_scopes
    if setting == DISABLED:
        return "All" not in included or bool(excluded)
    placeholder = setting.removeprefix(CUSTOMISED)
    return placeholder != setting and placeholder.lower() in [each.lower() for each in excluded]
