"""Lays out the chain of evidence for one user: each policy with reasons, the verdict, what would close the gaps."""

from __future__ import annotations

from typing import Final, assert_never

from migrate.decide.coverage.judge import Judge
from migrate.decide.coverage.policy import PolicyReading, SetAside
from migrate.decide.coverage.principals import Assignment, Match
from migrate.decide.coverage.projection import AGENTS_NOT_JUDGED, may_reach_agents
from migrate.decide.coverage.vocabulary import BASELINE_SCOPES
from migrate.model.capability import Capability
from migrate.model.coverage import Coverage, Gap, GapKind, Verdict
from migrate.model.evidence import PolicyState
from migrate.model.explanation import Explanation, PolicyAnswer
from migrate.model.managed import is_managed
from migrate.model.tenant_settings import BASELINE_PAGE
from migrate.model.users import AnyUser, UnreadableUser, UserRecord

_WITHOUT_RISK = "risk policies come on top, they replace nothing."
_WITH_OR = "with OR it replaces MFA."
_ONE_PLAIN_POLICY = "Enable one plain policy that requires MFA for all users and all resources."


def closing_of(kind: GapKind) -> str:
    """Return one sentence: what would close a gap of this kind. docs/coverage.md says the same at length."""
    match kind:
        case GapKind.LOCATION:
            return "Take the location out of the policy's exclusions, or require MFA there with a policy of its own."
        case GapKind.CLIENT_APP_TYPE:
            return (
                "Set the policy's client app types to all, or block legacy clients for all users "
                "(exchangeActiveSync and other)."
            )
        case GapKind.PLATFORM:
            return "Include all platforms in the policy."
        case GapKind.APP:
            return (
                "Include all resources, take the app out of the exclusions, or require MFA for it with a policy of "
                "its own."
            )
        case GapKind.SIGN_IN_RISK:
            return f"Require MFA without a sign-in risk condition: {_WITHOUT_RISK}"
        case GapKind.USER_RISK:
            return f"Require MFA without a user risk condition: {_WITHOUT_RISK}"
        case GapKind.INSIDER_RISK:
            return "Require MFA without an insider risk condition."
        case GapKind.FLOW:
            return "Block the flow, or take the authentication flow condition out of the policy that requires MFA."
        case GapKind.DEVICE:
            return f"Ask for the device with AND, or in a policy of its own: {_WITH_OR}"
        case GapKind.CONTROL:
            return f"Ask for the control with AND, or in a policy of its own: {_WITH_OR}"
        case GapKind.TERMS_OF_USE:
            return "Ask for the terms of use with AND: with OR they replace MFA."
        case GapKind.CUSTOM_FACTOR:
            return f"Ask for the custom control with AND: {_WITH_OR}"
        case GapKind.STRENGTH:
            return "Choose an authentication strength whose methods are all multifactor."
        case GapKind.DEVICE_FILTER:
            return "Require MFA without the device filter."
        case GapKind.APP_FILTER:
            return "Require MFA without the application filter."
        case GapKind.EXCLUDED:
            return "Take the user out of the exclusion, or include the user in another policy that requires MFA."
        case GapKind.NOT_INCLUDED:
            return "Include the user in an enabled policy that requires MFA for all resources."
        case GapKind.NO_POLICY:
            return (
                "Enable a policy that requires MFA for all users and all resources; `mfa-migrate plan` can create one."
            )
        case GapKind.POLICY:
            return (
                "Export again with a token that may read policies in Graph's beta version, or accept "
                "`policy:betaUnread` by name."
            )
        case GapKind.TOO_MANY | GapKind.EVERYTHING:
            return _ONE_PLAIN_POLICY
        case _:
            assert_never(kind)


BASELINE_TAG: Final = f"{GapKind.APP.value}:{BASELINE_SCOPES}"
BASELINE_CLOSING: Final = (
    "Require MFA with a policy for all resources that excludes none; or look at "
    f"{BASELINE_PAGE} and write under [tenant_settings] in mfa-migrate.toml what it shows: "
    'baseline_scopes = "enforced" (or "disabled", or "customised:<app id>"), baseline_scopes_by and baseline_scopes_on.'
)
"""No API shows the setting: see docs/coverage.md."""

