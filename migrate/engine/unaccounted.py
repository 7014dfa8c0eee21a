"""People who may be off although no book says that it was done from here: in an older copy of a folder nobody knows.

Every migration of the folder tells whom it meant to disable. Whoever of them this run does not put back is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from migrate.decide.guards import Leave
from migrate.engine.run_parts import RunParts
from migrate.errors import Guarded
from migrate.model.journal import Operation, Outcome
from migrate.model.plan import PlanKind, Wave
from migrate.model.reasons import Why
from migrate.model.steps import SetMfaState
from migrate.model.users import MfaState

CHUNK = 500
SAMPLE = 5


class Unaccounted:
    """Those of the folder's plans who are read as off, or cannot be read, and whom this run does not put back."""

    def __init__(self, parts: RunParts) -> None:
        self._parts = parts
        self._off: list[SetMfaState] | None = None

    async def off(self) -> list[SetMfaState]:
        """Return them; they are read once, since this run sends nothing for any of them."""
        if self._off is None:
            self._off = await self._read()
        return self._off

    @property
    def names(self) -> list[str]:
        """Return their names, as far as they were read."""
        return [step.user_principal_name for step in self._off or ()]

    async def _read(self) -> list[SetMfaState]:
        parts, rest, done = self._parts, self._others(), 0
        found: list[SetMfaState] = []
        while chunk := list(islice(rest, CHUNK)):
            readings = await parts.tenant.read_mfa_states([step.user_id for step in chunk])
            found += [step for step, reading in zip(chunk, readings, strict=True) if reading.may_be_off]
            done += len(chunk)
            parts.progress.advance(done, None, "Reading who else was planned")
        return found

    def _others(self) -> Iterator[SetMfaState]:
        parts = self._parts
        # Whom a run puts back is read back by itself; whom a migration is yet to disable may be off all the same.
        own = iter(()) if parts.plan.kind is PlanKind.MIGRATE else parts.steps()
        seen = {step.user_id for step in own}
        for step in parts.also_planned():
            if step.user_id not in seen:
                seen.add(step.user_id)
                yield step


def refuse_older_copy(parts: RunParts, wave: Wave, left: Sequence[tuple[SetMfaState, Leave]], limit: int) -> None:
    """Raise Guarded where more people of a wave than `limit` are off already, and no book says that we did it.

    Args:
        parts: Of the run.
        wave: Which nothing was sent for yet.
        left: Those of the wave who are to be left alone, with the reason.
        limit: How many somebody else may have disabled since the plan was made.
    """
    off = {
        step.user_id: step.user_principal_name
        for step, leave in left
        if leave.why is Why.NOTHING_TO_DO and leave.found == step.after == MfaState.DISABLED
    }
    if len(off) <= limit or parts.plan.kind is not PlanKind.MIGRATE:
        return
    changes = parts.journal.entries(operation=Operation.SET_MFA_STATE)
    known = {entry.object_id for entry in changes if entry.outcome is not Outcome.SKIPPED}
    known.update(row.user_id for row in parts.rollback_files.kept_rows())
    names = [name for user_id, name in off.items() if user_id not in known]
    if len(names) > limit:
        raise Guarded(
            f"{len(names)} users of wave {wave.number} ({wave.name}) are disabled already, and no book of this folder "
            f"says that it was done from here ({', '.join(names[:SAMPLE])}): the folder may be an older copy.",
            hint="Either bring back the newer folder, or put everybody back with `mfa-migrate rollback "
            "--overwrite-drift`. Where somebody else disabled them, run `mfa-migrate export` and `mfa-migrate plan "
            "--supersede`.",
        )
