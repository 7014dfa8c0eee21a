"""Names what the configuration asks of a policy of ours while the plan makes none that it could be about."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.plan import PlanNote, warning
from migrate.model.policy_exclusions import ExcludedBy
from migrate.model.rules import Rules
from migrate.model.templates import Template
from migrate.model.words import some_of

SHOWN = 5
"""How many exclusions the note names."""


def idle_settings(rules: Rules) -> Iterator[PlanNote]:
    """Yield a warning that names the settings of which nothing comes, since `policy.mode` is adopt."""
    if rules.create:
        return
    found = [*_of_the_policy_for_users(rules), *_of_every_policy(rules)]
    if found:
        yield warning(
            "policy-settings-idle",
            f"Nothing comes of {', '.join(found)}: policy.mode is adopt, so no policy is made that this could "
            "be about, and whom the policies that exist are for stays as it is. To have one made, write policy.mode = "
            '"create" and plan again; otherwise take it out of mfa-migrate.toml. Whoever is to keep per-user MFA for '
            "now belongs in [[exclude]].",
            n=len(found),
            names=tuple(found),
        )


def _of_the_policy_for_users(rules: Rules) -> Iterator[str]:
    if rules.scope_group is not None:
        yield "policy.scope"
    if rules.strength is not None:
        yield "policy.strength"


def _of_every_policy(rules: Rules) -> Iterator[str]:
    """Yield what a policy of `[[policy.template]]` heeds as well, where none is asked for that does."""
    if any(wish.template is not Template.EMERGENCY_ACCESS for wish in rules.wishes):
        return
    names = list(dict.fromkeys(one.name for one in rules.policy_exclusions if one.by is not ExcludedBy.KEEPS_MFA))
    if names:
        yield f"[[policy.exclude]] ({some_of(names, SHOWN)})"
    if any(one.from_policy for one in rules.exclusions.values()):
        yield "from_policy = true in [[exclude]]"
    if rules.sync_by_account:
        yield 'policy.directory_sync = "accounts"'
