"""Whether the policies of a rollback may go back: only when nobody whom we switched off depends on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice

from migrate.decide.coverage.judge import Judge
from migrate.decide.guards import accepted_on, dependents
from migrate.decide.own_policies import is_named_by
from migrate.decide.policy_steps import evidence_after, with_policies
from migrate.engine.age import Moment
from migrate.engine.history import begun_plans
from migrate.engine.ports import Tenant
from migrate.engine.proof import MOST_READINGS
from migrate.engine.run_parts import RunParts
from migrate.engine.unaccounted import Unaccounted
from migrate.errors import TooSlow
from migrate.model.evidence import Evidence
from migrate.model.plan import PlanKind
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.reasons import Reason
from migrate.model.replies import StateReading
from migrate.model.steps import PolicyStep, SetMfaState, weakens
from migrate.model.users import MfaState, UserProfile
from migrate.model.words import FIRST, counted, first_names

CHUNK = 500
SAMPLE = 5


class WayBack:
    """Whether the policies of a plan may be lowered: proven once, and again whenever that has grown too old.

    How many other people lose the requirement is said once, before anything is sent.
    """

    def __init__(self, parts: RunParts, policy_steps: Sequence[PolicyStep], others: Unaccounted) -> None:
        self._parts, self._policy_steps, self._others = parts, policy_steps, others
        self._ages, self._limit = parts.ages, parts.freshness.evidence_seconds
        self._proven: tuple[str, Moment] | None = None
        self._told = False

    async def why_not(self) -> str:
        """Return why the policies must stay as they are; empty when they may go back (design rule 7).

        Every user of the plan is read back, and then everybody else whom this workspace ever switched off, or may
        have. Raises TooSlow when that takes so long that it is too old each time.
        """
        took, others = 0.0, await self._others.off()
        for _ in range(MOST_READINGS):
            if self._proven is not None and self.is_fresh():
                return self._proven[0]
            began = self._ages.now()
            self._proven = await self._prove(others), began
            took = self._ages.now().steady - began.steady
        if self._proven is None or not self.is_fresh():
            raise TooSlow(
                f"Reading back everybody whom the policies protect takes {took:,.0f} seconds here, and that must not "
                f"be older than {self._limit:,.0f} seconds when a policy is weakened.",
                unchanged="The policies stay as they are; users who were rolled back stay so.",
                hint="Run the same command again when Graph throttles less, or lower the policy in the Entra admin "
                "center.",
            )
        return self._proven[0]

    def is_fresh(self) -> bool:
        """Tell, without waiting, whether the proof is young enough and allows it."""
        return self._proven is not None and self._ages.since(self._proven[1]) <= self._limit

    async def _prove(self, others: Sequence[SetMfaState]) -> str:
        parts, tenant = self._parts, self._parts.tenant
        # A migration narrows a policy before it comes to its users: what is asked is who was disabled before it.
        if parts.plan.kind is not PlanKind.MIGRATE and (not_restored := await _not_restored(parts)):
            return f"{len(not_restored)} users are not restored ({', '.join(not_restored[:SAMPLE])})"
        evidence = await tenant.read_evidence()
        before, after = parts.judge_of(evidence), parts.judge_of(_without(evidence, self._policy_steps))
        accepted = accepted_on(parts.plan.accepted_gaps, tenant.server_at_most())
        depending = await _depending(parts, before, after, accepted, others)
        if depending:
            named = ", ".join(depending[:SAMPLE])
            return f"{len(depending)} users whose per-user MFA this tool disabled rest on it ({named})"
        if not self._told:
            self._told = True
            await self._say_who_loses(before, after)
        return ""

    async def _say_who_loses(self, before: Judge, after: Judge) -> None:
        losing, asked_again, names = 0, 0, list[str]()
        # By now everybody of the rollback is read back as it sets them.
        put_back = {step.user_id for step in self._parts.steps() if step.after is not MfaState.DISABLED}
        async for profile in self._parts.tenant.iter_users():
            if any(True for _ in dependents([profile], before, after, frozenset())):
                losing += 1
                asked_again += profile.id in put_back
                if len(names) < SAMPLE:
                    names.append(profile.user_principal_name)
        who = first_names(names, losing)
        lose = counted(losing, "person loses", "people lose")
        end = "" if losing > FIRST else "."
        said = (
            f"{lose} the requirement of MFA, or part of it, when the policies go back{f': {who}' if who else ''}{end}"
        )
        how = " All of them: `mfa-migrate coverage --without POLICY --user-list FILE`." if losing > len(names) else ""
        again = ""
        if asked_again:
            of_all = "this person" if losing == 1 else "all of them"
            again = (
                f" Per-user MFA requires it again of {of_all if asked_again == losing else f'{asked_again} of them'}."
            )
        self._parts.progress.note(said + how + again)


async def _not_restored(parts: RunParts) -> list[str]:
    return [
        step.user_principal_name
        async for step, reading in _read_back(parts.tenant, parts.steps())
        if not reading.is_gone and (reading.mfa_state is None or not step.after.is_found_as(reading.mfa_state))
    ]


async def _depending(
    parts: RunParts, before: Judge, after: Judge, accepted: frozenset[str], others: Sequence[SetMfaState]
) -> list[str]:
    """Return the users whom any run switched off, or may have, who still are, and who need the policies.

    Asked of every run by itself, rollbacks too: one that failed to restore somebody was the last to touch them, and
    one that undid a rollback switched people off.
    """
    tenant, plans = parts.tenant, begun_plans(parts.journal)
    switched_off = {
        user.user_id: None
        for digest, _ in plans
        for user in parts.journal.touched([digest])
        if user.requested is MfaState.DISABLED
    }
    elsewhere = dict.fromkeys(
        user_id for header in (parts.plan, *(begun for _, begun in plans)) for user_id in header.may_be_off
    )
    suspects = iter(switched_off | elsewhere | {step.user_id: None for step in others})
    found: list[str] = []
    while chunk := list(islice(suspects, CHUNK)):
        readings = await tenant.read_mfa_states(chunk)
        # A user who cannot be read might be off: "could not read" is not "is restored".
        off = [reading.user_id for reading in readings if reading.may_be_off]
        profiles = await tenant.read_profiles(off)
        known = [profile for profile in profiles.values() if isinstance(profile, UserProfile)]
        found += [profile.user_principal_name for profile in dependents(known, before, after, accepted)]
        found += [user_id for user_id, profile in profiles.items() if isinstance(profile, Reason)]
    return found


async def _read_back(tenant: Tenant, steps: Iterator[SetMfaState]) -> AsyncIterator[tuple[SetMfaState, StateReading]]:
    while chunk := list(islice(steps, CHUNK)):
        for step, reading in zip(chunk, await tenant.read_mfa_states([step.user_id for step in chunk]), strict=True):
            yield step, reading


def _without(evidence: Evidence, steps: Sequence[PolicyStep]) -> Evidence:
    """Return the evidence without the policies that are taken away, and with those that are for fewer people then."""
    narrower = [step for step in steps if isinstance(step, SetPolicyScope) and step.weakens]
    keys = [step.key for step in steps if weakens(step) and not isinstance(step, SetPolicyScope)]
    left = evidence_after(evidence, narrower)
    return with_policies(
        left, tuple(policy for policy in left.policies if not any(is_named_by(key, policy) for key in keys))
    )
