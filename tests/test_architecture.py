"""The sources obey docs/architecture.md: who imports whom, how long a file is, what is loaded when."""

from __future__ import annotations

import ast
import fnmatch
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import grimp
import pytest

from migrate import cli

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "migrate"
DOCUMENT = ROOT / "docs" / "architecture.md"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 450
SLOW = ("msgraph", "msgraph_core", "azure", "pandas", "numpy")
"""Never imported while a module loads; the document names them."""
UNSEEN_BY_HELP = (*SLOW, "httpx", "asyncio", "migrate.engine", "migrate.decide")
FORBIDDEN_NAMES = re.compile(r"utils?|helpers?|common|manager|base_.*")
GRAPH_HOSTS = re.compile(
    r"(graph\.microsoft\.|microsoftgraph\.chinacloudapi\.|login\.(microsoftonline|chinacloudapi)\.)"
)


class Row(NamedTuple):
    """One row of the import table: what a package may import."""

    own: frozenset[str]
    third_party: frozenset[str]


class Import(NamedTuple):
    """One import of a module, by the dotted name that it asks for."""

    name: str
    line: int
    relative: bool
    while_loading: bool
    for_types_only: bool


def table_in(text: str) -> dict[str, Row]:
    """Return the rows of the import table in the document, by package or by `package/module`."""
    section = text.split("## Who may import whom", 1)[1].split("\n## ", 1)[0]
    rows = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 3:
            package, own, third_party = cells
            rows[package.strip("`")] = Row(_names(own), _names(third_party))
    return rows


def _names(cell: str) -> frozenset[str]:
    names = frozenset(re.findall(r"`([^`]+)`", cell))
    assert names or cell == "nothing", f"a cell of the import table says neither names nor `nothing`: {cell!r}"
    return names


def imports_of(source: str) -> Iterator[Import]:
    """Yield every import in a source text, also those inside functions and under TYPE_CHECKING."""

    def walk(node: ast.AST, inside: bool, types: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            in_function = inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, child.lineno, False, not inside, types)
            elif isinstance(child, ast.ImportFrom):
                yield from from_import(child, inside, types)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for statement in child.body:
                    yield from walk(ast.Module(body=[statement], type_ignores=[]), inside, True)
                for statement in child.orelse:
                    yield from walk(ast.Module(body=[statement], type_ignores=[]), inside, types)
            else:
                yield from walk(child, in_function, types)

    def from_import(node: ast.ImportFrom, inside: bool, types: bool) -> Iterator[Import]:
        module = node.module or ""
        if module != "migrate":
            yield Import(module, node.lineno, node.level > 0, not inside, types)
            return
        for alias in node.names:
            yield Import(f"migrate.{alias.name}", node.lineno, node.level > 0, not inside, types)

    yield from walk(ast.parse(source), False, False)


