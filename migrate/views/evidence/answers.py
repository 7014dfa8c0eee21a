"""What `report evidence` and `report check` print."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_never

from migrate.model.evidence_folder import MANIFEST, SUMS, CheckedFolder, CisDocument, Flaw, FlawKind, Manifest
from migrate.model.instants import minute_utc
from migrate.model.words import counted
from migrate.views.screen import Answer, styled
from migrate.views.tables import table


def evidence_answer(folder: Path, manifest: Manifest, document: CisDocument, sums: str) -> Answer:
    """Return the answer for a folder that was written."""
    path = _named(folder)

    def lines() -> Iterator[Any]:
        yield f"{counted(len(manifest.files) + 2, 'file')} written to {path}, readable by you only."
        yield from _left_out(manifest)
        yield styled(f"CIS {document.recommendation}: {document.sentence}", "bold")
        yield f"SHA-256 of {SUMS}: {sums}"
        if manifest.journal_entries:
            yield f"Last hash of the audit: {manifest.journal_hash}"
        what = "both" if manifest.journal_entries else "it"
        yield f"Note {what} in the change ticket; `mfa-migrate report check DIR --expect HASH` checks against them."

    return Answer(
        kind="report-evidence",
        document={
            "folder": path,
            "cis": document,
            "sumsSha256": sums,
            "manifest": manifest,
        },
        columns=("Name", "Bytes", "Sha256"),
        rows=lambda: ((file.name, str(file.bytes), file.sha256) for file in manifest.files),
        lines=lines,
    )


def check_answer(folder: Path, found: CheckedFolder) -> Answer:
    """Return the answer for a folder that was handed in."""
    path = _named(folder)

    def lines() -> Iterator[Any]:
        manifest = found.manifest
        if manifest is not None:
            where = f"sandbox {manifest.endpoint}" if manifest.endpoint else manifest.cloud
            yield f"{manifest.tenant_name} ({manifest.tenant_id}, {where}), state of {minute_utc(manifest.as_of)}"
            yield from _left_out(manifest)
        if found.flaws:
            yield table(["What", "File", "Found"], ((f"! {f.kind}", f.file, flaw_words(f)) for f in found.flaws))
        yield f"{counted(found.files, 'file')} as written; SHA-256 of {SUMS}: {found.sums_sha256 or 'not known'}"
        if found.flaws:
            yield styled(f"Does not hold: {counted(len(found.flaws), 'thing')} found.", "bold red")
        else:
            said = f" The CIS answer is: {manifest.result}." if manifest is not None else ""
            yield styled(f"Holds: what is there is as it was written, and fits together.{said}", "bold")

    return Answer(
        kind="report-check",
        document={
            "folder": path,
            "holds": found.holds,
            "files": found.files,
            "sumsSha256": found.sums_sha256 or None,
            "flaws": [
                {"kind": flaw.kind, "file": flaw.file, "detail": flaw.detail or None, "sentence": flaw_words(flaw)}
                for flaw in found.flaws
            ],
            "manifest": found.manifest,
        },
        columns=("Flaw", "File", "Detail", "Sentence"),
        rows=lambda: ((flaw.kind, flaw.file, flaw.detail, flaw_words(flaw)) for flaw in found.flaws),
        lines=lines,
    )


def _named(folder: Path) -> str:
    """Return a path as text, also where a part of it is none."""
    return os.fsencode(folder).decode("utf-8", "backslashreplace")


def _left_out(manifest: Manifest) -> Iterator[str]:
    for one in manifest.left_out:
        yield f"  not there when it was written: {one.name} ({one.why})"


def flaw_words(flaw: Flaw) -> str:
    """Return what is wrong, in a sentence."""
    more = f": {flaw.detail}" if flaw.detail else ""
    match flaw.kind:
        case FlawKind.MISSING:
            return f"is not there{more}"
        case FlawKind.EXTRA:
            return "is there, and no list names it"
        case FlawKind.CHANGED:
            return f"is not what was written{more}"
        case FlawKind.NOT_A_FILE:
            return "is a link, a folder or a device, and was not opened"
        case FlawKind.TOO_LARGE:
            return f"is too large to be one of ours{more}"
        case FlawKind.UNREADABLE:
            return f"cannot be read{more}"
        case FlawKind.BAD_NAME:
            return f"names something that is no file of the folder, or twice{more}"
        case FlawKind.NOT_UNDERSTOOD:
            return f"is not understood{more}"
        case FlawKind.LISTS_DIFFER:
            return f"manifest.json and {SUMS} do not say the same of it"
        case FlawKind.CHAIN_BROKEN:
            return f"its chain is broken{more}"
        case FlawKind.OTHER_TENANT:
            return f"is of another tenant than {MANIFEST} says{more}"
        case FlawKind.NOT_ITS_ROWS | FlawKind.NOT_IN_AUDIT | FlawKind.ANSWER_DIFFERS:
            return f"does not fit what lies beside it{more}"
        case FlawKind.NOT_EXPECTED:
            return f"holds nothing with the hash that was noted{more}"
        case _:
            assert_never(flaw.kind)
