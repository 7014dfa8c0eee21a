"""Compiled templates: kept once, not used where something is another, and nobody's trouble where they cannot be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from migrate.views.report.compiled import CompiledTemplates

NAME = "page.html"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that everything compiled goes to."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def files(kept: Path) -> list[Path]:
    return [path for path in kept.rglob("*") if path.is_file()]


def drawn(text: str, *, autoescape: bool = True) -> str:
    made = Environment(loader=DictLoader({NAME: text}), autoescape=autoescape)
    made.bytecode_cache = CompiledTemplates(made.autoescape)
    return made.get_template(NAME).render(name="<b>")


def test_a_template_is_compiled_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn("{{ name }}") == "&lt;b&gt;"
    (path,) = files(kept)
    monkeypatch.setattr(Environment, "_generate", None)
    assert drawn("{{ name }}") == "&lt;b&gt;"
    assert files(kept) == [path]


def test_another_text_or_other_options_are_compiled_again(kept: Path) -> None:
    assert drawn("{{ name }}") == "&lt;b&gt;"
    assert drawn("{{ name }}!") == "&lt;b&gt;!"
    assert drawn("{{ name }}!", autoescape=False) == "<b>!"
    assert len(files(kept)) == 1


@pytest.mark.parametrize("damage", [b"", b"j2", b"no head of jinja2", None])
def test_a_damaged_file_is_compiled_anew(kept: Path, damage: bytes | None) -> None:
    drawn("{{ name }}")
    (path,) = files(kept)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert drawn("{{ name }}") == "&lt;b&gt;"
    assert path.read_bytes() == whole


def test_where_nothing_may_be_kept_nothing_is(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert drawn("{{ name }}") == "&lt;b&gt;"
    assert files(kept) == []


def test_a_folder_that_cannot_be_written_hinders_nobody(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept / "file").write_bytes(b"")
    monkeypatch.setattr(sys, "pycache_prefix", str(kept / "file"))
    assert drawn("{{ name }}") == "&lt;b&gt;"
    assert files(kept) == [kept / "file"]
