"""Each kind of file that the page on PowerShell lists comes out as the page says, by files of our own."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from migrate.errors import BadInput
from migrate.exchange import columns, localized
from migrate.exchange.columns import Meaning, folded, meanings_of
from migrate.exchange.reading import Asked, read_claims, with_states
from tests.unit.exchange.file_kinds import KINDS, Kind

OUTCOMES = ("read", "passed over", "refused", "not known")


@pytest.mark.parametrize("kind", [each for kinds in KINDS.values() for each in kinds])
def test_a_file_of_a_kind_comes_out_as_it_has_to(kind: Kind) -> None:
    asked = Asked(visible_only=kind.visible_only)
    if kind.states is None:
        with pytest.raises(BadInput) as refused:
            with_states(read_claims(io.BytesIO(kind.data), asked))
        assert kind.said in refused.value.what
        assert refused.value.hint
        return
    file = with_states(read_claims(io.BytesIO(kind.data), asked))
    by_name = {claim.user_principal_name or claim.object_id: claim.mfa_state for claim in file.claims}
    by_id = {claim.object_id: claim.mfa_state for claim in file.claims if claim.object_id}
    assert kind.states in (by_name, by_id)
    assert kind.said in " ".join(file.notes)


@pytest.fixture(scope="module")
def section(root: Path) -> str:
    """Return the part of the page that speaks of files."""
    page = (root / "docs" / "powershell.md").read_text(encoding="utf-8")
    return page.partition("## Reading old exports")[2].partition("\n## ")[0]


def rows_of(section: str, heading: str) -> dict[str, str]:
    """Return the rows of the table with this first heading: the first cell and the rest."""
    lines = section.partition(f"| {heading} |")[2].splitlines()[2:]
    cells = [line.strip("|").split("|") for line in lines[: next(n for n, line in enumerate(lines) if not line)]]
    return {row[0].strip(): "|".join(row[1:]).strip() for row in cells}


def test_the_page_lists_exactly_the_kinds_that_are_tried_and_says_what_becomes_of_them(section: str) -> None:
    listed = rows_of(section, "in or around the file")
    assert list(listed) == list(KINDS)
    for title, said in listed.items():
        assert any(outcome in said for outcome in OUTCOMES), title
        kinds = KINDS[title]
        assert ("refused" in said) == any(kind.states is None for kind in kinds), title
        some_unknown = any(kind.states and None in kind.states.values() and any(kind.states.values()) for kind in kinds)
        assert not some_unknown or "not known" in said, title


def test_the_page_names_every_column_that_means_something_and_only_those(section: str) -> None:
    quoted = {folded(name) for name in re.findall(r"`([^`\n]+)`", section)}
    known = {
        *columns._OBJECT_ID,
        *columns._USER_PRINCIPAL_NAME,
        *columns._STATE,
        *columns._MAYBE_STATE,
        *columns._FALSE_FRIENDS,
        *columns._MSONLINE,
        *columns.STATE_HOLDERS,
        columns.OTHER_PROPERTIES,
    }
    assert known - quoted == set()
    for name in rows_of(section, "column"):
        for each in re.findall(r"`([^`]+)`", name):
            assert meanings_of(each) & {Meaning.STATE, Meaning.MAYBE_STATE, Meaning.FALSE_FRIEND} or each == "State"


def test_the_page_has_the_words_of_every_language(section: str) -> None:
    listed = rows_of(section, "language")
    assert list(listed) == [language.value for language in localized.WORDS]
    for language, states in localized.WORDS.items():
        for words in states.values():
            assert all(f"`{word}`" in listed[language.value] for word in words)
