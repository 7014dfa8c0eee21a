"""The lines between command and module, byte for byte."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.model.users import MfaState
from migrate.views.events import (
    EndingError,
    Event,
    LogEvent,
    LogLevel,
    ProgressEvent,
    ResultCode,
    ResultEvent,
    ResultOutcome,
    SummaryEvent,
    event_of,
    line_of,
)

RESULT = ResultEvent(
    index=0,
    object_id="11111111-1111-4111-8111-111111111111",
    user_principal_name="zoë@contoso.example",
    before=MfaState.ENFORCED,
    requested=MfaState.DISABLED,
    found=MfaState.DISABLED,
    outcome=ResultOutcome.CONFIRMED,
    code=ResultCode.NONE,
    message="",
    note="",
    request_id="r-1",
)

LINES: list[tuple[Event, str]] = [
    (
        RESULT,
        '{"type":"result","version":1,"kind":"setState","index":0,"objectId":"11111111-1111-4111-8111-111111111111",'
        '"userPrincipalName":"zoë@contoso.example","before":"enforced","requested":"disabled","found":"disabled",'
        '"outcome":"confirmed","code":"","message":"","note":"","requestId":"r-1"}\n',
    ),
    (
        ProgressEvent(activity="wave 1", done=20, total=None, seconds_left=None),
        '{"type":"progress","version":1,"activity":"wave 1","done":20,"total":null,"secondsLeft":null}\n',
    ),
    (
        LogEvent(level=LogLevel.WARNING, message="line one\nline two"),
        '{"type":"log","version":1,"level":"warning","message":"line one\\nline two"}\n',
    ),
    (
        SummaryEvent(
            kind="setState",
            exit_code=3,
            counts={"skipped": 1},
            journal_entries=None,
            journal_hash=None,
            error=EndingError(code="LimitReached", what="a", unchanged="b", hint="c"),
        ),
        '{"type":"summary","version":1,"kind":"setState","exitCode":3,"counts":{"skipped":1},"journalEntries":null,'
        '"journalHash":null,"error":{"code":"LimitReached","what":"a","unchanged":"b","hint":"c"}}\n',
    ),
]


@pytest.mark.parametrize(("event", "line"), LINES, ids=[type(event).__name__ for event, _ in LINES])
def test_an_event_is_this_line(event: Event, line: str) -> None:
    assert line_of(event) == line.encode()
    assert event_of(line.encode()) == event


def keys_of(value: object) -> list[list[str]]:
    if not isinstance(value, dict):
        return []
    return [list(value), *(keys for inner in value.values() for keys in keys_of(inner))]


@pytest.mark.parametrize(("event", "line"), LINES, ids=[type(event).__name__ for event, _ in LINES])
def test_convertfrom_json_finds_no_keys_that_differ_by_case_and_none_that_is_empty(event: Event, line: str) -> None:
    for keys in keys_of(json.loads(line)):
        assert all(keys)
        assert len({key.casefold() for key in keys}) == len(keys)
    assert b'"State"' not in line_of(event)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_one_event_is_one_line_whatever_it_says(message: str) -> None:
    line = line_of(LogEvent(level=LogLevel.VERBOSE, message=message))
    assert line.count(b"\n") == 1
    assert event_of(line) == LogEvent(level=LogLevel.VERBOSE, message=message)


@pytest.mark.parametrize("line", [b"", b"{}", b'{"type":"other"}', line_of(RESULT).replace(b'"before"', b'"Before"')])
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        event_of(line)
