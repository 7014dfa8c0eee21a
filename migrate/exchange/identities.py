"""What the text of a cell or an argument must look like to say whom it is about: an object id, or a name with an @."""

from __future__ import annotations

import re

from migrate.exchange.invisible import trimmed

GUID = re.compile(r"\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?", re.IGNORECASE)
# Half of a surrogate pair comes from a cut text, or from a terminal that speaks another encoding; no name has one.
_NAME = re.compile(r"[^\s\ud800-\udfff]+@[^\s\ud800-\udfff]+")


def identity_of(text: str) -> tuple[str | None, str | None]:
    """Return the object id or the user principal name that a text is; (None, None) where it is neither."""
    if found := GUID.fullmatch(text):
        return found.group(1).lower(), None
    return None, text if _NAME.fullmatch(text) else None


def is_identity(text: str) -> bool:
    """Tell whether a cell says whom a row is about, blanks and invisible characters at its ends aside."""
    return identity_of(trimmed(text)) != (None, None)
