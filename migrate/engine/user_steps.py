"""Carry out steps for users in batches of 20: read, prove, intent, write, read back, outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from migrate.decide.guards import Leave, Send, decision_for, needs_proof
from migrate.engine.age import Moment
from migrate.engine.departure import Departure
from migrate.engine.proof import Judged, Proof
from migrate.engine.refusals import Refusals
from migrate.engine.run_parts import RunParts
from migrate.engine.user_outcomes import (
    MAX_ATTEMPTS,
    NOT_SENT,
    Pending,
    intent,
    is_as_asked,
    left_alone,
    not_resent,
    outcome_of,
    settled,
)
from migrate.errors import PermissionMissing, TooSlow
from migrate.model.coverage import Coverage
from migrate.model.instants import iso_utc
from migrate.model.journal import Draft, JournalEntry, Outcome
from migrate.model.reasons import (
    Reason,
    Why,
    reason_of,
)
from migrate.model.replies import StateReading, WriteFate, WriteReply, WriteRequest
from migrate.model.steps import SetMfaState
from migrate.model.users import MfaState
from migrate.model.waits import Waiting, WaitKind

BATCH = 20
"""Items in one Graph batch."""
BACKOFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What reading and proving a few users gave."""

    read_at: Moment
    """When their reading began."""
    steps: Sequence[tuple[SetMfaState, Send | Leave, Judged | None]]

    def pending(self) -> list[Pending]:
        """Return the steps that may be sent."""
        return [
            Pending(step=step, found=decision.found, judged=judged)
            for step, decision, judged in self.steps
            if isinstance(decision, Send)
        ]

    def left(self) -> list[tuple[SetMfaState, Leave]]:
        """Return the steps that must not be sent."""
        return [(step, decision) for step, decision, _ in self.steps if isinstance(decision, Leave)]


@dataclass(frozen=True, kw_only=True)
class Unsettled:
    """A step that was sent, or held back, and has to be sent again as far as is known."""

    item: Pending
    reply: WriteReply


