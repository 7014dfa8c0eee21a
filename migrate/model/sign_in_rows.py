"""One row of the sign-in log on its way to a kind: as Graph sends it, and as what all sources have in common.

Rows pass through memory only. Nothing here is ever written to disk.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class PolicyResult(NamedTuple):
    """What one policy did, or would have done."""

    id: str
    result: str
    demands_mfa: bool
    """It enforced MFA or an authentication strength."""


class RowShape(NamedTuple):
    """Everything of a row but who, when, from where and under which ids. None: the source does not say."""

    interactive: bool
    application: str
    resource: str
    audiences: tuple[str, ...] | None
    contexts: tuple[str, ...] | None
    client: str
    protocol: str | None
    flow: str | None
    token: str | None
    operating_system: str
    compliant: bool | None
    known_device: bool
    """The device has an id in the directory."""
    trust: str
    country: str | None
    global_secure_access: bool | None
    user_type: str
    cross_tenant: str | None
    resource_tenant: str
    risk: str | None
    code: int
    multifactor: bool | None
    asked_by: tuple[str, ...] | None
    methods: tuple[str, ...] | None
    results: tuple[PolicyResult, ...] | None
    """Without those that did nothing (notApplied, notEnabled)."""
    agent: str


class Row(NamedTuple):
    """One row of the log."""

    shape: RowShape
    addresses: tuple[str, str]
    """The address, and the one that the service saw where it is another one (else empty)."""
    user_id: str
    at: str
    """ISO 8601, UTC."""
    id: str
    correlation_id: str


class GraphSignIn(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """The members of Graph's signIn that are read; all others are passed over.

    Source: Graph beta, resource signIn. A member that the source leaves out is UNSET where absence and null differ.
    """

    id: str = ""
    created_date_time: str = ""
    correlation_id: str | None = None
    # Who and from where.
    user_id: str | None = None
    ip_address: str | None = None
    ip_address_from_resource_provider: str | None = None
    device_detail: GraphDevice | None = None
    applied_conditional_access_policies: msgspec.Raw = msgspec.Raw()
    """Left as it was written: rows share few different lists of results, so each is decoded once."""
    # What rows have in common stands together from here on, and makes their shape.
    app_id: str | None = None
    resource_id: str | None = None
    resource_tenant_id: str | None = None
    client_app_used: str | None = None
    is_interactive: bool | None = None
    sign_in_event_types: tuple[str, ...] | None = None
    user_type: str | None = None
    cross_tenant_access_type: str | None = None
    authentication_requirement: str | None = None
    authentication_protocol: str | None = None
    original_transfer_method: str | None = None
    incoming_token_type: str | None = None
    is_through_global_secure_access: bool | None = None
    risk_level_during_sign_in: str | None = None
    conditional_access_audiences: tuple[GraphAudience | str, ...] | None = None
    authentication_context_class_references: tuple[GraphContext, ...] | None = None
    status: GraphStatus | None = None
    location: GraphPlace | None = None
    authentication_details: tuple[GraphStep, ...] | None = None
    authentication_requirement_policies: tuple[GraphDemand, ...] | None = None
    agent: GraphAgent | None = None


class GraphAudience(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """An audience, where it is written as an object."""

    application_id: str | None = None


class GraphContext(msgspec.Struct, frozen=True, gc=False):
    """An authentication context."""

    id: str | None = None


class GraphStatus(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """How the sign-in ended."""

    error_code: int | str | None = None


class GraphDevice(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The device."""

    device_id: str | None = None
    operating_system: str | None = None
    is_compliant: bool | str | None = None
    trust_type: str | None = None


