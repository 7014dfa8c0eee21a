"""Compare the tenant with what it should be: the journal folded over the snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from migrate.decide.coverage.judge import Judge
from migrate.decide.directory_sync import sync_accounts, would_catch
from migrate.decide.exclusions import Excluded
from migrate.decide.own_policies import is_named_by
from migrate.decide.policy_bodies import says_the_same
from migrate.model.coverage import Verdict
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState
from migrate.model.findings import Finding, FindingCode
from migrate.model.journal import ACCEPTED, JournalEntry, LastWrite, Outcome
from migrate.model.policy_exclusions import PolicyExclusion
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.reasons import Reason
from migrate.model.record import Record
from migrate.model.replies import StateReading
from migrate.model.steps import CreatePolicy, DeletePolicy, PolicyStep, SetPolicyState
from migrate.model.users import AnyUser, MfaState, Registration, UserProfile, UserRecord


class Expected(Record, frozen=True, kw_only=True):
    """What a user should be."""

    states: frozenset[MfaState]
    """Empty when nothing can be said: the user could not be read for the snapshot."""
    switched_off: bool
    """Whether one of our runs switched per-user MFA off and nobody put it back."""
    in_doubt: bool


def expected_for(user: AnyUser, latest: JournalEntry | LastWrite | None) -> Expected:
    """Return what the user should be now: what our latest entry for the user left, or else the snapshot's state.

    An enabled user may be found enforced: a promotion that Graph makes by itself.
    """
    if latest is not None:
        asked = MfaState(latest.requested)
        if latest.outcome in ACCEPTED or (latest.outcome is Outcome.SKIPPED and latest.is_as_asked):
            return Expected(states=_found_as(asked), switched_off=asked is MfaState.DISABLED, in_doubt=False)
        if latest.before in set(MfaState):
            before = _found_as(MfaState(latest.before))
            in_doubt = latest.outcome is Outcome.INTENT
            return Expected(
                states=before | _found_as(asked) if in_doubt else before, switched_off=False, in_doubt=in_doubt
            )
    if isinstance(user, UserRecord):
        return Expected(states=_found_as(user.mfa_state), switched_off=False, in_doubt=False)
    return Expected(states=frozenset(), switched_off=False, in_doubt=False)


def _found_as(state: MfaState) -> frozenset[MfaState]:
    return frozenset(found for found in MfaState if state.is_found_as(found))


def is_unexpected(state: MfaState, expected: Expected) -> bool:
    """Tell whether a state that was read is another one than it should be, as far as that can be said."""
    return bool(expected.states) and state not in expected.states


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
            code = FindingCode.USER_MISSING if reading.is_gone else FindingCode.USER_UNREADABLE
            yield _finding(code, user.profile, "The user cannot be read any more.", str(reading.problem))
    elif is_unexpected(reading.mfa_state, expected):
        wanted = " or ".join(sorted(expected.states))
        yield _finding(
            FindingCode.STATE_DIFFERS,
            user.profile,
            f"Per-user MFA is {reading.mfa_state}; it should be {wanted}.",
            f"expected {wanted}, read {reading.mfa_state}, request {reading.request_id}",
        )


def coverage_findings(
    profile: UserProfile | Reason, user: AnyUser, judge: Judge, accepted: frozenset[str], expired: frozenset[str]
) -> Iterator[Finding]:
    """Yield what is wrong with the coverage of a user whom we switched off."""
    if isinstance(profile, Reason):
        yield _finding(FindingCode.USER_UNREADABLE, user.profile, "The user cannot be read any more.", str(profile))
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


def exclusion_findings(user: AnyUser, reading: StateReading, excluded: Excluded, judge: Judge) -> Iterator[Finding]:
    """Yield a finding for somebody whom our policy leaves out and of whom neither way requires MFA.

    Whoever is accepted by name is none; a state that could not be read has a finding of its own.
    """
    one = excluded.by(user.profile)
    if one is None or one.accepted or reading.mfa_state in (None, MfaState.ENFORCED):
        return
    if user.profile.account_enabled is False:
        return
    coverage = judge.coverage_of(user.profile)
    if coverage.verdict is not Verdict.COVERED:
        yield _finding(
            FindingCode.EXCLUDED_WITHOUT_MFA,
            user.profile,
            f"Left out of our policy, and per-user MFA is {reading.mfa_state}: MFA by neither way.",
            f"[[policy.exclude]] {one.name}: {one.reason}; take the entry out, export and plan, or accept it by name "
            f"with `accepted = true` beside it; {coverage.summary}",
        )


def expired_exclusions(exclusions: Sequence[PolicyExclusion], today: str) -> Iterator[Finding]:
    """Yield a finding for each exclusion whose day has come. The policy is not edited by that."""
    for one in exclusions:
        if one.expires and one.expires <= today:
            yield Finding(
                code=FindingCode.POLICY_EXCLUSION_EXPIRED,
                subject=one.name,
                subject_id=one.id,
                sentence=f"The exclusion from our policy was to end on {one.expires}.",
                evidence=f"{one.reason}; take the entry out of mfa-migrate.toml, then export and plan",
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


def policy_findings(done: Sequence[PolicyStep], evidence: Evidence) -> Iterator[Finding]:
    """Yield what is wrong with the policies that our runs made or switched.

    Args:
        done: The policy steps of all runs that have their final outcome, oldest first; the last one for a policy says
            what it should be.
        evidence: The policies as they are now.
    """
    # Whom a policy is for says nothing of its state, unless nothing else was ever done to it.
    wanted: dict[str, PolicyStep] = {step.key: step for step in done if isinstance(step, SetPolicyScope)}
    wanted |= {step.key: step for step in done if not isinstance(step, SetPolicyScope)}
    bodies = {step.key: step.body for step in done if isinstance(step, CreatePolicy)}
    bodies |= {step.key: step.after for step in done if isinstance(step, SetPolicyScope)}
    for key, step in wanted.items():
        found = next((policy for policy in evidence.policies if is_named_by(key, policy)), None)
        match step:
            case DeletePolicy():
                if found is not None and says_the_same(step.body, found):
                    yield _policy_finding(step, found.id, "It was deleted and is there again.")
            case CreatePolicy() | SetPolicyState() | SetPolicyScope():
                state = _state_after(step)
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
                elif caught := _caught(found, evidence):
                    yield Finding(
                        code=FindingCode.SYNC_NOT_EXCLUDED,
                        subject=found.display_name,
                        subject_id=found.id,
                        sentence="It reaches accounts of the directory synchronization, which cannot do MFA.",
                        evidence=f"not excluded: {', '.join(caught)}",
                    )
                elif key in bodies and not says_the_same(bodies[key], found):
                    yield _policy_finding(step, found.id, "Somebody edited it since it was created.")
            case _:
                assert_never(step)


def _state_after(step: CreatePolicy | SetPolicyState | SetPolicyScope) -> PolicyState:
    match step:
        case CreatePolicy():
            return PolicyState(step.body.get("state", PolicyState.REPORT_ONLY.value))
        case SetPolicyState():
            return step.after
        case SetPolicyScope():
            return step.policy_state
        case _:
            assert_never(step)


def _caught(policy: ConditionalAccessPolicy, evidence: Evidence) -> list[str]:
    if policy.policy_state is not PolicyState.ENABLED:
        return []
    return sorted(one for one in sync_accounts(evidence) if would_catch(policy, one, evidence))


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
