"""Named settings for everything Graph leaves open, each with the likelier default."""

# ruff: noqa: RUF009 - _setting wraps dataclasses.field
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

Bucket = Literal["directory", "reports", "conditionalAccess", "none"]
"""The limiters of contract section 3; `none` leaves a call unlimited."""


class UnknownSetting(ValueError):
    """A setting that does not exist, or a value it cannot hold."""


def _setting(default: Any, doc: str, least: float = 0, most: float = 1e9) -> Any:
    """Declare one setting; the sentence is printed in docs/sandbox.md. Numbers lie between `least` and `most`."""
    return field(default=default, metadata={"doc": doc, "range": (least, most)})


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """What the emulated service does where Microsoft's pages are silent, and how strict it is."""

    enforce_permissions: bool = _setting(False, "Refuse calls whose token lacks the permissions of our table (403).")
    consent: Literal["given", "asked"] = _setting(
        "given", "Whether clients hold every permission from the start, or what was consented to when they asked."
    )
    tenant_region_scope: str = _setting("", "Region in openid-configuration (NA, EU, USGov, …).")
    cloud_instance_name: str = _setting("microsoftonline.com", "Cloud in openid-configuration.")
    msgraph_host: str = _setting("", "Host of Graph in openid-configuration; empty: the sandbox's own.")
    throttle: bool = _setting(True, "Apply Graph's published limits.")
    latency_ms: float = _setting(0.0, "Mean time before an answer, milliseconds.")
    latency_jitter_ms: float = _setting(0.0, "Half-width of the uniform jitter around the latency, milliseconds.")
    tenant_size: Literal["auto", "S", "M", "L"] = _setting(
        "auto", "Size class of the resource-unit bucket; auto counts the users."
    )
    seed: int = _setting(0, "Seed of everything drawn by chance (batch order, random faults).", least=-1e18, most=1e18)

    bulk_state_select: bool = _setting(
        True, "Serve perUserMfaState on user objects when selected (undocumented); off: silently absent."
    )
    enabled_for_registered: Literal["enforced", "enabled"] = _setting(
        "enforced", "What a user with a registered method becomes when `enabled` is written."
    )
    guest_state_write: Literal["applied", "ignored"] = _setting(
        "applied", "Whether a PATCH of a guest's state, answered with 204, changes anything."
    )
    state_names_any_case: bool = _setting(True, "Match the property name perUserMfaState without regard to case.")
    state_read_lag_seconds: float = _setting(0.0, "How long reads show the per-user state from before a write.")
    policy_read_lag_seconds: float = _setting(0.0, "How long reads show a policy as it was before a write.")
    requirements_bucket: Bucket = _setting("directory", "Limiter of /authentication/requirements (listed nowhere).")
    methods_bucket: Bucket = _setting(
        "directory", "Limiter of /users/{id}/authentication/methods (the page names the type under reports)."
    )
    registration_bucket: Bucket = _setting("reports", "Limiter of userRegistrationDetails.")
    evaluate_bucket: Bucket = _setting("conditionalAccess", "Limiter of What-If and of authentication strengths.")
    unit_rate_scale: float = _setting(
        1.0, "Multiplies the resource-unit quota, for tests that want it smaller.", least=1e-6
    )
    write_rate_scale: float = _setting(1.0, "Multiplies the quota of writes, likewise.", least=1e-6)
    throttled_calls_burn_budget: bool = _setting(True, "Whether a call that got 429 still uses up its cost.")
    throttled_write_applied: bool = _setting(False, "Whether a write answered with 429 was carried out all the same.")
    punish_early_retry: bool = _setting(False, "Restart the full wait when a caller returns before Retry-After.")

    registration_page_size: int = _setting(100, "Default page of userRegistrationDetails (maximum 999).", 1, 999)
    report_lag_seconds: float = _setting(0.0, "How long the registration report trails behind a registration.")
    audit_lag_seconds: float = _setting(300.0, "How long a directory audit event takes to appear.")
    signin_lag_seconds: float = _setting(300.0, "How long a sign-in takes to appear in the log.")
    signin_correction_seconds: float = _setting(
        0.0, "How long the details of a sign-in's authentication are incomplete before they are corrected."
    )
    state_audit_activity: Literal["strongAuthentication", "updateUser", "both"] = _setting(
        "strongAuthentication", "Which audit activity a change of the per-user state leaves."
    )
    policy_patch: Literal["deep", "replace"] = _setting(
        "deep", "Whether PATCH of a policy merges nested objects or replaces conditions whole."
    )
    managed_scope: Literal["grows", "follows"] = _setting(
        "grows", "Whether the Microsoft-managed policy for per-user MFA keeps whoever is disabled, or lets them go."
    )
    policy_cap: int = _setting(195, "Most Conditional Access policies in a tenant, in any state (195 or 240).")
    check_principals: bool = _setting(True, "Refuse policies that name users, groups, roles or locations not there.")
    app_only_restore: bool = _setting(True, "Whether an application token may restore a deleted policy.")
    app_only_privileged_state: bool = _setting(
        True, "Whether an application token may change the state of users who hold a role."
    )
    shuffle_batch: bool = _setting(True, "Answer batch items in another order than they were asked.")
    batch_over_limit_status: int = _setting(400, "Status of a batch with more than 20 items.", 400, 599)

    def with_changes(self, changes: Mapping[str, Any]) -> "SandboxSettings":
        """Return a copy with some settings changed.

        Raises UnknownSetting for a name that does not exist or a value of another kind.
        """
        kinds = get_type_hints(type(self))
        known = {each.name: each for each in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise UnknownSetting(f"There is no sandbox setting {name!r}.")
            _check_kind(name, value, kinds[name])
            least, most = known[name].metadata["range"]
            if isinstance(value, int | float) and not least <= value <= most:
                raise UnknownSetting(f"{name} lies between {least:g} and {most:g}, not at {value!r}.")
        return replace(self, **changes)


def _check_kind(name: str, value: Any, kind: Any) -> None:
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise UnknownSetting(f"{name} is one of {', '.join(get_args(kind))}, not {value!r}.")
        return
    accepted = (int, float) if kind is float else (kind,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise UnknownSetting(f"{name} is a {kind.__name__}, not {value!r}.")
