"""What `status` prints of the tenant as a whole: how far the migration is, what is so now, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from migrate.model.evidence import PolicyState
from migrate.model.impact import PolicyImpact
from migrate.model.instants import minute_utc
from migrate.model.journal import Outcome
from migrate.model.now import Now, PolicyNow
from migrate.model.plan import PlanHeader
from migrate.model.reasons import Why
from migrate.model.record import Record
from migrate.model.run import RunStanding
from migrate.model.snapshot import SnapshotHeader
from migrate.model.words import counted
from migrate.views.export import STATES
from migrate.views.moments import said_moment
from migrate.views.older_copy import unaccounted_words
from migrate.views.onward import next_step, onward
from migrate.views.policy_steps import STATES as STATES_OF_POLICIES
from migrate.views.policy_steps import required_words
from migrate.views.screen import Answer, styled
from migrate.views.tables import table

BAR = 20
"""Signs of the bar."""
NAMES = 3
"""How many of a list are named; the JSON document has all of them."""
_UNKNOWN = "unreadable"
"""How `SnapshotHeader.counts` calls a state that is not known."""


class Dashboard(Record, frozen=True, kw_only=True):
    """What is known of the tenant as a whole."""

    snapshot: SnapshotHeader
    now: Now
    counts: Mapping[str, int]
    """Users by state and type now, keys such as `enforced/member`."""
    standing: RunStanding | None
    """None where nothing was begun."""
    planned: PlanHeader | None
    """Whether a plan lies in the folder."""
    back_on: tuple[str, ...] = ()
    """With --live, who has per-user MFA again although this tool disabled it, by user principal name."""
    unaccounted: tuple[str, ...] = ()
    """With --live, who is disabled as a plan meant it although no book says that it was done from here."""
    in_use_by: str = ""
    """Who holds the folder at this moment; empty where nobody does."""


def dashboard_answer(board: Dashboard) -> Answer:
    """Return the answer for the tenant as a whole."""
    kinds = sorted({key.partition("/")[2] for key in board.counts})

    def rows() -> Iterator[tuple[str, ...]]:
        for state in STATES:
            numbers = [board.counts.get(f"{state}/{kind}", 0) for kind in kinds]
            if any(numbers):
                shown = "unknown" if state == _UNKNOWN else state
                yield (shown, *(str(number) for number in numbers), str(sum(numbers)))

    def lines() -> Iterator[Any]:
        organization = board.snapshot.organization
        yield f"{organization.display_name} ({organization.default_domain})"
        yield f"As of: {said_moment(board.now.moment)}"
        yield ""
        if board.standing is not None:
            yield from _run_lines(board.standing)
        if board.back_on:
            yield from _back_on_lines(board.back_on)
        if board.unaccounted:
            yield styled(unaccounted_words(board.unaccounted), "yellow")
            yield ""
        yield table(["Per-user MFA now", *kinds, "Users"], rows())
        yield ""
        impacts = () if board.standing is None else board.standing.impacts
        yield from policy_lines(board.now, impacts)
        yield from _waiting_lines(board)
        yield f"Next: {_next(board)}"

    return Answer(
        kind="status",
        document={
            "snapshot": board.snapshot,
            "asOf": board.now.moment,
            "countsNow": dict(board.counts),
            "policies": [_policy_document(policy) for policy in board.now.policies.values()],
            "run": None if board.standing is None else _standing_document(board.standing),
            "backOn": list(board.back_on) if board.now.moment.live else None,
            "unaccounted": list(board.unaccounted) if board.now.moment.live else None,
            "inUseBy": board.in_use_by or None,
        },
        columns=("PerUserMfaState", *(kind.capitalize() for kind in kinds), "Users"),
        rows=rows,
        lines=lines,
    )


def bar(done: int, of: int) -> str:
    """Return a bar of signs that every terminal has; full only when everything is done."""
    filled = BAR if done >= of else min(BAR - 1, done * BAR // of)
    return "#" * filled + "-" * (BAR - filled)


def progress_line(board: Dashboard) -> str:
    """Return in one line how far a run is and why it waits, for whoever follows it without a terminal."""
    standing = board.standing
    if standing is None:
        return board.in_use_by or "Nothing is at work here."
    done = f"{bar(standing.migrated, standing.planned)} {standing.migrated} of {standing.planned} migrated"
    waits = f"; {waiting}" if (waiting := waiting_words(standing)) else ""
    return f"{done}{progress_details(standing)}{waits}"


def progress_details(standing: RunStanding, *, without: tuple[Outcome, ...] = ()) -> str:
    """Return what stands behind the number of the migrated; empty where there is nothing else."""
    back = f", {standing.put_back} rolled back" if standing.put_back else ""
    unsaid = (Outcome.CONFIRMED, *without)
    others = {name: number for name, number in standing.outcomes.items() if name not in unsaid}
    return f"{back}{f' ({_outcome_counts(others)})' if any(others.values()) else ''}"


def waiting_words(standing: RunStanding) -> str:
    """Return what the run waits for; empty where it does not wait."""
    return "" if standing.waiting_for is None else f"waiting: {standing.waiting_for}"


def _run_lines(standing: RunStanding) -> Iterator[Any]:
    of = standing.planned
    share = 100 if standing.migrated >= of else standing.migrated * 100 // of
    said = "<1%" if standing.migrated and not share else f"{share}%"
    done = f"Migrated {standing.migrated} of {of} ({said})  {bar(standing.migrated, of)}"
    yield styled(f"{done}  rolled back {standing.put_back}  held back {standing.held_back}", "bold")
    back = f"; {standing.put_back} of them rolled back since" if standing.put_back else ""
    touched = _outcome_counts(standing.outcomes)
    yield f"  run {standing.plan_digest[:12]}: {f'{touched}{back}' if touched else 'no user was touched yet'}"
    if standing.held_by:
        yield f"  held back: {_counts(standing.held_by)} (`mfa-migrate show --held`)"
    yield ""


def _back_on_lines(names: Sequence[str]) -> Iterator[Any]:
    more = ", ..." if len(names) > NAMES else ""
    have = counted(len(names), "person whom this tool disabled has", "people whom this tool disabled have")
    yield styled(f"{have} per-user MFA again: {', '.join(names[:NAMES])}{more}", "yellow")
    yield "  (`mfa-migrate verify` tells all of it; `mfa-migrate export` and `plan` plan them anew)"
    yield ""


def _outcome_counts(numbers: Mapping[str, int]) -> str:
    in_the_air = {Outcome.INTENT.value: "sent and not confirmed yet"}
    return _counts({in_the_air.get(name, name): number for name, number in numbers.items()})


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in numbers.items() if number)


def policy_lines(now: Now, impacts: Sequence[PolicyImpact]) -> Iterator[str]:
    """Yield the policies that this tool created or changed, with their state, since when, and whom they require."""
    if not now.policies:
        return
    yield "Policies created or changed by this tool"
    for policy in now.policies.values():
        yield f"  {policy.display_name!r}: {_said_policy(policy)}"
        # A created policy has got an id since it was planned.
        impact = next((one for one in impacts if policy.display_name == one.policy), None)
        if impact is not None and policy.policy_state is PolicyState.ENABLED and policy.doubt is None:
            yield f"    when it was planned, {required_words(impact)}"
    yield ""


def _said_policy(policy: PolicyNow) -> str:
    if policy.doubt is not None:
        return f"not known: {policy.doubt}"
    if policy.left is not None and policy.since:
        found = "not there any more" if policy.deleted else _state_words(policy)
        return f"{found}; this tool left it {STATES_OF_POLICIES[policy.left]} at {minute_utc(policy.since)}"
    if policy.deleted and not policy.since:
        return "not there any more"
    if policy.deleted:
        return f"deleted at {minute_utc(policy.since)}"
    if not policy.since:
        return "not changed: what was sent was refused or left"
    return f"{_state_words(policy)} since {minute_utc(policy.since)}"


def _state_words(policy: PolicyNow) -> str:
    return "not known" if policy.policy_state is None else STATES_OF_POLICIES[policy.policy_state]


def _waiting_lines(board: Dashboard) -> Iterator[str]:
    standing = board.standing
    if board.in_use_by:
        yield f"At work: {board.in_use_by}"
    if standing is None:
        return
    if standing.paused:
        yield "Paused by the file `pause` in the working folder."
    if standing.next_plan is None and standing.waiting_for is not None:
        since = f" since {minute_utc(standing.waiting_since)}" if standing.waiting_since else ""
        if standing.waiting_for.why is Why.STOPPED:
            yield f"Stopped{since}: {standing.waiting_for.words}"
        else:
            yield f"Waiting{since}: {standing.waiting_for}"


def _next(board: Dashboard) -> str:
    """Return the one command that goes on from here."""
    standing = board.standing
    if standing is None:
        return next_step(board.planned) if board.planned else "`mfa-migrate plan`. Nothing has been begun here."
    if board.in_use_by:
        return "wait for that command, or follow it with `mfa-migrate status --watch`."
    if standing.paused:
        return "remove the file `pause`, then `mfa-migrate apply`."
    if standing.next_plan is not None:
        return f"`mfa-migrate apply` begins plan {standing.next_plan[:12]}, which was made since."
    if not standing.closed:
        return f"{_goes_on(standing)}{_stay_so(standing)}"
    if standing.put_back:
        return (
            f"{counted(standing.put_back, 'user is', 'users are')} rolled back; `mfa-migrate export` and "
            "`mfa-migrate plan` plan them anew."
        )
    if standing.held_back:
        return "`mfa-migrate verify`; `mfa-migrate show --held` says who is held back, and why."
    return "`mfa-migrate verify`, then `mfa-migrate audit export`."


def _goes_on(standing: RunStanding) -> str:
    """Return what goes on: after a stop between two waves only as far as the next, and not unseen."""
    if standing.waiting_for is not None or not any(standing.outcomes.values()):
        return "`mfa-migrate apply` goes on."
    return f"`mfa-migrate verify`, then `mfa-migrate {onward(standing.next_wave)}`."


def _stay_so(standing: RunStanding) -> str:
    if not standing.put_back:
        return ""
    stay = counted(standing.put_back, "user is rolled back and stays", "users are rolled back and stay")
    return f" {stay} so until `mfa-migrate export` and a new `mfa-migrate plan`."


def _policy_document(policy: PolicyNow) -> dict[str, Any]:
    return {
        "id": policy.id,
        "displayName": policy.display_name,
        "policyState": None if policy.doubt is not None else policy.policy_state,
        "since": policy.since or None,
        "createdByThisTool": policy.body is not None,
        "deleted": policy.deleted,
        "leftAs": policy.left,
        "doubt": None if policy.doubt is None else str(policy.doubt),
    }


def _standing_document(standing: RunStanding) -> dict[str, Any]:
    waiting_for = None if standing.waiting_for is None else str(standing.waiting_for)
    return {**msgspec.to_builtins(standing), "waitingFor": waiting_for}
