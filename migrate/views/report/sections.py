"""What the sections between the boxes and the table hold: from facts to the words of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from migrate.model.impact import Caught, PolicyImpact
from migrate.model.plan import Severity
from migrate.model.record import Record
from migrate.model.report import ExceptionFacts, HeldFacts, PolicyFacts, ReportFacts, RequiredBy
from migrate.views.report.naming import Naming, exception_subject
from migrate.views.report.note_words import note_in_language
from migrate.views.report.people_table import Kept
from migrate.views.report.words import Words, coded, lasting_words


class Obstacle(Record, frozen=True, kw_only=True):
    """Something that stands in the way, or should be looked at."""

    severity: str
    """`blocker`, `finding` or `warning`."""
    title: str
    said: Markup
    is_english: bool
    """It is the plan's own sentence, which has one language."""
    step: Markup
    """What ends it; empty for a warning, which says so itself."""


class Row(Record, frozen=True, kw_only=True):
    """A row of a table, with what marks it."""

    cells: Sequence[str | Markup]
    marks: Sequence[str] = ()


def obstacles_of(facts: ReportFacts, naming: Naming, say: Words) -> list[Obstacle]:
    """Return blockers, findings and warnings, in this order."""
    found = list(_notes(facts, naming, say, Severity.BLOCKER))
    findings = {} if facts.verification is None else facts.verification.findings
    for code, number in findings.items():
        found.append(
            Obstacle(
                severity="finding",
                title=code,
                said=say.rich(f"finding.{code}", n=number),
                is_english=False,
                step=say.rich("finding.step"),
            )
        )
    return [*found, *_notes(facts, naming, say, Severity.WARNING)]


def _notes(facts: ReportFacts, naming: Naming, say: Words, severity: Severity) -> Iterator[Obstacle]:
    for note in () if facts.plan is None else facts.plan.notes:
        if note.severity is severity:
            hidden = naming.is_anonymous
            told = None if hidden else note_in_language(note, naming, say)
            yield Obstacle(
                severity=severity.value,
                title=note.code,
                said=say.rich("obstacle.left_out") if hidden else coded(told or naming.text(note.sentence)),
                is_english=not hidden and told is None,
                step=say.rich("obstacle.blocker_step") if severity is Severity.BLOCKER else Markup(),
            )


def held_rows(held: Sequence[HeldFacts], naming: Naming, say: Words) -> list[Row]:
    """Return for each reason what it means, what leaves people out, and what ends it."""
    rows = []
    for group in held:
        about = [naming.policy(name) for name in group.policies]
        gaps = [naming.gap(tag) for tag in group.gaps]
        rows.append(
            Row(
                cells=(
                    say(f"hold.{group.reason.value}"),
                    "; ".join([*about, *gaps]) or "–",
                    say.rich(f"remedy.{group.reason.value}"),
                )
            )
        )
    return rows


def policy_rows(policies: Sequence[PolicyFacts], naming: Naming, say: Words) -> list[Row]:
    """Return the policies before, as planned, and now."""
    return [
        Row(
            cells=(
                naming.policy(one.name),
                say(f"policy_role.{one.role.value}"),
                _policy_state(one.before, say),
                _policy_state(one.planned, say) if one.role.value != "restsOn" else say("policy.unchanged"),
                _policy_now(one, say),
            )
        )
        for one in policies
    ]


def _policy_state(state: str, say: Words) -> str:
    return say(f"policy_state.{state}") if state else say("policy.absent")


def _policy_now(one: PolicyFacts, say: Words) -> str:
    if one.in_doubt:
        return f"? {say('policy.doubt')}"
    if one.deleted:
        return say("policy.deleted", at=say.moment(one.since))
    now = _policy_state(one.now, say)
    return say("policy.since", state=now, at=say.moment(one.since)) if one.since else now


def impact_rows(policies: Sequence[PolicyFacts], naming: Naming, say: Words) -> list[Row]:
    """Return whom each policy catches that the plan switches on, by kind; people and other accounts apart."""
    rows = []
    for one in policies:
        impact = one.impact
        if impact is not None:
            numbers = (_caught(impact, kind, say) for kind in CAUGHT)
            rows.append(Row(cells=(naming.policy(one.name), *numbers)))
    return rows


def _caught(impact: PolicyImpact, kind: Caught, say: Words) -> str:
    """Return a number; where no sign-ins were read, of newly blocked people only those are known who cannot answer."""
    number = impact.number(kind)
    is_all = kind is not Caught.NEWLY_BLOCKED or impact.log_was_read
    return say.number(number) if is_all else say("impact.known", n=number)


CAUGHT = (
    Caught.NEWLY_REQUIRED,
    Caught.GUEST,
    Caught.ENABLED_WITHOUT_METHOD,
    Caught.REQUIRED_ALREADY,
    Caught.NOT_CAPABLE,
    Caught.NEWLY_BLOCKED,
    Caught.DISABLED,
)
"""The columns of that table."""


