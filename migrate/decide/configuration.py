"""Compare the configuration of now with the one that a plan was made with: what only tightens is obeyed (law 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from migrate.model.amounts import count_or_percent
from migrate.model.made_with import ConfigDifference, ConfigPart, Tightening
from migrate.model.plan import AcceptedGap, Limits, PlanHeader
from migrate.model.plan_basis import MadeWith
from migrate.model.report_only import ExitLimits
from migrate.model.rules import Rules
from migrate.model.wave_gate import GateLimits


def made_with(rules: Rules, excluded: AbstractSet[str]) -> MadeWith:
    """Return what a plan keeps of its configuration.

    Args:
        rules: With every name resolved.
        excluded: Ids of everybody whom the configuration excludes, those whose exclusion has ended too.
    """
    return MadeWith(
        create=rules.create,
        scope_group=rules.scope_group,
        switch_on=tuple(sorted(rules.switch_on)),
        excluded=tuple(sorted(excluded)),
        guests=rules.guests,
        canary=tuple(sorted(rules.canary)),
        percentages=tuple(map(float, rules.percentages)),
        sync_by_account=rules.sync_by_account,
        waves=tuple(f"{wave.name}: {wave.says}" for wave in rules.waves),
        strength=rules.strength,
        templates=tuple(sorted(wish.words for wish in rules.wishes)),
        policy_exclusions=tuple(sorted(f"{one.by} {one.id}" for one in rules.policy_exclusions)),
    )


def differences(
    plan: PlanHeader, then: MadeWith, rules: Rules, now: MadeWith, name: Callable[[str], str] = str
) -> list[ConfigDifference]:
    """Return each key that says something else now, in the order of the configuration.

    Args:
        plan: The plan, which holds some of the parts.
        then: What else it was made with.
        rules: The configuration of now, resolved.
        now: The same of it as `then`.
        name: Returns how an object is called that is known by its id.
    """
    found = [*_people(plan, then, rules, now, name), *_scope(then, now, name), *_starts(plan, rules)]
    found += _proof(plan, rules)
    return [*found, *_limits(plan.limits, rules.limits, plan.total_users)]


def tightening(plan: PlanHeader, then: MadeWith, rules: Rules) -> Tightening:
    """Return what a run obeys besides its plan. Asked only where every difference tightens."""
    stricter: dict[str, object] = {
        name: getattr(rules.limits, name)
        for _, name, tightens in _LIMITS
        if tightens(getattr(plan.limits, name), getattr(rules.limits, name), plan.total_users)
    }
    if _rule(rules.limits).is_stricter_than(_rule(plan.limits)):
        stricter["exit_rule"] = rules.limits.exit_rule
    if _asks_more_of_waves(plan.limits.wave_gate, rules.limits.wave_gate):
        stricter["wave_gate"] = rules.limits.wave_gate
    apps = plan.apps_that_matter
    if apps is not None:
        apps = None if rules.apps_that_matter is None else tuple(sorted(rules.apps_that_matter))
    return Tightening(
        emergency_access=tuple(sorted(set(rules.emergency_access) - set(plan.emergency_access))),
        excluded=tuple(sorted(set(rules.exclusions) - set(then.excluded))),
        accepted_gaps=tuple(_still_accepted(plan.accepted_gaps, rules.accepted_gaps)),
        apps_that_matter=apps,
        answer_withdrawn=plan.baseline_scopes is not None and not rules.baseline.is_answer,
        limits=msgspec.structs.replace(plan.limits, **stricter),
    )


def _people(
    plan: PlanHeader, then: MadeWith, rules: Rules, now: MadeWith, name: Callable[[str], str]
) -> Iterator[ConfigDifference]:
    for part, before, after in (
        (ConfigPart.EMERGENCY_ACCESS, plan.emergency_access, rules.emergency_access),
        (ConfigPart.EXCLUDE, then.excluded, now.excluded),
    ):
        if removed := set(before) - set(after):
            yield _difference(part, _said(map(name, removed)), "not there any more", tightens=False)
        if added := set(after) - set(before):
            yield _difference(part, "not there", _said(map(name, added)), tightens=True)


def _scope(then: MadeWith, now: MadeWith, name: Callable[[str], str]) -> Iterator[ConfigDifference]:
    for part, before, after in (
        (ConfigPart.GUESTS, str(then.guests).lower(), str(now.guests).lower()),
        (ConfigPart.MODE, _mode(then), _mode(now)),
        (ConfigPart.SCOPE, then.scope_group or "all", now.scope_group or "all"),
        (ConfigPart.STRENGTH, then.strength or "MFA", now.strength or "MFA"),
        (ConfigPart.TEMPLATE, _said(then.templates), _said(now.templates)),
        (ConfigPart.POLICY_EXCLUDE, _said(then.policy_exclusions), _said(now.policy_exclusions)),
        (ConfigPart.DIRECTORY_SYNC, _sync(then), _sync(now)),
        (ConfigPart.SWITCH_ON, _said(then.switch_on), _said(now.switch_on)),
        (ConfigPart.CANARY, _said(map(name, then.canary)), _said(map(name, now.canary))),
        (ConfigPart.WAVES, _in_order(then.waves), _in_order(now.waves)),
        (ConfigPart.PERCENTAGES, _numbers(then.percentages), _numbers(now.percentages)),
    ):
        if before != after:
            yield _difference(part, before, after, tightens=False)


def _starts(plan: PlanHeader, rules: Rules) -> Iterator[ConfigDifference]:
    if rules.waves:
        return  # they stand in the waves themselves
    then = {wave.number: wave.not_before for wave in plan.waves if wave.not_before}
    before, after = _said(map(_start, then.items())), _said(map(_start, rules.not_before))
    if before != after:
        yield _difference(ConfigPart.WAVE_START, before, after, tightens=False)


def _start(start: tuple[int, str]) -> str:
    return f"wave {start[0]} not before {start[1]}"


def _proof(plan: PlanHeader, rules: Rules) -> Iterator[ConfigDifference]:
    """Yield what bears on the proof: accepting less, asking of more applications and answering nothing tighten."""
    before, after = {gap.tag: gap for gap in plan.accepted_gaps}, {gap.tag: gap for gap in rules.accepted_gaps}
    for tag in sorted({*before, *after}):
        was, is_ = before.get(tag), after.get(tag)
        if was is None or is_ is None or was.expires != is_.expires:
            shorter = is_ is None or (was is not None and is_.expires < was.expires)
            yield _difference(ConfigPart.ACCEPT_PARTIAL, _gap(tag, was), _gap(tag, is_), tightens=shorter)
    apps = None if plan.apps_that_matter is None else frozenset(plan.apps_that_matter)
    if apps != rules.apps_that_matter:
        more = apps is not None and (rules.apps_that_matter is None or apps < rules.apps_that_matter)
        said = [_said(named) if named is not None else "every application" for named in (apps, rules.apps_that_matter)]
        yield _difference(ConfigPart.APPS, *said, tightens=more)
    then, now = plan.baseline_scopes, rules.baseline if rules.baseline.is_answer else None
    if (then and (then.setting, then.placeholder)) != (now and (now.setting, now.placeholder)):
        answers = [answer.words if answer is not None else "unanswered" for answer in (then, now)]
        yield _difference(ConfigPart.BASELINE_SCOPES, *answers, tightens=now is None)


def _limits(then: Limits, now: Limits, users: int) -> Iterator[ConfigDifference]:
    for part, name, tightens in _LIMITS:
        before, after = getattr(then, name), getattr(now, name)
        if before != after:
            yield _difference(part, _limit(before), _limit(after), tightens=tightens(before, after, users))
    before, after = _rule(then), _rule(now)
    if before != after:
        yield _difference(ConfigPart.EXIT_RULE, *_changed(before, after), tightens=after.is_stricter_than(before))
    yield from _gate(then.wave_gate, now.wave_gate)


def _gate(then: GateLimits | None, now: GateLimits | None) -> Iterator[ConfigDifference]:
    """Yield what the waves are asked; numbers that nobody asked for before are none that were loosened."""
    stricter = _asks_more_of_waves(then, now)
    if then is None or now is None:
        if then is not now:
            yield _difference(ConfigPart.GATE, _flag(then), _flag(now), tightens=stricter)
    elif then != now:
        yield _difference(ConfigPart.WAVE_GATE, *_changed(then, now), tightens=stricter)


def _asks_more_of_waves(then: GateLimits | None, now: GateLimits | None) -> bool:
    return now is not None and (then is None or now.is_stricter_than(then))


def _flag(gate: GateLimits | None) -> str:
    return "false" if gate is None else "true"


def _changed(then: ExitLimits | GateLimits, now: ExitLimits | GateLimits) -> list[str]:
    """Return the numbers that differ, as they were and as they are."""
    names = [name for name in then.__struct_fields__ if getattr(then, name) != getattr(now, name)]
    return [", ".join(f"{name} {getattr(rule, name):g}" for name in names) for rule in (then, now)]


def _less(then: str | int | None, now: str | int | None, users: int) -> bool:
    """Tell whether fewer are allowed now; no limit allows most."""
    if now is None or then is None:
        return then is None and now is not None
    return count_or_percent(now, users, "now") <= count_or_percent(then, users, "then") and now != then


def _longer(then: int, now: int, _: int) -> bool:
    return now > then


def _shorter(then: int, now: int, _: int) -> bool:
    return now < then


_LIMITS: Sequence[tuple[ConfigPart, str, Callable[..., bool]]] = (
    (ConfigPart.MAX_USERS, "max_users", _less),
    (ConfigPart.MAX_NEWLY_REQUIRED, "max_newly_required", _shorter),
    (ConfigPart.MAX_NOT_MFA_CAPABLE, "max_not_mfa_capable", _shorter),
    (ConfigPart.MAX_NEWLY_BLOCKED, "max_newly_blocked", _shorter),
    (ConfigPart.MAX_FAILURES, "max_failures", _less),
    (ConfigPart.PLAN_MAX_AGE, "plan_max_age_seconds", _shorter),
    (ConfigPart.REPORT_ONLY, "report_only_seconds", _longer),
    (ConfigPart.SETTLE, "policy_settle_seconds", _longer),
    (ConfigPart.WAVE_WAIT, "wave_wait_seconds", _longer),
)
"""Each limit with its key and what makes it stricter. How long a read-back may take guards nobody."""


def _still_accepted(then: Sequence[AcceptedGap], now: Sequence[AcceptedGap]) -> Iterator[AcceptedGap]:
    ends = {gap.tag: gap.expires for gap in now}
    for gap in then:
        if gap.tag in ends:
            yield msgspec.structs.replace(gap, expires=min(gap.expires, ends[gap.tag]))


def _difference(part: ConfigPart, then: str, now: str, *, tightens: bool) -> ConfigDifference:
    return ConfigDifference(part=part, then=then, now=now, tightens=tightens)


def _said(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _in_order(waves: Sequence[str]) -> str:
    return ", then ".join(waves) or "canary and percentages"


def _numbers(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


def _mode(made: MadeWith) -> str:
    return "create" if made.create else "adopt"


def _sync(made: MadeWith) -> str:
    return "by account" if made.sync_by_account else "by role"


def _gap(tag: str, gap: AcceptedGap | None) -> str:
    return f"{tag} until {gap.expires}" if gap is not None else f"{tag} not accepted"


def _rule(limits: Limits) -> ExitLimits:
    return limits.exit_rule or ExitLimits()


def _limit(value: str | int | None) -> str:
    return "no limit" if value is None else str(value)
