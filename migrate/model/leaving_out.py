"""Accounts that may have nobody who answers a demand for MFA: what of the configuration would leave each out."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.people import RiskList
from migrate.model.record import Record


class LeftOutBy(StrEnum):
    """The entry of the configuration that leaves an account out. Each takes a reason and an end besides."""

    OF_THE_POLICY = "policy.exclude"
    """The created policy does not ask it."""
    OF_THE_WAVES = "exclude"
    """It keeps per-user MFA."""
    OF_BOTH = "exclude.from_policy"
    """It keeps per-user MFA, and the created policy does not ask it."""


class LeaveOut(Record, frozen=True, kw_only=True):
    """One account that could be left out. Nothing does so but an entry that a person writes."""

    list: RiskList
    """Which list of people at risk it stands in."""
    by: LeftOutBy
    user_id: str
    user_principal_name: str
