"""What the plan notes is told in German from its facts, and stays the plan's own sentence where facts are missing."""

from __future__ import annotations

import ast
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import migrate.decide
from migrate.model.impact import Caught
from migrate.model.plan import NotePart, PlanNote, Severity, warning
from migrate.model.policy_exclusions import Nobody
from migrate.views.report.naming import AsCalled
from migrate.views.report.note_words import note_in_language
from migrate.views.report.words import TEMPLATES, Language, Words

WORDS = tomllib.loads((TEMPLATES / "notes.de.toml").read_text(encoding="utf-8"))
LIMITED = {caught.code for caught in (Caught.NEWLY_REQUIRED, Caught.NOT_CAPABLE, Caught.NEWLY_BLOCKED)}
"""Notes about limits, whose code is made of what somebody is caught by."""


def notes_made() -> Iterator[tuple[str, set[str]]]:
    """Yield the code and the names of the facts of each note that the planner may make of facts."""
    [folder] = migrate.decide.__path__
    for path in Path(folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id not in ("warning", "blocker") or not node.args:
                continue
            parts = {name for word in node.keywords for name in ({word.arg} if word.arg else {"n", "names"})}
            match node.args[0]:
                case ast.Constant(value=str(code)):
                    yield code, {str(part) for part in parts}
                case _ if parts and path.name == "impact.py":
                    yield from ((code, {str(part) for part in parts}) for code in LIMITED)


def variants(code: str) -> list[str]:
    found = WORDS["note"].get(code, [])
    return [found] if isinstance(found, str) else list(found.values()) if isinstance(found, dict) else []


def facts_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_note_with_facts_has_german_words_that_its_facts_fill() -> None:
    made = list(notes_made())
    assert len(made) > 40
    assert sorted({code for code, parts in made if parts and not variants(code)} - {"replay-code"}) == []
    missing = {
        (code, name)
        for code, parts in made
        if parts
        for sentence in variants(code)
        for name in facts_in(sentence) - parts
        if not (code == "newly-blocked-unknown" and name in ("n", "names"))
    }
    assert missing == set()


def test_german_words_are_of_notes_that_are_made() -> None:
    dynamic = {"replay-newly-blocked", "replay-depends", "subscription-activation"}
    assert set(WORDS["note"]) - {code for code, _ in notes_made()} - dynamic == set()


def test_every_further_sentence_is_there() -> None:
    [folder] = migrate.decide.__path__
    source = "".join(path.read_text(encoding="utf-8") for path in Path(folder).rglob("*.py"))
    made = {"like-room", "like-service-account"}
    assert [key for key in WORDS["also"] if f'"{key}"' not in source and key not in made] == []
    assert {f"like-{kind.replace(' ', '-')}" for kind in Nobody if kind is not Nobody.SHARED_MAILBOX} == made


def german(note: PlanNote, language: Language = Language.DE) -> str | None:
    say = Words(language)
    return note_in_language(note, AsCalled(say, {}), say)


def test_a_note_is_told_in_german_with_its_numbers_and_names() -> None:
    assert german(warning("unlicensed-users", "1 user ...", n=1)) == (
        "Ein Konto des Plans hat keine Lizenz Entra ID P1 oder P2. Conditional Access wirkt trotzdem; die Lizenz ist "
        "zu beschaffen."
    )
    many = german(warning("unlicensed-users", "1234 users ...", n=1234))
    assert many is not None
    assert many.startswith("1.234 Konten des Plans haben")
    settling = warning("settling", "...", n=7, names=("ada@c.example", "ben@c.example"), until="2026-12-05T08:00:00Z")
    told = german(settling)
    assert told is not None
    assert "ada@c.example, ben@c.example und 5 weitere" in told
    assert "05.12.2026" in told


def test_further_sentences_follow_and_policies_stand_in_quotes() -> None:
    note = warning("newly-blocked-unknown", "...", policy="MFA", also=("blocks-some-sign-ins", "look-at-report-only"))
    told = german(note)
    assert told is not None
    assert "„MFA“" in told
    assert told.endswith(f"{WORDS['also']['blocks-some-sign-ins']} {WORDS['also']['look-at-report-only']}")


def test_a_gap_is_called_as_everywhere_on_the_page() -> None:
    told = german(warning("accepted-gap", "...", until="2026-12-31", gap="legacy", because="Drucker"))
    assert told is not None
    assert told.startswith("Hingenommen bis 31.12.2026: ")
    assert told.endswith("bleibt offen (Drucker).")


@pytest.mark.parametrize(
    "note",
    [
        PlanNote(severity=Severity.WARNING, code="unlicensed-users", sentence="Of an older plan."),
        warning("of-a-newer-version", "...", n=2),
        warning("newly-blocked-unknown", "...", policy="MFA", also=("of-a-newer-version",)),
    ],
    ids=["no facts", "no words", "no further words"],
)
def test_what_cannot_be_told_whole_stays_as_the_plan_says_it(note: PlanNote) -> None:
    assert german(note) is None


def test_english_is_the_plans_own_language() -> None:
    assert german(warning("unlicensed-users", "...", n=2), Language.EN) is None


@pytest.mark.parametrize("name", ["{n}", "{0.__class__}", "\N{RIGHT-TO-LEFT OVERRIDE}x"])
def test_what_a_name_holds_is_never_filled_in_or_obeyed(name: str) -> None:
    parts: dict[str, NotePart] = {"n": 1, "names": (name,)}
    told = german(warning("emergency-access-disabled", "...", **parts))
    assert told is not None
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in told
    assert name in told or not name.isascii()
