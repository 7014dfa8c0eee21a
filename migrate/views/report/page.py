"""Make the report: one HTML file that asks for nothing from outside, with its content policy by hash."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from migrate.model.coverage import Verdict
from migrate.model.report import PersonOutcome, ReportFacts, Strongest
from migrate.views.report import pictures, sections
from migrate.views.report.boxes import boxes_of, findings_later, numbers_of, when_done
from migrate.views.report.naming import AsCalled, Naming, StandIns
from migrate.views.report.people_table import Kept, columns_of, table_data
from migrate.views.report.ribbons import ribbons_of
from migrate.views.report.sections import Row
from migrate.views.report.words import TEMPLATES, Language, Words

if TYPE_CHECKING:
    from jinja2 import Environment

CONTENTS = ("safe", "way", "changes", "waves", "back", "risks", "evidence", "people")


def report_page(facts: ReportFacts, kept: Kept, language: Language, key: bytes | None = None) -> Iterator[bytes]:
    """Yield the page in pieces.

    Args:
        facts: What it says.
        kept: Who stands in the table of people.
        language: What it is written in.
        key: With one, everything that names the tenant or anybody in it has a stand-in, ordered by the key.
    """
    say = Words(language)
    naming: Naming = AsCalled(say, facts.places) if key is None else StandIns(say, key)
    naming.know(person.user_id for person in kept.people)
    context = {
        **_frame(facts, naming, say),
        **_state(facts, kept, naming, say),
        **_changes(facts, kept, naming, say),
        **_risks(facts, naming, say),
        "data": Markup(table_data(kept, facts, naming, say).decode()),  # noqa: S704 - escaped there
    }
    for piece in _environment().get_template("report.html").generate(context):
        yield piece.encode()


def _frame(facts: ReportFacts, naming: Naming, say: Words) -> dict[str, Any]:
    style, script = _asset("style.css"), _asset("table.js")
    return {
        "say": say,
        "facts": facts,
        "style": Markup(style),  # noqa: S704 - our own file
        "script": Markup(script),  # noqa: S704 - our own file
        "policy": content_policy(style, script),
        "tenant": naming.tenant(facts.snapshot.organization),
        "sandbox": facts.snapshot.endpoint is not None,
        "anonymous": naming.is_anonymous,
        "title": _title(naming.tenant(facts.snapshot.organization), say.moment(facts.made_at), say),
        "exported": say.moment(facts.snapshot.taken_at),
        "until": say.moment(facts.waits_until) if facts.waits_until else "",
        "progress": _progress(facts, say),
        "contents": CONTENTS,
    }


def _title(tenant: str, made: str, say: Words) -> Markup:
    """Return the title; a telephone does not break its date at a hyphen."""
    before, _, behind = say("title.state", tenant=tenant, at=_HOLE).rpartition(_HOLE)
    return Markup('{}<span class="whole">{}</span>{}').format(before, made, behind)


_HOLE = "\0"
"""What no name that is shown holds: where the date goes."""


def _state(facts: ReportFacts, kept: Kept, naming: Naming, say: Words) -> dict[str, Any]:
    held = facts.held
    return {
        "boxes": boxes_of(facts, kept, naming, say),
        "numbers": numbers_of(facts, kept, say),
        "when": when_done(facts, say),
        "later": findings_later(facts, say),
        "covered": facts.totals.by_verdict.get(Verdict.COVERED, 0),
        "ribbons": ribbons_of(facts.flows),
        "flow_words": _flow_words(facts, say),
        "flow_rows": _flow_rows(facts, say),
        "obstacles": sections.obstacles_of(facts, naming, say),
        "held_total": sum(group.people for group in held),
        "held_bars": pictures.held_bars(held, naming, say),
        "held_rows": sections.held_rows(held, naming, say),
        "columns": columns_of(say),
        "people_said": _people_said(facts, kept, say),
    }


def _changes(facts: ReportFacts, kept: Kept, naming: Naming, say: Words) -> dict[str, Any]:
    return {
        "policy_rows": sections.policy_rows(facts.policies, naming, say),
        "impact_heads": [say("impact.policy"), *(say(f"impact.{kind.value}") for kind in sections.CAUGHT)],
        "impact_rows": sections.impact_rows(facts.policies, naming, say),
        "required_rows": sections.required_rows(facts, kept, say),
        "limit_rows": sections.limit_rows(facts, say),
        "wave_bars": pictures.wave_bars(facts, naming, say),
        "waves_begun": sum(bool(wave.began) for wave in facts.waves),
        "not_restored": sections.not_restored(facts, say),
    }


def _risks(facts: ReportFacts, naming: Naming, say: Words) -> dict[str, Any]:
    bars = pictures.method_bars(facts, say)
    days = () if facts.sign_ins is None else facts.sign_ins.days
    return {
        "exception_rows": sections.exception_rows(facts.exceptions, naming, say),
        "method_bars": bars,
        "method_rows": [Row(cells=(bar.title, say.number(bar.people))) for bar in bars],
        "sms_only": facts.totals.by_strongest.get(Strongest.SMS_VOICE, 0),
        "days_left": pictures.days_left(facts),
        "lines": pictures.sign_in_lines(facts),
        "lines_caption": _lines_caption(facts, say),
        "line_rows": [
            Row(cells=(say.day(one.day), *map(say.number, (one.asked, one.not_asked, one.unknown)))) for one in days
        ],
        "cis": sections.cis_sentence(facts, say),
        "evidence_rows": sections.evidence_rows(facts, naming, say),
        "digest_rows": sections.digest_rows(facts, say),
    }


def _progress(facts: ReportFacts, say: Words) -> str:
    standing = facts.standing
    if standing is not None:
        run = standing.plan_digest[:12]
        return say("title.run", run=run, done=standing.migrated, of=standing.planned)
    if facts.plan is not None:
        return say("title.planned", plan=facts.digests.plan[:12], of=facts.plan.users_to_change)
    return say("title.exported")


def _flow_words(facts: ReportFacts, say: Words) -> list[dict[str, str]]:
    """Return the words of the three columns of the first picture, by the keys of its places."""
    states = {"unread" if flow.before is None else flow.before.value for flow in facts.flows}
    return [
        {state: say(f"state.{state}") for state in states},
        {verdict.value: say(f"verdict.{verdict.value}") for verdict in Verdict},
        {outcome.value: say(f"outcome.{outcome.value}") for outcome in PersonOutcome},
    ]


def _flow_rows(facts: ReportFacts, say: Words) -> list[Row]:
    return [
        Row(
            cells=(
                say(f"state.{'unread' if flow.before is None else flow.before.value}"),
                say(f"verdict.{flow.verdict.value}"),
                say(f"outcome.{flow.outcome.value}"),
                say.number(flow.people),
            )
        )
        for flow in facts.flows
    ]


def _people_said(facts: ReportFacts, kept: Kept, say: Words) -> str:
    if kept.is_whole:
        return say("people.whole", n=kept.seen)
    said = say("people.attention", n=len(kept.people) + kept.left_out, of=facts.totals.people)
    return f"{said} {say('people.cut', n=kept.left_out)}" if kept.left_out else said


def _lines_caption(facts: ReportFacts, say: Words) -> str:
    signs = facts.sign_ins
    if signs is None:
        return ""
    asked = sum(day.asked for day in signs.days)
    of = asked + sum(day.not_asked for day in signs.days)
    since, until = say.day(signs.since), say.day(signs.until)
    caption = say("sign_ins.caption", since=since, until=until, asked=asked, of=of)
    return caption if signs.complete else f"{caption} {say('sign_ins.incomplete')}"


def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def content_policy(style: str, script: str) -> str:
    """Return a content policy that allows this style and this script, and nothing else."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}'; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from migrate.views.report.compiled import CompiledTemplates

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.bytecode_cache = CompiledTemplates((made.autoescape, made.trim_blocks, made.lstrip_blocks))
    return made
