"""ConvertFrom-Json and Import-Csv of both editions can read what the commands print."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest

from tests.e2e.laboratory import Lab

COMMANDS = {
    "status": ["status"],
    "plan shown": ["show"],
    "rehearsal": [
        "apply",
        "--what-if",
        "--max-users",
        "100%",
        "--skip-settle",
        "a test",
        "--skip-report-only",
        "a test",
    ],
    "verify": ["verify"],
    "coverage": ["coverage"],
}

DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")


def objects_in(value: object) -> Iterator[dict[str, object]]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_json_has_no_keys_that_differ_by_case_or_are_empty_and_dates_end_in_z(exported: Lab, name: str) -> None:
    document = exported.run(*COMMANDS[name], "-o", "json").document
    found = list(objects_in(document))
    assert found
    for one in found:
        assert all(one)
        assert len({key.casefold() for key in one}) == len(one), sorted(one)
        for value in one.values():
            if isinstance(value, str) and DATE.fullmatch(value):
                assert value.endswith("Z"), value


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_csv_has_headers_that_import_csv_takes(exported: Lab, name: str) -> None:
    ran = exported.run(*COMMANDS[name], "-o", "csv")
    rows = list(csv.reader(io.StringIO(ran.out, newline="")))
    header = rows[0]
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9]*", column) for column in header), header
    assert "State" not in header
    assert len({column.casefold() for column in header}) == len(header)
    assert {len(row) for row in rows} == {len(header)}
