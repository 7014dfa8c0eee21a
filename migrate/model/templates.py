"""The policies of our own that a plan may create: a closed list, which markers and the configuration name."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.plan_part import PlanPart


class Template(StrEnum):
    """A policy that the tool knows how to write."""

    ALL_USERS = "all-users"
    """MFA, or an authentication strength, for every resource and all client apps."""
    LEGACY_AUTHENTICATION = "legacy-authentication"
    """Block what cannot do MFA: Exchange ActiveSync and other legacy clients."""
    SECURITY_INFORMATION = "security-information"
    """MFA, or a Temporary Access Pass, for whoever registers methods: a user action."""
    EMERGENCY_ACCESS = "emergency-access"
    """Phishing-resistant MFA for the emergency access accounts themselves."""

    @property
    def is_seen_in_report_only(self) -> bool:
        """Tell whether report-only shows anything of it: policies for user actions are not evaluated there.

        Source: Entra page "Conditional Access report-only mode".
        """
        return self is not Template.SECURITY_INFORMATION


class Wish(PlanPart, frozen=True, kw_only=True):
    """A policy that the configuration asks for besides the one for users."""

    template: Template
    switch_on: bool = False
    """Otherwise it stays as it is created, to be looked at."""
    temporary_access_pass: str = ""
    """The process by which people get a Temporary Access Pass, where there is one."""

    @property
    def words(self) -> str:
        """Return the wish as a configuration is compared by it."""
        return f"{self.template}{' on' if self.switch_on else ''}"
