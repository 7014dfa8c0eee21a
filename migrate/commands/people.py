"""People as a reader names them: the one lookup of the verbs that only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.commands.call import Call
from migrate.config import OutputFormat
from migrate.errors import FolderProblem, NothingHere, UsageProblem
from migrate.model.instants import minute_utc
from migrate.model.reasons import Reason, Why
from migrate.model.users import AnyUser
from migrate.store.folder import Workspace
from migrate.store.plan_files import plan_rows_of
from migrate.store.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from migrate.decide.naming import Person


EVERYBODY = "`mfa-migrate status --all` lists everybody."
MOST_NAMES = 10
"""How many names are looked for by their parts; longer lists come from programs and mean what they say."""


def named_user(call: Call, name: str, snapshot: Snapshot, *, otherwise: str, of: int = 1) -> AnyUser:
    """Return the user of the snapshot whom a name stands for.

    Lines of NDJSON are read by programs that may hand them to a verb that writes, as the PowerShell module does:
    there, and in long lists, only an object id or a user principal name counts.

    Args:
        call: The command, which says whom a part of a name was taken for.
        name: An id, a user principal name, a display name, or a part of one, in any case.
        snapshot: Whom the last export holds.
        otherwise: What to do where nobody is called so and nobody is near.
        of: How many names were given.

    Raises UsageProblem where nobody is called so, with the near ones, and where several are, with all.
    """
    from migrate.decide.naming import NOBODY, near_hint, people_called, the_one
    from migrate.exchange.invisible import invisible_in

    user = snapshot.user(name)
    if user is not None:
        return user
    found = people_called(name, people_of(snapshot)) if _by_parts(call, of) else NOBODY
    person = the_one(name, found)
    user = snapshot.user(person.id) if person is not None else None
    if user is None:
        raise UsageProblem(
            f"There is no user {name!r} in the export of {minute_utc(snapshot.header.taken_at)}.",
            hint=invisible_in(name) or " ".join(filter(None, (near_hint(found), otherwise, EVERYBODY))),
        )
    call.screen.say(f"{name!r} is {person}.")
    return user


def after_not_read(name: str, why: Reason | None) -> str:
    """Return what to type next when the tenant was asked for somebody and did not show them, or not whole."""
    from migrate.exchange.invisible import invisible_in

    if why is not None and why.why is Why.NOT_UNDERSTOOD:
        return "Run the command again; if it stays, look at the account in the Entra admin center."
    return invisible_in(name) or "Check the spelling."


def known_as(call: Call, name: str, workspace: Workspace, *, of: int = 1) -> str:
    """Return the id of whom the folder's export knows by a part of a name; else the name itself, for the tenant to say.

    Raises UsageProblem where a name fits several people.
    """
    from migrate.decide.naming import people_called, the_one

    try:
        if "@" in name or not _by_parts(call, of):
            return name
        with open_snapshot(workspace) as snapshot:
            if snapshot.user(name) is not None:
                return name
            person = the_one(name, people_called(name, people_of(snapshot)))
    except (NothingHere, FolderProblem):
        return name
    if person is None:
        return name
    call.screen.say(f"{name!r} is {person}.")
    return person.id


def planned_users(call: Call, names: list[str], workspace: Workspace, rows: Path) -> frozenset[str]:
    """Return the ids of those users of a plan whom these names stand for; empty where no name is given.

    Display names come from the export, where one lies in the folder. Raises as `named_user` does.
    """
    from migrate.decide.naming import NOBODY, near_hint, people_called, the_one

    found = set()
    displayed = None
    for name in names:
        exact = {name.lower(), name.casefold()}
        ids = [
            row.user_id
            for row in plan_rows_of(rows)
            if {row.user_id.lower(), row.user_principal_name.casefold()} & exact
        ]
        if not ids:
            displayed = displayed if displayed is not None else _display_names(workspace)
            by_parts = _by_parts(call, len(names))
            lookup = people_called(name, _planned_people(rows, displayed)) if by_parts else NOBODY
            person = the_one(name, lookup)
            if person is None:
                hint = near_hint(lookup) or "Check the spelling."
                raise UsageProblem(f"The plan has no user {name!r}.", hint=hint)
            call.screen.say(f"{name!r} is {person}.")
            ids = [person.id]
        found.update(ids)
    return frozenset(found)


def _by_parts(call: Call, names: int) -> bool:
    """Tell whether a name may be a part of one."""
    return call.settings.output is not OutputFormat.NDJSON and names <= MOST_NAMES


def _display_names(workspace: Workspace) -> dict[str, str | None]:
    """Return display names by id, as far as the export in the folder has them."""
    try:
        with open_snapshot(workspace) as snapshot:
            return {user.profile.id: user.profile.display_name for user in snapshot.users()}
    except NothingHere:
        return {}


def _planned_people(rows: Path, displayed: dict[str, str | None]) -> Iterator[Person]:
    from migrate.decide.naming import Person

    for row in plan_rows_of(rows):
        yield Person(
            id=row.user_id, user_principal_name=row.user_principal_name, display_name=displayed.get(row.user_id)
        )


def people_of(snapshot: Snapshot) -> Iterator[Person]:
    """Yield everybody in an export by the names that they have."""
    from migrate.decide.naming import Person

    for user in snapshot.users():
        profile = user.profile
        yield Person(id=profile.id, user_principal_name=profile.user_principal_name, display_name=profile.display_name)
