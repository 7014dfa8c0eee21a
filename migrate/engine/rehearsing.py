"""Go through a plan as a run would, with all reads and guards, and send nothing."""

from __future__ import annotations

from migrate.decide.policy_steps import takes_effect_at_once
from migrate.engine.gates import Gates, Wait
from migrate.engine.history import is_policy_step_settled
from migrate.engine.policy_steps import PolicySteps
from migrate.engine.proof import Proof
from migrate.engine.run_parts import RunParts
from migrate.engine.waves import WaveRunner
from migrate.engine.who_is_left import who_is_left
from migrate.model.plan import Wave
from migrate.model.rehearsal import Rehearsal, RehearsedStep, RehearsedUser, RehearsedWave
from migrate.model.steps import PolicyStep, SetPolicyState, weakens
from migrate.model.waits import Waiting


class Rehearsing:
    """Rehearses one plan; stops where the run would stop."""

    def __init__(self, parts: RunParts, proof: Proof, gates: Gates, policies: PolicySteps, waves: WaveRunner) -> None:
        self._parts, self._plan, self._options = parts, parts.plan, parts.options
        self._proof, self._gates, self._policies, self._waves = proof, gates, policies, waves

    async def whole(self) -> Rehearsal:
        """Return what a run would do now.

        Raises `LimitReached` where a policy would catch more people than allowed, and `StopWave` when interrupted.
        """
        steps: list[RehearsedStep] = []
        for step in self._plan.policy_steps:
            is_done = is_policy_step_settled(step, self._parts.journal, self._plan.digest)
            is_done = is_done or await self._policies.is_done(step)
            if not is_done and (takes_effect_at_once(step) or _switches_on(step)):
                if self._options.until == "report-only":
                    return Rehearsal(steps=tuple(steps))
                await self._policies.rehearse(step)
            steps.append(RehearsedStep(step=step, is_done=is_done))
        if self._options.until in ("report-only", "policies-on"):
            return Rehearsal(steps=tuple(steps))
        self._proof.imagine([each.step for each in steps if not each.is_done and not weakens(each.step)])
        waiting = await self._what_settles()
        return Rehearsal(steps=tuple(steps), waiting=waiting, waves=await self._through_waves())

    async def _what_settles(self) -> Waiting | None:
        try:
            await self._gates.settled(self._plan.rests_on)
        except Wait as wait:
            return wait.waiting
        return None

    async def _through_waves(self) -> tuple[RehearsedWave, ...]:
        waves: list[RehearsedWave] = []
        for wave in self._plan.waves:
            if self._options.only_wave in (None, wave.number) and wave.users:
                waves.append(await self._through(wave))
            if self._options.until == f"wave:{wave.number}":
                break
        return tuple(waves)

    async def _through(self, wave: Wave) -> RehearsedWave:
        read = await self._waves.rehearse(wave)
        alone = {step.user_id: leave.reason for step, leave in read.left}
        users = tuple(
            RehearsedUser(
                user_id=step.user_id,
                user_principal_name=step.user_principal_name,
                left_alone=alone.get(step.user_id),
            )
            for step in self._parts.steps()
            if step.wave == wave.number and (step.user_id in read.found or step.user_id in alone)
        )
        before = who_is_left(self._parts.journal, self._plan.digest, self._parts.steps(), {wave.number})
        return RehearsedWave(number=wave.number, name=wave.name, users=users, before=before)


def _switches_on(step: PolicyStep) -> bool:
    return isinstance(step, SetPolicyState) and step.switches_on