def key_of(path: Path, rows: dict[str, Row]) -> str:
    """Return the row of the table that a module of the package falls under."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    exact = "/".join(parts)
    return exact if exact in rows else parts[0]


def package_of(name: str) -> str | None:
    """Return the first-party package that a dotted name lies in; empty for `migrate` itself, None for others."""
    if name != "migrate" and not name.startswith("migrate."):
        return None
    parts = name.split(".")
    if len(parts) == 1 or parts[1].startswith("__version"):
        return ""
    return parts[1]


def offences(path: Path, source: str, rows: dict[str, Row]) -> list[str]:
    """Return one sentence for each import that the table does not allow."""
    key = key_of(path, rows)
    if key not in rows:
        return [f"{path.name}: the import table has no row for {key!r}"]
    row, home = rows[key], key.split("/")[0]
    found = []
    for item in imports_of(source):
        package = package_of(item.name)
        top = item.name.split(".")[0]
        where = f"{path.relative_to(ROOT)}:{item.line}"
        if item.relative:
            found.append(f"{where}: relative import")
        elif package is None:
            known = top in sys.stdlib_module_names or any(fnmatch.fnmatch(top, name) for name in row.third_party)
            if not known:
                found.append(f"{where}: {home} may not import {top}")
            if top in SLOW and item.while_loading and not item.for_types_only:
                found.append(f"{where}: {top} is slow to import and must be imported inside a function")
        elif package == "":
            if home == "sandbox":
                found.append(f"{where}: the sandbox shares nothing with the rest")
        elif package != home and package not in row.own:
            found.append(f"{where}: {key} may not import migrate.{package}")
    return found


ROWS = table_in(DOCUMENT.read_text(encoding="utf-8"))


def test_every_package_has_a_row_in_the_import_table_and_every_row_a_package() -> None:
    entries = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" and path.stem != "__init__"}
    entries |= {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert entries == {key.split("/")[0] for key in ROWS}
    for key in ROWS:
        if "/" in key:
            assert (PACKAGE / f"{key}.py").is_file(), f"the import table names {key}, which does not exist"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_what_the_table_allows(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        assert list(imports_of(path.read_text(encoding="utf-8"))) == []
        return
    assert offences(path, path.read_text(encoding="utf-8"), ROWS) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("decide/x.py", "import migrate.graph.session"),
        ("decide/x.py", "from migrate import graph"),
        ("decide/x.py", "def f():\n    from migrate.store import journal"),
        ("decide/x.py", "import typing\nif typing.TYPE_CHECKING:\n    from migrate.graph import session"),
        ("model/x.py", "import httpx"),
        ("engine/x.py", "from . import ports"),
        ("graph/x.py", "import msgraph"),
        ("graph/x.py", "class A:\n    from azure.identity import ClientSecretCredential"),
        ("sandbox/x.py", "from migrate.model.users import MfaState"),
        ("sandbox/x.py", "from migrate import __version__"),
        ("commands/export.py", "import migrate.sandbox.app"),
        ("unheard_of/x.py", "import json"),
    ],
)
def test_a_forbidden_import_is_noticed(module: str, source: str) -> None:
    assert offences(PACKAGE / module, source, ROWS) != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("decide/x.py", "import json\nfrom migrate.model.users import MfaState\nfrom migrate.decide import guards"),
        ("graph/x.py", "def f():\n    import msgraph"),
        ("graph/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from azure.core import x"),
        ("commands/demo.py", "import migrate.sandbox.app"),
        ("store/x.py", "from migrate import __version__"),
    ],
)
def test_an_allowed_import_passes(module: str, source: str) -> None:
    assert offences(PACKAGE / module, source, ROWS) == []


def circle_in(graph: grimp.ImportGraph) -> list[str]:
    """Return the modules of one import circle, the first one again at the end; empty where there is none."""
    sorter = graphlib.TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules})
    try:
        sorter.prepare()
    except graphlib.CycleError as found:
        return list(found.args[1])
    return []


def test_no_modules_import_each_other_in_a_circle_not_even_inside_functions() -> None:
    graph = grimp.build_graph("migrate", exclude_type_checking_imports=True, cache_dir=None)
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in MODULES}
    assert names <= graph.modules
    assert graph.find_modules_directly_imported_by("migrate.commands.demo") > {
        "migrate.commands.call",
        "migrate.errors",
    }
    assert circle_in(graph) == []


@pytest.mark.parametrize(
    ("source", "circle"),
    [
        ("import circling.first", ["first", "second", "first"]),
        ("def later():\n    from circling.first import here", ["first", "second", "first"]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from circling.first import here", []),
    ],
)
def test_a_circle_is_noticed_and_types_are_free(
    source: str, circle: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "circling"
    package.mkdir()
    for name, text in {"__init__": "", "first": "import circling.second\nhere = 1\n", "second": source}.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = circle_in(grimp.build_graph("circling", exclude_type_checking_imports=True, cache_dir=None))
    assert set(found) == {f"circling.{name}" for name in circle}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{lines} lines: split it by idea"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_says_what_it_is_for_and_has_a_telling_name(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "the module docstring is missing"
    for part in path.relative_to(PACKAGE).with_suffix("").parts:
        assert not FORBIDDEN_NAMES.fullmatch(part), f"{part!r} says nothing about what is inside"


def test_graph_host_names_are_written_in_one_place_only() -> None:
    places = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        if GRAPH_HOSTS.search(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert places <= {"graph/session.py"}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_nothing_slow(option: str) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['mfa-migrate', {option!r}]\n"
        "from migrate.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        f"print('LOADED', sorted(set(sys.modules) & {set(UNSEEN_BY_HELP)!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "LOADED []"


# --- commands wire; they decide nothing and there is one door for a run


def verbs_of(source: str) -> set[str]:
    """Return the functions of a module that are commands and that no group of the same module takes."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    made = {one.name: [ast.unparse(by) for by in one.decorator_list] for one in functions if one.decorator_list}
    return {
        name
        for name, by in made.items()
        if by[-1].endswith(("verb", "with_globals")) and not re.match(r"\w+\.(command|callback)\b", by[0])
    }


