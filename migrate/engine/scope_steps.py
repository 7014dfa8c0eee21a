"""Carry out a change of whom a policy of ours is for: as it was left before, every list sent whole, read back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import msgspec

from migrate.decide.policy_bodies import says_the_same
from migrate.engine.age import Moment
from migrate.engine.enabling import BeforeEnabling
from migrate.engine.history import bodies_written, document_ref, is_policy_step_in_doubt
from migrate.engine.policy_access import MAX_ATTEMPTS, PolicyAccess, Try, as_it_was, gone, state_of
from migrate.engine.run_parts import RunParts
from migrate.errors import GraphRefused, Guarded
from migrate.model.evidence import ConditionalAccessPolicy, PolicyState
from migrate.model.journal import Outcome
from migrate.model.plan import PlanKind
from migrate.model.policy_scope import SetPolicyScope, change_of
from migrate.model.reasons import NO_REASON, Reason, Why, reason_of
from migrate.model.replies import WriteFate


class ScopeSteps:
    """Changes whom policies are for."""

    def __init__(self, parts: RunParts, access: PolicyAccess, enabling: BeforeEnabling) -> None:
        self._terms, self._tenant, self._journal = parts.terms, parts.tenant, parts.journal
        self._new_id, self._at, self._enabling = parts.new_id, access, enabling

    async def carry_out(self, step: SetPolicyScope) -> Reason:
        """Carry out one step; return why the policy was left as it is, or `NO_REASON`."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            in_doubt = is_policy_step_in_doubt(step, self._journal)
            look = await self._at.look(step.key)
            found = look.found
            before, requested = document_ref(step.before), document_ref(step.after)
            tried = Try(step=step, number=attempt, before=before, requested=requested)
            if found is None and step.weakens:
                self._at.note(tried, Outcome.SKIPPED, reason=reason_of(Why.NOT_THERE))
                return NO_REASON
            if found is None:
                raise gone(step.display_name)
            tried = replace(tried, policy_id=found.id)
            if says_the_same(step.after, found):
                outcome = Outcome.RECOVERED if in_doubt else Outcome.SKIPPED
                self._at.note(tried, outcome, state_of(found), reason_of(Why.FOUND_AS_ASKED))
                return NO_REASON
            if not self._is_as_we_left_it(step, found):
                if self._terms.kind is PlanKind.ROLLBACK:
                    return self._at.left_alone(step, found, reason_of(Why.EDITED_BY_SOMEBODY), attempt)
                raise Guarded(
                    f"The policy {step.display_name!r} is not as planned: somebody edited it.",
                    unchanged="It was left alone.",
                    hint="Find out who changed it, then run `mfa-migrate export` and `mfa-migrate plan` again.",
                )
            if step.widens:
                self._refuse_to_widen(step, found)
            if await self._patch(replace(tried, client_request_id=self._new_id()), step, found, look.at):
                return NO_REASON
        raise GraphRefused(
            f"Whom the policy {step.display_name!r} is for could not be changed: no clear answer in {MAX_ATTEMPTS} "
            "attempts.",
            unchanged="No user was touched after that.",
            hint="Run the same command again.",
        )

    def _is_as_we_left_it(self, step: SetPolicyScope, found: ConditionalAccessPolicy) -> bool:
        """Tell whether a policy is as planned, or in a rollback as any run wrote it last."""
        written = bodies_written(self._journal).get(step.key) if self._terms.kind is PlanKind.ROLLBACK else None
        return says_the_same(written or step.before, found)

    def _refuse_to_widen(self, step: SetPolicyScope, found: ConditionalAccessPolicy) -> None:
        """Refuse where the policy would ask more at once than planned, or of those whom it must not ask."""
        if found.policy_state is not PolicyState.ENABLED:
            return
        if step.policy_state is not PolicyState.ENABLED:
            raise Guarded(
                f"The policy {step.display_name!r} is enabled, not {step.policy_state} as planned.",
                unchanged="Whom it is for was left as it is.",
                hint="Find out who switched it on, then run `mfa-migrate export` and `mfa-migrate plan` again.",
            )
        after = msgspec.structs.replace(found, raw={**found.raw, **step.after})
        self._enabling.refuse(step, after)

    async def _patch(self, tried: Try, step: SetPolicyScope, found: ConditionalAccessPolicy, looked_at: Moment) -> bool:
        """Send the new scope once, every list of it whole; return whether it is so now."""
        former = as_it_was(self._journal.put_document(found.raw))
        self._journal.put_document(step.after)
        change = partial(self._tenant.update_policy, found.id, change_of(step))
        accepted = await self._at.send(tried, looked_at, change, former) is WriteFate.ACCEPTED
        there = await self._at.read_until(
            step, found.id, lambda policy: policy is not None and says_the_same(step.after, policy), patiently=accepted
        )
        if there is not None and says_the_same(step.after, there):
            self._at.note(tried, Outcome.CONFIRMED, state_of(there))
            return True
        if there is not None and not says_the_same(step.before, there) and not says_the_same(found.raw, there):
            self._at.note(tried, Outcome.FAILED, state_of(there), reason_of(Why.READS_DIFFERENTLY))
            raise GraphRefused(
                f"The policy {step.display_name!r} does not read back as it was sent.",
                unchanged="No user was touched after that.",
                hint="Look at it in the portal: how it was stands in rollback.json under formerPolicies.",
            )
        self._at.note(tried, Outcome.FAILED, state_of(there), reason_of(Why.NO_ANSWER, ", and it reads as before"))
        return False
