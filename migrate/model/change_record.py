"""A change record: the fields that change boards ask for, by the names of ServiceNow, and our own facts beside them."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.model.record import Record
from migrate.model.report import Digests, Phase
from migrate.model.verification import Verification

SHORT = 160
"""Characters that ServiceNow's `short_description` holds."""


class ChangeWave(Record, frozen=True, kw_only=True):
    """One wave, for programs."""

    number: int
    name: str
    people: int
    not_before: str
    hours: str
    command: str
    outcomes: Mapping[str, int]
    """People of the wave by what became of them."""


class ChangeFacts(Record, frozen=True, kw_only=True):
    """Our own data under `mfa_migrate`: what the texts were made from."""

    tool_version: str
    as_of: str
    tenant_id: str
    tenant_name: str
    tenant_domain: str
    cloud: str
    sandbox: bool
    """Made in a rehearsal: no change of a real tenant."""
    language: str
    outcome: Phase
    digests: Digests
    counts: Mapping[str, int]
    """`planned`, `migrated`, `heldBack`, `rolledBack`, `failedOrSkipped`, `inDoubt`, `unreadable`."""
    waves: tuple[ChangeWave, ...]
    verification: Verification | None
    """What the last `verify` found; None where none was kept."""


class ChangeRecord(Record, frozen=True, kw_only=True, rename=None):
    """change-record.json. What people decide is empty: risk, impact and the dates."""

    short_description: str
    description: str
    type: str
    category: str
    risk: str
    impact: str
    justification: str
    implementation_plan: str
    """A line a wave, with its command."""
    test_plan: str
    backout_plan: str
    risk_impact_analysis: str
    start_date: str
    end_date: str
    close_notes: str
    """Empty until something was applied."""
    mfa_migrate: ChangeFacts