class GraphPlace(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Where the address was looked up to."""

    country_or_region: str | None = None


class GraphStep(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """One step of the authentication."""

    authentication_method: str | None = None


class GraphDemand(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Who asked for MFA."""

    requirement_provider: str | None = None


class GraphAgent(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The agent that signed in, if it was one."""

    agent_type: str | None = None


class GraphPolicyResult(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """One policy's result."""

    id: str | None = None
    result: str | None = None
    enforced_grant_controls: tuple[str, ...] = ()


_RESULTS = msgspec.json.Decoder(tuple[GraphPolicyResult, ...] | None)
_DID_NOTHING = frozenset({"notapplied", "notenabled", "reportonlynotapplied"})
_MFA_CONTROLS = frozenset({"mfa", "requireauthenticationstrength"})


def results_of(written: bytes | str) -> tuple[PolicyResult, ...] | None:
    """Decode a list of policy results, without those that did nothing; an empty list or null says nothing.

    The numbers in which diagnostic settings may write conditions are of no use here and are passed over.

    Raises:
        msgspec.DecodeError: It is no such list.
    """
    found = _RESULTS.decode(written) if written else None
    # Where a tenant has any policy the list names all of them: an empty one was left out for lack of permission.
    if not found:
        return None
    return tuple(
        PolicyResult(
            (one.id or "").lower(),
            one.result or "unknown",
            any(control.replace(" ", "").casefold() in _MFA_CONTROLS for control in one.enforced_grant_controls),
        )
        for one in found
        if (one.result or "unknown").casefold() not in _DID_NOTHING
    )


def results_or_nothing(written: bytes) -> tuple[PolicyResult, ...] | None:
    """Return as `results_of`; what is no list of results says nothing, and takes nothing from the rest of its row."""
    try:
        return results_of(written)
    except msgspec.DecodeError:
        return None


class GraphRows:
    """Turns Graph's rows into ours; remembers the results that it decoded, of which there are few."""

    _MOST = 2_000

    def __init__(self) -> None:
        self._results: dict[bytes, tuple[PolicyResult, ...] | None] = {}

    def row_of(self, one: GraphSignIn, *, interactive: bool | None = None) -> Row:
        """Return a row.

        Args:
            one: The row as it was decoded.
            interactive: Which of the two was asked for, where that is known better than from the row.
        """
        address, seen = one.ip_address or "", one.ip_address_from_resource_provider or ""
        return Row(
            self.shape_of(one, interactive),
            (address, "" if seen == address else seen),
            (one.user_id or "").lower(),
            one.created_date_time,
            one.id,
            one.correlation_id or one.id,
        )

    def shape_of(self, one: GraphSignIn, interactive: bool | None) -> RowShape:
        """Return everything but who, when and from where."""
        return shape_with(one, interactive, self.results(one.applied_conditional_access_policies))

    def results(self, written: msgspec.Raw) -> tuple[PolicyResult, ...] | None:
        """Return decoded results, from memory where the same list came before."""
        key = bytes(written)
        try:
            return self._results[key]
        except KeyError:
            if len(self._results) >= self._MOST:
                self._results.clear()
            found = self._results[key] = results_or_nothing(key)
            return found


def shape_with(one: GraphSignIn, interactive: bool | None, results: tuple[PolicyResult, ...] | None) -> RowShape:
    """Return everything of a row but who, when and from where, with results that are decoded already."""
    device, place, status = one.device_detail, one.location, one.status
    if interactive is None:
        types = one.sign_in_event_types
        interactive = ("interactiveUser" in types) if types else one.is_interactive is not False
    code = None if status is None else status.error_code
    audiences = one.conditional_access_audiences
    return RowShape(
        interactive,
        (one.app_id or "").lower(),
        (one.resource_id or "").lower(),
        None if audiences is None else _in_order([_audience(each) for each in audiences]),
        None
        if one.authentication_context_class_references is None
        else _in_order([each.id or "" for each in one.authentication_context_class_references]),
        one.client_app_used or "",
        one.authentication_protocol,
        one.original_transfer_method,
        one.incoming_token_type,
        "" if device is None else device.operating_system or "",
        None if device is None else flag_of(device.is_compliant),
        device is not None and bool(device.device_id),
        "" if device is None else device.trust_type or "",
        None if place is None else place.country_or_region or "",
        one.is_through_global_secure_access,
        one.user_type or "",
        one.cross_tenant_access_type,
        (one.resource_tenant_id or "").lower(),
        one.risk_level_during_sign_in,
        code_of(code),
        None if not one.authentication_requirement else one.authentication_requirement[:5].casefold() == "multi",
        None
        if one.authentication_requirement_policies is None
        else _in_order([each.requirement_provider or "" for each in one.authentication_requirement_policies]),
        None
        if one.authentication_details is None
        else _in_order([each.authentication_method or "" for each in one.authentication_details]),
        results,
        "" if one.agent is None else one.agent.agent_type or "",
    )


def _audience(each: GraphAudience | str) -> str:
    return each.lower() if isinstance(each, str) else (each.application_id or "").lower()


def _in_order(words: list[str]) -> tuple[str, ...]:
    """Return each word once, in order; most lists hold one or none, and there are millions of them."""
    return tuple(words) if len(words) < 2 else tuple(sorted(set(words)))


NO_CODE = -1
"""In the place of an error code: the row does not say how the sign-in ended."""


def code_of(written: int | str | None) -> int:
    """Return an error code; NO_CODE where there is none."""
    try:
        return NO_CODE if written is None or written == "" else int(written)
    except ValueError:
        return NO_CODE


def flag_of(written: bool | str | None) -> bool | None:
    """Return yes or no as a file writes it; None where it says neither."""
    if isinstance(written, bool) or written is None:
        return written
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(written.casefold())
