"""convert and compare as a person runs them: formats out, sentences on stderr, exit codes."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.exchange.documents import SNAPSHOT_COLUMNS
from tests.e2e.laboratory import Lab, Ran, csv_of, environment, run_here

TABLE = "UserPrincipalName,MFAStatus,IsLicensed\nzoë@contoso.example,Enforced,True\n+x@contoso.example,,True\n"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return an old export of two people."""
    path = tmp_path / "old.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def converted(*words: str) -> Ran:
    return run_here(["convert", *words])


def test_rows_come_as_csv_that_our_own_reader_takes_again(old: Path, tmp_path: Path) -> None:
    ran = converted(str(old))
    assert ran.code == 0
    rows = list(csv.DictReader(io.StringIO(ran.out, newline="")))
    assert [(row["UserPrincipalName"], row["PerUserMfaState"], row["Row"]) for row in rows] == [
        ("zoë@contoso.example", "enforced", "2"),
        ("'+x@contoso.example", "disabled", "3"),
    ]
    again = tmp_path / "again.csv"
    again.write_text(ran.out, encoding="utf-8")
    (_, second) = json.loads(converted(str(again), "-o", "json").out)
    assert (second["userPrincipalName"], second["perUserMfaState"]) == ("+x@contoso.example", "disabled")


def test_json_is_a_list_with_the_documented_members(old: Path) -> None:
    first, second = converted(str(old), "--output", "json").document
    assert first == {
        "objectId": None,
        "userPrincipalName": "zoë@contoso.example",
        "perUserMfaState": "enforced",
        "source": f"{old}: MFAStatus",
        "row": 2,
    }
    assert second["perUserMfaState"] == "disabled"
    assert [json.loads(line) for line in converted(str(old), "-o", "ndjson").out.splitlines()] == [first, second]


