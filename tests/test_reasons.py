"""No sentence steers: the sources are walked for comparisons, cuts and searches, and mypy refuses them of reasons."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.model import reasons

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path
    for path in (ROOT / "migrate").rglob("*.py")
    if "sandbox" not in path.relative_to(ROOT / "migrate").parts[:1] and path.name != "reasons.py"
)
SENTENCES = {
    "reason",
    "reasons",
    "because",
    "words",
    "sentence",
    "problem",
    "message",
}
"""Names under which sentences go through the program."""
CUTS = {
    "startswith", "endswith", "removeprefix", "removesuffix", "replace", "partition", "rpartition", "split", "rsplit",
    "splitlines", "find", "rfind", "index", "rindex", "count", "casefold", "lower", "upper", "match", "fullmatch",
    "search", "sub", "translate",
}  # fmt: skip


def is_sentence(node: ast.AST) -> bool:
    """Tell whether an expression is a sentence: a name or member called like one, or `str` of one."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in SENTENCES
        case ast.Call(func=ast.Name(id="str" | "repr"), args=[inner]):
            return is_sentence(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="casefold" | "lower" | "strip")):
            return is_sentence(inner)
        case ast.FormattedValue(value=inner):
            return is_sentence(inner)
        case ast.JoinedStr(values=pieces):
            return any(map(is_sentence, pieces))
        case ast.BoolOp(values=[first, *_]):
            return is_sentence(first)
    return False


def is_text(node: ast.AST) -> bool:
    """Tell whether an expression is a text that is not empty: a literal, a tuple of them, or a constant of a module."""
    match node:
        case ast.Constant(value=str(text)):
            return bool(text)
        case ast.JoinedStr():
            return True
        case ast.Name(id=name):
            return name.isupper()
        case ast.Tuple(elts=elements) | ast.Set(elts=elements) | ast.List(elts=elements):
            return any(map(is_text, elements))
    return False


def offences(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
                if any(map(is_sentence, sides)) and any(map(is_text, sides)):
                    yield node
            case ast.Call(func=ast.Attribute(value=owner, attr=name), args=arguments) if name in CUTS:
                if is_sentence(owner) or any(map(is_sentence, arguments)):
                    yield node
            case ast.Subscript(value=owner, slice=ast.Slice() | ast.Constant(value=int())) if is_sentence(owner):
                yield node
            case ast.Match(subject=subject, cases=cases) if is_sentence(subject):
                patterns = [inner for case in cases for inner in ast.walk(case.pattern)]
                if any(isinstance(inner, ast.MatchValue) and is_text(inner.value) for inner in patterns):
                    yield node


ALLOWED = {
    "migrate/cli.py": {"message.startswith('Got unexpected extra argument')"},
    "migrate/config.py": {
        "re.fullmatch(\"Invalid enum value '(.*)'\", sentence)",
        "re.fullmatch('Object missing required field `(.*)`', sentence)",
        "str(problem).partition(' - at ')",
    },
    "migrate/config_words.py": {"re.search('^Invalid value \\\\(at line (\\\\d+), column (\\\\d+)\\\\)', problem)"},
    "migrate/exchange/documents.py": {"reason.partition(': ')"},
    "migrate/graph/sign_in_problems.py": {"str(problem).strip().splitlines()"},
    "migrate/graph/retry.py": {"words[1:]", "words[:1]"},
    "migrate/store/journal.py": {"msgspec.structs.replace(opening.reason, parts=parts)"},
    "migrate/views/module_words.py": {"sentence[begun:found.start()]", "sentence[begun:]", "words.split(' ')"},
}
"""What may be done all the same: a library's own error made readable, the door of plan.csv, a capital letter,
the words of PowerShell put into what is shown."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_source_compares_cuts_or_searches_a_sentence(path: Path) -> None:
    found = {ast.unparse(node) for node in offences(ast.parse(path.read_text(encoding="utf-8")))}
    assert found == ALLOWED.get(path.relative_to(ROOT).as_posix(), set())


@pytest.mark.parametrize(
    "code",
    [
        "entry.reason.startswith('not covered')",
        "reason.removeprefix(FORMER_POLICY)",
        "str(entry.reason) == 'rolled back'",
        "entry.reason == NOT_SEEN",
        "str(leave.reason) in ('drift', 'gone')",
        "'in the export' in one.reasons",
        "reason.words[:4]",
        "re.match('Graph said', str(reason))",
        "str(reason).lower().startswith('stopped')",
        "(reading.problem or '').startswith('Graph')",
        "f'{reason}'.split(': ')",
    ],
)
def test_the_walk_sees_each_way_of_looking_into_a_sentence(code: str) -> None:
    assert list(offences(ast.parse(code)))


def test_the_words_of_a_reason_stand_nowhere_else() -> None:
    """A constant with the beginning of a reason is how the comparisons began."""
    known = {template.partition("{")[0].strip() for template in reasons._SAYS.values()} - {""}
    long = {words for words in known if len(words) > 12}
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {node.value.value for node in ast.walk(tree) if isinstance(node, ast.Assign)
                     and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)}  # fmt: skip
        assert not {text for text in constants if text.strip() in long}, path


def test_mypy_refuses_to_take_a_reason_for_a_text(tmp_path: Path) -> None:
    tries = tmp_path / "tries.py"
    lines = [
        "reason.startswith('drift')",
        "reason == 'drift'",
        "reason[:5]",
        "'drift' in reason",
        "reason.replace('drift', '')",
        "len(reason)",
        "reason.why == 'Drift'",
        "reason.why.startswith('Drift')",
        "text: str = reason",
    ]
    head = "from migrate.model.reasons import Reason\n\n\ndef tried(reason: Reason) -> None:\n"
    tries.write_text(head + "".join(f"    {line}\n" for line in lines), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary"]
    ran = subprocess.run(
        [*command, f"--cache-dir={tmp_path / 'cache'}", "--config-file=", str(tries)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    refused = {int(line.split(":")[1]) for line in ran.stdout.splitlines() if ": error:" in line}
    assert refused == set(range(5, 5 + len(lines))), ran.stdout + ran.stderr
