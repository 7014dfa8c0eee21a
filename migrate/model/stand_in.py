"""What stands for the id of an object that Graph lists without one: a place to keep, of which nothing can be asked."""

from __future__ import annotations

_BEGINS = "without-id-"


def stand_in_id(number: int) -> str:
    """Return the id that stands for the one of the object with this number among those without."""
    return f"{_BEGINS}{number}"


def is_stand_in(id_: str) -> bool:
    """Tell whether an id is no id of Graph's but stands for one that was not shown."""
    return id_.startswith(_BEGINS)
