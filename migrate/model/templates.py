"""The policies of our own that a plan may create: a closed list, which markers and the configuration name."""

from __future__ import annotations

from enum import StrEnum


class Template(StrEnum):
    """A policy that the tool knows how to write."""

    ALL_USERS = "all-users"
    """MFA, or an authentication strength, for every resource and all client apps."""
