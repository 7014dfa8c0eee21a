"""Carry out a change of whom a policy of ours is for: as it was left before, every list sent whole, read back."""

from __future__ import annotations

import msgspec

from migrate.decide.policy_bodies import says_the_same
from migrate.engine.age import Moment
from migrate.engine.enabling import BeforeEnabling, TooOld
from migrate.engine.history import bodies_written, document_ref, is_policy_step_in_doubt
from migrate.engine.policy_access import MAX_ATTEMPTS, PolicyAccess, as_it_was, error, gone, state_of
from migrate.engine.run_parts import RunParts
from migrate.errors import GraphRefused, Guarded, MfaMigrateError
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
            if found is None and step.weakens:
                self._note(step, step.key, Outcome.SKIPPED, "", reason_of(Why.NOT_THERE), attempt)
                return NO_REASON
            if found is None:
                raise gone(step.display_name)
            if says_the_same(step.after, found):
                outcome = Outcome.RECOVERED if in_doubt else Outcome.SKIPPED
                self._note(step, found.id, outcome, state_of(found), reason_of(Why.FOUND_AS_ASKED), attempt)
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
            if await self._patch(step, found, attempt, look.at):
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

    async def _patch(
        self, step: SetPolicyScope, found: ConditionalAccessPolicy, attempt: int, looked_at: Moment
    ) -> bool:
        """Send the new scope once, every list of it whole; return whether it is so now."""
        before = as_it_was(self._journal.put_document(found.raw))
        self._journal.put_document(step.after)
        id_ = self._new_id()
        was, wanted = document_ref(step.before), document_ref(step.after)
        intent = self._at.draft(step, found.id, Outcome.INTENT, was, wanted, "", before, attempt, id_)
        departure = self._at.departure(looked_at, intent)
        try:
            fate = await self._tenant.update_policy(
                found.id,
                change_of(step),
                client_request_id=id_,
                may_leave=departure,
                is_wanted=self._at.is_wanted,
            )
        except MfaMigrateError as problem:
            self._note(step, found.id, Outcome.FAILED, "", error(problem), attempt, id_)
            raise
        if fate is WriteFate.STALE:
            raise TooOld
        accepted = fate is WriteFate.ACCEPTED
        there = await self._at.read_until(
            step, found.id, lambda policy: policy is not None and says_the_same(step.after, policy), patiently=accepted
        )
        if there is not None and says_the_same(step.after, there):
            self._note(step, found.id, Outcome.CONFIRMED, state_of(there), NO_REASON, attempt, id_)
            return True
        if there is not None and not says_the_same(step.before, there) and not says_the_same(found.raw, there):
            self._note(step, found.id, Outcome.FAILED, state_of(there), reason_of(Why.READS_DIFFERENTLY), attempt)
            raise GraphRefused(
                f"The policy {step.display_name!r} does not read back as it was sent.",
                unchanged="No user was touched after that.",
                hint="Look at it in the portal: how it was stands in rollback.json under formerPolicies.",
            )
        reason = reason_of(Why.NO_ANSWER, ", and it reads as before")
        self._note(step, found.id, Outcome.FAILED, state_of(there), reason, attempt, id_)
        return False

    def _note(
        self,
        step: SetPolicyScope,
        policy_id: str,
        outcome: Outcome,
        observed: str,
        reason: Reason,
        attempt: int,
        client_request_id: str = "",
    ) -> None:
        before, after = document_ref(step.before), document_ref(step.after)
        self._at.note(step, policy_id, outcome, before, after, observed, reason, attempt, client_request_id)
