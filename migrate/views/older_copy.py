"""What to think of people who are off without a book that says why, and what to do: the folder may be an older copy."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.model.words import some_of

SHOWN = 20
"""So many names stand in a sentence; all of them stand in the answer as JSON."""


def unaccounted_words(names: Sequence[str]) -> str:
    """Return the sentence about these people, by user principal name."""
    shown = some_of(names, SHOWN)
    are = "1 person is" if len(names) == 1 else f"{len(names)} people are"
    return (
        f"{are} disabled, or cannot be read, as a plan of this folder meant it, and no book here says that it was "
        f"done: {shown}. Either the folder is an older copy, or somebody else did it. Bring back the newer folder, or "
        "put them back too with `mfa-migrate rollback --overwrite-drift`; one by one with --users."
    )
