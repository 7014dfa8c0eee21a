"""`help`: the pages of the documentation, inside the program. It reads no configuration, which may be what is wrong."""

from __future__ import annotations

import os
import sys
from typing import Annotated, get_args

import typer

from migrate.commands.completing import offer_topics
from migrate.commands.options import GLOBALS, with_globals
from migrate.settings import GlobalOptions
from migrate.views.pages import OPTIONS, options_page, page_about, show_page, topic_lines, topics
from migrate.views.wrapping import columns_of


@with_globals
def show_help(
    context: typer.Context,
    typed: GlobalOptions,
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", autocompletion=offer_topics, help="A page, or a command.")
    ] = None,
) -> None:
    """Show a page of the documentation, the help of a command, or the list of pages.

    Where a page and a command have one name, this is the page; COMMAND --help is about the command.

    \b
    Examples:
        mfa-migrate help
        mfa-migrate help configuration
        mfa-migrate help options
        mfa-migrate help plan
    """
    root = context.find_root().command
    if topic is not None and topic in getattr(root, "commands", {}) and topic not in topics():
        root.main(args=[topic, "--help"], prog_name="mfa-migrate", standalone_mode=False)
        return
    if topic is None:
        sys.stdout.write("\n".join(topic_lines(columns_of(sys.stdout))) + "\n")
        return
    text = options_page(global_options()) if topic == OPTIONS else page_about(topic, getattr(root, "commands", {}))
    show_page(text, sys.stdout, color=not (typed.no_color or os.environ.get("NO_COLOR")))


def global_options() -> dict[str, str]:
    """Return every global option as it is typed, with what it is for."""
    options = {}
    for annotation in GLOBALS.values():
        option = get_args(annotation)[1]
        # In an Annotated, Typer takes the first spelling in the place of the default.
        spellings = [str(name) for name in (option.default, *(option.param_decls or ()))]
        names = ", ".join(sorted(spellings, key=len))
        options[f"{names} {option.metavar}" if option.metavar else names] = option.help
    return options
