"""The wheel as a user gets it: built once, installed beside nothing of the checkout, run from a folder of its own."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate import __version__
from tests.e2e.laboratory import ROOT, csv_of, environment, run_apart

EXECUTABLE = "mfa-migrate.exe" if sys.platform == "win32" else "mfa-migrate"


def python(*words: str, cwd: Path) -> str:
    """Run a module of this Python and return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=cwd, env=environment(), capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from the checkout without asking any index."""
    folder = tmp_path_factory.mktemp("dist")
    python("hatchling", "build", "--target", "wheel", "--directory", str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the wheel is installed into."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check", "--quiet"]
    python("pip", "install", *options, "--target", str(folder), str(wheel), cwd=folder)
    return folder


@pytest.fixture
def sandbox(installed: Path, tmp_path: Path) -> Iterator[str]:
    """Serve a company with the installed program; lab.toml is for it."""
    words = ["sandbox", "--port", "0", "--users", "40", "--write-config", "lab.toml", "--no-throttle"]
    process = subprocess.Popen(
        [str(installed / "bin" / EXECUTABLE), *words],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(installed), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as out:
        try:
            line = out.readline()
            assert line.startswith("SANDBOX http://127.0.0.1:"), line
            yield line.split()[1]
        finally:
            process.terminate()
            process.wait(timeout=240)


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "migrate").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    pages = {f"migrate/pages/{path.name}" for path in (ROOT / "docs").glob("*.md")} - {"migrate/pages/architecture.md"}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        shown = archive.read("migrate/pages/configuration.md")
    assert held == package | pages
    assert shown == (ROOT / "docs" / "configuration.md").read_bytes()


def test_what_runs_is_the_installed_package_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = "import migrate.cli; print(migrate.cli.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(installed)),
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_the_installed_command_says_its_version(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(installed / "bin" / EXECUTABLE), "--version"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(installed)),
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    assert done.stdout.strip() == f"mfa-migrate {__version__}"


def test_the_installed_program_takes_a_tenant_from_export_to_rollback(
    installed: Path, sandbox: str, tmp_path: Path
) -> None:
    def go(*words: str) -> str:
        ran = run_apart([*words, "--config", "lab.toml"], cwd=tmp_path, PYTHONPATH=str(installed))
        assert ran.code == 0, f"{words}: {ran.said}"
        return ran.said

    go("export")
    go("plan")
    assert sandbox in go("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--until", "wave:1")
    put_back = csv_of(tmp_path / "mfa-migration" / "rollback.csv")
    assert put_back
    # Templates and the PowerShell module are data that a wheel can lack.
    go("notify", "help-desk", "--to", "help-desk.txt")
    assert (tmp_path / "help-desk.txt").read_text(encoding="utf-8")
    assert f"{len(put_back)} confirmed" in go("rollback", "--yes")
