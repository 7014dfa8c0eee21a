"""Carry out a plan from its first step to its last, or as far as it may go now; say where it stands and why."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from migrate.decide import guards
from migrate.decide.policy_steps import takes_effect_at_once
from migrate.engine.enabling import TooOld
from migrate.engine.gates import Gates, Wait
from migrate.engine.going_back import WayBack
from migrate.engine.history import is_policy_step_settled, policy_outcomes
from migrate.engine.policy_steps import PolicySteps
from migrate.engine.proof import Proof
from migrate.engine.recovery import recover_users
from migrate.engine.rehearsing import Rehearsing
from migrate.engine.rollback_record import RollbackRecord
from migrate.engine.run_log import RunLog
from migrate.engine.run_parts import RunParts
from migrate.engine.steps_kept import StepsOfRun
from migrate.engine.unaccounted import Unaccounted
from migrate.engine.waves import StopWave, WaveRunner
from migrate.engine.who_is_left import who_is_left
from migrate.errors import Guarded, LimitReached, MfaMigrateError, TooSlow
from migrate.model.evidence import ConditionalAccessPolicy, PolicyState
from migrate.model.instants import iso_utc
from migrate.model.plan import PlanKind, Wave
from migrate.model.reasons import Why
from migrate.model.run import Ending, PolicyKept, RunResult
from migrate.model.steps import PolicyStep, SetPolicyState, weakens
from migrate.model.waits import Waiting, WaitKind

MOST_TRIES = 6
"""So often a policy's step is begun anew when what it rests on was too old each time."""
LONG_WAIT_SECONDS = 15 * 60
"""Design rule 3: a longer wait ends the process, not the run."""


class _StopHere(Exception):
    """Control flow: `--until` or `--wave` is reached."""


