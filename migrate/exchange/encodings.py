"""Find out how the bytes of a file or of stdin spell text, and hand the text on line by line.

Nothing is guessed from the user's locale: without a byte order mark it is UTF-8, or UTF-16 where every other
byte is zero; an ANSI code page has to be named by the caller.
"""

from __future__ import annotations

import codecs
import re
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

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
# Latin letters of UTF-16 read byte by byte have a NUL between each two.
_UTF16_AS_ASCII = re.compile(r"(?:[\t\r\n -~]\0){6}|(?:\0[\t\r\n -~]){6}")
# ASCII that is read in pairs gives signs of which both bytes are ASCII. A dozen in a row come by chance once in a
# hundred thousand texts of Chinese, with an @ and a separator among their bytes hardly ever.
_ASCII_BYTES = (0x09, 0x0A, 0x0D, *range(0x20, 0x7F))
_ASCII_AS_UTF16 = re.compile(
    "["
    + "".join(f"\\u{high:02x}09\\u{high:02x}0a\\u{high:02x}0d\\u{high:02x}20-\\u{high:02x}7e" for high in _ASCII_BYTES)
    + "]{12,}"
)
# What begins like this may have UTF-16 appended, but is none.
_ASCII_BEGINNING = re.compile(rb"[\t\r\n -~]{8}")
_ASCII_RUN = re.compile(rb"[\t\r\n -~]{24}")
_APPENDED_HINT = (
    "Make the file again in one encoding: Windows PowerShell's > and >> write UTF-16, Add-Content does not."
)

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
    if _ASCII_BEGINNING.match(head):
        return "utf-8"
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
    data, former = head, b""
    while True:
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeError as error:
            # A missing byte order mark of UTF-16 comes without a position.
            line += data[: getattr(error, "start", 0)].count(b"\n")
            if codec.startswith("utf-16") and not first and _ASCII_RUN.search(data or former):
                raise BadInput(
                    f"{name}: text in UTF-8 was appended to a file in UTF-16.", hint=_APPENDED_HINT
                ) from error
            raise BadInput(
                f"{name}, near line {line}: these bytes are no {codec} text.",
                hint="Give the encoding that the file was written in, such as --input-encoding cp1252.",
            ) from error
        if "\0" in text:
            _refuse_nul(name, text, line)
        if codec.startswith("utf-16"):
            _refuse_appended(name, text, line, is_first=first)
        if text:
            yield text.removeprefix("\ufeff") if first else text
            line += text.count("\n")
            first = False
        if not data:
            return
        data, former = stream.read(CHUNK_BYTES), data


def _refuse_nul(name: str, text: str, line: int) -> None:
    """Raise the `BadInput` that fits a text with NUL characters in it."""
    if _UTF16_AS_ASCII.search(text):
        raise BadInput(
            f"{name}, near line {line}: text in UTF-16 was appended to a file in UTF-8.",
            hint=_APPENDED_HINT,
        )
    raise BadInput(
        f"{name}, near line {line}: the text holds a NUL character, so the file is damaged or is no text file."
    )


def _refuse_appended(name: str, text: str, line: int, *, is_first: bool) -> None:
    """Raise `BadInput` where text in UTF-16 goes on as ASCII that was read two letters at a time.

    What is no UTF-16 from its first letter on had nothing appended; it is in another encoding.
    """
    if _is_latin(text) or (is_first and _ASCII_AS_UTF16.match(text.removeprefix("\ufeff"))):
        return
    for run in _ASCII_AS_UTF16.finditer(text):
        spelled = run.group().encode("utf-16-le")
        if b"@" in spelled and any(sign in spelled for sign in b",;|\t\r\n"):
            line += text.count("\n", 0, run.start())
            raise BadInput(
                f"{name}, near line {line}: text in UTF-8 was appended to a file in UTF-16.", hint=_APPENDED_HINT
            )


def _is_latin(text: str) -> bool:
    """Tell whether a text has no sign beyond Latin-1, which is quickly found out."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def lines_at_any_end(stream: ByteSource, *, name: str, encoding: str | None = None) -> Iterator[str]:
    """Yield the lines of `stream` with their ends, which may be LF, CR LF or CR, also one after the other.

    A line that begins with a byte order mark, as where files were put one after the other, loses it.
    """
    for line in text_lines(stream, name=name, encoding=encoding):
        if line[0] == "\ufeff":
            line = line.lstrip("\ufeff")
        if line.find("\r", 0, -2) < 0 and not line.endswith("\r"):
            yield line
        else:
            yield from (found.group() for found in _LINE.finditer(line))


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
