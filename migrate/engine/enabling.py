"""What has to be known before a policy may catch anybody: who must not be caught, and how many others are, read now.

The numbers of the plan may be days old by then. They bound how many people are surprised and prove nothing of anybody:
what takes minutes to count is as old as the end of the counting. Who must not be caught is dated as a proof is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from migrate.decide.capability import Capabilities
from migrate.decide.guards import accepted_people, is_counted_again, refuse_impact
from migrate.decide.impact import ImpactTally, Standings
from migrate.decide.own_policies import is_named_by
from migrate.decide.policy_bodies import says_the_same
from migrate.decide.policy_steps import evidence_after, missing_exclusions, takes_effect_at_once
from migrate.engine.age import Moment
from migrate.engine.run_parts import RunParts
from migrate.errors import Guarded
from migrate.model.evidence import ConditionalAccessPolicy, Evidence
from migrate.model.impact import Caught, PolicyImpact
from migrate.model.reasons import NO_REASON
from migrate.model.replies import user_of
from migrate.model.rules import DIRECTORY_SYNC_ROLES
from migrate.model.steps import CreatePolicy, PolicyStep
from migrate.model.users import AnyUser, Registration, UnreadableUser, UserProfile

CHUNK = 500
"""Users whose states are read in one go."""


class TooOld(Exception):
    """Control flow: a step was not sent, since what it rests on is too old, or since nothing more shall be sent."""


class _Counted:
    """Whom one policy catches, as it said then."""

    def __init__(self, impact: PolicyImpact, policy: ConditionalAccessPolicy, at: Moment) -> None:
        self.impact, self.policy, self.at = impact, policy, at


class BeforeEnabling:
    """Looks at a policy's people right before it is created or switched on."""

    def __init__(self, parts: RunParts) -> None:
        self._parts, self._tenant, self._ages = parts, parts.tenant, parts.ages
        self._limit = parts.freshness.evidence_seconds
        self._read: tuple[Evidence, Moment] | None = None
        self._counted: dict[str, _Counted] = {}

    async def look(self, step: PolicyStep) -> None:
        """Read who must not be caught, and count who is where the plan did.

        Raises LimitReached when the policy catches more people by now than the plan's limits allow.
        """
        evidence = await self._evidence()
        if not is_counted_again(self._parts.terms, step):
            return
        counted = self._counted.get(step.key)
        if counted is None or self._ages.since(counted.at) > self._limit:
            counted = await self._count(step, evidence)
            if counted is None:
                return
            self._counted[step.key] = counted
            await self._evidence()
        refuse_impact(counted.impact, self._parts.terms)

    def refuse(self, step: PolicyStep, policy: ConditionalAccessPolicy) -> None:
        """Raise Guarded when a policy that shall be switched on would catch somebody whom it must not.

        Raises TooOld when it is not what was counted: somebody has edited it meanwhile.
        """
        counted = self._counted.get(step.key)
        if counted is None and is_counted_again(self._parts.terms, step):
            raise TooOld  # it was not there when it was to be counted
        if self._read is None or (counted is not None and not says_the_same(counted.policy.raw, policy)):
            self._counted.pop(step.key, None)
            raise TooOld
        notes = list(missing_exclusions(policy, self._read[0], self._parts.terms.emergency_access))
        if notes:
            raise Guarded(
                " ".join(note.sentence for note in notes),
                unchanged="The policy was not switched on.",
                hint="Add the exclusions to the policy, then run `mfa-migrate apply` again.",
            )

    def is_fresh(self, step: PolicyStep) -> bool:
        """Tell, without waiting, whether what was looked at for a step is young enough."""
        counted = self._counted.get(step.key)
        moments = ([] if self._read is None else [self._read[1]]) + ([] if counted is None else [counted.at])
        return self._read is not None and all(self._ages.since(moment) <= self._limit for moment in moments)

    async def _evidence(self) -> Evidence:
        """Return evidence that was read within this minute."""
        if self._read is None or self._ages.since(self._read[1]) > self._parts.freshness.just_read_seconds:
            began = self._ages.now()
            # The proof reads only the roles that policies name; here the holders of both roles have to be known.
            self._read = await self._tenant.read_evidence(roles=DIRECTORY_SYNC_ROLES, paths=True), began
        return self._read[0]

    # Whom it catches

    async def _count(self, step: PolicyStep, evidence: Evidence) -> _Counted | None:
        """Return whom the policy catches; None where it does not exist, which the step itself will find."""
        parts, skus = self._parts, await self._tenant.read_skus()
        then = evidence_after(evidence, self._steps_ahead(evidence))
        policy = next((policy for policy in then.policies if is_named_by(step.key, policy)), None)
        if policy is None:
            return None
        today, coming = parts.judge_of(evidence), parts.judge_of(then)
        standings = Standings(
            today=today,
            now=Capabilities(evidence, today),
            then=Capabilities(then, coming),
            evidence=evidence,
            skus=skus,
        )
        accepted = accepted_people(parts.terms, self._tenant.server_at_most())
        tally = ImpactTally(policy, then, accepted, widens=takes_effect_at_once(step))
        tally.know_log(parts.sign_in_log(), evidence)
        licensed = any(sku.allows_conditional_access for sku in skus)
        registrations = await self._registrations() if licensed else {}
        done = 0
        async for user in self._users(standings, registrations):
            tally.count(standings.of(user))
            done += 1
            if done % CHUNK == 0:
                parts.progress.advance(done, None, f"Counting whom {step.display_name!r} would catch")
        counted = _Counted(msgspec.structs.replace(tally.result(), key=step.key), policy, self._ages.now())
        parts.progress.note(_said(counted.impact))
        return counted

    def _steps_ahead(self, evidence: Evidence) -> list[PolicyStep]:
        """Return the plan's policy steps without the creations that are done already."""
        return [
            step
            for step in self._parts.plan.policy_steps
            if not (isinstance(step, CreatePolicy) and any(is_named_by(step.key, one) for one in evidence.policies))
        ]

    async def _registrations(self) -> dict[str, Registration]:
        """Return the registration report by user id; users with the same answers share one."""
        shared: dict[Registration, Registration] = {}
        found: dict[str, Registration] = {}
        async for user_id, row in self._tenant.iter_registrations():
            if row is None:
                continue  # shown in part: as one of whom the report says nothing
            undated = msgspec.structs.replace(row, last_updated_date_time=None)
            found[user_id] = shared.setdefault(undated, undated)
        return found

    async def _users(self, standings: Standings, registrations: dict[str, Registration]) -> AsyncIterator[AnyUser]:
        chunk: list[UserProfile] = []
        async for profile in self._tenant.iter_users():
            chunk.append(profile)
            if len(chunk) == CHUNK:
                for user in await self._read_states(chunk, standings, registrations):
                    yield user
                chunk = []
        for user in await self._read_states(chunk, standings, registrations):
            yield user

    async def _read_states(
        self, profiles: list[UserProfile], standings: Standings, registrations: dict[str, Registration]
    ) -> list[AnyUser]:
        """Return users with their states as far as they count: of whom policies require MFA, they change nothing."""
        wanted = [each.id for each in profiles if not each.is_agent and not standings.is_covered(each)]
        readings = {each.user_id: each for each in await self._tenant.read_mfa_states(wanted)} if wanted else {}
        users: list[AnyUser] = []
        for profile in profiles:
            reading, registration = readings.get(profile.id), registrations.get(profile.id)
            if reading is not None:
                users.append(user_of(profile, reading, registration))
            else:
                unread = UnreadableUser(profile=profile, reason=NO_REASON, request_id=None, registration=registration)
                users.append(unread)
        return users


def _said(impact: PolicyImpact) -> str:
    numbers = ", ".join(
        f"{impact.number(caught)} {words}"
        for caught, words in (
            (Caught.NEWLY_REQUIRED, "newly required to use MFA"),
            (Caught.NOT_CAPABLE, "not MFA capable"),
            (Caught.NEWLY_BLOCKED, "newly blocked"),
        )
    )
    unknown = "" if impact.log_was_read else " No sign-ins were read: whose sign-ins it newly blocks is unknown."
    return f"Counted again, whom {impact.policy!r} catches: {numbers}.{unknown}"
