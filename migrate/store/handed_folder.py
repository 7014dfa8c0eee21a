"""Look at an evidence folder that somebody hands in: which files are there, and whether they are what its lists say.

Whatever is in it may have been made to harm: no link is followed, no name leaves the folder, nothing unbounded is held.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from migrate.errors import BadInput
from migrate.model.evidence_folder import (
    EVIDENCE_FORMAT,
    EVIDENCE_KIND,
    MANIFEST,
    SUMS,
    Flaw,
    FlawKind,
    KeptFile,
    Manifest,
    Part,
)
from migrate.named_files import unreadable

_TABLE_LIMIT = 8 << 30
_DOCUMENT_LIMIT = 256 << 20
_LIST_LIMIT = 1 << 20
_LONGEST_LINE = 1 << 20
"""Bytes of a line of a table: a cell of ours holds an eighth of that at most."""
_MOST_FILES = 1_000
_CHUNK = 1 << 20
_NOT_THERE = (FlawKind.MISSING, FlawKind.NOT_A_FILE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")


class HandedFolder:
    """A folder that was handed in. `flaws` grows while it is looked at."""

    def __init__(self, path: Path) -> None:
        """List a folder.

        Raises:
            BadInput: There is no such folder, it cannot be read, or nothing in it says that it is evidence of ours.
        """
        self.path = path
        self.flaws: list[Flaw] = []
        self.sums: dict[str, str] = {}
        """SHA-256 by name, as SHA256SUMS says."""
        self.sums_sha256 = ""
        self.manifest: Manifest | None = None
        self.sound: set[str] = set()
        """Names of the files that can be read further; their sum may be wrong all the same."""
        self.fitting = 0
        """Files whose sum is right."""
        self._sizes = self._listed()
        if SUMS not in self._sizes and MANIFEST not in self._sizes:
            raise BadInput(
                f"{path} is no evidence folder: it holds neither {SUMS} nor {MANIFEST}.",
                hint="Give the folder that `mfa-migrate report evidence` wrote.",
            )

    def look(self) -> None:
        """Read the two lists, compare them with each other and with the files."""
        self._read_sums()
        self._read_manifest()
        self._compare_lists()
        named = {file.name for file in self.manifest.files} if self.manifest is not None else set()
        for name in sorted(self.sums.keys() | named | self._sizes.keys() - {SUMS}):
            self._look_at(name)

    def read(self, name: str) -> bytes:
        """Return a document; raise `BadInput` where it is too large or cannot be read."""
        return _whole(self.path / name, _DOCUMENT_LIMIT)

    def flaw(self, kind: FlawKind, file: str, detail: str = "") -> None:
        """Note something that is wrong. A name or word that is no text is told by its bytes."""
        self.flaws.append(Flaw(kind=kind, file=_as_text(file), detail=_as_text(detail)))

    def _listed(self) -> dict[str, int]:
        sizes: dict[str, int] = {}
        try:
            with os.scandir(self.path) as entries:
                for number, entry in enumerate(entries):
                    if number >= _MOST_FILES:
                        self.flaw(FlawKind.TOO_LARGE, self.path.name, f"more than {_MOST_FILES} files")
                        break
                    found = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(found.st_mode):
                        sizes[entry.name] = found.st_size
                    else:
                        self.flaw(FlawKind.NOT_A_FILE, entry.name)
        except OSError as problem:
            raise unreadable(self.path, problem, a_folder=True) from problem
        return sizes

    def _read_sums(self) -> None:
        if SUMS not in self._sizes:
            self.flaw(FlawKind.MISSING, SUMS)
            return
        try:
            data = _whole(self.path / SUMS, _LIST_LIMIT)
            text = data.decode("ascii")
        except (BadInput, UnicodeDecodeError) as problem:
            self.flaw(FlawKind.NOT_UNDERSTOOD, SUMS, getattr(problem, "what", "it is no ASCII text"))
            return
        self.sums_sha256 = hashlib.sha256(data).hexdigest()
        for number, line in enumerate(text.splitlines(), start=1):
            found = _LINE.fullmatch(line)
            if found is None:
                self.flaw(FlawKind.NOT_UNDERSTOOD, SUMS, f"line {number} is no hash with a name")
            elif not _NAME.fullmatch(found[2]) or found[2] == SUMS or found[2] in self.sums:
                self.flaw(FlawKind.BAD_NAME, SUMS, f"line {number}: {found[2][:200]}")
            else:
                self.sums[found[2]] = found[1].lower()

    def _read_manifest(self) -> None:
        if MANIFEST not in self._sizes:
            self.flaw(FlawKind.MISSING, MANIFEST)
            return
        try:
            said = msgspec.json.decode(_whole(self.path / MANIFEST, _LIST_LIMIT))
            if not isinstance(said, dict) or said.get("kind") != EVIDENCE_KIND:
                raise BadInput(f"it is no {MANIFEST} of mfa-migrate")
            if isinstance(said.get("format"), int) and said["format"] > EVIDENCE_FORMAT:
                raise BadInput(f"it has format {said['format']}; this version reads up to {EVIDENCE_FORMAT}")
            self.manifest = msgspec.convert(said, Manifest)
        except (BadInput, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            self.flaw(FlawKind.NOT_UNDERSTOOD, MANIFEST, getattr(problem, "what", str(problem)))

    def _compare_lists(self) -> None:
        if self.manifest is None:
            return
        said = {file.name: file for file in self.manifest.files}
        left_out = {file.name for file in self.manifest.left_out}
        for file in self.manifest.files:
            if self.sums and self.sums.get(file.name) != file.sha256:
                self.flaw(FlawKind.LISTS_DIFFER, file.name)
        for name in self.sums.keys() - said.keys() - {MANIFEST}:
            self.flaw(FlawKind.LISTS_DIFFER, name)
        for part in Part:
            if part.value not in said and part.value not in left_out:
                self.flaw(FlawKind.MISSING, part.value, f"{MANIFEST} names it neither as there nor as left out")

    def _look_at(self, name: str) -> None:
        size = self._sizes.get(name)
        if size is None:
            if not any(flaw.file == name and flaw.kind in _NOT_THERE for flaw in self.flaws):
                self.flaw(FlawKind.MISSING, name)
            return
        kept = self._kept(name)
        expected = self.sums.get(name, "" if kept is None else kept.sha256)
        if not expected:
            self.flaw(FlawKind.EXTRA, name)
        elif size > (_TABLE_LIMIT if name.endswith(".csv") else _DOCUMENT_LIMIT):
            self.flaw(FlawKind.TOO_LARGE, name, f"{size} bytes")
        else:
            other = "" if kept is None or kept.bytes == size else f"{size} bytes instead of {kept.bytes}"
            self._hash(name, expected, other, is_table=name.endswith(".csv"))

    def _hash(self, name: str, expected: str, other_size: str, *, is_table: bool) -> None:
        digest, longest = hashlib.sha256(), 0
        try:
            for chunk in _chunks(self.path / name):
                digest.update(chunk)
                longest = 0 if b"\n" in chunk else longest + len(chunk)
                if is_table and longest > _LONGEST_LINE:
                    self.flaw(FlawKind.TOO_LARGE, name, f"a line of more than {_LONGEST_LINE >> 20} MiB")
                    return
        except OSError as problem:
            self.flaw(FlawKind.UNREADABLE, name, problem.strerror or "")
            return
        self.sound.add(name)
        if digest.hexdigest() == expected and not other_size:
            self.fitting += 1
        else:
            self.flaw(FlawKind.CHANGED, name, other_size)

    def _kept(self, name: str) -> KeptFile | None:
        files = self.manifest.files if self.manifest is not None else ()
        return next((file for file in files if file.name == name), None)


def _as_text(name: str) -> str:
    """Return what the file system gave as a name, with the bytes that are no text shown as such."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _opened(path: Path) -> int:
    # A link put there between the listing and now is refused, and a pipe does not hold us up.
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    return os.open(path, os.O_RDONLY | flags)


def _chunks(path: Path) -> Iterator[bytes]:
    handle = _opened(path)
    try:
        while chunk := os.read(handle, _CHUNK):
            yield chunk
    finally:
        os.close(handle)


def _whole(path: Path, limit: int) -> bytes:
    parts, size = [], 0
    try:
        for chunk in _chunks(path):
            size += len(chunk)
            if size > limit:
                raise BadInput(f"it is larger than {limit >> 20} MiB")
            parts.append(chunk)
    except OSError as problem:
        raise BadInput(f"it cannot be read: {problem.strerror}") from problem
    return b"".join(parts)
