"""The members inside a Conditional Access policy and their JSON types, so that nothing else is taken for a policy."""

from functools import cache
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from migrate.sandbox.messages import Json

_GUEST = "none|internalGuest|b2bCollaborationGuest|b2bCollaborationMember|b2bDirectConnectUser|otherExternalUser"


def _flags(members: str) -> Meta:
    """Describe a text of one or more members, with commas between them."""
    return Meta(pattern=rf"^({members})( ?, ?({members}))*$")


class _Part(msgspec.Struct, rename="camel"):
    """A part of a policy (contract 7.2)."""


class _Filter(_Part):
    mode: Literal["include", "exclude"]
    rule: Annotated[str, Meta(min_length=1)]


class _ExternalTenants(_Part):
    membership_kind: Literal["all", "enumerated"] | None = None
    members: list[str] | None = None


class _Guests(_Part):
    guest_or_external_user_types: Annotated[str, _flags(f"{_GUEST}|serviceProvider")] | None = None
    external_tenants: _ExternalTenants | None = None


class _Users(_Part):
    include_users: list[str]
    exclude_users: list[str]
    include_groups: list[str]
    exclude_groups: list[str]
    include_roles: list[str]
    exclude_roles: list[str]
    include_guests_or_external_users: _Guests | None = None
    exclude_guests_or_external_users: _Guests | None = None


class _Applications(_Part):
    include_applications: list[str]
    exclude_applications: list[str]
    include_user_actions: list[str]
    include_authentication_context_class_references: list[str]
    application_filter: _Filter | None = None


class _Platforms(_Part):
    include_platforms: list[str]
    exclude_platforms: list[str]


class _Locations(_Part):
    include_locations: list[str]
    exclude_locations: list[str]


class _Devices(_Part):
    device_filter: _Filter | None = None


class _ClientApplications(_Part):
    include_service_principals: list[str]
    exclude_service_principals: list[str]
    service_principal_filter: _Filter | None = None


class _Flows(_Part):
    transfer_methods: Annotated[str, _flags("none|deviceCodeFlow|authenticationTransfer")] | None = None


class _Conditions(_Part):
    users: _Users
    applications: _Applications
    client_app_types: list[str]
    sign_in_risk_levels: list[str]
    user_risk_levels: list[str]
    service_principal_risk_levels: list[str]
    insider_risk_levels: Annotated[str, _flags("minor|moderate|elevated")] | None = None
    platforms: _Platforms | None = None
    locations: _Locations | None = None
    devices: _Devices | None = None
    client_applications: _ClientApplications | None = None
    authentication_flows: _Flows | None = None


class _Strength(_Part):
    id: str


class _Grant(_Part):
    operator: str
    built_in_controls: list[str]
    custom_authentication_factors: list[str]
    terms_of_use: list[str]
    authentication_strength: _Strength | None = None


class _Frequency(_Part):
    is_enabled: bool | None = None
    value: Annotated[int, Meta(ge=1)] | None = None
    type: Literal["days", "hours"] | None = None
    frequency_interval: Literal["timeBased", "everyTime"] | None = None
    authentication_type: Literal["primaryAndSecondaryAuthentication", "secondaryAuthentication"] | None = None


class _Switch(_Part):
    is_enabled: bool | None = None


class _Persistent(_Switch):
    mode: Literal["always", "never"] | None = None


class _CloudApps(_Switch):
    cloud_app_security_type: Literal["mcasConfigured", "monitorOnly", "blockDownloads"] | None = None


class _Session(_Part):
    sign_in_frequency: _Frequency | None = None
    persistent_browser: _Persistent | None = None
    application_enforced_restrictions: _Switch | None = None
    cloud_app_security: _CloudApps | None = None
    secure_sign_in_session: _Switch | None = None
    disable_resilience_defaults: bool | None = None


class _Policy(_Part):
    state: Literal["enabled", "disabled", "enabledForReportingButNotEnforced"]
    conditions: _Conditions
    id: str | None = None
    created_date_time: str | None = None
    modified_date_time: str | None = None
    deleted_date_time: str | None = None
    display_name: str | None = None
    description: str | None = None
    template_id: str | None = None
    grant_controls: _Grant | None = None
    session_controls: _Session | None = None


_BETA: dict[type[_Part], frozenset[str]] = {
    _Conditions: frozenset({"agents", "agentContext", "agentIdRiskLevels", "deviceStates", "times"}),
    _Applications: frozenset({"globalSecureAccess", "networkAccess"}),
    _Devices: frozenset({"includeDevices", "excludeDevices", "includeDeviceStates", "excludeDeviceStates"}),
    _ClientApplications: frozenset(
        {"agentIdServicePrincipalFilter", "includeAgentIdServicePrincipals", "excludeAgentIdServicePrincipals"}
    ),
    _Session: frozenset({"continuousAccessEvaluation", "globalSecureAccessFilteringProfile"}),
}
"""Members that beta has besides, and v1.0 hides."""


def has_policy_types(policy: Json) -> bool:
    """Tell whether every known member of a whole policy is of its type."""
    try:
        msgspec.convert(policy, _Policy)
    except msgspec.ValidationError:
        return False
    return True


def has_policy_members(given: Json, version: str) -> bool:
    """Tell whether what was sent, whole or in part, holds only members that policies have in that version."""
    return _has_members(given, _Policy, version)


def _has_members(given: Json, kind: type[_Part], version: str) -> bool:
    if kind is _Strength:  # clients send it back expanded, as they read it
        return True
    parts = _parts_of(kind)
    for name, value in given.items():
        if "@" in name or name.startswith("#"):  # control information
            continue
        if name not in parts:
            if version == "beta" and name in _BETA.get(kind, ()):
                continue
            return False
        part = parts[name]
        if (
            part is not None
            and value is not None
            and not (isinstance(value, dict) and _has_members(value, part, version))
        ):
            return False
    return True


def without_beta_members(policy: Json) -> Json:
    """Return a policy as v1.0 shows it: what only beta has is left out, however it narrows the policy."""
    return _shown(policy, _Policy)


def _shown(given: Json, kind: type[_Part]) -> Json:
    hidden, parts = _BETA.get(kind, frozenset()), _parts_of(kind)
    return {
        name: _shown(value, part) if (part := parts.get(name)) is not None and isinstance(value, dict) else value
        for name, value in given.items()
        if name not in hidden
    }


@cache
def _parts_of(kind: type[_Part]) -> dict[str, type[_Part] | None]:
    """Return the members of a part, with the part that each holds, if any."""
    found: dict[str, type[_Part] | None] = {}
    for each in msgspec.structs.fields(kind):
        types: tuple[Any, ...] = (each.type, *get_args(each.type))
        found[each.encode_name] = next((t for t in types if isinstance(t, type) and issubclass(t, _Part)), None)
    return found
