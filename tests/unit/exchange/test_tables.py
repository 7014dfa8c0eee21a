"""Our CSV documents: every cell survives the round trip, and what is not ours is refused with its place."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.errors import BadInput
from migrate.exchange.tables import (
    CELL_LIMIT,
    DELIMITERS,
    Dialect,
    csv_cells,
    csv_chunks,
    csv_pairs,
    csv_rows,
    neutralised,
    opened,
    original,
)

# What spreadsheets, quoting and our own apostrophe stumble over, more often than chance would bring it.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text(
    "'=+-@\t\r\n\",;| \ufeff"
)
DIALECTS = st.builds(
    Dialect,
    delimiter=st.sampled_from(DELIMITERS),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    crlf=st.booleans(),
)


@given(ANY_TEXT)
def test_original_takes_off_exactly_what_neutralised_put_on(text: str) -> None:
    assert original(neutralised(text)) == text


@given(ANY_TEXT)
def test_no_neutralised_cell_begins_like_a_formula(text: str) -> None:
    assert neutralised(text)[:1] not in set("=+-@\t\r")


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT, ANY_TEXT), max_size=8), DIALECTS)
def test_rows_are_read_as_they_were_written_in_every_dialect(
    rows: list[tuple[str, str, str]], dialect: Dialect
) -> None:
    written = b"".join(csv_chunks(("A", "B", "C"), rows, dialect))
    read = [tuple(row.values()) for row in csv_rows(io.BytesIO(written), required=("A", "B", "C"))]
    assert read == rows


def seen_through_pairs(document: bytes, required: tuple[str, ...]) -> list[list[str]]:
    """Return the rows as `csv_pairs` tells them to somebody who keeps what each text behind two cells said."""
    known: dict[str, list[str]] = {}
    rows = csv_pairs(io.BytesIO(document), required=required, known=known)
    found = [next(rows)[0]]
    for cells, behind in rows:
        whole = cells if behind not in known else [*cells, *known[behind]]
        if behind:
            known[behind] = whole[2:]
        found.append(whole)
    return found


FEW = st.sampled_from(["", "a", "b;c", "'=1", '"', "x\ny", "x\ry", "\n", ",", "'", " ", "\r\n"])


@given(st.lists(st.tuples(FEW, FEW, FEW, FEW), max_size=12), DIALECTS, st.booleans())
def test_rows_whose_rest_is_known_are_what_they_are_when_read_whole(
    rows: list[tuple[str, ...]], dialect: Dialect, in_order: bool
) -> None:
    document = b"".join(csv_chunks(("A", "B", "C", "D"), rows, dialect))
    required = ("A", "B", "C") if in_order else ("C", "A")
    assert seen_through_pairs(document, required) == list(csv_cells(io.BytesIO(document), required=required))


@given(st.lists(st.sampled_from(list("ab,;'\"\r\n")), max_size=40).map("".join))
def test_a_document_that_somebody_broke_is_refused_in_both_ways_or_read_alike(body: str) -> None:
    document = f"A,B,C\n1,2,3\nx,y,3\n{body}".encode()
    told: list[object] = []
    for read in (seen_through_pairs, lambda data, required: list(csv_cells(io.BytesIO(data), required=required))):
        try:
            told.append(read(document, ("A", "B", "C")))
        except BadInput as refused:
            told.append(str(refused))
    assert told[0] == told[1]


def test_a_rest_that_is_known_is_not_made_into_cells_again() -> None:
    document = b"A,B,C,D\n1,ada,x,y\n2,bob,x,y\n3,'=c,x,y\n"
    rows = csv_pairs(io.BytesIO(document), required=("A", "B"), known={"x,y\n"})
    assert list(rows) == [
        (["A", "B", "C", "D"], ""),
        (["1", "ada"], "x,y\n"),
        (["2", "bob"], "x,y\n"),
        (["3", "=c", "x", "y"], ""),
    ]


@given(st.lists(ANY_TEXT, max_size=8))
def test_a_single_column_keeps_its_empty_cells(cells: list[str]) -> None:
    written = b"".join(csv_chunks(("A",), [(cell,) for cell in cells]))
    assert [row["A"] for row in csv_rows(io.BytesIO(written), required=("A",))] == cells


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=8), st.sampled_from(DELIMITERS))
def test_every_cell_of_a_row_is_neutralised_and_quoted_where_it_is_blank_at_an_edge(
    rows: list[tuple[str, str]], delimiter: str
) -> None:
    written = b"".join(csv_chunks(("A", "B"), rows, Dialect(delimiter=delimiter))).decode()
    read = csv.reader(io.StringIO(written, newline=""), delimiter=delimiter)
    assert list(read)[1:] == [[neutralised(cell) for cell in row] for row in rows]
    for row in rows:
        for cell in row:
            safe = neutralised(cell)
            if safe != safe.strip():  # the apostrophe before a tab is the edge then
                assert '"' + safe.replace('"', '""') + '"' in written


def test_the_document_is_handed_over_in_chunks_while_the_rows_still_come() -> None:
    taken = 0

    def rows():
        nonlocal taken
        for number in range(20_000):
            taken += 1
            yield (str(number), "x" * 40)

    chunks = csv_chunks(("A", "B"), rows())
    first = next(chunks)
    assert 60_000 < len(first) < 70_000
    assert taken < 2_000
    assert len(b"".join(chunks)) > 500_000


def test_utf16_has_one_byte_order_mark_at_its_beginning() -> None:
    written = b"".join(csv_chunks(("A",), (("x" * 1000,) for _ in range(200)), Dialect(encoding="utf-16")))
    assert written.startswith(b"\xff\xfe")
    assert written.decode("utf-16").count("\ufeff") == 0


def test_any_other_csv_reader_reads_the_same_cells_but_for_the_apostrophe() -> None:
    written = b"".join(csv_chunks(("A", "B"), [("=1+1", 'say "hi"\r\nthere'), (" lead", "a,b")]))
    assert list(csv.reader(io.StringIO(written.decode(), newline=""))) == [
        ["A", "B"],
        ["'=1+1", 'say "hi"\r\nthere'],
        [" lead", "a,b"],
    ]


def test_cells_that_import_csv_would_trim_are_quoted() -> None:
    assert b"".join(csv_chunks(("A", "B"), [(" x", "y ")])) == b'A,B\n" x","y "\n'


@pytest.mark.parametrize("cell", ["a\0b", "\ud800", "x" * CELL_LIMIT], ids=["NUL", "half a pair", "too long"])
def test_a_cell_that_could_not_be_read_back_is_refused_when_written(cell: str) -> None:
    with pytest.raises(BadInput):
        b"".join(csv_chunks(("A", "B"), [("id", cell)]))


def test_the_longest_cell_that_is_written_is_read_back() -> None:
    cell = "=" + "x" * (CELL_LIMIT - 2)
    written = b"".join(csv_chunks(("A", "B"), [("id", cell)]))
    assert next(csv_rows(io.BytesIO(written), required=("A",)))["B"] == cell


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "is empty"),
        (b"A,B,A\n1,2,3\n", "row 1: the column 'A' stands there twice"),
        (b"A,B,a\n1,2,3\n", "row 1: the column 'A' stands there twice"),
        (b"A,C\n1,2\n", "row 1: the column B is missing (found: A, C)"),
        (b"A,B\n1,2\n1,2,3\n", "row 3: it has 3 cells, but the header has 2"),
        (b"A,B\n1\n", "row 2: it has 1 cell, but the header has 2"),
        (b'A,B\n"1,2\n', "row 2: the quoting is broken"),
        (b'A,B\n"1"x,2\n', "row 2: the quoting is broken"),
        (b"A,B\n1,\x002\n", "near line 1: the text holds a NUL"),
        (b"A,B\n1,\xff\n", "near line 2: these bytes are no utf-8 text"),
    ],
)
def test_damage_is_refused_with_its_place(tmp_path: Path, document: bytes, said: str) -> None:
    path = tmp_path / "rollback.csv"
    path.write_bytes(document)
    with pytest.raises(BadInput) as refused:
        list(csv_rows(path, required=("A", "B")))
    assert str(path) in refused.value.what
    assert said in refused.value.what


def test_a_file_that_cannot_be_opened_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"There is no file .*gone\.csv\."):
        list(csv_rows(tmp_path / "gone.csv", required=("A",)))


def test_a_type_line_and_blank_lines_of_export_csv_are_passed_over() -> None:
    source = io.BytesIO(b'#TYPE CSV:System.Object\r\n"A";"B"\r\n"1";"2"\r\n\r\n')
    assert list(csv_rows(source, required=("A", "B"))) == [{"A": "1", "B": "2"}]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16", "utf-32", "utf-8-sig"])
def test_encodings_are_recognised_with_and_without_a_mark(codec: str) -> None:
    source = io.BytesIO("ObjectId,Name\n1,Zoë 陈\n".encode(codec))
    assert list(csv_rows(source, required=("ObjectId",))) == [{"ObjectId": "1", "Name": "Zoë 陈"}]


def test_an_odd_delimiter_is_refused() -> None:
    with pytest.raises(BadInput, match="cannot separate columns"):
        Dialect(delimiter="x")


def test_a_file_that_opens_and_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rotten.csv"
    path.write_text("UserPrincipalName\n")

    def broken(_: Path, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Rotten())

    monkeypatch.setattr(Path, "open", broken)
    with pytest.raises(BadInput, match=r"rotten\.csv cannot be read"), opened(path) as stream:
        stream.read()


class _Rotten(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise OSError(5, "Input/output error")
