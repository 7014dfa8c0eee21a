"""Carry out steps for Conditional Access policies: look first, intent, send once, read until it is so, outcome.

What was looked at is as old as the beginning of the look, and its age is asked once more when the request leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from migrate.decide.guards import refuse_beyond_limits
from migrate.decide.policy_bodies import says_the_same
from migrate.decide.policy_steps import takes_effect_at_once
from migrate.engine.age import Moment
from migrate.engine.enabling import BeforeEnabling, TooOld
from migrate.engine.history import bodies_written, is_creation_sent, is_policy_step_in_doubt
from migrate.engine.policy_access import MAX_ATTEMPTS, PolicyAccess, as_it_was, error, gone, state_of
from migrate.engine.run_parts import RunParts
from migrate.engine.scope_steps import ScopeSteps
from migrate.errors import GraphRefused, Guarded, MfaMigrateError
from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.journal import Outcome
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.reasons import NO_REASON, Parts, Reason, Why, reason_of
from migrate.model.record import canonical_json
from migrate.model.replies import WriteFate
from migrate.model.steps import CreatePolicy, DeletePolicy, PolicyStep, SetPolicyState


class PolicySteps:
    """Carries out policy steps. A policy is never created twice and never patched unless it is as planned."""

    def __init__(self, parts: RunParts) -> None:
        self._terms, self._tenant, self._journal = parts.terms, parts.tenant, parts.journal
        self._progress, self._new_id = parts.progress, parts.new_id
        self._enabling = BeforeEnabling(parts)
        self._at = PolicyAccess(parts)
        self._scopes = ScopeSteps(parts, self._at, self._enabling)

    async def is_done(self, step: PolicyStep) -> bool:
        """Tell whether the tenant is already as the step wants it."""
        found = await self._at.find(step.key)
        match step:
            case CreatePolicy():
                return found is not None
            case SetPolicyState():
                return found is not None and found.policy_state is step.after
            case SetPolicyScope():
                return found is not None and says_the_same(step.after, found)
            case DeletePolicy():
                return found is None
            case _:
                assert_never(step)

    async def rehearse(self, step: PolicyStep) -> None:
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
        self._at.is_due = is_due
        if _may_catch(step) and not await self.is_done(step):
            # What may take long comes first: the policy itself is looked at last.
            await self._enabling.look(step)
            self._at.is_due = lambda: is_due() and self._enabling.is_fresh(step)
        match step:
            case CreatePolicy():
                await self._create(step)
                return NO_REASON
            case SetPolicyState():
                return await self._set_state(step)
            case SetPolicyScope():
                return await self._scopes.carry_out(step)
            case DeletePolicy():
                return await self._delete(step)
            case _:
                assert_never(step)

    # Create

    async def _create(self, step: CreatePolicy) -> None:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            in_doubt = is_policy_step_in_doubt(step, self._journal)
            look = await self._at.look_for(step, patiently=in_doubt)
            if (found := look.found) is not None:
                ours = is_creation_sent(step, self._journal)
                outcome = Outcome.RECOVERED if ours else Outcome.SKIPPED
                reason = reason_of(Why.FOUND_BY_MARKER if ours else Why.EXISTS_ALREADY)
                self._at.note(step, found.id, outcome, "", "created", state_of(found), reason, attempt)
                return
            client_request_id = self._new_id()
            body = self._journal.put_document(step.body)
            intent = self._at.draft(step, "", Outcome.INTENT, "", body, "", NO_REASON, attempt, client_request_id)
            try:
                reply = await self._tenant.create_policy(
                    step.body,
                    client_request_id=client_request_id,
                    may_leave=self._at.departure(look.at, intent),
                    is_wanted=self._at.is_wanted,
                )
            except MfaMigrateError as problem:
                self._at.note(step, "", Outcome.FAILED, "", body, "", error(problem), attempt, client_request_id)
                raise
            if reply.fate is WriteFate.STALE:
                raise TooOld
            if (created := reply.policy) is not None:
                there = await self._at.read_until(
                    step, created.id, lambda p: p is not None and says_the_same(step.body, p), patiently=True
                )
                if there is None or not says_the_same(step.body, there):
                    reason = reason_of(Why.READS_DIFFERENTLY)
                    self._at.note(step, created.id, Outcome.FAILED, "", body, state_of(there), reason, attempt)
                    raise GraphRefused(
                        f"The policy {step.display_name!r} does not read back as it was sent.",
                        unchanged="It was created and not switched on; no user was touched.",
                        hint="Look at it in the portal, then run `mfa-migrate apply` again.",
                    )
                self._at.note(
                    step,
                    created.id,
                    Outcome.CONFIRMED,
                    "",
                    body,
                    state_of(there),
                    NO_REASON,
                    attempt,
                    client_request_id,
                )
                return
        reason = reason_of(Why.NO_ANSWER, f" in {MAX_ATTEMPTS} attempts")
        self._at.note(step, "", Outcome.FAILED, "", "created", "", reason, 0)
        raise GraphRefused(
            f"The policy {step.display_name!r} could not be created: no clear answer in {MAX_ATTEMPTS} attempts.",
            unchanged="No user was touched.",
            hint="Run `mfa-migrate apply` again; the policy is looked for before it is created.",
        )

    # Switch

    async def _set_state(self, step: SetPolicyState) -> Reason:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            look = await self._at.look(step.key)
            found = look.found
            if found is None and step.weakens:
                reason = reason_of(Why.NOT_THERE)
                self._at.note(step, step.key, Outcome.SKIPPED, step.before, step.after, "", reason, attempt)
                return NO_REASON
            if found is None:
                raise gone(step.display_name)
            if found.policy_state is step.after:
                # After an interruption the intent of that time is ours, and so presumably is the state.
                outcome = Outcome.RECOVERED if is_policy_step_in_doubt(step, self._journal) else Outcome.SKIPPED
                reason = reason_of(Why.FOUND_AS_ASKED)
                if outcome is Outcome.SKIPPED:
                    reason = reason_of(Why.ALREADY_SO, parts=Parts(found=step.after))
                self._at.note(step, found.id, outcome, step.before, step.after, state_of(found), reason, attempt)
                return NO_REASON
            if found.policy_state is not step.before and step.weakens:
                reason = reason_of(Why.SET_BY_SOMEBODY, f"{state_of(found)}; left alone")
                return self._at.left_alone(step, found, reason, attempt)
            if found.policy_state is not step.before:
                raise Guarded(
                    f"The policy {step.display_name!r} is {state_of(found)}, not {step.before} as planned.",
                    unchanged="It was left alone.",
                    hint="Find out who changed it, then run `mfa-migrate export` and `mfa-migrate plan` again.",
                )
            if step.switches_on:
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
        intent = self._at.draft(step, found.id, Outcome.INTENT, before, after, "", as_it_was(former), attempt, id_)
        departure = self._at.departure(looked_at, intent)
        try:
            fate = await self._tenant.update_policy(
                found.id,
                {"state": after.value},
                client_request_id=id_,
                may_leave=departure,
                is_wanted=self._at.is_wanted,
            )
        except MfaMigrateError as problem:
            self._at.note(step, found.id, Outcome.FAILED, before, after, "", error(problem), attempt, id_)
            raise
        if fate is WriteFate.STALE:
            raise TooOld
        accepted = fate is WriteFate.ACCEPTED
        there = await self._at.read_until(
            step, found.id, lambda policy: policy is not None and policy.policy_state is after, patiently=accepted
        )
        if there is None or there.policy_state is not after:
            reason = reason_of(Why.NO_ANSWER, ", and it reads as before")
            self._at.note(step, found.id, Outcome.FAILED, before, after, state_of(there), reason, attempt, id_)
            return False
        changed = _differences(found, there)
        reason = NO_REASON
        if changed:
            reason = reason_of(Why.ALSO_CHANGED, f"{', '.join(changed)} reads differently now")
            self._progress.note(f"Policy {step.display_name!r}: {reason}.")
        self._at.note(step, found.id, Outcome.CONFIRMED, before, after, state_of(there), reason, attempt, id_)
        return True

    # Delete

    async def _delete(self, step: DeletePolicy) -> Reason:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            look = await self._at.look(step.key)
            found = look.found
            if found is None:
                outcome = Outcome.RECOVERED if is_policy_step_in_doubt(step, self._journal) else Outcome.SKIPPED
                reason = reason_of(Why.GONE)
                self._at.note(step, step.key, outcome, "", "deleted", "", reason, attempt)
                return NO_REASON
            if not says_the_same(bodies_written(self._journal).get(step.key, step.body), found):
                return self._at.left_alone(step, found, reason_of(Why.EDITED_BY_SOMEBODY), attempt)
            former = self._journal.put_document(found.raw)
            id_ = self._new_id()
            before = state_of(found)
            intent = self._at.draft(
                step, found.id, Outcome.INTENT, before, "deleted", "", as_it_was(former), attempt, id_
            )
            departure = self._at.departure(look.at, intent)
            try:
                fate = await self._tenant.delete_policy(
                    found.id, client_request_id=id_, may_leave=departure, is_wanted=self._at.is_wanted
                )
            except MfaMigrateError as problem:
                self._at.note(step, found.id, Outcome.FAILED, before, "deleted", "", error(problem), attempt, id_)
                raise
            if fate is WriteFate.STALE:
                raise TooOld
            accepted = fate is WriteFate.ACCEPTED
            there = await self._at.read_until(step, found.id, lambda policy: policy is None, patiently=accepted)
            if there is None:
                self._at.note(step, found.id, Outcome.CONFIRMED, before, "deleted", "", NO_REASON, attempt, id_)
                return NO_REASON
            reason = reason_of(Why.NO_ANSWER, ", and it is still there")
            self._at.note(step, found.id, Outcome.FAILED, before, "deleted", state_of(there), reason, attempt, id_)
        raise GraphRefused(
            f"The policy {step.display_name!r} could not be deleted in {MAX_ATTEMPTS} attempts.",
            unchanged="Every user is restored.",
            hint="Run the same command again.",
        )


def _may_catch(step: PolicyStep) -> bool:
    enables = isinstance(step, SetPolicyState) and step.switches_on
    return isinstance(step, CreatePolicy) or enables or takes_effect_at_once(step)


def _differences(before: ConditionalAccessPolicy, after: ConditionalAccessPolicy) -> list[str]:
    """Return the members, besides state and dates, that differ between two readings of a policy."""
    ignored = {"state", "modifiedDateTime"}
    names = (before.raw.keys() | after.raw.keys()) - ignored
    return sorted(name for name in names if canonical_json(before.raw.get(name)) != canonical_json(after.raw.get(name)))
