"""mfa-migrate.toml: what may stand in it, and errors that name the line and the nearest right key."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, TypeGuard, get_args, get_type_hints

import msgspec

from migrate.config_policy import PolicyConfig, troubles
from migrate.config_sign_ins import SignInConfig, sign_in_troubles
from migrate.config_waves import WaveConfig, wave_troubles
from migrate.config_words import belongs, missing_key, unquoted_text, value_at, wrong_value
from migrate.errors import ConfigProblem, UsageProblem
from migrate.model.access import Cloud, SignInMethod, sandbox_address
from migrate.model.amounts import count_or_percent
from migrate.model.plan import Limits
from migrate.model.questions import TenantAnswers, answer_troubles
from migrate.model.record import Record
from migrate.model.report_only import ExitLimits
from migrate.model.tenant_settings import BaselineScopes, BaselineSetting

HELP = "See `mfa-migrate help configuration`."


class OutputFormat(StrEnum):
    """How data is written to stdout."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"


class SignIn(Record, frozen=True, kw_only=True, rename=None):
    """`[sign_in]`."""

    method: SignInMethod = SignInMethod.AUTO
    client_id: str | None = None
    """Application (client) id; the Azure CLI brings its own. Of a managed identity that is not the system's own."""
    certificate: str | None = None
    """Path of a PEM or PFX file, for `method = "certificate"`."""
    object_id: str | None = None
    """Object id of a managed identity, in place of its client id."""
    token_file: str | None = None
    """Path of another identity provider's token, for `method = "workload-identity"`."""
    cache: bool = False
    """Whether tokens are kept between commands, encrypted by the operating system; never in plain text."""
    authority: str | None = None
    """Address of a sandbox's own sign-in service, https and on this machine, for rehearsing the sign-in."""


class EmergencyAccess(Record, frozen=True, kw_only=True, rename=None):
    """`[emergency_access]`: the accounts that must always be able to sign in."""

    accounts: tuple[str, ...] = ()
    """User principal names or object ids; two are advised."""
    none: str | None = None
    """The reason why there is none. Then no policy is created or switched on, only adopted."""
    decided_by: str | None = None
    """Who chose them, or that there is none; stands in plan and report."""
    since: date | None = None


class Exclusion(Record, frozen=True, kw_only=True, rename=None):
    """One `[[exclude]]`: a person who keeps per-user MFA for now."""

    user: str
    reason: str
    expires: date
    """From this day on the exclusion counts no more."""
    from_policy: bool = False
    """The created policy leaves this person out too, while per-user MFA is read as enforced."""
    decided_by: str | None = None
    """Who decided it; stands in plan and report."""
    since: date | None = None


class AcceptPartial(Record, frozen=True, kw_only=True, rename=None):
    """One `[[accept_partial]]`: an open region that the operator accepts by name."""

    gap: str
    """A gap tag as `plan` and `coverage` print it, such as `location:trusted`."""
    reason: str
    expires: date
    decided_by: str | None = None
    """Who decided it; stands in plan and report."""
    since: date | None = None


class AcceptCaught(Record, frozen=True, kw_only=True, rename=None):
    """One `[[accept_caught]]`: somebody who is not MFA capable, or would be blocked, and is accepted by name."""

    user: str
    reason: str
    expires: date
    decided_by: str | None = None
    """Who decided it; stands in plan and report."""
    since: date | None = None


class LimitConfig(Record, frozen=True, kw_only=True, rename=None):
    """`[limits]`."""

    max_users: str | int | None = None
    max_newly_required: int | None = None
    """None means 0."""
    max_newly_prompted: int | None = None
    """The former name of max_newly_required."""
    max_not_mfa_capable: int = 0
    max_newly_blocked: int = 0
    max_failures: str | int = "5%"
    plan_max_age: str = "24h"
    readback_timeout: str = "60s"


class CoverageConfig(Record, frozen=True, kw_only=True, rename=None):
    """`[coverage]`."""

    apps: tuple[str, ...] = ()
    """Application ids that matter; empty means every application."""


class TenantSettings(TenantAnswers, frozen=True, kw_only=True, rename=None):
    """`[tenant_settings]`: what no API shows."""

    baseline_scopes: str = "unanswered"
    """`enforced`, `disabled` or `customised:<app id>`, as the portal shows it."""
    baseline_scopes_by: str | None = None
    baseline_scopes_on: date | None = None
    """Who looked at the portal, and when."""

    @property
    def answer(self) -> BaselineScopes | None:
        """Return the answer about baseline scopes; None when there is none, or no such one."""
        setting, _, placeholder = self.baseline_scopes.partition(":")
        customised = setting == BaselineSetting.CUSTOMISED
        is_id = re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", placeholder) is not None
        if setting not in list(BaselineSetting) or customised is not is_id or bool(placeholder) is not customised:
            return None
        return BaselineScopes(
            setting=BaselineSetting(setting),
            placeholder=placeholder.lower() or None,
            said_by=self.baseline_scopes_by,
            said_on=None if self.baseline_scopes_on is None else self.baseline_scopes_on.isoformat(),
        )


