"""Reads which methods the tenant allows and whose MFA it trusts: what tells who could answer a request for MFA.

It decides no verdict of coverage, so what cannot be read is kept as unknown, with the reason, and fails nothing.
"""

from __future__ import annotations

import msgspec

from migrate.graph.channel import Channel, read_of
from migrate.graph.pages import whole
from migrate.graph.unreadable import or_problem
from migrate.graph.wire import Wire
from migrate.model.capability import CapabilityEvidence, InboundTrust, MethodsPolicy
from migrate.model.permissions import POLICIES

_METHODS = read_of("policies/authenticationMethodsPolicy", "which authentication methods are allowed", POLICIES)
_DEFAULT = read_of("policies/crossTenantAccessPolicy/default", "whose MFA is trusted by default", POLICIES)
_PARTNERS = read_of("policies/crossTenantAccessPolicy/partners", "of which tenants MFA is trusted", POLICIES)


class _Configuration(Wire, frozen=True, kw_only=True):
    id: str
    state: str


class _Methods(Wire, frozen=True, kw_only=True):
    policy_migration_state: str | None = None
    authentication_method_configurations: list[_Configuration]


class _Trust(Wire, frozen=True, kw_only=True):
    is_mfa_accepted: bool | None = None


class _DefaultTrust(Wire, frozen=True, kw_only=True):
    # The default follows nothing, so here a missing or empty answer is none.
    is_mfa_accepted: bool


class _Default(Wire, frozen=True, kw_only=True):
    inbound_trust: _DefaultTrust


class _Partner(Wire, frozen=True, kw_only=True):
    tenant_id: str
    inbound_trust: _Trust | None = None


async def read_capability(channel: Channel) -> CapabilityEvidence:
    """Read it; each part that Graph refuses, or that is incomplete, comes back as the problem in words."""
    methods, methods_problem = await or_problem(channel.read(_METHODS, _methods_of))
    trust, trust_problem = await or_problem(_trust(channel))
    return CapabilityEvidence(
        methods=methods, methods_problem=methods_problem, trust=trust, trust_problem=trust_problem
    )


def _methods_of(body: bytes) -> MethodsPolicy:
    read = msgspec.json.decode(body, type=_Methods)
    return MethodsPolicy(
        # Graph leaves the member out, or sends null, where the migration never began.
        migration_complete=(read.policy_migration_state or "").casefold() == "migrationcomplete",
        states={each.id.casefold(): each.state.casefold() for each in read.authentication_method_configurations},
    )


async def _trust(channel: Channel) -> InboundTrust:
    default = await channel.read(_DEFAULT, lambda body: msgspec.json.decode(body, type=_Default))
    partners = await whole(channel, _PARTNERS, lambda raw: msgspec.json.decode(raw, type=_Partner))
    return InboundTrust(
        default=default.inbound_trust.is_mfa_accepted,
        partners={
            each.tenant_id.casefold(): None if each.inbound_trust is None else each.inbound_trust.is_mfa_accepted
            for each in partners
        },
    )
