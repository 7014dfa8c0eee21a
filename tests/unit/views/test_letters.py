"""Letters in every language: the same facts, addresses, commands and numbers, formal, and set as the language is."""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources

import pytest

from migrate.views.notices.notice import NoticeKind, languages

JINJA = re.compile(r"\{[{%].*?[%}]\}")
LITERAL = re.compile(r'"[^"]*"')
ADDRESS = re.compile(r"https?://[^\s,;)]+")
COMMAND = re.compile(r"mfa-migrate (?:status|explain|show|rollback|audit verify)(?: +--[a-z-]+)?")
NUMBER = re.compile(r"\d+")
SPACE = "\N{NO-BREAK SPACE}"
INFORMAL = {
    "de": ("du", "dein", "deine", "deinem", "deinen", "deiner", "dir", "dich"),
    "fr": ("tu", "ton", "ta", "tes", "toi"),
    "es": ("tú", "tu", "tus", "ti", "contigo", "vosotros", "vuestra"),
}


def letter(kind: NoticeKind, language: str) -> str:
    """Return the template as it lies in the package."""
    name = f"{kind.value}.{language}.txt"
    return (resources.files("migrate.views.notices") / "templates" / name).read_text(encoding="utf-8")


def facts(text: str) -> dict[str, Counter[str]]:
    """Return what may not differ between languages: placeholders and conditions, addresses, commands, numbers."""
    holders = Counter(LITERAL.sub('""', found) for found in JINJA.findall(text))
    words = JINJA.sub("", text)
    return {
        "placeholders": holders,
        "addresses": Counter(address.rstrip(".") for address in ADDRESS.findall(words)),
        "commands": Counter(COMMAND.findall(words)),
        "numbers": Counter(NUMBER.findall(words)),
        "points": Counter(re.findall(r"^- ", words, re.MULTILINE)),
    }


def everyone() -> list[tuple[NoticeKind, str]]:
    return [(kind, language) for kind in NoticeKind for language in languages(kind)]


def test_every_letter_is_there_in_four_languages() -> None:
    assert {language for _, language in everyone()} == {"en", "de", "fr", "es"}
    assert len(everyone()) == 4 * len(NoticeKind)


@pytest.mark.parametrize(("kind", "language"), everyone())
def test_a_letter_holds_the_same_facts_in_every_language(kind: NoticeKind, language: str) -> None:
    assert facts(letter(kind, language)) == facts(letter(kind, "en"))


def test_the_law_notices_a_placeholder_an_address_and_a_number_that_differ() -> None:
    there = facts("{{ name }} https://aka.ms/mfasetup 2 days\n- a\n")
    for other in (
        "{{ user }} https://aka.ms/mfasetup 2 days\n- a\n",
        "{{ name }} https://aka.ms/mfa 2 days\n- a\n",
        "{{ name }} https://aka.ms/mfasetup 3 days\n- a\n",
        "{{ name }} https://aka.ms/mfasetup 2 days\n",
    ):
        assert facts(other) != there


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_french_keeps_its_signs_with_their_words(kind: NoticeKind) -> None:
    text = ADDRESS.sub("", JINJA.sub("x", letter(kind, "fr").partition(":")[2]))
    assert not re.search(rf"[^{SPACE}][;?!»]|[^{SPACE}]:(?=\s|$)|«[^{SPACE}]", text, re.MULTILINE), "a space is missing"
    assert "'" not in text, "an apostrophe is typed as a quotation mark"


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_spanish_opens_what_it_closes(kind: NoticeKind) -> None:
    text = JINJA.sub("x", letter(kind, "es"))
    assert text.count("?") == text.count("¿")
    assert text.count("!") == text.count("¡")
    assert text.count("«") == text.count("»")
    assert '"' not in text


@pytest.mark.parametrize(("kind", "language"), [each for each in everyone() if each[1] in INFORMAL])
def test_people_are_addressed_formally(kind: NoticeKind, language: str) -> None:
    words = set(re.findall(r"\w+", JINJA.sub(" ", letter(kind, language)).casefold()))
    assert not words & set(INFORMAL[language])


@pytest.mark.parametrize(("kind", "language"), everyone())
def test_a_letter_begins_as_letters_of_its_language_do(kind: NoticeKind, language: str) -> None:
    """German goes on small after the comma; the others begin a sentence."""
    paragraphs = letter(kind, language).split("\n\n")
    if "{{ name }}" in paragraphs[1]:
        first = paragraphs[2][0]
        assert first.isupper() or paragraphs[2].startswith("{{") or language == "de", paragraphs[2]
