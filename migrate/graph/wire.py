"""Decode Graph's JSON into our records, strictly: what is missing or unknown is said, never filled in."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from migrate.errors import IncompleteRead
from migrate.graph.answers import UNUSABLE, Answer, BadAnswer
from migrate.graph.in_part import decoded_in_part
from migrate.graph.left_out import left_out, well_formed
from migrate.model.evidence import ConditionalAccessPolicy, PolicyState
from migrate.model.reasons import Reason, Why, reason_of
from migrate.model.record import JsonObject
from migrate.model.snapshot import Actor, Organization, SubscribedSku
from migrate.model.users import Identity, MfaState, Registration, UserProfile

USER_SELECT = (
    "id,userPrincipalName,displayName,userType,creationType,externalUserState,identities,accountEnabled,"
    "onPremisesSyncEnabled,assignedLicenses,createdDateTime"
)
"""Properties of a user that we read; Graph sends every selected one, null where the directory holds nothing."""


LONGEST_TEXT = 1_024
"""Characters of a name or word of Graph. Names in a directory have 256 at most, and a cell of a table its own limit."""
Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
"""A name or word; what is longer is none, and its object is shown in part."""
_MOST_METHODS = 64
"""Methods that one person may have registered: Graph knows some fifteen kinds."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The base of what is read off the wire: members that we do not know are ignored, types are checked."""


class _Identity(Wire, frozen=True, kw_only=True):
    sign_in_type: Text | None = None
    issuer: Text | None = None


class _Licence(Wire, frozen=True, kw_only=True):
    sku_id: Text


class _User(Wire, frozen=True, kw_only=True):
    id: Text
    # Selected and yet null in the wild, for accounts that a synchronisation left half made.
    user_principal_name: Text | None
    display_name: Text | None
    user_type: Text | None
    creation_type: Text | None
    external_user_state: Text | None
    identities: list[_Identity] | None
    account_enabled: bool | None
    on_premises_sync_enabled: bool | None
    assigned_licenses: list[_Licence] | None
    created_date_time: Text | None
    odata_type: Text | None = msgspec.field(default=None, name="@odata.type")


class _Me(Wire, frozen=True, kw_only=True):
    id: str
    user_principal_name: str


class _Registration(Wire, frozen=True, kw_only=True):
    id: Text
    is_mfa_registered: bool
    is_mfa_capable: bool
    methods_registered: Annotated[list[Text], msgspec.Meta(max_length=_MOST_METHODS)]
    last_updated_date_time: Text | None = None


class _Domain(Wire, frozen=True, kw_only=True):
    name: str | None = None
    is_default: bool = False
    type: str | None = None


class _Organization(Wire, frozen=True, kw_only=True):
    id: str
    display_name: str
    verified_domains: list[_Domain | None]


class _Plan(Wire, frozen=True, kw_only=True):
    service_plan_id: str | None = None
    provisioning_status: str | None = None


class _Units(Wire, frozen=True, kw_only=True):
    enabled: int


class _Sku(Wire, frozen=True, kw_only=True):
    sku_id: Text
    sku_part_number: Text
    capability_status: Text | None
    service_plans: list[_Plan | None]
    prepaid_units: _Units


class _Policy(Wire, frozen=True, kw_only=True):
    id: Text
    display_name: Text
    state: Text
    description: str | None = None
    created_date_time: str | None = None
    modified_date_time: str | None = None


class _SelectedState(Wire, frozen=True, kw_only=True):
    id: Text
    # CIPP's experience: on some tenants the property is silently absent.
    per_user_mfa_state: Text | None = None


class _State(Wire, frozen=True, kw_only=True):
    per_user_mfa_state: Text | msgspec.UnsetType | None = msgspec.UNSET


class _Defaults(Wire, frozen=True, kw_only=True):
    is_enabled: bool


class _Object(Wire, frozen=True, kw_only=True):
    id: Text


_NO_OBJECT = {"id": ""}
_NO_USER = {**dict.fromkeys(USER_SELECT.split(",")), "id": ""}
_NO_POLICY = {"id": "", "displayName": "", "state": ""}
POLICY_NEEDS = tuple(_NO_POLICY)
"""Members without which a policy is not known."""
SKU_NEEDS = ("skuId", "skuPartNumber", "capabilityStatus", "servicePlans", "prepaidUnits")
REGISTRATION_NEEDS = ("id", "isMfaRegistered", "isMfaCapable", "methodsRegistered")
_NO_REGISTRATION = {"id": "", "isMfaRegistered": False, "isMfaCapable": False, "methodsRegistered": ()}
_NO_SKU: dict[str, Any] = {
    "skuId": "",
    "skuPartNumber": "not shown",
    "capabilityStatus": None,
    "servicePlans": [],
    "prepaidUnits": {"enabled": 0},
}


def user_profile(raw: msgspec.Raw | bytes) -> UserProfile:
    """Return a user; raise `msgspec.ValidationError` when a selected property is missing or has another type."""
    return _profile(msgspec.json.decode(raw, type=_User))


