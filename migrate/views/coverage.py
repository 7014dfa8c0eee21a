"""What `explain`, `coverage` and `what-if` print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from migrate.model.advice import Enough
from migrate.model.cells import joined
from migrate.model.coverage import Coverage, CoverageClass, Verdict
from migrate.model.evidence import PolicyState
from migrate.model.explanation import (
    Difference,
    EvaluatedPolicy,
    Explanation,
    PolicyAnswer,
    SignIn,
    SignInOutcome,
    WhatIfAnswer,
)
from migrate.model.now import Moment
from migrate.model.users import UserProfile
from migrate.model.words import counted
from migrate.views.enough import enough_document, enough_lines
from migrate.views.moments import said_moment
from migrate.views.screen import Answer, styled
from migrate.views.tables import table

APPLIES = {True: "applies", False: "does not apply", None: "not known"}
STATES = {
    PolicyState.ENABLED.value: "enabled",
    PolicyState.DISABLED.value: "disabled",
    PolicyState.REPORT_ONLY.value: "report-only",
}
POLICY_COLUMNS = ("PolicyId", "PolicyName", "PolicyState", "Applies", "Reasons", "Demands", "Where")
CLASS_COLUMNS = ("Users", "WithPerUserMfa", "Verdict", "Gaps", "CoveredBy", "NotUnderstood", "Sample")
USER_COLUMNS = ("ObjectId", "UserPrincipalName", "PerUserMfaState", "Verdict", "Gaps", "CoveredBy", "Reason")


def gap_tags(coverage: Coverage) -> list[str]:
    """Return the tags of the open regions, each once; `excluded` too when an exclusion is why one is open."""
    tags = [gap.tag for gap in coverage.gaps]
    return sorted({*tags, "excluded"} if coverage.exclusions else set(tags))


def coverage_document(coverage: Coverage) -> dict[str, Any]:
    """Return a coverage for JSON."""
    return {
        "verdict": coverage.verdict,
        "gaps": gap_tags(coverage),
        "openRegions": [{"tag": gap.tag, "words": gap.words} for gap in coverage.gaps],
        "coveredBy": [
            {"id": policy_id, "displayName": name}
            for policy_id, name in zip(coverage.covered_by_ids, coverage.covered_by, strict=True)
        ],
        "notUnderstood": coverage.not_understood,
        "exclusions": coverage.exclusions,
        "wouldCover": coverage.would_cover,
        "wouldBe": coverage.would_be,
        "assumes": coverage.assumes,
    }


def explain_answer(
    explanation: Explanation,
    accepted: frozenset[str],
    moment: Moment,
    *,
    without: str | None = None,
    with_it: Coverage | None = None,
    enough: Enough | None = None,
) -> Answer:
    """Return the chain of evidence of one user.

    `accepted` are the gap tags that the configuration accepts; `without` names the policy that was left out of the
    judgement, and `with_it` is what the coverage is with it; `enough` is what alone would make the person covered.
    """
    coverage = explanation.coverage

    def lines() -> Iterator[Any]:
        yield f"{explanation.user_principal_name}  ({explanation.display_name or 'no display name'})"
        yield f"  Per-user MFA:  {explanation.mfa_state or f'unreadable: {explanation.mfa_state_problem}'}"
        yield styled(f"  {_safe_words(coverage, accepted)}", "bold")
        yield f"  Coverage:      {coverage.summary}"
        if explanation.capability is not None:
            yield f"  MFA capable:   {explanation.capability.sentence}"
        if with_it is not None:
            yield f"  This is without {without!r}; with it: {with_it.summary}"
        if coverage.verdict is not Verdict.COVERED and coverage.is_proven(accepted):
            yield "  Accepted:      every open region is accepted in the configuration"
        if enough is not None:
            yield from enough_lines(enough)
        yield ""
        for answer in explanation.policies:
            yield from _policy_lines(answer)
        # Where steps are named that are enough, each for itself, what could close a gap in general says less.
        is_named = enough is not None and bool(enough.steps)
        yield from _open_lines(coverage, () if is_named else explanation.closing, is_said=is_named)
        yield ""
        yield f"As of: {said_moment(moment)}"

    user: dict[str, Any] = {
        "objectId": explanation.user_id,
        "userPrincipalName": explanation.user_principal_name,
        "displayName": explanation.display_name,
        "perUserMfaState": explanation.mfa_state,
        "problem": explanation.mfa_state_problem,
        "mfaCapable": explanation.capability,
    }
    found: dict[str, Any] = {
        **coverage_document(coverage),
        "accepted": coverage.verdict is not Verdict.COVERED and coverage.is_proven(accepted),
        "closing": explanation.closing,
    }
    return Answer(
        kind="explain",
        document={
            "asOf": moment,
            "user": user,
            "coverage": found,
            "policies": explanation.policies,
            "enough": None if enough is None else enough_document(enough),
            "without": None if with_it is None else {"policy": without, "withIt": coverage_document(with_it)},
        },
        columns=POLICY_COLUMNS,
        rows=lambda: map(_policy_cells, explanation.policies),
        lines=lines,
    )


def _safe_words(coverage: Coverage, accepted: frozenset[str]) -> str:
    """Return whether per-user MFA may be disabled, as the first thing that is asked about a person."""
    if coverage.verdict is Verdict.COVERED:
        return "SAFE to disable per-user MFA: enabled policies require MFA of every sign-in."
    if coverage.is_proven(accepted):
        return "Would be planned: what is open is accepted in the configuration."
    return "NOT SAFE to disable per-user MFA: the person keeps it until what is open below is closed."


def _policy_lines(answer: PolicyAnswer) -> Iterator[str]:
    state = STATES.get(answer.state, answer.state)
    yield f"  {answer.display_name}  [{state}]  {APPLIES[answer.applies]}: {'; '.join(answer.reasons)}"
    if answer.applies is not False:
        yield f"      demands {answer.demands}" + (f" for: {answer.where}" if answer.where else "")
        if answer.session:
            yield f"      sets for the session: {', '.join(answer.session)}"


def _open_lines(coverage: Coverage, closing: Sequence[str], *, is_said: bool) -> Iterator[str]:
    """Yield what is open and why; `is_said` where the steps above name by what the person is left out."""
    for title, sentences in (
        ("Open", [f"{gap.words}  [{gap.tag}]" for gap in coverage.gaps]),
        ("Rests on", [assumption.words for assumption in coverage.assumes]),
        ("Not understood", coverage.not_understood),
        ("Left out", coverage.exclusions if coverage.covered_by and not is_said else ()),
        ("Would be closed by report-only policies", coverage.would_cover),
        ("To close it", closing),
    ):
        if sentences:
            yield ""
            yield f"  {title}:"
            yield from (f"    {sentence}" for sentence in sentences)


def _policy_cells(answer: PolicyAnswer) -> tuple[str, ...]:
    applies = "" if answer.applies is None else str(answer.applies)
    reasons = "; ".join(answer.reasons)
    return (answer.id, answer.display_name, answer.state, applies, reasons, answer.demands, answer.where)


def coverage_answer(
    classes: Sequence[CoverageClass],
    moment: Moment,
    *,
    without: str | None = None,
    with_it: Sequence[CoverageClass] = (),
) -> Answer:
    """Return the tenant at a glance, the largest class first.

    `without` names the policy that was left out of the judgement, and `with_it` are the classes with it.
    """
    totals, before = _totals(classes), _totals(with_it)

    def cells(one: CoverageClass) -> tuple[str, ...]:
        coverage = one.coverage
        return (
            str(one.users),
            str(one.with_per_user_mfa),
            coverage.verdict,
            joined(gap_tags(coverage)),
            joined(coverage.covered_by),
            joined(coverage.not_understood),
            joined(one.sample),
        )

    def lines() -> Iterator[Any]:
        rows = [
            (
                str(one.users),
                str(one.with_per_user_mfa),
                one.coverage.verdict.value,
                _why(one.coverage),
                one.sample[0],
            )
            for one in classes
        ]
        yield table(["Users", "Per-user MFA on", "Verdict", "Why", "For example"], rows)
        if without is not None:
            counts = ", ".join(f"{count} {verdict.value}" for verdict, count in before.items())
            yield f"This is without {without!r}; with it: {counts}"
        yield f"As of: {said_moment(moment)}"
        yield ", ".join(f"{count} {verdict.value}" for verdict, count in totals.items())

    return Answer(
        kind="coverage",
        document={
            "asOf": moment,
            "users": sum(totals.values()),
            "verdicts": totals,
            "without": None if without is None else {"policy": without, "withIt": before},
            "classes": [
                {
                    "users": one.users,
                    "withPerUserMfa": one.with_per_user_mfa,
                    **coverage_document(one.coverage),
                    "sample": one.sample,
                }
                for one in classes
            ],
        },
        columns=CLASS_COLUMNS,
        rows=lambda: map(cells, classes),
        lines=lines,
    )


def _totals(classes: Sequence[CoverageClass]) -> dict[Verdict, int]:
    return {verdict: sum(one.users for one in classes if one.coverage.verdict is verdict) for verdict in Verdict}


def _why(coverage: Coverage) -> str:
    return coverage.summary if coverage.verdict is Verdict.COVERED else coverage.reason


def user_cells(profile: UserProfile, mfa_state: str, coverage: Coverage) -> tuple[str, ...]:
    """Return one row of the list of users."""
    return (
        profile.id,
        profile.user_principal_name,
        mfa_state,
        coverage.verdict,
        joined(gap_tags(coverage)),
        joined(coverage.covered_by),
        coverage.summary,
    )


def what_if_answer(
    profile: UserProfile,
    sign_in: SignIn,
    answer: WhatIfAnswer,
    evaluated: Sequence[EvaluatedPolicy] | None = None,
    differences: Sequence[Difference] = (),
    *,
    target: str,
    moment: Moment,
    without: str | None = None,
    with_it: WhatIfAnswer | None = None,
) -> Answer:
    """Return the outcome of one sign-in.

    `evaluated` is Microsoft's own answer, None when it was not asked; `target` names the application or user action;
    `without` names the policy that was left out, and `with_it` is the answer with it.
    """

    def lines() -> Iterator[Any]:
        yield f"{profile.user_principal_name} signs in to {target}: {answer.outcome.value}"
        yield from (f"  {reason}" for reason in answer.because)
        if with_it is not None:
            yield f"  This is without {without!r}; with it: {with_it.outcome.value}"
        yield ""
        shown = [one for one in answer.policies if one.applies is not False or one.id in answer.deciding]
        for policy in shown:
            yield from _policy_lines(policy)
        if others := len(answer.policies) - len(shown):
            do = "does" if others == 1 else "do"
            yield f"  {counted(others, 'other policy', 'other policies')} {do} not apply; `-o json` says why."
        if evaluated is not None:
            yield from _difference_lines(evaluated, differences)
        yield ""
        if answer.outcome is SignInOutcome.UNKNOWN and sign_in.ip is None and sign_in.country is None:
            yield "No place was stated: --ip ADDRESS or --country XX says from where (`mfa-migrate what-if --help`)."
        yield f"As of: {said_moment(moment)}"

    document: dict[str, Any] = {
        "asOf": moment,
        "outcome": answer.outcome,
        "because": answer.because,
        "user": {"objectId": profile.id, "userPrincipalName": profile.user_principal_name},
        "signIn": sign_in,
        "policies": answer.policies,
        "without": None if with_it is None else {"policy": without, "withIt": with_it.outcome},
    }
    if evaluated is not None:
        document |= {"live": evaluated, "differences": differences}
    return Answer(
        kind="what-if",
        document=document,
        columns=POLICY_COLUMNS,
        rows=lambda: map(_policy_cells, answer.policies),
        lines=lines,
    )


def _difference_lines(evaluated: Sequence[EvaluatedPolicy], differences: Sequence[Difference]) -> Iterator[str]:
    if not differences:
        yield ""
        yield f"  Microsoft's What If says the same of all {len(evaluated)} policies."
        return
    yield ""
    yield "  Microsoft's What If says otherwise:"
    for one in differences:
        theirs = "not mentioned" if one.microsofts is None else APPLIES[one.microsofts]
        yield f"    {one.display_name}: here {APPLIES[one.ours]}, there {theirs} ({'; '.join(one.reasons)})"
