"""Carry out a plan from its first step to its last, or as far as it may go now; say where it stands and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from migrate.decide import guards
from migrate.engine.going_back import policies_may_go_back
from migrate.engine.policy_steps import PolicySteps, is_policy_step_settled, said_of
from migrate.engine.ports import Journal, Progress, RollbackFiles, Tenant
from migrate.engine.proof import Proof
from migrate.engine.recovery import recover_users
from migrate.engine.rollback_record import RollbackRecord
from migrate.engine.user_steps import UserSteps
from migrate.engine.waves import StopWave, WaveRunner
from migrate.errors import NOTHING_CHANGED, MfaMigrateError
from migrate.model.evidence import PolicyState
from migrate.model.instants import iso_utc
from migrate.model.journal import Draft, Operation, Outcome, TargetType
from migrate.model.plan import PlanHeader, PlanKind, PolicyStep, SetMfaState, SetPolicyState, Wave
from migrate.model.run import Ending, RunResult

LONG_WAIT_SECONDS = 15 * 60
"""Design rule 3: a longer wait ends the process, not the run."""


@dataclass(frozen=True, kw_only=True)
class ApplyOptions:
    """What the operator asked for on the command line."""

    what_if: bool = False
    until: str | None = None
    """`report-only`, `policies-on` or `wave:N`."""
    only_wave: int | None = None
    max_failures: str = "5%"
    skip_report_only: str | None = None
    skip_settle: str | None = None
    """Reasons; they are recorded."""
    stay: bool = False
    """`--wait`: sit out long waits in this process."""
    overwrite_drift: bool = False
    tool_version: str = ""
    cloud: str = "global"
    endpoint: str | None = None


class _Wait(Exception):
    """Control flow: something has to settle until a moment."""

    def __init__(self, reason: str, until: datetime) -> None:
        super().__init__(reason)
        self.reason, self.until = reason, until


class _StopHere(Exception):
    """Control flow: `--until` or `--wave` is reached."""


class Applier:
    """Runs one plan against one tenant under one journal. Decides nothing that the plan does not say."""

    def __init__(
        self,
        *,
        plan: PlanHeader,
        steps: Callable[[], Iterator[SetMfaState]],
        tenant: Tenant,
        journal: Journal,
        rollback_files: RollbackFiles,
        progress: Progress,
        options: ApplyOptions,
        stop: Callable[[], bool],
        paused: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]],
        monotonic: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        """Wire a run.

        Args:
            plan: The plan's header.
            steps: Yields the plan's user steps in order, from the start at each call.
            tenant: The tenant.
            journal: Opened for this plan.
            rollback_files: Where the way back is written.
            progress: Told what happens.
            options: What the operator asked for.
            stop: Tells whether an interrupt came in.
            paused: Tells whether the pause file is there.
            sleep: Waits; an argument so that tests need not.
            monotonic: Seconds that never go back.
            new_id: Makes client request ids.
        """
        self._plan, self._tenant, self._journal = plan, tenant, journal
        self._steps = steps
        self._progress, self._options, self._sleep, self._stop = progress, options, sleep, stop
        self._proof = Proof(tenant, plan, monotonic=monotonic)
        self._record = RollbackRecord(plan, journal, rollback_files, tool_version=options.tool_version)
        self._policies = PolicySteps(
            plan=plan,
            tenant=tenant,
            journal=journal,
            proof=self._proof,
            progress=progress,
            sleep=sleep,
            new_id=new_id,
        )
        self._waves = WaveRunner(
            journal=journal,
            plan_digest=plan.digest,
            steps=steps,
            proof=self._proof,
            users=UserSteps(
                tenant=tenant,
                journal=journal,
                proof=self._proof,
                progress=progress,
                sleep=sleep,
                new_id=new_id,
                readback_timeout=plan.limits.readback_timeout_seconds,
                emergency_access=frozenset(plan.emergency_access),
                overwrite_drift=options.overwrite_drift,
            ),
            progress=progress,
            max_failures=options.max_failures,
            stop=stop,
            paused=paused,
            sleep=sleep,
        )

    async def run(self) -> RunResult:
        """Carry the plan as far as it may go now.

        Raises:
            StalePlan: Another tenant, cloud or endpoint; or never begun, and too old or resting on other evidence.
            Blocked: The plan lists blockers.
            Guarded: A policy is not as planned.
            RemoteProblem: The run as a whole cannot go on; running again helps where the message says so.
        """
        before, _ = self._journal.head
        try:
            return await self._run()
        except MfaMigrateError as problem:
            self._say_what_was_sent(problem, after=before)
            raise

    async def _run(self) -> RunResult:
        organization = await self._tenant.read_organization()
        guards.refuse_foreign(self._plan, organization, cloud=self._options.cloud, endpoint=self._options.endpoint)
        guards.refuse_blocked(self._plan)
        begun = any(self._journal.entries(plan_digest=self._plan.digest, operation=Operation.OPEN_RUN))
        if not begun and self._plan.kind is PlanKind.MIGRATE:
            guards.refuse_stale(self._plan, await self._proof.renew(), self._tenant.server_now())
        if self._options.what_if:
            return await self._rehearse()
        if not begun:
            document = self._journal.put_document(self._plan)
            self._note_run(Operation.OPEN_RUN, Outcome.OPENED, f"{self._plan.kind} begins", requested=document)
        self._note_approvals()
        await recover_users(self._tenant, self._journal, self._progress)
        return await self._go_on()

    async def _go_on(self) -> RunResult:
        while True:
            try:
                if self._plan.kind is PlanKind.MIGRATE:
                    await self._migrate()
                    kept: list[str] = []
                else:
                    kept = await self._roll_back()
            except _Wait as wait:
                seconds = (wait.until - self._tenant.server_now()).total_seconds()
                if seconds > LONG_WAIT_SECONDS and not self._options.stay:
                    self._note_run(Operation.WAIT, Outcome.WAITING, f"{wait.reason} until {iso_utc(wait.until)}")
                    return self._result(Ending.WAITING, waiting_for=wait.reason, waiting_until=wait.until)
                if await self._sit_out(wait):
                    return self._result(Ending.INTERRUPTED, sentence="Interrupted while waiting.")
            except _StopHere:
                return self._result(Ending.STOPPED_HERE)
            except StopWave as stopped:
                return self._result(Ending(stopped.ending), sentence=stopped.sentence)
            else:
                return self._finished(kept)

    # Migrate: policies first, then users, wave by wave

    async def _migrate(self) -> None:
        for step in self._plan.policy_steps:
            if not self._is_settled(step):
                if isinstance(step, SetPolicyState) and step.after is PolicyState.ENABLED:
                    self._stop_at("report-only")
                    await self._wait_for_report_only(step)
                await self._carry_out_policy(step)
        self._stop_at("report-only")
        self._stop_at("policies-on")
        for wave in self._plan.waves:
            if self._options.only_wave in (None, wave.number) and wave.users:
                if any(True for _ in self._waves.remaining(wave.number)):
                    await self._wait_for_settling(self._plan.rests_on)
                await self._waves.run(wave, gate=self._wait_for_settling, write_record=self._write_record)
                self._progress.note(f"Wave {wave.number} ({wave.name}) is through.")
            self._stop_at(f"wave:{wave.number}")
        if self._options.only_wave is not None:
            raise _StopHere

    async def _carry_out_policy(self, step: PolicyStep) -> None:
        # The way back is on disk before the first write, also when that write is a policy's.
        await self._write_record(0, {})
        await self._policies.carry_out(step)
        self._proof.forget()
        await self._write_record(0, {})

    async def _wait_for_report_only(self, step: SetPolicyState) -> None:
        if self._options.skip_report_only is not None:
            return
        policy = await self._policies.find(step.key)
        if policy is None or policy.policy_state is not PolicyState.REPORT_ONLY or policy.last_changed is None:
            return
        until = datetime.fromisoformat(policy.last_changed) + timedelta(seconds=self._plan.limits.report_only_seconds)
        if until > self._tenant.server_now():
            raise _Wait(f"policy {policy.display_name!r} stays report-only", until)

    async def _wait_for_settling(self, keys: Sequence[str]) -> None:
        """Raise _Wait until every policy that the users rest on has been unchanged for long enough.

        Microsoft says that a change may take up to a day to be in force everywhere.
        """
        if self._options.skip_settle is not None or not keys:
            return
        settle = timedelta(seconds=self._plan.limits.policy_settle_seconds)
        now = self._tenant.server_now()
        waits = [
            (datetime.fromisoformat(policy.last_changed) + settle, policy.display_name)
            for policy in await self._tenant.list_policies()
            if policy.last_changed is not None
            and any(key == policy.id or key in (policy.description or "") for key in keys)
        ]
        if waits and max(waits)[0] > now:
            until, name = max(waits)
            raise _Wait(f"policy {name!r} has to settle before anybody rests on it", until)

    def _stop_at(self, place: str) -> None:
        if self._options.until == place:
            raise _StopHere

    # Roll back: users first, policies only once everybody is restored

    async def _roll_back(self) -> list[str]:
        async def no_gate(_: Sequence[str]) -> None:
            """Back to safe waits for nothing."""

        async def no_record(_: int, __: dict[str, str]) -> None:
            """The rollback files describe the way back from the migration; they stay as they are."""

        # A set-state is no rollback: what it changes has to have a way back of its own.
        write_record = no_record if self._plan.kind is PlanKind.ROLLBACK else self._write_record
        for wave in self._plan.waves:
            await self._waves.run(wave, gate=no_gate, write_record=write_record)
        steps = [step for step in self._plan.policy_steps if not self._is_settled(step)]
        if not steps:
            return []
        why_not = await policies_may_go_back(
            self._plan, self._steps, steps, tenant=self._tenant, journal=self._journal, progress=self._progress
        )
        if why_not:
            return [f"{step.display_name!r} stays as it is: {why_not}" for step in steps]
        for step in steps:
            await self._policies.carry_out(step)
        return []

    # What-if

    async def _rehearse(self) -> RunResult:
        lines = []
        for step in self._plan.policy_steps:
            done = self._is_settled(step) or await self._policies.is_done(step)
            lines.append(f"{'  done   ' if done else '~ policy '} {said_of(step)}")
        outcomes: Counter[str] = Counter()
        try:
            for wave in self._plan.waves:
                if self._options.only_wave in (None, wave.number) and wave.users:
                    outcomes += await self._rehearse_wave(wave, lines)
        except StopWave as stopped:
            return self._result(Ending.INTERRUPTED, sentence=stopped.sentence)
        result = self._result(Ending.REHEARSED)
        result.rehearsal, result.outcomes = lines, outcomes
        return result

    async def _rehearse_wave(self, wave: Wave, lines: list[str]) -> Counter[str]:
        found, _, left = await self._waves.rehearse(wave)
        done = wave.users - len(found) - len(left)
        counts = f"{len(found)} would be sent, {len(left)} left alone, {done} done before"
        lines.append(f"~ wave {wave.number} ({wave.name}): {counts}")
        lines += [f"  ! {step.user_principal_name}: {leave.reason}" for step, leave in left]
        return Counter({"would be sent": len(found), "left alone": len(left), "done before": done})

    # Bookkeeping

    def _say_what_was_sent(self, problem: MfaMigrateError, *, after: int) -> None:
        """Correct an error that says that nothing was changed, when something was sent before it."""
        intents = self._journal.entries(plan_digest=self._plan.digest, outcomes=[Outcome.INTENT])
        sent = sum(entry.sequence > after for entry in intents)
        if sent and problem.unchanged == NOTHING_CHANGED:
            changes = "1 change was" if sent == 1 else f"{sent} changes were"
            problem.unchanged = (
                f"{changes} sent before that; each stands in the journal and in rollback.csv. The rest was not touched."
            )

    def _is_settled(self, step: PolicyStep) -> bool:
        """Tell from the journal whether a policy step has its final outcome in this run."""
        return is_policy_step_settled(step, self._journal.entries(plan_digest=self._plan.digest))

    async def _write_record(self, wave: int, found: dict[str, str]) -> None:
        self._record.write(
            await self._tenant.list_policies(),
            created_at=iso_utc(self._tenant.server_now()),
            wave=(step for step in self._steps() if step.wave == wave),
            found=found,
        )

    async def _sit_out(self, wait: _Wait) -> bool:
        """Wait in this process; return whether an interrupt ended it. The server's clock decides when it is over."""
        while (seconds := (wait.until - self._tenant.server_now()).total_seconds()) > 0:
            if self._stop():
                return True
            self._progress.waiting(f"{wait.reason} until {wait.until:%Y-%m-%d %H:%M} UTC", seconds)
            await self._sleep(min(seconds, 60.0))
            await self._tenant.read_organization()
        return False

    def _note_approvals(self) -> None:
        for option, reason in (
            ("--skip-report-only", self._options.skip_report_only),
            ("--skip-settle", self._options.skip_settle),
        ):
            if reason is not None:
                self._note_run(Operation.APPROVE, Outcome.APPROVED, f"{option}: {reason}")

    def _note_run(self, operation: Operation, outcome: Outcome, reason: str, requested: str = "") -> None:
        self._journal.append(
            [
                Draft(
                    operation=operation,
                    target_type=TargetType.RUN,
                    outcome=outcome,
                    requested=requested,
                    reason=reason,
                    server_date=iso_utc(self._tenant.server_now()),
                )
            ]
        )

    def _finished(self, kept: list[str]) -> RunResult:
        result = self._result(Ending.DONE)
        result.policies_kept = kept
        open_users = result.outcomes[Outcome.FAILED] + result.outcomes[Outcome.UNCONFIRMED]
        closed = any(self._journal.entries(plan_digest=self._plan.digest, operation=Operation.CLOSE_RUN))
        if not open_users and not kept and not closed:
            self._note_run(Operation.CLOSE_RUN, Outcome.CLOSED, f"{self._plan.kind} is through")
        return result

    def _result(self, ending: Ending, **facts: object) -> RunResult:
        outcomes = Counter(o.value for o in self._journal.latest_user_outcomes(self._plan.digest).values())
        return RunResult(ending=ending, outcomes=outcomes, **facts)  # type: ignore[arg-type]
