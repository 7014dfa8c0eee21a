"""Find out how the bytes of a file or of stdin spell text, and hand the text on line by line.

Nothing is guessed from the user's locale: without a byte order mark it is UTF-8, or UTF-16 where every other
byte is zero; an ANSI code page has to be named by the caller.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Protocol

from migrate.errors import BadInput

CHUNK_BYTES = 1 << 16


class ByteSource(Protocol):
    """Whatever bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        ...


_HEAD_BYTES = 4096

# UTF-32 first: its little-endian mark begins with the one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(head: bytes) -> str:
    """Return the name of the encoding that the first bytes of a text show; `utf-8` where nothing speaks against it."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    pairs = len(head) // 2
    zeros_even = head[0 : pairs * 2 : 2].count(0)
    zeros_odd = head[1 : pairs * 2 : 2].count(0)
    # Tables, JSON and XML are mostly ASCII, so UTF-16 has a zero in most pairs, always on the same side.
    if pairs and zeros_odd * 2 > pairs and not zeros_even:
        return "utf-16-le"
    if pairs and zeros_even * 2 > pairs and not zeros_odd:
        return "utf-16-be"
    return "utf-8"


def checked_encoding(name: str) -> str:
    """Return the codec that `name` means; raise `BadInput` for one that does not exist or is no text encoding."""
    try:
        info = codecs.lookup(name)
        # What cannot make something of every byte, such as idna, is a spelling of names and no encoding of files.
        bytes(range(256)).decode(info.name, "replace")
    except (LookupError, UnicodeError):
        raise BadInput(
            f"{name!r} is no text encoding that is known here.",
            hint="Windows code pages are named like cp1252, cp1250 or cp932.",
        ) from None
    return info.name


def text_pieces(stream: ByteSource, *, name: str, encoding: str | None = None) -> Iterator[str]:
    """Yield the text of `stream` in pieces of about 64 KiB, without its byte order mark.

    `encoding` None means: look at the first bytes. Raises `BadInput` naming `name` for bytes that are not in
    the encoding and for NUL characters, which no text document has.
    """
    head = stream.read(_HEAD_BYTES)
    codec = checked_encoding(encoding) if encoding else encoding_of(head)
    decoder = codecs.getincrementaldecoder(codec)()
    line = 1
    first = True
    data = head
    while True:
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeError as error:
            # A missing byte order mark of UTF-16 comes without a position.
            line += data[: getattr(error, "start", 0)].count(b"\n")
            raise BadInput(
                f"{name}, near line {line}: these bytes are no {codec} text.",
                hint="Give the encoding that the file was written in, such as --input-encoding cp1252.",
            ) from error
        if "\0" in text:
            raise BadInput(
                f"{name}, near line {line}: the text holds a NUL character, so the file is damaged or is no text file."
            )
        if text:
            yield text.removeprefix("\ufeff") if first else text
            line += text.count("\n")
            first = False
        if not data:
            return
        data = stream.read(CHUNK_BYTES)


def text_lines(stream: ByteSource, *, name: str, encoding: str | None = None) -> Iterator[str]:
    """Yield the lines of `stream` with their ends, split at LF only, so that a CR inside a quoted cell survives."""
    rest: list[str] = []
    for piece in text_pieces(stream, name=name, encoding=encoding):
        lines = piece.split("\n")
        if len(lines) == 1:
            rest.append(piece)
            continue
        yield "".join(rest) + lines[0] + "\n"
        for line in lines[1:-1]:
            yield line + "\n"
        rest = [lines[-1]]
    last = "".join(rest)
    if last:
        yield last
