"""The wheel in environments of its own: by pip as in CI, and by the installers that the README names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migrate import __version__
from tests.e2e.laboratory import ROOT

pytestmark = pytest.mark.long

SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
INSTALLERS = {
    "uv": (["uv", "tool", "install", "--constraints"], {"UV_TOOL_DIR": "tools", "UV_TOOL_BIN_DIR": "bin"}),
    "pipx": (["pipx", "install"], {"PIPX_HOME": "tools", "PIPX_BIN_DIR": "bin"}),
}


def test_pip_installs_the_wheel_into_a_second_environment_where_it_runs_from_a_clean_folder(tmp_path: Path) -> None:
    wheel, pins = _made(tmp_path)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "second")], check=True, timeout=240)
    pip = [str(tmp_path / "second" / SCRIPTS / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    _install([*pip, "install", "--no-compile", "--constraint", str(pins), str(wheel)], tmp_path, environment)
    subprocess.run([*pip, "check"], env=environment, check=True, timeout=240)
    _runs_from_a_clean_folder(tmp_path, tmp_path / "second" / SCRIPTS, environment)


@pytest.mark.parametrize("name", sorted(INSTALLERS))
def test_the_wheel_is_installed_and_runs_from_a_clean_folder(name: str, tmp_path: Path) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not on PATH, so what it makes of the wheel cannot be seen here")
    wheel, pins = _made(tmp_path)
    words, folders = INSTALLERS[name]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {key: str(tmp_path / folder) for key, folder in folders.items()}
    constraint = str(pins) if name == "uv" else f"--pip-args=--constraint={pins}"
    _install([*words, constraint, str(wheel)], tmp_path, environment)
    _runs_from_a_clean_folder(tmp_path, tmp_path / "bin", environment)


def _made(tmp_path: Path) -> tuple[Path, Path]:
    """Build the wheel and return it, and the versions that it was tried with."""
    built = tmp_path / "dist"
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(built)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=240)
    (wheel,) = built.glob("*.whl")
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = tmp_path / "constraints.txt"  # without hashes: a wheel of one's own has none there
    pins.write_text("\n".join(line.rstrip(" \\") for line in lines if not line.startswith((" ", "#"))) + "\n")
    return wheel, pins


def _install(words: list[str], tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=800)
    if done.returncode != 0 and any(
        word in done.stderr.lower() for word in ("network", "dns", "connect", "resolve host")
    ):
        pytest.skip(f"{words[0]} could not reach the index: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


def _runs_from_a_clean_folder(tmp_path: Path, programs: Path, environment: dict[str, str]) -> None:
    clean = tmp_path / "clean"
    clean.mkdir()
    program = programs / ("mfa-migrate.exe" if sys.platform == "win32" else "mfa-migrate")
    said = subprocess.run(
        [str(program), "--version"], cwd=clean, env=environment, capture_output=True, text=True, timeout=240, check=True
    )
    assert said.stdout == f"mfa-migrate {__version__}\n"
    demo = [str(program), "demo", "--users", "40"]
    subprocess.run(demo, cwd=clean, env=environment, capture_output=True, timeout=300, check=True)
