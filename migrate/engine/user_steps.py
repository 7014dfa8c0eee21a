"""Carry out steps for users in batches of 20: read, prove, intent, write, read back, outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from migrate.decide.guards import Leave, Send, decision_for, needs_proof
from migrate.engine.ports import Journal, Progress, Tenant
from migrate.engine.proof import Proof
from migrate.model.coverage import Coverage
from migrate.model.journal import Draft, JournalEntry, Operation, Outcome, TargetType
from migrate.model.plan import SetMfaState
from migrate.model.replies import StateReading, WriteFate, WriteReply, WriteRequest

BATCH = 20
"""Items in one Graph batch."""
NOT_COVERED = "not covered any more"
"""How the reason of a skipped user begins whose proof failed."""
LAPSE = 5
"""So many users refused in a row with the same 401 or 403 mean that a role or token lapsed."""
MAX_ATTEMPTS = 5
"""How often one write is sent at most; each time only after reading that it was not applied."""
BACKOFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A step that may be sent, with what was read right before."""

    step: SetMfaState
    found: str


class UserSteps:
    """Carries out `SetMfaState` steps. One user's failure is an outcome, never an exception."""

    def __init__(
        self,
        *,
        tenant: Tenant,
        journal: Journal,
        proof: Proof,
        progress: Progress,
        sleep: Callable[[float], Awaitable[None]],
        new_id: Callable[[], str],
        readback_timeout: float,
        emergency_access: frozenset[str] = frozenset(),
        overwrite_drift: bool = False,
    ) -> None:
        self._tenant = tenant
        self._journal = journal
        self._proof = proof
        self._progress = progress
        self._sleep = sleep
        self._new_id = new_id
        self._readback_timeout = readback_timeout
        self._emergency_access = emergency_access
        self._overwrite_drift = overwrite_drift
        self._refused_in_a_row: list[WriteReply] = []

    @property
    def lapsed(self) -> WriteReply | None:
        """Return the refusal that the last five users had in common, or None."""
        return self._refused_in_a_row[-1] if len(self._refused_in_a_row) >= LAPSE else None

    async def rehearse(self, steps: Sequence[SetMfaState]) -> list[tuple[SetMfaState, Send | Leave]]:
        """Do all reads and guards and send nothing."""
        readings, proofs = await asyncio.gather(self._read(steps), self._prove(steps))
        return [(step, self._decide(step, readings[step.user_id], proofs)) for step in steps]

    async def carry_out(self, steps: Sequence[SetMfaState]) -> list[JournalEntry]:
        """Carry out at most 20 steps; return the outcomes, which are in the journal by then."""
        decided = await self.rehearse(steps)
        outcomes = self.leave([(step, d) for step, d in decided if isinstance(d, Leave)])
        pending = [Pending(step=s, found=d.found) for s, d in decided if isinstance(d, Send)]
        attempt = 0
        while pending:
            attempt += 1
            finished, pending = await self._attempt(pending, attempt)
            outcomes += finished
        return outcomes

    def leave(self, left: Sequence[tuple[SetMfaState, Leave]]) -> list[JournalEntry]:
        """Write down why steps are not sent."""
        return self._journal.append([_left(step, decision) for step, decision in left]) if left else []

    def _count_refusals(self, reply: WriteReply) -> None:
        before = self._refused_in_a_row[-1:]
        if reply.fate is not WriteFate.REFUSED or reply.status not in (401, 403):
            self._refused_in_a_row.clear()
            return
        if before and (before[0].status, before[0].code) != (reply.status, reply.code):
            self._refused_in_a_row.clear()
        self._refused_in_a_row.append(reply)

    def _decide(self, step: SetMfaState, reading: StateReading, proofs: dict[str, Coverage | str]) -> Send | Leave:
        decision = decision_for(step, reading, overwrite_drift=self._overwrite_drift)
        if isinstance(decision, Leave) or not needs_proof(step):
            return decision
        if step.user_id in self._emergency_access:
            reason = "emergency access account: never switched off"
            return Leave(outcome=Outcome.SKIPPED, found=decision.found, reason=reason)
        proof = proofs.get(step.user_id, "the user could not be read")
        if isinstance(proof, Coverage) and self._proof.is_proven(proof):
            return Send(found=decision.found, rests_on=proof.covered_by_ids)
        why = proof if isinstance(proof, str) else proof.summary
        reason = f"{NOT_COVERED}: {why}"
        return Leave(outcome=Outcome.SKIPPED, found=decision.found, reason=reason, not_covered=True)

    async def _read(self, steps: Sequence[SetMfaState]) -> dict[str, StateReading]:
        readings = await self._tenant.read_mfa_states([step.user_id for step in steps])
        return {reading.user_id: reading for reading in readings}

    async def _prove(self, steps: Sequence[SetMfaState]) -> dict[str, Coverage | str]:
        wanted = [step.user_id for step in steps if needs_proof(step)]
        return await self._proof.of(wanted) if wanted else {}

    async def _attempt(self, pending: Sequence[Pending], attempt: int) -> tuple[list[JournalEntry], list[Pending]]:
        """Send once; return the outcomes that are settled and what has to be sent again."""
        requests = [
            WriteRequest(user_id=p.step.user_id, mfa_state=p.step.after, client_request_id=self._new_id())
            for p in pending
        ]
        # The way back is on disk before the write: intents first, in one durable transaction.
        self._journal.append([_intent(p, r, attempt) for p, r in zip(pending, requests, strict=True)])
        replies = {reply.user_id: reply for reply in await self._tenant.write_mfa_states(requests)}
        readings = await self._read_back(pending, replies)
        settled: list[Draft] = []
        again: list[Pending] = []
        for item in pending:
            reply, reading = replies[item.step.user_id], readings[item.step.user_id]
            self._count_refusals(reply)
            draft = _settled(item, reply, reading, attempt)
            if draft is None:
                again.append(item)
            else:
                settled.append(draft)
        outcomes = self._journal.append(settled) if settled else []
        if again:
            await self._wait_before_resending(again, replies, attempt)
        return outcomes, again

    async def _read_back(self, pending: Sequence[Pending], replies: dict[str, WriteReply]) -> dict[str, StateReading]:
        """Read every written user; an accepted write that still reads as before is read again until time is up."""
        readings = await self._read([item.step for item in pending])
        waited, pause = 0.0, 1.0
        while waited < self._readback_timeout:
            late = [
                item.step
                for item in pending
                if replies[item.step.user_id].fate is WriteFate.ACCEPTED
                and not _is_as_asked(item.step, readings[item.step.user_id])
            ]
            if not late:
                break
            pause = min(pause, self._readback_timeout - waited)
            self._progress.waiting(f"{len(late)} accepted changes cannot be read back yet", pause)
            await self._sleep(pause)
            waited, pause = waited + pause, pause * 2
            readings |= await self._read(late)
        return readings

    async def _wait_before_resending(
        self, again: Sequence[Pending], replies: dict[str, WriteReply], attempt: int
    ) -> None:
        asked = max((replies[item.step.user_id].retry_after or 0.0) for item in again)
        seconds = max(asked, BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS)) - 1])
        self._progress.waiting(f"{len(again)} changes were not applied (busy or no answer); sending again", seconds)
        await self._sleep(seconds)


