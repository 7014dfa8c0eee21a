"""List every exception of a plan with who decided it, since when and until when, and mark what should be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import msgspec

from migrate.model.plan import Decision, PlanHeader
from migrate.model.policy_exclusions import ExcludedBy
from migrate.model.report import ExceptionFacts, ExceptionKind, ExceptionMark

SOON = timedelta(days=30)
FAR = timedelta(days=366)

Named = Callable[[str], str]
"""Gives the user principal name of an object id; the id itself where nobody has it."""


def exceptions_of(plan: PlanHeader | None, today: date, named: Named) -> tuple[ExceptionFacts, ...]:
    """Return the exceptions of a plan, in the order of their kinds; none where there is no plan."""
    return () if plan is None else tuple(_exceptions(plan, today, named))


def _exceptions(plan: PlanHeader, today: date, named: Named) -> Iterator[ExceptionFacts]:
    emergency = plan.emergency_decision or Decision()
    for user_id in plan.emergency_access or ("",):
        yield _fact(
            ExceptionKind.EMERGENCY_ACCESS,
            user_id,
            named(user_id) if user_id else "",
            emergency,
            ends="",
            today=today,
            may_last=True,
        )
    for person in plan.exclusions:
        decision = Decision(reason=person.reason, decided_by=person.decided_by, since=person.since)
        subject = named(person.user_id)
        yield _fact(ExceptionKind.EXCLUDED, person.user_id, subject, decision, ends=person.expires, today=today)
    for gap in plan.accepted_gaps:
        decision = Decision(reason=gap.reason, decided_by=gap.decided_by, since=gap.since)
        yield _fact(ExceptionKind.ACCEPTED_GAP, gap.tag, gap.tag, decision, ends=gap.expires, today=today)
    for one in plan.policy_exclusions:
        # Whoever keeps per-user MFA stands above already.
        if one.by is not ExcludedBy.KEEPS_MFA:
            decision = Decision(reason=one.reason, decided_by=one.decided_by, since=one.since)
            fact = _fact(ExceptionKind.POLICY_EXCLUSION, one.id, one.name, decision, ends=one.expires, today=today)
            yield msgspec.structs.replace(fact, is_accepted=one.accepted)
    for caught in plan.accepted_caught:
        decision = Decision(reason=caught.reason, decided_by=caught.decided_by, since=caught.since)
        name = caught.user_principal_name
        yield _fact(ExceptionKind.ACCEPTED_CAUGHT, caught.user_id, name, decision, ends=caught.expires, today=today)
    if plan.uncovered_decision is not None:
        yield _fact(ExceptionKind.UNCOVERED, "", "", plan.uncovered_decision, ends="", today=today, may_last=True)
    baseline = plan.baseline_scopes
    if baseline is not None and baseline.is_answer:
        decision = Decision(
            reason=baseline.setting.value, decided_by=baseline.said_by or "", since=baseline.said_on or ""
        )
        yield _fact(ExceptionKind.BASELINE_ANSWER, "", "", decision, ends="", today=today, may_last=True)


def _fact(
    kind: ExceptionKind,
    subject_id: str,
    subject: str,
    decision: Decision,
    *,
    ends: str,
    today: date,
    may_last: bool = False,
) -> ExceptionFacts:
    marks = [] if decision.decided_by and decision.since else [ExceptionMark.UNDECIDED]
    if ends:
        day = date.fromisoformat(ends)
        if day <= today:
            marks.append(ExceptionMark.LAPSED)
        elif day <= today + SOON:
            marks.append(ExceptionMark.ENDS_SOON)
        elif day > today + FAR:
            marks.append(ExceptionMark.FAR_AWAY)
    elif not may_last:
        marks.append(ExceptionMark.NO_END)
    return ExceptionFacts(
        kind=kind,
        subject_id=subject_id,
        subject=subject,
        reason=decision.reason,
        decided_by=decision.decided_by,
        since=decision.since,
        ends=ends,
        marks=tuple(marks),
    )
