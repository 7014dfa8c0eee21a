"""The sign-in log read, imported, shown and forgotten by whole commands, against the sandbox's own truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.laboratory import Lab, ask

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"


def sign_in(lab: Lab, name: str, **members: Any) -> dict[str, Any]:
    """Let somebody sign in, and return the sandbox's own entry."""
    entry: dict[str, Any] = ask(
        f"{lab.url}/_sandbox/signins", "POST", {"user": lab.name_of(name), "app": EXCHANGE, **members}
    )
    return entry


@pytest.fixture
def busy(make_lab: Callable[..., Lab]) -> Lab:
    """Return an exported lab in which people signed in on three days, the last an hour ago."""
    lab = make_lab(signin_lag_seconds=0.0)
    for _ in range(3):
        sign_in(lab, "alma.berg")
        sign_in(lab, "alma.berg", interactive=False)
        sign_in(lab, "alma.berg", client="imap")
        lab.advance(3600)
        sign_in(lab, "alma.berg", platform="iOS", mfa=False)
        lab.advance(23 * 3600)
    lab.advance(3600)
    lab.go("export")
    return lab


def truth(lab: Lab) -> Counter[tuple[bool, int]]:
    entries = ask(f"{lab.url}/_sandbox/signins")["value"]
    return Counter((entry["isInteractive"], entry["status"]["errorCode"]) for entry in entries)


def test_what_is_read_is_what_happened(busy: Lab) -> None:
    ran = busy.go("sign-ins", "read", "--days", "7", "-o", "json")
    (reading,) = ran.document["readings"]
    assert reading["source"]["complete"] is True
    assert reading["source"]["rows"] == sum(truth(busy).values()) == 12
    outcomes = {(one["form"], one["outcome"]): one["rows"] for one in reading["summary"]["outcomes"]}
    happened = truth(busy)
    assert outcomes[("interactive", "mfaFailed")] == happened[True, 500121] == 3
    assert outcomes[("nonInteractive", "ok")] == happened[False, 0] == 3
    assert ran.document["waysSeen"]["ropc"] == []


def test_kinds_hold_no_names_and_no_addresses(busy: Lab) -> None:
    busy.go("sign-ins", "read", "--days", "7")
    import sqlite3

    with sqlite3.connect(busy.workspace / "snapshot.db") as connection:
        rows = [
            bytes(row[0]).decode()
            for table in ("sign_in_sources", "sign_in_kinds", "sign_in_people")
            for row in connection.execute(f"SELECT body FROM {table}")
        ]
    connection.close()
    assert rows
    assert not any(word in row for row in rows for word in ("alma", "203.0.113", "contoso"))


def test_reading_again_reads_only_what_is_new(busy: Lab) -> None:
    busy.go("sign-ins", "read", "--days", "7")
    busy.advance(3600)
    sign_in(busy, "alma.berg")
    busy.advance(3600)
    busy.go("sign-ins", "read", "--days", "7")
    readings = busy.go("sign-ins", "show", "-o", "json").document["readings"]
    assert [one["source"]["rows"] for one in readings] == [12, 1]
    assert readings[1]["source"]["since"] == readings[0]["source"]["until"]


def test_a_limit_on_rows_leaves_a_hole_that_is_named(busy: Lab) -> None:
    ran = busy.go("sign-ins", "read", "--days", "7", "--max-rows", "1")
    assert "Missing: interactive sign-ins of" in ran.err
    assert "--max-rows was reached (1 rows)" in ran.err
    (reading,) = busy.go("sign-ins", "show", "-o", "json").document["readings"]
    assert {hole["why"] for hole in reading["source"]["holes"]} == {"mostRows"}


def test_a_reading_that_was_stopped_goes_on_where_it_stopped(busy: Lab) -> None:
    refused = {"match": {"path": "auditLogs/signIns", "nth": 5}, "do": {"status": 403, "code": "Forbidden"}}
    ask(f"{busy.url}/_sandbox/faults", "POST", {"faults": [refused]})
    ran = busy.go("sign-ins", "read", "--days", "7", code=4)
    assert "Directory.Read.All" in ran.err
    (reading,) = busy.go("sign-ins", "show", "-o", "json").document["readings"]
    assert reading["source"]["complete"] is False
    ask(f"{busy.url}/_sandbox/faults", "DELETE")
    ran = busy.go("sign-ins", "read", "-o", "json")
    assert "Going on with reading 1" in ran.err
    (reading,) = ran.document["readings"]
    assert (reading["source"]["complete"], reading["source"]["rows"]) == (True, 12)