def _profile(user: _User) -> UserProfile:
    return UserProfile(
        id=user.id.lower(),
        user_principal_name=user.user_principal_name or "",
        display_name=user.display_name,
        user_type=user.user_type,
        creation_type=user.creation_type,
        external_user_state=user.external_user_state,
        identities=tuple(Identity(sign_in_type=one.sign_in_type, issuer=one.issuer) for one in user.identities or ()),
        account_enabled=user.account_enabled,
        # Documented: null means that the object was never synced from a local directory.
        on_premises_sync_enabled=user.on_premises_sync_enabled is True,
        assigned_licenses=None
        if user.assigned_licenses is None
        else tuple(licence.sku_id for licence in user.assigned_licenses),
        created_date_time=user.created_date_time,
        is_agent=(user.odata_type or "").rpartition(".")[2].lower() == "agentuser",
    )


def listed_user(raw: msgspec.Raw | bytes) -> UserProfile:
    """Return a user of a list; what was selected and is not there is named in `lacks`, and nothing stands for it.

    The id is empty where Graph shows none.
    """
    user, lacks = decoded_in_part(raw, _User, _NO_USER)
    return msgspec.structs.replace(_profile(user), lacks=lacks) if lacks else _profile(user)


def profile_or_reason(answer: Answer) -> UserProfile | Reason:
    """Return the user that an item of a batch shows, or why it shows none."""
    if not answer.is_success:
        trace = f" (request-id {answer.request_id})" if answer.request_id else ""
        words = answer.error.words or "no explanation"
        if answer.status == 404:
            return reason_of(Why.NO_SUCH_USER, trace)
        words = f"{answer.status or 'nothing'} ({words}) when asked for this user{trace}."
        return reason_of(Why.USER_NOT_SHOWN, words)
    try:
        return user_profile(answer.body)
    except UNUSABLE as problem:
        return reason_of(Why.NOT_UNDERSTOOD, f"for this user cannot be used: {problem}.")


def me(raw: bytes) -> Actor:
    """Return the signed-in user."""
    user = msgspec.json.decode(raw, type=_Me)
    return Actor(object_id=user.id.lower(), name=user.user_principal_name, is_user=True)


def registration(raw: msgspec.Raw | bytes) -> tuple[str, Registration]:
    """Return a row of the registration report as (user id, registration)."""
    row = msgspec.json.decode(raw, type=_Registration)
    return row.id.lower(), Registration(
        is_mfa_registered=row.is_mfa_registered,
        is_mfa_capable=row.is_mfa_capable,
        methods_registered=tuple(row.methods_registered),
        last_updated_date_time=row.last_updated_date_time,
    )


def listed_registration(raw: msgspec.Raw | bytes) -> tuple[str, Registration | None, tuple[str, ...]]:
    """Return a row of a list as (user id, registration, what it lacks); None where anything of it is not shown.

    The id is empty where Graph shows none.
    """
    row, lacks = decoded_in_part(raw, _Registration, _NO_REGISTRATION)
    return (row.id.lower(), None, lacks) if lacks else (*registration(raw), ())


def registration_or_none(answer: Answer) -> Registration | None:
    """Return the row that an item of a batch shows; None for 404, which is how the report says that it has none.

    Raises `IncompleteRead` for every other answer: not read is not the same as not there.
    """
    if answer.status == 404:
        return None
    trace = f" (request-id {answer.request_id})" if answer.request_id else ""
    if not answer.is_success:
        raise IncompleteRead(
            f"The registration report answered {answer.status}: {answer.error.words or 'no explanation'}{trace}.",
            hint="Run the same command again; reading the report needs AuditLog.Read.All.",
        )
    try:
        return registration(answer.body)[1]
    except UNUSABLE as problem:
        raise IncompleteRead(
            f"A row of the registration report cannot be used: {problem}{trace}.", hint="Run the same command again."
        ) from problem


def organization(raw: msgspec.Raw | bytes) -> Organization:
    """Return the tenant."""
    tenant = msgspec.json.decode(raw, type=_Organization)
    # A domain without a name is nobody's, and decides nothing.
    domains = [(one.name, one) for one in tenant.verified_domains if one is not None and one.name is not None]
    names = tuple(name for name, _ in domains)
    default = next((name for name, domain in domains if domain.is_default), None)
    if default is None:
        raise BadAnswer("the organization has no default domain")
    federated = tuple(name for name, domain in domains if str(domain.type).casefold() == "federated")
    return Organization(
        tenant_id=tenant.id.lower(),
        display_name=tenant.display_name,
        default_domain=default,
        verified_domains=names,
        federated_domains=federated,
    )


