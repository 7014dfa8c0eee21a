"""Every global option works before and after the verb, and the strongest source wins."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from migrate.cli import commands
from migrate.commands.options import GLOBALS
from tests.e2e.laboratory import Lab, Ran, environment, run_here

VERBS = [
    ["show"],
    ["audit", "verify", "FILE"],
    ["sandbox", "dump", "-"],
]
"""A plain command, and two that hang below another."""


@pytest.fixture(scope="module")
def audit_file(exported: Lab) -> Path:
    """Return an audit.csv; the samples hold one."""
    return Path(__file__).resolve().parent.parent.parent / "samples" / "run" / "audit.csv"


def on_both_sides(verb: list[str], options: list[str], also: list[str]) -> list[list[str]]:
    """Return the command line with the options before the verb, after it, and in the middle where there is one."""
    lines = [[*options, *verb, *also], [*verb, *options, *also], [*verb, *also, *options]]
    return lines if len(verb) == 1 else [*lines, [verb[0], *options, *verb[1:], *also]]


def effect_of(name: str, lab: Lab, folder: Path) -> tuple[list[str], list[str], Callable[[Ran], object]]:
    """Return an option with a value, what else the command line needs, and how its effect shows."""
    place = ["--workspace", str(lab.workspace)]
    config = ["--config", str(lab.config)]
    log = folder / "run.log"
    effects: dict[str, tuple[list[str], list[str], Callable[[Ran], object]]] = {
        "workspace": (["--workspace", str(folder / "nowhere")], config, lambda ran: ran.said),
        "tenant": (["--tenant", "fabrikam.example"], [*config, *place], lambda ran: ran.code),
        "cloud": (["--cloud", "mars"], [*config, *place], lambda ran: "'mars'" in ran.err),
        "endpoint": (["--endpoint", "http://127.0.0.1:9"], [*config, *place], lambda ran: "127.0.0.1:9 " in ran.err),
        "config": (
            ["--config", str(folder / "no.toml")],
            place,
            lambda ran: "There is no file" in ran.err and "no.toml" in ran.err,
        ),
        "output": (["--output", "json"], [*config, *place], lambda ran: ran.out[:1] == "{"),
        "encoding": (["--encoding", "latin"], [*config, *place], lambda ran: "'latin'" in ran.err),
        "delimiter": (["--delimiter", "#"], [*config, *place], lambda ran: "'#'" in ran.err),
        "crlf": (["--crlf"], [*config, *place, "-o", "csv"], lambda ran: ran.code),
        "client_id": (["--client-id", "abc"], [*config, *place], lambda ran: ran.code),
        "sign_in": (["--sign-in", "magic"], [*config, *place], lambda ran: "'magic'" in ran.err),
        "log_file": (["--log-file", str(log)], [*config, *place], lambda _: log.exists() and log.unlink() is None),
        "quiet": (["--quiet"], [*config, *place], lambda ran: "SANDBOX" not in ran.err),
        "verbose": (["--verbose"], [*config, *place], lambda ran: ran.code),
        "no_color": (["--no-color"], [*config, *place], lambda ran: ran.code),
        "no_progress": (["--no-progress"], [*config, *place], lambda ran: ran.code),
    }
    return effects[name]


@pytest.mark.parametrize("name", list(GLOBALS))
def test_each_option_does_the_same_on_either_side_of_every_kind_of_verb(
    exported: Lab, audit_file: Path, tmp_path: Path, name: str
) -> None:
    options, also, effect = effect_of(name, exported, tmp_path)
    for verb in VERBS:
        words = [str(audit_file) if word == "FILE" else word for word in verb]
        seen = [effect(run_here(line)) for line in on_both_sides(words, options, also)]
        assert all(one == seen[0] for one in seen), (verb, seen)
        without = effect(run_here([*words, *also]))
        # An option that is parsed and ignored would look the same with and without. A dump is JSON in any case.
        if isinstance(seen[0], bool) and (verb[0], name) != ("sandbox", "output"):
            assert (seen[0], without) == (True, False), (verb, name)


def test_what_is_typed_after_the_verb_wins_over_what_is_typed_before(exported: Lab) -> None:
    ran = run_here(["-o", "csv", *exported.words("show", "-o", "json")])
    assert ran.document["totalUsers"] == 60


def test_verbose_says_each_wait_and_no_progress_is_accepted(lab: Lab) -> None:
    assert "SANDBOX" in lab.go("--verbose", "--no-progress", "export").err


@pytest.mark.parametrize(
    ("name", "option", "typed", "in_the_environment", "configured"),
    [
        ("workspace", "--workspace", "typed", "environment", 'workspace = "configured"'),
        ("output", "--output", "json", "ndjson", 'output = "csv"'),
    ],
)
def test_option_beats_environment_beats_configuration_beats_default(
    exported: Lab,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    option: str,
    typed: str,
    in_the_environment: str,
    configured: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    seen = []
    words = ["status"] if name == "workspace" else ["status", "--workspace", str(exported.workspace)]
    for step in range(4):
        if step == 1:
            (tmp_path / "mfa-migrate.toml").write_text(configured + "\n", encoding="utf-8")
        if step == 2:
            monkeypatch.setenv(f"MFA_MIGRATE_{name.upper()}", in_the_environment)
        seen.append(run_here([*words, option, typed] if step == 3 else words))
    if name == "workspace":
        expected = ["mfa-migration", "configured", "environment", "typed"]
        assert [f"{tmp_path / folder} holds no" in ran.err for folder, ran in zip(expected, seen, strict=True)] == [
            True
        ] * 4
    else:
        table, csv, ndjson, json_ = (ran.out for ran in seen)
        assert table.startswith("Contoso")
        assert csv.startswith("PerUserMfaState,")
        assert json.loads(ndjson.splitlines()[0])["type"] == "row"
        assert json.loads(json_)["snapshot"]["users"] == 60


def test_the_configuration_file_can_be_named_in_the_environment(exported: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_MIGRATE_CONFIG", str(exported.config))
    assert "SANDBOX" in run_here(["show", "--workspace", str(exported.workspace)]).err


def test_help_and_version_import_nothing_heavy() -> None:
    look = (
        "import sys; from migrate.cli import run; code = run(sys.argv[1:]); "
        "print(code, sorted({'msgraph', 'azure', 'pandas', 'kiota_abstractions', 'openpyxl', 'uvicorn', 'jinja2'} "
        "& {name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    for words in (["--help"], ["--version"], ["apply", "--help"], ["sandbox", "--help"], ["audit", "export", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", look, *words],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=240,
            check=True,
        )
        assert done.stderr.splitlines()[-1] == "0 []", words
        assert done.stdout


@pytest.mark.parametrize("words", [[], ["plan"], ["audit"], ["audit", "verify"], ["sandbox"], ["powershell"], ["help"]])
def test_a_help_text_names_the_page_of_the_global_options_instead_of_listing_them(words: list[str]) -> None:
    shown = run_here([*words, "--help"]).out
    assert shown.count("mfa-migrate help options") >= 1
    for name in ("--encoding", "--delimiter", "--no-progress", "--client-id"):
        assert f"  {name}" not in shown
    assert "--help" in shown


def test_global_options_are_still_completed_and_taken(exported: Lab) -> None:
    command = commands().commands["show"]
    offered = {option for parameter in command.params for option in parameter.opts if not parameter.hidden}
    assert {f"--{name.replace('_', '-')}" for name in GLOBALS} <= offered
    assert exported.go("show", "--no-progress", "-o", "csv").out
