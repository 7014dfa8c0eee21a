"""What nobody sees in a name: taken off at the ends, named by kind and place where it might belong."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.exchange.invisible import invisible_in, is_invisible, trimmed

UNSEEN = st.sampled_from(
    "\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\u3164\u2800\t\x1b\x7f"
)
SEEN = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Po"]), min_size=1, max_size=8).filter(
    lambda text: not any(map(is_invisible, text))
)


@given(SEEN, st.text(UNSEEN | st.just(" "), max_size=4), st.text(UNSEEN | st.just(" "), max_size=4))
def test_the_ends_are_trimmed_and_nothing_else(seen: str, before: str, after: str) -> None:
    assert trimmed(before + seen + after) == seen
    assert invisible_in(seen) == ""


@given(SEEN, UNSEEN, SEEN)
def test_what_stands_inside_stays_and_is_named_with_its_place(first: str, unseen: str, last: str) -> None:
    assert trimmed(first + unseen + last) == first + unseen + last
    said = invisible_in(first + unseen + last)
    assert f"(U+{ord(unseen):04X})" in said
    assert repr(first[-24:]) in said
    assert unseen not in said


@pytest.mark.parametrize("text", ["ada@contoso.example", "zoë", "d.o'neil", "陈", "a b", ""])
def test_ordinary_names_hold_nothing_of_the_kind(text: str) -> None:
    assert invisible_in(text) == ""


def test_every_format_character_of_unicode_counts() -> None:
    assert all(is_invisible(chr(point)) for point in range(0x110000) if unicodedata.category(chr(point)) == "Cf")
