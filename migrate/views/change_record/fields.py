"""Fill the fields of a change record from the facts of a working folder, and lay them out as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from migrate.model.change_record import SHORT, ChangeFacts, ChangeRecord, ChangeWave
from migrate.model.instants import minute_utc
from migrate.model.plan import PlanHeader
from migrate.model.report import Doubt, ExceptionKind, PersonOutcome, ReportFacts, RequiredBy, WaveFacts
from migrate.model.steps import PolicyStep, SetPolicyState
from migrate.views.change_record.words import LANGUAGES, ChangeWords
from migrate.views.markdown import shown
from migrate.views.notices.wave_words import wave_name_in
from migrate.views.policy_steps import STATES, sign_of
from migrate.views.screen import Answer
from migrate.views.visible import visible

_PEOPLE_DECIDE = ("risk", "impact", "start_date", "end_date")
_NAMES = 3
"""Emergency access accounts that the test plan names; the others are counted."""


def change_record(facts: ReportFacts, language: str = "en", person: str = "") -> ChangeRecord:
    """Return the record, before a run or after it.

    Args:
        facts: What the folder holds.
        language: `en` or `de`.
        person: Name of somebody in the first wave, for the test plan; empty where there is none.
    """
    words = LANGUAGES[language]
    return ChangeRecord(
        short_description=_short(facts, words),
        description="\n".join(_description(facts, words)),
        type="normal",
        category="security",
        risk="",
        impact="",
        justification=words.justification,
        implementation_plan="\n".join(_implementation(facts, words, language)),
        test_plan="\n".join(_tests(facts, words, person)),
        backout_plan="\n".join((words.back_look, words.back_do, words.back_file, words.back_not)),
        risk_impact_analysis="\n".join(_analysis(facts, words)),
        start_date="",
        end_date="",
        close_notes="\n".join(_close_notes(facts, words, language)),
        mfa_migrate=_facts(facts, language),
    )


def record_json(record: ChangeRecord) -> bytes:
    """Return change-record.json, indented for people."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def record_markdown(record: ChangeRecord) -> str:
    """Return change-record.md: each field under its name, ready to be pasted."""
    words = LANGUAGES[record.mfa_migrate.language]
    parts = [f"# {shown(record.short_description)}"]
    for field, title in words.titles.items():
        text = getattr(record, field)
        if field == "close_notes" and not text:
            continue
        said = words.empty if field in _PEOPLE_DECIDE else text
        parts.append(f"## {title}\n\n{_block(said)}")
    return "\n\n".join(parts) + "\n"


def record_cells(record: ChangeRecord) -> Iterator[tuple[str, str]]:
    """Yield field and text, for whoever fills a form from a table."""
    for field in msgspec.structs.fields(record):
        value = getattr(record, field.name)
        if isinstance(value, str):
            yield field.name, value


def _block(text: str) -> str:
    lines = text.split("\n")
    return shown(lines[0]) if len(lines) == 1 else "\n".join(f"- {shown(line)}" for line in lines)


def _short(facts: ReportFacts, words: ChangeWords) -> str:
    tenant = _line(facts.snapshot.organization.display_name)
    plan = facts.plan

    def said(name: str) -> str:
        if plan is None:
            return words.short_no_plan.format(tenant=name)
        return words.short.format(people=words.of_people(plan.users_to_change), tenant=name)

    room = SHORT - len(said(""))
    return said(tenant if len(tenant) <= room else tenant[: max(0, room - 1)] + "…")


def _description(facts: ReportFacts, words: ChangeWords) -> Iterator[str]:
    plan, organization = facts.plan, facts.snapshot.organization
    if facts.snapshot.endpoint is not None:
        yield words.sandbox
    if plan is None:
        yield words.no_plan
        return
    yield words.described.format(
        people=words.of_people(plan.users_to_change),
        total=words.of_accounts(plan.total_users),
        tenant=_line(organization.display_name),
        domain=_line(organization.default_domain),
        tenant_id=organization.tenant_id,
    )
    if plan.users_held_back:
        yield words.held.format(held=words.of_accounts(plan.users_held_back))
    steps = _steps(plan)
    yield words.policies.format(policies=steps) if steps else words.no_policies
    for impact in plan.impacts:
        if impact.newly_required:
            yield words.newly.format(people=words.of_people(impact.newly_required), policy=_line(impact.policy))
    yield words.nobody_registers
    yield words.as_of.format(at=minute_utc(facts.made_at), plan=plan.digest)


def _line(text: str) -> str:
    return " ".join(visible(text).split())


def _steps(plan: PlanHeader) -> str:
    return "; ".join(map(_step, plan.policy_steps))


def _step(step: PolicyStep) -> str:
    said = f'{sign_of(step)} "{_line(step.display_name)}"'
    return f"{said}: {STATES[step.before]} -> {STATES[step.after]}" if isinstance(step, SetPolicyState) else said


def _implementation(facts: ReportFacts, words: ChangeWords, language: str) -> Iterator[str]:
    plan = facts.plan
    if plan is None:
        yield words.no_plan
        return
    yield words.compare.format(command="mfa-migrate show", plan=plan.digest)
    steps = _steps(plan)
    if steps:
        yield words.policy_line.format(policies=steps, command="mfa-migrate apply --until policies-on")
    for wave in facts.waves:
        yield words.wave_line.format(
            number=wave.number,
            name=_line(wave_name_in(wave.name, language)),
            people=words.of_people(wave.people),
            when=_when(wave, words),
            command=_command(wave),
        )
    if facts.waves:
        yield words.close_line.format(command=f"mfa-migrate apply --max-users {plan.users_to_change}")
    yield words.last_line


