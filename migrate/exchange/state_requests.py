"""Turn named users, or a list of them in any format, from a file or stdin, into requests of `set-state`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

from migrate.errors import BadInput, NoAnswerInside, UsageProblem
from migrate.exchange.identities import identity_of
from migrate.exchange.reading import NOTHING_ASKED, Asked, read_claims, with_states
from migrate.model.claims import Claim, ClaimFile, UnreadRow
from migrate.model.set_state import StateRequest


class ListedRequests(NamedTuple):
    """What a list asks for."""

    requests: list[StateRequest]
    unread: list[tuple[int, str]]
    """Index of each row that could not be read, among the rows of the list, and why, as a sentence."""
    notes: tuple[str, ...]
    """What one has to know about the rows, and about their states where these are asked for."""


def requests_from(source: str, asked: Asked = NOTHING_ASKED, *, states: bool = False) -> ListedRequests:
    """Return the users that a file (or `-`, stdin) names, in its order, and what one has to know about it.

    Args:
        source: The file's path, or `-`.
        asked: How the operator says that it is to be read.
        states: The rows are to give the state as well: a file in which it is lost is refused. Otherwise what the
            file says about states is not a request, and there is nothing to know about it; PreviousState with
            PlanDigest of a rollback file comes along, so that a restore can be told from a new request.

    Raises `BadInput` for a file that cannot be read or has no rows, `NoAnswerInside` for one without states where they
    are asked for.
    """
    file = read_claims(sys.stdin.buffer if source == "-" else Path(source), asked)
    if not file.claims:
        raise BadInput(f"{file.name} names nobody.", hint="Needed is a row for each user.")
    if states and not with_states(file).has_states:
        raise NoAnswerInside(
            f"This file holds no state: {file.name} holds no per-user MFA state for anybody.",
            hint="Name the state for all of them, such as --state Disabled; `mfa-migrate convert` shows what is read.",
        )
    requests, unread = requests_of(file)
    return ListedRequests(requests, unread, file.notes if states else file.notes_about_rows)


def requests_of(file: ClaimFile) -> tuple[list[StateRequest], list[tuple[int, str]]]:
    """Return a request for each claim of a file, in its order, and the index and reason of each row not read."""
    rows: list[Claim | UnreadRow] = [*file.claims, *file.unread]
    rows.sort(key=lambda row: row.row)
    requests = [_claimed(index, row) for index, row in enumerate(rows) if isinstance(row, Claim)]
    unread = [
        (index, f"{file.name}, {row.place} was not read: {row.reason}")
        for index, row in enumerate(rows)
        if isinstance(row, UnreadRow)
    ]
    return requests, unread


def requests_named(
    object_ids: Sequence[str], names: Sequence[str], keys: AbstractSet[str] = frozenset()
) -> list[StateRequest]:
    """Return the users that are named one by one; as many ids as names belong to each other, and must agree.

    `keys` are ids and user principal names of further people, each by itself.

    Raises `UsageProblem` for what is neither an id nor a name, and for ids beside another number of names.
    """
    ids, names = [text for text in object_ids if text.strip()], [text for text in names if text.strip()]
    if ids and names and len(ids) != len(names):
        raise UsageProblem(
            f"{len(ids)} object ids and {len(names)} user principal names do not belong to each other.",
            hint="Give the ids or the names; together, as many of the one as of the other.",
        )
    pairs = list(zip(ids or [""] * len(names), names or [""] * len(ids), strict=True))
    pairs = [*pairs, *((key, "") for key in sorted(keys))]
    return [_named(index, object_id, name) for index, (object_id, name) in enumerate(pairs)]


def _named(index: int, object_id: str, name: str) -> StateRequest:
    found_id = found_name = None
    for text in filter(None, (object_id.strip(), name.strip())):
        as_id, as_name = identity_of(text)
        if as_id is None and as_name is None:
            raise UsageProblem(
                f"{text[:80]!r} is neither an object id (a GUID) nor a user principal name (it has an @).",
                hint="A name goes with --user, which takes it where it is exact and nobody else bears it.",
            )
        found_id, found_name = found_id or as_id, found_name or as_name
    return StateRequest(
        index=index,
        object_id=found_id or "",
        user_principal_name=found_name or "",
        recorded_state=None,
        plan_digest="",
    )


def _claimed(index: int, claim: Claim) -> StateRequest:
    return StateRequest(
        index=index,
        object_id=claim.object_id or "",
        user_principal_name=claim.user_principal_name or "",
        also_named=claim.also_named or "",
        recorded_state=claim.previous_state,
        plan_digest=claim.plan_digest or "",
        listed_state=claim.mfa_state or claim.previous_state,
    )