UNDERSTANDING: Final = (
    "Look at what is not understood: a group with hidden membership needs Member.Read.Hidden in the token, a group or "
    "role that could not be read needs another export, a policy that this version does not understand proves nothing."
)
"""What to do about an unknown verdict."""


def closing_for(gap: Gap) -> str:
    """Return one sentence: what would close a gap."""
    if gap.tag == BASELINE_TAG:
        return BASELINE_CLOSING
    return closing_of(gap.kind)


def _closing(coverage: Coverage) -> tuple[str, ...]:
    sentences = [UNDERSTANDING] if coverage.verdict is Verdict.UNKNOWN else []
    sentences += [closing_of(GapKind.EXCLUDED)] if coverage.exclusions else []
    return tuple(dict.fromkeys([*sentences, *(closing_for(gap) for gap in coverage.gaps)]))


def explanation_for(user: AnyUser, judge: Judge, capability: Capability | None = None) -> Explanation:
    """Return the chain of evidence for a user; enabled policies first, then report-only, then disabled ones.

    `capability` stands beside it: whether the user could answer a request for MFA.
    """
    profile = user.profile
    coverage = judge.coverage_of(profile)
    answers = zip(judge.readings, judge.answers_for(profile), strict=True)
    ordered = sorted(answers, key=lambda pair: _rank(pair[0].policy.policy_state))
    return Explanation(
        user_id=profile.id,
        user_principal_name=profile.user_principal_name,
        display_name=profile.display_name,
        mfa_state=user.mfa_state if isinstance(user, UserRecord) else None,
        mfa_state_problem=str(user.reason) if isinstance(user, UnreadableUser) else None,
        coverage=coverage,
        closing=_closing(coverage),
        policies=tuple(
            _answer(reading, _to_agents(reading) or answer if profile.is_agent else answer, coverage, judge)
            for reading, answer in ordered
        ),
        capability=None if profile.is_agent else capability,
    )


def _to_agents(reading: PolicyReading) -> Assignment | None:
    """Return how a policy stands to an agent's account where it may reach it, or None."""
    return Assignment(Match.NOT_KNOWN, False, (AGENTS_NOT_JUDGED,)) if may_reach_agents(reading) else None


def _rank(state: PolicyState | None) -> int:
    return {PolicyState.ENABLED: 0, None: 1, PolicyState.REPORT_ONLY: 2, PolicyState.DISABLED: 3}[state]


def _answer(reading: PolicyReading, answer: Assignment, coverage: Coverage, judge: Judge) -> PolicyAnswer:
    reasons = [f"excluded as {' and as '.join(answer.paths)}" if answer.excluded else "; ".join(answer.paths)]
    if reading.set_aside is SetAside.USER_ACTIONS:
        # Assigned to people as any other, and never part of a proof; the other kinds say so as how they are assigned.
        reasons.append(reading.set_aside.value)
    reasons += [problem.sentence for problem in reading.problems]
    if is_managed(reading.policy):
        reasons.append("Microsoft-managed: Microsoft may change this scope")
    match reading.policy.policy_state:
        case PolicyState.REPORT_ONLY:
            would = " (it would close some of what is open)" if reading.name in coverage.would_cover else ""
            reasons.append(f"report-only: does not count{would}")
        case PolicyState.DISABLED:
            reasons.append("disabled: does not count")
        case _:
            pass
    applies = {Match.YES: True, Match.NO: False, Match.NOT_KNOWN: None}[answer.match]
    return PolicyAnswer(
        id=reading.id,
        display_name=reading.name,
        state=str(reading.policy.raw.get("state")),
        applies=None if applies and reading.problems else applies,
        reasons=tuple(reasons),
        demands=reading.demand.words,
        where=judge.where(reading),
    )
