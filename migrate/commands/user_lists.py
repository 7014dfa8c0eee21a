"""Lists of users on the command line, in any format: whom a plan is limited to, and whom it leaves out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from migrate.commands.inputs import source_of
from migrate.errors import BadInput
from migrate.model.claims import Claim
from migrate.model.plan import ExcludedUser
from migrate.model.rules import Rules
from migrate.model.words import some_of
from migrate.store.snapshot import Snapshot

SHOWN = 5
"""How many names a message lists before it counts."""

OnlyFile = Annotated[
    str | None, typer.Option("--only", metavar="FILE|-", help="Plan nobody but the users in this list.")
]
ExcludeFile = Annotated[
    str | None, typer.Option("--exclude", metavar="FILE|-", help="Leave the users in this list out.")
]


def rules_with_lists(
    rules: Rules, snapshot: Snapshot, *, only: str | None, exclude: str | None, warn: Callable[[str], None]
) -> Rules:
    """Return the rules narrowed by lists of users; what the files say about states does not matter.

    Rows about people who are not in the snapshot are told through `warn`. Raises `BadInput` for a list that cannot
    be read, for `--only` without anybody who is in the snapshot, and for somebody of `--exclude` who is known by
    name alone and not found: a renamed person would be planned although the list leaves them out.
    """
    if only is not None:
        rules = msgspec.structs.replace(rules, only=_ids_of_only(only, snapshot, warn))
    if exclude is not None:
        reason = f"in the list that --exclude names ({Path(exclude).name})"
        listed = {
            user_id: ExcludedUser(user_id=user_id, reason=reason)
            for user_id in _ids_of_exclude(exclude, snapshot, warn)
        }
        # A reason that stands in the configuration says more.
        rules = msgspec.structs.replace(rules, exclusions={**listed, **rules.exclusions})
    return rules


def _ids_of_only(file: str, snapshot: Snapshot, warn: Callable[[str], None]) -> frozenset[str]:
    from migrate.exchange.reading import read_claims

    found: set[str] = set()
    missing: list[Claim] = []
    listed = read_claims(source_of(file))
    for note in listed.notes_about_rows:
        warn(f"--only {note}")
    for claim in listed.claims:
        named = [claim.object_id] if claim.object_id else [claim.user_principal_name, claim.also_named]
        user = next((user for name in named if name and (user := snapshot.user(name)) is not None), None)
        if user is None:
            missing.append(claim)
        else:
            found.add(user.profile.id)
    if not found:
        raise BadInput(
            f"--only {file}: nobody in it is in the snapshot.",
            hint="Run `mfa-migrate export` again if the accounts are new; `mfa-migrate compare` says who is missing."
            + _unseen(missing),
        )
    if missing:
        warn(f"--only {file}: not in the snapshot and so not planned: {_named(missing)}{_unseen(missing)}")
    return frozenset(found)


def _ids_of_exclude(file: str, snapshot: Snapshot, warn: Callable[[str], None]) -> frozenset[str]:
    from migrate.exchange.reading import read_claims

    found: set[str] = set()
    gone: list[Claim] = []
    unknown: list[Claim] = []
    listed = read_claims(source_of(file))
    for note in listed.notes_about_rows:
        warn(f"--exclude {note}")
    if listed.unread:
        first = listed.unread[0]
        raise BadInput(
            f"--exclude {file}, {first.place}: {first.reason} Whoever it is about would be planned.",
            hint="Mend the row, or take it out.",
        )
    for claim in listed.claims:
        # Both identities count: leaving one person too many out is the safe side.
        named = [name for name in (claim.object_id, claim.user_principal_name, claim.also_named) if name]
        users = [user for name in named if (user := snapshot.user(name)) is not None]
        found.update(user.profile.id for user in users)
        if not users:
            (gone if claim.object_id else unknown).append(claim)
    if unknown:
        raise BadInput(
            f"--exclude {file}: not in the snapshot: {_named(unknown)}. Whoever was renamed would be planned."
            + _unseen(unknown),
            hint="Correct the names, give object ids, or take the rows out.",
        )
    if gone:
        warn(f"--exclude {file}: not in the snapshot any more: {_named(gone)}")
    return frozenset(found)


def _named(claims: list[Claim]) -> str:
    return some_of(claims, SHOWN, lambda claim: f"{claim.user_principal_name or claim.object_id} (row {claim.row})")


def _unseen(claims: list[Claim]) -> str:
    """Return what cannot be seen in the first name that holds such a thing; empty where none does."""
    from migrate.exchange.invisible import invisible_in

    said = next((said for claim in claims if (said := invisible_in(claim.user_principal_name or ""))), "")
    return said and f" {said}"
