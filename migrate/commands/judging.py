"""What of the configuration decides how people are judged: applications that matter, baseline scopes, accepted gaps."""

from __future__ import annotations

from datetime import date

from migrate.model.tenant_settings import BaselineScopes, answer_on
from migrate.settings import Settings


def apps_that_matter(settings: Settings) -> frozenset[str] | None:
    """Return the application ids of the configuration; None means every application."""
    return frozenset(settings.config.coverage.apps) or None


def baseline_answer(settings: Settings, day: date) -> BaselineScopes:
    """Return the configuration's answer about baseline scopes, as it counts on a day."""
    return answer_on(settings.config.tenant_settings.answer, day)


def accepted_gaps(settings: Settings, day: date) -> frozenset[str]:
    """Return the gap tags that the configuration accepts on a day."""
    return frozenset(gap.gap for gap in settings.config.accept_partial if day < gap.expires)
