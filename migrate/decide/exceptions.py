"""Exceptions from the rule that everybody is migrated: who decided each, and which of them nobody answers for."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.plan import PlanNote, warning
from migrate.model.policy_exclusions import ExcludedBy
from migrate.model.rules import Rules
from migrate.model.words import some_of

SHOWN = 5
"""How many exceptions a note names."""


def undecided(rules: Rules) -> Iterator[PlanNote]:
    """Yield a warning that names the exceptions of the configuration without somebody who decided, or without a day."""
    decided = rules.emergency_decision
    found = ["[emergency_access]"] if not (decided.decided_by and decided.since) else []
    found += [
        f"[[exclude]] {one.reason!r}"
        for one in rules.exclusions.values()
        if one.expires and not (one.decided_by and one.since)
    ]
    found += [
        f"[[policy.exclude]] {name}"
        for name in dict.fromkeys(
            one.reason
            for one in rules.policy_exclusions
            if one.by is not ExcludedBy.KEEPS_MFA and not (one.decided_by and one.since)
        )
    ]
    found += [f"[[accept_partial]] {gap.tag}" for gap in rules.accepted_gaps if not (gap.decided_by and gap.since)]
    found += [
        f"[[accept_caught]] {one.user_principal_name}"
        for one in rules.accepted_caught
        if not (one.decided_by and one.since)
    ]
    if found:
        yield warning(
            "exception-undecided",
            f"Nobody answers for {some_of(found, SHOWN)}: an auditor will ask who decided and since "
            "when. Write decided_by and since beside each in mfa-migrate.toml.",
            n=len(found),
            names=tuple(found[:SHOWN]),
        )
