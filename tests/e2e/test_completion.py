"""What Tab offers after an option, in every shell that completion is made for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from migrate.commands.completing import offers
from migrate.config import OutputFormat
from migrate.model.access import Cloud, SignInMethod
from tests.e2e.laboratory import ROOT, Lab, environment


def offered(lab: Lab, shell: str, line: str) -> list[str]:
    """Return what a shell would show for this line, in which the last word is being typed."""
    words = re.split(r"(?<!\\) ", line)
    typed = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        "powershell": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1]},
    }[shell]
    done = subprocess.run(
        [sys.executable, "-m", "migrate"],
        cwd=lab.folder,
        env=environment(
            _MFA_MIGRATE_COMPLETE=f"complete_{shell}",
            MFA_MIGRATE_WORKSPACE=str(lab.workspace),
            MFA_MIGRATE_CONFIG=str(lab.config),
            **typed,
        ),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


PLAN = ROOT / "tests" / "fixtures" / "plans" / "first" / "plan.json"
SHELLS = ("bash", "zsh", "fish", "powershell")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A folder with a plan; its sandbox is not asked."""
    folder = tmp_path_factory.mktemp("completion")
    header = json.loads(PLAN.read_text(encoding="utf-8"))
    lab = Lab(server=None, folder=folder, tenant=None)  # type: ignore[arg-type]
    lab.workspace.mkdir()
    (lab.workspace / "plan.json").write_text(json.dumps(header), encoding="utf-8")
    lab.config.write_text("", encoding="utf-8")
    return lab


@pytest.mark.parametrize("shell", SHELLS)
def test_closed_options_offer_their_values_and_waves_their_numbers_and_names(planned: Lab, shell: str) -> None:
    formats = "\n".join(offered(planned, shell, "mfa-migrate status -o "))
    assert all(each.value in formats for each in OutputFormat), formats
    waves = "\n".join(offered(planned, shell, "mfa-migrate apply --wave "))
    assert "canary" in waves, waves
    assert "2" in waves


def test_the_beginning_of_a_value_narrows_what_is_offered(planned: Lab) -> None:
    assert offered(planned, "bash", "mfa-migrate status -o n") == ["ndjson"]
    assert offered(planned, "bash", "mfa-migrate set-state --state En") == ["Enabled", "Enforced"]
    assert offered(planned, "bash", "mfa-migrate show --wave can") == ["canary"]
    assert offered(planned, "bash", "mfa-migrate notify before-wave --language f") == ["fr"]
    assert offered(planned, "bash", "mfa-migrate apply --until w")[0].startswith("wave")
    assert offered(planned, "bash", "mfa-migrate help ro") == ["rollback"]
    assert offered(planned, "bash", "mfa-migrate help when") == ["when-things-go-wrong"]
    assert offered(planned, "bash", "mfa-migrate people sms") == ["sms-voice-only"]


def test_names_with_blanks_are_offered_as_each_shell_takes_them(planned: Lab) -> None:
    assert "to\\ 10%" in offered(planned, "bash", "mfa-migrate show --wave to")
    assert offered(planned, "bash", "mfa-migrate show --wave to\\ 10").count("to\\ 10%") == 1
    assert any(line.startswith("'to 10%'") for line in offered(planned, "powershell", "mfa-migrate show --wave to"))
    assert any(line.startswith("to 10%") for line in offered(planned, "fish", "mfa-migrate show --wave "))
    assert '"to 10%"' in "\n".join(offered(planned, "zsh", "mfa-migrate show --wave "))


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_itself_puts_such_a_name_into_the_line_as_one_word(planned: Lab) -> None:
    script = subprocess.run(
        [sys.executable, "-m", "migrate", "--show-completion", "bash"],
        cwd=planned.folder,
        env=environment(_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"),
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    ).stdout
    function = next(line for line in script.splitlines() if line.endswith("() {")).removesuffix("() {").strip()
    words = ("mfa-migrate", "show", "--wave", "to\\ 1")
    line = f"""
mfa-migrate() {{ "{sys.executable}" -m migrate "$@"; }}
{script.replace("$1", f"env {sys.executable} -m migrate")}
COMP_WORDS=({" ".join(f"'{word}'" for word in words)}); COMP_CWORD=3
{function} "mfa-migrate" "{words[-1]}" "--wave"
eval "set -- ${{COMPREPLY[0]}}"
printf '%s|' "$#" "$1"
"""
    shown = subprocess.run(
        ["bash", "-c", line],
        cwd=planned.folder,
        env=environment(MFA_MIGRATE_WORKSPACE=str(planned.workspace), MFA_MIGRATE_CONFIG=str(planned.config)),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert shown.stdout == "1|to 10%|", shown.stderr + script


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_itself_offers_closed_values_and_the_waves_of_the_last_plan(planned: Lab) -> None:
    script = subprocess.run(
        [sys.executable, "-m", "migrate", "--show-completion", "fish"],
        env=environment(_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"),
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    ).stdout
    program = planned.folder / "mfa-migrate"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m migrate "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    lines = ("set-state --state En", "show --wave can", "apply --until policies")
    asked = "\n".join(f"complete -C 'mfa-migrate {line}'" for line in lines)
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"{script}\n{asked}"],
        cwd=planned.folder,
        env=environment(
            PATH=f"{planned.folder}{os.pathsep}{os.environ['PATH']}",
            HOME=str(planned.folder),
            MFA_MIGRATE_WORKSPACE=str(planned.workspace),
            MFA_MIGRATE_CONFIG=str(planned.config),
        ),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    values = [line.partition("\t")[0] for line in done.stdout.splitlines()]
    assert values == ["Enabled", "Enforced", "canary", "policies-on"], done.stderr


def test_where_no_plan_can_be_read_nothing_is_offered_and_nothing_is_said(planned: Lab) -> None:
    here = ["mfa-migrate", "--workspace", os.devnull, "show", "--wave", ""]
    assert "".join(offered(planned, "bash", " ".join(here))) == ""


def test_every_value_of_a_closed_option_is_offered() -> None:
    for kind in (OutputFormat, Cloud, SignInMethod):
        assert [value for value, _ in offers(kind)("")] == [each.value for each in kind]
