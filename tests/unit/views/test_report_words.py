"""The report says the same in every language, and every sentence that the code may ask for is there."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest

from migrate.model.coverage import GapKind, Verdict
from migrate.model.findings import FindingCode
from migrate.model.plan import HoldReason
from migrate.model.report import (
    AccountKind,
    Answer,
    Doubt,
    ExceptionKind,
    ExceptionMark,
    PersonOutcome,
    Phase,
    PolicyRole,
    RequiredBy,
    Strongest,
)
from migrate.views.report.sections import CAUGHT
from migrate.views.report.words import TEMPLATES, Language, Words

ENUMS: dict[str, type[Enum]] = {
    "phase": Phase,
    "phase_says": Phase,
    "answer": Answer,
    "answer_tenant": Answer,
    "outcome": PersonOutcome,
    "required": RequiredBy,
    "kind": AccountKind,
    "verdict": Verdict,
    "hold": HoldReason,
    "remedy": HoldReason,
    "gap": GapKind,
    "policy_role": PolicyRole,
    "exception": ExceptionKind,
    "mark": ExceptionMark,
    "strongest": Strongest,
}


def sentences(language: Language) -> dict[str, str]:
    def flat(table: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
        for key, value in table.items():
            if isinstance(value, dict):
                yield from flat(value, f"{before}{key}.")
            else:
                yield f"{before}{key}", value

    return dict(flat(tomllib.loads((TEMPLATES / f"words.{language}.toml").read_text(encoding="utf-8"))))


def facts_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_sentences_with_the_same_facts() -> None:
    english, german = sentences(Language.EN), sentences(Language.DE)
    assert english.keys() == german.keys()
    assert {key for key in english if facts_in(english[key]) != facts_in(german[key])} == set()


def test_german_is_german() -> None:
    english, german = sentences(Language.EN), sentences(Language.DE)
    same = {key for key, words in english.items() if len(words) > 30 and german[key] == words}
    assert same == set()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("table", ENUMS)
def test_every_member_of_an_enum_has_words(table: str, language: Language) -> None:
    known = sentences(language)
    assert [one.value for one in ENUMS[table] if not known.get(f"{table}.{one.value}")] == []


@pytest.mark.parametrize("language", Language)
def test_every_doubt_and_finding_has_a_sentence(language: Language) -> None:
    say = Words(language)
    assert [one for one in FindingCode if not say(f"finding.{one}", n=2)] == []
    told_by_the_sentences = {Doubt.PEOPLE_OPEN, Doubt.PEOPLE_UNKNOWN}
    assert {one for one in Doubt if not say(f"doubt.{one}", n=2)} == told_by_the_sentences
    assert all(say(f"impact.{kind.value}") for kind in CAUGHT)


def test_one_is_not_many_and_thousands_are_set_apart() -> None:
    assert Words(Language.EN)("doubt.findings", n=1) == "The last verification has one finding."
    assert Words(Language.EN)("doubt.findings", n=1234) == "The last verification has 1,234 findings."
    assert "1.234" in Words(Language.DE)("doubt.findings", n=1234)


@pytest.mark.parametrize("language", Language)
def test_nobody_is_no_number_of_accounts(language: Language) -> None:
    say = Words(language)
    assert "0" not in say("back.sessions", n=0).replace("15", "")
    assert "12" in say("back.sessions", n=12)


def test_what_is_filled_in_stays_text() -> None:
    said = Words(Language.EN).rich("held.more", n="<img src=x>`a`")
    assert said == "and &lt;img src=x&gt;<code>a</code> more"
