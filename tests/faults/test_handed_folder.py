"""Whatever lies in a folder that somebody hands in, `report check` answers: it holds, it does not, or it is none."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from migrate.model.evidence_folder import MANIFEST, SUMS, Part
from migrate.sandbox.company import company
from tests.e2e.laboratory import lab_in, run_here
from tests.faults.test_fuzzed_doors import damaged

FEW, MANY = 4, 400
FILES = [*(part.value for part in Part), MANIFEST, SUMS]


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return an evidence folder with every file in it."""
    with lab_in(tmp_path_factory.mktemp("handed"), company(1, 20)) as lab:
        lab.go("export", "--fast")
        lab.go("plan")
        lab.go("apply", "--yes", "--max-users", "100%")
        lab.go("report", "evidence", str(lab.folder / "evidence"))
        yield lab.folder / "evidence"


def go_through(name: str, handed: Path, folder: Path, tries: int) -> set[int]:
    """Check so many folders with a damaged file; return the exit codes."""
    rng, original, codes = random.Random(f"{name} {tries}"), (handed / name).read_bytes(), set()
    for number in range(tries):
        place = Path(shutil.copytree(handed, folder / str(number)))
        (place / name).write_bytes(damaged(original, rng))
        ran = run_here(["report", "check", str(place), "-o", "json"])
        assert ran.code in (0, 1, 2), f"{name}, try {number}: {ran.said}; the bytes are in {place / name}"
        assert ran.code == 2 or ran.document["holds"] is (ran.code == 0)
        codes.add(ran.code)
        shutil.rmtree(place)
    return codes


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_found(name: str, handed: Path, tmp_path: Path) -> None:
    assert go_through(name, handed, tmp_path, FEW) == {1}


@pytest.mark.long
@pytest.mark.parametrize("name", FILES)
def test_many_damaged_files_are_answered(name: str, handed: Path, tmp_path: Path) -> None:
    assert 1 in go_through(name, handed, tmp_path, MANY)


def deep(path: Path) -> None:
    path.write_bytes(b"[" * 200_000)


def long_line(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x" * (3 << 20))


def sparse(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(1 << 40)


def no_utf8(path: Path) -> None:
    path.write_bytes(b"\xff\xfe" + path.read_bytes())


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [deep, long_line, sparse, no_utf8, empty], ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize(
    "name", [Part.STATES, Part.CIS, Part.PLAN_JSON, Part.ROLLBACK_JSON, Part.AUDIT, MANIFEST, SUMS]
)
def test_what_was_made_to_hurt_is_refused_at_once(
    name: str, spoil: Callable[[Path], None], handed: Path, tmp_path: Path
) -> None:
    place = Path(shutil.copytree(handed, tmp_path / "spoilt"))
    spoil(place / name)
    ran = run_here(["report", "check", str(place), "-o", "json"])
    assert ran.code == 1, ran.said
    assert name in {flaw["file"] for flaw in ran.document["flaws"]} or name == SUMS


def test_a_manifest_of_a_later_version_and_one_of_another_tenant_are_told(handed: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(handed, tmp_path / "later"))
    manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    (place / MANIFEST).write_text(json.dumps({**manifest, "tenantId": "another"}), encoding="utf-8")
    found = run_here(["report", "check", str(place), "-o", "json"]).document["flaws"]
    others = {flaw["file"] for flaw in found if flaw["kind"] == "other-tenant"}
    assert others == {Part.CIS, Part.PLAN_JSON, Part.ROLLBACK_JSON, Part.AUDIT}
    (place / MANIFEST).write_text(json.dumps({**manifest, "format": 2}), encoding="utf-8")
    ran = run_here(["report", "check", str(place)])
    assert ran.code == 1
    assert "it has format 2; this version reads up to 1" in " ".join(ran.out.split())
