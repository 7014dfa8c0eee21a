"""The pages inside the program: every page of the documentation, the options, and what is near a wrong topic."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path

import pytest

from migrate.cli import run
from migrate.commands.options import GLOBALS
from migrate.errors import UsageProblem
from migrate.views.pages import CHECKOUT, OPTIONS, page_about, show_page, topics

ROOT = Path(__file__).resolve().parents[3]


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_every_page_for_users_is_a_topic_and_ships_in_the_wheel() -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"architecture"}
    assert set(topics()) == pages
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert build["targets"]["wheel"]["force-include"] == {
        f"docs/{page}.md": f"migrate/pages/{page}.md" for page in pages
    }
    assert page_about("configuration") == (CHECKOUT / "configuration.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("topic", "hint"),
    [("configuraton", "help configuration`"), ("option", "help options`"), ("../README", "The pages are ")],
)
def test_a_topic_that_is_none_is_answered_with_the_nearest(topic: str, hint: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        page_about(topic)
    assert hint in refused.value.hint


def test_a_page_is_laid_out_on_a_terminal_and_as_it_is_elsewhere() -> None:
    page = page_about("exit-codes")
    piped, seen = io.StringIO(), Terminal()
    show_page(page, piped, color=False)
    show_page(page, seen, color=False)
    assert piped.getvalue() == page
    assert "Exit codes" in seen.getvalue()
    assert "|---|" not in seen.getvalue()


def test_help_is_there_without_a_usable_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mfa-migrate.toml").write_text("tenant = contoso", encoding="utf-8")
    assert run(["help", "configuration"]) == 0
    assert capsys.readouterr().out.startswith("# Configuration")
    assert run(["help"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {topic} " in listed for topic in [*topics(), OPTIONS])
    assert run(["help", "plan"]) == 0
    assert "Usage: mfa-migrate plan" in capsys.readouterr().out
    assert run(["help", "options"]) == 0
    said = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')}" in said for name in GLOBALS)
    assert run(["help", "rollbak"]) == 2
    assert "Did you mean `mfa-migrate help rollback`?" in capsys.readouterr().err
    assert run(["help", "quixote"]) == 2
