"""Write and read whole files of the working folder so that a crash leaves either the old file or the new one."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from migrate.errors import FolderProblem

OWNER_ONLY_FILE = 0o600
OWNER_ONLY_FOLDER = 0o700

_CHUNK = 1 << 20


def write_atomically(path: Path, chunks: Iterable[bytes]) -> str:
    """Put a file in place in one move and return the SHA-256 of its bytes (64 lower-case hex digits).

    The bytes go to `<name>.part` beside the file, readable by the owner only, are forced to the disk and renamed.
    Whatever goes wrong before the rename, the file that was there stays as it was.

    Args:
        path: The file to make or replace. Its folder exists.
        chunks: Its bytes in order; an exception raised while they are made is passed on unchanged.

    Raises:
        FolderProblem: The disk is full, the folder cannot be written, or another program holds the file open.
    """
    part = path.with_name(path.name + ".part")
    digest = hashlib.sha256()
    with removed_on_failure(part):
        with os_errors_about(path):
            handle = create_owner_only(part)
        try:
            for chunk in chunks:
                digest.update(chunk)
                with os_errors_about(path):
                    _write_all(handle, chunk)
            with os_errors_about(path):
                force_to_disk(handle)
        finally:
            os.close(handle)
        put_in_place(part, path)
    return digest.hexdigest()


@contextmanager
def removed_on_failure(part: Path) -> Iterator[None]:
    """Remove an unfinished file when an exception passes, where the folder still allows that."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as 64 lower-case hex digits; raise `FolderProblem` if unreadable."""
    with os_errors_about(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def chunks_of(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes in chunks of a mebibyte; raise `FolderProblem` if it cannot be read."""
    with os_errors_about(path):
        file = path.open("rb")
    with file:
        while True:
            with os_errors_about(path):
                chunk = file.read(_CHUNK)
            if not chunk:
                return
            yield chunk


def create_owner_only(path: Path) -> int:
    """Create an empty file that only its owner may read, in the place of any left-over, and return its descriptor."""
    path.unlink(missing_ok=True)
    # O_EXCL also refuses a link that somebody put there between the two calls.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    return os.open(path, flags, OWNER_ONLY_FILE)


def put_in_place(part: Path, path: Path) -> None:
    """Rename a finished file onto its final name and make the rename durable; raise `FolderProblem` if refused."""
    with os_errors_about(path):
        os.replace(part, path)  # noqa: PTH105  (audit hooks and readers know it by this name)
        force_folder_to_disk(path.parent)


def force_to_disk(handle: int) -> None:
    """Return when the bytes of an open file are on the medium."""
    if sys.platform == "darwin":
        import fcntl

        # On macOS fsync only hands the bytes to the drive; this asks the drive to write them.
        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    else:
        os.fsync(handle)


def force_folder_to_disk(folder: Path) -> None:
    """Return when the names in a folder are on the medium. Windows has no such call and needs none."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def folder_held(folder: Path) -> Iterator[bool]:
    """Hold a folder itself, whatever becomes of the files in it; yield whether nobody else holds it.

    Windows has no such lock and needs none: a file that is open cannot be deleted there. A file system without it
    counts as free.
    """
    if sys.platform == "win32":
        yield True
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            yield error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
        else:
            yield True
    finally:
        os.close(handle)


@contextmanager
def os_errors_about(path: Path) -> Iterator[None]:
    """Turn an operating system error into a `FolderProblem` that names the file and says what to do."""
    try:
        yield
    except OSError as error:
        raise folder_problem(path, error) from error


def folder_problem(path: Path, error: OSError) -> FolderProblem:
    """Return the `FolderProblem` for an operating system error about a file of the working folder."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return FolderProblem(
                f"{path} could not be written: no space is left ({error.strerror}).",
                unchanged="The file that was there before is untouched.",
                hint=f"Make room on the disk of {path.parent}, then type the same command again.",
            )
        case errno.EACCES | errno.EPERM | errno.EROFS | errno.EBUSY:
            return FolderProblem(
                f"{path} cannot be opened or replaced: {error.strerror}.",
                unchanged="The file that was there before is untouched.",
                hint=(
                    "Close every program that has the file open (Excel holds it), check that you may write to "
                    f"{path.parent}, then type the same command again."
                ),
            )
        case _:
            return FolderProblem(
                f"{path} cannot be used: {error.strerror or error}.",
                unchanged="The file that was there before is untouched.",
                hint="Check the disk and the path, or choose another place: --workspace, or --to where there is one.",
            )


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
