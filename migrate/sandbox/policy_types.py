"""The JSON types inside a Conditional Access policy, so that one of another shape is refused before it is read."""

from typing import Any

import msgspec

from migrate.sandbox.messages import Json


class _Part(msgspec.Struct, rename="camel"):
    """A part of a policy; members that are not named here are let through."""


class _ExternalTenants(_Part):
    membership_kind: str | None = None
    members: list[str] | None = None


class _Guests(_Part):
    guest_or_external_user_types: str | None = None
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
    application_filter: dict[str, Any] | None = None


class _Platforms(_Part):
    include_platforms: list[str]
    exclude_platforms: list[str]


class _Locations(_Part):
    include_locations: list[str]
    exclude_locations: list[str]


class _Devices(_Part):
    device_filter: dict[str, Any] | None = None


class _ClientApplications(_Part):
    include_service_principals: list[str]
    exclude_service_principals: list[str]
    service_principal_filter: dict[str, Any] | None = None


class _Flows(_Part):
    transfer_methods: str | None = None


class _Conditions(_Part):
    users: _Users
    applications: _Applications
    client_app_types: list[str]
    sign_in_risk_levels: list[str]
    user_risk_levels: list[str]
    service_principal_risk_levels: list[str]
    insider_risk_levels: str | None = None
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
    value: int | None = None
    type: str | None = None
    frequency_interval: str | None = None


class _Switch(_Part):
    is_enabled: bool | None = None


class _Session(_Part):
    sign_in_frequency: _Frequency | None = None
    persistent_browser: _Switch | None = None
    application_enforced_restrictions: _Switch | None = None
    cloud_app_security: _Switch | None = None
    secure_sign_in_session: _Switch | None = None
    disable_resilience_defaults: bool | None = None


class _Policy(_Part):
    state: str
    conditions: _Conditions
    display_name: str | None = None
    description: str | None = None
    template_id: str | None = None
    grant_controls: _Grant | None = None
    session_controls: _Session | None = None


def has_policy_types(policy: Json) -> bool:
    """Tell whether every known member of a whole policy is of its type."""
    try:
        msgspec.convert(policy, _Policy)
    except msgspec.ValidationError:
        return False
    return True
