"""The evidence folder as an auditor gets it: whole or not there, checked by others' tools, honest in its answer."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.model.evidence_folder import Part
from migrate.sandbox.company import company
from tests.e2e.laboratory import Lab, ask, csv_of, environment, lab_in

NOT_BEFORE_A_RUN = {Part.AUDIT, Part.ROLLBACK_CSV, Part.ROLLBACK_JSON}


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a lab whose first wave was applied and verified; tests only read it."""
    with lab_in(tmp_path_factory.mktemp("applied"), company(1, 60)) as lab:
        lab.go("export", "--fast")
        lab.go("plan")
        lab.go("apply", "--yes", "--max-users", "100%", "--until", "wave:2")
        lab.go("verify")
        yield lab


@pytest.fixture
def folder(applied: Lab, tmp_path: Path) -> Path:
    """Return an evidence folder of that lab, to be spoilt."""
    made = applied.folder / "evidence"
    if not made.exists():
        applied.go("report", "evidence", str(made))
    return Path(shutil.copytree(made, tmp_path / "handed"))


def cis_of(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / Part.CIS).read_text(encoding="utf-8"))
    return document


def flaws(lab: Lab, folder: Path, *words: str) -> dict[str, set[str]]:
    """Return the kinds of flaws by file; exit code 1 where there are any."""
    ran = lab.run("report", "check", str(folder), "-o", "json", *words)
    found: dict[str, set[str]] = {}
    for flaw in ran.document["flaws"]:
        found.setdefault(flaw["file"], set()).add(flaw["kind"])
    assert ran.code == (1 if found else 0), ran.said
    assert ran.document["holds"] is not bool(found)
    return found


