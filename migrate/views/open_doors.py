"""What `coverage --exclusions` prints: exclusions that no other policy catches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from migrate.model.advice import OpenDoor
from migrate.model.cells import joined
from migrate.model.evidence import ChangedBy
from migrate.model.now import Moment
from migrate.model.words import counted
from migrate.views.moments import said_moment
from migrate.views.remedies import excluded_words
from migrate.views.screen import Answer
from migrate.views.tables import table

_WHO = {
    ChangedBy.LESSER_ROLES: "it is not role-assignable, so whoever owns it and lesser roles may",
    ChangedBy.OWNERS: "its owners may",
    ChangedBy.RULE: "a rule makes its members, so whoever may edit such a property",
    ChangedBy.ACTIVE_DIRECTORY: "it comes from Active Directory, so whoever may there",
}
COLUMNS = (
    "PolicyId",
    "PolicyName",
    "Kind",
    "Target",
    "Excluded",
    "Users",
    "WithPerUserMfa",
    "Spared",
    "ChangedBy",
    "Sample",
)


def _owned(owners: int | None) -> str:
    return "who its owners are: not read" if owners is None else counted(owners, "owner")


def open_doors_answer(doors: Sequence[OpenDoor], moment: Moment) -> Answer:
    """Return the list, the exclusion that lets most people pass first."""

    def lines() -> Iterator[Any]:
        if not doors:
            yield "Whatever enabled policies exclude, another one catches."
            yield f"As of: {said_moment(moment)}"
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
        for group in dict.fromkeys(one.target for one in doors if one.changed_by):
            first = next(one for one in doors if one.target == group)
            who = "; ".join(_WHO[by] for by in first.changed_by) + f" ({_owned(first.owners)})"
            size = f"{first.people} pass by it"
            yield f"Finding: {excluded_words(first)} ({size}) can be changed by people outside administration: {who}."
        yield "Each is an open door: a sign-in there needs no MFA of these people, but for per-user MFA where it is on."
        yield "Spared are emergency access and directory synchronization accounts, as they should be."
        yield f"As of: {said_moment(moment)}"
        yield "Where people have to stay excluded, block them from outside named locations in a policy of their own."

    return Answer(
        kind="coverage",
        document={"asOf": moment, "exclusions": list(doors)},
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
                joined(one.changed_by),
                joined(one.sample),
            )
            for one in doors
        ),
        lines=lines,
    )
