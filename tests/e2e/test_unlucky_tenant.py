"""The walk of docs/run-book.md through the unlucky tenant: every command, every line that is quoted, and its end."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant_file import load_tenant_file
from tests.e2e.laboratory import ROOT, ask, run_here, states_of

TITLE = "## An unlucky tenant, from the export to the end"
BLOCK = re.compile(r"```(toml|console)\n(.*?)```", re.DOTALL)
LATER = re.compile(r"# (\d+) days? later")
LEFT_OUT = ("room1", "room2", "svc-erp", "svc-backup", "scanner")
OFFICE, ELSEWHERE = "203.0.113.10", "198.51.100.9"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
OWN_APP = "5d0c9b1e-0000-4000-8000-000000000e0b"


def blocks() -> list[tuple[str, str]]:
    page = (ROOT / "docs" / "run-book.md").read_text(encoding="utf-8")
    section = page.partition(TITLE)[2].partition("\n## ")[0]
    return [(found[1], found[2]) for found in BLOCK.finditer(section)]


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    tenant = load_tenant_file(ROOT / "samples" / "unlucky-tenant.json")
    with SandboxServer(tenant, settings=SandboxSettings(throttle=False)) as running:
        yield running


def test_the_walk_is_what_the_run_book_says(server: SandboxServer, tmp_path: Path) -> None:
    config = tmp_path / "mfa-migrate.toml"
    said, quoted, worked = "", 0, working(server)
    place = ["--config", str(config), "--workspace", str(tmp_path / "work")]
    for kind, text in blocks():
        if kind == "toml":
            first = "" if config.exists() else f'pacing = false\nendpoint = "{server.url}"\n'
            before = config.read_text(encoding="utf-8") if config.exists() else ""
            config.write_text(f"{first}{before}\n{text}", encoding="utf-8")
            continue
        for line in text.splitlines():
            if later := LATER.fullmatch(line):
                ask(f"{server.url}/_sandbox/clock", "POST", {"advance": int(later[1]) * 86_400 + 60})
            elif line.startswith("$ mfa-migrate "):
                ran = run_here([*shlex.split(line.removeprefix("$ mfa-migrate ")), *place])
                assert ran.code == 0, f"{line}\n{ran.said}"
                said = " ".join(ran.said.split())
            else:
                quoted += 1
                assert " ".join(line.split()) in said, line
    assert quoted > 20
    assert set(states_of(server.url).values()) == {"disabled"}
    assert working(server) == worked, "an account without a person was broken"
    assert all(0 in codes for codes in worked.values())
    for name in ("ada.abel", "shift.1"):
        assert signed_in(server, name, client="other", ip=OFFICE) != 0, "a legacy client is still let in"
        assert signed_in(server, name, client="browser", ip=OFFICE, mfa=False) != 0, "MFA is not asked"
        assert signed_in(server, name, client="browser", ip=OFFICE) == 0
    assert signed_in(server, "emergency1", client="browser", ip=ELSEWHERE) == 0


def working(server: SandboxServer) -> dict[str, list[int]]:
    """Return what becomes of the sign-ins of accounts that nobody answers for: to an own application, and by mail."""
    return {
        name: [
            signed_in(server, name, client=client, ip=ip, app=app)
            for client in ("browser", "other")
            for ip in (OFFICE, ELSEWHERE)
            for app in (EXCHANGE, OWN_APP)
        ]
        for name in LEFT_OUT
    }


def signed_in(server: SandboxServer, name: str, **how: object) -> int:
    """Sign somebody in and return the code of the log: 0 is success."""
    user = f"{name}@unlucky.contoso.example"
    entry = ask(f"{server.url}/_sandbox/signins", "POST", {"user": user, **how})
    return int(entry["status"]["errorCode"])
