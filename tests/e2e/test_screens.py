"""The screens that people see most, in pseudo-terminals of three widths, with and without colour, as they are kept."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.laboratory import ROOT, environment

if sys.platform == "win32":
    pytest.skip("pseudo-terminals of this kind are POSIX", allow_module_level=True)

import pty

KEPT = ROOT / "tests" / "fixtures" / "screens"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def shown(columns: int, *words: str) -> str:
    """Return what a terminal of this width gets to see."""
    own, theirs = pty.openpty()
    env = environment(TERM="xterm-256color", COLUMNS=str(columns), LINES="60", PYTHONPATH=str(ROOT))
    env.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.golden_screens", *words],
        cwd=ROOT,
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while read := os.read(own, 65536):
            seen += read
    except OSError:  # Linux says so when the other side is closed
        pass
    finally:
        os.close(own)
        assert process.wait(timeout=240) == 0, seen.decode()
    return seen.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("color", [True, False], ids=["color", "plain"])
@pytest.mark.parametrize("columns", [60, 80, 140])
def test_the_screens_are_as_they_are_kept(columns: int, color: bool) -> None:
    kept: Path = KEPT / f"{columns}-{'color' if color else 'plain'}.txt"
    text = shown(columns, *([] if color else ["plain"]))
    if os.environ.get("UPDATE_SCREENS"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_colour_says_nothing_that_the_words_do_not_say(columns: int) -> None:
    colored = (KEPT / f"{columns}-color.txt").read_text(encoding="utf-8")
    plain = (KEPT / f"{columns}-plain.txt").read_text(encoding="utf-8")
    assert "\x1b[" in colored
    assert "\x1b[" not in plain
    assert ESCAPES.sub("", colored) == plain


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_no_line_is_cut_inside_a_word(columns: int) -> None:
    """What is longer than a line has no blank at which it could be divided, or is one command to be pasted."""
    text = (KEPT / f"{columns}-plain.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        whole = r"`[^`]*`|mfa-migrate .*|\d{4}-\d\d-\d\d \d\d:\d\d UTC( \([^)]*\))?"
        commands = re.sub(whole, "whole", line)
        assert len(line) <= columns or len(commands) <= columns or " " not in line.strip(), line
    assert "Switched on" in text
    assert "people are" in " ".join(text.split())
    assert text.count("SANDBOX") == 1, "once a screen"
