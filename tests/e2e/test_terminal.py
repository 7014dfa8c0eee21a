"""At a real terminal: the question, the answers to it, the progress line, and colour."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from migrate.sandbox.company import company
from tests.e2e.laboratory import Lab, environment

if sys.platform == "win32":
    pytest.skip("pseudo-terminals of this kind are POSIX", allow_module_level=True)

import pty

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Terminal:
    """A command whose stdin, stdout and stderr are one pseudo-terminal."""

    def __init__(self, lab: Lab, *words: str, **variables: str) -> None:
        self._own, theirs = pty.openpty()
        self._seen = b""
        self._typed_at = 0
        env = environment(TERM="xterm-256color", COLUMNS="120", LINES="40", **variables)
        env.pop("NO_COLOR", None) if "NO_COLOR" not in variables else None
        self._process = subprocess.Popen(
            [sys.executable, "-m", "migrate", *lab.words(*words)], env=env, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._own)

    @property
    def text(self) -> str:
        """Return everything shown so far."""
        return self._seen.decode("utf-8", errors="replace")

    def wait_for(self, words: str, seconds: float = 60) -> None:
        """Read until these words are shown."""
        deadline = time.monotonic() + seconds
        while words not in ESCAPES.sub("", self.text):
            assert time.monotonic() < deadline, f"{words!r} never came: {self.text}"
            assert self._read(), f"it ended without {words!r}: {self.text}"

    def wait_for_prompt(self) -> None:
        """Read until a line is awaited: what is typed before that is thrown away."""
        while b"\n" not in self._seen[self._typed_at :] or not ESCAPES.sub("", self.text).endswith("> "):
            assert self._read(), self.text

    def type(self, line: str) -> None:
        """Type a line."""
        self._typed_at = len(self._seen)
        os.write(self._own, line.encode() + b"\n")

    def send_signal(self, number: int) -> None:
        """Send a signal, as the terminal does for Ctrl-C."""
        self._process.send_signal(number)

    def end(self, seconds: float = 60) -> int:
        """Read to the end and return the exit code."""
        deadline = time.monotonic() + seconds
        while self._read():
            assert time.monotonic() < deadline, self.text
        return self._process.wait(timeout=240)

    def _read(self) -> bool:
        """Read what is there; return False at the end."""
        if not select.select([self._own], [], [], 0.2)[0]:
            return True
        try:
            read = os.read(self._own, 65536)
        except OSError:  # Linux says so when the other side is closed
            return False
        self._seen += read
        return bool(read)


@pytest.fixture
def planned(lab: Lab) -> Lab:
    lab.go("export")
    lab.go("plan")
    return lab


def test_apply_shows_what_it_will_do_and_asks_for_the_domain(planned: Lab) -> None:
    before = planned.states()
    with Terminal(planned, "apply", "--skip-settle", "lab") as terminal:
        terminal.wait_for("Type contoso.example to go on: ")
        shown = ESCAPES.sub("", terminal.text)
        header = planned.plan_header()
        users = sum(wave["users"] for wave in header["waves"])
        assert f"Contoso (contoso.example, {planned.tenant.id})" in shown
        assert f"SANDBOX {planned.url}" in shown
        assert f"Cloud:    global, a sandbox at {planned.url}" in shown
        assert shown.count("SANDBOX") == 1
        assert f"per-user MFA of {users} of 60 will be disabled" in shown
        assert f"Now:      all waves, {users} users: " in shown
        assert "mfa-migrate rollback" in shown
        assert planned.states() == before, "nothing is sent before the answer"
        terminal.type("Contoso.Example")
        assert terminal.end() == 0, terminal.text
    assert "The apply is through." in terminal.text
    planned_names = [name for name, row in planned.plan_rows().items() if row["Action"] == "disable"]
    assert {planned.states()[name] for name in planned_names} == {"disabled"}


@pytest.mark.parametrize("answer", ["contoso", "yes", ""])
def test_a_wrong_answer_changes_nothing(planned: Lab, answer: str) -> None:
    before = planned.states()
    with Terminal(planned, "apply", "--skip-settle", "lab") as terminal:
        terminal.wait_for("to go on: ")
        terminal.type(answer)
        assert terminal.end() == 3, terminal.text
    assert "The domain was not typed as shown." in terminal.text
    assert "Nothing was changed." in terminal.text
    assert planned.states() == before
    assert not (planned.workspace / "rollback.csv").exists()


def test_what_is_typed_before_the_question_is_not_its_answer(planned: Lab) -> None:
    before = planned.states()
    with Terminal(planned, "apply", "--skip-settle", "lab") as terminal:
        terminal.type("contoso.example")
        terminal.wait_for("Type contoso.example to go on: ")
        terminal.type("no")
        assert terminal.end() == 3, terminal.text
    assert "The domain was not typed as shown." in terminal.text
    assert planned.states() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--until", "policies-on"), "Now:      up to policies-on, 0 users"),
        (("--until", "wave:2"), "Now:      up to wave:2, {} users: "),
        (("--wave", "2"), "Now:      wave 2, {} users: "),
    ],
)
def test_apply_says_how_far_it_goes_now_before_it_asks(planned: Lab, words: tuple[str, str], told: str) -> None:
    users = [wave["users"] for wave in planned.plan_header()["waves"]]
    with Terminal(planned, "apply", *words) as terminal:
        terminal.wait_for("Type contoso.example to go on: ")
        assert told.format(users[1] if words[0] == "--wave" else users[0] + users[1]) in ESCAPES.sub("", terminal.text)


def test_rollback_asks_too(planned: Lab) -> None:
    planned.go("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--until", "wave:1")
    off = planned.states()
    with Terminal(planned, "apply", "--until", "wave:1") as terminal:
        assert terminal.end() == 0, terminal.text
        assert "Nothing is left to do: up to wave:1, 3 done before." in ESCAPES.sub("", terminal.text)
    waves = planned.plan_header()["waves"]
    with Terminal(planned, "apply", "--until", "wave:2") as terminal:
        terminal.wait_for("to go on: ")
        told = ESCAPES.sub("", terminal.text)
        assert f"Now:      up to wave:2, {waves[1]['users']} users to do (3 done before): " in told
        assert "alma.berg" not in told
        terminal.type("no")
        assert terminal.end() == 3
    counted = ("apply", "--what-if", "--until", "wave:2", "--skip-settle", "lab", "--max-users")
    planned.go(*counted, str(waves[1]["users"]))
    assert planned.run(*counted, str(waves[1]["users"] - 1)).code == 3
    with Terminal(planned, "rollback") as terminal:
        terminal.wait_for("to go on: ")
        terminal.type("no")
        assert terminal.end() == 3
    assert planned.states() == off
    who = f"Named:    Alma Berg, {planned.name_of('alma.berg')}, {planned.id_of('alma.berg')}"
    for words in (("rollback", "--users", "alma berg"), ("set-state", "--state", "Enabled", "--user", "Alma Berg")):
        ask_first = ("--confirm",) if words[0] == "set-state" else ()
        with Terminal(planned, *words, *ask_first) as terminal:
            terminal.wait_for("to go on: ")
            assert who in ESCAPES.sub("", terminal.text)
            terminal.type("no")
            assert terminal.end() == 3
    with Terminal(planned, "rollback") as terminal:
        terminal.wait_for("Type contoso.example to go on: ")
        assert "3 will be rolled back" in terminal.text
        terminal.type("contoso.example")
        assert terminal.end() == 0, terminal.text
    assert planned.state_of("alma.berg") == "enforced"


def test_a_progress_line_shows_how_far_it_is_with_rate_and_time_to_go(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(company(1, 1500), latency_ms=60)
    with Terminal(lab, "export") as terminal:
        assert terminal.end() == 0, terminal.text
    shown = ESCAPES.sub("", terminal.text)
    assert "Reading users" in shown
    assert re.search(r"Reading per-user MFA states .*[\d,]+/1,500 [\d,]+/s ETA \d", shown), shown
    with Terminal(lab, "export", "--no-progress") as terminal:
        assert terminal.end() == 0, terminal.text
    assert "ETA" not in terminal.text
    assert "\r" not in terminal.text.replace("\r\n", "")


@pytest.mark.parametrize(
    ("words", "variables", "coloured"),
    [([], {}, True), (["--no-color"], {}, False), ([], {"NO_COLOR": "1"}, False)],
)
def test_colour_is_for_terminals_and_can_be_switched_off(
    exported: Lab, words: list[str], variables: dict[str, str], coloured: bool
) -> None:
    with Terminal(exported, "show", *words, **variables) as terminal:
        assert terminal.end() == 0
    assert bool(COLOUR.search(terminal.text)) == coloured
    assert "SANDBOX" in terminal.text
    assert "Held back" in terminal.text


@pytest.mark.parametrize("words", [("apply",), ("rollback",)], ids=lambda words: words[0])
def test_ctrl_c_at_the_question_ends_at_once_and_frees_the_folder(
    make_lab: Callable[..., Lab], words: tuple[str, ...]
) -> None:
    lab = make_lab(users=30)
    lab.go("export")
    lab.go("plan")
    if words == ("rollback",):
        lab.go("apply", "--until", "wave:1", "--yes", "--max-users", "3")
    before = lab.go("audit", "verify", "-o", "json").document if words == ("rollback",) else None
    with Terminal(lab, *words) as terminal:
        terminal.wait_for("to go on:")
        terminal.send_signal(signal.SIGINT)
        assert terminal.end(seconds=30) == 130
        assert "Interrupted at the question." in terminal.text
        assert "Nothing was changed." in terminal.text
    if before is not None:
        assert lab.go("audit", "verify", "-o", "json").document == before
    lab.go("apply", "--what-if")


def test_notify_shows_one_message_and_asks_where_to_write_them(planned: Lab) -> None:
    with Terminal(planned, "notify", "before-wave") as terminal:
        assert terminal.end() == 0, terminal.text
    shown = ESCAPES.sub("", terminal.text)
    assert shown.count("Subject: ") == 1
    assert "This is the first of " in shown
    assert "Nothing was written yet. Add --to FILE" in shown
    assert "<p>" not in shown
