"""The working folder: who may read it, who holds it, which version wrote it, and whether its disk is fit for it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePath
from typing import NamedTuple

import msgspec

from migrate.errors import FolderDamaged, FolderLocked, FolderProblem, NewerFolder
from migrate.model.record import Record, canonical_json
from migrate.store.files import (
    OWNER_ONLY_FILE,
    OWNER_ONLY_FOLDER,
    chunks_of,
    folder_held,
    force_folder_to_disk,
    os_errors_about,
    write_atomically,
)

FOLDER_FORMAT = 1
"""Version of the folder's layout as a whole. The databases carry versions of their own."""

MARKER = "folder.json"
LOCK = "lock"
LOCK_OWNER = "lock.owner"
PAUSE_FILE = "pause"
JOURNAL_FILES = ("journal.db", "journal.db-wal", "journal.db-shm")
LIVE_PREFIX = "live-"
"""How folders begin that hold what `--live` reads, until it is shown; the process follows."""
SNAPSHOT_CSV = "snapshot.csv"
AUDIT_CSV, AUDIT_JSON, AUDIT_LEGEND = "audit.csv", "audit.json", "audit-legend.txt"

# Clusters are among them, and folders that a virtual machine shares with its host.
_NETWORK_KINDS = (
    "9p",
    "afp",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "gfs2",
    "gluster",
    "gpfs",
    "lustre",
    "ncp",
    "nfs",
    "ocfs2",
    "prl_fs",
    "pvfs2",
    "smb",
    "vboxsf",
    "vmhgfs",
)
_NETWORK_FUSE = (
    "sshfs",
    "davfs",
    "s3fs",
    "rclone",
    "gcsfuse",
    "gluster",
    "ceph",
    "smb",
    "nfs",
    "blobfuse",
    "goofys",
    "vmhgfs",
)


class Mount(NamedTuple):
    """A mounted file system."""

    mountpoint: str
    fstype: str
    opts: str
    """Comma-separated; Windows says `remote` for a mapped network drive."""


class FolderMarker(Record, frozen=True, kw_only=True):
    """folder.json: the layout's version, so that an older program refuses a newer folder."""

    format: int


