"""A file or folder that was named and cannot be read is refused in the same words whichever command it was for."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.models import ParameterInfo

from migrate.cli import COMMANDS, app
from migrate.command_tree import command_at
from migrate.errors import ConfigProblem, UsageProblem
from migrate.exchange.documents import audit_entries
from migrate.exchange.policy_files import read_policy_file
from migrate.exchange.reading import read_claims
from migrate.exchange.sign_in_files import recognised
from migrate.exchange.sign_in_kql import shapes_of
from migrate.exchange.sign_in_policy_kql import counts_policies
from migrate.named_files import refuse_no_file, refuse_no_folder, unreadable
from migrate.settings import GlobalOptions, settings_from
from migrate.store.folder import Workspace
from migrate.store.handed_folder import HandedFolder
from migrate.store.plan_files import read_plan
from migrate.store.rollback_files import read_rollback

FILES: dict[str, Callable[[Path], object]] = {
    "an old export": read_claims,
    "sign-ins": recognised,
    "sign-ins, reduced": lambda path: list(shapes_of([path])),
    "counts of policies": counts_policies,
    "a policy": read_policy_file,
    "audit.csv": lambda path: list(audit_entries(path)),
    "rollback.csv": lambda path: read_rollback(path, "tenant"),
    "plan.json": lambda path: read_plan(Workspace(path.parent), str(path)),
    "a certificate": refuse_no_file,
}
FOLDERS: dict[str, Callable[[Path], object]] = {"evidence": HandedFolder, "templates": refuse_no_folder}


def refusal(read: Callable[[Path], object], path: Path) -> UsageProblem:
    with pytest.raises(UsageProblem) as refused:
        read(path)
    assert refused.value.unchanged == "Nothing was changed."
    assert "then type the same command again." in refused.value.hint
    return refused.value


@pytest.mark.parametrize("read", FILES.values(), ids=FILES)
def test_a_file_that_is_not_there_or_a_folder_is_said_to_be_so(read: Callable[[Path], object], tmp_path: Path) -> None:
    gone = refusal(read, tmp_path / "nope.csv")
    assert gone.what == f"There is no file {tmp_path / 'nope.csv'}."
    assert "Check the name and where it lies, then" in gone.hint
    folder = refusal(read, tmp_path)
    assert folder.what == f"{tmp_path} is a folder, not a file."
    assert "Name a file, then" in folder.hint


@pytest.mark.parametrize("read", FILES.values(), ids=FILES)
def test_a_file_in_which_nothing_stands_is_empty_and_not_wrong(read: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "some.file"
    path.touch()
    refused = refusal(read, path)
    assert refused.what.startswith(f"{path} is empty")
    assert "Make it again or give another one, then" in refused.hint


@pytest.mark.parametrize("read", FOLDERS.values(), ids=FOLDERS)
def test_a_folder_that_is_not_there_or_a_file_is_said_to_be_so(read: Callable[[Path], object], tmp_path: Path) -> None:
    assert refusal(read, tmp_path / "nope").what == f"There is no folder {tmp_path / 'nope'}."
    path = tmp_path / "evidence.zip"
    path.touch()
    file = refusal(read, path)
    assert file.what == f"{path} is a file, not a folder."
    assert "Name a folder, then" in file.hint


def test_a_file_that_may_not_be_read_says_who_may_not_and_what_to_do(tmp_path: Path) -> None:
    refused = unreadable(tmp_path / "x.csv", PermissionError(13, "Permission denied"), hint="It is a list.")
    assert refused.what == f"{tmp_path / 'x.csv'} may not be read by this account: Permission denied."
    assert refused.hint == (
        "It is a list. Get the right to read it, or close the program that holds it open, "
        "then type the same command again."
    )


def test_whatever_else_the_system_says_is_passed_on(tmp_path: Path) -> None:
    refused = unreadable(tmp_path / "x.csv", OSError(5, "Input/output error"))
    assert refused.what == f"{tmp_path / 'x.csv'} cannot be read: Input/output error."


@pytest.mark.parametrize(("name", "said"), [("nope.toml", "There is no file {}."), ("", "{} is a folder, not a file.")])
def test_a_configuration_is_refused_in_the_same_words(name: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / name if name else tmp_path / "a.toml"
    if not name:
        path.mkdir()
    with pytest.raises(ConfigProblem) as refused:
        settings_from(GlobalOptions(config=str(path)), {}, tmp_path)
    assert refused.value.what == said.format(path)
    assert "--config" in refused.value.hint


def test_nothing_is_taken_out_of_a_pipe_by_looking_at_it(tmp_path: Path) -> None:
    mkfifo = getattr(os, "mkfifo", None)
    if mkfifo is None:
        pytest.skip("this system has no named pipes")
    mkfifo(tmp_path / "pipe")
    refuse_no_file(tmp_path / "pipe")  # opened, it would wait for a writer


def told_of_files(command: Any) -> Iterator[tuple[str, ParameterInfo]]:
    """Yield what Typer is told of each argument and option that takes a path: of a function, or of a group's."""
    if isinstance(command, Typer):
        for info in (*command.registered_commands, command.registered_callback):
            yield from told_of_files(info.callback) if info is not None else ()
        return
    for name, parameter in inspect.signature(command).parameters.items():
        if "Path" in str(parameter.annotation):
            yield from ((name, told) for told in parameter.annotation.__metadata__)


def test_no_option_refuses_a_file_in_other_words_before_it_is_opened() -> None:
    commands = [app, *(command_at(place) for place in COMMANDS.values())]
    found = [each for command in commands for each in told_of_files(command)]
    assert len(found) > 20
    assert [name for name, told in found if told.readable or told.exists] == []
