"""What `--what-if` found, in words: how each policy step stands, and in each wave who would be sent and who not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from migrate.model.instants import minute_utc
from migrate.model.rehearsal import Rehearsal, RehearsedStep, RehearsedWave
from migrate.model.words import some_of
from migrate.views.policy_steps import said_of, sign_of

SHOWN = 5
"""How many people of each wave a screen names."""
COLUMNS = ("ObjectId", "UserPrincipalName", "Wave", "Action", "Reason")


def rehearsal_lines(rehearsal: Rehearsal) -> Iterator[str]:
    """Yield what was found, and below it the first of those who would be sent in each wave."""
    yield from found_lines(rehearsal)
    for wave in rehearsal.waves:
        if names := [user.user_principal_name for user in wave.sent]:
            yield f"Wave {wave.number} would be sent: {some_of(names, SHOWN)}"
    if any(len(wave.sent) > SHOWN for wave in rehearsal.waves):
        yield "All of them: the same command with `-o csv`."


def found_lines(rehearsal: Rehearsal) -> Iterator[str]:
    """Yield a line for each policy step, for what has to settle, for each wave and for whoever is left alone."""
    yield from map(_step_line, rehearsal.steps)
    if rehearsal.waiting is not None and rehearsal.waiting.until is not None:
        yield f"  waits   until {minute_utc(rehearsal.waiting.until)}: {rehearsal.waiting.what}"
    for wave in rehearsal.waves:
        yield _wave_line(wave)
        yield from (f"  ! {user.user_principal_name}: {user.left_alone}" for user in wave.left_alone)


def _step_line(each: RehearsedStep) -> str:
    return f"{'  done   ' if each.is_done else f'{sign_of(each.step)} policy '} {said_of(each.step)}"


def _wave_line(wave: RehearsedWave) -> str:
    before = wave.before
    counts = f"{len(wave.sent)} would be sent, {len(wave.left_alone)} left alone, {before.done} done before"
    if before.put_back:
        counts += f", {before.put_back} rolled back and {'stays' if before.put_back == 1 else 'stay'}"
    if before.left:
        counts += f", {before.left} left before"
    return f"~ wave {wave.number} ({wave.name}): {counts}"


def rehearsed_cells(rehearsal: Rehearsal) -> Iterator[tuple[str, ...]]:
    """Yield a row for everybody, in the order of `COLUMNS`."""
    for wave, user in rehearsal.users:
        action = "send" if user.left_alone is None else "leave"
        yield user.user_id, user.user_principal_name, str(wave), action, str(user.left_alone or "")


def rehearsed_documents(rehearsal: Rehearsal) -> Iterator[dict[str, Any]]:
    """Yield what is said of everybody for programs."""
    for wave, user in rehearsal.users:
        yield {
            "objectId": user.user_id,
            "userPrincipalName": user.user_principal_name,
            "wave": wave,
            "wouldBeSent": user.left_alone is None,
            "reason": None if user.left_alone is None else str(user.left_alone),
        }
