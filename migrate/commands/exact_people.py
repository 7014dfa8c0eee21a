"""People for verbs that write, by an exact name that nobody else bears: found in the export, asked of the tenant again.

No part of a name counts here, and no near miss: it is shown, and the command ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from migrate.commands.call import Call
from migrate.commands.people import EVERYBODY, people_of
from migrate.errors import NameMoved, NothingHere, UsageProblem
from migrate.model.instants import minute_utc
from migrate.model.named import NamedKind, is_id
from migrate.store.folder import Workspace
from migrate.store.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from migrate.decide.naming import Lookup, Person
    from migrate.graph.tenant import GraphTenant

_GIVE = "Give the user principal name or the object id"


def exact_people(call: Call, names: Sequence[str], workspace: Workspace) -> dict[str, Person]:
    """Return by name those who are called exactly so in the folder's export, in any case; says whom each is.

    Args:
        call: The command.
        names: User names, what stands before their @, or display names.
        workspace: The folder with the export.

    Raises UsageProblem where nobody is called so, with the near ones; where several are, with their ids; and where
    there is no export in which a name could be looked up.
    """
    if not names:
        return {}
    try:
        with open_snapshot(workspace) as snapshot:
            found = {name: _one_called(name, snapshot) for name in names}
    except NothingHere as problem:
        raise UsageProblem(
            f"{names[0]!r} is no user principal name and no object id, and there is no export to look it up in.",
            hint=f"{_GIVE}, or run `mfa-migrate export` first.",
        ) from problem
    for name, person in found.items():
        call.screen.say(f"{name!r} is {person}, {person.id}.")
    return found


def people_meant(call: Call, given: Sequence[str], workspace: Workspace) -> tuple[set[str], dict[str, Person]]:
    """Return whom the values of an option mean, as keys in small letters, and those who were given by other names.

    Each value holds names or ids with commas between; one that is itself somebody's name is taken whole. Raises as
    `exact_people`.
    """
    keys: set[str] = set()
    names: list[str] = []
    for value in given:
        for text in [value] if "," in value and _is_somebody(value, workspace) else value.split(","):
            if is_id(text.strip()) or "@" in text:
                keys.add(text.strip().lower())
            elif text.strip():
                names.append(text.strip())
    named = exact_people(call, names, workspace)
    return keys | {person.id.lower() for person in named.values()}, named


async def refuse_other_people(tenant: GraphTenant, named: Mapping[str, Person]) -> None:
    """Raise NameMoved where a name means somebody else in the tenant than in the export, or somebody besides."""
    moved = []
    # A name before the @ is known by the whole user name; only a display name is asked for as such.
    asked = {name: _asked_for(name, person) for name, person in named.items()}
    now = await tenant.find_called(NamedKind.USER, list(asked.values())) if asked else {}
    for name, person in named.items():
        ids = now[asked[name]]
        if ids != (person.id.lower(),):
            today = ", ".join(ids) if ids else "nobody"
            moved.append(f"{name!r} was {person}, {person.id}, in the export, and is {today} now")
    if moved:
        raise NameMoved(
            f"A name means somebody else than in the export: {'; '.join(moved)}.",
            unchanged="Nothing was changed.",
            hint=f"{_GIVE} of whom you mean, or run `mfa-migrate export` again.",
        )


def who_is_meant(named: Mapping[str, Person]) -> tuple[str, ...]:
    """Return a line for each of them, for the person who is asked: name, user principal name and id."""
    return tuple(
        f"Named:    {person.display_name or 'no display name'}, {person.user_principal_name}, {person.id}"
        for person in named.values()
    )


def _asked_for(name: str, person: Person) -> str:
    from migrate.decide.naming import plain

    displayed = person.display_name or ""
    return displayed if displayed and plain(name) == plain(displayed) else person.user_principal_name


def _one_called(name: str, snapshot: Snapshot) -> Person:
    from migrate.decide.naming import near_hint, the_one
    from migrate.exchange.invisible import invisible_in

    found = _called(name, snapshot)
    person = the_one(name, found)
    if person is None:
        raise UsageProblem(
            f"Nobody is called exactly {name!r} in the export of {minute_utc(snapshot.header.taken_at)}; what writes "
            "takes no part of a name.",
            hint=invisible_in(name) or f"{near_hint(found) or f'{_GIVE}.'} {EVERYBODY}",
        )
    return person


def _called(name: str, snapshot: Snapshot) -> Lookup:
    from migrate.decide.naming import people_called

    return people_called(name, people_of(snapshot), whole=True)


def _is_somebody(name: str, workspace: Workspace) -> bool:
    try:
        with open_snapshot(workspace) as snapshot:
            return bool(_called(name.strip(), snapshot).count)
    except NothingHere:
        return False
