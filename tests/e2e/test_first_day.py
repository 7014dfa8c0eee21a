"""The run-book's first day: from a tenant where nothing was consented to, to the first table of states."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.e2e.contact import ContactLab, contact_lab
from tests.e2e.laboratory import ROOT

ALMA = "alma.berg@contoso.example"


def commands_of_the_first_day() -> list[str]:
    """Return the commands of the run-book's section, as they are typed."""
    text = (ROOT / "docs" / "run-book.md").read_text(encoding="utf-8")
    section = text.split("## The first day", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("mfa-migrate ")]


def printed_on_the_first_day() -> list[tuple[str, list[str]]]:
    """Return each command of the run-book's screen with the pieces of what it prints, in order."""
    text = (ROOT / "docs" / "run-book.md").read_text(encoding="utf-8")
    section = text.split("## The first day", 1)[1].split("\n## ", 1)[0]
    (screen,) = re.findall(r"```text\n(.*?)```", section, re.DOTALL)
    found = []
    for part in screen.split("$ ")[1:]:
        command, *lines = part.splitlines()
        pieces = [" ".join(piece.split()) for line in lines for piece in line.split("…")]
        found.append((command, [piece for piece in pieces if piece]))
    return found


def assert_prints(said: str, pieces: list[str]) -> None:
    """Look for the pieces in what was printed, one after the other; how lines are wrapped and set is another matter."""
    left = " ".join(said.split())
    for piece in pieces:
        before, found, left = left.partition(piece)
        assert found, f"{piece!r} is not in: {before}"


def test_the_first_day_leads_to_the_first_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.chdir(tmp_path)
    with contact_lab(tmp_path / "first", consent="asked") as lab:
        lab.signs_in("auto", emergency_access="")
        with lab.web() as client:
            role = {"user": ALMA, "assign": "f2ef992c-3afb-46b9-b7cf-a126ee74c451"}
            client.post("/_sandbox/change", json=role).raise_for_status()
        typed, answers, printed = 0, 0, []
        for line in commands_of_the_first_day():
            words = [word.replace("contoso.example", lab.tenant.domain) for word in shlex.split(line)[1:]]
            typed += 1
            ran = lab.as_person(ALMA, *words)
            printed.append((line, ran.err + ran.out))
            if ran.code == 4:
                # Nothing is consented to yet: an administrator gets the link and agrees, and it is typed again.
                answers += ran.err.count("To sign in, open")
                (link,) = re.findall(r"https://\S+adminconsent\S+", ran.err)
                _agree(lab, link)
                answers, typed = answers + 1, typed + 1
                ran = lab.as_person(ALMA, *words)
                printed.append((line, ran.err + ran.out))
            assert ran.code in (0, 1), f"{line}: {ran.said}"
            answers += ran.err.count("To sign in, open")
        shown = ran.out
    assert [line for line, _ in printed] == [command for command, _ in printed_on_the_first_day()]
    for (_, said), (_, pieces) in zip(printed, printed_on_the_first_day(), strict=True):
        assert_prints(said, pieces)
    assert "Per-user MFA" in shown
    for state in ("disabled", "enabled", "enforced"):
        assert state in shown
    assert (typed, answers) == (5, 5), "four commands, one of them twice; four sign-ins and one consent"


def _agree(lab: ContactLab, link: str) -> None:
    with lab.web() as client:
        assert "admin_consent=True" in client.get(link).headers["location"]
