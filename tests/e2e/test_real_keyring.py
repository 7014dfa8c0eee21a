"""The encrypted cache with the keyring of a desktop: libsecret, gnome-keyring and a session bus, all of them real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.model.permissions import READ_SET
from tests.e2e.contact import ContactLab, contact_lab

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
SYSTEMS_GI = Path("/usr/lib/python3/dist-packages/gi")
ASKS_FOR_GI = "import gi; gi.require_version('Secret', '1'); from gi.repository import Secret"
SESSION = """
import json, os, subprocess, sys

unlocked, browser, *whoami = sys.argv[1:]
if unlocked == "unlocked":
    subprocess.run(
        ["gnome-keyring-daemon", "--unlock", "--components=secrets"],
        input=b"a word", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
    )
came = []
for opens in (browser, None):
    environment = {**os.environ, **({"BROWSER": opens} if opens else {})}
    ran = subprocess.run(whoami, env=environment, capture_output=True, text=True, check=False)
    came.append({"code": ran.returncode, "out": ran.stdout, "err": ran.stderr})
    if ran.returncode:
        break
import gi

gi.require_version("Secret", "1")
from gi.repository import Secret

kept = None
if unlocked == "unlocked":
    names = {"MsalClientID": Secret.SchemaAttributeType.STRING}
    schema = Secret.Schema.new("mfa-migrate.cae", Secret.SchemaFlags.NONE, names)
    kept = Secret.password_lookup_sync(schema, {"MsalClientID": "Microsoft.Developer.IdentityService"}, None)
print(json.dumps({"came": came, "kept": kept}))
"""
"""What runs on a session bus of its own: a sign-in with a browser, then the same command without one."""


@pytest.fixture
def reaches_keyrings(tmp_path: Path) -> str:
    """Return a PYTHONPATH with which this Python has PyGObject, lent by the system's where it has none of its own."""
    for program in ("dbus-run-session", "gnome-keyring-daemon"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: no keyring can be run here")
    lent = tmp_path / "lent"
    lent.mkdir()
    if SYSTEMS_GI.is_dir():
        (lent / "gi").symlink_to(SYSTEMS_GI)
    for path in (str(ROOT), os.pathsep.join([str(ROOT), str(lent)])):
        tried = subprocess.run(
            [sys.executable, "-c", ASKS_FOR_GI],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            check=False,
        )
        if tried.returncode == 0:
            return path
    pytest.skip(
        "this Python has no PyGObject with Secret 1 (python3-gi, gir1.2-secret-1), and the system's does not fit"
    )


def in_a_session(lab: ContactLab, python_path: str, *, unlocked: bool) -> dict[str, Any]:
    """Sign in twice on a session bus of its own and return what came, and what the keyring holds then."""
    home, runtime = lab.folder / "home", lab.folder / "run"
    for folder in (home, runtime):
        folder.mkdir(mode=0o700)
    lab.go("sandbox", "ways", str(lab.folder / "ways"))
    given = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL")}
    given |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "PYTHONPATH": python_path, "NO_COLOR": "1"}
    whoami = [sys.executable, "-m", "migrate", "whoami", "-o", "json", "--config", str(lab.config)]
    words = ["unlocked" if unlocked else "locked", str(lab.folder / "ways" / "browser"), *whoami]
    ran = subprocess.run(
        ["dbus-run-session", "--", sys.executable, "-c", SESSION, *words],
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def plain_tokens(folder: Path) -> list[Path]:
    """Return the files in which a token can be read as it stands."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if b"eyJ" in path.read_bytes() or b"refresh_token" in path.read_bytes()]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[ContactLab]:
    with contact_lab(tmp_path / "lab") as lab:
        lab.grant(READ_SET)
        lab.signs_in("browser")
        written = lab.config.read_text(encoding="utf-8")
        lab.config.write_text(
            written.replace('method = "browser"', 'method = "browser"\ncache = true'), encoding="utf-8"
        )
        yield lab


def test_a_keyring_keeps_the_token_and_the_second_command_asks_nobody(lab: ContactLab, reaches_keyrings: str) -> None:
    found = in_a_session(lab, reaches_keyrings, unlocked=True)
    first, second = found["came"]
    assert (first["code"], second["code"]) == (0, 0), found
    assert "To sign in, open" in first["err"]
    assert "To sign in" not in second["err"], "the second command has no browser, and needs none"
    assert json.loads(first["out"])["name"] == json.loads(second["out"])["name"] == "admin@contoso.example"
    kept = json.loads(found["kept"])
    assert kept["AccessToken"], "the keyring holds it"
    assert kept["RefreshToken"]
    assert (lab.folder / "home" / ".IdentityService" / "mfa-migrate.cae").stat().st_size == 0, "it only marks the time"
    assert plain_tokens(lab.folder / "home") == []


def test_a_locked_keyring_is_told_and_nothing_is_kept(lab: ContactLab, reaches_keyrings: str) -> None:
    (only,) = in_a_session(lab, reaches_keyrings, unlocked=False)["came"]
    assert only["code"] == 2
    assert "no keyring answers in this session, or it is locked" in only["err"]
    assert "Take `cache` out of [sign_in]" in only["err"]
    assert "allow_unencrypted" not in only["err"]
    assert "To sign in" not in only["err"], "nobody signs in for a token that cannot be kept"
    assert plain_tokens(lab.folder / "home") == []
