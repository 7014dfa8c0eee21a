"""Say what stands beside the evidence of a verdict, or why it could not be read, wherever it is shown."""

from __future__ import annotations

from migrate.model.evidence import Evidence
from migrate.views.screen import Screen


def say_beta(screen: Screen, evidence: Evidence) -> None:
    """Warn of what is not counted and of what was not read."""
    for sentence in (evidence.beta.notes if evidence.beta is not None else {}).values():
        screen.warn(sentence)


def say_capability(screen: Screen, evidence: Evidence) -> None:
    """Warn of what was not read and would tell who is MFA capable."""
    for sentence in (evidence.capability.notes if evidence.capability is not None else {}).values():
        screen.warn(sentence)
