"""The blocks of README.md run as pasted, in order, in one shell."""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.laboratory import ROOT, environment, run_apart

if sys.platform == "win32":
    pytest.skip("the blocks are for a POSIX shell", allow_module_level=True)

INSTALLS = ("pipx install .",)
"""Lines that install; what they install is run by `test_installed_wheel.py`."""
MAKES = ("make demo", "make test")
"""`.ci/run` runs the second; the first is `mfa-migrate demo`, run by the long test below."""
SERVES = "mfa-migrate sandbox --port 8765 --users 300"


def blocks() -> list[list[str]]:
    """Return the lines of each console block, without what a line says behind `#`."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [[line.split("  #")[0].rstrip() for line in block.splitlines()] for block in found]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def script(port: int) -> str:
    """Return everything that is pasted, one line after the other; the sandbox goes into the background."""
    lines = ["set -e"]
    for line in (line for block in blocks() for line in block):
        if line.startswith((*INSTALLS, *MAKES)):
            continue
        if line.startswith(SERVES):
            lines += [
                f"{line.replace('8765', str(port))} &",
                "trap 'kill $!' EXIT",
                "for _ in $(seq 300); do test -s lab.toml && break; sleep 0.2; done",
            ]
            continue
        lines += [f"echo '$ {line}'", line.replace("8765", str(port))]
    return "\n".join(lines) + "\n"


@pytest.mark.long
def test_the_demo_runs_to_its_end(tmp_path: Path) -> None:
    done = run_apart(["demo", "--folder", str(tmp_path)], cwd=tmp_path)
    assert done.code == 0, done.said[-3000:]


def test_every_line_of_the_readme_is_run_or_exempt_by_name() -> None:
    lines = [line for block in blocks() for line in block]
    assert len(lines) > 15
    for line in lines:
        is_known = line.startswith(("mfa-migrate ", "export ", *INSTALLS, *MAKES))
        assert is_known, f"what does a test do with {line!r}?"


def test_the_blocks_of_the_readme_run_as_pasted_in_order(tmp_path: Path) -> None:
    # `make` leaves the command in .venv/bin of the checkout; this one runs the sources.
    command = tmp_path / ".venv" / "bin" / "mfa-migrate"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m migrate "$@"\n', encoding="utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    shell = shutil.which("bash")
    assert shell is not None
    done = subprocess.run(
        [shell, "-c", script(free_port())],
        cwd=tmp_path,
        env=environment(PATH=os.environ["PATH"], HOME=str(tmp_path)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "The rollback is through." in done.stdout