def subscribed_sku(raw: msgspec.Raw | bytes) -> SubscribedSku:
    """Return a subscription, with the plans whose provisioning succeeded; what Graph does not show allows nothing."""
    sku, lacks = decoded_in_part(raw, _Sku, _NO_SKU)
    return SubscribedSku(
        sku_id=sku.sku_id,
        sku_part_number=sku.sku_part_number,
        capability_status=sku.capability_status,
        service_plan_ids=tuple(
            plan.service_plan_id
            for plan in sku.service_plans
            if plan is not None and plan.service_plan_id is not None and plan.provisioning_status == "Success"
        ),
        enabled_units=sku.prepaid_units.enabled,
        lacks=lacks or msgspec.UNSET,
    )


def policy(raw: msgspec.Raw | bytes) -> ConditionalAccessPolicy:
    """Return a Conditional Access policy with its whole JSON; a state that we do not know becomes None.

    What Graph always sends and left out here is named in `lacks`.
    """
    return _policy(msgspec.json.decode(raw, type=_Policy), json_object(raw))


def _policy(head: _Policy, raw: JsonObject) -> ConditionalAccessPolicy:
    known = {state.value: state for state in PolicyState}
    raw = well_formed(raw)
    return ConditionalAccessPolicy(
        id=head.id,
        display_name=head.display_name,
        policy_state=known.get(head.state),
        description=head.description,
        created_date_time=head.created_date_time,
        modified_date_time=head.modified_date_time,
        raw=raw,
        lacks=left_out(raw) or msgspec.UNSET,
    )


def listed_policy(raw: msgspec.Raw | bytes) -> tuple[ConditionalAccessPolicy, tuple[str, ...]]:
    """Return a policy of a list, and what it lacks; without its state it has none that is known.

    The id is empty where Graph shows none; a policy without a name is called by its id.
    """
    head, lacks = decoded_in_part(raw, _Policy, _NO_POLICY)
    shown = _without_contexts(msgspec.json.decode(raw, type=dict[str, Any] | None) or {})
    found = _policy(head, shown)
    return msgspec.structs.replace(found, display_name=found.display_name or found.id), lacks


def listed_object(raw: msgspec.Raw | bytes) -> JsonObject:
    """Return an object of a list as it stands, without addresses of metadata; it may lack its id, and null is empty.

    An id or name that is too long to be one is left out.
    """
    decoded_in_part(raw, _Object, _NO_OBJECT)
    shown: JsonObject = _without_contexts(msgspec.json.decode(raw, type=dict[str, Any] | None) or {})
    too_long = [name for name in ("id", "displayName") if len(str(shown.get(name, ""))) > LONGEST_TEXT]
    return {name: value for name, value in shown.items() if name not in too_long} if too_long else shown


def object_without_id(raw: msgspec.Raw | bytes) -> JsonObject:
    """Return an object of which a tenant has only one, as Graph sent it."""
    value: JsonObject = _without_contexts(msgspec.json.decode(raw, type=dict[str, Any]))
    return value


def json_object(raw: msgspec.Raw | bytes) -> JsonObject:
    """Return a JSON object as it stands, without the addresses of its metadata: they are no part of the object.

    It must have an id: an error spliced into a list is a JSON object too.
    """
    msgspec.json.decode(raw, type=_Object)
    value: JsonObject = _without_contexts(msgspec.json.decode(raw, type=dict[str, Any]))
    return value


DEEPEST = 64
"""Levels of nesting in an object that is kept as it stands. Conditional Access needs fewer than ten."""


def _without_contexts(value: Any, level: int = 0) -> Any:
    if level > DEEPEST:
        raise BadAnswer(f"an object is nested in more than {DEEPEST} levels")
    if isinstance(value, dict):
        return {
            key: _without_contexts(one, level + 1) for key, one in value.items() if not key.endswith("@odata.context")
        }
    if isinstance(value, list):
        return [_without_contexts(one, level + 1) for one in value]
    return value


def selected_state(raw: msgspec.Raw | bytes) -> tuple[str, str | None]:
    """Return (user id, state as Graph wrote it) of the undocumented `$select`; None when the property is missing."""
    user = msgspec.json.decode(raw, type=_SelectedState)
    return user.id.lower(), user.per_user_mfa_state


def security_defaults_enabled(raw: bytes) -> bool:
    """Return whether security defaults are on."""
    return msgspec.json.decode(raw, type=_Defaults).is_enabled


def member_id(raw: msgspec.Raw | bytes) -> str | None:
    """Return the id of a member; None for one without, or null in its place: somebody is there, without a name."""
    member, lacks = decoded_in_part(raw, _Object, _NO_OBJECT)
    return None if lacks else member.id.lower()


def mfa_state(raw: bytes) -> tuple[MfaState | None, Reason | None]:
    """Return (state, None), or (None, why it is none). Raises `msgspec.DecodeError` when the body is no such JSON."""
    value = msgspec.json.decode(raw, type=_State).per_user_mfa_state
    if value is msgspec.UNSET or value is None:
        return None, reason_of(Why.NOT_UNDERSTOOD, "has no perUserMfaState")
    if value not in set(MfaState):
        return None, reason_of(Why.UNKNOWN_STATE, repr(value))
    return MfaState(value), None