class Workspace:
    """A working folder. Nothing is touched before `ensure`."""

    def __init__(self, path: Path, *, mounts: Callable[[], Iterable[Mount]] | None = None) -> None:
        """Name a folder.

        Args:
            path: Where it is or shall be.
            mounts: Lists the mounted file systems; by default the operating system is asked.
        """
        self.path = path
        self._mounts = mounts or _mounts_of_this_machine

    def ensure(self) -> None:
        """Create the folder, or check that it is ours, of a version that we know, and writable.

        A folder that we make can be entered by its owner only. Permissions of a folder that existed before are
        left alone; every file that we put there is readable by the owner only.

        Raises:
            FolderProblem: It lies on a network share, is no folder, holds a link for a journal, or cannot be written.
            FolderDamaged: Its marker is not what we wrote.
            NewerFolder: A newer version of this program made it.
        """
        self._refuse_network_share()
        self._make()
        self._refuse_linked_journal()
        self._check_marker()

    @contextmanager
    def lock(self, owner: str) -> Iterator[None]:
        """Hold the folder alone, for as long as the context lasts; the system frees it when the process dies.

        Args:
            owner: Who holds it and for what, in words for the person who is refused meanwhile.

        Raises:
            FolderLocked: Somebody else holds it; the message names them.
            FolderProblem: As `ensure`, which is called first.
        """
        import filelock

        self.ensure()
        lock = filelock.FileLock(self.path / LOCK, timeout=0, mode=OWNER_ONLY_FILE)
        with ExitStack() as held:
            with os_errors_about(self.path / LOCK):
                try:
                    lock.acquire()
                except filelock.Timeout as error:
                    raise self._in_use() from error
            held.callback(lock.release)
            # Whoever deletes the file while it is held only makes room for another file of that name.
            with os_errors_about(self.path):
                folder = held.enter_context(folder_held(self.path))
            if not folder:
                raise self._in_use()
            write_atomically(self.path / LOCK_OWNER, [f"{owner} (process {os.getpid()})\n".encode()])
            try:
                yield
            finally:
                # What is left behind blocks nobody, and must not hide what went wrong.
                with suppress(OSError):
                    (self.path / LOCK_OWNER).unlink()

    @contextmanager
    def for_one_answer(self) -> Iterator[Workspace]:
        """Yield a folder inside this one that is gone afterwards. Takes no lock: several may be there at a time.

        What processes left behind that were killed meanwhile is removed first.
        """
        self.ensure()
        _remove_left_behind(self.path)
        with os_errors_about(self.path):
            place = Path(tempfile.mkdtemp(prefix=f"{LIVE_PREFIX}{os.getpid()}-", dir=self.path))
        try:
            yield Workspace(place, mounts=self._mounts)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def user_of_it(self) -> str:
        """Return who is at work in the folder, in their words; empty where nobody is. Takes no lock itself."""
        import psutil

        try:
            owner = (self.path / LOCK_OWNER).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""
        # A process that was killed leaves its name behind.
        process = re.search(r"\(process (\d+)\)$", owner)
        return owner if process is not None and psutil.pid_exists(int(process[1])) else ""

    def is_open_to_others(self) -> bool:
        """Tell whether the folder is there and lets anybody but its owner in; Windows says nothing of it."""
        if os.name == "nt":
            return False
        try:
            mode = self.path.stat().st_mode
        except OSError:
            return False
        return stat.S_ISDIR(mode) and bool(mode & 0o077)

    def is_paused(self) -> bool:
        """Tell whether somebody put something under the name of the pause file, be it a link that leads nowhere."""
        return os.path.lexists(self.path / PAUSE_FILE)

    def replaceable(self, names: Sequence[str]) -> None:
        """Find out, before anything is sent, that these files can be written and replaced.

        Each existing file is really replaced, by a copy of itself: on Windows nothing else shows whether a program
        such as Excel holds it open. For the others a file is made and removed.

        Raises:
            FolderProblem: One of them cannot be replaced; the message names it.
        """
        for name in names:
            path = self.path / name
            if path.exists():
                write_atomically(path, chunks_of(path))
            else:
                probe = path.with_name(name + ".probe")
                write_atomically(probe, [b"Can this folder be written?\n"])
                probe.unlink()

    def _refuse_network_share(self) -> None:
        share = network_share(_nearest_existing(self.path), self._mounts())
        if share is not None:
            raise FolderProblem(
                f"{self.path} lies on a network file system ({share}), where the journal cannot be kept safely.",
                hint="Choose a folder on a disk of this computer with --workspace.",
            )

    def _refuse_linked_journal(self) -> None:
        """Raise `FolderProblem` where the journal lies elsewhere: there it is guarded by no lock, and by any disk."""
        for name in JOURNAL_FILES:
            if (self.path / name).is_symlink():
                raise FolderProblem(
                    f"{name} in {self.path} is a link to {(self.path / name).readlink()}, and the lock of this folder "
                    "keeps nobody from writing there.",
                    hint="Name the folder in which the journal itself lies with --workspace, or put the file in the "
                    "place of the link.",
                )

    def _make(self) -> None:
        with os_errors_about(self.path):
            if not self.path.exists():
                self.path.mkdir(mode=OWNER_ONLY_FOLDER, parents=True)
                force_folder_to_disk(self.path.parent)
        if not self.path.is_dir():
            raise FolderProblem(
                f"{self.path} is not a folder.", hint="Choose another place for the working folder with --workspace."
            )
        if not is_writable(self.path):
            raise FolderProblem(
                f"You may not write to {self.path}.",
                hint="Have the permission given to you, or choose another folder with --workspace.",
            )

    def _check_marker(self) -> None:
        path = self.path / MARKER
        if not path.exists():
            write_atomically(path, [canonical_json(FolderMarker(format=FOLDER_FORMAT)), b"\n"])
            return
        found = _read_marker(path)
        if found > FOLDER_FORMAT:
            raise NewerFolder(
                f"{self.path} was written by a newer version of mfa-migrate "
                f"(folder format {found}; this version knows {FOLDER_FORMAT}).",
                hint="Install the newer version: pipx upgrade mfa-migrate",
            )

    def _in_use(self) -> FolderLocked:
        return FolderLocked(
            f"{self.path} is in use by {self._owner_of_the_lock()}.",
            hint="Wait until that command has ended, or choose another folder with --workspace.",
        )

    def _owner_of_the_lock(self) -> str:
        # The owner writes its name just after it got the lock, so for a moment there may be none.
        try:
            return (self.path / LOCK_OWNER).read_text(encoding="utf-8", errors="replace").strip() or "another command"
        except OSError:
            return "another command"


