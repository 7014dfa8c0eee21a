"""Carry out steps for Conditional Access policies: look first, intent, send once, read until it is so, outcome.

What was looked at is as old as the beginning of the look, and its age is asked once more when the request leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

from migrate.decide.guards import refuse_beyond_limits, says_the_same
from migrate.decide.policy_steps import is_named_by
from migrate.engine.age import Moment
from migrate.engine.departure import Departure
from migrate.engine.enabling import BeforeEnabling, TooOld
from migrate.engine.history import (
    OPERATIONS,
    is_creation_sent,
    is_policy_step_in_doubt,
    policies_created,
)
from migrate.engine.run_parts import RunParts
from migrate.errors import GraphRefused, Guarded, IncompleteRead, MfaMigrateError
from migrate.model.evidence import ConditionalAccessPolicy, PolicyState
from migrate.model.instants import iso_utc
from migrate.model.journal import Draft, Outcome, TargetType
from migrate.model.plan import CreatePolicy, DeletePolicy, PolicyStep, SetPolicyState
from migrate.model.reasons import NO_REASON, Parts, Reason, Why, reason_of
from migrate.model.record import canonical_json
from migrate.model.replies import WriteFate
from migrate.model.waits import Waiting, WaitKind

LOOK_PAUSES = (5.0, 5.0, 10.0, 20.0, 20.0)
"""Seconds between looks at a policy whose state does not show yet: lists may lag behind a write by that much."""
MAX_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class _Look:
    """A policy as it was looked for."""

    at: Moment
    """When the looking began."""
    found: ConditionalAccessPolicy | None


class PolicySteps:
    """Carries out policy steps. A policy is never created twice and never patched unless it is as planned."""

    def __init__(self, parts: RunParts) -> None:
        self._terms, self._tenant, self._journal = parts.terms, parts.tenant, parts.journal
        self._progress, self._sleep, self._new_id = parts.progress, parts.sleep, parts.new_id
        self._ages, self._look_limit, self._stop = parts.ages, parts.freshness.reading_seconds, parts.stop
        self._enabling = BeforeEnabling(parts)
        self._is_due: Callable[[], bool] = bool
        """Tells whether what the step that is carried out rests on, besides the policy itself, still holds."""

    async def find(self, key: str) -> ConditionalAccessPolicy | None:
        """Return the policy with this id or marker as it is now, or None.

        Raises Guarded when several carry the marker and the journal does not know which of them is ours.
        """
        found = [policy for policy in await self._tenant.list_policies() if is_named_by(key, policy)]
        if len(found) > 1:
            ours = policies_created(self._journal)
            known = [policy for policy in found if policy.id in ours]
            if len(known) != 1:
                names = ", ".join(f"{policy.display_name!r} ({policy.id})" for policy in found)
                raise Guarded(
                    f"{len(found)} policies carry the marker {key}: {names}.",
                    unchanged="None of them was changed.",
                    hint="Delete the copies, or take the marker out of their description, then run it again.",
                )
            found = known
        return found[0] if found else None

    async def is_done(self, step: PolicyStep) -> bool:
        """Tell whether the tenant is already as the step wants it."""
        found = await self.find(step.key)
        match step:
            case CreatePolicy():
                return found is not None
            case SetPolicyState():
                return found is not None and found.policy_state is step.after
            case DeletePolicy():
                return found is None
            case _:
                assert_never(step)

    async def rehearse(self, step: SetPolicyState) -> None:
        """Count whom the policy of a step would catch and send nothing; raises LimitReached as `carry_out` does."""
        refuse_beyond_limits(self._terms, step)
        await self._enabling.look(step)

    async def carry_out(self, step: PolicyStep, *, is_due: Callable[[], bool]) -> Reason:
        """Carry out one step; return why the policy was left as it is, or `NO_REASON`.

        `is_due` tells, when the request would leave, whether what the step rests on besides the policy still holds.

        Raises:
            TooOld: Nothing was sent that could take effect; whoever asks again has to look at everything again.
            Guarded: The policy is not as planned, or must not be switched on.
            LimitReached: It would catch more people than the plan's limits allow.
            RemoteProblem: Graph refused, or nothing clear could be learned.
        """
        refuse_beyond_limits(self._terms, step)
        self._is_due = is_due
        if _may_catch(step) and not await self.is_done(step):
            # What may take long comes first: the policy itself is looked at last.
            await self._enabling.look(step)
            self._is_due = lambda: is_due() and self._enabling.is_fresh(step)
        match step:
            case CreatePolicy():
                await self._create(step)
                return NO_REASON
            case SetPolicyState():
                return await self._set_state(step)
            case DeletePolicy():
                return await self._delete(step)
            case _:
                assert_never(step)

    # Create

    async def _create(self, step: CreatePolicy) -> None:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            in_doubt = is_policy_step_in_doubt(step, self._journal)
            look = await self._look_for(step, patiently=in_doubt)
            if (found := look.found) is not None:
                ours = is_creation_sent(step, self._journal)
                outcome = Outcome.RECOVERED if ours else Outcome.SKIPPED
                reason = reason_of(Why.FOUND_BY_MARKER if ours else Why.EXISTS_ALREADY)
                self._note(step, found.id, outcome, "", "created", _state(found), reason, attempt)
                return
            client_request_id = self._new_id()
            body = self._journal.put_document(step.body)
            intent = self._draft(step, "", Outcome.INTENT, "", body, "", NO_REASON, attempt, client_request_id)
            try:
                reply = await self._tenant.create_policy(
                    step.body,
                    client_request_id=client_request_id,
                    may_leave=self._departure(look.at, intent),
                    is_wanted=self._is_wanted,
                )
            except MfaMigrateError as problem:
                self._note(step, "", Outcome.FAILED, "", body, "", _error(problem), attempt, client_request_id)
                raise
            if reply.fate is WriteFate.STALE:
                raise TooOld
            if (created := reply.policy) is not None:
                there = await self._read_until(
                    step, created.id, lambda p: p is not None and says_the_same(step.body, p), patiently=True
                )
                if there is None or not says_the_same(step.body, there):
                    reason = reason_of(Why.READS_DIFFERENTLY)
                    self._note(step, created.id, Outcome.FAILED, "", body, _state(there), reason, attempt)
                    raise GraphRefused(
                        f"The policy {step.display_name!r} does not read back as it was sent.",
                        unchanged="It was created report-only; no user was touched.",
                        hint="Look at it in the portal, then run `mfa-migrate apply` again.",
                    )
                self._note(
                    step, created.id, Outcome.CONFIRMED, "", body, _state(there), NO_REASON, attempt, client_request_id
                )
                return
        reason = reason_of(Why.NO_ANSWER, f" in {MAX_ATTEMPTS} attempts")
        self._note(step, "", Outcome.FAILED, "", "created", "", reason, 0)
        raise GraphRefused(
            f"The policy {step.display_name!r} could not be created: no clear answer in {MAX_ATTEMPTS} attempts.",
            unchanged="No user was touched.",
            hint="Run `mfa-migrate apply` again; the policy is looked for before it is created.",
        )

    async def _look_for(self, step: CreatePolicy, *, patiently: bool) -> _Look:
        """Look for a policy, several times when it may have been created: a list may lag behind a create."""
        look = await self._look(step.key)
        for pause in LOOK_PAUSES if patiently else ():
            if look.found is not None:
                break
            self._progress.waiting(Waiting(kind=WaitKind.CREATION_SHOWS, name=step.display_name), pause)
            await self._sleep(pause)
            look = await self._look(step.key)
        return look

    async def _look(self, key: str) -> _Look:
        at = self._ages.now()
        return _Look(at=at, found=await self.find(key))

    def _is_wanted(self) -> bool:
        return not self._stop()

    def _departure(self, looked_at: Moment, intent: Draft) -> Departure:
        """Return the last look before a policy's write: it was looked at lately, and the rest still holds."""

        def is_due() -> bool:
            return self._ages.since(looked_at) <= self._look_limit and not self._stop() and self._is_due()

        return Departure(self._journal, is_due=is_due, intents=lambda: [intent])

    async def _read_until(
        self,
        step: PolicyStep,
        policy_id: str,
        is_so: Callable[[ConditionalAccessPolicy | None], bool],
        *,
        patiently: bool,
    ) -> ConditionalAccessPolicy | None:
        """Read a policy after a write, several times when the write was accepted: reads may lag behind it."""
        for pause in LOOK_PAUSES if patiently else ():
            with suppress(IncompleteRead):  # the reads did not agree with each other yet
                there = await self._tenant.read_policy(policy_id)
                if is_so(there):
                    return there
            self._progress.waiting(Waiting(kind=WaitKind.POLICY_SHOWS, name=step.display_name), pause)
            await self._sleep(pause)
        return await self._tenant.read_policy(policy_id)

    # Switch

    async def _set_state(self, step: SetPolicyState) -> Reason:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            look = await self._look(step.key)
            found = look.found
            if found is None and step.weakens:
                reason = reason_of(Why.NOT_THERE)
                self._note(step, step.key, Outcome.SKIPPED, step.before, step.after, "", reason, attempt)
                return NO_REASON
            if found is None:
                raise Guarded(
                    f"The policy {step.display_name!r} does not exist any more.",
                    unchanged="It was not changed.",
                    hint="Run `mfa-migrate export` and `mfa-migrate plan` again.",
                )
            if found.policy_state is step.after:
                # After an interruption the intent of that time is ours, and so presumably is the state.
                outcome = Outcome.RECOVERED if is_policy_step_in_doubt(step, self._journal) else Outcome.SKIPPED
                reason = reason_of(Why.FOUND_AS_ASKED)
                if outcome is Outcome.SKIPPED:
                    reason = reason_of(Why.ALREADY_SO, parts=Parts(found=step.after))
                self._note(step, found.id, outcome, step.before, step.after, _state(found), reason, attempt)
                return NO_REASON
            if found.policy_state is not step.before and step.weakens:
                reason = reason_of(Why.SET_BY_SOMEBODY, f"{_state(found)}; left alone")
                return self._left_alone(step, found, reason, attempt)
            if found.policy_state is not step.before:
                raise Guarded(
                    f"The policy {step.display_name!r} is {_state(found)}, not {step.before} as planned.",
                    unchanged="It was left alone.",
                    hint="Find out who changed it, then run `mfa-migrate export` and `mfa-migrate plan` again.",
                )
            if step.after is PolicyState.ENABLED:
                self._enabling.refuse(step, found)
            if await self._patch(step, found, attempt, look.at):
                return NO_REASON
        raise GraphRefused(
            f"The policy {step.display_name!r} could not be set to {step.after}: no clear answer in {MAX_ATTEMPTS} "
            "attempts.",
            unchanged="No user was touched after that.",
            hint="Run the same command again.",
        )

    async def _patch(
        self, step: SetPolicyState, found: ConditionalAccessPolicy, attempt: int, looked_at: Moment
    ) -> bool:
        """Send the new state once; return whether it is so now. Only the state is sent, never a list."""
        former = self._journal.put_document(found.raw)
        id_ = self._new_id()
        before, after = step.before, step.after
        intent = self._draft(step, found.id, Outcome.INTENT, before, after, "", _former(former), attempt, id_)
        departure = self._departure(looked_at, intent)
        try:
            fate = await self._tenant.update_policy(
                found.id, {"state": after.value}, client_request_id=id_, may_leave=departure, is_wanted=self._is_wanted
            )
        except MfaMigrateError as problem:
            self._note(step, found.id, Outcome.FAILED, before, after, "", _error(problem), attempt, id_)
            raise
        if fate is WriteFate.STALE:
            raise TooOld
        accepted = fate is WriteFate.ACCEPTED
        there = await self._read_until(
            step, found.id, lambda policy: policy is not None and policy.policy_state is after, patiently=accepted
        )
        if there is None or there.policy_state is not after:
            reason = reason_of(Why.NO_ANSWER, ", and it reads as before")
            self._note(step, found.id, Outcome.FAILED, before, after, _state(there), reason, attempt, id_)
            return False
        changed = _differences(found, there)
        reason = NO_REASON
        if changed:
            reason = reason_of(Why.ALSO_CHANGED, f"{', '.join(changed)} reads differently now")
            self._progress.note(f"Policy {step.display_name!r}: {reason}.")
        self._note(step, found.id, Outcome.CONFIRMED, before, after, _state(there), reason, attempt, id_)
        return True

    # Delete

    async def _delete(self, step: DeletePolicy) -> Reason:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            look = await self._look(step.key)
            found = look.found
            if found is None:
                outcome = Outcome.RECOVERED if is_policy_step_in_doubt(step, self._journal) else Outcome.SKIPPED
                reason = reason_of(Why.GONE)
                self._note(step, step.key, outcome, "", "deleted", "", reason, attempt)
                return NO_REASON
            if not says_the_same(step.body, found):
                return self._left_alone(step, found, reason_of(Why.EDITED_BY_SOMEBODY), attempt)
            former = self._journal.put_document(found.raw)
            id_ = self._new_id()
            before = _state(found)
            intent = self._draft(step, found.id, Outcome.INTENT, before, "deleted", "", _former(former), attempt, id_)
            departure = self._departure(look.at, intent)
            try:
                fate = await self._tenant.delete_policy(
                    found.id, client_request_id=id_, may_leave=departure, is_wanted=self._is_wanted
                )
            except MfaMigrateError as problem:
                self._note(step, found.id, Outcome.FAILED, before, "deleted", "", _error(problem), attempt, id_)
                raise
            if fate is WriteFate.STALE:
                raise TooOld
            accepted = fate is WriteFate.ACCEPTED
            there = await self._read_until(step, found.id, lambda policy: policy is None, patiently=accepted)
            if there is None:
                self._note(step, found.id, Outcome.CONFIRMED, before, "deleted", "", NO_REASON, attempt, id_)
                return NO_REASON
            reason = reason_of(Why.NO_ANSWER, ", and it is still there")
            self._note(step, found.id, Outcome.FAILED, before, "deleted", _state(there), reason, attempt, id_)
        raise GraphRefused(
            f"The policy {step.display_name!r} could not be deleted in {MAX_ATTEMPTS} attempts.",
            unchanged="Every user is restored.",
            hint="Run the same command again.",
        )

    def _left_alone(self, step: PolicyStep, found: ConditionalAccessPolicy, reason: Reason, attempt: int) -> Reason:
        wanted = step.after if isinstance(step, SetPolicyState) else "deleted"
        self._note(step, found.id, Outcome.SKIPPED, _state(found), wanted, _state(found), reason, attempt)
        return reason

    # Journal

    def _note(
        self,
        step: PolicyStep,
        policy_id: str,
        outcome: Outcome,
        before: str,
        requested: str,
        observed: str,
        reason: Reason,
        attempt: int,
        client_request_id: str = "",
    ) -> None:
        draft = self._draft(step, policy_id, outcome, before, requested, observed, reason, attempt, client_request_id)
        self._journal.append([draft])

    def _draft(
        self,
        step: PolicyStep,
        policy_id: str,
        outcome: Outcome,
        before: str,
        requested: str,
        observed: str,
        reason: Reason,
        attempt: int,
        client_request_id: str,
    ) -> Draft:
        return Draft(
            operation=OPERATIONS[type(step)],
            target_type=TargetType.POLICY,
            outcome=outcome,
            object_id=policy_id or step.key,
            user_principal_name=step.display_name,
            before=before,
            requested=requested,
            observed=observed,
            reason=reason,
            attempt=attempt,
            client_request_id=client_request_id,
            server_date=iso_utc(self._tenant.server_now()),
        )


