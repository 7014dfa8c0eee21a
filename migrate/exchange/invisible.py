"""Characters in names that nobody sees: taken off at the ends, where they cannot belong, and named where they might."""

from __future__ import annotations

import unicodedata

# Letters and marks by category that show nothing all the same: fillers, joiners of graphemes, variation selectors.
_SHOW_NOTHING = frozenset(map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)))


def is_invisible(character: str) -> bool:
    """Tell whether a reader cannot see a character, or takes it for an ordinary blank."""
    if character in _SHOW_NOTHING or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return True
    category = unicodedata.category(character)
    return category in ("Cf", "Cc", "Zl", "Zp") or (category == "Zs" and character != " ")


def trimmed(text: str) -> str:
    """Return `text` without blanks and invisible characters at its two ends."""
    bare = text.strip()
    # What begins and ends with a letter or digit, as nearly all texts do, has nothing to take off.
    if not bare or (bare[0].isalnum() and bare[-1].isalnum() and _SHOW_NOTHING.isdisjoint((bare[0], bare[-1]))):
        return bare
    first, last = 0, len(bare)
    while first < last and (is_invisible(bare[first]) or bare[first].isspace()):
        first += 1
    while last > first and (is_invisible(bare[last - 1]) or bare[last - 1].isspace()):
        last -= 1
    return bare[first:last]


def invisible_in(text: str) -> str:
    """Return a sentence that names the first invisible character of a name and its place; empty where it has none.

    For a name that was not found although it looks right.
    """
    for place, character in enumerate(text):
        if is_invisible(character):
            kind = unicodedata.name(character, "a control character")
            seen = "".join(each for each in text[:place] if not is_invisible(each))
            where = f"after {seen[-24:]!r}" if seen else "at its beginning"
            return (
                f"The name holds a character that cannot be seen, {kind} (U+{ord(character):04X}), {where}: "
                "type the name by hand."
            )
    return ""
