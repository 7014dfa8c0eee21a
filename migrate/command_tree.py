"""The tree of commands: each loaded and made when it is typed, with the global options folded in its help."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import partial
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from migrate.commands.options import PANEL

FOLDED = "Global options, such as -o json and --workspace DIR: mfa-migrate help options"
"""What the help of each command says instead of the sixteen options that all of them take."""


class FoldedCommand(TyperCommand):
    """A command whose help shows its own options; the global ones are one line."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options."""
        _write_options(self, ctx, formatter)


class FoldedGroup(TyperGroup):
    """A group, or the program itself, with the same, and with what each command does told to its end."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's own makes all of them to list their names
        """Return the names of the commands below, in the order of the program."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands below with their first sentences whole."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [
            (name, one.get_short_help_str(limit=1_000)) for name, one in found if one is not None and not one.hidden
        ]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, options and the commands below."""
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)


_TYPE = re.compile(r"<(str|int|int range|float|float range|path)>", re.IGNORECASE)
_VALUES = re.compile(r" <[^>]*>")


def _as_people_read(kind: str, written: str) -> str:
    """Return an argument or option without the type of Python that its value becomes.

    What stands for an argument says enough; the values of an option stay where they are few.
    """
    if kind == "argument":
        return _VALUES.sub("", written)
    return _TYPE.sub(lambda found: {"str": "TEXT", "path": "PATH"}.get(found[1].lower(), "N"), written)


def _write_options(command: TyperCommand | TyperGroup, ctx: Any, formatter: Any) -> None:
    shown = [one for one in command.get_params(ctx) if getattr(one, "rich_help_panel", None) != PANEL]
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        records = [one.get_help_record(ctx) for one in shown if one.param_type_name == kind]
        # Which type of Python a value becomes tells nobody anything; where the values are few, it names them.
        rows = [(_as_people_read(kind, record[0]), record[1]) for record in records if record is not None]
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)
    if len(shown) < len(command.get_params(ctx)):
        formatter.write_paragraph()
        formatter.write_text(FOLDED)


class MadeOnDemand(Mapping[str, Any]):
    """The commands by name, each made of its function when it is asked for: a command line needs one of them."""

    def __init__(self, made_by: Mapping[str, Callable[[], Any]]) -> None:
        self._made_by = made_by
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._made_by[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made_by)

    def __len__(self) -> int:
        return len(self._made_by)


def command_at(place: str) -> Any:
    """Return the function of a command, or the app of a group, that stands at a place below `migrate.commands`."""
    module, _, name = place.rpartition(".")
    return getattr(import_module(f"migrate.commands.{module}"), name)


def _command(name: str, places: Mapping[str, str]) -> Any:
    """Return the command or group of this name as Typer makes it; a group takes in what stands elsewhere."""
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    found = command_at(places[name])
    if not isinstance(found, typer.Typer):
        alone.command(name=name, cls=FoldedCommand)(found)
        return typer.main.get_command(alone)
    group = copy(found)
    group.info = copy(found.info)
    group.info.cls = FoldedGroup
    group.registered_commands = list(found.registered_commands)
    for below in places:
        if below.startswith(f"{name} "):
            group.command(name=below.removeprefix(f"{name} "))(command_at(places[below]))
    for registered in group.registered_commands:
        registered.cls = FoldedCommand
    alone.add_typer(group)
    return typer.main.get_command(alone).commands[name]  # type: ignore[attr-defined]


def program_of(app: typer.Typer, places: Mapping[str, str]) -> Any:
    """Return the program as Typer makes it of an app, with each command to be loaded and made on demand.

    Args:
        app: What is typed before a command.
        places: Where each command stands, by its name.
    """
    root: Any = typer.main.get_command(app)
    root.commands = MadeOnDemand({name: partial(_command, name, places) for name in places if " " not in name})
    return root
