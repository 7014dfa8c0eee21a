"""Names that the configuration uses, with the ids that they stand for: resolved once, when a plan is made."""

from __future__ import annotations

import re
from enum import StrEnum

from migrate.model.plan_part import PlanPart

_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class NamedKind(StrEnum):
    """What a name is of."""

    USER = "user"
    GROUP = "group"
    POLICY = "policy"
    STRENGTH = "authentication strength"


class Named(PlanPart, frozen=True, kw_only=True):
    """A name as somebody wrote it, and the id that it stood for when the plan was made."""

    key: str
    """Where it stands in the configuration, such as `policy.scope`."""
    kind: NamedKind
    name: str
    id: str

    @property
    def is_principal_name(self) -> bool:
        """Tell whether it is a user principal name, which every row of the plan shows beside the id."""
        return self.kind is NamedKind.USER and "@" in self.name


def is_id(text: str) -> bool:
    """Tell whether a text is an object id and no name."""
    return _ID.fullmatch(text) is not None


def id_or_name(text: str) -> str:
    """Return an id in lower case, and a name as it is."""
    return text.lower() if is_id(text) else text
