"""Wrap sentences at words for a terminal; a path, an id, a time and a command stay whole."""

from __future__ import annotations

import os
import re
import shutil
from typing import TextIO

# A command outside backquotes ends with the line, at a bracket, or with the word that ends the sentence.
_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC(?: \([^)]* here\))?\S*"
_PIECES = re.compile(_TIME + r"|[^\s`]*`[^`]*`\S*|mfa-migrate(?=\s)(?: (?!\()\S*[^\s.,;:](?=\s|$))*(?: (?!\()\S+)?|\S+")
_HEAD = re.compile(r"\s*(?:[!+~-] +(?:\d+ +)?|\([a-z]\) |\d\. |[A-Z][\w -]{0,16}: {2,}|[a-z]{4,7} {2,})")
"""What the further lines of a sentence are not put below: a sign, a letter, a label or a word with blanks that make a
column."""
NARROWEST = 30
"""Columns below which nothing is wrapped: the terminal cuts as it likes."""


def columns_of(stream: TextIO) -> int | None:
    """Return how many columns the terminal behind a stream has; None where it is no terminal."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def from_here(text: str, here: str) -> str:
    """Return the text with paths below a folder as one would type them there; as it is where `here` is empty."""
    here = here.rstrip(os.sep)
    return re.sub(rf"(?<![^\s`'\"=(]){re.escape(here + os.sep)}(?=[^\s/])", "", text) if here else text


def wrapped(text: str, columns: int | None) -> str:
    """Return the text with line ends put between words, each further line below the first word of its line.

    Args:
        text: One sentence or several lines.
        columns: The width of the terminal; None leaves the text as it is, so that it can be searched and cut.
    """
    if columns is None or columns < NARROWEST:
        return text
    return "\n".join(_wrapped_line(line, columns) for line in text.split("\n"))


def _wrapped_line(line: str, columns: int) -> str:
    from rich.cells import cell_len

    if cell_len(line) <= columns:
        return line
    begin = len(line) - len(line.lstrip())
    # The sentence comes behind a sign and a number, or behind a label: its further lines begin where it does.
    hanging = _HEAD.match(line)
    indent = " " * (begin if hanging is None or len(hanging[0]) > columns // 3 else len(hanging[0]))
    lines, current = [], line[:begin]
    end = begin
    for piece in _PIECES.finditer(line):
        blanks = line[end : piece.start()]
        end = piece.end()
        if blanks and current.strip() and cell_len(current) + cell_len(blanks) + cell_len(piece[0]) > columns:
            lines.append(current)
            current, blanks = indent, ""
        current += blanks + piece[0]
    return "\n".join([*lines, current])
