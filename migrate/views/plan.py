"""What `plan` and `show` print: Terraform's signs, the waves, who is held back and why, and a closing count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, assert_never

from migrate.model.advice import Advice
from migrate.model.cells import PLAN_COLUMNS, plan_cells, reason_cell
from migrate.model.evidence import PolicyState
from migrate.model.impact import Caught, PolicyImpact
from migrate.model.instants import minute_utc
from migrate.model.plan import PlanAction, PlanHeader, PlanRow, Severity, Wave
from migrate.model.policy_scope import SetPolicyScope, change_of, users_of
from migrate.model.record import JsonObject
from migrate.model.steps import CreatePolicy, DeletePolicy, PolicyStep, SetPolicyState
from migrate.model.words import counted
from migrate.views.advise import lines_in_plan
from migrate.views.held_back import everybody_held_lines, held_back_lines
from migrate.views.onward import next_step
from migrate.views.screen import Answer, styled
from migrate.views.tables import table


def plan_answer(
    header: PlanHeader,
    rows: Callable[[], Iterable[PlanRow]],
    path: Path,
    *,
    advice: Advice | None = None,
    bodies: bool = False,
) -> Answer:
    """Return the answer for a plan.

    Args:
        header: The plan's header.
        rows: Yields all rows.
        path: plan.csv.
        advice: What would cover people who are held back because they are not covered.
        bodies: Show in the table what is sent to create a policy, or to change whom it is for.
    """
    return Answer(
        kind="plan",
        document={"digest": header.digest, **_document(header)},
        columns=PLAN_COLUMNS,
        rows=lambda: map(plan_cells, rows()),
        lines=lambda: _lines(header, rows, path, advice, bodies),
    )


def _document(header: PlanHeader) -> dict[str, Any]:
    import msgspec

    return dict(msgspec.to_builtins(header))


def _row_document(row: PlanRow) -> dict[str, str]:
    """Return a row with the columns of plan.csv as keys."""
    return {name[:1].lower() + name[1:]: cell for name, cell in zip(PLAN_COLUMNS, plan_cells(row), strict=True)}


def sign_of(row: PlanRow) -> tuple[str, str]:
    """Return the sign of a row and its style."""
    match row.action:
        case PlanAction.DISABLE:
            return "~", "green"
        case PlanAction.HOLD:
            return "!", "yellow"
        case PlanAction.NONE:
            return " ", "dim"
        case _:
            assert_never(row.action)


def _lines(
    header: PlanHeader,
    rows: Callable[[], Iterable[PlanRow]],
    path: Path,
    advice: Advice | None,
    bodies: bool,
) -> Iterator[Any]:
    yield (
        f"Plan {header.digest[:12]} for {header.tenant_name} ({header.tenant_domain}), from the export of "
        f"{minute_utc(header.snapshot_taken_at)}"
    )
    yield "Authentication methods are not touched; nobody has to register again."
    yield ""
    yield from _policy_lines(header, bodies=bodies)
    yield from _name_lines(header)
    yield table(
        ["Wave", "Name", "Users"],
        ((str(wave.number), f"{wave.name}{_begins(wave)}", str(wave.users)) for wave in header.waves),
        title="Waves",
    )
    yield ""
    yield from held_back_lines(rows())
    if advice is not None:
        yield from lines_in_plan(advice)
        yield ""
    for note in header.notes:
        blocks = note.severity is Severity.BLOCKER
        yield styled(
            f"{'BLOCKER' if blocks else 'Warning'} [{note.code}] {note.sentence}", "red" if blocks else "yellow"
        )
    yield f"All rows: {path}"
    yield f"Next: {next_step(header)}"
    yield closing_line(header)


def _name_lines(header: PlanHeader) -> Iterator[str]:
    """Yield what names of the configuration stand for; user principal names stand beside their ids in every row."""
    shown = [one for one in header.names if not one.is_principal_name]
    if shown:
        yield "Names in the configuration, and the ids that this plan goes by"
        yield from (f"  {one.key}: {one.name!r} is {one.kind} {one.id}" for one in shown)
        yield ""


def rows_answer(
    header: PlanHeader,
    rows: Callable[[], Iterable[PlanRow]],
    *,
    by_reason: bool = False,
    named: bool = False,
    wave: int | None = None,
) -> Answer:
    """Return the answer for some rows of a plan, alone.

    `by_reason` where all of them are held back, `named` where people were named, `wave` where it is one.
    """

    def lines() -> Iterator[Any]:
        shown = list(rows())
        if by_reason:
            yield from everybody_held_lines(shown)
        elif named:
            for row in shown:
                yield from _person_lines(row)
        else:
            yield _row_table(shown)
        yield f"{counted(len(shown), 'row')} of plan {header.digest[:12]}"
        if named:
            yield from _people_next(shown)
        elif wave is not None and any(row.action is PlanAction.DISABLE for row in shown):
            rehearse = f"`mfa-migrate apply --what-if --until wave:{wave}` rehearses it"
            yield f"Next: {rehearse}; `mfa-migrate status` says where it stands."

    return Answer(
        kind="plan",
        document={"digest": header.digest, **_document(header), "rows": [_row_document(row) for row in rows()]},
        columns=PLAN_COLUMNS,
        rows=lambda: map(plan_cells, rows()),
        lines=lines,
    )


def _person_lines(row: PlanRow) -> Iterator[Any]:
    """Yield what is planned for one person, which a column beside four others would cut into small pieces."""
    sign, style = sign_of(row)
    match row.action:
        case PlanAction.DISABLE:
            planned = f"to be disabled in wave {row.wave}"
        case PlanAction.HOLD:
            planned = "held back"
        case PlanAction.NONE:
            planned = "nothing to do"
        case _:
            assert_never(row.action)
    yield styled(f"{sign} {row.user_principal_name}  {row.current_state or 'unreadable'}, {planned}", style)
    yield f"    {reason_cell(row)}"


def _people_next(rows: Sequence[PlanRow]) -> Iterator[str]:
    """Yield what one asks next about people of a plan, as it can be typed."""
    if not rows:
        return
    who = rows[0].user_principal_name if len(rows) == 1 else "USER"
    held = any(row.action is PlanAction.HOLD for row in rows)
    why = "what is open, and what would be enough" if held else "why"
    since = f"`mfa-migrate status {who}` what was done since, and how it is now"
    yield f"Next: `mfa-migrate explain {who}` says {why}; {since}."


def _begins(wave: Wave) -> str:
    """Return when a wave may begin, as far as the configuration says."""
    hours = f", between {wave.hours}" if wave.hours else ""
    return f"{hours}, not before {minute_utc(wave.not_before)}" if wave.not_before else hours


def _policy_lines(header: PlanHeader, *, bodies: bool) -> Iterator[Any]:
    if not header.policy_steps:
        yield "Policies: none is created or changed; the users rest on what is enabled already."
        yield ""
        return
    yield "Policies"
    for step in header.policy_steps:
        yield styled(f"  {policy_line(step)}", "green")
        if bodies:
            yield from (f"      {line}" for line in _body_lines(step))
    for prompted in header.newly_prompted:  # of older versions
        yield f"    newly required to use MFA: {prompted.total}, {prompted.outside_plan} outside the plan"
    for impact in header.impacts:
        yield from _impact_lines(impact)
    if header.mfa_by_neither:
        yield f"    left out, and MFA by neither way: {len(header.mfa_by_neither)}, each by name in plan.json"
    yield ""


_NUMBERS = {
    Caught.NEWLY_REQUIRED: "newly required to use MFA",
    Caught.REQUIRED_ALREADY: "required already",
    Caught.ENABLED_WITHOUT_METHOD: "enabled without a method",
    Caught.GUEST: "guests newly required",
    Caught.DISABLED: "disabled accounts",
    Caught.NOT_CAPABLE: "not MFA capable",
    Caught.CAPABLE_UNKNOWN: "MFA capable unknown",
    Caught.NEWLY_BLOCKED: "newly blocked",
    Caught.MAYBE_BLOCKED: "perhaps newly blocked",
    Caught.ACCEPTED: "accepted by name",
}
_ALWAYS = (Caught.NEWLY_REQUIRED, Caught.REQUIRED_ALREADY, Caught.NOT_CAPABLE)
"""Numbers that are shown also where they are 0."""


def _impact_lines(impact: PolicyImpact) -> Iterator[str]:
    """Yield whom a policy catches. That nobody is known to be blocked is not that nobody is."""
    shown = (
        f"{words}: {impact.number(caught)}"
        for caught, words in _NUMBERS.items()
        if caught in _ALWAYS or impact.number(caught)
    )
    seen, unseen = impact.number(Caught.SEEN), impact.number(Caught.NOT_SEEN)
    known = f"from the log of {seen} of {seen + unseen} people" if impact.log_was_read else "unknown"
    yield f"    {impact.policy!r} catches: {', '.join(shown)}; sign-ins newly blocked: {known}"


def policy_line(step: PolicyStep) -> str:
    """Return one policy step with its sign."""
    match step:
        case CreatePolicy():
            state = _shown(PolicyState(step.body.get("state", PolicyState.REPORT_ONLY.value)))
            return f"+ create {step.display_name!r}, {state} ({step.because})"
        case SetPolicyState():
            return f"~ {step.display_name!r}: {_shown(step.before)} -> {_shown(step.after)} ({step.because})"
        case SetPolicyScope():
            before, after = (_scope(body, asks=_asks(body, step)) for body in (step.before, step.after))
            return f"~ {step.display_name!r}: {before} -> {after} ({step.because})"
        case DeletePolicy():
            return f"- delete {step.display_name!r} ({step.because})"
        case _:
            assert_never(step)


def _body_lines(step: PolicyStep) -> list[str]:
    import json

    match step:
        case CreatePolicy():
            sent = step.body
        case SetPolicyScope():
            sent = change_of(step)
        case SetPolicyState():
            sent = {"state": step.after.value}
        case DeletePolicy():
            return []
        case _:
            assert_never(step)
    return json.dumps(sent, indent=2, ensure_ascii=False).splitlines()


def _scope(body: JsonObject, *, asks: str = "") -> str:
    """Return whom a policy is for, in a few words, and what it asks where that is to be said."""
    users = users_of(body)
    groups = [str(one) for one in users.get("includeGroups") or ()]
    people = [str(one) for one in users.get("includeUsers") or ()]
    named = "all users" if "All" in people else counted(len(people), "user") if people else ""
    included = [named, *(f"group {one}" for one in groups)]
    excluded = sum(len(users.get(name) or ()) for name in ("excludeUsers", "excludeGroups", "excludeRoles"))
    return f"{' and '.join(each for each in included if each) or 'nobody'}, {excluded} excluded{asks}"


def _asks(body: JsonObject, step: SetPolicyScope) -> str:
    strength = (body.get("grantControls") or {}).get("authenticationStrength") or {}
    if not step.asks_otherwise:
        return ""
    return f", {strength.get('displayName') or strength.get('id')!r}" if strength else ", MFA"


def _shown(state: PolicyState) -> str:
    return "report-only" if state is PolicyState.REPORT_ONLY else state.value


def _row_table(rows: Iterable[PlanRow]) -> Any:
    return table(
        ["", "User", "State", "Wave", "Action", "Reason"],
        (
            (
                sign_of(row)[0],
                row.user_principal_name,
                row.current_state or "unreadable",
                "" if row.wave is None else str(row.wave),
                row.action,
                reason_cell(row),
            )
            for row in rows
        ),
    )


def closing_line(header: PlanHeader) -> str:
    """Return the closing count, as Terraform prints it."""
    creates = sum(isinstance(step, CreatePolicy) for step in header.policy_steps)
    switches = sum(isinstance(step, SetPolicyState) for step in header.policy_steps)
    rescoped = [step for step in header.policy_steps if isinstance(step, SetPolicyScope)]
    stronger = sum(step.asks_otherwise and not step.reaches_more and not step.reaches_fewer for step in rescoped)
    widened = len(rescoped) - stronger
    held = header.held_by
    unknown = held.get("unknown", 0) + held.get("unreadable", 0)
    return (
        f"Plan: {counted(creates, 'policy', 'policies')} to create, {switches} to switch on, "
        f"{f'{widened} to be for others, ' if widened else ''}{f'{stronger} to ask otherwise, ' if stronger else ''}"
        f"{counted(header.users_to_change, 'user')} to disable, {sum(held.values()) - unknown} held back, "
        f"{unknown} unknown, {header.counts.get('none', 0)} off already."
    )
