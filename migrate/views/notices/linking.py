"""Make links of the addresses in a text: an address never takes the sentence's own marks with it."""

from __future__ import annotations

import re
from html import escape

_ADDRESS = re.compile(r"""https?://[^\s<>"\u201c-\u201e\u00ab\u00bb]+|[\w.+'-]+@[\w-]+(?:\.[\w-]+)+""")
_MARKS = ",;.:!?'\u2019"
"""What may end a sentence or a part of it right behind an address, and is never the end of one."""
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def linked(text: str) -> str:
    """Return the text as HTML, with links for web and mail addresses; everything else is escaped."""
    parts, end = [], 0
    for match in _ADDRESS.finditer(text):
        address = without_marks(match[0])
        parts.append(escape(text[end : match.start()]))
        target = address if "://" in address else f"mailto:{address}"
        parts.append(f'<a href="{escape(target)}">{escape(address)}</a>')
        end = match.start() + len(address)
    return "".join([*parts, escape(text[end:])])


def without_marks(address: str) -> str:
    """Return the address without the sentence's marks at its end, and without a bracket that it does not open."""
    while address:
        last = address[-1]
        opening = _BRACKETS.get(last)
        if last not in _MARKS and (opening is None or address.count(last) <= address.count(opening)):
            break
        address = address[:-1]
    return address
