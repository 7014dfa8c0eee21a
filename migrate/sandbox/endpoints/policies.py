"""Conditional Access policies: create, read, update, delete, the bin of deleted ones, and restoring from it."""

from copy import deepcopy
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from migrate.sandbox.clock import iso
from migrate.sandbox.lag import ABSENT
from migrate.sandbox.managed_policies import check_change, check_deletion
from migrate.sandbox.messages import Answer, Call, GraphError, Json, bad_request, not_modelled, words
from migrate.sandbox.odata.paging import Collection, entity, listing, root
from migrate.sandbox.policy_rules import check_names, check_policy, schema_error
from migrate.sandbox.policy_shape import TOP_LEVEL, merged, served, whole_policy, without_annotations
from migrate.sandbox.policy_types import without_beta_members
from migrate.sandbox.roles import POLICY_READERS, POLICY_WRITERS
from migrate.sandbox.routing import Route, needs

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_READ_ONLY = ("id", "createdDateTime", "modifiedDateTime", "deletedDateTime", "templateId")
_KEPT_SECONDS = 30 * 86_400
_UNKNOWN_TO_OLD_CLIENTS = {"linux", "riskRemediation"}
_POLICIES = Collection(
    context="identity/conditionalAccess/policies",
    type_name="conditionalAccessPolicy",
    known=TOP_LEVEL,
    filterable=words(
        "id displayName state:enabled|disabled|enabledForReportingButNotEnforced "
        "createdDateTime:time modifiedDateTime:time templateId"
    ),
)
_DELETED = Collection(
    context="identity/conditionalAccess/deletedItems/policies",
    type_name="conditionalAccessPolicy",
    known=TOP_LEVEL,
)


def _for_client(call: Call, policy: Json) -> Json:
    """Return a policy as this client sees it: new enum members only for those who ask for them."""
    found = served(policy, root(call))
    if call.version == "v1.0":
        found = without_beta_members(found)
    if "include-unknown-enum-members" in call.headers.get("prefer", "").lower():
        return found
    found = deepcopy(found)
    for holder, name in (
        (found["conditions"].get("platforms"), "includePlatforms"),
        (found["conditions"].get("platforms"), "excludePlatforms"),
        (found.get("grantControls"), "builtInControls"),
    ):
        if holder and holder.get(name):
            holder[name] = ["unknownFutureValue" if each in _UNKNOWN_TO_OLD_CLIENTS else each for each in holder[name]]
    return found


def _missing(policy_id: str) -> GraphError:
    return GraphError(404, "NotFound", f"{policy_id} is not a valid policy id, or the policy does not exist.")


def _current(sandbox: "Sandbox", call: Call) -> Json:
    """Return the policy that the path names, as it is (writes), or refuse with 404."""
    policy = sandbox.tenant.policies.get(call.params["policy"].lower())
    if policy is None:
        raise _missing(call.params["policy"])
    return policy


