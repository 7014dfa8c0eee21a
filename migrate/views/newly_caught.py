"""Whom the policies that a plan switches on newly require to use MFA, or newly block, person by person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from migrate.model.impact import NewlyBlocked, NewlyRequired
from migrate.model.words import counted
from migrate.views.screen import Answer
from migrate.views.tables import table

NEWLY_COLUMNS = ("ObjectId", "UserPrincipalName", "Policy", "Guest", "NotMfaCapable")


def newly_required_answer(people: Sequence[NewlyRequired]) -> Answer:
    """Return the answer for everybody of whom a plan newly requires MFA."""

    def cells(one: NewlyRequired) -> tuple[str, ...]:
        return (one.user_id, one.user_principal_name, one.policy, str(one.is_guest), str(one.is_not_capable))

    def lines() -> Iterator[Any]:
        shown = ((one.user_principal_name, one.policy, _about(one)) for one in people)
        yield table(["Newly required to use MFA", "By", ""], shown)
        different = len({one.user_id for one in people})
        yield f"{counted(different, 'person is', 'people are')} newly required to use MFA"

    return Answer(
        kind="newly-required",
        document={"people": people},
        columns=NEWLY_COLUMNS,
        rows=lambda: map(cells, people),
        lines=lines,
        long_lists=("people",),
    )


BLOCKED_COLUMNS = ("ObjectId", "UserPrincipalName", "Policy", "SeenInLog")


def newly_blocked_answer(people: Sequence[NewlyBlocked], *, log_was_read: bool) -> Answer:
    """Return the answer for everybody whom a plan newly blocks, as far as that is known."""

    def lines() -> Iterator[Any]:
        shown = (
            (one.user_principal_name, one.policy, "a sign-in that succeeded" if one.in_log else "what the account is")
            for one in people
        )
        yield table(["Newly blocked", "By", "Known from"], shown)
        different = len({one.user_id for one in people})
        yield f"{counted(different, 'person is', 'people are')} known to be newly blocked"
        if not log_was_read:
            yield "No sign-ins were read: whose sign-ins are newly blocked besides is unknown."

    return Answer(
        kind="newly-blocked",
        document={"people": people, "signInsRead": log_was_read},
        columns=BLOCKED_COLUMNS,
        rows=lambda: ((one.user_id, one.user_principal_name, one.policy, str(one.in_log)) for one in people),
        lines=lines,
        long_lists=("people",),
    )


def _about(one: NewlyRequired) -> str:
    return ", ".join(word for word, so in (("guest", one.is_guest), ("not MFA capable", one.is_not_capable)) if so)
