"""Make the report: one HTML file that asks for nothing from outside, with its content policy by hash."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from markupsafe import Markup

from migrate.model.report import ReportFacts
from migrate.views.report.boxes import boxes_of, numbers_of
from migrate.views.report.words import TEMPLATES, Language, Words

if TYPE_CHECKING:
    from jinja2 import Environment


def report_page(facts: ReportFacts, language: Language) -> Iterator[bytes]:
    """Yield the page in pieces."""
    say = Words(language)
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    organization = facts.snapshot.organization
    context = {
        "say": say,
        "facts": facts,
        "style": Markup(style),  # noqa: S704 - our own file
        "policy": _policy(style),
        "tenant": f"{organization.display_name} ({organization.default_domain})",
        "sandbox": facts.snapshot.endpoint is not None,
        "made": say.moment(facts.made_at),
        "exported": say.moment(facts.snapshot.taken_at),
        "until": say.moment(facts.waits_until) if facts.waits_until else "",
        "progress": _progress(facts, say),
        "boxes": boxes_of(facts, say),
        "numbers": numbers_of(facts, say),
    }
    for piece in _environment().get_template("report.html").generate(context):
        yield piece.encode()


def _progress(facts: ReportFacts, say: Words) -> str:
    standing = facts.standing
    if standing is not None:
        run = standing.plan_digest[:12]
        return say("title.run", run=run, done=standing.migrated, of=standing.planned)
    if facts.plan is not None:
        return say("title.planned", plan=facts.digests.plan[:12], of=facts.plan.users_to_change)
    return say("title.exported")


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
