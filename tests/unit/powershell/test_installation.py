"""The module lands where PowerShell looks for it, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.powershell.installation import (
    Edition,
    Machine,
    Scope,
    editions_to_install,
    install_module,
    module_folder,
    module_source,
    newer_versions,
    this_machine,
)

HOME = Path("/home/ada")


def machine(*, windows: bool = False, documents: str = "/home/ada/Documents", **environment: str) -> Machine:
    return Machine(windows=windows, home=HOME, documents=Path(documents), environment=environment)


@pytest.mark.parametrize(
    ("made", "scope", "edition", "folder"),
    [
        (machine(), Scope.CURRENT_USER, Edition.CORE, "/home/ada/.local/share/powershell/Modules"),
        (machine(XDG_DATA_HOME="/data"), Scope.CURRENT_USER, Edition.CORE, "/data/powershell/Modules"),
        (machine(), Scope.ALL_USERS, Edition.CORE, "/usr/local/share/powershell/Modules"),
        (
            machine(windows=True, documents="/srv/share/ada"),
            Scope.CURRENT_USER,
            Edition.CORE,
            "/srv/share/ada/PowerShell/Modules",
        ),
        (
            machine(windows=True, documents="/srv/share/ada"),
            Scope.CURRENT_USER,
            Edition.DESKTOP,
            "/srv/share/ada/WindowsPowerShell/Modules",
        ),
        (
            machine(windows=True, ProgramFiles="/programs"),
            Scope.ALL_USERS,
            Edition.DESKTOP,
            "/programs/WindowsPowerShell/Modules",
        ),
        (
            # A 32-bit process sees the 32-bit folder as ProgramFiles.
            machine(windows=True, ProgramFiles="/programs32", ProgramW6432="/programs"),
            Scope.ALL_USERS,
            Edition.CORE,
            "/programs/PowerShell/Modules",
        ),
    ],
)
def test_the_folder_is_the_one_of_system_scope_and_edition(
    made: Machine, scope: Scope, edition: Edition, folder: str
) -> None:
    assert module_folder(made, scope, edition) == Path(folder)


def test_windows_powershell_is_refused_elsewhere() -> None:
    with pytest.raises(ValueError, match="on Windows only"):
        module_folder(machine(), Scope.CURRENT_USER, Edition.DESKTOP)


def test_without_a_wish_every_edition_of_the_system_is_served() -> None:
    assert editions_to_install(machine(windows=True), None) == (Edition.CORE, Edition.DESKTOP)
    assert editions_to_install(machine(), None) == (Edition.CORE,)
    assert editions_to_install(machine(windows=True), Edition.DESKTOP) == (Edition.DESKTOP,)


def test_this_machine_has_a_home_and_documents() -> None:
    assert this_machine().home == Path.home()
    assert this_machine().documents.is_absolute()


def test_the_module_is_copied_whole_and_a_second_time_replaces_it(tmp_path: Path) -> None:
    first = install_module(tmp_path, "9.9.9")
    assert first == tmp_path / "MfaMigrate" / "9.9.9"
    (first / "stale.ps1").write_text("left from before")
    assert install_module(tmp_path, "9.9.9") == first
    copied = {path.relative_to(first) for path in first.rglob("*")}
    assert copied == {path.relative_to(module_source()) for path in module_source().rglob("*")}
    assert [path.name for path in first.parent.iterdir()] == ["9.9.9"]


def test_another_version_stays_beside_it(tmp_path: Path) -> None:
    install_module(tmp_path, "1.0.0")
    install_module(tmp_path, "1.1.0")
    assert sorted(path.name for path in (tmp_path / "MfaMigrate").iterdir()) == ["1.0.0", "1.1.0"]


def test_only_versions_that_powershell_would_load_instead_are_newer(tmp_path: Path) -> None:
    install_module(tmp_path, "1.9.0")
    for name in ("1.8.0", "1.10.0", "1.9.0.1", "notes", "2.0.0-beta"):
        (tmp_path / "MfaMigrate" / name).mkdir()
    assert newer_versions(tmp_path, "1.9.0") == ["1.9.0.1", "1.10.0"]


def test_a_folder_that_cannot_be_made_is_an_os_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "MfaMigrate").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="exists"):
        install_module(tmp_path, "1.0.0")