def limit_rows(facts: ReportFacts, say: Words) -> list[Row]:
    """Return the limits that the run obeys."""
    if facts.plan is None:
        return []
    limits = facts.plan.limits
    none = say("limit.command_line")
    values = (
        ("max_users", limits.max_users or none),
        ("max_newly_required", say.number(limits.max_newly_required)),
        ("max_not_mfa_capable", say.number(limits.max_not_mfa_capable)),
        ("max_newly_blocked", say.number(limits.max_newly_blocked)),
        ("max_failures", limits.max_failures),
        ("report_only", lasting_words(limits.report_only_seconds, say)),
        ("policy_settle", lasting_words(limits.policy_settle_seconds, say)),
    )
    return [Row(cells=(say(f"limit.{key}"), value)) for key, value in values]


def exception_rows(exceptions: Sequence[ExceptionFacts], naming: Naming, say: Words) -> list[Row]:
    """Return every exception: what, who, why, who decided, since when, until when, and what should be looked at."""
    return [
        Row(
            cells=(
                say(f"exception.{'acceptedExclusion' if one.is_accepted else one.kind.value}"),
                exception_subject(one, naming) or "–",
                naming.text(one.reason) or say("exception.no_reason"),
                naming.operator(one.decided_by) or say("exception.nobody"),
                say.day(one.since) if one.since else say("exception.no_day"),
                say.day(one.ends) if one.ends else say("exception.no_end"),
            ),
            marks=[say(f"mark.{mark.value}") for mark in one.marks],
        )
        for one in exceptions
    ]


def not_restored(facts: ReportFacts, say: Words) -> list[Markup]:
    """Return what a rollback does not bring back, with numbers where there are any."""
    done = facts.totals.by_outcome.get("done", 0)
    sentences = [say.rich("back.sessions", n=done)]
    if facts.totals.enabled_before:
        sentences.append(say.rich("back.promotion", n=facts.totals.enabled_before))
    newly = sum(one.impact.newly_required for one in facts.policies if one.impact is not None)
    if newly:
        sentences.append(say.rich("back.lose", n=newly))
    return sentences


def evidence_rows(facts: ReportFacts, naming: Naming, say: Words) -> list[Row]:
    """Return how the tenant was read and what was checked."""
    header, verification = facts.snapshot, facts.verification
    check = header.cross_check
    unread = facts.totals.by_state.get("unreadable", 0)
    rows = [
        ("evidence.read_at", say.moment(header.taken_at)),
        ("evidence.read_by", naming.operator(header.actor.name)),
        ("evidence.applied_by", naming.operator(facts.actor) if facts.actor else "–"),
        ("evidence.method", say.rich(f"evidence.by_{header.states_read_by}")),
        (
            "evidence.cross_check",
            say("evidence.no_check") if check is None else say("evidence.agreed", n=check.agreed, of=check.asked),
        ),
        ("evidence.unread", say.rich("evidence.unread_some", n=unread) if unread else say("evidence.unread_none")),
        (
            "evidence.verified",
            f"? {say('evidence.never_verified')}"
            if verification is None
            else say(
                "evidence.verified_at",
                at=say.moment(verification.at),
                users=verification.users,
                off=verification.switched_off,
                policies=verification.policies,
                registrations=verification.registrations,
                n=sum(verification.findings.values()),
            ),
        ),
    ]
    return [Row(cells=(say(key), value)) for key, value in rows]


def digest_rows(facts: ReportFacts, say: Words) -> list[Row]:
    """Return the digests that an auditor compares; of what is not there only the journal is named."""
    digests = facts.digests
    found = (
        ("plan", digests.plan),
        ("plan_csv", digests.plan_csv),
        ("run", digests.run if digests.run != digests.plan else ""),
        ("snapshot", digests.snapshot),
        ("rollback_csv", digests.rollback_csv),
        ("rollback_json", digests.rollback_json),
        ("journal", digests.journal_hash),
    )
    entries = digests.journal_entries
    rows = [Row(cells=(say(f"digest.{key}", n=entries), value)) for key, value in found if value]
    return rows if digests.journal_hash else [*rows, Row(cells=(say("digest.no_journal"), say("digest.no_entry")))]


def cis_sentence(facts: ReportFacts, say: Words) -> Markup:
    """Return how the states stand to what CIS asks."""
    states, people = facts.totals.by_state, facts.totals.people
    on, unread = states.get("enabled", 0) + states.get("enforced", 0), states.get("unreadable", 0)
    key = "cis.unknown" if unread and not on else "cis.not_met" if on else "cis.met"
    return say.rich(key, n=on, of=people, unread=unread, off=states.get("disabled", 0))


def required_rows(facts: ReportFacts, kept: Kept, say: Words) -> list[tuple[str, str, str]]:
    """Return what requires MFA of how many accounts: words, number, and the filter of the table."""
    counts = facts.totals.by_required
    return [
        (
            say(f"required.{way.value}"),
            say.number(counts[way]),
            f"required={way.value}" if kept.holds_all(way) else "",
        )
        for way in RequiredBy
        if counts.get(way)
    ]
