"""What `coverage --exclusions` prints: exclusions that no other policy catches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from migrate.model.advice import OpenDoor
from migrate.model.cells import joined
from migrate.views.remedies import excluded_words
from migrate.views.screen import Answer, table

COLUMNS = ("PolicyId", "PolicyName", "Kind", "Target", "Excluded", "Users", "WithPerUserMfa", "Spared", "Sample")


def open_doors_answer(doors: Sequence[OpenDoor]) -> Answer:
    """Return the list, the exclusion that lets most people pass first."""

    def lines() -> Iterator[Any]:
        if not doors:
            yield "Whatever enabled policies exclude, another one catches."
            return
        yield table(
            ["Policy", "Excludes", "Nothing else catches", "On per-user MFA", "Spared", "For example"],
            (
                (
                    one.policy,
                    excluded_words(one),
                    str(one.people),
                    str(one.on_per_user_mfa),
                    str(one.spared),
                    one.sample[0] if one.sample else "",
                )
                for one in doors
            ),
        )
        yield "Each is an open door: a sign-in there needs no MFA of these people, but for per-user MFA where it is on."
        yield "Spared are emergency access and directory synchronization accounts, as they should be."
        yield "Where people have to stay excluded, block them from outside named locations in a policy of their own."

    return Answer(
        kind="coverage",
        document={"exclusions": list(doors)},
        columns=COLUMNS,
        rows=lambda: (
            (
                one.policy_id,
                one.policy,
                one.what.value,
                one.target,
                one.target_name,
                str(one.people),
                str(one.on_per_user_mfa),
                str(one.spared),
                joined(one.sample),
            )
            for one in doors
        ),
        lines=lines,
    )
