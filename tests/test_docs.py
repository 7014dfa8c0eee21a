"""What the documentation says is so: commands, options, exit codes, keys, files, permissions, links, targets."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from migrate.config import Config
from migrate.decide.checks.every_check import CHECKS
from migrate.errors import ExitCode
from migrate.exchange import documents
from migrate.model.cells import PLAN_COLUMNS
from migrate.model.findings import FindingCode
from migrate.model.journal import AUDIT_COLUMNS
from migrate.model.permissions import TABLE
from migrate.model.record import Record
from migrate.settings import GlobalOptions

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "samples/**/*.md", "benchmarks/**/*.md", "migrate/**/*.md")
    for path in ROOT.glob(pattern)
)


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def rows_of(text: str) -> Iterator[list[str]]:
    """Yield the cells of every table row of a page, header and ruler left out."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def of_path(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Commands


@pytest.fixture(scope="module")
def help_texts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_help_texts", DOCS / "write_help_texts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def commands(help_texts: ModuleType) -> dict[str, set[str]]:
    """Return the options of each command, by its words after `mfa-migrate`; groups and the program itself included."""
    from migrate.cli import commands as program

    found = {}
    for context in help_texts.commands(program()):
        words = " ".join(context.command_path.split()[1:])
        options = {name for parameter in context.command.params for name in getattr(parameter, "opts", ())}
        secondary = {name for parameter in context.command.params for name in getattr(parameter, "secondary_opts", ())}
        found[words] = {name for name in options | secondary if name.startswith("-")} | {"--help", "-h"}
    return found


def test_the_help_texts_in_the_documentation_are_current(help_texts: ModuleType) -> None:
    from migrate.cli import commands as program

    assert page("commands.md") == help_texts.commands_page(program()), "run `make help-texts`"


def test_every_command_has_a_help_text_with_an_example(help_texts: ModuleType) -> None:
    from migrate.cli import commands as program

    without = []
    for context in help_texts.commands(program()):
        text = context.get_help()
        is_leaf = not getattr(context.command, "commands", {})
        if is_leaf and text.count(context.command_path) < 2:
            without.append(context.command_path)
    assert without == []


def test_the_readme_names_every_command(commands: dict[str, set[str]]) -> None:
    table = "\n".join(" ".join(row) for row in rows_of((ROOT / "README.md").read_text(encoding="utf-8")))
    assert [words for words in commands if words and " " not in words and f"`{words}`" not in table] == []


def command_lines(text: str) -> Iterator[str]:
    """Yield what a text tells people to type: lines of a code block, and inline code, that begin with mfa-migrate."""
    for line in text.splitlines():
        if re.match(r"\s*(\$ )?mfa-migrate ", line):
            yield line.strip().removeprefix("$ ")
    yield from re.findall(r"`(mfa-migrate [^`\n]*)`", text)


def promised_but_missing(line: str, commands: dict[str, set[str]]) -> str | None:
    """Return what a command line uses that does not exist, or None."""
    try:
        tokens = shlex.split(line.split(" # ")[0].split(" | ")[0].split("…")[0])[1:]
    except ValueError:
        return f"{line}: cannot be split into words"
    words, rest = "", tokens
    while rest and not rest[0].startswith("-") and f"{words} {rest[0]}".strip() in commands:
        words, rest = f"{words} {rest[0]}".strip(), rest[1:]
    is_group = any(other.startswith(f"{words} ") for other in commands) if words else True
    if is_group and rest and re.fullmatch(r"[a-z-]+", rest[0]) and not rest[0].startswith("-"):
        return f"{line}: there is no command {words} {rest[0]}".replace("  ", " ")
    options = commands[words] | commands[""]
    for token in rest:
        name = token.split("=")[0]
        if re.match(r"--?[a-z]", name) and name not in options:
            return f"{line}: {words} has no option {name}"
    return None


@pytest.mark.parametrize("path", PAGES, ids=of_path)
def test_every_command_line_in_a_page_exists(path: Path, commands: dict[str, set[str]]) -> None:
    lines = list(command_lines(path.read_text(encoding="utf-8")))
    assert [problem for line in lines if (problem := promised_but_missing(line, commands))] == []


def test_every_command_line_that_a_message_tells_people_to_type_exists(commands: dict[str, set[str]]) -> None:
    problems = []
    for path in sorted((ROOT / "migrate").rglob("*.py")):
        for line in re.findall(r"`(mfa-migrate [^`\n{}\"]*)`", path.read_text(encoding="utf-8")):
            problem = promised_but_missing(line, commands)
            if problem:
                problems.append(f"{of_path(path)}: {problem}")
    assert problems == []


