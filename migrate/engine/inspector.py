"""Read the tenant afresh and compare it with what it should be. Changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from migrate.decide.coverage.judge import Judge
from migrate.decide.exclusions import Excluded
from migrate.decide.guards import accepted_on
from migrate.decide.managed_scopes import managed_findings
from migrate.decide.verifier import (
    coverage_findings,
    exclusion_findings,
    expected_for,
    expired_exclusions,
    is_unexpected,
    method_findings,
    policy_findings,
    state_findings,
)
from migrate.engine.history import last_writes, latest_migration, policy_steps_done
from migrate.engine.ports import Journal, Progress, Tenant
from migrate.model.coverage import Assumption
from migrate.model.evidence import Evidence
from migrate.model.findings import Finding
from migrate.model.journal import Outcome
from migrate.model.plan import PlanHeader
from migrate.model.policy_exclusions import PolicyExclusion
from migrate.model.rules import DIRECTORY_SYNC_ROLES
from migrate.model.tenant_settings import answer_on
from migrate.model.users import AnyUser, MfaState, UserProfile

CHUNK = 2_000


@dataclass(kw_only=True)
class Inspection:
    """What was looked at, for the summary."""

    users: int = 0
    switched_off: int = 0
    policies: int = 0
    registrations: int = 0
    on_managed: int = 0
    """Users switched off whose proof rests on policies of which Microsoft may change the scope."""
    off_unaccounted: dict[str, str] = field(default_factory=dict)
    """By id, the names of users who are read as disabled and by journal and snapshot should not be."""


async def inspect(
    tenant: Tenant,
    journal: Journal | None,
    users: Callable[[], Iterator[AnyUser]],
    find: Callable[[str], AnyUser | None],
    planned: Evidence,
    progress: Progress,
    inspection: Inspection,
    *,
    accepted: frozenset[str] = frozenset(),
) -> AsyncIterator[Finding]:
    """Yield every finding: states, policies, coverage of those switched off, registered methods.

    Args:
        tenant: Read afresh.
        journal: None when nothing was applied: then the snapshot alone says what should be.
        users: Yields the snapshot's users from the start at each call.
        find: Returns the snapshot's user with an id.
        planned: The snapshot's evidence.
        progress: Told how far it is.
        inspection: Filled with what was looked at.
        accepted: Ids of people whom the configuration of now accepts by name as left out of our policy without MFA.
    """
    plan = latest_migration(journal)
    evidence = await tenant.read_evidence(roles=DIRECTORY_SYNC_ROLES)
    done = policy_steps_done(journal) if journal is not None else []
    inspection.policies = len({step.key for step in done})
    for finding in policy_findings(done, evidence):
        yield finding
    latest = last_writes(journal) if journal is not None else {}
    judge = _judge(tenant, evidence, plan)
    checker = _CoverageCheck(tenant, judge, plan)
    exclusions = _exclusions_of(plan, accepted)
    excluded = Excluded(exclusions, evidence)
    for finding in expired_exclusions(exclusions, tenant.server_now().date().isoformat()):
        yield finding
    source = users()
    while chunk := list(islice(source, CHUNK)):
        expected = {user.profile.id: expected_for(user, latest.get(user.profile.id)) for user in chunk}
        readings = await tenant.read_mfa_states([user.profile.id for user in chunk])
        for reading, user in zip(readings, chunk, strict=True):
            should_be = expected[user.profile.id]
            if reading.mfa_state is MfaState.DISABLED and is_unexpected(reading.mfa_state, should_be):
                inspection.off_unaccounted[user.profile.id] = user.profile.user_principal_name
            about_state = state_findings(user, should_be, reading)
            for finding in (*about_state, *exclusion_findings(user, reading, excluded, judge)):
                yield finding
        off = [user for user in chunk if expected[user.profile.id].switched_off]
        for finding in await checker.findings(off):
            yield finding
        inspection.users += len(chunk)
        inspection.switched_off += len(off)
        inspection.on_managed = checker.on_managed
        progress.advance(inspection.users, None, "Verifying states and coverage")
    planned_on = frozenset(key.lower() for key in plan.rests_on) if plan is not None and latest else frozenset()
    for finding in managed_findings(planned, evidence, planned_on, checker.resting):
        yield finding
    touched = {user_id for user_id, entry in latest.items() if entry.outcome is not Outcome.SKIPPED}
    if not any(sku.allows_conditional_access for sku in await tenant.read_skus()):
        progress.note("registered methods are not compared: the report needs Entra ID P1, which this tenant has not")
        return
    async for finding in _compare_methods(tenant, find, touched, progress, inspection):
        yield finding


def _exclusions_of(plan: PlanHeader | None, accepted: frozenset[str]) -> tuple[PolicyExclusion, ...]:
    """Return whom our policy leaves out; accepted is also whoever the configuration of now accepts."""
    return tuple(
        msgspec.structs.replace(one, accepted=one.accepted or one.id in accepted)
        for one in (() if plan is None else plan.policy_exclusions)
    )


class _CoverageCheck:
    """Checks the coverage of users whom we switched off, from their profiles as they are now."""

    def __init__(self, tenant: Tenant, judge: Judge, plan: PlanHeader | None) -> None:
        self._tenant, self._judge = tenant, judge
        gaps = plan.accepted_gaps if plan is not None else ()
        self._accepted = accepted_on(gaps, tenant.server_now())
        self._expired = frozenset(gap.tag for gap in gaps) - self._accepted
        self.on_managed = 0
        self.resting: Counter[str] = Counter()
        """By policy id, how many users' proofs rest on it."""

    async def findings(self, users: Sequence[AnyUser]) -> list[Finding]:
        profiles = await self._tenant.read_profiles([user.profile.id for user in users]) if users else {}
        found = [self._judge.coverage_of(one) for one in profiles.values() if isinstance(one, UserProfile)]
        self.on_managed += sum(Assumption.MANAGED_SCOPE in coverage.assumes for coverage in found)
        for coverage in found:
            self.resting.update(policy_id.lower() for policy_id in coverage.covered_by_ids)
        return [
            finding
            for user in users
            for finding in coverage_findings(
                profiles[user.profile.id], user, self._judge, self._accepted, self._expired
            )
        ]


async def _compare_methods(
    tenant: Tenant,
    find: Callable[[str], AnyUser | None],
    touched: set[str],
    progress: Progress,
    inspection: Inspection,
) -> AsyncIterator[Finding]:
    """Compare the report's methods for everybody; one whom we touched must still be in it while the account is on."""
    listed: set[str] = set()
    async for user_id, now in tenant.iter_registrations():
        if now is None:
            continue  # shown in part: as one whom the report does not list
        user = find(user_id)
        if user is not None:
            for finding in method_findings(user, now):
                yield finding
        if user_id in touched:
            listed.add(user_id)
        inspection.registrations += 1
        if inspection.registrations % CHUNK == 0:
            progress.advance(inspection.registrations, None, "Comparing registered methods")
    missing = sorted(touched - listed)
    profiles = await tenant.read_profiles(missing) if missing else {}
    for user_id in missing:
        user, profile = find(user_id), profiles[user_id]
        if user is not None and isinstance(profile, UserProfile) and profile.account_enabled:
            for finding in method_findings(user, None):
                yield finding


def _judge(tenant: Tenant, evidence: Evidence, plan: PlanHeader | None) -> Judge:
    apps = None if plan is None or plan.apps_that_matter is None else frozenset(plan.apps_that_matter)
    answer = None if plan is None else plan.baseline_scopes
    return Judge(evidence, apps_that_matter=apps, baseline=answer_on(answer, tenant.server_now().date()))
