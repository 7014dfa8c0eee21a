"""Carry out steps for Conditional Access policies: look first, intent, send once, read until it is so, outcome.

What was looked at is as old as the beginning of the look, and its age is asked once more when the request leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import assert_never

from migrate.decide.guards import refuse_beyond_limits
from migrate.decide.policy_bodies import says_the_same
from migrate.decide.policy_steps import takes_effect_at_once
from migrate.engine.age import Moment
from migrate.engine.enabling import BeforeEnabling
from migrate.engine.history import bodies_written, is_creation_sent, is_policy_step_in_doubt
from migrate.engine.policy_access import MAX_ATTEMPTS, PolicyAccess, Try, as_it_was, gone, state_of
from migrate.engine.run_parts import RunParts
from migrate.engine.scope_steps import ScopeSteps
from migrate.errors import GraphRefused, Guarded
from migrate.model.evidence import ConditionalAccessPolicy, PolicyState
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
                tried = Try(step=step, number=attempt, policy_id=found.id, requested="created")
                self._at.note(tried, outcome, state_of(found), reason)
                return
            body = self._journal.put_document(step.body)
            tried = Try(step=step, number=attempt, requested=body, client_request_id=self._new_id())
            reply = await self._at.send(tried, look.at, partial(self._tenant.create_policy, step.body), NO_REASON)
            if (created := reply.policy) is not None:
                tried = replace(tried, policy_id=created.id)
                there = await self._at.read_until(
                    step, created.id, lambda p: p is not None and says_the_same(step.body, p), patiently=True
                )
                if there is None or not says_the_same(step.body, there):
                    self._at.note(tried, Outcome.FAILED, state_of(there), reason_of(Why.READS_DIFFERENTLY))
                    raise GraphRefused(
                        f"The policy {step.display_name!r} does not read back as it was sent.",
                        unchanged="It was created and not switched on; no user was touched.",
                        hint="Look at it in the portal, then run `mfa-migrate apply` again.",
                    )
                self._at.note(tried, Outcome.CONFIRMED, state_of(there))
                return
        reason = reason_of(Why.NO_ANSWER, f" in {MAX_ATTEMPTS} attempts")
        self._at.note(Try(step=step, number=0, requested="created"), Outcome.FAILED, reason=reason)
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
            tried = Try(step=step, number=attempt, before=step.before, requested=step.after)
            if found is None and step.weakens:
                self._at.note(tried, Outcome.SKIPPED, reason=reason_of(Why.NOT_THERE))
                return NO_REASON
            if found is None:
                raise gone(step.display_name)
            tried = replace(tried, policy_id=found.id)
            if found.policy_state is step.after:
                # After an interruption the intent of that time is ours, and so presumably is the state.
                outcome = Outcome.RECOVERED if is_policy_step_in_doubt(step, self._journal) else Outcome.SKIPPED
                reason = reason_of(Why.FOUND_AS_ASKED)
                if outcome is Outcome.SKIPPED:
                    reason = reason_of(Why.ALREADY_SO, parts=Parts(found=step.after))
                self._at.note(tried, outcome, state_of(found), reason)
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
            if await self._patch(replace(tried, client_request_id=self._new_id()), step.after, found, look.at):
                return NO_REASON
        raise GraphRefused(
            f"The policy {step.display_name!r} could not be set to {step.after}: no clear answer in {MAX_ATTEMPTS} "
            "attempts.",
            unchanged="No user was touched after that.",
            hint="Run the same command again.",
        )

    async def _patch(self, tried: Try, after: PolicyState, found: ConditionalAccessPolicy, looked_at: Moment) -> bool:
        """Send the new state once; return whether it is so now. Only the state is sent, never a list."""
        former = as_it_was(self._journal.put_document(found.raw))
        change = partial(self._tenant.update_policy, found.id, {"state": after.value})
        accepted = await self._at.send(tried, looked_at, change, former) is WriteFate.ACCEPTED
        there = await self._at.read_until(
            tried.step, found.id, lambda policy: policy is not None and policy.policy_state is after, patiently=accepted
        )
        if there is None or there.policy_state is not after:
            self._at.note(tried, Outcome.FAILED, state_of(there), reason_of(Why.NO_ANSWER, ", and it reads as before"))
            return False
        changed = _differences(found, there)
        reason = NO_REASON
        if changed:
            reason = reason_of(Why.ALSO_CHANGED, f"{', '.join(changed)} reads differently now")
            self._progress.note(f"Policy {tried.step.display_name!r}: {reason}.")
        self._at.note(tried, Outcome.CONFIRMED, state_of(there), reason)
        return True

    # Delete

    async def _delete(self, step: DeletePolicy) -> Reason:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            look = await self._at.look(step.key)
            found = look.found
            if found is None:
                outcome = Outcome.RECOVERED if is_policy_step_in_doubt(step, self._journal) else Outcome.SKIPPED
                tried = Try(step=step, number=attempt, requested="deleted")
                self._at.note(tried, outcome, reason=reason_of(Why.GONE))
                return NO_REASON
            if not says_the_same(bodies_written(self._journal).get(step.key, step.body), found):
                return self._at.left_alone(step, found, reason_of(Why.EDITED_BY_SOMEBODY), attempt)
            former = as_it_was(self._journal.put_document(found.raw))
            tried = Try(
                step=step,
                number=attempt,
                policy_id=found.id,
                before=state_of(found),
                requested="deleted",
                client_request_id=self._new_id(),
            )
            delete = partial(self._tenant.delete_policy, found.id)
            accepted = await self._at.send(tried, look.at, delete, former) is WriteFate.ACCEPTED
            there = await self._at.read_until(step, found.id, lambda policy: policy is None, patiently=accepted)
            if there is None:
                self._at.note(tried, Outcome.CONFIRMED)
                return NO_REASON
            self._at.note(tried, Outcome.FAILED, state_of(there), reason_of(Why.NO_ANSWER, ", and it is still there"))
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
