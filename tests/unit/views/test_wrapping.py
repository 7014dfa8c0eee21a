"""Wrapping for a terminal: at words only, nothing lost, commands and paths whole."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from migrate.views.wrapping import NARROWEST, columns_of, wrapped

WORDS = st.lists(
    st.sampled_from(["a", "policy", "für", "`mfa-migrate plan`", "mfa-migrate,", "用户", "x" * 25, "is", "(80%)."]),
    min_size=1,
)


@given(WORDS, st.integers(NARROWEST, 140), st.integers(0, 6))
def test_no_word_is_cut_none_is_lost_and_no_line_is_too_wide(words: list[str], columns: int, indent: int) -> None:
    text = " " * indent + " ".join(words)
    lines = wrapped(text, columns).split("\n")
    assert " ".join(line.strip() for line in lines) == text.strip()
    assert all(cell_len(line) <= columns for line in lines if len(line.split()) > 1 or "`" in line)
    assert all(line.startswith(" " * indent) and not line.endswith(" ") for line in lines)
    assert all(line.count("`") % 2 == 0 for line in lines)


def test_what_is_wider_than_the_terminal_stays_whole_on_a_line_of_its_own() -> None:
    path = "/a/very/long/path/" + "folder/" * 10 + "plan.csv"
    assert wrapped(f"All rows: {path} are there", 40).split("\n") == ["All rows:", path, "are there"]


def test_a_command_is_not_broken_so_that_it_can_be_copied() -> None:
    command = "mfa-migrate rollback --workspace /srv/contoso/work --config /srv/contoso/lab.toml"
    assert wrapped(f"Way back: {command} (files rollback.csv and rollback.json)", 50).split("\n") == [
        "Way back:",
        command,
        "(files rollback.csv and rollback.json)",
    ]
    assert wrapped("Go on with mfa-migrate apply --until wave:1. Nobody else is switched off now.", 46).split("\n") == [
        "Go on with mfa-migrate apply --until wave:1.",
        "Nobody else is switched off now.",
    ]


def test_blanks_within_a_line_and_line_ends_are_kept() -> None:
    assert wrapped("a  b\n\n   c", 40) == "a  b\n\n   c"
    assert wrapped("x" * 30 + "   " + "y" * 30, 80) == "x" * 30 + "   " + "y" * 30


def test_nothing_is_wrapped_where_there_is_no_terminal_or_a_tiny_one() -> None:
    text = "word " * 50
    assert wrapped(text, None) == text
    assert wrapped(text, NARROWEST - 1) == text
    assert columns_of(io.StringIO()) is None


def test_a_time_stays_whole_with_the_local_one() -> None:
    text = "settles until 2026-12-05 15:27 UTC (16:27 here), then goes on"
    assert wrapped(text, 40).split("\n") == ["settles until", "2026-12-05 15:27 UTC (16:27 here), then", "goes on"]


def test_further_lines_begin_below_the_sentence_and_not_below_its_sign() -> None:
    assert wrapped("!     4  partly: legacy clients and trusted locations are open", 40).split("\n") == [
        "!     4  partly: legacy clients and",
        "         trusted locations are open",
    ]
    assert wrapped("  + create 'Require MFA for all users', report-only", 40).split("\n") == [
        "  + create 'Require MFA for all users',",
        "    report-only",
    ]