def list_policies(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /identity/conditionalAccess/policies."""
    seen = [policy for _, policy in sandbox.lag.seen_all("policy", sandbox.tenant.policies)]
    return listing(call, _POLICIES, seen, lambda each: _for_client(call, each))


def get_policy(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /identity/conditionalAccess/policies/{id}."""
    key = call.params["policy"].lower()
    policy = sandbox.lag.seen(("policy", key), sandbox.tenant.policies.get(key, ABSENT))
    if policy is ABSENT:
        raise _missing(call.params["policy"])
    return entity(call, _POLICIES, _for_client(call, policy))


def create_policy(sandbox: "Sandbox", call: Call) -> Answer:
    """POST /identity/conditionalAccess/policies."""
    body = _body(call)
    _check_licence(sandbox)
    check_names(body, call.version)
    tenant = sandbox.tenant
    policy_id = str(uuid4())
    given = {name: value for name, value in body.items() if name not in _READ_ONLY or name == "templateId"}
    conditions = given.get("conditions")
    if isinstance(conditions, dict) and "clientAppTypes" not in conditions:
        given["conditions"] = {**conditions, "clientAppTypes": ["all"]}
    policy = _whole({**given, "id": policy_id, "createdDateTime": sandbox.clock.iso()}, sandbox)
    check_policy(policy, tenant, check_principals=sandbox.settings.check_principals)
    _check_security_defaults(sandbox, policy)
    if len(tenant.policies) >= sandbox.settings.policy_cap:
        raise bad_request(f"1127: Policy count limit ({sandbox.settings.policy_cap}) has been exceeded for the tenant.")
    _store(sandbox, policy_id, policy)
    sandbox.audit.policy_changed(call.caller, "Add conditional access policy", None, policy)
    return Answer(
        201,
        {"@odata.context": f"{root(call)}/$metadata#{_POLICIES.context}/$entity", **_for_client(call, policy)},
        {"Location": f"{root(call)}/{_POLICIES.context}/{policy_id}"},
    )


def patch_policy(sandbox: "Sandbox", call: Call) -> Answer:
    """PATCH /identity/conditionalAccess/policies/{id}: omitted members stay, lists are replaced whole."""
    old, body = _current(sandbox, call), _body(call)
    _check_licence(sandbox)
    check_names(body, call.version)
    changes = {name: value for name, value in body.items() if name not in _READ_ONLY}
    if sandbox.settings.policy_patch == "deep":
        strength = (changes.get("grantControls") or {}).get("authenticationStrength")
        if strength and old.get("grantControls"):  # a reference to another strength replaces the expanded one
            old = {**old, "grantControls": {**old["grantControls"], "authenticationStrength": None}}
        new = merged(old, changes)
    else:
        new = {**old, **changes}
    policy = _whole({**new, "modifiedDateTime": sandbox.clock.iso()}, sandbox)
    before = _current(sandbox, call)
    check_change(sandbox.tenant, before, policy)
    check_policy(policy, sandbox.tenant, check_principals=sandbox.settings.check_principals, before=before)
    _check_security_defaults(sandbox, policy)
    _store(sandbox, policy["id"], policy)
    sandbox.audit.policy_changed(call.caller, "Update conditional access policy", before, policy)
    return Answer(204)


def delete_policy(sandbox: "Sandbox", call: Call) -> Answer:
    """DELETE /identity/conditionalAccess/policies/{id}: into the bin, for 30 days."""
    policy = _current(sandbox, call)
    check_deletion(sandbox.tenant, policy)
    key = call.params["policy"].lower()
    del sandbox.tenant.policies[key]
    sandbox.lag.remember(("policy", key), policy, sandbox.settings.policy_read_lag_seconds)
    sandbox.tenant.deleted_policies[key] = {**policy, "deletedDateTime": sandbox.clock.iso()}
    sandbox.audit.policy_changed(call.caller, "Delete conditional access policy", policy, None)
    return Answer(204)


def _body(call: Call) -> Json:
    try:
        body = call.json()
    except GraphError as error:
        raise schema_error() from error
    if b"@odata.bind" in call.body:
        raise not_modelled("@odata.bind in a policy; it takes the object with its id")
    return dict(without_annotations(body))


def _whole(given: Json, sandbox: "Sandbox") -> Json:
    try:
        return whole_policy(given, sandbox.tenant)
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        raise schema_error() from error


def _store(sandbox: "Sandbox", policy_id: str, policy: Json) -> None:
    former = sandbox.tenant.policies.get(policy_id, ABSENT)
    sandbox.lag.remember(("policy", policy_id), former, sandbox.settings.policy_read_lag_seconds)
    sandbox.tenant.policies[policy_id] = policy


def _check_licence(sandbox: "Sandbox") -> None:
    if not sandbox.tenant.has_premium():
        raise GraphError(
            403,
            "AccessDenied",
            "Your tenant is not licensed for this feature. Please upgrade your subscription to access it.",
        )


def _check_security_defaults(sandbox: "Sandbox", policy: Json) -> None:
    if sandbox.tenant.security_defaults and policy["state"] == "enabled":
        raise bad_request(
            "Security Defaults is enabled in the tenant. You must disable Security defaults before enabling a "
            "Conditional Access policy."
        )


def _bin(sandbox: "Sandbox") -> dict[str, Json]:
    """Return the deleted policies, without those whose 30 days are over."""
    kept = sandbox.tenant.deleted_policies
    oldest = sandbox.clock.now() - _KEPT_SECONDS
    for key in [key for key, each in kept.items() if str(each["deletedDateTime"] or "9") < iso(oldest)]:
        del kept[key]
    return kept


def list_deleted(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /identity/conditionalAccess/deletedItems/policies."""
    return listing(call, _DELETED, list(_bin(sandbox).values()), lambda each: _for_client(call, each))


def get_deleted(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /identity/conditionalAccess/deletedItems/policies/{id}."""
    return entity(call, _DELETED, _for_client(call, _deleted(sandbox, call)))


def _deleted(sandbox: "Sandbox", call: Call) -> Json:
    policy = _bin(sandbox).get(call.params["policy"].lower())
    if policy is None:
        raise _missing(call.params["policy"])
    return policy


def purge_deleted(sandbox: "Sandbox", call: Call) -> Answer:
    """DELETE /identity/conditionalAccess/deletedItems/policies/{id}: for good."""
    _deleted(sandbox, call)
    del sandbox.tenant.deleted_policies[call.params["policy"].lower()]
    return Answer(204)


def restore_policy(sandbox: "Sandbox", call: Call) -> Answer:
    """POST .../deletedItems/policies/{id}/restore and .../policies/{id}/restore."""
    if call.caller is not None and call.caller.app_only and not sandbox.settings.app_only_restore:
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    restored: dict[str, Any] = {**_deleted(sandbox, call), "deletedDateTime": None}
    _check_security_defaults(sandbox, restored)
    key = call.params["policy"].lower()
    del sandbox.tenant.deleted_policies[key]
    _store(sandbox, key, restored)
    sandbox.audit.policy_changed(call.caller, "Restore conditional access policy", None, restored)
    return Answer(
        200, {"@odata.context": f"{root(call)}/$metadata#{_POLICIES.context}/$entity", **_for_client(call, restored)}
    )


def routes() -> tuple[Route, ...]:
    """Return the calls of this file, under both of their addresses."""
    read = needs("Policy.Read.All", roles=POLICY_READERS)
    write = needs("Policy.Read.All+Policy.ReadWrite.ConditionalAccess", roles=POLICY_WRITERS)
    found = []
    for base in ("identity/conditionalAccess/policies", "policies/conditionalAccessPolicies"):
        one, also = f"{base}/{{policy}}", "" if base.startswith("identity") else " (older address)"
        found += [
            Route(
                method=method, path=path, answer=answer, needs=need, limit="conditionalAccess", summary=summary + also
            )
            for method, path, answer, need, summary in (
                ("GET", base, list_policies, read, "all policies, whatever their state"),
                ("POST", base, create_policy, write, "create a policy"),
                ("GET", one, get_policy, read, "one policy"),
                ("PATCH", one, patch_policy, write, "change a policy"),
                ("DELETE", one, delete_policy, write, "delete a policy; it can be restored for 30 days"),
            )
        ]
    deleted = "identity/conditionalAccess/deletedItems/policies"
    found += [
        Route(method=method, path=path, answer=answer, needs=need, limit="conditionalAccess", summary=summary)
        for method, path, answer, need, summary in (
            ("GET", deleted, list_deleted, read, "deleted policies"),
            ("GET", f"{deleted}/{{policy}}", get_deleted, read, "one deleted policy"),
            ("DELETE", f"{deleted}/{{policy}}", purge_deleted, write, "delete a policy for good"),
            ("POST", f"{deleted}/{{policy}}/restore", restore_policy, write, "restore a deleted policy"),
            (
                "POST",
                "identity/conditionalAccess/policies/{policy}/restore",
                restore_policy,
                write,
                "restore a deleted policy (its other address)",
            ),
        )
    ]
    return tuple(found)
