"""The common shape of every foreign file: named columns and numbered rows, whatever format they came in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from migrate.exchange.words import Value

Keep = Callable[[str], bool]
"""Tells whether the values under a name are needed; the others are dropped while reading."""

REEXPORT = (
    "Get-MsolUser -All | Select-Object ObjectId,UserPrincipalName,@{n='RequirementState';e={if "
    "($_.StrongAuthenticationRequirements) {$_.StrongAuthenticationRequirements[0].State} else {'Disabled'}}} | "
    "Export-Csv users.csv -NoTypeInformation -Encoding UTF8"
)
"""The one line that exports the state from MSOnline, in a column that is taken for nothing else."""

REEXPORT_HINT = (
    f"An export that holds the state: {REEXPORT}\nWhere MSOnline is gone: mfa-migrate export, which reads the tenant."
)


@dataclass(kw_only=True)
class Sheet:
    """What was read from a file, before anybody asks what it means."""

    name: str
    format: str
    columns: tuple[str, ...]
    """Every column or property, in the order in which they first appear."""
    rows: list[tuple[int, dict[str, Value]]]
    """Row number as people count, and the values under the names that were kept."""
    notes: list[str] = field(default_factory=list)
    """What was passed over or found around the rows, as sentences."""
    unread: list[tuple[int, str]] = field(default_factory=list)
    """Row number of each row that is about somebody and could not be read, and the reason."""