def _when(wave: WaveFacts, words: ChangeWords) -> str:
    said = [
        *([words.not_before.format(at=minute_utc(wave.not_before))] if wave.not_before else []),
        *([words.hours.format(hours=wave.hours)] if wave.hours else []),
    ]
    return ", ".join(said) or words.any_time


def _command(wave: WaveFacts) -> str:
    return f"mfa-migrate apply --wave {wave.number} --max-users {wave.people}"


def _tests(facts: ReportFacts, words: ChangeWords, person: str) -> Iterator[str]:
    yield words.test_verify
    if person:
        yield words.test_person.format(person=_line(person), command=f"mfa-migrate explain {_line(person)}")
    named = [
        _line(one.subject) for one in facts.exceptions if one.kind is ExceptionKind.EMERGENCY_ACCESS and one.subject
    ]
    more = f", +{len(named) - _NAMES}" if len(named) > _NAMES else ""
    yield words.test_emergency.format(accounts=", ".join(named[:_NAMES]) + more) if named else words.no_emergency


def _analysis(facts: ReportFacts, words: ChangeWords) -> Iterator[str]:
    plan = facts.plan
    if plan is not None:
        yield words.blast.format(
            people=words.of_people(plan.users_to_change), total=words.of_accounts(plan.total_users)
        )
        yield words.guards
        if plan.blockers:
            yield words.blockers.format(number=len(plan.blockers))
    required = facts.totals.by_required
    people = required.get(RequiredBy.NEITHER, 0) + required.get(RequiredBy.PARTLY, 0)
    if people:
        yield words.open_people.format(people=words.of_people(people))
    if facts.exceptions:
        yield words.exceptions.format(number=len(facts.exceptions))


def _close_notes(facts: ReportFacts, words: ChangeWords, language: str) -> Iterator[str]:
    if facts.standing is None:
        return
    yield words.outcomes[facts.phase]
    counts = _counts(facts)
    yield words.counts.format(
        migrated=counts["migrated"],
        planned=counts["planned"],
        held=counts["heldBack"],
        back=counts["rolledBack"],
        failed=counts["failedOrSkipped"],
        doubt=counts["inDoubt"],
    )
    for wave in facts.waves:
        when = words.from_to.format(began=minute_utc(wave.began), ended=minute_utc(wave.ended)) if wave.began else ""
        yield words.wave_outcome.format(
            number=wave.number,
            name=_line(wave_name_in(wave.name, language)),
            done=wave.outcomes.get(PersonOutcome.DONE, 0),
            people=wave.people,
            when=when,
        )
    yield from _checked(facts, words)
    digests = facts.digests
    yield words.journal.format(entries=digests.journal_entries, hash=digests.journal_hash)


def _checked(facts: ReportFacts, words: ChangeWords) -> Iterator[str]:
    found = facts.verification
    if found is None:
        yield words.not_verified
        return
    number = sum(found.findings.values())
    at = minute_utc(found.at)
    yield (
        words.findings.format(at=at, number=number)
        if number
        else words.verified.format(at=at, users=words.of_accounts(found.users))
    )
    # By the journal's numbers: a check and a change may fall into one second.
    if Doubt.CHANGED_SINCE in facts.migration.doubts:
        yield words.changed_since


def _counts(facts: ReportFacts) -> dict[str, int]:
    outcomes, standing = facts.totals.by_outcome, facts.standing
    return {
        "planned": 0 if facts.plan is None else facts.plan.users_to_change if standing is None else standing.planned,
        "migrated": 0 if standing is None else standing.migrated,
        "heldBack": 0 if facts.plan is None else facts.plan.users_held_back,
        "rolledBack": 0 if standing is None else standing.put_back,
        "failedOrSkipped": outcomes.get(PersonOutcome.FAILED, 0),
        "inDoubt": outcomes.get(PersonOutcome.IN_DOUBT, 0),
        "unreadable": outcomes.get(PersonOutcome.UNREAD, 0),
    }


def _facts(facts: ReportFacts, language: str) -> ChangeFacts:
    organization = facts.snapshot.organization
    return ChangeFacts(
        tool_version=facts.tool_version,
        as_of=facts.made_at,
        tenant_id=organization.tenant_id,
        tenant_name=organization.display_name,
        tenant_domain=organization.default_domain,
        cloud=facts.snapshot.cloud,
        sandbox=facts.snapshot.endpoint is not None,
        language=language,
        outcome=facts.phase,
        digests=facts.digests,
        counts=_counts(facts),
        waves=tuple(
            ChangeWave(
                number=wave.number,
                name=wave.name,
                people=wave.people,
                not_before=wave.not_before,
                hours=wave.hours,
                command=_command(wave),
                outcomes=wave.outcomes,
            )
            for wave in facts.waves
        ),
        verification=facts.verification,
    )


def change_answer(record: ChangeRecord) -> Answer:
    """Return the answer: Markdown on a screen, the JSON document for programs."""
    return Answer(
        kind="report-change-record",
        document=record,
        columns=("Field", "Text"),
        rows=lambda: record_cells(record),
        lines=lambda: record_markdown(record).splitlines(),
    )
