"""Compare the tenant with what it should be: the journal folded over the snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from migrate.decide.coverage.judge import Judge
from migrate.decide.guards import says_the_same
from migrate.model.coverage import Coverage
from migrate.model.evidence import Evidence, PolicyState
from migrate.model.findings import Finding, FindingCode
from migrate.model.journal import Outcome, Touched
from migrate.model.plan import CreatePolicy, DeletePolicy, PolicyStep, SetPolicyState
from migrate.model.record import Record
from migrate.model.replies import StateReading
from migrate.model.users import AnyUser, MfaState, Registration, UserProfile, UserRecord

_TOOK_EFFECT = frozenset({Outcome.CONFIRMED, Outcome.RECOVERED, Outcome.UNCONFIRMED})


class Expected(Record, frozen=True, kw_only=True):
    """What a user should be."""

    states: frozenset[MfaState]
    """Empty when nothing can be said: the user could not be read for the snapshot."""
    switched_off: bool
    """Whether one of our runs switched per-user MFA off and nobody put it back."""
    in_doubt: bool


def expected_for(user: AnyUser, touched: Touched | None) -> Expected:
    """Return what the user should be now: the snapshot's state, or what our latest step for the user left.

    An enabled user may be found enforced: a promotion that Graph makes by itself.
    """
    if touched is not None and touched.outcome in _TOOK_EFFECT:
        states = _found_as(touched.requested)
        off = touched.requested is MfaState.DISABLED
        return Expected(states=states, switched_off=off, in_doubt=False)
    if touched is not None:
        in_doubt = touched.outcome is Outcome.INTENT
        states = _found_as(touched.before) | (_found_as(touched.requested) if in_doubt else frozenset())
        return Expected(states=states, switched_off=False, in_doubt=in_doubt)
    if isinstance(user, UserRecord):
        return Expected(states=_found_as(user.mfa_state), switched_off=False, in_doubt=False)
    return Expected(states=frozenset(), switched_off=False, in_doubt=False)


def _found_as(state: MfaState) -> frozenset[MfaState]:
    return frozenset(found for found in MfaState if state.is_found_as(found))


def state_findings(user: AnyUser, expected: Expected, reading: StateReading) -> Iterator[Finding]:
    """Yield what is wrong with one user's state."""
    if expected.in_doubt:
        yield _finding(
            FindingCode.IN_DOUBT,
            user.profile,
            "A change was sent and its outcome is not known.",
            f"found {reading.mfa_state or reading.problem}; run `mfa-migrate apply` or `rollback` to settle it",
        )
    if reading.mfa_state is None:
        if expected.states:
            code = FindingCode.USER_MISSING if reading.status == 404 else FindingCode.USER_UNREADABLE
            yield _finding(code, user.profile, "The user cannot be read any more.", str(reading.problem))
    elif expected.states and reading.mfa_state not in expected.states:
        wanted = " or ".join(sorted(expected.states))
        yield _finding(
            FindingCode.STATE_DIFFERS,
            user.profile,
            f"Per-user MFA is {reading.mfa_state}; it should be {wanted}.",
            f"expected {wanted}, read {reading.mfa_state}, request {reading.request_id}",
        )


def coverage_findings(
    profile: UserProfile | str, user: AnyUser, judge: Judge, accepted: frozenset[str], expired: frozenset[str]
) -> Iterator[Finding]:
    """Yield what is wrong with the coverage of a user whom we switched off."""
    if isinstance(profile, str):
        yield _finding(FindingCode.USER_UNREADABLE, user.profile, "The user cannot be read any more.", profile)
        return
    coverage = judge.coverage_of(profile)
    if coverage.is_proven(accepted):
        return
    if coverage.is_proven(accepted | expired):
        tags = ", ".join(gap.tag for gap in coverage.gaps if gap.tag in expired)
        yield _finding(
            FindingCode.ACCEPTED_GAP_EXPIRED, profile, f"An accepted gap has expired: {tags}.", coverage.summary
        )
        return
    yield _finding(
        FindingCode.NOT_COVERED,
        profile,
        "Per-user MFA is off and Conditional Access does not provably require MFA.",
        coverage.summary,
    )


def method_findings(user: AnyUser, now: Registration | None) -> Iterator[Finding]:
    """Yield a finding when a registered method is missing: what was there before must be a subset of what is now."""
    before = user.registration
    if before is None or not before.methods_registered:
        return
    if now is None:
        # The report leaves out accounts that were switched off meanwhile: its silence proves nothing either way.
        yield _finding(
            FindingCode.REGISTRATION_MISSING,
            user.profile,
            "The registration report does not list the user any more.",
            f"before: {', '.join(before.methods_registered)}; the report may lag by hours",
        )
        return
    lost = sorted(set(before.methods_registered) - set(now.methods_registered))
    if lost:
        yield _finding(
            FindingCode.METHOD_MISSING,
            user.profile,
            f"Registered methods are missing: {', '.join(lost)}.",
            f"report of {now.last_updated_date_time or 'unknown time'}; it may lag by hours",
        )


def policy_findings(
    steps: Iterable[PolicyStep], evidence: Evidence, settled: Mapping[PolicyStep, bool]
) -> Iterator[Finding]:
    """Yield what is wrong with the policies that our runs made or switched; `settled` tells which steps were done."""
    wanted: dict[str, PolicyStep] = {}
    for step in steps:
        if settled.get(step, False):
            wanted[step.key] = step
    bodies = {step.key: step.body for step in steps if isinstance(step, CreatePolicy)}
    for key, step in wanted.items():
        found = next((p for p in evidence.policies if p.id == key or key in (p.description or "")), None)
        match step:
            case DeletePolicy():
                if found is not None and says_the_same(step.body, found):
                    yield _policy_finding(step, found.id, "It was deleted and is there again.")
            case CreatePolicy() | SetPolicyState():
                state = PolicyState.REPORT_ONLY if isinstance(step, CreatePolicy) else step.after
                if found is None:
                    yield Finding(
                        code=FindingCode.POLICY_MISSING,
                        subject=step.display_name,
                        subject_id=key,
                        sentence="The policy does not exist any more.",
                        evidence=f"looked for {key}",
                    )
                elif found.policy_state is not state:
                    yield _policy_finding(step, found.id, f"It is {found.policy_state}; it should be {state}.")
                elif key in bodies and not says_the_same(bodies[key], found):
                    yield _policy_finding(step, found.id, "Somebody edited it since it was created.")


def _finding(code: FindingCode, profile: UserProfile, sentence: str, evidence: str) -> Finding:
    return Finding(
        code=code, subject=profile.user_principal_name, subject_id=profile.id, sentence=sentence, evidence=evidence
    )


def _policy_finding(step: PolicyStep, policy_id: str, sentence: str) -> Finding:
    return Finding(
        code=FindingCode.POLICY_DIFFERS,
        subject=step.display_name,
        subject_id=policy_id,
        sentence=sentence,
        evidence=f"looked for {step.key}",
    )


__all__ = ["Coverage", "Expected", "coverage_findings", "expected_for", "method_findings", "policy_findings"]
