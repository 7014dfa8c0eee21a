"""Files of sign-ins that people bring: which format each is, and its rows. What cannot be told is refused, not guessed.

Pages or lines of Graph beta, objects of diagnostic settings, the portal's JSON; tables stand in `sign_in_tables`.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from migrate.errors import BadInput
from migrate.exchange.graph_columns import Found, GraphColumns
from migrate.exchange.result_lists import LineDecoder, ResultLists
from migrate.exchange.sign_in_columns import SignInColumns
from migrate.exchange.sign_in_tables import SignInTable, table_of
from migrate.model.sign_in_rows import GraphSignIn
from migrate.model.sign_ins import SourceFormat
from migrate.named_files import empty, reading_named

T = TypeVar("T")

PORTAL_ROWS = 100_000
"""The most rows that the portal writes into one file (Entra page "Download logs")."""

_ROWS_AT_ONCE = 512
_HEAD = 1 << 16
_BUFFER = 1 << 18
"""Bytes that are read at once: lines are as long as the usual buffer."""


class _Page(msgspec.Struct, frozen=True):
    value: tuple[GraphSignIn, ...]


class _Diagnostic(msgspec.Struct, frozen=True):
    properties: GraphSignIn
    category: str = ""
    time: str = ""


_ROW = msgspec.json.Decoder(GraphSignIn)
_PAGE = msgspec.json.Decoder(_Page)
_ROWS = msgspec.json.Decoder(tuple[GraphSignIn, ...])
_DIAGNOSTIC = msgspec.json.Decoder(_Diagnostic)
_CATEGORIES = {"signinlogs": True, "noninteractiveusersigninlogs": False}
"""Categories of diagnostic settings that are people's sign-ins, and whether somebody was at the keyboard."""


@dataclass(frozen=True, kw_only=True)
class SignInFile:
    """A file whose format is known."""

    path: Path
    form: SourceFormat
    table: SignInTable | None
    """For tables: what its columns are."""


def recognised(path: Path) -> SignInFile:
    """Return what a file is, by its beginning.

    Raises:
        BadInput: It is none of the formats; the message names the columns or members that are missing.
    """
    head = _head(path)
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not begin:
        raise empty(str(path))
    if begin[:1] == b"[":
        return SignInFile(path=path, form=SourceFormat.PORTAL_JSON, table=None)
    if begin[:1] == b"{":
        return SignInFile(path=path, form=_form_of_object(path, begin), table=None)
    table = table_of(path)
    return SignInFile(path=path, form=table.form, table=table)


def read_into(columns: SignInColumns, file: SignInFile, *, advance: Callable[[int], None]) -> int:
    """Add the rows of a file to the columns and return how many it held.

    Args:
        columns: Where they go.
        file: The file.
        advance: Called with the number of rows so far, now and then.

    Raises:
        BadInput: A row is not what the format promises; the message names it.
    """
    if file.table is not None:
        return file.table.read_into(columns, advance)
    graph = GraphColumns(columns)
    return _added(graph, _rows_of(file, graph.lists), advance)


def _added(graph: GraphColumns, rows: Iterator[Found], advance: Callable[[int], None]) -> int:
    number = 0
    while added := graph.add(islice(rows, _ROWS_AT_ONCE)):
        number += added
        advance(number)
    return number


def _rows_of(file: SignInFile, lists: ResultLists) -> Iterator[Found]:
    match file.form:
        case SourceFormat.DIAGNOSTIC:
            for one, results in _lines(
                file.path, LineDecoder(lists, _DIAGNOSTIC.decode, attrgetter("properties")).decode
            ):
                interactive = _CATEGORIES.get(one.category.casefold())
                if interactive is not None:
                    yield one.properties, interactive, results
        case SourceFormat.PORTAL_JSON:
            # The portal writes its two kinds of sign-ins into files of their own, and may leave out which one it is.
            interactive = not file.path.name.casefold().startswith("noninteractive")
            for row in _mapped(file.path, _ROWS.decode):
                yield row, None if row.sign_in_event_types else interactive, lists.number_in(row)
        case _:
            yield from _graph_rows(file.path, lists)


def _graph_rows(path: Path, lists: ResultLists) -> Iterator[Found]:
    """Yield the rows of Graph's pages: one page over the whole file, or a row or a page on each line."""
    first = _head(path).removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
    pages: Iterable[_Page] = ()
    try:
        msgspec.json.decode(first, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        if len(first) < _HEAD - 4:
            pages = (_mapped(path, _PAGE.decode),)
    if not pages and b'"value"' in first and b'"createdDateTime"' not in first.split(b'"value"', 1)[0]:
        pages = _lines(path, _PAGE.decode)
    if not pages:
        yield from _row_lines(path, lists)
    for page in pages:
        for row in page.value:
            yield row, None, lists.number_in(row)


def _row_lines(path: Path, lists: ResultLists) -> Iterator[Found]:
    return ((row, None, results) for row, results in _lines(path, LineDecoder(lists, _ROW.decode).decode))


def _form_of_object(path: Path, begin: bytes) -> SourceFormat:
    if b'"properties"' in begin and b'"category"' in begin:
        return SourceFormat.DIAGNOSTIC
    if b'"createdDateTime"' in begin or b'"value"' in begin:
        return SourceFormat.GRAPH_FILE
    raise BadInput(
        f"{path.name} holds JSON, but no sign-ins: neither createdDateTime nor properties stands in its beginning.",
        hint="They come from Graph beta, from diagnostic settings or from the portal; see `mfa-migrate help sign-ins`.",
    )


def _lines(path: Path, decode: Callable[[bytes], T]) -> Iterator[T]:
    with _opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if text.isspace() or not text:
                continue
            try:
                yield decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
                raise BadInput(f"Line {number} of {path.name} is no sign-in: {problem}.") from problem


def _mapped(path: Path, decode: Callable[[Any], T]) -> T:
    """Decode a whole file without a second copy of it in memory; rows refer to the mapped file until they are gone."""
    with _opened(path) as stream:
        view = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        return decode(view[3:] if bytes(view[:3]) == b"\xef\xbb\xbf" else view)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadInput(f"{path.name} does not hold sign-ins: {problem}.") from problem


def _head(path: Path) -> bytes:
    with _opened(path) as stream:
        return stream.read(_HEAD)


def _opened(path: Path) -> BinaryIO:
    with reading_named(path):
        return path.open("rb", buffering=_BUFFER)