def summed_anew(folder: Path) -> None:
    """Write both lists anew, as somebody who covers up would."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for file in manifest["files"]:
        data = (folder / file["name"]).read_bytes()
        file["bytes"], file["sha256"] = len(data), hashlib.sha256(data).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    names = [file["name"] for file in manifest["files"]] + ["manifest.json"]
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


def test_the_folder_holds_every_file_for_its_owner_alone_and_others_tools_agree(applied: Lab, folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {*Part, "manifest.json", "SHA256SUMS"}
    made = applied.folder / "evidence"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.iterdir()} == {0o600}
    for name in (Part.PLAN_JSON, Part.PLAN_CSV, Part.ROLLBACK_JSON, Part.ROLLBACK_CSV):
        assert (folder / name).read_bytes() == (applied.workspace / name).read_bytes(), name
    applied.go("audit", "export", "--to", str(folder.parent / "audit.csv"))
    assert (folder / Part.AUDIT).read_bytes() == (folder.parent / "audit.csv").read_bytes()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    applied.go("audit", "verify", str(folder / Part.AUDIT), "--expect", manifest["journalHash"])
    assert flaws(applied, folder) == {}


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum here")
def test_sha256sum_checks_it_and_finds_a_changed_byte(folder: Path) -> None:
    check = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
    whole = subprocess.run(check, cwd=folder, capture_output=True, text=True, check=False)
    assert (whole.returncode, whole.stdout.count(": OK\n")) == (0, len(Part) + 1)
    (folder / Part.STATES).write_bytes((folder / Part.STATES).read_bytes() + b"\n")
    spoilt = subprocess.run(check, cwd=folder, capture_output=True, text=True, check=False)
    assert spoilt.returncode == 1
    assert f"{Part.STATES}: FAILED" in spoilt.stdout


def test_its_numbers_are_those_of_status_coverage_and_the_plan(applied: Lab, folder: Path) -> None:
    said, states = cis_of(folder), csv_of(folder / Part.STATES)
    counts = Counter(row["PerUserMfaState"] for row in states)
    assert counts == Counter(applied.states().values())
    assert {name: said["answer"][name] for name in ("disabled", "enabled", "enforced")} == {
        name: counts[name] for name in ("disabled", "enabled", "enforced")
    }
    now = applied.go("status", "-o", "json").document["countsNow"]
    kinds = Counter(f"{row['PerUserMfaState']}/{row['UserType']}" for row in states)
    assert dict(kinds) == now
    verdicts = Counter[str]()
    for one in applied.go("coverage", "-o", "json").document["classes"]:
        verdicts[one["verdict"]] += one["users"]
    assert {one["verdict"]: one["users"] for one in said["coverage"]} == verdicts
    assert said["answer"]["result"] == "not met"
    assert said["answer"]["because"] == ["enabled-or-enforced"]
    changed = {row["UserPrincipalName"]: row for row in csv_of(folder / Part.AUDIT) if row["Outcome"] == "confirmed"}
    for row in states:
        done = changed.get(row["UserPrincipalName"])
        assert (row["RequestId"] == done["RequestId"]) if done else row["PerUserMfaState"]
    assert all(row["ReadAt"] for row in states)
    change = json.loads((folder / Part.CHANGE_JSON).read_text(encoding="utf-8"))
    assert change["mfa_migrate"]["counts"]["migrated"] == len(changed)
    assert change["mfa_migrate"]["digests"]["journalHash"] == csv_of(folder / Part.AUDIT)[-1]["Hash"]


def test_the_sample_has_its_size_and_a_seed_that_draws_it_again(applied: Lab, folder: Path) -> None:
    sample, said = csv_of(folder / Part.CROSS_CHECK), cis_of(folder)["answer"]["sample"]
    assert (said["asked"], said["agreed"], said["statesReadBy"]) == (60, 60, "select")
    assert {(row["SampleSize"], row["Seed"]) for row in sample} == {("60", said["seed"])}
    assert len(said["seed"]) == 16
    assert {row["ObjectId"] for row in sample} == {row["ObjectId"] for row in csv_of(folder / Part.STATES)}
    assert said["seed"] in cis_of(folder)["method"]


def test_before_anything_is_applied_the_files_of_a_run_are_named_as_left_out(exported: Lab, tmp_path: Path) -> None:
    exported.go("report", "evidence", str(tmp_path / "early"))
    assert {path.name for path in (tmp_path / "early").iterdir()} == {
        *(set(Part) - NOT_BEFORE_A_RUN),
        "manifest.json",
        "SHA256SUMS",
    }
    manifest = json.loads((tmp_path / "early" / "manifest.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in manifest["leftOut"]} == NOT_BEFORE_A_RUN
    assert flaws(exported, tmp_path / "early") == {}


def test_an_existing_folder_is_refused_and_stays_as_it_is(exported: Lab, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine", encoding="utf-8")
    ran = exported.go("report", "evidence", str(tmp_path / "there"), code=2)
    assert "is there already" in ran.err
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["mine.txt"]
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    exported.go("report", "evidence", str(tmp_path / "link"), code=2)
    exported.go("report", "evidence", str(tmp_path / "new"), "--language", "fr", code=2)
    assert not (tmp_path / "new").exists()


def test_without_an_export_no_folder_is_made(lab: Lab, tmp_path: Path) -> None:
    ran = lab.go("report", "evidence", str(tmp_path / "none"), code=2)
    assert "mfa-migrate export" in ran.err
    assert not (tmp_path / "none").exists()
    assert not lab.workspace.exists()


def test_one_person_who_cannot_be_read_turns_the_answer(lab: Lab, tmp_path: Path) -> None:
    people = lab.tenant.people
    for place in range(len(people)):
        people.set_mfa_state(place, "disabled")
    lab.go("export")
    ran = lab.go("report", "evidence", str(tmp_path / "met"))
    assert "Met: all 60 accounts were read and read disabled." in ran.out
    assert cis_of(tmp_path / "met")["answer"]["result"] == "met"
    assert csv_of(tmp_path / "met" / Part.UNREADABLE) == []
    refused = {"status": 403, "code": "Authorization_RequestDenied", "message": "Insufficient privileges."}
    meets = {"path": f"users/{lab.id_of('ben.frost')}/authentication/requirements"}
    ask(f"{lab.url}/_sandbox/faults", "POST", {"faults": [{"match": meets, "do": refused}]})
    lab.go("export")
    lab.go("report", "evidence", str(tmp_path / "unsaid"))
    said = cis_of(tmp_path / "unsaid")
    assert (said["answer"]["result"], said["answer"]["because"]) == ("cannot be said", ["unreadable"])
    (row,) = csv_of(tmp_path / "unsaid" / Part.UNREADABLE)
    assert row["UserPrincipalName"] == lab.name_of("ben.frost")
    assert "403" in row["Reason"]
    assert row["RequestId"]
    assert flaws(lab, tmp_path / "unsaid") == {}


@pytest.mark.parametrize("moment", [1, 6, 14, "last"])
def test_killed_in_the_middle_it_leaves_nothing_under_the_name_and_the_next_is_whole(
    exported: Lab, tmp_path: Path, moment: int | str
) -> None:
    target = tmp_path / "evidence"
    words = exported.words("report", "evidence", str(target))
    killer = (
        "import os, signal, sys\n"
        "count = 0\n"
        "def hook(event, arguments):\n"
        "    global count\n"
        "    if event == 'os.rename' and '.part' in str(arguments[0]) and sys.argv[1] in str(arguments):\n"
        "        count += 1\n"
        "        is_last = not str(arguments[1]).count('.part')\n"
        "        if str(count) == sys.argv[2] or (sys.argv[2] == 'last' and is_last):\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.addaudithook(hook)\n"
        "from migrate.cli import run\n"
        "sys.exit(run(sys.argv[3:]))\n"
    )
    command = [sys.executable, "-c", killer, str(target), str(moment), *words]
    died = subprocess.run(command, env=environment(), capture_output=True, timeout=240, check=False)
    assert died.returncode == -9, died.stderr.decode()
    assert not target.exists()
    assert (tmp_path / "evidence.part").is_dir()
    exported.go("report", "evidence", str(target))
    assert not (tmp_path / "evidence.part").exists()
    assert flaws(exported, target) == {}


def test_what_somebody_else_keeps_in_the_place_beside_is_not_removed(exported: Lab, tmp_path: Path) -> None:
    (tmp_path / "new.part").mkdir()
    (tmp_path / "new.part" / "thesis.odt").write_text("years of work", encoding="utf-8")
    ran = exported.go("report", "evidence", str(tmp_path / "new"), code=2)
    assert "something else is there" in ran.err
    assert (tmp_path / "new.part" / "thesis.odt").exists()


@pytest.mark.parametrize("name", [*Part, "manifest.json", "SHA256SUMS"])
def test_whatever_is_changed_or_gone_is_named(applied: Lab, folder: Path, name: str) -> None:
    path = folder / name
    data = path.read_bytes()
    half = len(data) // 2
    path.write_bytes(data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :])
    assert name in flaws(applied, folder) or name == "SHA256SUMS"
    assert flaws(applied, folder)
    path.unlink()
    assert "missing" in flaws(applied, folder)[name]


COVERED_UP: dict[str, tuple[Part, Callable[[str], str], Part]] = {
    "a state": (Part.STATES, lambda text: text.replace(",enforced,", ",disabled,", 1), Part.CIS),
    "a row less": (Part.STATES, lambda text: text[: text.rstrip().rfind("\n") + 1], Part.CIS),
    "somebody unreadable": (
        Part.UNREADABLE,
        lambda text: text + "00000000-0000-4000-8000-000000000001,eve@contoso.example,member,enabled,gone,\n",
        Part.UNREADABLE,
    ),
    "a reading of the sample": (Part.CROSS_CHECK, lambda text: text.replace(",True,", ",False,", 1), Part.CROSS_CHECK),
    "a verdict": (Part.COVERAGE, lambda text: text.replace(",uncovered,", ",covered,", 1), Part.CIS),
    "the result": (Part.CIS, lambda text: text.replace('"not met"', '"met"'), Part.CIS),
    "an entry": (Part.AUDIT, lambda text: text.replace(",confirmed,", ",recovered,", 1), Part.AUDIT),
    "the last entry": (Part.AUDIT, lambda text: text[: text.rstrip().rfind("\n") + 1], Part.AUDIT),
    "the plan": (Part.PLAN_JSON, lambda text: text.replace('"totalUsers": 60', '"totalUsers": 61'), Part.PLAN_JSON),
    "a row of the plan": (Part.PLAN_CSV, lambda text: text.replace(",disable,", ",none,", 1), Part.PLAN_CSV),
    "a way back": (Part.ROLLBACK_CSV, lambda text: text.replace(",enforced,", ",enabled,", 1), Part.ROLLBACK_CSV),
}


@pytest.mark.parametrize("what", COVERED_UP)
def test_who_sums_anew_is_found_out_by_what_lies_beside(applied: Lab, folder: Path, what: str) -> None:
    part, spoil, blamed = COVERED_UP[what]
    before = (folder / part).read_bytes().decode()
    after = spoil(before)
    assert after != before
    (folder / part).write_bytes(after.encode())
    summed_anew(folder)
    found = flaws(applied, folder)
    assert blamed in found, found
    assert not any("changed" in kinds for kinds in found.values()), "the sums themselves are right"


def test_a_hash_that_was_noted_is_found_or_not(applied: Lab, folder: Path) -> None:
    sums = hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
    last = csv_of(folder / Part.AUDIT)[-1]["Hash"]
    assert flaws(applied, folder, "--expect", sums.upper(), "--expect", last) == {}
    assert flaws(applied, folder, "--expect", "ab" * 32) == {folder.name: {"not-expected"}}
    applied.go("report", "check", str(folder), "--expect", sums[:12], code=2)


def test_what_is_no_evidence_folder_is_a_usage_problem(applied: Lab, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "nowhere", folder / Part.README):
        ran = applied.go("report", "check", str(path), code=2)
        assert "Traceback" not in ran.said


def test_a_folder_that_was_made_to_harm_is_looked_at_and_nothing_outside_it(
    applied: Lab, folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret", encoding="utf-8")
    digest = hashlib.sha256(secret.read_bytes()).hexdigest()
    with (folder / "SHA256SUMS").open("a", encoding="utf-8") as sums:
        sums.write(f"{digest}  ../secret.txt\n{digest}  {secret}\n{digest}  ..\n{digest}  SHA256SUMS\nno hash\n")
    (folder / Part.STATES).unlink()
    (folder / Part.STATES).symlink_to(secret)
    (folder / "more").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe")
        assert flaws(applied, folder)["pipe"] == {"not-a-file"}
    if sys.platform == "linux":
        (Path(os.fsdecode(os.fsencode(folder) + b"/\xff\x1b[2J\n"))).write_bytes(b"")
        assert "extra" in flaws(applied, folder)["\\xff\x1b[2J\n"]
        for output in ("table", "csv", "ndjson"):
            assert applied.go("report", "check", str(folder), "-o", output, code=1).out
    found = flaws(applied, folder)
    assert found["SHA256SUMS"] == {"bad-name", "not-understood"}
    assert found[Part.STATES] == {"not-a-file"}
    assert found["more"] == {"not-a-file"}
    assert "a secret" not in applied.run("report", "check", str(folder)).said


def test_names_from_outside_steer_neither_spreadsheet_nor_page(lab: Lab, tmp_path: Path) -> None:
    everybody = next(p for p in lab.tenant.policies.values() if p["displayName"] == "Require MFA for all users")
    everybody["displayName"] = "=cmd|' /C calc'!A0\u202e"
    lab.tenant.organization["displayName"] = "[Contoso](https://evil.example)<img src=x>\u202e\n# Met"
    lab.go("export")
    lab.go("plan")
    lab.go("report", "evidence", str(tmp_path / "evidence"))
    coverage = (tmp_path / "evidence" / Part.COVERAGE).read_text(encoding="utf-8")
    assert ",'=cmd|" in coverage
    assert ",=cmd|" not in coverage
    for part in (Part.README, Part.CHANGE_MD):
        text = (tmp_path / "evidence" / part).read_text(encoding="utf-8")
        assert "evil.example" in text
        assert not any(sign in text for sign in ("\u202e", "<img", "\n# Met", " [Contoso]"))
    assert flaws(lab, tmp_path / "evidence") == {}