def test_what_was_read_survives_the_next_export_and_can_be_forgotten(busy: Lab) -> None:
    busy.go("sign-ins", "read", "--days", "7")
    busy.go("export")
    assert len(busy.go("sign-ins", "show", "-o", "json").document["readings"]) == 1
    assert "Forgotten: 1." in busy.go("sign-ins", "forget", "1").err
    assert busy.go("sign-ins", "show", "-o", "json").document["readings"] == []
    assert busy.go("sign-ins", "forget", "9", code=2).err
    assert "Name the readings" in busy.go("sign-ins", "forget", code=2).err


def test_a_file_of_the_same_rows_gives_the_same_numbers(busy: Lab, tmp_path: Path) -> None:
    busy.go("sign-ins", "read", "--days", "7")
    read = busy.go("sign-ins", "show", "-o", "json").document["readings"][0]["summary"]
    file = tmp_path / "sign-ins.ndjson"
    entries = ask(f"{busy.url}/_sandbox/signins")["value"]
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    refused = busy.go("sign-ins", "import", str(file), code=2)
    assert "would be counted twice" in refused.err
    busy.go("sign-ins", "forget", "--all")
    ran = busy.go("sign-ins", "import", str(file), "-o", "json")
    assert ran.document["readings"][0]["summary"] == read


def test_what_is_no_file_of_sign_ins_is_refused_and_nothing_is_kept(busy: Lab, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text("UserPrincipalName,State\nada@contoso.example,enabled\n")
    ran = busy.go("sign-ins", "import", str(file), code=2)
    assert "without the columns" in ran.err
    assert busy.go("sign-ins", "show", "-o", "json").document["readings"] == []


def test_without_the_licence_the_log_is_refused_with_the_reason(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.go("export")
    lab.tenant.skus.clear()
    ran = lab.go("sign-ins", "read", code=4)
    assert "lacks the licence" in ran.err


def test_the_query_for_large_tenants_holds_this_tenants_places(busy: Lab) -> None:
    out = busy.go("sign-ins", "kql", "--days", "3", "--parts", "2").out
    places = [place for place in busy.tenant.named_locations.values() if "ipRanges" in place]
    assert places
    assert all(place["ipRanges"][0]["cidrAddress"] in out for place in places)
    assert out.count("let Parts = 2;") == 2


def test_counts_of_policies_alone_are_refused_with_what_to_bring_beside_them(busy: Lab, tmp_path: Path) -> None:
    assert "mv-expand Policy" in busy.go("sign-ins", "kql", "--policies", "--days", "3").out
    assert "names none" in busy.go("sign-ins", "kql", "--policies", "--parts", "2", code=2).err
    file = tmp_path / "reduced-policies.csv"
    file.write_text("PolicyId,Result,Form,Client,Code,SignIns,Attempts,People,First,Last\n")
    refused = " ".join(busy.go("sign-ins", "import", "--reduced", str(file), code=2).err.split())
    assert "holds no sign-ins of anybody" in refused
    assert "KINDS_FILE POLICIES_FILE" in refused


def test_a_file_that_is_not_reduced_is_refused_as_a_reduced_one(busy: Lab, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("TimeGenerated,Id\n")
    assert "it lacks the columns" in busy.go("sign-ins", "import", "--reduced", str(file), code=2).err


def test_an_import_names_the_rows_that_have_no_time(busy: Lab, tmp_path: Path) -> None:
    row = sign_in(busy, "alma.berg")
    broken = {**row, "createdDateTime": "2026-11-24T10:00:00+02:00Z"}
    path = tmp_path / "broken.ndjson"
    path.write_text(f"{json.dumps(broken)}\n", encoding="utf-8")
    refused = busy.go("sign-ins", "import", str(path), code=2)
    said = " ".join(refused.err.split())
    assert "the first: row 1 ('2026-11-24T10:00:00+02:00Z')" in said
    assert "counts: of 1 row 1 without a person, a time or a code." in said
