"""The two boxes at the top of the report, and the numbers below them: from the judgement to words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from markupsafe import Markup

from migrate.model.record import Record
from migrate.model.report import Answer, Doubt, PersonOutcome, Phase, PolicyRole, ReportFacts, RequiredBy
from migrate.model.words import FIRST
from migrate.views.report.naming import Naming
from migrate.views.report.people_table import Kept
from migrate.views.report.words import Words, lasting_words

_SIGNS = {Answer.SAFE: "✓", Answer.STOP: "✕", Answer.OPEN: "!", Answer.NOT_CHECKED: "?"}
"""Beside the words, for whoever does not see the colours."""


class ShownBox(Record, frozen=True, kw_only=True):
    """A box as it is drawn."""

    title: str
    answer: Answer
    sign: str
    said: str
    sentences: Sequence[Markup]
    doubts: Sequence[Markup]
    until: str
    """Until when a green box counts (ISO 8601); empty for the others."""


class ShownNumber(Record, frozen=True, kw_only=True):
    """A number that filters the table."""

    people: str
    words: str
    filter: str
    """`column=value` of the table of people; empty where not everybody of the number stands there."""


def boxes_of(facts: ReportFacts, kept: Kept, naming: Naming, say: Words) -> tuple[ShownBox, ShownBox]:
    """Return the box of the migration and that of the tenant, which names the first of those whom it counts."""
    return _migration(facts, say), _tenant(facts, kept, naming, say)


def _migration(facts: ReportFacts, say: Words) -> ShownBox:
    box, until = facts.migration, ""
    sentences = list(_migration_sentences(facts, say))
    if box.answer is Answer.SAFE and facts.verification is not None:
        until = facts.fresh_until
        sentences.append(say.rich("box.checked", at=say.moment(facts.verification.at)))
        sentences.append(say.rich("box.holds", until=say.moment(until)))
    return ShownBox(
        title=say("box.migration"),
        answer=box.answer,
        sign=_SIGNS[box.answer],
        said=say(f"answer.{box.answer.value}"),
        sentences=sentences,
        doubts=[*_doubts(box.doubts, facts, say), *_found(facts, say)],
        until=until,
    )


def _migration_sentences(facts: ReportFacts, say: Words) -> Iterator[Markup]:
    done = facts.totals.by_outcome.get(PersonOutcome.DONE, 0)
    if not done:
        is_back = facts.phase is Phase.ROLLED_BACK and facts.migration.answer is Answer.SAFE
        yield say.rich("migration_says.back" if is_back else "migration_says.untouched")
        return
    is_safe = facts.migration.answer is Answer.SAFE
    yield say.rich("migration_says.safe" if is_safe else "migration_says.touched", n=done)
    if facts.totals.open_by_us:
        yield say.rich("migration_says.accepted", n=facts.totals.open_by_us)


_TOLD_OTHERWISE = (Doubt.PEOPLE_OPEN, Doubt.PEOPLE_UNKNOWN, Doubt.FINDINGS)


def findings_later(facts: ReportFacts, say: Words) -> Markup:
    """Return that a verification found something, which the numbers of the export do not know; empty where none did."""
    found = 0 if facts.verification is None else sum(facts.verification.findings.values())
    return say.rich("doubt.findings_later", n=found) if found else Markup()


def _doubts(doubts: Sequence[Doubt], facts: ReportFacts, say: Words) -> list[Markup]:
    return [say.rich(f"doubt.{doubt.value}", n=_number(doubt, facts)) for doubt in doubts]


def _found(facts: ReportFacts, say: Words) -> Iterator[Markup]:
    """Yield what the last verification found, by kind."""
    for code, number in ({} if facts.verification is None else facts.verification.findings).items():
        yield say.rich(f"finding.{code}", n=number)


def _number(doubt: Doubt, facts: ReportFacts) -> int:
    """Return what a doubt counts; 0 where it counts nothing."""
    if doubt is Doubt.FINDINGS and facts.verification is not None:
        return sum(facts.verification.findings.values())
    if doubt is Doubt.BLOCKERS and facts.plan is not None:
        return len(facts.plan.blockers)
    if doubt is Doubt.UNREADABLE:
        return facts.totals.by_outcome.get(PersonOutcome.UNREAD, 0)
    return 0


def _tenant(facts: ReportFacts, kept: Kept, naming: Naming, say: Words) -> ShownBox:
    box, required = facts.tenant, facts.totals.by_required
    sentences = []
    if box.answer is Answer.SAFE:
        ways = (RequiredBy.BOTH, RequiredBy.POLICIES, RequiredBy.PER_USER)
        sentences.append(say.rich("tenant_says.safe", n=sum(required.get(way, 0) for way in ways)))
    sentences += [
        say.rich(f"tenant_says.{way.value}", n=people, who=_first_of(way, people, kept, naming))
        for way in (RequiredBy.NEITHER, RequiredBy.PARTLY, RequiredBy.UNKNOWN)
        if (people := required.get(way, 0))
    ]
    if required.get(RequiredBy.NEITHER) or required.get(RequiredBy.PARTLY):
        ours = facts.totals.open_by_us
        sentences.append(say.rich("tenant_says.ours", n=ours) if ours else say.rich("tenant_says.not_ours"))
    told = [doubt for doubt in box.doubts if doubt not in _TOLD_OTHERWISE]
    later = [findings_later(facts, say)] if Doubt.FINDINGS in box.doubts else []
    return ShownBox(
        title=say("box.tenant"),
        answer=box.answer,
        sign=_SIGNS[box.answer],
        said=say(f"answer_tenant.{box.answer.value}"),
        sentences=sentences,
        doubts=[*_doubts(told, facts, say), *later],
        until="",
    )


def _first_of(way: RequiredBy, people: int, kept: Kept, naming: Naming) -> str:
    """Return the first names of these people in brackets; empty where none of them stands in the table."""
    those = (one for one in kept.people if one.standing.required_by is way)
    names = [naming.person(one.user_id, one.user_principal_name) for one in islice(those, FIRST)]
    more = ", ..." if people > len(names) else ""
    return f" ({', '.join(names)}{more})" if names else ""


def when_done(facts: ReportFacts, say: Words) -> str:
    """Return what is still to come, and what has to pass before it: an answer to *when are we done?*"""
    rest = facts.totals.by_outcome.get(PersonOutcome.TO_COME, 0)
    if facts.plan is None or facts.phase is Phase.ROLLED_BACK:
        return ""
    if not rest:
        return say("when.through")
    waves = sum(not wave.began for wave in facts.waves)
    sentences = [say("when.rest", n=rest), say("when.rest_waves", n=waves)]
    if facts.standing is None and any(one.role is not PolicyRole.RESTS_ON for one in facts.policies):
        limits = facts.plan.limits
        lengths = (limits.report_only_seconds, limits.policy_settle_seconds)
        report_only, settle = (lasting_words(seconds, say) for seconds in lengths)
        sentences.append(say("when.waits", report_only=report_only, settle=settle))
    if not any(wave.not_before for wave in facts.waves):
        sentences.append(say("when.no_date"))
    return " ".join(sentences)


def numbers_of(facts: ReportFacts, kept: Kept, say: Words) -> list[ShownNumber]:
    """Return the six numbers; those about something rare come only where there is somebody."""
    outcomes, required = facts.totals.by_outcome, facts.totals.by_required
    shown = [
        (PersonOutcome.DONE, True),
        (PersonOutcome.TO_COME, True),
        (PersonOutcome.HELD, True),
        (PersonOutcome.FAILED, True),
        (PersonOutcome.IN_DOUBT, False),
        (PersonOutcome.ROLLED_BACK, False),
        (PersonOutcome.UNREAD, True),
    ]
    numbers = [
        ShownNumber(
            people=say.number(outcomes.get(outcome, 0)),
            words=say(f"number.{outcome.value}"),
            filter=f"outcome={outcome.value}" if kept.holds_all(outcome) else "",
        )
        for outcome, always in shown
        if always or outcomes.get(outcome)
    ]
    neither = say.number(required.get(RequiredBy.NEITHER, 0))
    way = f"required={RequiredBy.NEITHER.value}" if kept.holds_all(RequiredBy.NEITHER) else ""
    return [*numbers, ShownNumber(people=neither, words=say("number.neither"), filter=way)]