def test_every_command_stands_in_the_table_by_which_it_is_loaded() -> None:
    sources = {path.stem: path.read_text(encoding="utf-8") for path in (PACKAGE / "commands").glob("*.py")}
    groups = {place for place in cli.COMMANDS.values() if place.endswith("_app")}
    # Verbs that a group takes from another module are imported there; `sandbox` alone does.
    written = {
        f"{module}.{name}"
        for module, source in sources.items()
        for name in verbs_of(source)
        if not re.search(rf"from migrate.commands.{module} import .*\b{name}\b", sources["sandbox"])
    }
    assert written == set(cli.COMMANDS.values()) - groups
    assert len(groups) > 3


LONGEST_BODY = 39
"""Lines of a function in commands/, without its signature and docstring."""
HANDED_TO_EVERY_COMMAND = "Call"
"""The one class in commands/ that may have methods: it opens screen and log, and runs the event loop."""


def too_much_for_a_command(source: str) -> list[str]:
    """Return what of a module in commands/ is more than wiring: long functions, and classes that work."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = node.end_lineno - body[0].lineno + 1 if body and node.end_lineno else 0
            if lines > LONGEST_BODY:
                found.append(f"line {node.lineno}: the body of {node.name} has {lines} lines")
        elif isinstance(node, ast.ClassDef) and node.name != HANDED_TO_EVERY_COMMAND:
            works = [part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
            if works:
                found.append(f"line {node.lineno}: class {node.name} works ({', '.join(works)})")
    return found


def made_in(source: str, name: str) -> int:
    """Return in how many places a source text calls the class of this name."""
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return sum(ast.unparse(called).split(".")[-1] == name for called in calls)


COMMANDS = sorted((PACKAGE / "commands").rglob("*.py"))


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_a_command_wires_and_decides_nothing(path: Path) -> None:
    assert too_much_for_a_command(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("def f():\n" + "    x = 1\n" * (LONGEST_BODY + 1), "the body of f has 40 lines"),
        ("async def f():\n    '''Say.'''\n" + "    x = 1\n" * (LONGEST_BODY + 1), "the body of f has 40 lines"),
        ("class A:\n    def __init__(self):\n        self.x = 1", "class A works (__init__)"),
        ("class A:\n    async def decide(self): ...", "class A works (decide)"),
    ],
)
def test_a_command_that_decides_is_noticed(source: str, complaint: str) -> None:
    (found,) = too_much_for_a_command(source)
    assert found.endswith(complaint)


@pytest.mark.parametrize(
    "source",
    [
        "def f(\n" + "".join(f"    a{n},\n" for n in range(60)) + "):\n    '''Say.\n\n    More.'''\n    return 1",
        "def f():\n" + "    x = 1\n" * LONGEST_BODY,
        "class Asked:\n    wave: int\n    users: str",
    ],
)
def test_a_command_that_only_wires_passes(source: str) -> None:
    assert too_much_for_a_command(source) == []


@pytest.mark.parametrize("part", ["Applier", "RunParts", "WaitLog", "FolderRollbackFiles"])
def test_every_run_goes_through_one_door(part: str) -> None:
    counts = {path.relative_to(PACKAGE).as_posix(): made_in(path.read_text(encoding="utf-8"), part) for path in MODULES}
    assert {place: count for place, count in counts.items() if count} == {"commands/run.py": 1}
