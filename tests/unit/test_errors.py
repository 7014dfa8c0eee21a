"""The error tree: each class owns its exit code, each message says what, what not, and what next."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest

from migrate import errors
from migrate.errors import NOTHING_CHANGED, ExitCode, MfaMigrateError


def tree(kind: type[MfaMigrateError] = MfaMigrateError) -> Iterator[type[MfaMigrateError]]:
    """Yield the classes of migrate/errors.py below `kind`."""
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from tree(child)


CLASSES = list(tree())


def test_the_docstring_draws_exactly_the_tree_that_is_there() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert sorted(drawn) == sorted(kind.__name__ for kind in CLASSES)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_class_has_a_sentence_and_an_exit_code_of_its_kind(kind: type[MfaMigrateError]) -> None:
    assert inspect.getdoc(kind)
    families = {
        "UsageProblem": 2,
        "Guarded": 3,
        "RemoteProblem": 4,
        "FolderProblem": 5,
        "Interrupted": 130,
        "NoAnswerInside": 1,
    }
    (family,) = {base.__name__ for base in kind.__mro__} & families.keys()
    assert kind.exit_code == families[family]


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if issubclass(kind, errors.UsageProblem)])
def test_whoever_typed_or_gave_something_wrong_is_always_told_what_to_do(kind: type[MfaMigrateError]) -> None:
    assert kind("It is torn.").hint.endswith(".")
    assert kind("It is torn.", hint="Mend it.").hint == "Mend it."


def test_an_error_nobody_classified_counts_as_a_bug() -> None:
    assert MfaMigrateError("x").exit_code is ExitCode.BUG


def test_an_error_carries_its_sentence_what_was_not_changed_and_a_hint() -> None:
    plain = errors.Unreachable("It is torn.")
    assert (str(plain), plain.what, plain.unchanged, plain.hint) == ("It is torn.", "It is torn.", NOTHING_CHANGED, "")
    full = errors.StalePlan("It is old.", unchanged="Two users were changed.", hint="Type this.")
    assert (full.unchanged, full.hint) == ("Two users were changed.", "Type this.")


def test_the_exit_codes_are_the_documented_numbers() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "FINDINGS": 1,
        "USAGE": 2,
        "GUARD": 3,
        "REMOTE": 4,
        "FOLDER": 5,
        "BUG": 70,
        "INTERRUPTED": 130,
    }


def test_that_a_reader_has_gone_is_no_error() -> None:
    assert not issubclass(errors.ReaderGone, MfaMigrateError)