@pytest.mark.parametrize(
    "line",
    ["mfa-migrate fly", "mfa-migrate plan --no-such-option", "mfa-migrate audit fly", "mfa-migrate plan -whatif"],
)
def test_a_promise_that_is_not_kept_is_noticed(line: str, commands: dict[str, set[str]]) -> None:
    assert promised_but_missing(line, commands) is not None


# Exit codes


def test_the_exit_codes_on_the_page_are_those_of_the_code() -> None:
    documented = {(int(row[0]), row[1]) for row in rows_of(page("exit-codes.md")) if row[0].isdigit()}
    assert documented == {(code.value, code.name) for code in ExitCode}


@pytest.mark.parametrize(
    "line", ["fly", "plan --no-such-option", "plan -whatif", "apply --max-users", "status --config none.toml"]
)
def test_what_is_typed_wrong_ends_with_the_documented_code(
    line: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from migrate.cli import run

    monkeypatch.chdir(tmp_path)
    assert run(line.split()) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Error: ")


# Configuration


def keys_of(kind: type[Record], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield every key of the configuration with the default as the page writes it."""
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        arms = (hint, *get_args(hint))
        inner = next((arm for arm in arms if isinstance(arm, type) and issubclass(arm, Record)), None)
        if inner is not None:
            many = "[]" if get_origin(hint) is tuple else ""
            yield from keys_of(inner, f"{prefix}{field.name}{many}.")
        else:
            yield f"{prefix}{field.name}", default_as_written(field)


def default_as_written(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    default: Any = field.default
    if default is None:
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return f"`[{', '.join(f'{item:g}' for item in default)}]`"
    return f"`{default}`"


def test_every_key_of_the_configuration_is_documented_with_its_default() -> None:
    section = page("configuration.md").split("## Keys", 1)[1].split("\n## ", 1)[0]
    documented = {row[0].strip("`"): row[1] for row in rows_of(section) if row[0].startswith("`")}
    assert documented == dict(keys_of(Config))


def test_the_configuration_on_the_page_can_be_read() -> None:
    from migrate.config import config_from

    for name in ("docs/configuration.md", "README.md"):
        examples = re.findall(r"```toml\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
        assert examples, f"{name} shows no configuration"
        for text in examples:
            assert config_from(text, name).emergency_access is not None


def test_every_environment_variable_is_documented_and_read() -> None:
    text = page("configuration.md")
    ours = {f"MFA_MIGRATE_{name.upper()}" for name in GlobalOptions.__struct_fields__}
    sources = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "migrate").rglob("*.py"))}
    secrets = {name for source in sources.values() for name in re.findall(r'_secret\("([A-Z_]+)"\)', source)}
    assert secrets
    ours |= {f"MFA_MIGRATE_{name}" for name in secrets}
    assert set(re.findall(r"`(MFA_MIGRATE_[A-Z_]+)`", text)) == ours
    assert set(re.findall(r"`(AZURE_[A-Z_]+)`", text)) == {f"AZURE_{name}" for name in secrets}
    strangers = {
        f"{of_path(path)}: {name}"
        for path, source in sources.items()
        for name in re.findall(r"MFA_MIGRATE_[A-Z_]*[A-Z]", source)
        if name not in ours
    }
    assert strangers == set()


# Findings


def test_every_finding_of_verify_is_explained() -> None:
    section = page("when-things-go-wrong.md").split("## Verify has findings", 1)[1].split("\n## ", 1)[0]
    assert {row[0].strip("`") for row in rows_of(section) if row[0].startswith("`")} == {
        code.value for code in FindingCode
    }


# Checks of doctor


def test_every_check_is_documented_with_what_it_stops() -> None:
    rows = [row for row in rows_of(page("doctor.md")) if row[0].startswith("`") and len(row) == 6]
    documented = [(row[0].strip("`"), row[4]) for row in rows]
    assert documented == [(name.value, stops.value) for name, (_, stops) in CHECKS.items()]


# Files and columns


def test_every_column_of_every_table_that_we_write_is_documented() -> None:
    text = page("files.md")
    for name, columns in {
        "snapshot.csv": documents.SNAPSHOT_COLUMNS,
        "plan.csv": PLAN_COLUMNS,
        "rollback.csv": documents.ROLLBACK_COLUMNS,
        "audit.csv": AUDIT_COLUMNS,
    }.items():
        said = text.split(f"\n`{name}`:\n", 1)[1].split("\n\n", 1)[0]
        assert re.split(r",\s+", said.strip()) == list(columns), name


def test_every_file_that_the_code_names_is_documented() -> None:
    documented = set(re.findall(r"`([a-z-]+(?:\.[a-z-]+)?)`", page("files.md")))
    from migrate.store import folder, journal_schema, snapshot_schema

    named = {
        snapshot_schema.SNAPSHOT_FILE,
        journal_schema.JOURNAL_FILE,
        folder.MARKER,
        folder.LOCK,
        folder.LOCK_OWNER,
    }
    assert named <= documented


# Permissions


def test_every_permission_and_role_that_a_refusal_names_is_documented() -> None:
    text = page("permissions.md")
    assert len(TABLE) > 10
    for need in TABLE:
        for permission in (need.permission, *need.together):
            assert f"`{permission}`" in text, permission
        for role in need.roles:
            assert role.label in text, role


def test_the_tables_of_permissions_are_those_of_the_code() -> None:
    spec = importlib.util.spec_from_file_location("write_permissions", DOCS / "write_permissions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert page("permissions.md") == module.page_with_tables(page("permissions.md")), "run `make help-texts`"


def test_no_permission_over_authentication_methods_is_named_as_needed() -> None:
    lines = [line for line in page("permissions.md").splitlines() if line.startswith("|")]
    assert "UserAuthenticationMethod" not in "".join(lines)


# Pages


def anchors_of(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=of_path)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (anchor and anchor not in anchors_of(there.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("path", PAGES, ids=of_path)
def test_every_path_of_the_project_that_a_page_names_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"`((?:migrate|tests|docs|samples|benchmarks)/[\w./-]*)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("path", [*PAGES, ROOT / ".ci" / "run", ROOT / ".github" / "workflows" / "ci.yml"], ids=of_path)
def test_every_make_target_that_is_mentioned_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    mentioned = set(re.findall(r"`make ([a-z][a-z-]*)", text)) | set(
        re.findall(r"^(?:\s*- run: )?make ([a-z][a-z-]*)", text, re.MULTILINE)
    )
    unlisted = {"venv"} if path.name == "run" else set()  # what CI makes first, and nobody types
    assert mentioned <= targets() | unlisted


def test_the_readme_opens_with_the_two_commands_and_says_on_its_first_screen_what_is_not_known() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line.split("#")[0].strip() for line in lines[3:5]] == ["make demo", "make test"]
    first_screen = "\n".join(lines[:40])
    for words in ("**beta** API", "No live tenant was reachable", "--live"):
        assert words in first_screen, words
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert "published nowhere yet" in text
    assert not re.search(r"(pipx|pip|uv tool) install mfa-migrate", text), "what is not published is not installable"


QUESTIONS = (
    "rooms shared mailboxes service accounts keep out of the policy",
    "take one person out when the run has begun",
    "Microsoft-managed policies rest on switch on change",
    "app password legacy mail IMAP POP SMTP basic authentication",
    "show my manager",
    "auditor audit.csv",
    "join after new users uncovered",
    "scheduled verify cron systemd timer GitHub Actions",
    "colleague enabling per-user MFA again",
    "upgrade uninstall",
    "delete personal data working folder",
    "never registered Temporary Access Pass TAP campaign",
)
"""What administrators asked, in the words that they would search for."""


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_of_an_administrator_is_found_by_its_words(question: str) -> None:
    sections = (ROOT / "docs" / "faq.md").read_text(encoding="utf-8").split("\n## ")[1:]
    words = [word.casefold() for word in question.split()]
    best = max(sections, key=lambda section: sum(word in section.casefold() for word in words))
    missing = [word for word in words if word not in best.casefold()]
    assert missing == [], f"{question!r} leads to {best.splitlines()[0]!r}"
    assert "mfa-migrate " in best, "an answer names what to type"


def test_the_exit_codes_of_a_scheduled_job_are_those_of_the_table() -> None:
    codes = {
        int(code) for code in re.findall(r"^\| ([\d, ]+) \|", page("faq.md"), re.MULTILINE) for code in code.split(",")
    }
    assert codes <= {int(code) for code in ExitCode}
    assert {0, 1, 4} <= codes


def test_make_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split())  # type: ignore[index]
    assert targets() == phony - {"venv", "fresh-venv"}
