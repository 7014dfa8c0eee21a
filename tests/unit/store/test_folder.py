"""The working folder is ours alone, on a local disk, of a version that we know, and held by one process at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from migrate.errors import FolderDamaged, FolderLocked, FolderProblem, NewerFolder
from migrate.store.folder import Mount, Workspace, network_share


def test_a_new_folder_is_made_with_its_parents_for_its_owner_only(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "a" / "migration")
    workspace.ensure()
    workspace.ensure()
    assert (workspace.path / "folder.json").read_bytes() == b'{"format":1}\n'
    if sys.platform != "win32":
        assert stat.S_IMODE(workspace.path.stat().st_mode) == 0o700
        assert stat.S_IMODE((workspace.path / "folder.json").stat().st_mode) == 0o600


def test_nothing_is_touched_before_the_folder_is_asked_for(tmp_path: Path) -> None:
    Workspace(tmp_path / "migration")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_a_newer_version_is_refused_also_when_its_marker_says_more(tmp_path: Path) -> None:
    (tmp_path / "folder.json").write_text('{"format": 2, "somethingNew": true}')
    with pytest.raises(NewerFolder, match="folder format 2"):
        Workspace(tmp_path).ensure()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "one"}', "{}"])
def test_a_marker_that_we_did_not_write_is_damage(tmp_path: Path, text: str) -> None:
    (tmp_path / "folder.json").write_text(text)
    with pytest.raises(FolderDamaged, match=r"folder\.json") as refused:
        Workspace(tmp_path).ensure()
    # Beside it lie the journal and the way back: what is advised must not cost them, and has to work.
    assert "remove this one file and nothing else" in refused.value.hint
    (tmp_path / "folder.json").unlink()
    Workspace(tmp_path).ensure()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "migration").write_text("a note")
    with pytest.raises(FolderProblem, match="is not a folder"):
        Workspace(tmp_path / "migration").ensure()


def test_links_that_lead_in_a_circle_are_no_folder(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    workspace = Workspace(tmp_path / "one")
    assert not workspace.is_open_to_others()
    with pytest.raises(FolderProblem):
        workspace.ensure()


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal", "journal.db-shm"])
def test_a_journal_that_is_a_link_is_refused_since_two_folders_would_write_it_at_once(
    tmp_path: Path, name: str
) -> None:
    for folder in ("one", "two"):
        Workspace(tmp_path / folder).ensure()
    (tmp_path / "two" / name).symlink_to(tmp_path / "one" / name)
    with pytest.raises(FolderProblem, match="is a link to") as refused, Workspace(tmp_path / "two").lock("apply"):
        pass
    assert "--workspace" in refused.value.hint
    with Workspace(tmp_path / "one").lock("apply"):
        pass


def test_only_a_folder_is_open_to_others(tmp_path: Path) -> None:
    (tmp_path / "migration").write_text("a note")
    (tmp_path / "migration").chmod(0o644)
    assert not Workspace(tmp_path / "migration").is_open_to_others()


def test_whatever_bears_the_name_of_the_pause_file_pauses(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert not workspace.is_paused()
    (tmp_path / "pause").symlink_to(tmp_path / "nowhere")
    assert workspace.is_paused()


def test_a_network_share_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    mounts = [Mount("/", "ext4", "rw"), Mount(str(tmp_path.resolve()), "nfs4", "rw,vers=4.2")]
    workspace = Workspace(tmp_path / "migration", mounts=lambda: mounts)
    with pytest.raises(FolderProblem, match="nfs4") as caught:
        workspace.ensure()
    assert "--workspace" in caught.value.hint
    assert not workspace.path.exists()


def test_the_disks_of_this_machine_can_be_listed(tmp_path: Path) -> None:
    Workspace(tmp_path / "migration").ensure()


@pytest.mark.parametrize(
    ("path", "mounts", "share"),
    [
        ("/home/ann/m", [Mount("/", "ext4", "rw")], None),
        ("/home/ann/m", [Mount("/", "ext4", "rw"), Mount("/home", "cifs", "rw")], "cifs"),
        ("/home/ann/m", [Mount("/home", "cifs", "rw"), Mount("/home/ann", "xfs", "rw")], None),
        ("/homely", [Mount("/", "ext4", "rw"), Mount("/home", "nfs", "rw")], None),
        ("/mnt/x", [Mount("/mnt/x", "nfs", "rw"), Mount("/mnt/x", "tmpfs", "rw")], None),
        ("/Volumes/team", [Mount("/Volumes/team", "smbfs", "rw")], "smbfs"),
        ("/mnt/box", [Mount("/mnt/box", "fuse.sshfs", "rw")], "fuse.sshfs"),
        ("/mnt/ntfs", [Mount("/mnt/ntfs", "fuseblk", "rw")], None),
        ("/media/host/m", [Mount("/", "ext4", "rw"), Mount("/media/host", "vboxsf", "rw")], "vboxsf"),
        ("/mnt/hgfs/m", [Mount("/", "ext4", "rw"), Mount("/mnt/hgfs", "fuse.vmhgfs-fuse", "rw")], "fuse.vmhgfs-fuse"),
        ("/mnt/c/m", [Mount("/", "ext4", "rw"), Mount("/mnt/c", "9p", "rw")], "9p"),
        ("/work", [Mount("/", "9p", "rw")], None),
        ("/work", [], None),
    ],
)
def test_the_innermost_mount_decides_whether_a_path_is_on_a_share(
    path: str, mounts: list[Mount], share: str | None
) -> None:
    assert network_share(PurePosixPath(path), mounts) == share


@pytest.mark.parametrize(
    ("path", "mounts", "share"),
    [
        (r"\\server\team\m", [], "a Windows share"),
        (r"Z:\m", [Mount("C:\\", "NTFS", "rw,fixed"), Mount("Z:\\", "NTFS", "rw,remote")], "NTFS"),
        (r"c:\Users\ann\m", [Mount("C:\\", "NTFS", "rw,fixed"), Mount("Z:\\", "NTFS", "rw,remote")], None),
    ],
)
def test_windows_shares_are_known_by_name_or_by_their_drive(path: str, mounts: list[Mount], share: str | None) -> None:
    assert network_share(PureWindowsPath(path), mounts) == share


def test_the_second_to_come_is_told_who_holds_the_folder(workspace: Workspace) -> None:
    with workspace.lock("ann@contoso.example: mfa-migrate apply"):
        with pytest.raises(FolderLocked) as caught, Workspace(workspace.path).lock("bob@contoso.example"):
            pytest.fail("two hold the folder")
        assert "ann@contoso.example: mfa-migrate apply" in caught.value.what
        assert str(os.getpid()) in caught.value.what
    with Workspace(workspace.path).lock("bob@contoso.example"):
        assert "bob" in (workspace.path / "lock.owner").read_text()
        if sys.platform != "win32":
            modes = {stat.S_IMODE(path.stat().st_mode) for path in workspace.path.iterdir()}
            assert modes == {0o600}, "every file that we put there is for its owner only"
    assert not (workspace.path / "lock.owner").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file that is open")
def test_deleting_the_file_of_the_lock_lets_nobody_in(workspace: Workspace) -> None:
    with workspace.lock("ann"):
        for _ in range(2):
            (workspace.path / "lock").unlink()
            with pytest.raises(FolderLocked, match="ann"), Workspace(workspace.path).lock("bob"):
                pytest.fail("two hold the folder")
    with workspace.lock("bob"):
        pass


def test_the_lock_is_free_again_after_an_exception(workspace: Workspace) -> None:
    with pytest.raises(KeyError), workspace.lock("ann"):
        raise KeyError
    with workspace.lock("bob"):
        pass


def test_a_lock_whose_owner_wrote_no_name_yet_is_still_refused_in_words(workspace: Workspace) -> None:
    with workspace.lock("ann"):
        (workspace.path / "lock.owner").unlink()
        with pytest.raises(FolderLocked, match="another command"), Workspace(workspace.path).lock("bob"):
            pytest.fail("two hold the folder")


def test_a_process_that_was_killed_holds_nothing(workspace: Workspace) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from migrate.store.folder import Workspace\n"
        "with Workspace(pathlib.Path(sys.argv[1])).lock('the one that dies'):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(workspace.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            with pytest.raises(FolderLocked, match="the one that dies"), workspace.lock("bob"):
                pytest.fail("two hold the folder")
        finally:
            process.kill()
    with workspace.lock("bob"):
        pass


def test_files_that_will_be_replaced_are_tried_and_keep_their_content(workspace: Workspace) -> None:
    (workspace.path / "rollback.csv").write_bytes(b"as it was")
    workspace.replaceable(["rollback.csv", "rollback.json"])
    assert (workspace.path / "rollback.csv").read_bytes() == b"as it was"
    assert sorted(path.name for path in workspace.path.iterdir()) == ["folder.json", "rollback.csv"]


def test_a_file_that_cannot_be_replaced_is_named_before_the_first_write(workspace: Workspace) -> None:
    (workspace.path / "rollback.json").mkdir()
    with pytest.raises(FolderProblem, match=r"rollback\.json"):
        workspace.replaceable(["rollback.csv", "rollback.json"])