def _may_catch(step: PolicyStep) -> bool:
    return isinstance(step, CreatePolicy) or (isinstance(step, SetPolicyState) and step.after is PolicyState.ENABLED)


def _former(document: str) -> Reason:
    return reason_of(Why.FORMER_POLICY, parts=Parts(document=document))


def _error(problem: MfaMigrateError) -> Reason:
    return reason_of(Why.ERROR, problem.what)


def _state(policy: ConditionalAccessPolicy | None) -> str:
    return str(policy.policy_state or policy.raw.get("state", "")) if policy is not None else ""


def _differences(before: ConditionalAccessPolicy, after: ConditionalAccessPolicy) -> list[str]:
    """Return the members, besides state and dates, that differ between two readings of a policy."""
    ignored = {"state", "modifiedDateTime"}
    names = (before.raw.keys() | after.raw.keys()) - ignored
    return sorted(name for name in names if canonical_json(before.raw.get(name)) != canonical_json(after.raw.get(name)))


def said_of(step: PolicyStep) -> str:
    """Return one line about what a step does."""
    match step:
        case CreatePolicy():
            return f"create {step.display_name!r}, report-only"
        case SetPolicyState():
            return f"set {step.display_name!r} from {step.before} to {step.after}"
        case DeletePolicy():
            return f"delete {step.display_name!r}"
        case _:
            assert_never(step)
