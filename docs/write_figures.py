"""Measure the sources and write the figures into docs/architecture.md (`make figures`)."""

from __future__ import annotations

import ast
import io
import statistics
import sys
import tokenize
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path(__file__).with_name("architecture.md")
BEGIN, END = "<!-- figures: `make figures` writes them -->\n", "<!-- end of figures -->\n"
Function = ast.FunctionDef | ast.AsyncFunctionDef
_NOT_CODE = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)


def within(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements directly below a node: `ast` itself walks ten times as many parts of expressions."""
    for block in ("body", "handlers", "orelse", "finalbody", "cases"):
        yield from getattr(node, block, ())


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements below a node at any depth."""
    for child in within(node):
        yield child
        yield from statements(child)


class Source(NamedTuple):
    """One module."""

    name: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """Return how many lines it has."""
        return len(self.text.splitlines())

    @property
    def code_lines(self) -> int:
        """Return how many of them hold anything but comments and strings that stand alone, such as docstrings."""
        alone: set[int] = set()
        for node in statements(self.tree):
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                alone.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        held: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in _NOT_CODE:
                held.update(range(token.start[0], token.end[0] + 1))
        return len(held - alone)

    @property
    def functions(self) -> list[Function]:
        """Return its functions and methods, also those within others."""
        return [node for node in statements(self.tree) if isinstance(node, Function)]

    @property
    def records(self) -> list[ast.ClassDef]:
        """Return its records: the classes that derive from one whose name ends in Record, and dataclasses."""
        return [node for node in statements(self.tree) if isinstance(node, ast.ClassDef) and _is_record(node)]


def _is_record(node: ast.ClassDef) -> bool:
    of = [ast.unparse(base) for base in (*node.bases, *node.decorator_list)]
    return any(name.endswith("Record") or name.startswith(("dataclass", "msgspec.Struct", "NamedTuple")) for name in of)


def sources_in(folder: Path, *, but: str = "") -> list[Source]:
    """Return the modules below a folder of the project, without those below another."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if not but or ROOT / but not in path.parents:
            text = path.read_text(encoding="utf-8")
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Source(name, text, ast.parse(text)))
    return found


# Circles


def imports_of(source: Source, known: AbstractSet[str], *, lazy: bool) -> frozenset[str]:
    """Return which of the known modules a module imports when it is loaded; with `lazy`, also within functions.

    Imports for the type checker alone are none: they never happen.
    """

    def walk(node: ast.AST) -> Iterator[str]:
        for child in within(node):
            if isinstance(child, ast.Import):
                yield from (alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module:
                named = [f"{child.module}.{alias.name}" for alias in child.names]
                yield from (name if name in known else child.module for name in named)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from walk(ast.Module(body=child.orelse, type_ignores=[]))
            elif lazy or not isinstance(child, Function):
                yield from walk(child)

    return frozenset(name for name in walk(source.tree) if name in known and name != source.name)


def circles(graph: Mapping[str, AbstractSet[str]]) -> list[list[str]]:
    """Return the sets of modules that import each other, however many stations lie between (Tarjan's algorithm)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            at = stack.index(name)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return found


def circles_among(sources: list[Source], *, lazy: bool) -> list[list[str]]:
    """Return the circles of imports among modules."""
    known = {source.name for source in sources}
    return circles({source.name: imports_of(source, known, lazy=lazy) for source in sources})


# Figures


def parameters_of(function: Function) -> int:
    """Return how many parameters a function has, `self` and `cls` left out."""
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")]) + bool(given.vararg) + bool(given.kwarg)


def fields_of(record: ast.ClassDef) -> int:
    """Return how many fields a record has of its own."""
    return sum(isinstance(line, ast.AnnAssign) and "ClassVar" not in ast.unparse(line) for line in record.body)


def figures_of(sources: list[Source]) -> dict[str, int]:
    """Return the figures of some modules."""
    files = [source.lines for source in sources]
    functions = [function for source in sources for function in source.functions]
    lengths = [(each.end_lineno or each.lineno) - each.lineno + 1 for each in functions]
    return {
        "lines": sum(files),
        "lines of code": sum(source.code_lines for source in sources),
        "files": len(files),
        "lines of a file, median": round(statistics.median(files)),
        "lines of a file, longest": max(files),
        "lines of a function, median": round(statistics.median(lengths)),
        "lines of a function, nine of ten at most": round(statistics.quantiles(lengths, n=10, method="inclusive")[-1]),
        "lines of a function, longest": max(lengths),
        "parameters, most": max(map(parameters_of, functions)),
        "fields of a record, most": max((fields_of(each) for source in sources for each in source.records), default=0),
        "circles of imports while loading": len(circles_among(sources, lazy=False)),
        "circles of imports, those in functions too": len(circles_among(sources, lazy=True)),
    }


def measured() -> dict[str, dict[str, int]]:
    """Return the figures of tool, sandbox and tests."""
    return {
        "tool": figures_of(sources_in(ROOT / "migrate", but="migrate/sandbox")),
        "sandbox": figures_of(sources_in(ROOT / "migrate" / "sandbox")),
        "tests": figures_of(sources_in(ROOT / "tests")),
    }


def table(measured: Mapping[str, Mapping[str, int]]) -> str:
    """Return the figures as a table of the page."""
    columns = list(measured)
    rows = [["", *columns], ["---"] * (len(columns) + 1)]
    rows += [[name, *(f"{measured[of][name]:,}" for of in columns)] for name in measured[columns[0]]]
    code = sum(measured[of]["lines of code"] for of in columns if of != "tests")
    ratio = measured["tests"]["lines of code"] / code
    text = "".join(f"| {' | '.join(row)} |\n" for row in rows).replace("| --- ", "|---").replace("---|\n", "---|\n")
    return f"{text}\nTo each line of code of tool and sandbox there are {ratio:.2f} lines of code of tests.\n"


def read_table(page: str) -> dict[str, dict[str, int]]:
    """Return the figures that a page holds."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.split(BEGIN, 1)[1].split(END, 1)[0].splitlines()
        if line.startswith("|")
    ]
    return {
        column: {row[0]: int(row[at].replace(",", "")) for row in rows[2:]}
        for at, column in enumerate(rows[0][1:], start=1)
    }


def main() -> None:
    """Print the figures and write them into the page."""
    text = table(measured())
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN, 1)
    PAGE.write_text(f"{before}{BEGIN}{text}{END}{rest.split(END, 1)[1]}", encoding="utf-8", newline="\n")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
