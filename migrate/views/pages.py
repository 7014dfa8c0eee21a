"""The pages of the documentation as the program itself shows them: `mfa-migrate help TOPIC`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import TextIO

from migrate.errors import UsageProblem

SHIPPED = Path(__file__).resolve().parent.parent / "pages"
"""Where an installed program has its pages."""
CHECKOUT = SHIPPED.parent.parent / "docs"
"""Where a checkout has them."""
OPTIONS = "options"
"""The topic that no page is about: the options that every command takes."""
NOT_FOR_USERS = frozenset({"architecture"})


def topics() -> list[str]:
    """Return the names of the pages."""
    return sorted(path.stem for path in _folder().glob("*.md") if path.stem not in NOT_FOR_USERS)


def page_about(topic: str, commands: Iterable[str] = ()) -> str:
    """Return the text of a page.

    Raises UsageProblem with the nearest topic, or command, where there is none of that name.
    """
    known = topics()
    if topic not in known:
        near = difflib.get_close_matches(topic.casefold(), [*known, OPTIONS, *commands], n=1, cutoff=0.6)
        pages = f"The pages are {', '.join([*known, OPTIONS])}; each command has its own, too."
        raise UsageProblem(
            f"There is no page about {topic!r}.", hint=f"Did you mean `mfa-migrate help {near[0]}`?" if near else pages
        )
    return (_folder() / f"{topic}.md").read_text(encoding="utf-8")


def topic_lines(columns: int | None) -> Iterator[str]:
    """Yield every topic with its title, within so many columns; None where there is no width."""
    yield "Pages, each shown by `mfa-migrate help PAGE`:"
    known = topics()
    width = max(map(len, known))
    for topic in known:
        head, colon, rest = page_about(topic).partition("\n")[0].lstrip("# ").partition(": ")
        title = rest if colon and head.casefold().replace(" ", "-") == topic else f"{head}{colon}{rest}"
        line = f"  {topic:<{width}}  {title}"
        yield line if columns is None else fill(line, columns, subsequent_indent=" " * (width + 4))
    yield f"  {OPTIONS:<{width}}  The options that every command takes"
    yield "Commands: `mfa-migrate --help`, and `mfa-migrate COMMAND --help`."


def options_page(options: Mapping[str, str]) -> str:
    """Return the page of the options that every command takes, from their spellings and what they are for."""
    rows = "\n".join(f"| `{spelt}` | {words} |" for spelt, words in options.items())
    return (
        "# Global options\n\nEvery command takes them, before and after its name. Each has a variable of the "
        "environment too: `MFA_MIGRATE_` and the option in capitals.\n\n"
        f"| option | meaning |\n|---|---|\n{rows}\n"
    )


def show_page(text: str, stdout: TextIO, *, color: bool) -> None:
    """Write a page: laid out on a terminal, as it is anywhere else."""
    if not stdout.isatty():
        stdout.write(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=stdout, color_system="auto" if color else None).print(Markdown(text, hyperlinks=False))


def _folder() -> Path:
    return SHIPPED if SHIPPED.is_dir() else CHECKOUT
