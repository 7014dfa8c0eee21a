"""Show text from outside as what it is: no character of it moves the cursor, turns the line around or hides.

Names, policy names, error texts and cells come from people who may not wish the reader well. Everything that goes to
a terminal passes through here; files and pipes get the characters as they are.
"""

from __future__ import annotations

import re
import unicodedata

_SHOWN_AS_NOTHING = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters of other categories that leave a gap or nothing: fillers, a joiner, the blank of Braille."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories: control, format (bidirectional marks, zero-width signs), surrogate, private, separators."""
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def visible(text: str) -> str:
    r"""Return one line of text in which whatever cannot be seen is spelled out, such as `\x1b` and `\u202e`.

    Line ends are spelled out too, since a name with one could forge the next line. Tabs stay.
    """
    if is_plain(text):
        return text
    return "".join(_shown(character) if _is_hidden(character) else character for character in text)


def is_plain(text: str) -> bool:
    """Tell whether a text is of ASCII that can be seen, and so is shown as it is."""
    return text.isprintable() and text.isascii()


def _is_hidden(character: str) -> bool:
    if character == "\t" or " " <= character <= "~":
        return False
    return (
        unicodedata.category(character) in _HIDDEN
        or character in _SHOWN_AS_NOTHING
        or _VARIATION_SELECTORS.match(character) is not None
    )


def _shown(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def visible_json(text: str) -> str:
    r"""Return the same JSON with control and bidirectional characters escaped (`\u202e`): every reader gets them back.

    JSON itself escapes only what lies below U+0020.
    """
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
