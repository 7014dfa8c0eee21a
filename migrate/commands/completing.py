"""What the shell offers after an option: the values of closed options, and the waves of the last plan.

Completion says nothing of its own and never fails: where something cannot be read, nothing is offered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
import typer

from migrate.errors import MfaMigrateError
from migrate.model.plan import Wave
from migrate.settings import GlobalOptions, folder_of_start, settings_from
from migrate.views.completion import as_typed

Offer = tuple[str, str]
"""A value and what it means."""
Complete = Callable[[str], list[Offer]]


def offers(values: Iterable[str]) -> Complete:
    """Return a completion that offers these values."""
    known = tuple(values)

    def complete(incomplete: str) -> list[Offer]:
        return [(value, "") for value in known if value.startswith(incomplete)]

    return complete


def offer_waves(context: typer.Context, incomplete: str) -> list[Offer]:
    """Offer the waves of the last plan, by number with their names, and by name."""
    # Typer says in a variable that it calls after the program for which shell it was asked.
    found, shell = (
        [],
        os.environ.get(f"_{(context.find_root().info_name or '').replace('-', '_')}_complete".upper(), ""),
    )
    for wave in _waves(context):
        if str(wave.number).startswith(incomplete):
            found.append((str(wave.number), wave.name))
        if wave.name.startswith(incomplete):
            found.append((as_typed(wave.name, shell), f"wave {wave.number}"))
    return found


def offer_topics(context: typer.Context, incomplete: str) -> list[Offer]:
    """Offer what `help` shows: the pages and the commands."""
    from migrate.views.pages import OPTIONS, topics

    known = dict.fromkeys([*topics(), OPTIONS, *getattr(context.find_root().command, "commands", {})])
    return [(topic, "") for topic in known if topic.startswith(incomplete)]


def offer_risk_lists(incomplete: str) -> list[Offer]:
    """Offer the lists of people at risk."""
    from migrate.model.people import RiskList
    from migrate.views.people import slug_of

    return [(slug_of(one), "") for one in RiskList if slug_of(one).startswith(incomplete)]


def offer_places(context: typer.Context, incomplete: str) -> list[Offer]:
    """Offer where `apply` may stop."""
    places = [("report-only", "policies created, none switched on"), ("policies-on", "before the first wave")]
    places += [(f"wave:{wave.number}", wave.name) for wave in _waves(context)]
    return [offer for offer in places if offer[0].startswith(incomplete)]


def _waves(context: typer.Context) -> Sequence[Wave]:
    from migrate.store.plan_files import PLAN_JSON, plan_header_of

    try:
        return plan_header_of(_workspace(context) / PLAN_JSON).waves
    except (MfaMigrateError, OSError, msgspec.MsgspecError):
        return ()


def _workspace(context: typer.Context) -> Path:
    """Return the working folder that the line so far, the environment or the configuration names."""
    typed = GlobalOptions()
    here: typer.Context | None = context
    while here is not None:
        names = {name: here.params.get(name) for name in ("workspace", "config")}
        typed = typed.over(GlobalOptions(**names))
        here = here.parent  # type: ignore[assignment]
    return settings_from(typed, os.environ, folder_of_start()).workspace
