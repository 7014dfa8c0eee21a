"""Find the folder in which PowerShell looks for modules, and copy the module MfaMigrate there."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

MODULE = "MfaMigrate"


class Scope(StrEnum):
    """For whom the module is installed, in PowerShell's spelling."""

    CURRENT_USER = "CurrentUser"
    ALL_USERS = "AllUsers"


class Edition(StrEnum):
    """Which PowerShell: `Core` is PowerShell 7, `Desktop` is Windows PowerShell 5.1."""

    CORE = "Core"
    DESKTOP = "Desktop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What decides about folders."""

    windows: bool
    home: Path
    documents: Path
    """The user's documents; on Windows often redirected to a share or to OneDrive."""
    environment: Mapping[str, str]


def this_machine() -> Machine:
    """Return the machine that this runs on."""
    windows = os.name == "nt"
    home = Path.home()
    return Machine(
        windows=windows,
        home=home,
        documents=_windows_documents() or home / "Documents",
        environment=dict(os.environ),
    )


def module_folder(machine: Machine, scope: Scope, edition: Edition) -> Path:
    """Return the folder of modules that PowerShell searches by default.

    Source: PowerShell's about_PSModulePath. Raises `ValueError` for Windows PowerShell on another system.
    """
    name = "PowerShell" if edition is Edition.CORE else "WindowsPowerShell"
    if machine.windows:
        if scope is Scope.CURRENT_USER:
            return machine.documents / name / "Modules"
        programs = machine.environment.get("ProgramW6432") or machine.environment.get("ProgramFiles")
        return Path(programs or r"C:\Program Files") / name / "Modules"
    if edition is Edition.DESKTOP:
        raise ValueError("Windows PowerShell (edition Desktop) exists on Windows only.")
    if scope is Scope.ALL_USERS:
        return Path("/usr/local/share/powershell/Modules")
    data = machine.environment.get("XDG_DATA_HOME")
    return (Path(data) if data else machine.home / ".local" / "share") / "powershell" / "Modules"


def editions_to_install(machine: Machine, asked: Edition | None) -> tuple[Edition, ...]:
    """Return the editions to install for: the one that was asked for, else all that the system may have."""
    if asked is not None:
        return (asked,)
    return (Edition.CORE, Edition.DESKTOP) if machine.windows else (Edition.CORE,)


def install_module(modules: Path, version: str) -> Path:
    """Copy the module to `modules`/MfaMigrate/`version`, replacing what is there; return that folder.

    The copy is made beside it and moved into place, so that PowerShell never sees half of it. Raises `OSError`
    where the folder cannot be written.
    """
    target = modules / MODULE / version
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{version}-", dir=target.parent) as scratch:
        made = Path(scratch) / "new"
        shutil.copytree(module_source(), made)
        if target.exists():
            target.rename(Path(scratch) / "old")
        made.rename(target)
    return target


def newer_versions(modules: Path, version: str) -> list[str]:
    """Return the versions of the module in `modules` that PowerShell would load instead of `version`."""
    beside = [path.name for path in (modules / MODULE).iterdir() if re.fullmatch(r"\d+(\.\d+){1,3}", path.name)]
    return sorted((name for name in beside if _numbers(name) > _numbers(version)), key=_numbers)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def module_source() -> Path:
    """Return the folder of the module in this installation."""
    return Path(__file__).parent / MODULE


def _windows_documents() -> Path | None:
    """Return where Windows keeps the user's documents; None on other systems and where it does not say."""
    if sys.platform == "win32":
        import ctypes

        buffer = ctypes.create_unicode_buffer(1024)
        # CSIDL_PERSONAL, the current value: follows a redirection to a share or to OneDrive.
        if ctypes.windll.shell32.SHGetFolderPathW(None, 5, None, 0, buffer) == 0 and buffer.value:
            return Path(buffer.value)
    return None
