"""What `apply` and `rollback` print at the end: where the run stands, the counts, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from migrate.model.instants import iso_utc
from migrate.model.journal import Outcome
from migrate.model.plan import BASELINE_ANSWER_NOTE, PlanHeader
from migrate.model.run import Ending, RunResult
from migrate.model.who_is_left import BackInPart, WhoIsLeft
from migrate.model.words import counted, first_names
from migrate.views.older_copy import unaccounted_words
from migrate.views.onward import onward
from migrate.views.policy_steps import (
    kept_words,
    outcome_counts,
    outcome_document,
    outcome_lines,
    step_question,
    switches_on,
)
from migrate.views.rehearsal import COLUMNS, found_lines, rehearsal_lines, rehearsed_cells, rehearsed_documents
from migrate.views.screen import Answer, styled

_TRIED_AGAIN = (Outcome.FAILED, Outcome.UNCONFIRMED, Outcome.INTENT)
RE_ENABLED = (
    "Users who are enabled or enforced again are asked for MFA within minutes: their sessions end. A registered user "
    "who was set to enabled may be found enforced; that is Microsoft's documented promotion."
)


def apply_answer(
    header: PlanHeader,
    result: RunResult,
    *,
    command: str,
    again: str | None = None,
    way_back: str = "mfa-migrate rollback",
    put_back: int = 0,
    back_in_part: BackInPart | None = None,
) -> Answer:
    """Return the answer for a run of `apply` or `rollback`.

    `again` is what goes on with it, where the bare command would do something else; `way_back` is what undoes it;
    `put_back` are the users of this run whom a later one set to something else; `back_in_part` is what comes of those
    whom a rollback of a part put back.
    """
    counts = dict(sorted(result.outcomes.items()))
    waiting, rehearsal = result.waiting, result.rehearsal

    def lines() -> Iterator[Any]:
        if rehearsal is not None:
            yield from rehearsal_lines(rehearsal)
        yield styled(_ending(result, command, again or command), "bold")
        if result.sentence:
            yield result.sentence
        yield from outcome_lines(result.policies, header.impacts)
        yield from (styled(kept_words(kept), "yellow") for kept in result.policies_kept)
        if result.unaccounted:
            yield styled(unaccounted_words(result.unaccounted), "yellow")
        if result.is_through and header.policy_steps:
            steps = len(header.policy_steps)
            yield f"Policies: {steps - len(result.policies_kept)} of {counted(steps, 'step')} carried out"
        nobody = "none" if result.is_through else f"none yet ({header.users_to_change} planned)"
        yield f"Users: {', '.join(f'{count} {name}' for name, count in counts.items()) or nobody}"
        if any(counts.get(each) for each in (Outcome.FAILED, Outcome.SKIPPED, Outcome.UNCONFIRMED)):
            yield "Who was not done, and why: `mfa-migrate audit export`, columns Outcome and Reason."
        if put_back:
            stay = counted(
                put_back, "of them is rolled back and stays so", "of them are rolled back and stay as they are"
            )
            yield f"{stay}; `export` and `plan` plan anew."
        # To undo a rollback is a rollback, too, and switches people off.
        if command == "rollback" and result.outcomes and header.counts.get("disable", 0) < header.users_to_change:
            yield RE_ENABLED
        if back_in_part is not None:
            yield from _next_apply(back_in_part)
        elif command == "rollback" and result.is_through and not result.rehearsal:
            yield "Next: mfa-migrate verify"
        if command == "apply" and (result.outcomes or header.policy_steps) and rehearsal is None:
            yield f"Way back: {way_back}"
        if command == "apply" and rehearsal is None:
            yield from _what_now(header, result)

    return Answer(
        kind=command,
        document={
            "planDigest": header.digest,
            "endpoint": header.endpoint,
            "ending": result.ending,
            "outcomes": {**counts, **outcome_counts(result.policies)},
            "policies": [outcome_document(each, header.impacts) for each in result.policies],
            "waitingFor": waiting.what if waiting else None,
            "waitingUntil": iso_utc(result.waiting_until) if result.waiting_until else None,
            "sentence": result.sentence or None,
            "policiesKept": [kept_words(kept) for kept in result.policies_kept],
            "unaccounted": result.unaccounted,
            "rehearsal": [] if rehearsal is None else list(found_lines(rehearsal)),
            "users": [] if rehearsal is None else list(rehearsed_documents(rehearsal)),
            "wayBack": way_back if command == "apply" else None,
        },
        columns=("Outcome", "Users") if rehearsal is None else COLUMNS,
        rows=lambda: (
            ((name, str(count)) for name, count in counts.items()) if rehearsal is None else rehearsed_cells(rehearsal)
        ),
        lines=lines,
        long_lists=("rehearsal", "users", "unaccounted"),
    )


def _what_now(header: PlanHeader, result: RunResult) -> Iterator[str]:
    """Yield what to do after a run: try out what was switched on before anybody rests on it."""
    if result.is_through:
        yield "Next: mfa-migrate verify, then mfa-migrate audit export"
    elif _stopped_at_wave(result):
        yield f"Next: mfa-migrate verify, then mfa-migrate {onward(header.wave_after(_with_outcome(result)))}"
    elif not result.outcomes and any(each.is_done and switches_on(each.step) for each in result.policies):
        yield (
            "Test now, in a private window: a member of the canary wave is asked for MFA, an emergency access account "
            "is not."
        )


def _next_apply(back: BackInPart) -> Iterator[str]:
    """Yield what the next `apply` does with people who were put back."""
    if back.stay:
        yield (
            f"Next: `mfa-migrate apply` leaves {counted(back.stay, 'user')} put back as they are, until "
            "`mfa-migrate export` and a new `mfa-migrate plan`."
        )
    if back.tried_again:
        yield (
            f"`mfa-migrate apply` tries {counted(back.tried_again, 'user')} put back again: no change of theirs was "
            "confirmed before."
        )


def _stopped_at_wave(result: RunResult) -> bool:
    return result.ending is Ending.STOPPED_HERE and bool(result.outcomes)


def _with_outcome(result: RunResult) -> int:
    """Return how many users need not be tried again."""
    return sum(result.outcomes.values()) - sum(result.outcomes[each] for each in _TRIED_AGAIN)


def apply_question(
    header: PlanHeader, left: WhoIsLeft, *, only_wave: int | None, until: str | None, way_back: str
) -> Iterator[str]:
    """Yield what `apply` will do, for the person who is asked.

    `left` is how those stand whom this command reaches; `only_wave` and `until` as on the command line.
    """
    yield f"Tenant:   {header.tenant_name} ({header.tenant_domain}, {header.tenant_id})"
    yield f"Cloud:    {header.cloud}" + (f", a sandbox at {header.endpoint}" if header.endpoint else "")
    if not header.policy_steps:
        yield "Policies: none is created or changed"
    for step in header.policy_steps:
        yield f"Policies: {step_question(step, header.impacts)}"
    waves = counted(sum(wave.users > 0 for wave in header.waves), "wave")
    yield f"Users:    per-user MFA of {header.users_to_change} of {header.total_users} will be disabled in {waves}"
    # How far this command goes, where that is not to the end of the plan.
    first, others = first_names(left.first, left.to_do), _others(left)
    to_do = f"{counted(left.to_do, 'user')} to do ({others})" if others else counted(left.to_do, "user")
    yield f"Now:      {_reach(only_wave, until)}, {to_do}{f': {first}' if first else ''}"
    yield from (f"Look now: {note.sentence}" for note in header.notes if note.code == BASELINE_ANSWER_NOTE)
    yield f"Way back: {way_back} (files rollback.csv and rollback.json)"


def nothing_left(left: WhoIsLeft, *, only_wave: int | None, until: str | None) -> str:
    """Say that `apply` has nothing to send, so that nobody is asked."""
    others = _others(left)
    return f"Nothing is left to do: {_reach(only_wave, until)}{f', {others}' if others else ''}. Nothing will be sent."


def _reach(only_wave: int | None, until: str | None) -> str:
    return f"wave {only_wave}" if only_wave is not None else "all waves" if until is None else f"up to {until}"


def _others(left: WhoIsLeft) -> str:
    """Return who of those within reach will not be touched; empty where there is nobody."""
    stays = "stays as it is" if left.put_back == 1 else "stay as they are"
    said = (
        (left.done, f"{left.done} done before"),
        (left.put_back, f"{left.put_back} rolled back and {stays}"),
        (left.left, f"{left.left} left before"),
    )
    return ", ".join(words for number, words in said if number)


def rollback_question(header: PlanHeader) -> Iterator[str]:
    """Yield what `rollback` will do, for the person who is asked."""
    yield f"Tenant:   {header.tenant_name} ({header.tenant_domain}, {header.tenant_id})"
    yield f"Cloud:    {header.cloud}" + (f", a sandbox at {header.endpoint}" if header.endpoint else "")
    yield f"Users:    {header.total_users} will be rolled back; those who are as before already are left alone"
    if header.policy_steps:
        yield f"Policies: {counted(len(header.policy_steps), 'step')}, once everybody is restored"
    yield "Ends the sessions of users who are enabled or enforced again, within minutes."


def _ending(result: RunResult, command: str, again: str) -> str:
    go_on = f"o on with `mfa-migrate {again}`."
    match result.ending:
        case Ending.DONE:
            return f"The {command} is through."
        case Ending.WAITING:
            stay = ", or add --wait" if command == "apply" else ""
            return f"Waiting: {result.waiting}. Run `mfa-migrate {again}` again then{stay}."
        case Ending.STOPPED_HERE:
            return "Stopped as asked." if _stopped_at_wave(result) else f"Stopped as asked. G{go_on}"
        case Ending.PAUSED:
            return f"Paused. Remove the file `pause`, then g{go_on}"
        case Ending.LIMIT:
            return "Stopped by --max-failures."
        case Ending.INTERRUPTED:
            return f"Interrupted. G{go_on}"
        case Ending.REHEARSED:
            return "Rehearsal: nothing was sent."
        case _:
            assert_never(result.ending)
