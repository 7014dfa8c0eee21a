"""Judge the migration and the tenant, each for itself. Nothing is green without a check that is younger than a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from migrate.model.instants import moment_of
from migrate.model.now import Moment
from migrate.model.plan import PlanHeader
from migrate.model.reasons import Why
from migrate.model.report import Answer, Box, Doubt, ExceptionFacts, ExceptionMark, RequiredBy, Totals
from migrate.model.run import RunStanding
from migrate.model.verification import Verification

FRESH = timedelta(hours=24)
"""How long a verification, or an export, counts as fresh."""
_STOPS = frozenset({Doubt.FINDINGS, Doubt.BLOCKERS, Doubt.RUN_STOPPED})


def migration_box(
    plan: PlanHeader | None,
    standing: RunStanding | None,
    verification: Verification | None,
    *,
    last_write_number: int,
    moment: Moment,
    unread_in_plan: int,
    exceptions: Sequence[ExceptionFacts],
    now: datetime,
) -> Box:
    """Judge what this tool did: is everybody whom it disabled still asked, and was that looked at lately?

    Args:
        plan: The plan in the folder.
        standing: Where the run stands; None where none was begun.
        verification: What the last `verify` left.
        last_write_number: The journal's number of the last change that was sent; 0 for none.
        moment: What is in doubt.
        unread_in_plan: Accounts of the plan whose state could not be read.
        exceptions: They lapse by their dates.
        now: The latest moment that is known.
    """
    doubts = []
    if plan is None and standing is None:
        doubts.append(Doubt.NOT_PLANNED)
    if standing is None:
        doubts.append(Doubt.NOTHING_APPLIED)
    if plan is not None and plan.blockers:
        doubts.append(Doubt.BLOCKERS)
    if standing is not None and standing.waiting_for is not None and standing.waiting_for.why is Why.STOPPED:
        doubts.append(Doubt.RUN_STOPPED)
    doubts += _about_verification(verification, last_write_number, applied=standing is not None, now=now)
    if unread_in_plan:
        doubts.append(Doubt.UNREADABLE)
    if moment.in_doubt:
        doubts.append(Doubt.IN_DOUBT)
    if any(ExceptionMark.LAPSED in one.marks for one in exceptions):
        doubts.append(Doubt.EXCEPTION_LAPSED)
    if _STOPS.intersection(doubts):
        return Box(answer=Answer.STOP, doubts=tuple(doubts))
    return Box(answer=Answer.NOT_CHECKED if doubts else Answer.SAFE, doubts=tuple(doubts))


def _about_verification(
    verification: Verification | None, last_write_number: int, *, applied: bool, now: datetime
) -> list[Doubt]:
    if verification is None:
        return [Doubt.NEVER_VERIFIED] if applied else []
    doubts = []
    if verification.findings:
        doubts.append(Doubt.FINDINGS)
    if last_write_number > verification.journal_entries:
        doubts.append(Doubt.CHANGED_SINCE)
    if not is_fresh(verification.at, now):
        doubts.append(Doubt.TOO_OLD)
    return doubts


def tenant_box(totals: Totals, moment: Moment, verification: Verification | None, *, now: datetime) -> Box:
    """Judge the tenant as a whole: is MFA required of everybody who can sign in, whoever requires it?

    A verification that found something looked later than the export, whose numbers then hold no more.
    """
    required = totals.by_required
    doubts = []
    if required.get(RequiredBy.NEITHER, 0) + required.get(RequiredBy.PARTLY, 0):
        doubts.append(Doubt.PEOPLE_OPEN)
    if required.get(RequiredBy.UNKNOWN, 0):
        doubts.append(Doubt.PEOPLE_UNKNOWN)
    if not is_fresh(moment.exported_at, now):
        doubts.append(Doubt.TOO_OLD)
    if moment.in_doubt:
        doubts.append(Doubt.IN_DOUBT)
    if verification is not None and verification.findings:
        doubts.append(Doubt.FINDINGS)
    if Doubt.PEOPLE_OPEN in doubts:
        return Box(answer=Answer.OPEN, doubts=tuple(doubts))
    return Box(answer=Answer.NOT_CHECKED if doubts else Answer.SAFE, doubts=tuple(doubts))


def is_fresh(at: str, now: datetime) -> bool:
    """Tell whether something of this moment is younger than a day; a moment that cannot be read is not."""
    moment = moment_of(at)
    return moment is not None and now - moment < FRESH
