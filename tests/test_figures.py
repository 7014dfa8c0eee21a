"""The figures of docs/architecture.md are those of the sources, and the script that measures them counts right."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
OFF = 0.1
"""By which share a figure of the page may be off: not every change has to touch the page."""


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_figures", ROOT / "docs" / "write_figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FIGURES = script()


def source(text: str, name: str = "a") -> Any:
    return FIGURES.Source(name, text, ast.parse(text))


def outdated(told: dict[str, dict[str, int]], measured: dict[str, dict[str, int]]) -> list[str]:
    """Return which figures a page tells otherwise than they are."""
    off = []
    for column, figures in measured.items():
        for name, figure in figures.items():
            leeway = 0.0 if name.startswith("circles") else max(1.0, OFF * figure)
            if abs(told[column][name] - figure) > leeway:
                off.append(f"{name}, {column}: {told[column][name]:,} on the page, {figure:,} in the sources")
    return off


def test_the_figures_on_the_page_are_current_and_the_sandbox_is_the_smaller_one() -> None:
    told, measured = FIGURES.read_table(FIGURES.PAGE.read_text(encoding="utf-8")), FIGURES.measured()
    assert told.keys() == measured.keys()
    assert [told[column].keys() for column in told] == [measured[column].keys() for column in measured]
    assert outdated(told, measured) == [], "run `make figures`"
    assert measured["sandbox"]["lines"] < measured["tool"]["lines"]


def test_a_figure_that_is_off_is_noticed_and_a_circle_always() -> None:
    measured = {"tool": {"lines": 1000, "parameters, most": 8, "circles of imports while loading": 0}}
    assert (
        outdated({"tool": {"lines": 1100, "parameters, most": 9, "circles of imports while loading": 0}}, measured)
        == []
    )
    told = {"tool": {"lines": 1101, "parameters, most": 10, "circles of imports while loading": 1}}
    assert len(outdated(told, measured)) == 3


@pytest.mark.parametrize(
    ("second", "while_loading", "in_functions_too"),
    [
        ("import migrate.a", 1, 1),
        ("from migrate import a", 1, 1),
        ("from migrate.a import something", 1, 1),
        ("class A:\n    from migrate import a", 1, 1),
        ("def f():\n    from migrate import a", 0, 1),
        ("if TYPE_CHECKING:\n    from migrate import a", 0, 0),
        ("if TYPE_CHECKING:\n    x = 1\nelse:\n    from migrate import a", 1, 1),
        ("import migrate.d", 0, 0),
    ],
)
def test_a_circle_is_found_however_it_is_closed(second: str, while_loading: int, in_functions_too: int) -> None:
    modules = [
        source("from migrate import b", "migrate.a"),
        source("from migrate.c import x", "migrate.b"),
        source(second, "migrate.c"),
        source("", "migrate.d"),
    ]
    assert len(FIGURES.circles_among(modules, lazy=False)) == while_loading
    assert len(FIGURES.circles_among(modules, lazy=True)) == in_functions_too


def test_what_is_counted() -> None:
    text = (
        '"""What it is for."""\n\n# a comment\nimport msgspec\n\n\n'
        'class R(Record):\n    """One."""\n\n    a: int\n    b: str\n'
        '\n\ndef f(self, a, /, b, *, c=(\n    1\n), **d):\n    """Two\n    lines."""\n    return """one\n    value"""\n'
    )
    figures = FIGURES.figures_of([source(text), source("def g():\n    pass\n", "b")])
    assert figures == {
        "lines": 22,
        "lines of code": 11,
        "files": 2,
        "lines of a file, median": 11,
        "lines of a file, longest": 20,
        "lines of a function, median": 4,
        "lines of a function, nine of ten at most": 6,
        "lines of a function, longest": 7,
        "parameters, most": 4,
        "fields of a record, most": 2,
        "circles of imports while loading": 0,
        "circles of imports, those in functions too": 0,
    }
    assert FIGURES.read_table(f"{FIGURES.BEGIN}{FIGURES.table({'tool': figures, 'tests': figures})}{FIGURES.END}") == {
        "tool": figures,
        "tests": figures,
    }
