"""Tables: names stay in one piece as far as the window is wide enough, and everything is shown in any."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from migrate.views.tables import is_too_narrow, table, widths_for_names

NAMES = ("", "User", "State", "Wave", "Action", "Reason")
LONG = "carla.patel230_partner.example.com#EXT#@initial.contoso.example"
ROWS = [
    ("~", "alma.berg@contoso.example", "enforced", "1", "disable", "covered by Require MFA for all users"),
    ("!", "rob.keller@contoso.example", "enforced", "", "hold", "partly: excluded as member of a group, and more"),
    ("~", LONG, "enforced", "2", "disable", "covered by Require MFA for all users"),
]


def drawn(width: int) -> str:
    told = io.StringIO()
    Console(file=told, width=width, color_system=None).print(table(NAMES, ROWS))
    return told.getvalue()


def test_a_name_stands_in_one_piece_although_another_is_longer_than_the_window_allows() -> None:
    shown = drawn(80)
    assert "alma.berg@contoso.example " in shown
    assert "rob.keller@contoso.example " in shown
    assert LONG not in shown
    assert LONG in drawn(160)


@pytest.mark.parametrize("width", [30, 60, 80, 140])
def test_no_line_is_wider_than_the_window_and_no_sign_of_a_cell_is_lost(width: int) -> None:
    shown = drawn(width)
    assert max(map(len, shown.splitlines())) <= width
    for row in ROWS:
        for cell in row:
            assert not set(cell) - set(shown)
    signs = "".join(shown.split())
    assert len(signs) >= sum(len("".join(cell.split())) for row in (NAMES, *ROWS) for cell in row)


def test_in_a_narrow_window_rows_are_listed_and_names_stay_whole() -> None:
    assert drawn(60).splitlines() == [
        "~ User: alma.berg@contoso.example   State: enforced",
        "    Wave: 1   Action: disable",
        "    Reason: covered by Require MFA for all users",
        "! User: rob.keller@contoso.example   State: enforced",
        "    Action: hold",
        "    Reason: partly: excluded as member of a group, and more",
        "~ User:",
        "    carla.patel230_partner.example.com#EXT#@initial.contoso.",
        "    example",
        "    State: enforced   Wave: 2   Action: disable",
        "    Reason: covered by Require MFA for all users",
    ]


def test_rows_that_would_be_a_window_tall_are_listed_too() -> None:
    columns, sentence = ("Users", "Verdict", "Why"), "excluded as member of a group, " * 16
    assert not is_too_narrow(columns, [("3", "partly", sentence[:300])], 80)
    assert is_too_narrow(columns, [("3", "partly", sentence)], 80)
    assert not is_too_narrow(columns, [("3", "partly", sentence)], 140)
    assert not is_too_narrow(columns, [("3", "partly", "closed")], 30)


def test_columns_of_sentences_are_never_fixed_and_none_is_where_there_is_no_room() -> None:
    assert 5 not in widths_for_names(NAMES, ROWS, 80)
    assert widths_for_names(NAMES, ROWS, 50) == {}
    assert 1 not in widths_for_names(NAMES, ROWS[2:], 80), "nobody's name would fit"