def _settled(item: Pending, reply: WriteReply, reading: StateReading, attempt: int) -> Draft | None:
    """Return the outcome of a write, or None when it has to be sent again."""
    step = item.step
    observed = str(reading.mfa_state or "")
    if _is_as_asked(step, reading):
        note = "" if observed == step.after else f"found {observed}: a documented promotion"
        return _outcome(item, reply, observed, Outcome.CONFIRMED, note, attempt)
    if reading.mfa_state is None:
        reason = f"{_said(reply)}; could not be read back: {reading.problem}"
        outcome = Outcome.FAILED if reply.fate is WriteFate.REFUSED else Outcome.UNCONFIRMED
        return _outcome(item, reply, observed, outcome, reason, attempt)
    if observed != item.found:
        reason = f"{_said(reply)}; then found {observed}, neither what it was nor what was asked"
        return _outcome(item, reply, observed, Outcome.FAILED, reason, attempt)
    match reply.fate:
        case WriteFate.ACCEPTED:
            reason = "accepted, but still read as before; `verify` settles it"
            return _outcome(item, reply, observed, Outcome.UNCONFIRMED, reason, attempt)
        case WriteFate.REFUSED if reply.status != 409 or attempt > 1:
            return _outcome(item, reply, observed, Outcome.FAILED, _said(reply), attempt)
        case _ if attempt >= MAX_ATTEMPTS:
            reason = f"sent {attempt} times without success: {_said(reply)}"
            return _outcome(item, reply, observed, Outcome.FAILED, reason, attempt)
        case _:
            return None


def _is_as_asked(step: SetMfaState, reading: StateReading) -> bool:
    return reading.mfa_state is not None and step.after.is_found_as(reading.mfa_state)


def _said(reply: WriteReply) -> str:
    said = " ".join(part for part in (str(reply.status or "no answer"), reply.code, reply.message) if part)
    return f"Graph said {said}" if reply.status else f"no clear answer: {reply.message or reply.code}"


def _left(step: SetMfaState, decision: Leave) -> Draft:
    return Draft(
        operation=Operation.SET_MFA_STATE,
        target_type=TargetType.USER,
        outcome=decision.outcome,
        object_id=step.user_id,
        user_principal_name=step.user_principal_name,
        before=decision.found,
        requested=step.after,
        observed=decision.found,
        reason=decision.reason,
        wave=step.wave,
    )


def _intent(item: Pending, request: WriteRequest, attempt: int) -> Draft:
    return Draft(
        operation=Operation.SET_MFA_STATE,
        target_type=TargetType.USER,
        outcome=Outcome.INTENT,
        object_id=item.step.user_id,
        user_principal_name=item.step.user_principal_name,
        before=item.found,
        requested=item.step.after,
        reason=item.step.because,
        attempt=attempt,
        client_request_id=request.client_request_id,
        wave=item.step.wave,
    )


def _outcome(item: Pending, reply: WriteReply, observed: str, outcome: Outcome, reason: str, attempt: int) -> Draft:
    return Draft(
        operation=Operation.SET_MFA_STATE,
        target_type=TargetType.USER,
        outcome=outcome,
        object_id=item.step.user_id,
        user_principal_name=item.step.user_principal_name,
        before=item.found,
        requested=item.step.after,
        observed=observed,
        reason=reason,
        attempt=attempt,
        request_id=reply.request_id,
        client_request_id=reply.client_request_id,
        server_date=reply.server_date,
        wave=item.step.wave,
    )
