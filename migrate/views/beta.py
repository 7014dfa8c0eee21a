"""Say what only Graph's beta version shows, or why it could not be read, wherever a verdict is shown."""

from __future__ import annotations

from migrate.model.evidence import Evidence
from migrate.views.screen import Screen


def say_beta(screen: Screen, evidence: Evidence) -> None:
    """Warn of what is not counted and of what was not read."""
    for sentence in (evidence.beta.notes if evidence.beta is not None else {}).values():
        screen.warn(sentence)
