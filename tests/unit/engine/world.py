"""A small invented tenant with the engine around it: plan, apply, roll back, die and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from migrate.decide.coverage.judge import Judge
from migrate.decide.planner import Planner
from migrate.decide.replay.blocking import SignInLog
from migrate.decide.reverser import rollback_for, selected
from migrate.decide.settling import noted
from migrate.engine.applier import Applier
from migrate.engine.history import begun_plans, past_of, plans_in_force
from migrate.engine.run_parts import ApplyOptions, RunParts
from migrate.engine.way_back import source_in
from migrate.model.evidence import Evidence
from migrate.model.instants import iso_utc
from migrate.model.plan import PlanAction, PlanHeader
from migrate.model.readings import Readings
from migrate.model.run import RunResult
from migrate.model.steps import SetMfaState
from migrate.model.users import MfaState, UserRecord
from tests.unit.decide.records import REGISTERED, TENANT, UNREGISTERED, limits, object_id, policy, rules, snapshot
from tests.unit.engine.memory import EXCLUDED, START, MemoryFiles, MemoryJournal, MemoryTenant, Said

EMERGENCY = "emergency1"
PEOPLE = ("ada", "ben", "cleo", "dora", "eve", "finn")
EVERYBODY = "MFA for everybody"


class World:
    """One tenant, one journal, one set of rollback files."""

    def __init__(self, *, create: bool = False, states: dict[str, MfaState] | None = None, **limit: Any) -> None:
        given = states or dict.fromkeys(PEOPLE, MfaState.ENFORCED)
        everybody = policy(EVERYBODY, excludeUsers=[object_id(EMERGENCY)], excludeGroups=[object_id(EXCLUDED)])
        self.create = create
        self.scope: str | None = None
        """Id of the group that our policy is for; None for everybody."""
        self.strength: str | None = None
        """Id of the strength that our policy asks for; None for MFA."""
        self.tenant = MemoryTenant({**given, EMERGENCY: MfaState.ENFORCED}, [] if create else [everybody], START)
        self.journal = MemoryJournal(self.tenant.breaker)
        self.files = MemoryFiles(self.tenant.breaker)
        self.said = Said()
        self.before = dict(self.tenant.states)
        self.slept = 0.0
        """Seconds that the steady clock missed."""
        self.clock_set = 0.0
        """Seconds by which the machine's clock was set forward."""
        self.readings: Readings | None = None
        self.log: SignInLog | None = None
        """What was read of the sign-in log."""
        self.stops_after: int | None = None
        self.paused = False
        self.others: tuple[SetMfaState, ...] = ()
        """Whom the plans of the folder meant to disable."""
        self.running: dict[str, SetMfaState] = {}
        """The steps of the run that is under way, by user."""
        self._limits = limits(
            **{"max_failures": "100%", "max_newly_required": 100, "readback_timeout_seconds": 3, **limit}
        )
        self.plan, self.steps = self.planned()

    def planned(self) -> tuple[PlanHeader, tuple[SetMfaState, ...]]:
        """Return a plan from the tenant as it is now."""
        rule = rules(
            create=self.create,
            scope_group=self.scope,
            strength=self.strength,
            emergency_access=(object_id(EMERGENCY),),
            canary=frozenset({object_id("ada")}),
            percentages=(50, 100),
            limits=self._limits,
        )
        taken = msgspec.structs.replace(snapshot(len(self.tenant.states)), taken_at=iso_utc(self.tenant.now))
        planner = Planner(taken, self.tenant.evidence(), rule, past_of(self.journal))
        planner.know_readings(self.readings)
        planner.know_log(self.log)
        users = [
            UserRecord(
                profile=found,
                mfa_state=self.tenant.states[user_id],
                registration=REGISTERED if user_id in self.tenant.registered else UNREGISTERED,
            )
            for user_id, found in self.tenant.profiles.items()
        ]
        rows = list(planner.rows(users))
        steps = tuple(
            SetMfaState(
                user_id=row.user_id,
                user_principal_name=row.user_principal_name,
                before=row.current_state,
                after=MfaState.DISABLED,
                wave=row.wave,
                because=row.reason,
            )
            for row in rows
            if row.action is PlanAction.DISABLE and row.current_state is not None and row.wave is not None
        )
        return planner.header("cd" * 32, tool_version="0"), steps

    def see(self, evidence: Evidence, at: datetime) -> Readings:
        """Keep what a reading saw, as the folder does."""
        self.readings = noted(self.readings, evidence, at, TENANT)
        return self.readings

    # What is true of the tenant, judged apart from the run

    def is_covered(self, user_id: str) -> bool:
        """Tell whether the enabled policies demand MFA of a user now."""
        return Judge(self.tenant.evidence()).coverage_of(self.tenant.profiles[user_id]).is_proven()

    # The engine

    def run(self, plan: PlanHeader, steps: Sequence[SetMfaState], **options: Any) -> RunResult:
        """Run a plan once."""
        looks = 0

        def stop() -> bool:
            nonlocal looks
            looks += 1
            return self.stops_after is not None and looks > self.stops_after

        async def sleep(seconds: float) -> None:
            self.tenant.now += timedelta(seconds=seconds)
            await asyncio.sleep(0)

        ids = iter(range(1_000_000))
        self.journal.run = plan.digest
        self.running = {step.user_id: step for step in steps}
        applier = Applier(
            RunParts(
                plan=plan,
                steps=lambda: iter(steps),
                tenant=self.tenant,
                journal=self.journal,
                rollback_files=self.files,
                progress=self.said,
                options=ApplyOptions(max_failures=plan.limits.max_failures, **options),
                stop=stop,
                paused=lambda: self.paused,
                sleep=sleep,
                monotonic=lambda: self.tenant.now.timestamp() - self.slept,
                machine_time=lambda: self.tenant.now.timestamp() + self.clock_set,
                new_id=lambda: str(next(ids)),
                seen=self.see,
                sign_in_log=lambda: self.log,
                also_planned=lambda: iter(self.others),
            )
        )
        return asyncio.run(applier.run())

    def apply(self, **options: Any) -> RunResult:
        """Apply the plan as far as it may go now."""
        return self.run(self.plan, self.steps, **options)

    def apply_to_the_end(self) -> RunResult:
        """Apply the plan, letting every wait pass."""
        for _ in range(5):
            result = self.apply()
            if result.waiting_until is None:
                return result
            self.tenant.now = max(self.tenant.now, result.waiting_until)
        raise AssertionError("it never stops waiting")

    def roll_back(self, *, wave: int | None = None, run: str | None = None, **options: Any) -> RunResult | None:
        """Put back everything, one wave, or one run; None when there is nothing to put back."""
        plans = plans_in_force(self.journal)
        if run is not None:
            plans = [entry for entry in begun_plans(self.journal) if entry[0] == run]
        if not plans:
            return None
        source = source_in(self.journal, run=run, tenant_id=self.plan.tenant_id)
        if not (source.rows or source.policy_steps) or (wave is not None and wave not in {r.wave for r in source.rows}):
            return None
        source = selected(source, users=frozenset(), wave=wave)
        rolled = rollback_for(
            source.rows,
            source.policy_steps,
            source.facts,
            created_at=iso_utc(self.tenant.now),
            tool_version="0",
            readback_timeout_seconds=3,
            emergency_access=self.plan.emergency_access,
            made_from=self.journal.head[1],
        )
        return self.run(rolled.header, rolled.steps, undoes=source.whole, **options)
