"""Signing in to a sandbox in every way by typed commands, and operators of every sort without a line of Python."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.commands.wiring import with_secrets
from migrate.graph.browser import can_open
from migrate.graph.session import Connection
from migrate.model.access import SignInMethod
from migrate.model.permissions import READ_SET
from tests.e2e.contact import CLIENT, ContactLab, contact_lab
from tests.e2e.laboratory import run_apart

HOME = "99999999-1111-2222-3333-444444444444"
PARTNER = "op@partner.example"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContactLab]:
    """Yield a lab whose stand-ins were written by the command."""
    with contact_lab(tmp_path_factory.mktemp("ways")) as served:
        served.go("sandbox", "grant", "read")
        served.go("sandbox", "ways", str(served.folder / "stand-ins"))
        yield served


@pytest.fixture(autouse=True)
def _display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")  # the scripted browser is asked only where a window could open


def ways(lab: ContactLab) -> list[dict[str, str]]:
    found: list[dict[str, str]] = lab.go("sandbox", "ways", str(lab.folder / "stand-ins"), "-o", "json").document[
        "ways"
    ]
    return found


def environment_of(command: str) -> dict[str, str]:
    assigned = command.split(" mfa-migrate ")[0] if " mfa-migrate " in command else ""
    return {name: value.strip('"') for name, value in (part.split("=", 1) for part in assigned.split())}


def test_every_way_is_shown_with_its_command(lab: ContactLab) -> None:
    found = ways(lab)
    assert {way["kind"] for way in found} == {way.value for way in SignInMethod} - {"auto"}
    for way in found:
        assert f"--config {lab.config} --sign-in {way['kind']}" in way["command"]


@pytest.mark.parametrize("number", range(2, 10))
def test_an_application_signs_in_as_the_command_says(
    lab: ContactLab, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = ways(lab)[number]
    for name, value in environment_of(way["command"]).items():
        monkeypatch.setenv(name, value.replace("$PATH", "/usr/bin:/bin"))
    if way["before"].startswith("openssl"):
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        subprocess.run(way["before"].split(), check=True, timeout=240)
    found = lab.go("whoami", "--sign-in", way["kind"], "-o", "json").document
    assert (found["kind"], found["clientId"], found["signedInBy"]) == ("application", CLIENT, way["kind"])
    assert found["missing"] == []


MADE = ("sandbox", "operator", PARTNER, "--home", HOME, "--role", "Global Reader")


def test_a_partner_is_made_by_a_command(lab: ContactLab) -> None:
    lab.go(*MADE, "--unknown")
    found = lab.as_person(PARTNER, "whoami", "--sign-in", "browser", "-o", "json").document
    assert (found["kind"], found["homeIsServiceProvider"]) == ("person", False)
    lab.go(*MADE)
    again = lab.as_person(PARTNER, "whoami", "--sign-in", "browser", "-o", "json").document
    assert (again["kind"], again["homeTenant"]) == ("partner", HOME)


@pytest.mark.long
def test_the_written_browser_signs_a_partner_in(lab: ContactLab) -> None:
    lab.go(*MADE)
    lab.go("sandbox", "ways", str(lab.folder / "partner"), "--user", PARTNER)
    words = lab.words("whoami", "--sign-in", "browser", "-o", "json")
    ran = run_apart(words, cwd=lab.folder, BROWSER=str(lab.folder / "partner" / "browser"))
    assert ran.code == 0, ran.said
    assert (ran.document["kind"], ran.document["homeTenant"]) == ("partner", HOME)


def test_roles_come_and_go_by_command(lab: ContactLab) -> None:
    alma, role = f"alma.berg@{lab.tenant.domain}", "authentication-policy-administrator"
    assert lab.as_person(alma, "export", "--sign-in", "browser").code == 4
    lab.go("sandbox", "operator", alma, "--role", "Global Reader", "--eligible", role)
    shown = lab.as_person(alma, "whoami", "--sign-in", "browser").out
    assert "Roles:     Global Reader" in shown
    assert "Eligible:  Authentication Policy Administrator" in shown
    lab.go("sandbox", "operator", alma, "--without", "Global Reader")
    assert "Global Reader" not in lab.as_person(alma, "whoami", "--sign-in", "browser").out


def test_permissions_are_granted_by_name_and_by_set(lab: ContactLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_MIGRATE_CLIENT_SECRET", "any")
    lab.go("sandbox", "grant", "read", "Directory.ReadWrite.All", "--without", "Policy.Read.All")
    found = lab.go("whoami", "-o", "json").document
    assert (found["missing"], found["surplus"]) == (["Policy.Read.All"], ["Directory.ReadWrite.All"])
    lab.go("sandbox", "grant", "read")
    assert lab.sign_in.grants[CLIENT] == frozenset(READ_SET)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("operator", "alma.berg@contoso.example"), "Nothing is said about this operator"),
        (("operator", "alma.berg@contoso.example", "--role", "Emperor"), "'Emperor' is no role"),
        (("operator", PARTNER, "--home", HOME, "--eligible", "Global Reader"), "come from the relationship alone"),
        (("operator", "nobody@contoso.example", "--role", "Global Reader"), "names no user"),
        (("grant", "read", "--without", "Mail.Read"), "names what was not given: Mail.Read"),
    ],
)
def test_what_cannot_be_is_told(lab: ContactLab, words: tuple[str, ...], said: str) -> None:
    assert said in lab.go("sandbox", *words, code=2).err


def test_ways_need_a_sandbox_that_serves_https(lab: ContactLab) -> None:
    ran = lab.go("sandbox", "ways", "x", "--endpoint", "http://127.0.0.1:9", code=2)
    assert "serves HTTPS" in ran.err


# --- the prompt, and the browser that the environment names ---------------------------------------------------------


class Terminal:
    """What answers are read from."""

    def __init__(self, *, is_one: bool = True) -> None:
        self._is_one = is_one

    def isatty(self) -> bool:
        return self._is_one


def asked(connection: Connection, stdin: Any, answer: str = "typed") -> tuple[Connection, list[str]]:
    questions: list[str] = []

    def ask(question: str, *, hide_input: bool, err: bool, **_: object) -> str:
        assert hide_input
        assert err
        questions.append(question)
        return answer

    return with_secrets(connection, stdin, ask), questions


def test_a_secret_is_asked_for_where_a_terminal_is_there_and_none_is_set() -> None:
    lacks = Connection(auth=SignInMethod.CLIENT_SECRET, client_id=CLIENT)
    found, questions = asked(lacks, Terminal())
    assert (found.client_secret, questions) == ("typed", [f"Client secret of {CLIENT}"])
    assert asked(lacks, Terminal(is_one=False))[1] == []
    assert asked(lacks, None)[1] == []
    holds = Connection(auth=SignInMethod.CLIENT_SECRET, client_secret="set")
    assert asked(holds, Terminal()) == (holds, [])
    assert asked(Connection(auth=SignInMethod.BROWSER), Terminal())[1] == []


def test_the_password_of_a_pfx_is_asked_for_and_may_be_none() -> None:
    lacks = Connection(auth=SignInMethod.CERTIFICATE, certificate_path=Path("app.PFX"))
    assert asked(lacks, Terminal())[0].certificate_password == "typed"
    assert asked(lacks, Terminal(), "")[0].certificate_password is None
    pem = Connection(auth=SignInMethod.CERTIFICATE, certificate_path=Path("app.pem"))
    assert asked(pem, Terminal())[1] == []


@pytest.mark.parametrize(
    ("named", "opens"),
    [
        ("/home/ada/open-at-home", True),
        ("firefox %s &", True),
        ("lynx", False),
        ("/usr/bin/w3m %s", False),
        ("", False),
    ],
)
def test_a_browser_that_the_environment_names_counts_unless_it_takes_the_terminal(named: str, opens: bool) -> None:
    assert can_open("linux", "6.8", {"BROWSER": named}) is opens
