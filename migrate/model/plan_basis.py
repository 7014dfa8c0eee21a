"""What a plan was made from besides the tenant: the configuration, and the books that lay beside it."""

from __future__ import annotations

from migrate.model.plan_part import PlanPart


class MadeWith(PlanPart, frozen=True, kw_only=True):
    """The configuration that a plan was made with, names resolved, as far as the header does not hold it elsewhere."""

    create: bool
    scope_group: str | None = None
    switch_on: tuple[str, ...] = ()
    """Ids of policies."""
    excluded: tuple[str, ...] = ()
    """Ids of everybody whom the configuration excludes, whatever the date; lists of the command line are not here."""
    guests: bool = True
    canary: tuple[str, ...] = ()
    percentages: tuple[float, ...] = ()
    sync_by_account: bool = False
    waves: tuple[str, ...] = ()
    """What the configuration says of each wave, one by one."""
    strength: str | None = None
    templates: tuple[str, ...] = ()
    """Policies besides the one for users, with whether they are switched on."""
    policy_exclusions: tuple[str, ...] = ()
    """What each exclusion from the policy names, with its kind; in order."""


class BooksBeside(PlanPart, frozen=True, kw_only=True):
    """What lay in the folder when a plan was made, so that older copies of it are noticed."""

    journal_entries: int = 0
    journal_hash: str = ""
    """Of its last entry; empty where there was no journal."""
    readings_since: str = ""
    """When the first reading in readings.json began; empty where there was no such file."""
    readings_at: str = ""
    """When its last one did."""