class Applier:
    """Runs one plan against one tenant under one journal. Decides nothing that the plan does not say."""

    def __init__(self, parts: RunParts) -> None:
        self._steps = StepsOfRun(parts.journal, parts.plan.digest, parts.steps)
        parts = replace(parts, steps=self._steps)
        self._parts, self._plan = parts, parts.plan
        self._tenant, self._journal, self._progress = parts.tenant, parts.journal, parts.progress
        self._options, self._sleep, self._stop = parts.options, parts.sleep, parts.stop
        self._proof = Proof(parts)
        self._record = RollbackRecord(parts)
        self._policies_seen: tuple[ConditionalAccessPolicy, ...] = ()
        self._others = Unaccounted(parts)
        self._log = RunLog(parts)
        self._gates = Gates(parts)
        self._policies = PolicySteps(parts)
        self._waves = WaveRunner(parts, self._proof)

    async def run(self) -> RunResult:
        """Carry the plan as far as it may go now.

        Raises:
            StalePlan: Another tenant, cloud or endpoint; rolled back since; or never begun, and too old or resting on
                other evidence.
            Blocked: The plan lists blockers.
            Guarded: A policy is not as planned.
            RemoteProblem: The run as a whole cannot go on; running again helps where the message says so.
        """
        try:
            return await self._run()
        except MfaMigrateError as problem:
            problem.unchanged = self._log.unchanged_after(problem)
            raise
        finally:
            await self._waves.forget()
            await self._proof.close()

    async def _run(self) -> RunResult:
        organization = await self._tenant.read_organization()
        guards.refuse_foreign(self._plan, organization, cloud=self._options.cloud, endpoint=self._options.endpoint)
        guards.refuse_blocked(self._plan)
        self._log.refuse_foreign_folder()
        self._log.refuse_rolled_back()
        begun = self._log.is_begun
        if not begun and self._plan.kind is PlanKind.MIGRATE:
            guards.refuse_stale(self._parts.terms, await self._proof.renew(), self._tenant.server_now())
        if self._options.what_if:
            return await self._rehearsed()
        if not begun:
            self._log.opened()
        elif self._plan.kind is PlanKind.MIGRATE and not self._steps.are_kept:
            self._log.keeping_steps()
        for option, words in (
            ("--skip-report-only", self._options.skip_report_only),
            ("--skip-settle", self._options.skip_settle),
        ):
            if words is not None:
                self._log.approved(option, words)
        await recover_users(self._tenant, self._journal, self._progress)
        self._refuse_more_than_counted()
        return await self._go_on()

    def _refuse_more_than_counted(self) -> None:
        """Raise LimitReached where more are still to do than were counted for the question and for --max-users.

        From here on they only become fewer, so this holds for whatever the waves send.
        """
        most, options = self._options.most_users, self._options
        if most is None:
            return
        reach = {wave.number for wave in self._plan.waves_within(only_wave=options.only_wave, until=options.until)}
        to_do = who_is_left(self._journal, self._plan.digest, self._steps(), reach).to_do
        if to_do > most:
            raise LimitReached(
                f"{to_do} users are still to do, and {most} were counted before.",
                hint="Run the same command again and look at its number.",
            )

    async def _go_on(self) -> RunResult:
        while True:
            try:
                if self._plan.kind is PlanKind.MIGRATE:
                    await self._migrate()
                    kept: list[PolicyKept] = []
                else:
                    kept = await self._put_back()
                return self._finished(kept)
            except Wait as wait:
                await self._waves.forget()
                self._log.note_wait(wait.waiting)
                seconds = (wait.until - self._tenant.server_at_least()).total_seconds()
                if seconds > LONG_WAIT_SECONDS and not self._options.stay:
                    return self._result(Ending.WAITING, waiting=wait.waiting)
                if await self._sit_out(wait):
                    self._log.note_stop(Why.WAIT_INTERRUPTED)
                    return self._result(Ending.INTERRUPTED, sentence="Interrupted while waiting.")
            except _StopHere:
                return self._result(Ending.STOPPED_HERE)
            except StopWave as stopped:
                self._log.note_stop(Why.STOPPED, stopped.sentence)
                return self._result(stopped.ending, sentence=stopped.sentence)

    # Migrate: policies first, then users, wave by wave

    async def _migrate(self) -> None:
        for step in self._plan.policy_steps:
            if not self._is_settled(step):
                if isinstance(step, SetPolicyState) and step.switches_on:
                    self._stop_at("report-only")
                    await self._gates.report_only(step)
                elif takes_effect_at_once(step):
                    self._stop_at("report-only")
                if kept := await self._carry_out_policies([step]):
                    raise Guarded(
                        f"{step.display_name!r} stays as it is: {kept[0].why}",
                        unchanged="The policy was left as it is.",
                        hint="Put those people back, or undo the edit of the configuration; then `mfa-migrate plan`.",
                    )
        self._stop_at("report-only")
        self._stop_at("policies-on")
        for wave in self._plan.waves:
            if self._options.only_wave in (None, wave.number) and wave.users:
                if any(True for _ in self._waves.remaining(wave.number)):
                    self._gates.not_before(wave)
                    self._gates.after_the_wave_before(wave)
                    # Nobody reads a whole wave only to wait; one that is read already asks in its own gate.
                    if not self._waves.is_read_ahead(wave):
                        await self._gates.settled(self._plan.rests_on)
                await self._waves.run(
                    wave,
                    gate=self._gates.settled,
                    write_record=self._write_record,
                    look_back=self._look_back,
                    following=self._following(wave),
                )
                self._progress.note(f"Wave {wave.number} ({wave.name}) is through.")
            self._stop_at(f"wave:{wave.number}")
        self._wait_for_who_settles()
        if self._options.only_wave is not None:
            raise _StopHere

    def _wait_for_who_settles(self) -> None:
        """Raise Wait for those whom the waves left out because they became covered too lately."""
        if (settling := self._waves.take_settling()) is not None:
            until, users = settling
            raise Wait(Waiting(kind=WaitKind.USERS_SETTLE, number=users), until)

    async def _carry_out_policies(self, steps: Sequence[PolicyStep]) -> list[PolicyKept]:
        """Carry out steps; return those that were not. The guard belongs to the steps (rule 7)."""
        way_back = WayBack(self._parts, steps, self._others)
        return [
            PolicyKept(step=step, why=why_not)
            for step in steps
            if (why_not := await self._carry_out_policy(step, way_back))
        ]

    async def _carry_out_policy(self, step: PolicyStep, way_back: WayBack) -> str:
        """Carry out one step; return why it was not, else an empty text.

        It begins again from the first look when what it rests on was too old as it would have left.
        """
        for _ in range(MOST_TRIES):
            await self._waves.wait_while_paused()
            if weakens(step) and (why_not := await way_back.why_not()):
                return why_not
            # The way back is on disk before the first write, also when that write is a policy's.
            await self._write_policies_record()
            try:
                is_due = way_back.is_fresh if weakens(step) else _always
                left = await self._policies.carry_out(step, is_due=is_due)
            except TooOld:
                continue
            self._proof.forget()
            await self._write_policies_record()
            return "" if left.why is Why.NONE else str(left)
        raise TooSlow(
            f"What the change of {step.display_name!r} rests on was too old each time that it could have been sent, "
            f"{MOST_TRIES} times running.",
            hint="Run the same command again when Graph or this machine is less busy.",
        )

    def _following(self, wave: Wave) -> Wave | None:
        """Return the wave that begins right after this one, with neither a stop nor a wait in between."""
        if self._options.only_wave is not None or self._options.until == f"wave:{wave.number}":
            return None
        if self._parts.terms.limits.wave_wait_seconds:
            return None
        coming = self._plan.waves[self._plan.waves.index(wave) + 1 :]
        following = next((each for each in coming if each.users), None)
        return None if following is None or following.not_before or following.hours else following

    def _stop_at(self, place: str) -> None:
        if self._options.until == place:
            raise _StopHere

    # Put back: what protects first, then users, what weakens only once everybody is restored

    async def _put_back(self) -> list[PolicyKept]:
        async def no_gate(_: Sequence[str]) -> None:
            """Back to safe waits for nothing."""

        async def no_record(_: int, __: dict[str, str]) -> None:
            """The rollback files describe the way back from the migration; they stay as they are."""

        open_steps = [step for step in self._plan.policy_steps if not self._is_settled(step)]
        kept = await self._carry_out_policies([step for step in open_steps if not weakens(step)])
        off = {step.wave for step in self._steps() if guards.needs_proof(step)}
        # Undoing a rollback switches people off: then policies settle and a way back is written, as in apply.
        write_record = self._write_record if off or self._plan.kind is not PlanKind.ROLLBACK else no_record
        for wave in self._plan.waves:
            settles = wave.number in off and self._plan.limits.policy_settle_seconds > 0
            gate = self._gates.settled if settles else no_gate
            await self._waves.run(
                wave, gate=gate, write_record=write_record, look_back=self._look_back, following=self._following(wave)
            )
        self._wait_for_who_settles()
        if self._options.names_others:
            await self._others.off()
        return kept + await self._carry_out_policies([step for step in open_steps if weakens(step)])

    async def _rehearsed(self) -> RunResult:
        try:
            rehearsal = await Rehearsing(self._parts, self._proof, self._gates, self._policies, self._waves).whole()
        except StopWave as stopped:
            return self._result(Ending.INTERRUPTED, sentence=stopped.sentence)
        result = self._result(Ending.REHEARSED)
        result.rehearsal, result.outcomes = rehearsal, rehearsal.outcomes
        return result

    # Bookkeeping

    def _is_settled(self, step: PolicyStep) -> bool:
        """Tell from the journal whether a policy step has its final outcome in this run."""
        return is_policy_step_settled(step, self._journal, self._plan.digest)

    async def _write_policies_record(self) -> None:
        # A rollback leaves the files as they are: they describe the way back from the migration.
        if self._plan.kind is not PlanKind.ROLLBACK:
            self._policies_seen = await self._tenant.list_policies()
            await self._write_record(0, {})

    async def _write_record(self, wave: int, found: dict[str, str]) -> None:
        if found:
            self._policies_seen = await self._tenant.list_policies()
        # At the end of a wave nothing is read any more: what ended it may have been the network.
        self._record.write(self._policies_seen, created_at=iso_utc(self._tenant.server_now()), wave=wave, found=found)

    async def _look_back(self, wave: Wave, rests_on: Set[str]) -> None:
        """Raise Guarded where a policy that a wave rests on is not in force any more, now that the wave is written.

        Proofs may be a minute old, and a small wave takes less: nobody is to be told that all went well then.
        """
        if not rests_on:
            return
        in_force = {
            policy.id.lower()
            for policy in await self._tenant.list_policies()
            if policy.policy_state is PolicyState.ENABLED
        }
        lost = {id_.lower() for id_ in rests_on} - in_force
        if not lost:
            return
        names = {policy.id.lower(): policy.display_name for policy in self._policies_seen}
        named = ", ".join(sorted(repr(names.get(id_, id_)) for id_ in lost))
        raise Guarded(
            f"The proof of wave {wave.number} ({wave.name}) rests on {named}, which is not enabled any more: somebody "
            "changed it meanwhile.",
            unchanged="No further wave is begun.",
            hint="Switch it on again, or put everybody back: `mfa-migrate rollback`, with --wave "
            f"{wave.number} for this wave alone. `mfa-migrate verify` names everybody who is not covered.",
        )

    async def _sit_out(self, wait: Wait) -> bool:
        """Wait in this process; return whether an interrupt ended it. The server's clock decides when it is over."""
        looked = 0.0
        while (seconds := (wait.until - self._tenant.server_at_least()).total_seconds()) > 0:
            if self._stop():
                return True
            if not looked:
                self._progress.waiting(wait.waiting, seconds)
            pause = min(seconds, 1.0)
            await self._sleep(pause)
            looked += pause
            if looked >= 60.0:
                await self._tenant.read_organization()
                looked = 0.0
        await self._tenant.read_organization()
        return False

    def _finished(self, kept: list[PolicyKept]) -> RunResult:
        result = self._result(Ending.DONE)
        result.policies_kept = kept
        result.unaccounted = self._others.names if self._options.names_others else []
        if not kept and not self._log.has_open_users:
            self._log.closed(self._options.undoes)
        return result

    def _result(self, ending: Ending, **facts: object) -> RunResult:
        policies = policy_outcomes(self._journal, self._plan)
        return RunResult(ending=ending, outcomes=self._log.counts(), policies=policies, **facts)  # type: ignore[arg-type]


def _always() -> bool:
    return True