def test_a_file_without_states_gives_null_and_one_without_the_disabled_says_so(tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("UPN\nada@contoso.example\n")
    ran = converted(str(names), "-o", "json")
    assert (ran.code, ran.document[0]["perUserMfaState"]) == (1, None)
    assert ran.err.count("this file holds no state") == 1
    half = tmp_path / "half.csv"
    half.write_text("UPN,MFAStatus\nada@contoso.example,Enforced\n")
    ran = converted(str(half))
    assert ran.code == 0
    assert ran.err.count("half of the truth") == 1, "each warning is said once"


@pytest.mark.parametrize("output", ["csv", "json"])
@pytest.mark.parametrize(
    ("encoding", "mark", "codec"),
    [("utf8", b"", "utf-8"), ("utf8bom", codecs.BOM_UTF8, "utf-8-sig"), ("utf16", codecs.BOM_UTF16_LE, "utf-16")],
)
def test_the_output_is_written_in_the_encoding_that_was_asked_for(
    old: Path, tmp_path: Path, output: str, encoding: str, mark: bytes, codec: str
) -> None:
    to = tmp_path / "out"
    assert converted(str(old), "-o", output, "--encoding", encoding, "--crlf", "--to", str(to)).code == 0
    data = to.read_bytes()
    assert data.startswith(mark)
    text = data.decode(codec)
    assert "zoë@contoso.example" in text
    assert text.count("\r\n") == text.count("\n") > 1
    again = json.loads(converted(str(to), "-o", "json").out)
    assert [row["perUserMfaState"] for row in again] == ["enforced", "disabled"]


def test_lines_for_machines_are_utf_8_whatever_encoding_the_files_are_to_have(old: Path, tmp_path: Path) -> None:
    to = tmp_path / "out"
    assert converted(str(old), "-o", "ndjson", "--encoding", "utf16", "--crlf", "--to", str(to)).code == 0
    data = to.read_bytes()
    assert [json.loads(line)["perUserMfaState"] for line in data.splitlines()] == ["enforced", "disabled"]
    assert "zoë@contoso.example".encode() in data
    assert b"\r" not in data


@pytest.mark.skipif(os.name == "nt", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize(("closed", "code"), [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0), ("<&-", 2)])
def test_a_process_that_was_started_without_a_stream_works_all_the_same(old: Path, closed: str, code: int) -> None:
    """Services and scheduled tasks start such processes; Python then has None where a stream should be."""
    source = "-" if closed == "<&-" else str(old)
    line = f'exec "$0" -m migrate convert "$1" {closed}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, source], env=environment(), capture_output=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert b"bug in mfa-migrate" not in done.stderr


@pytest.mark.parametrize("delimiter", [";", "tab", "|"])
def test_columns_are_separated_as_asked(old: Path, delimiter: str) -> None:
    sign = "\t" if delimiter == "tab" else delimiter
    assert converted(str(old), "--delimiter", delimiter).out.startswith(f"ObjectId{sign}UserPrincipalName{sign}")


@pytest.mark.parametrize(
    ("document", "words", "said"),
    [
        ("UPN,MFA Status\na@contoso.example,Strong\n", [], "'Strong' is no per-user MFA state"),
        ("UPN,MFA Status\na@contoso.example,Enabled\n", [], "--state-column 'MFA Status'"),
        ("UPN,MFA Status\na@contoso.example,Enabled\n", ["--state-column", "Foo"], "has no column 'Foo'"),
        ("UPN\na@contoso.example\n", ["--encoding", "latin1"], "--encoding does not know"),
        ("UPN\na@contoso.example\n", ["--delimiter", "x"], "--delimiter does not know"),
        ("UPN\na@contoso.example\n", ["--input-encoding", "klingon"], "no text encoding"),
        ("UPN\na@contoso.example\n", ["--sheet", "Users"], "no Excel workbook"),
        ("", [], "is empty"),
    ],
)
def test_what_is_refused_ends_with_2_and_a_sentence(tmp_path: Path, document: str, words: list[str], said: str) -> None:
    path = tmp_path / "old.csv"
    path.write_text(document)
    ran = converted(str(path), *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_file_that_is_not_there_ends_with_2() -> None:
    ran = converted("gone.csv")
    assert (ran.code, ran.out) == (2, "")
    assert "There is no file gone.csv" in ran.err


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le"])
def test_stdin_is_read_in_any_encoding_and_stdout_is_utf_8_whatever_the_locale(codec: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "migrate", "convert", "-"],
        input=TABLE.replace("\n", "\r\n").encode(codec),
        env={**environment(), "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "zoë@contoso.example".encode() in done.stdout


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything can be written by root")
def test_an_output_file_that_cannot_be_written_ends_with_5(old: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert converted(str(old), "--to", str(tmp_path / "out.csv")).code == 5
    finally:
        tmp_path.chmod(0o700)


def test_the_snapshot_compared_with_itself_agrees(exported: Lab) -> None:
    document = exported.go("compare", str(exported.workspace / "snapshot.csv"), "-o", "json").document
    assert document["differences"] == []
    assert document["agree"] == len(csv_of(exported.workspace / "snapshot.csv"))


def test_a_list_without_states_agrees_with_nothing(exported: Lab, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    everybody = [row["UserPrincipalName"] for row in csv_of(exported.workspace / "snapshot.csv")]
    names.write_text("\n".join(everybody) + "\n", encoding="utf-8")
    ran = exported.go("compare", str(names), "-o", "json", code=1)
    assert ran.document["differences"] == []
    assert "this file holds no state" in ran.err


def test_differences_are_told_in_every_format(exported: Lab, tmp_path: Path) -> None:
    rows = [row for row in csv_of(exported.workspace / "snapshot.csv") if row["PerUserMfaState"] == "enforced"]
    assert "PerUserMfaState" in SNAPSHOT_COLUMNS
    old = tmp_path / "old.csv"
    old.write_text(
        "ObjectId,UserPrincipalName,perUserMfaState\n"
        f"{rows[0]['ObjectId']},{rows[0]['UserPrincipalName']},Disabled\n"
        f"{rows[1]['ObjectId']},former@contoso.example,Enforced\n"
        ",nobody@contoso.example,Enabled\n",
        encoding="utf-8",
    )
    words = ("compare", str(old))
    document = exported.go(*words, "-o", "json", code=1).document
    assert [each["kind"] for each in document["differences"]][:3] == ["state", "renamed", "missing"]
    assert document["counts"]["new"] == len(csv_of(exported.workspace / "snapshot.csv")) - 2
    assert document["states"]["disabled"] == {"enforced": 1}
    table = list(csv.DictReader(io.StringIO(exported.go(*words, "-o", "csv", code=1).out, newline="")))
    assert len(table) == len(document["differences"])
    assert table[0]["Kind"] == "state"
    assert "is disabled in row 2 and enforced in the tenant" in exported.go(*words, code=1).out
    assert exported.go(*words, "-o", "ndjson", code=1).events[-1]["type"] == "summary"


def test_without_an_export_there_is_nothing_to_compare_with(tmp_path: Path, old: Path) -> None:
    ran = run_here(["compare", str(old), "--workspace", str(tmp_path / "none")])
    assert ran.code == 2
    assert "mfa-migrate export" in ran.err