class Config(Record, frozen=True, kw_only=True, rename=None):
    """The whole of mfa-migrate.toml."""

    tenant: str | None = None
    cloud: Cloud = Cloud.GLOBAL
    endpoint: str | None = None
    workspace: str | None = None
    output: OutputFormat | None = None
    ca_bundle: str | None = None
    pacing: bool = True
    """False sends as fast as answers come; only for a sandbox that does not throttle."""
    guests: bool = True
    """Whether guests are migrated too."""
    sign_in: SignIn = SignIn()
    emergency_access: EmergencyAccess | None = None
    exclude: tuple[Exclusion, ...] = ()
    accept_partial: tuple[AcceptPartial, ...] = ()
    accept_caught: tuple[AcceptCaught, ...] = ()
    policy: PolicyConfig = PolicyConfig()
    waves: WaveConfig = WaveConfig()
    limits: LimitConfig = LimitConfig()
    coverage: CoverageConfig = CoverageConfig()
    tenant_settings: TenantSettings = TenantSettings()
    sign_ins: SignInConfig = SignInConfig()


def did_you_mean(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else "Known are " + ", ".join(known) + "."


def duration(text: str, key: str) -> timedelta:
    """Return the duration that `text` names: a number and s, m, h or d (`90s`, `24h`, `7d`)."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd])\s*", text)
    if match is None:
        raise ConfigProblem(f"{key} = {text!r} is no duration.", hint="Write a number and s, m, h or d, such as 24h.")
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match[2]]
    return timedelta(**{unit: float(match[1])})


def limits_of(config: Config) -> Limits:
    """Return what the configuration says of how far, how fast and how long."""
    limits = config.limits
    return Limits(
        max_users=None if limits.max_users is None else str(limits.max_users),
        max_newly_required=limits.max_newly_required or limits.max_newly_prompted or 0,
        max_failures=str(limits.max_failures),
        report_only_seconds=int(timedelta(days=config.policy.report_only_days).total_seconds()),
        policy_settle_seconds=int(duration(config.policy.policy_settle, "policy.policy_settle").total_seconds()),
        plan_max_age_seconds=int(duration(limits.plan_max_age, "limits.plan_max_age").total_seconds()),
        readback_timeout_seconds=int(duration(limits.readback_timeout, "limits.readback_timeout").total_seconds()),
        wave_wait_seconds=int(duration(config.waves.minimum_wait, "waves.minimum_wait").total_seconds()),
        max_not_mfa_capable=limits.max_not_mfa_capable,
        max_newly_blocked=limits.max_newly_blocked,
        exit_rule=None if (rule := config.sign_ins.exit_rule.limits) == ExitLimits() else rule,
        wave_gate=config.sign_ins.wave_gate.limits if config.waves.gate else None,
    )


def config_from(text: str, name: str) -> Config:
    """Decode a configuration file.

    Args:
        text: The TOML text.
        name: The file's name, for messages.

    Raises ConfigProblem that names the line, and for an unknown key the nearest right one.
    """
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:  # a number of 5,000 digits and brackets without end are no TOML
        quoted = unquoted_text(str(problem), text)
        hint = f"Texts need quotes: {quoted}" if quoted else "Mend the line and run it again."
        raise ConfigProblem(f"{name} is no valid TOML: {problem}.", hint=hint) from None
    _refuse_strange_parts(data, Config, text, name, ())
    try:
        config = msgspec.convert(data, Config, strict=True)
    except msgspec.ValidationError as problem:
        sentence, _, where = str(problem).partition(" - at ")
        keys = list(re.findall(r"[A-Za-z_]+", where))
        entry = re.search(r"\[(\d+)\]", where)
        line = _line_of(text, keys, entry=int(entry[1]) if entry else None)
        wrong = re.fullmatch(r"Invalid enum value '(.*)'", sentence)
        members = _members_at(keys)
        hint = did_you_mean(wrong[1], members) if wrong and members else HELP
        missing = re.fullmatch(r"Object missing required field `(.*)`", sentence)
        if missing is not None:
            said = missing_key(keys, missing[1])
        elif wrong and members:
            said = f"{'.'.join(keys)} does not know {wrong[1]!r}."
        else:
            said = wrong_value(keys, Config, value_at(data, where))
        raise ConfigProblem(f"{name}{line}: {said}", hint=hint) from None
    _check_values(config, text, name)
    return config


def _refuse_strange_parts(
    data: Mapping[str, Any], kind: type[Record], text: str, name: str, above: tuple[str, ...]
) -> None:
    hints = get_type_hints(kind)
    for key, value in data.items():
        if key not in hints:
            known = sorted(hint for hint in hints if not hint.startswith("_"))
            raise ConfigProblem(
                f"{name}{_line_of(text, [*above, key])}: there is no key {'.'.join([*above, key])!r}.",
                hint=belongs(key, Config) or did_you_mean(key, known),
            )
        inner = next((arm for arm in (hints[key], *get_args(hints[key])) if _is_record(arm)), None)
        for each in value if isinstance(value, list) else [value]:
            if inner is not None and isinstance(each, dict):
                _refuse_strange_parts(each, inner, text, name, (*above, key))
            elif isinstance(each, str) and "\0" in each:
                raise ConfigProblem(
                    f"{name}{_line_of(text, [*above, key])}: {'.'.join([*above, key])} holds the sign \\u0000, which "
                    "no name and no path has.",
                    hint="Write it without that sign.",
                )


def _members_at(keys: list[str]) -> list[str]:
    """Return the values that a key may have where it takes one of a few; empty for any other key."""
    kind: Any = Config
    for key in keys:
        arms = get_type_hints(kind).get(key) if _is_record(kind) else None
        kind = next((arm for arm in (arms, *get_args(arms)) if _is_record(arm) or _is_enum(arm)), None)
    return [member.value for member in kind] if _is_enum(kind) else []


def _is_enum(kind: object) -> TypeGuard[type[StrEnum]]:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _is_record(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Record)


def _line_of(text: str, keys: list[str], *, entry: int | None = None) -> str:
    """Return `, line N` for a key below its tables; empty when it cannot be found.

    `entry` counts the tables of the same name, from 0, where there are several: `[[exclude]]`.
    """
    if not keys:
        return ""
    *tables, key = keys
    dotted = r"\s*\.\s*".join(rf"[\"']?{re.escape(name)}[\"']?" for name in keys)
    inline = rf"\s*{re.escape(tables[0])}\s*=.*\b{re.escape(key)}\b" if tables else r"(?!)"
    inside, seen = not tables, -1
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([A-Za-z0-9_.\-\" ]+?)\s*\]+", line)
        if header is not None:
            path = [part.strip(' "') for part in header[1].split(".")]
            if path == keys:
                return f", line {number}"
            seen += path == tables
            inside = path == tables and entry in (None, seen)
        elif inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
            return f", line {number}"
        if re.match(rf"\s*{dotted}\s*=", line) or re.match(inline, line):
            return f", line {number}"
    return ""


def _check_values(config: Config, text: str, name: str) -> None:
    """Refuse values that have the right type and make no sense."""

    def refuse(keys: list[str], sentence: str) -> ConfigProblem:
        return ConfigProblem(f"{name}{_line_of(text, keys)}: {sentence}", hint=HELP)

    for keys, sentence in (
        *wave_troubles(config.waves),
        *troubles(config.policy),
        *sign_in_troubles(config.sign_ins),
        *answer_troubles(config.tenant_settings),
    ):
        raise refuse(keys, sentence)
    if config.tenant_settings.answer is None:
        raise refuse(
            ["tenant_settings", "baseline_scopes"],
            "tenant_settings.baseline_scopes must be `enforced`, `disabled` or `customised:<application id>`, "
            f"not {config.tenant_settings.baseline_scopes!r}.",
        )
    access = config.emergency_access
    if access is not None and bool(access.accounts) == (access.none is not None):
        raise refuse(["emergency_access"], 'emergency_access takes either accounts or none = "reason".')
    for keys, value in (
        (["policy", "policy_settle"], config.policy.policy_settle),
        (["waves", "minimum_wait"], config.waves.minimum_wait),
        (["limits", "plan_max_age"], config.limits.plan_max_age),
        (["limits", "readback_timeout"], config.limits.readback_timeout),
    ):
        try:
            duration(value, ".".join(keys))
        except ConfigProblem as problem:
            raise refuse(keys, problem.what) from None
    for keys, limit in (
        (["limits", "max_users"], config.limits.max_users),
        (["limits", "max_failures"], config.limits.max_failures),
    ):
        if limit is not None:
            try:
                count_or_percent(limit, 100, ".".join(keys))
            except UsageProblem as problem:
                raise refuse(keys, problem.what) from None
    for key in ("max_newly_required", "max_newly_prompted", "max_not_mfa_capable", "max_newly_blocked"):
        if (getattr(config.limits, key) or 0) < 0:
            raise refuse(["limits", key], f"limits.{key} cannot be negative.")
    if config.limits.max_newly_required is not None and config.limits.max_newly_prompted is not None:
        raise refuse(
            ["limits", "max_newly_prompted"],
            "limits.max_newly_prompted is the former name of limits.max_newly_required, and both are there.",
        )
    if config.endpoint is not None:
        sandbox_address(config.endpoint)
