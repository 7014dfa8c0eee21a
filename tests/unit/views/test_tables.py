"""Tables: names stay in one piece as far as the window is wide enough, and everything is shown in any."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from migrate.views.tables import table, widths_for_names

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


def test_columns_of_sentences_are_never_fixed_and_none_is_where_there_is_no_room() -> None:
    assert 5 not in widths_for_names(NAMES, ROWS, 80)
    assert widths_for_names(NAMES, ROWS, 50) == {}
    assert 1 not in widths_for_names(NAMES, ROWS[2:], 80), "nobody's name would fit"
