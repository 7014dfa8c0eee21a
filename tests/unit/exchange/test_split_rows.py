"""Rows split as text are those that the csv module reads."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.exchange.split_rows import split_rows

CELLS = st.lists(st.text(alphabet='ab,;" \n', max_size=6), min_size=1, max_size=5)


@given(
    st.lists(CELLS, max_size=6), st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
)
def test_what_was_written_is_read_as_by_the_module(rows: list[list[str]], end: str, quoting: int) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(rows)
    written = text.getvalue()
    ours = list(split_rows(io.StringIO(written, newline=""), ","))
    assert ours == list(csv.reader(io.StringIO(written, newline="")))


@pytest.mark.parametrize(
    "line", ['a,b"c"d,e\n', '"a"b,c\n', '"a,b"\n', ',"",\n', '"",\n', "\n", ",\n", '"a""b",c\n', "a,b"]
)
def test_odd_lines_are_read_as_by_the_module(line: str) -> None:
    assert list(split_rows(io.StringIO(line, newline=""), ",")) == list(csv.reader(io.StringIO(line, newline="")))