class UserSteps:
    """Carries out `SetMfaState` steps. One user's failure is an outcome, never an exception."""

    def __init__(self, parts: RunParts, proof: Proof) -> None:
        self._parts, self._ages = parts, parts.ages
        self._tenant, self._journal, self._proof = parts.tenant, parts.journal, proof
        self._progress, self._sleep, self._stop, self._new_id = parts.progress, parts.sleep, parts.stop, parts.new_id
        self._told = parts.told
        self._readback_timeout = parts.plan.limits.readback_timeout_seconds
        self._emergency_access = frozenset(parts.terms.emergency_access)
        held = parts.options.tightening
        self._excluded: AbstractSet[str] = frozenset() if held is None else frozenset(held.excluded)
        self._overwrite_drift = parts.options.overwrite_drift
        self._refusals = Refusals()
        self._settling: dict[str, datetime] = {}
        self._tried: AbstractSet[str] = frozenset()
        self._unseen: Mapping[str, str] = {}

    def know_tried(self, user_ids: AbstractSet[str]) -> None:
        """Take in for whom this run has written an intent before: found as asked, the change is presumably ours."""
        self._tried = user_ids

    def know_unseen(self, requested: Mapping[str, str]) -> None:
        """Take in by user what was asked for in any run and could not be read back: it may take effect yet."""
        self._unseen = requested

    def take_settling(self) -> tuple[datetime, int] | None:
        """Return until when how many have to settle who were left since this was last asked; None when nobody has."""
        settling, self._settling = self._settling, {}
        return (max(settling.values()), len(settling)) if settling else None

    def _note_settling(self, left: Iterable[tuple[SetMfaState, Leave]]) -> None:
        self._settling.update({step.user_id: leave.until for step, leave in left if leave.until is not None})

    def lapse(self) -> PermissionMissing | None:
        """Return the failure of the run when user after user is refused in the same way, else None."""
        return self._refusals.lapse()

    async def rehearse(self, steps: Sequence[SetMfaState]) -> list[tuple[SetMfaState, Send | Leave]]:
        """Do all reads and guards and send nothing."""
        return [(step, decision) for step, decision, _ in (await self._decided(steps)).steps]

    async def carry_out(self, steps: Sequence[SetMfaState]) -> list[JournalEntry]:
        """Carry out at most 20 steps; return the outcomes, which are in the journal by then.

        Raises TooSlow when what was read is too old each time that the batch's turn comes.
        """
        decided = await self._decided(steps)
        outcomes = self.leave(decided.left())
        pending, read_at = decided.pending(), decided.read_at
        attempt, too_old = 1, 0
        while pending:
            finished, unsettled = await self._attempt(pending, read_at, attempt)
            self._told(finished)
            outcomes += finished
            if not unsettled:
                break
            # A batch is held back as a whole, and what was not sent counts as no attempt.
            fate = unsettled[0].reply.fate
            too_old = too_old + 1 if fate is WriteFate.STALE else 0
            if too_old > MAX_ATTEMPTS:
                raise self._too_slow()
            if fate is not WriteFate.STALE:
                await self._wait_before_resending(unsettled, attempt)
            read_at = self._ages.now()
            finished, pending = await self._look_again(unsettled, attempt)
            self._told(finished)
            outcomes += finished
            attempt += fate not in NOT_SENT
        return outcomes

    async def _decided(self, steps: Sequence[SetMfaState]) -> Decided:
        if any(map(needs_proof, steps)):
            await self._proof.evidence()  # it may take minutes, and a state that was read before would be as old
        read_at = self._ages.now()
        readings, proofs = await asyncio.gather(self._read(steps), self._prove(steps))
        for step in steps:
            self._refusals.note_reading(readings[step.user_id])
        return Decided(
            read_at=read_at,
            steps=[
                (step, self._decide(step, readings[step.user_id], proofs), proofs.get(step.user_id)) for step in steps
            ],
        )

    def _too_slow(self) -> TooSlow:
        limit = self._parts.freshness.reading_seconds
        return TooSlow(
            f"What was read of {BATCH} users was older than {limit:,.0f} seconds each time they could have been sent, "
            f"{MAX_ATTEMPTS + 1} times running.",
            hint="Run the same command again when Graph or this machine is less busy.",
        )

    def leave(self, left: Sequence[tuple[SetMfaState, Leave]]) -> list[JournalEntry]:
        """Write down why steps are not sent."""
        self._note_settling(left)
        entries = self._journal.append([left_alone(step, decision) for step, decision in left]) if left else []
        self._told(entries)
        return entries

    def _decide(
        self, step: SetMfaState, reading: StateReading, proofs: Mapping[str, Judged], *, is_tried: bool = False
    ) -> Send | Leave:
        decision = decision_for(step, reading, overwrite_drift=self._overwrite_drift)
        if is_as_asked(step, reading) and self._unseen.get(step.user_id, step.after) != step.after:
            # The reading may be older than a change to something else; the last write wins.
            decision = Send(found=decision.found)
        if isinstance(decision, Leave):
            if (is_tried or step.user_id in self._tried) and is_as_asked(step, reading):
                reason = reason_of(Why.FOUND_AFTER_DOUBT)
                return Leave(outcome=Outcome.RECOVERED, found=decision.found, reason=reason)
            return decision
        if step.user_id in self._emergency_access and step.after is MfaState.DISABLED:
            reason = reason_of(Why.EMERGENCY_ACCESS)
            return Leave(outcome=Outcome.SKIPPED, found=decision.found, reason=reason)
        if step.user_id in self._excluded and step.after is MfaState.DISABLED:
            reason = reason_of(Why.EXCLUDED_SINCE)
            return Leave(outcome=Outcome.SKIPPED, found=decision.found, reason=reason)
        if not needs_proof(step):
            return decision
        judged = proofs.get(step.user_id)
        proof = reason_of(Why.NOT_PROVEN) if judged is None else judged.coverage
        if isinstance(proof, Coverage) and self._proof.is_proven(proof):
            if judged is not None and (until := judged.settles_until) is not None:
                reason = reason_of(Why.SETTLING, iso_utc(until))
                return Leave(outcome=Outcome.SKIPPED, found=decision.found, reason=reason, until=until)
            return Send(found=decision.found, rests_on=proof.covered_by_ids)
        reason = reason_of(Why.NOT_COVERED, str(proof) if isinstance(proof, Reason) else proof.summary)
        return Leave(outcome=Outcome.SKIPPED, found=decision.found, reason=reason)

    async def _read(self, steps: Sequence[SetMfaState]) -> dict[str, StateReading]:
        readings = await self._tenant.read_mfa_states([step.user_id for step in steps])
        return {reading.user_id: reading for reading in readings}

    async def _prove(self, steps: Sequence[SetMfaState]) -> dict[str, Judged]:
        wanted = [step.user_id for step in steps if needs_proof(step)]
        return await self._proof.of(wanted) if wanted else {}

    async def _attempt(
        self, pending: Sequence[Pending], read_at: Moment, attempt: int
    ) -> tuple[list[JournalEntry], list[Unsettled]]:
        """Send once; return the outcomes that are settled and what may have to be sent again."""
        requests = [
            WriteRequest(user_id=p.step.user_id, mfa_state=p.step.after, client_request_id=self._new_id())
            for p in pending
        ]
        proofs = [item.judged for item in pending if item.judged is not None]
        departure = Departure(
            self._journal,
            is_due=lambda: self._is_due(read_at, proofs),
            intents=lambda: [intent(p, r, attempt) for p, r in zip(pending, requests, strict=True)],
        )
        answered = await self._tenant.write_mfa_states(requests, may_leave=departure, is_wanted=self._is_wanted)
        replies = {reply.user_id: reply for reply in answered}
        if departure.is_written:
            pending = [replace(item, is_tried=True) for item in pending]
        sent = [Unsettled(item=item, reply=replies[item.step.user_id]) for item in pending]
        if all(reply.fate in NOT_SENT for reply in answered):
            return [], sent
        return self._settle(sent, await self._read_back(pending, replies), attempt)

    def _is_wanted(self) -> bool:
        return not self._stop()

    def _is_due(self, read_at: Moment, proofs: Sequence[Judged]) -> bool:
        """Tell whether a batch may leave: wanted, and read and proven lately enough, where it needs a proof."""
        if self._stop() or self._ages.since(read_at) > self._parts.freshness.reading_seconds:
            return False
        return not proofs or (self._proof.is_fresh() and all(map(self._proof.holds, proofs)))

    def _settle(
        self, sent: Sequence[Unsettled], readings: dict[str, StateReading], attempt: int
    ) -> tuple[list[JournalEntry], list[Unsettled]]:
        drafts: list[Draft] = []
        unsettled: list[Unsettled] = []
        for each in sent:
            draft = settled(each.item, each.reply, readings[each.item.step.user_id], attempt)
            if draft is None:
                unsettled.append(each)
            else:
                self._refusals.note_reply(each.reply)
                drafts.append(draft)
        return self._journal.append(drafts) if drafts else [], unsettled

    async def _look_again(
        self, unsettled: Sequence[Unsettled], attempt: int
    ) -> tuple[list[JournalEntry], list[Pending]]:
        """Read and prove again after the wait: a late write may have taken effect, a policy may have gone.

        After an interrupt nothing is sent any more: what was tried and is still as it was fails, and the next run
        goes on with it.
        """
        if self._stop():
            unsettled = [each for each in unsettled if each.item.is_tried]
        steps = [each.item.step for each in unsettled]
        readings, proofs = await asyncio.gather(self._read(steps), self._prove(steps))
        outcomes, unsettled = self._settle(unsettled, readings, attempt)
        left: list[Draft] = []
        pending: list[Pending] = []
        for each in unsettled:
            step = each.item.step
            match self._decide(step, readings[step.user_id], proofs, is_tried=each.item.is_tried):
                case Send() as decision if self._stop():
                    reason = not_resent(each.reply, reason_of(Why.INTERRUPTED, " again"))
                    left.append(outcome_of(each.item, each.reply, decision.found, Outcome.FAILED, reason, attempt))
                case Send() as decision:
                    pending.append(replace(each.item, found=decision.found, judged=proofs.get(step.user_id)))
                case Leave() as decision:
                    self._note_settling([(step, decision)])
                    reason = not_resent(each.reply, decision.reason)
                    left.append(outcome_of(each.item, each.reply, decision.found, decision.outcome, reason, attempt))
        return [*outcomes, *(self._journal.append(left) if left else [])], pending

    async def _read_back(self, pending: Sequence[Pending], replies: dict[str, WriteReply]) -> dict[str, StateReading]:
        """Read every written user; an accepted write that still reads as before is read again until time is up."""
        readings = await self._read([item.step for item in pending])
        waited, pause = 0.0, 1.0
        while waited < self._readback_timeout and not self._stop():
            late = [
                item.step
                for item in pending
                if replies[item.step.user_id].fate is WriteFate.ACCEPTED
                and not is_as_asked(item.step, readings[item.step.user_id])
            ]
            if not late:
                break
            pause = min(pause, self._readback_timeout - waited)
            self._progress.waiting(Waiting(kind=WaitKind.USERS_SHOW, number=len(late)), pause)
            await self._sleep(pause)
            waited, pause = waited + pause, pause * 2
            readings |= await self._read(late)
        return readings

    async def _wait_before_resending(self, again: Sequence[Unsettled], attempt: int) -> None:
        asked = max(each.reply.retry_after or 0.0 for each in again)
        seconds = max(asked, BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS)) - 1])
        until = self._tenant.server_now() + timedelta(seconds=seconds)
        throttled = any(each.reply.status == 429 or each.reply.fate is WriteFate.HELD for each in again)
        kind = WaitKind.THROTTLED if throttled else WaitKind.BUSY
        waiting = Waiting(kind=kind, name="writes", number=len(again), until=until if throttled else None)
        self._progress.waiting(waiting, seconds)
        while seconds > 0 and not self._stop():
            await self._sleep(min(1.0, seconds))
            seconds -= 1.0
