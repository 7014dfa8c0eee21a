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


def test_the_first_day_leads_to_the_first_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.chdir(tmp_path)
    with contact_lab(tmp_path / "first", consent="asked") as lab:
        lab.signs_in("auto", emergency_access="")
        with lab.web() as client:
            role = {"user": ALMA, "assign": "f2ef992c-3afb-46b9-b7cf-a126ee74c451"}
            client.post("/_sandbox/change", json=role).raise_for_status()
        typed, answers = 0, 0
        for line in commands_of_the_first_day():
            words = [word.replace("contoso.example", lab.tenant.domain) for word in shlex.split(line)[1:]]
            typed += 1
            ran = lab.as_person(ALMA, *words)
            if ran.code == 4:
                # Nothing is consented to yet: an administrator gets the link and agrees, and it is typed again.
                answers += ran.err.count("To sign in, open")
                (link,) = re.findall(r"https://\S+adminconsent\S+", ran.err)
                _agree(lab, link)
                answers, typed = answers + 1, typed + 1
                ran = lab.as_person(ALMA, *words)
            assert ran.code in (0, 1), f"{line}: {ran.said}"
            answers += ran.err.count("To sign in, open")
        shown = ran.out
    assert "Per-user MFA" in shown
    for state in ("disabled", "enabled", "enforced"):
        assert state in shown
    assert (typed, answers) == (5, 5), "four commands, one of them twice; four sign-ins and one consent"


def _agree(lab: ContactLab, link: str) -> None:
    with lab.web() as client:
        assert "admin_consent=True" in client.get(link).headers["location"]
