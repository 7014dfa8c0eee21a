"""Write an evidence folder: file by file beside its place, and renamed at the end, so that it is whole or not there."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from migrate.errors import FolderProblem, UsageProblem
from migrate.model.evidence_folder import MANIFEST, SUMS, KeptFile, Manifest, Part
from migrate.store.files import (
    OWNER_ONLY_FOLDER,
    chunks_of,
    force_folder_to_disk,
    os_errors_about,
    write_atomically,
)

_OURS = frozenset({*Part, MANIFEST, SUMS})


class EvidenceFolder:
    """A folder that is being written. A context manager; what is not finished is removed."""

    def __init__(self, path: Path) -> None:
        """Name the folder; it must not be there yet."""
        self.path = path
        self._beside = path.with_name(path.name + ".part")
        self._files: list[KeptFile] = []

    def __enter__(self) -> Self:
        """Make the folder beside.

        Raises:
            UsageProblem: The folder is there already, or the place of the one beside is taken by something else.
            FolderProblem: It cannot be made.
        """
        refuse_existing(self.path)
        with os_errors_about(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        self._remove_left_over()
        with os_errors_about(self._beside):
            self._beside.mkdir(mode=OWNER_ONLY_FOLDER)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            shutil.rmtree(self._beside)  # it is gone when all went well

    @property
    def files(self) -> tuple[KeptFile, ...]:
        """What was written so far, the lists left out."""
        return tuple(file for file in self._files if file.name != MANIFEST)

    def put(self, part: Part, chunks: Iterable[bytes]) -> KeptFile:
        """Write a file; its bytes are consumed as they come. Raises FolderProblem where it cannot be written."""
        return self._put(part.value, chunks)

    def copy(self, part: Part, source: Path) -> KeptFile:
        """Copy a file bit for bit."""
        return self.put(part, chunks_of(source))

    def finish(self, manifest_for: Callable[[tuple[KeptFile, ...]], Manifest]) -> str:
        """Write manifest.json and SHA256SUMS, put the folder in its place and return the SHA-256 of SHA256SUMS."""
        order = {part.value: place for place, part in enumerate(Part)}
        self._files.sort(key=lambda file: order[file.name])
        manifest = manifest_for(tuple(self._files))
        self._put(MANIFEST, [msgspec.json.format(msgspec.json.encode(manifest), indent=2), b"\n"])
        sums = "".join(f"{file.sha256}  {file.name}\n" for file in self._files)
        sha256 = write_atomically(self._beside / SUMS, [sums.encode()])
        refuse_existing(self.path)
        with os_errors_about(self.path):
            force_folder_to_disk(self._beside)
            self._beside.rename(self.path)
            force_folder_to_disk(self.path.parent)
        return sha256

    def _put(self, name: str, chunks: Iterable[bytes]) -> KeptFile:
        path = self._beside / name
        sha256 = write_atomically(path, chunks)
        with os_errors_about(path):
            kept = KeptFile(name=name, bytes=path.stat().st_size, sha256=sha256)
        self._files.append(kept)
        return kept

    def _remove_left_over(self) -> None:
        """Remove what a killed process left; anything else that has the name stays, and is told."""
        beside = self._beside
        if not os.path.lexists(beside):
            return
        with os_errors_about(beside):
            if stat.S_ISDIR(beside.lstat().st_mode) and _holds_ours_only(beside):
                shutil.rmtree(beside)
                return
        raise UsageProblem(
            f"{beside} is needed while the folder is written, and something else is there.",
            hint="Move it away, or name another folder.",
        )


def _holds_ours_only(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return all(
            entry.name.removesuffix(".part") in _OURS and entry.is_file(follow_symlinks=False) for entry in entries
        )


def refuse_existing(path: Path) -> None:
    """Raise UsageProblem where a folder is there already: evidence is never added to, nor replaced."""
    if os.path.lexists(path):
        raise UsageProblem(
            f"{path} is there already; evidence is written into a new folder only.",
            hint="Name another folder, or move this one away.",
        )
    if path.name in ("", "..") or path.parent == path:
        raise FolderProblem(f"{path} cannot be the name of a new folder.", hint="Name a folder that is not there yet.")
