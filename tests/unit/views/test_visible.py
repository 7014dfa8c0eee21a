"""Text from outside is shown as what it is."""

from __future__ import annotations

import io
import json
import logging
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.errors import FolderProblem
from migrate.model.waits import Waiting, WaitKind
from migrate.views.log_file import log_handler
from migrate.views.screen import Answer, Screen, styled
from migrate.views.tables import table
from migrate.views.visible import visible, visible_json

HOSTILE = "Ada\x1b[2K\r\u202eevil\u200b\x9b31m\nError: nothing is covered\u2028x\ufeff\ue000\u3164"


@given(st.text())
def test_nothing_that_moves_or_hides_is_left(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and c != "\t"]


@given(st.text(st.characters(categories=["L", "N", "P", "Sm", "Zs"], exclude_characters="\u115f\u1160\u3164\uffa0")))
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(st.text())
def test_json_reads_back_the_same(text: str) -> None:
    assert json.loads(visible_json(json.dumps(text, ensure_ascii=False))) == text


def a_screen(output: str = "table") -> Screen:
    return Screen(
        output=output, quiet=False, verbose=True, color=False, progress=False, sandbox=None,
        stdout=io.StringIO(), stderr=io.StringIO(),
    )  # fmt: skip


@pytest.mark.parametrize("output", ["table", "json", "ndjson"])
def test_no_name_steers_the_terminal(output: str) -> None:
    screen = a_screen(output)
    answer = Answer(
        kind="x",
        document={"name": HOSTILE},
        columns=("Name",),
        rows=lambda: [(HOSTILE,)],
        lines=lambda: [HOSTILE, styled(HOSTILE, "bold"), table(["Name"], [(HOSTILE,)], title=HOSTILE)],
    )
    screen.show(answer)
    for say in (screen.say, screen.warn, screen.warn_plainly, screen.detail, screen.note):
        say(HOSTILE)
    screen.waiting(Waiting(kind=WaitKind.TRYING_AGAIN, name=HOSTILE, said=HOSTILE), 5)
    printed = screen.stdout.getvalue() + screen.stderr.getvalue()  # type: ignore[attr-defined]
    assert not set(printed) & set("\x1b\r\u202e\u200b\x9b\u2028\ufeff")
    assert not any(line.startswith("Error:") for line in printed.splitlines())


def test_a_log_is_for_its_owner_keeps_lines_and_follows_no_link(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.touch(mode=0o644)
    handler = log_handler(path)
    handler.emit(logging.LogRecord("migrate", logging.INFO, "", 0, "%s", (HOSTILE,), None))
    handler.close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1
    (tmp_path / "planted.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FolderProblem, match="symbolic link"):
        log_handler(tmp_path / "planted.log")
    assert not (tmp_path / "elsewhere").exists()
