"""The waits of a run: a new policy stays report-only, a changed one settles, one wave keeps its distance to the next.

The server's clock decides, never this machine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

import msgspec

from migrate.decide.own_policies import is_named_by
from migrate.engine.run_parts import RunParts
from migrate.errors import Guarded
from migrate.model.evidence import ConditionalAccessPolicy, PolicyState
from migrate.model.instants import moment_of
from migrate.model.journal import ACCEPTED, Operation
from migrate.model.plan import Wave
from migrate.model.report_only import ReportOnlyNumbers
from migrate.model.steps import SetPolicyState
from migrate.model.waits import Waiting, WaitKind
from migrate.model.wave_gate import GateVerdict, WaveProof
from migrate.model.waves import hours_of


class Wait(Exception):
    """Control flow: something has to settle until a moment."""

    def __init__(self, waiting: Waiting, until: datetime) -> None:
        super().__init__(str(waiting))
        self.waiting = msgspec.structs.replace(waiting, until=until)
        self.until = until


class Gates:
    """Raises `Wait` where a run must not go on yet."""

    def __init__(self, parts: RunParts) -> None:
        self._plan, self._terms = parts.plan, parts.terms
        self._steps, self._tenant, self._journal = parts.steps, parts.tenant, parts.journal
        self._skips_report_only = parts.options.skip_report_only is not None
        self._exit_rule = parts.exit_rule
        self._wave_proofs = parts.wave_proofs
        self._readings_lost = parts.readings_lost
        self._skips_settle = parts.options.skip_settle is not None

    async def report_only(self, step: SetPolicyState) -> None:
        """Raise Wait until a policy that shall be switched on was report-only, unchanged, for long enough.

        Raises Guarded where the sign-in log then speaks against it.
        """
        if self._skips_report_only:
            return
        waiting = timedelta(seconds=self._terms.limits.report_only_seconds)
        for policy in await self._tenant.list_policies():
            if is_named_by(step.key, policy) and policy.policy_state is PolicyState.REPORT_ONLY:
                stays = Waiting(kind=WaitKind.REPORT_ONLY, name=policy.display_name)
                self._until(stays, self._changed(policy), waiting)
                _refuse_by_the_log(self._exit_rule(policy))

    async def settled(self, keys: Sequence[str]) -> None:
        """Raise Wait until every policy that the users rest on has been unchanged for long enough.

        Microsoft says that a change may take up to a day to be in force everywhere.
        """
        if self._skips_settle:
            return
        if self._readings_lost:
            # What was seen to change before the plan's export has settled when this long has passed since.
            settle = timedelta(seconds=self._terms.limits.policy_settle_seconds)
            self._until(Waiting(kind=WaitKind.ALL_SETTLE), moment_of(self._plan.snapshot_taken_at), settle)
        if not keys:
            return
        rests_on = [
            (changed, policy.display_name)
            for policy in await self._tenant.list_policies()
            # One that is not enabled settles nothing: the proof right before the write says what to think of that.
            if policy.policy_state is PolicyState.ENABLED
            and (changed := self._changed(policy)) is not None
            and any(is_named_by(key, policy) for key in keys)
        ]
        if rests_on:
            changed, name = max(rests_on)
            settle = timedelta(seconds=self._terms.limits.policy_settle_seconds)
            self._until(Waiting(kind=WaitKind.POLICY_SETTLES, name=name), changed, settle)

    def not_before(self, wave: Wave) -> None:
        """Raise Wait until the moment, and the hours of a day, before which the operator does not want it to begin."""
        moment = moment_of(wave.not_before) if wave.not_before else None
        now = self._tenant.server_at_least()
        if moment is not None and moment > now:
            raise Wait(_about(wave, WaitKind.WAVE_BEGINS, wave.not_before), moment)
        hours = hours_of(wave.hours)
        opening = None if hours is None else hours.next_opening(now)
        if opening is not None:
            raise Wait(_about(wave, WaitKind.WAVE_HOURS, wave.hours), opening)

    def after_the_wave_before(self, wave: Wave) -> None:
        """Raise Wait until the last change of the waves before is long enough ago.

        Raises Guarded where the sign-in log does not speak for one of them.
        """
        for proof in self._wave_proofs():
            if proof.wave < wave.number:
                _refuse_after(proof)
        seconds = self._terms.limits.wave_wait_seconds
        if not seconds:
            return
        own = {step.user_id for step in self._steps() if step.wave >= wave.number}
        last: datetime | None = None
        for entry in self._journal.entries(
            plan_digest=self._plan.digest, operation=Operation.SET_MFA_STATE, outcomes=ACCEPTED
        ):
            if entry.object_id not in own:
                told = moment_of(entry.server_date)
                last = max(filter(None, (told, last)), default=None)
        self._until(_about(wave, WaitKind.WAVE_DISTANCE), last, timedelta(seconds=seconds))

    def _changed(self, policy: ConditionalAccessPolicy) -> datetime | None:
        """Return when a policy was changed last; one that does not say so may have been until the plan's export."""
        return moment_of(policy.last_changed or "") or moment_of(self._plan.snapshot_taken_at)

    def _until(self, what: Waiting, since: datetime | None, waiting: timedelta) -> None:
        if since is not None and since + waiting > self._tenant.server_at_least():
            raise Wait(what, since + waiting)


def _refuse_after(proof: WaveProof) -> None:
    """Raise Guarded where a wave went wrong by the sign-in log, or where it is too early to tell."""
    failing = ", ".join(
        f"{one.check.value} is {one.number:.3g}, the limit is {one.limit:g}" for one in proof.checks if not one.holds
    )
    hint = "See `mfa-migrate sign-ins waves`, which names the people"
    match proof.verdict:
        case GateVerdict.GO_ON:
            return
        case GateVerdict.WAIT:
            raise Guarded(
                f"Wave {proof.wave} has not shown yet in the sign-in log that it works: "
                f"{failing or 'no log was read'}.",
                hint=f"Read the log, then apply again: mfa-migrate sign-ins read. {hint}.",
            )
        case GateVerdict.STOP:
            raise Guarded(
                f"Wave {proof.wave} went wrong by the sign-in log, so the next one does not begin: {failing}.",
                hint=f"{hint}; waves.gate = false in mfa-migrate.toml goes on all the same.",
            )
    assert_never(proof.verdict)


def _refuse_by_the_log(numbers: ReportOnlyNumbers | None) -> None:
    """Raise Guarded where the exit rule does not hold, with every condition that fails, or with what is missing."""
    if numbers is None or numbers.holds:
        return
    if numbers.missing is not None:
        said = f"the sign-in log does not speak for it: {numbers.missing.words}."
    else:
        failing = "; ".join(one.words for one in numbers.failing)
        said = f"by the sign-in log its exit rule does not hold: {failing or 'nothing was counted'}."
    raise Guarded(
        f"The policy {numbers.display_name!r} is not switched on: {said}",
        unchanged="It stays report-only.",
        hint="See `mfa-migrate sign-ins report-only`; --skip-report-only REASON switches it on all the same.",
    )


def _about(wave: Wave, kind: WaitKind, said: str = "") -> Waiting:
    return Waiting(kind=kind, name=wave.name, number=wave.number, said=said)
