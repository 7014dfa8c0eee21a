"""What is said of a file or folder that somebody names and that is not there, is something else, or cannot be read.

Whoever opens one says it through here, so that every command says the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migrate.errors import BadInput, UsageProblem

_AGAIN = "then type the same command again."


@contextmanager
def reading_named(path: Path, *, kind: type[UsageProblem] = BadInput, hint: str = "") -> Iterator[None]:
    """Turn whatever the system says while a file is opened and read into a refusal that names it.

    Args:
        path: The file, as it was named.
        kind: The error that is raised.
        hint: What the file is or who names it, before the usual advice; whole sentences.
    """
    try:
        yield
    except OSError as problem:
        raise unreadable(path, problem, kind=kind, hint=hint) from problem


def unreadable(
    path: Path, problem: OSError, *, kind: type[UsageProblem] = BadInput, hint: str = "", a_folder: bool = False
) -> UsageProblem:
    """Return the refusal of what cannot be opened or read; `a_folder` where a folder was asked for."""
    thing, other = ("folder", "file") if a_folder else ("file", "folder")
    if isinstance(problem, FileNotFoundError):
        what, advice = f"There is no {thing} {path}.", "Check the name and where it lies,"
    elif _is(other, path):
        what, advice = f"{path} is a {other}, not a {thing}.", f"Name a {thing},"
    elif isinstance(problem, PermissionError):
        what = f"{path} may not be read by this account: {problem.strerror}."
        advice = "Get the right to read it, or close the program that holds it open,"
    else:
        what, advice = f"{path} cannot be read: {problem.strerror or problem}.", "Check the name and the disk,"
    return kind(what, hint=f"{hint} {advice} {_AGAIN}".lstrip())


def empty(name: str, *, of: str = "", hint: str = "") -> BadInput:
    """Return the refusal of a file in which nothing stands; `of` says what should, as in "the columns A, B"."""
    what = f"{name} is empty; it should begin with {of}." if of else f"{name} is empty."
    return BadInput(what, hint=f"{hint} Make it again or give another one, {_AGAIN}".lstrip())


def refuse_no_file(path: Path, *, kind: type[UsageProblem] = BadInput, hint: str = "") -> None:
    """Raise for a file that cannot be read, or that is empty; arguments as of `reading_named`.

    Nothing is read of it: what comes through a pipe comes once.
    """
    with reading_named(path, kind=kind, hint=hint):
        if path.exists() and not (path.is_file() or path.is_dir()):
            return
        with path.open("rb"):
            holds_nothing = path.stat().st_size == 0
    if holds_nothing:
        raise empty(str(path), hint=hint)


def refuse_no_folder(path: Path, *, kind: type[UsageProblem] = BadInput, hint: str = "") -> None:
    """Raise for a folder that is none or cannot be read; arguments as of `reading_named`."""
    try:
        next(path.iterdir(), None)
    except OSError as problem:
        raise unreadable(path, problem, kind=kind, hint=hint, a_folder=True) from problem


def _is(thing: str, path: Path) -> bool:
    try:
        return path.is_dir() if thing == "folder" else path.is_file()
    except OSError:
        return False  # then what the system said is all that is known