def _remove_left_behind(folder: Path) -> None:
    """Remove the folders of answers whose process is gone; one that is in use elsewhere stays."""
    import psutil

    for place in folder.glob(f"{LIVE_PREFIX}*"):
        process = re.fullmatch(rf"{LIVE_PREFIX}(\d+)-.*", place.name)
        if process is not None and not psutil.pid_exists(int(process[1])):
            shutil.rmtree(place, ignore_errors=True)


def is_writable(folder: Path) -> bool:
    """Tell whether files can be made in a folder, as far as permissions say."""
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def network_share(path: Path, mounts: Iterable[Mount]) -> str | None:
    """Return the kind of network file system that a resolved path lies on, or None for a local disk.

    A path that no mount matches counts as local: the check is there to give a clear message early.
    """
    if path.drive.startswith("\\\\"):
        return "a Windows share"
    holders = [mount for mount in mounts if _lies_in(path, mount.mountpoint)]
    if not holders:
        return None
    # Later mounts hide earlier ones at the same place, so the last of the longest is the one in use.
    _, holder = max(enumerate(holders), key=lambda pair: (len(PurePath(pair[1].mountpoint).parts), pair[0]))
    kind = holder.fstype.casefold()
    if kind == "9p" and holder.mountpoint == "/":
        return None  # the root of some container engines, which is no share
    if kind.startswith(_NETWORK_KINDS) or "remote" in holder.opts.casefold().split(","):
        return holder.fstype or "remote"
    if kind.startswith("fuse") and any(word in kind for word in _NETWORK_FUSE):
        return holder.fstype
    return None


def _lies_in(path: Path, mountpoint: str) -> bool:
    place = type(path)(mountpoint)
    return path == place or place in path.parents


def _nearest_existing(path: Path) -> Path:
    """Return the folder itself or its nearest parent that exists, with links followed."""
    resolved = type(path)(os.path.realpath(path))  # links that lead in a circle stay as they are
    return next((place for place in (resolved, *resolved.parents) if place.exists()), resolved)


def _mounts_of_this_machine() -> Iterator[Mount]:
    import psutil

    for partition in psutil.disk_partitions(all=True):
        yield Mount(partition.mountpoint, partition.fstype, partition.opts)


class _AnyMarker(msgspec.Struct):
    """As much of a marker as every version, also a newer one, promises to keep."""

    format: int


def _read_marker(path: Path) -> int:
    try:
        with os_errors_about(path):
            return msgspec.json.decode(path.read_bytes(), type=_AnyMarker).format
    except msgspec.DecodeError as error:
        raise FolderDamaged(
            f"{path} is not what mfa-migrate wrote there: {error}.",
            hint=f"Restore {path.name} from a backup, or remove this one file and nothing else: it holds only the "
            "version of the layout, the next command makes it again, and all beside it carries a version of its own.",
        ) from error
