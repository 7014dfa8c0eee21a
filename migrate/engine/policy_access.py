"""What every step for a policy needs: the look at it, the last look before a write, reading back, the journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar, assert_never

from migrate.decide.own_policies import is_named_by
from migrate.engine.age import Moment
from migrate.engine.departure import Departure
from migrate.engine.enabling import TooOld
from migrate.engine.history import OPERATIONS, document_ref, policies_created
from migrate.engine.run_parts import RunParts
from migrate.errors import Guarded, IncompleteRead, MfaMigrateError
from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.instants import iso_utc
from migrate.model.journal import Draft, Outcome, TargetType
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.reasons import NO_REASON, Parts, Reason, Why, reason_of
from migrate.model.replies import PolicyReply, WriteFate
from migrate.model.steps import CreatePolicy, DeletePolicy, PolicyStep, SetPolicyState
from migrate.model.waits import Waiting, WaitKind

S = TypeVar("S", WriteFate, PolicyReply)

LOOK_PAUSES = (5.0, 5.0, 10.0, 20.0, 20.0)
"""Seconds between looks at a policy whose state does not show yet: lists may lag behind a write by that much."""
MAX_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Look:
    """A policy as it was looked for."""

    at: Moment
    """When the looking began."""
    found: ConditionalAccessPolicy | None


@dataclass(frozen=True, kw_only=True)
class Try:
    """One try of a step: what all entries of the journal about it say."""

    step: PolicyStep
    number: int
    """From 1; 0 where all tries are over."""
    policy_id: str = ""
    """Empty while the policy has none; it goes by the key of the step then."""
    before: str = ""
    requested: str
    client_request_id: str = ""
    """Empty where nothing is sent."""


class PolicyAccess:
    """One tenant's policies and the journal about them."""

    def __init__(self, parts: RunParts) -> None:
        self._tenant, self._journal = parts.tenant, parts.journal
        self._progress, self._sleep = parts.progress, parts.sleep
        self._ages, self._look_limit, self._stop = parts.ages, parts.freshness.reading_seconds, parts.stop
        self.is_due: Callable[[], bool] = bool
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

    async def look_for(self, step: CreatePolicy, *, patiently: bool) -> Look:
        """Look for a policy, several times when it may have been created: a list may lag behind a create."""
        look = await self.look(step.key)
        for pause in LOOK_PAUSES if patiently else ():
            if look.found is not None:
                break
            self._progress.waiting(Waiting(kind=WaitKind.CREATION_SHOWS, name=step.display_name), pause)
            await self._sleep(pause)
            look = await self.look(step.key)
        return look

    async def look(self, key: str) -> Look:
        """Look for a policy once."""
        at = self._ages.now()
        return Look(at=at, found=await self.find(key))

    def _is_wanted(self) -> bool:
        """Tell whether anything may be sent still: not after an interrupt."""
        return not self._stop()

    def _departure(self, looked_at: Moment, intent: Draft) -> Departure:
        """Return the last look before a policy's write: it was looked at lately, and the rest still holds."""

        def is_due() -> bool:
            return self._ages.since(looked_at) <= self._look_limit and not self._stop() and self.is_due()

        return Departure(self._journal, is_due=is_due, intents=lambda: [intent])

    async def read_until(
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

    async def send(self, tried: Try, looked_at: Moment, request: Callable[..., Awaitable[S]], former: Reason) -> S:
        """Send a change once, its intent in the journal first; a refusal stands there before it is raised.

        Args:
            tried: What the entries say of this try.
            looked_at: When the look at the policy began that it rests on.
            request: Sends it, given `client_request_id`, `may_leave` and `is_wanted`.
            former: What the intent says of the policy as it was.

        Raises TooOld where nothing was sent: it would have left too late, or not at all.
        """
        intent = self._draft(tried, Outcome.INTENT, "", former)
        try:
            sent = await request(
                client_request_id=tried.client_request_id,
                may_leave=self._departure(looked_at, intent),
                is_wanted=self._is_wanted,
            )
        except MfaMigrateError as problem:
            self.note(tried, Outcome.FAILED, reason=reason_of(Why.ERROR, problem.what))
            raise
        if (sent.fate if isinstance(sent, PolicyReply) else sent) is WriteFate.STALE:
            raise TooOld
        return sent

    # Journal

    def left_alone(self, step: PolicyStep, found: ConditionalAccessPolicy, reason: Reason, attempt: int) -> Reason:
        """Journal that a policy stays as it is, and return the reason."""
        state = state_of(found)
        tried = Try(step=step, number=attempt, policy_id=found.id, before=state, requested=wanted_by(step))
        self.note(tried, Outcome.SKIPPED, state, reason)
        return reason

    def note(self, tried: Try, outcome: Outcome, observed: str = "", reason: Reason = NO_REASON) -> None:
        """Write what came of a try; `observed` is what the policy was read as."""
        self._journal.append([self._draft(tried, outcome, observed, reason)])

    def _draft(self, tried: Try, outcome: Outcome, observed: str, reason: Reason) -> Draft:
        return Draft(
            operation=OPERATIONS[type(tried.step)],
            target_type=TargetType.POLICY,
            outcome=outcome,
            object_id=tried.policy_id or tried.step.key,
            user_principal_name=tried.step.display_name,
            before=tried.before,
            requested=tried.requested,
            observed=observed,
            reason=reason,
            attempt=tried.number,
            client_request_id=tried.client_request_id,
            server_date=iso_utc(self._tenant.server_now()),
        )


def wanted_by(step: PolicyStep) -> str:
    """Return what the journal says that a step asks for."""
    match step:
        case CreatePolicy():
            return "created"
        case SetPolicyState():
            return step.after
        case SetPolicyScope():
            return document_ref(step.after)
        case DeletePolicy():
            return "deleted"
        case _:
            assert_never(step)


def as_it_was(document: str) -> Reason:
    """Return what an intent says of the policy as it was."""
    return reason_of(Why.FORMER_POLICY, parts=Parts(document=document))


def state_of(policy: ConditionalAccessPolicy | None) -> str:
    """Return the state of a policy as it was read; empty where there is none."""
    return str(policy.policy_state or policy.raw.get("state", "")) if policy is not None else ""


def gone(name: str) -> Guarded:
    """Return the refusal of a step whose policy is not there."""
    return Guarded(
        f"The policy {name!r} does not exist any more.",
        unchanged="It was not changed.",
        hint="Run `mfa-migrate export` and `mfa-migrate plan` again.",
    )
