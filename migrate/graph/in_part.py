"""One object of a list that Graph does not show whole costs its own certainty; what no object shows ends the reading.

A row that is null lacks everything. Nothing is ever filled in that a verdict could rest on: whoever decodes says what
stands for a member that is missing, and has to treat the object as not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from migrate.errors import IncompleteRead

S = TypeVar("S", bound=msgspec.Struct)


def decoded_in_part(raw: msgspec.Raw | bytes, kind: type[S], blank: Mapping[str, Any]) -> tuple[S, tuple[str, ...]]:
    """Return an object of a list, and the names of what it lacks: what is missing, or has another type.

    Args:
        raw: The object as Graph sent it, or null.
        kind: What it should be.
        blank: What stands for each member that may be missing, by Graph's name for it.

    Raises:
        msgspec.ValidationError: It is neither an object nor null, or it is an error in the place of an object.
    """
    try:
        return msgspec.json.decode(raw, type=kind), ()
    except msgspec.ValidationError:
        shown = msgspec.json.decode(raw, type=dict[str, Any] | None) or {}
        if "error" in shown:
            raise
        unusable = {name for name in shown if not _fits({**blank, name: shown[name]}, kind)}
        lacks = tuple(name for name in {**blank, **shown} if name in unusable or name not in shown)
        usable = {name: value for name, value in shown.items() if name not in unusable}
        return msgspec.convert({**blank, **usable}, kind), lacks


def _fits(members: Mapping[str, Any], kind: type[msgspec.Struct]) -> bool:
    try:
        msgspec.convert(members, kind)
    except msgspec.ValidationError:
        return False
    return True


class NeverShown:
    """Finds the members that no object of a list shows: then it is the answer that lacks them, not an object."""

    def __init__(self, of_every: str, members: Iterable[str]) -> None:
        """Begin a list: `of_every` names one of its objects, as in "every user"."""
        self._of_every = of_every
        self._never = set(members)
        self._objects = 0

    def note(self, lacks: Iterable[str]) -> None:
        """Take in what one object lacks."""
        self._objects += 1
        if self._never:
            self._never.intersection_update(lacks)

    def end(self) -> None:
        """Raise `IncompleteRead` when the list has objects and one of the members was in none of them."""
        if self._objects and self._never:
            raise IncompleteRead(
                f"Graph's answers leave {', '.join(sorted(self._never))} out of every {self._of_every}, though it "
                "belongs there.",
                hint="Something between here and Graph may take it out, such as a proxy. Run the command again; "
                "if it stays, ask whoever runs the network.",
            )
