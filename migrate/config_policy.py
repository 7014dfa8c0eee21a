"""`[policy]` in mfa-migrate.toml: where the requirement comes from, for whom it is, and who is left out of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum

from migrate.model.named import id_or_name
from migrate.model.policy_exclusions import ExcludedKind
from migrate.model.record import Record
from migrate.model.templates import Template

Trouble = tuple[list[str], str]
"""The keys and what is wrong with their value."""


class PolicyMode(StrEnum):
    """Where the requirement comes from after the migration."""

    ADOPT = "adopt"
    CREATE = "create"


class DirectorySync(StrEnum):
    """How a created policy excludes the accounts of the directory synchronization."""

    ROLE = "role"
    ACCOUNTS = "accounts"
    """By id: some rules allow no exclusion of roles."""


class PolicyExclude(Record, frozen=True, kw_only=True, rename=None):
    """One `[[policy.exclude]]`: whom the created policy leaves out. Exactly one of the first four is there."""

    user: str | None = None
    group: str | None = None
    """Object id or exact name."""
    file: str | None = None
    """A list of users in any format, beside mfa-migrate.toml or by its whole path."""
    kind: ExcludedKind | None = None
    reason: str
    expires: date
    """From this day on `verify` reports it. The policy stays as it is."""
    decided_by: str | None = None
    since: date | None = None
    accepted: bool = False
    """`verify` accepts by name that neither way requires MFA of them; for `user` and `file` only."""


class PolicyTemplate(Record, frozen=True, kw_only=True, rename=None):
    """One `[[policy.template]]`: a policy besides the one for users."""

    name: Template
    switch_on: bool = False
    """Otherwise it stays report-only, or off where report-only shows nothing."""
    temporary_access_pass: str | None = None
    """How people get a Temporary Access Pass; `security-information` is not switched on without it, or without need."""


class PolicyConfig(Record, frozen=True, kw_only=True, rename=None):
    """`[policy]`."""

    mode: PolicyMode = PolicyMode.ADOPT
    scope: str = "all"
    """`all`, or `group:<id or exact name>` for a pilot; used in create mode."""
    exclude: tuple[PolicyExclude, ...] = ()
    strength: str | None = None
    """Name or id of an authentication strength that the created policy asks for instead of MFA."""
    template: tuple[PolicyTemplate, ...] = ()
    directory_sync: DirectorySync = DirectorySync.ROLE
    """How the created policy spares the directory synchronization."""
    switch_on: tuple[str, ...] = ()
    """Names or ids of existing report-only policies that the plan switches on."""
    report_only_days: float = 7
    policy_settle: str = "24h"

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the groups that it names, by id or name."""
        scope = () if self.scope_group is None else (self.scope_group,)
        return tuple(dict.fromkeys((*scope, *(id_or_name(one.group) for one in self.exclude if one.group))))

    @property
    def scope_group(self) -> str | None:
        """Return the pilot group, by id or name; None where the policy is for everybody."""
        return None if self.scope == "all" else id_or_name(self.scope.removeprefix("group:").strip())


def troubles(policy: PolicyConfig) -> Iterator[Trouble]:
    """Yield what has the right type and makes no sense."""
    if policy.report_only_days < 0:
        yield ["policy", "report_only_days"], "policy.report_only_days cannot be negative."
    scope = policy.scope
    if scope != "all" and not (scope.startswith("group:") and policy.scope_group):
        yield ["policy", "scope"], f"policy.scope must be `all` or `group:<id or exact name>`, not {scope!r}."
    names = [one.name for one in policy.template]
    if Template.ALL_USERS in names or len(set(names)) < len(names):
        yield (
            ["policy", "template", "name"],
            'policy.template names each policy once, and the one for users is made by policy.mode = "create".',
        )
    for one in policy.exclude:
        named = [name for name in ("user", "group", "file", "kind") if getattr(one, name) is not None]
        if len(named) != 1:
            yield (
                ["policy", "exclude", named[1] if named else "reason"],
                "policy.exclude takes exactly one of user, group, file and kind.",
            )
        elif one.group is not None and not one.group.strip():
            yield ["policy", "exclude", "group"], "policy.exclude.group must be the id or the exact name of a group."
        elif one.accepted and named[0] in ("group", "kind"):
            yield (
                ["policy", "exclude", "accepted"],
                f"policy.exclude.accepted is for people by name (user or file), not for a {named[0]}.",
            )
