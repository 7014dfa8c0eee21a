"""Files are replaced whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.errors import FolderProblem
from migrate.store.files import chunks_of, sha256_of_file, write_atomically

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits of this kind")


def test_the_bytes_are_there_and_their_digest_is_returned(tmp_path: Path) -> None:
    path = tmp_path / "rollback.csv"
    digest = write_atomically(path, [b"ObjectId\r\n", b"", b"u1\r\n"])
    assert path.read_bytes() == b"ObjectId\r\nu1\r\n"
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest() == sha256_of_file(path)
    assert b"".join(chunks_of(path)) == path.read_bytes()
    assert [entry.name for entry in tmp_path.iterdir()] == ["rollback.csv"]


def test_the_bytes_are_on_the_disk_before_their_name_is_and_the_name_before_the_end(
    tmp_path: Path, disk_events: list[str]
) -> None:
    write_atomically(tmp_path / "plan.csv", [b"new"])
    assert disk_events == ["sync plan.csv.part", "name plan.csv", f"sync {tmp_path.name}"]


@posix
def test_only_the_owner_may_read_it_whatever_stood_there_before(tmp_path: Path) -> None:
    path = tmp_path / "rollback.csv"
    path.write_bytes(b"old")
    path.chmod(0o644)
    left_over = tmp_path / "rollback.csv.part"
    left_over.write_bytes(b"of a run that was killed")
    left_over.chmod(0o666)
    write_atomically(path, [b"new"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not left_over.exists()


@posix
def test_a_link_laid_at_the_temporary_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "plan.csv.part").symlink_to(victim)
    write_atomically(tmp_path / "plan.csv", [b"new"])
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "plan.csv").read_bytes() == b"new"


@posix
def test_a_file_laid_at_the_temporary_name_at_the_last_moment_is_not_written_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, part = tmp_path / "victim", tmp_path / "plan.csv.part"
    victim.write_bytes(b"precious")
    real = Path.unlink

    def laid_again(path: Path, missing_ok: bool = False) -> None:
        real(path, missing_ok=missing_ok)
        if path == part:
            part.hardlink_to(victim)

    monkeypatch.setattr(Path, "unlink", laid_again)
    with pytest.raises(FolderProblem, match=r"plan\.csv"):
        write_atomically(tmp_path / "plan.csv", [b"new"])
    assert victim.read_bytes() == b"precious"


def test_an_exception_while_the_bytes_are_made_leaves_the_old_file_and_passes_through(tmp_path: Path) -> None:
    def half() -> Iterator[bytes]:
        yield b"half"
        raise OSError(errno.ENOSPC, "of some other file")

    path = tmp_path / "plan.csv"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="of some other file"):
        write_atomically(path, half())
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.csv"]


def test_a_file_that_another_program_holds_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(source: object, target: object) -> None:
        raise PermissionError(errno.EACCES, "the file is in use", str(target))

    path = tmp_path / "plan.csv"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(FolderProblem) as caught:
        write_atomically(path, [b"new"])
    assert "plan.csv" in caught.value.what
    assert "Excel" in caught.value.hint
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.csv"]


def test_a_missing_file_or_folder_is_a_problem_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(FolderProblem, match=r"nowhere"):
        sha256_of_file(tmp_path / "nowhere")
    with pytest.raises(FolderProblem, match=r"nowhere"):
        list(chunks_of(tmp_path / "nowhere"))
    with pytest.raises(FolderProblem, match=r"plan\.csv"):
        write_atomically(tmp_path / "nowhere" / "plan.csv", [b"x"])
