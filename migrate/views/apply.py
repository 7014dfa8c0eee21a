"""What `apply` and `rollback` print at the end: where the run stands, the counts, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from migrate.model.instants import iso_utc
from migrate.model.plan import BASELINE_ANSWER_NOTE, PlanHeader
from migrate.model.run import RunResult
from migrate.model.words import counted
from migrate.views.screen import Answer, styled

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
) -> Answer:
    """Return the answer for a run of `apply` or `rollback`.

    `again` is what goes on with it, where the bare command would do something else; `way_back` is what undoes it;
    `put_back` are the users of this run whom a later one set to something else.
    """
    counts = dict(sorted(result.outcomes.items()))

    waiting = result.waiting

    def lines() -> Iterator[Any]:
        yield from result.rehearsal
        yield styled(_ending(result, command, again or command), "bold")
        if result.sentence:
            yield result.sentence
        yield from (styled(kept, "yellow") for kept in result.policies_kept)
        if result.is_through and header.policy_steps:
            steps = len(header.policy_steps)
            yield f"Policies: {steps - len(result.policies_kept)} of {counted(steps, 'step')} carried out"
        nobody = "none" if result.is_through else "none touched yet"
        yield f"Users: {', '.join(f'{count} {name}' for name, count in counts.items()) or nobody}"
        if any(counts.get(name) for name in ("failed", "skipped", "unconfirmed")):
            yield "Who was not done, and why: `mfa-migrate audit export`, columns Outcome and Reason."
        if put_back:
            yield f"{put_back} of them were put back since and stay as they are; `export` and `plan` plan them anew."
        # To undo a rollback is a rollback, too, and switches people off.
        if command == "rollback" and result.outcomes and header.counts.get("disable", 0) < header.users_to_change:
            yield RE_ENABLED
        if command == "apply" and (result.outcomes or header.policy_steps) and not result.rehearsal:
            yield f"Way back: {way_back}"
        if command == "apply" and result.is_through and not result.rehearsal:
            yield "Next: mfa-migrate verify, then mfa-migrate audit export"

    return Answer(
        kind=command,
        document={
            "planDigest": header.digest,
            "endpoint": header.endpoint,
            "ending": result.ending,
            "outcomes": counts,
            "waitingFor": waiting.what if waiting else None,
            "waitingUntil": iso_utc(result.waiting_until) if result.waiting_until else None,
            "sentence": result.sentence or None,
            "policiesKept": result.policies_kept,
            "rehearsal": result.rehearsal,
            "wayBack": way_back if command == "apply" else None,
        },
        columns=("Outcome", "Users"),
        rows=lambda: ((name, str(count)) for name, count in counts.items()),
        lines=lines,
        long_lists=("rehearsal",),
    )


def apply_question(header: PlanHeader, *, only_wave: int | None, until: str | None, way_back: str) -> Iterator[str]:
    """Yield what `apply` will do, for the person who is asked; `only_wave` and `until` as on the command line."""
    yield f"Tenant:   {header.tenant_name} ({header.tenant_domain}, {header.tenant_id})"
    yield f"Cloud:    {header.cloud}" + (f", SANDBOX {header.endpoint}" if header.endpoint else "")
    yield f"Policies: {counted(len(header.policy_steps), 'step')}"
    waves = counted(sum(wave.users > 0 for wave in header.waves), "wave")
    yield f"Users:    {header.users_to_change} of {header.total_users} are switched off in {waves}"
    # How far this command goes, where that is not to the end of the plan.
    users = header.users_within(only_wave=only_wave, until=until)
    if only_wave is not None:
        yield f"Now only: wave {only_wave}, {users} of these users"
    elif until is not None:
        yield f"Now only: up to {until}, {users} of these users"
    yield from (f"Look now: {note.sentence}" for note in header.notes if note.code == BASELINE_ANSWER_NOTE)
    yield f"Way back: {way_back} (files rollback.csv and rollback.json)"


def rollback_question(header: PlanHeader) -> Iterator[str]:
    """Yield what `rollback` will do, for the person who is asked."""
    yield f"Tenant:   {header.tenant_name} ({header.tenant_domain}, {header.tenant_id})"
    yield f"Users:    {header.total_users} are put back; those who are as before already are left alone"
    yield f"Policies: {len(header.policy_steps)} steps, once everybody is restored"
    yield "Ends the sessions of users who are enabled or enforced again, within minutes."


def _ending(result: RunResult, command: str, again: str) -> str:
    if result.waiting is not None:
        stay = ", or add --wait" if command == "apply" else ""
        return f"Waiting: {result.waiting}. Run `mfa-migrate {again}` again then{stay}."
    return {
        "done": f"The {command} is through.",
        "stopped here": f"Stopped as asked. Go on with `mfa-migrate {again}`.",
        "paused": f"Paused. Remove the file `pause`, then go on with `mfa-migrate {again}`.",
        "limit": "Stopped by --max-failures.",
        "interrupted": f"Interrupted. Go on with `mfa-migrate {again}`.",
        "rehearsed": "Rehearsal: nothing was sent.",
    }[result.ending]
