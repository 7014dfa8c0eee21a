"""A list of policy results that is taken out of a line changes nothing of what the line says, and hides no damage."""

from __future__ import annotations

import json
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec
import pytest

from migrate.exchange import result_lists
from migrate.exchange.result_lists import LineDecoder, ResultLists
from migrate.model.sign_in_rows import GraphSignIn, results_of
from tests.unit.exchange.sign_in_rows import graph_row

MEMBER = "appliedConditionalAccessPolicies"
DECODE = msgspec.json.Decoder(GraphSignIn).decode


def results(word: str = "success", policies: int = 6) -> list[dict[str, Any]]:
    return [
        {
            "id": f"20000000-0000-4000-8000-{number:012}",
            "displayName": f'A policy with brackets ]}}, "quotes" and a number, {number}',
            "enforcedGrantControls": ["Mfa"],
            "result": word if number % 2 else "notApplied",
        }
        for number in range(policies)
    ]


def compact(row: dict[str, Any]) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def spaced(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\r\n"


def last_member(row: dict[str, Any]) -> bytes:
    return compact({name: row[name] for name in sorted(row, key=lambda name: name == MEMBER)})


def first_member(row: dict[str, Any]) -> bytes:
    return compact({name: row[name] for name in sorted(row, key=lambda name: name != MEMBER)})


class Watched:
    """A decoder, and how long the lines were that it got."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def __call__(self, line: bytes) -> GraphSignIn:
        self.lengths.append(len(line))
        return DECODE(line)


def said(row: GraphSignIn) -> GraphSignIn:
    """Return a row without the text of its list."""
    return msgspec.structs.replace(row, applied_conditional_access_policies=msgspec.Raw())


@pytest.mark.parametrize("write", [compact, spaced, last_member, first_member])
def test_a_list_is_parsed_once_and_the_rows_say_what_they_say(write: Callable[[dict[str, Any]], bytes]) -> None:
    rows = [
        graph_row(number, userAgent="é" * number, **{MEMBER: results(("success", "failure")[number % 2])})
        for number in range(8)
    ]
    lists, watched = ResultLists(), Watched()
    decoder = LineDecoder(lists, watched)
    found = [decoder.decode(write(row)) for row in rows]
    for row, (decoded, number) in zip(rows, found, strict=True):
        whole = DECODE(write(row))
        assert said(decoded) == said(whole)
        assert lists.results.values_made[number] == results_of(whole.applied_conditional_access_policies)
    lengths = [len(write(row)) for row in rows]
    assert watched.lengths[:2] == lengths[:2]
    assert all(got < length - 500 for got, length in zip(watched.lengths[2:], lengths[2:], strict=True))


STRANGE: list[dict[str, Any]] = [
    {MEMBER: None},
    {MEMBER: []},
    {MEMBER: results(policies=1)},
    {MEMBER: results("failure")},
    {MEMBER: "read before"},
    {MEMBER: 7},
    {"userAgent": f'"{MEMBER}":' + json.dumps(results()), MEMBER: results("failure")},
    {"anything": {MEMBER: results()}, MEMBER: results("failure")},
    {"anything": {MEMBER: results()}, MEMBER: "read before", "agent": None},
    {"status": {MEMBER: results(), "errorCode": 50074}, MEMBER: None},
]


@pytest.mark.parametrize("members", STRANGE)
@pytest.mark.parametrize("write", [compact, spaced])
def test_another_list_none_or_the_name_elsewhere_is_never_taken_for_a_list_of_before(
    write: Callable[[dict[str, Any]], bytes], members: dict[str, Any]
) -> None:
    usual = write(graph_row(1, **{MEMBER: results()}))
    row = graph_row(2)
    del row[MEMBER]
    line = write({"anything": 1, **row, **members})
    lists = ResultLists()
    decoder = LineDecoder(lists, DECODE)
    for each in (usual, usual, line, usual, line, line):
        found, number = decoder.decode(each)
        whole = DECODE(each)
        assert said(found) == said(whole)
        assert lists.results.values_made[number] == _results_or_none(whole)


def _results_or_none(row: GraphSignIn) -> Any:
    try:
        return results_of(row.applied_conditional_access_policies)
    except msgspec.DecodeError:
        return None


def test_a_row_without_the_member_has_no_results() -> None:
    lists = ResultLists()
    decoder = LineDecoder(lists, DECODE)
    decoder.decode(compact(graph_row(1, **{MEMBER: results()})))
    row = graph_row(2)
    del row[MEMBER]
    assert lists.results.values_made[decoder.decode(compact(row))[1]] is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line[: line.index(b"deviceDetail") - 1],
        lambda line: line.replace(b'}],"', b'}]7,"'),
        lambda line: line.replace(b'}],"', b'}]"'),
        lambda line: line.replace(b'"userId":"', b'"userId":"\xff'),
        lambda line: line.replace(b'"isInteractive":true', b'"isInteractive":"yes"'),
        lambda line: line.replace(b'"appliedConditional', b"appliedConditional"),
        lambda line: line.replace(b'Policies":[', b'Policies"[', 1),
        lambda line: line.rstrip()[:-1],
    ],
)
def test_a_damaged_line_is_refused_in_the_words_for_the_whole_line(damage: Callable[[bytes], bytes]) -> None:
    line = compact(graph_row(1, **{MEMBER: results()}))
    damaged = damage(line)
    assert damaged != line
    decoder = LineDecoder(ResultLists(), DECODE)
    decoder.decode(line)
    with pytest.raises(ValueError) as whole:
        DECODE(damaged)
    with pytest.raises(type(whole.value)) as refused:
        decoder.decode(damaged)
    assert str(refused.value) == str(whole.value)


def test_a_list_inside_an_envelope_is_taken_out_too() -> None:
    class Envelope(msgspec.Struct):
        properties: GraphSignIn

    lengths = []

    def decode(line: bytes) -> Envelope:
        lengths.append(len(line))
        return msgspec.json.decode(line, type=Envelope)

    lists = ResultLists()
    decoder = LineDecoder(lists, decode, attrgetter("properties"))
    row = last_member(graph_row(1, **{MEMBER: results()})).strip()
    numbers = [decoder.decode(b'{"properties":' + row + b"}\n")[1] for _ in range(3)]
    assert len(set(numbers)) == 1
    assert lengths[1:] == [lengths[0] - len(json.dumps(results(), separators=(",", ":"))) + len('"read before"')] * 2


def test_lists_that_look_alike_where_they_are_sampled_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_lists, "_STRIDE", 10_000)
    monkeypatch.setattr(result_lists, "_MOST_ALIKE", 2)
    one, other, third = (json.dumps(results(word)).encode() for word in ("success", "failure", "unknown"))
    lists = ResultLists()
    assert [lists.number_of(each) for each in (one, other, one, other)] == [0, 1, 0, 1]
    assert [lists.known(each, 0, len(each)) for each in (one, other, third)] == [0, 1, None]
    assert [lists.number_of(each) for each in (third, one, third)] == [2, 0, 2]
    assert lists.known(other, 0, len(other)) is None
    assert lists._held == len(one) + len(third)


def test_lists_in_more_bytes_than_are_held_keep_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    written = [json.dumps(results(f"word{number}")).encode() for number in range(9)]
    monkeypatch.setattr(result_lists, "_MOST_BYTES", 3 * len(written[0]))
    lists = ResultLists()
    assert [lists.number_of(each) for each in written * 2] == list(range(9)) * 2
    assert (
        sum(len(text) for alike in lists._written.values() for text, _ in alike) == lists._held <= 3 * len(written[0])
    )
