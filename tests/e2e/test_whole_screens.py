"""Whole commands as they are shown: in pseudo-terminals of three widths, with and without colour.

What differs from run to run, such as times, digests and the port, is written over by something of the same width. With
`UPDATE_SCREENS=1` in the environment the kept screens are written anew, to be looked at before they are committed.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.e2e.laboratory import ROOT, environment

if sys.platform == "win32":
    pytest.skip("pseudo-terminals of this kind are POSIX", allow_module_level=True)

import pty

KEPT = ROOT / "tests" / "fixtures" / "whole_screens"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
WIDTHS = (60, 80, 140)
CHANGING = (
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"), "0123456789abcdef" * 4),
    (re.compile(r"(?<![0-9a-z-])[0-9a-f]{12}(?![0-9a-z-])"), "0123456789ab"),
    (re.compile(r"127\.0\.0\.1:\d{5}"), "127.0.0.1:50000"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "2026-11-28T15:14:08Z"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"), "2026-11-28 15:14 UTC"),
)


def shown(columns: int, folder: Path, *words: str) -> str:
    """Return what a terminal of this width gets to see of all commands; the question is answered with a wrong name."""
    own, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    env = environment(TERM="xterm-256color", TZ="UTC", PYTHONPATH=str(ROOT))
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        env.pop(name, None)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.whole_screens", str(folder), *words],
        cwd=ROOT,
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen, answered = b"", False
    try:
        while read := os.read(own, 65536):
            seen += read
            if not answered and b"Type contoso.example to go on: " in seen:
                os.write(own, b"contoso\n")
                answered = True
    except OSError:  # Linux says so when the other side is closed
        pass
    finally:
        os.close(own)
        assert process.wait(timeout=240) == 0, seen.decode()
    text = seen.decode().replace("\r\n", "\n")
    for changing, fixed in CHANGING:
        text = changing.sub(fixed, text)
    return text


def kept(columns: int, color: bool) -> Path:
    return KEPT / f"{columns}-{'color' if color else 'plain'}.txt"


@pytest.mark.parametrize("color", [True, False], ids=["color", "plain"])
@pytest.mark.parametrize("columns", WIDTHS)
def test_whole_commands_are_shown_as_they_are_kept(columns: int, color: bool, tmp_path: Path) -> None:
    text = shown(columns, tmp_path, *([] if color else ["plain"]))
    path = kept(columns, color)
    if os.environ.get("UPDATE_SCREENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", WIDTHS)
def test_colour_says_nothing_that_the_words_of_a_command_do_not_say(columns: int) -> None:
    colored, plain = (kept(columns, color).read_text(encoding="utf-8") for color in (True, False))
    assert "\x1b[" in colored
    assert "\x1b[" not in plain
    assert ESCAPES.sub("", colored) == plain


@pytest.mark.parametrize("columns", WIDTHS)
def test_no_line_of_a_command_is_cut_inside_a_word_and_sandbox_is_said_once(columns: int) -> None:
    """What is longer than a line has no blank at which it could be divided, or is one command to be pasted."""
    text = kept(columns, color=False).read_text(encoding="utf-8")
    for line in text.splitlines():
        whole = re.sub(r"`[^`]*`|mfa-migrate .*|\d{4}-\d\d-\d\d \d\d:\d\d UTC", "whole", line)
        assert len(line) <= columns or len(whole) <= columns or " " not in line.strip(), line
    screens = text.split("\n$ mfa-migrate ")[1:]
    assert len(screens) == 27
    for screen in screens:
        assert screen.count("SANDBOX") <= 1, screen
