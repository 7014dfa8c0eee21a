"""Spells what was stated of one sign-in as Graph does, and refuses what no sign-in can be."""

from __future__ import annotations

import ipaddress

import msgspec

from migrate.decide.coverage.strictly import is_guid, spelled
from migrate.decide.coverage.vocabulary import (
    APP_NAMES,
    ENUMERATED,
    EXTERNAL_KINDS,
    LEGACY_CLIENTS,
    USER_ACTIONS,
    Axis,
)
from migrate.errors import UsageProblem
from migrate.model.explanation import SignIn

DEVICE_CODE = "deviceCodeFlow"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

STATED_OPTIONS = {
    Axis.CLIENT: ("client_app_type", "--client-app-type"),
    Axis.PLATFORM: ("platform", "--platform"),
    Axis.SIGN_IN_RISK: ("sign_in_risk", "--sign-in-risk"),
    Axis.USER_RISK: ("user_risk", "--user-risk"),
    Axis.INSIDER_RISK: ("insider_risk", "--insider-risk"),
    Axis.FLOW: ("flow", "--flow"),
}
"""Field and option for each axis with a closed list."""


def spelled_right(sign_in: SignIn) -> SignIn:
    """Return the sign-in with enum values in Graph's spelling; case does not matter.

    Raises:
        UsageProblem: A value that Graph does not have, an address that is none, or an app that is no id.
    """
    address_of(sign_in.ip)
    if sign_in.app is not None and not is_guid(sign_in.app):
        raise UsageProblem(
            f"--app takes the application (client) id of one application, not {sign_in.app!r}.",
            hint="Exchange Online is 00000002-0000-0ff1-ce00-000000000000.",
        )
    values: dict[str, str] = {}
    for axis, (name, option) in STATED_OPTIONS.items():
        stated = getattr(sign_in, name)
        if stated is not None:
            values[name] = _spelled(stated, ENUMERATED[axis], option)
    if sign_in.user_action is not None:
        values["user_action"] = _spelled(sign_in.user_action, USER_ACTIONS, "--user-action")
    if sign_in.device_filter is not None:
        values["device_filter"] = _spelled(sign_in.device_filter, _DEVICE_FILTER, "--device-filter")
    if sign_in.external_user_type is not None:
        kinds = tuple(sorted(kind.value for kind in EXTERNAL_KINDS))
        values["external_user_type"] = _spelled(sign_in.external_user_type, kinds, "--external-user-type")
    if sign_in.external_tenant_id is not None:
        if not is_guid(sign_in.external_tenant_id):
            raise UsageProblem(
                f"--external-tenant-id takes a tenant id, not {sign_in.external_tenant_id!r}.",
                hint="It looks like 00000000-0000-0000-0000-000000000000.",
            )
        values["external_tenant_id"] = sign_in.external_tenant_id.casefold()
    stated = msgspec.structs.replace(sign_in, **values)
    _refuse_impossible(stated)
    return stated


_DEVICE_FILTER = ("matches", "no")
_HYBRID_PLATFORMS = (None, "windows", "unknown")
"""Hybrid join exists for Windows only. Source: Entra page "Hybrid joined devices"."""


def _refuse_impossible(sign_in: SignIn) -> None:
    """Raise UsageProblem for statements that no sign-in fulfils together: an answer would be about nothing."""
    if sign_in.hybrid_joined and sign_in.platform not in _HYBRID_PLATFORMS:
        raise UsageProblem(
            f"No device on {sign_in.platform} is hybrid joined: that is for Windows.",
            hint="Leave out --hybrid-joined, or state --platform windows.",
        )
    if sign_in.flow == DEVICE_CODE and sign_in.client_app_type in LEGACY_CLIENTS:
        raise UsageProblem(
            f"Device code flow is never used by clients of the type {sign_in.client_app_type}.",
            hint="State --client-app-type browser or mobileAppsAndDesktopClients, or leave out --flow.",
        )


def target_name(sign_in: SignIn) -> str:
    """Return what people call the application or user action of a sign-in."""
    app = sign_in.app or ""
    name = APP_NAMES.get(app.casefold())
    return f"{name} ({app})" if name else app or str(sign_in.user_action)


def _spelled(stated: str, known: tuple[str, ...], option: str) -> str:
    found = spelled(known).get(stated.casefold())
    if found is None:
        raise UsageProblem(f"{option} has no value {stated!r}.", hint=f"Known are {', '.join(known)}.")
    return found


def address_of(text: str | None) -> Address | None:
    if text is None:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError as problem:
        raise UsageProblem(f"{text!r} is no IP address.", hint="Write it like 203.0.113.9 or 2001:db8::9.") from problem
