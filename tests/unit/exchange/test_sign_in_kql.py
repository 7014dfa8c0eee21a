"""The query for Log Analytics holds the tenant's locations and passes Kusto's own grammar; its answers come back."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from migrate.errors import BadInput
from migrate.exchange.sign_in_columns import lost_in
from migrate.exchange.sign_in_kql import counted_from, query_for, shapes_of
from migrate.exchange.sign_in_policy_kql import counts_policies, policies_query_for, policy_counts_in
from migrate.model.sign_ins import Coordinate, Form, SetAside, SignInClass
from tests.unit.exchange.sign_in_rows import ADA, EXCHANGE, MFA_POLICY, OFFICE, TENANT, evidence_with_places, reducer

CHECK = Path(__file__).parents[2] / "fixtures" / "kusto"
FILES = ("package.json", "package-lock.json")


def query(**others: Any) -> str:
    given: dict[str, Any] = {"days": 7, "parts": 1, "part": 0, **others}
    return query_for(evidence_with_places(), **given)


def test_the_query_holds_the_locations_and_no_placeholder() -> None:
    text = query(days=9, parts=4, part=3)
    assert f'"{OFFICE}", dynamic(["203.0.113.0/28"]), dynamic(["2001:db8:1::/48"])' in text
    assert "let Since = ago(9d);" in text
    assert "let Parts = 4;\nlet Part = 3;" in text
    assert "@" not in text.replace('@"', "").replace("@'", "")


def test_a_name_of_a_location_can_end_no_literal_of_the_query() -> None:
    evil = {"id": 'x"]; union *', "ipRanges": [{"cidrAddress": '10.0.0.0/8"] ; drop'}]}
    text = query_for(evidence_with_places(named_locations=(evil,)), days=1, parts=1, part=0)
    assert '"xunion", dynamic(["10.0.0.0/8drop"])' in text


def test_a_tenant_without_locations_gets_a_query_too() -> None:
    assert "dynamic([]), dynamic([])]" in query_for(evidence_with_places(named_locations=()), days=1, parts=1, part=0)


RIGHT = {
    "policies": policies_query_for(days=7),
    "sign-ins": query(),
    "no locations": query_for(evidence_with_places(named_locations=()), days=1, parts=2, part=1),
}
MISTAKES = {
    "tolower(UserId)": "tolower(UserIdd)",
    "arg_max(TimeGenerated": "argmax_(TimeGenerated",
    "project-away Hour": "project-away Hourr",
}


@pytest.fixture(scope="module")
def diagnostics() -> dict[str, list[str]]:
    """Return what Microsoft's language service for Kusto says of the queries and of those with a mistake planted.

    It is installed once, outside the project, and asked once: it takes seconds to start.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node and npm are not installed here; Kusto's grammar is asked where they are")
    marks = hashlib.sha256(b"".join((CHECK / name).read_bytes() for name in FILES)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"mfa-migrate-kusto-{marks}"
    if not (folder / "ready").exists():
        folder.mkdir(exist_ok=True)
        for name in FILES:
            shutil.copy(CHECK / name, folder)
        install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm could not install the language service here: {done.stderr.strip()[-200:]}")
        (folder / "ready").touch()
    shutil.copy(CHECK / "check.js", folder)

    queries = {**RIGHT, **{right: query().replace(right, wrong) for right, wrong in MISTAKES.items()}}
    asked = json.dumps(list(queries.values())).encode()
    done = subprocess.run([node, "check.js"], cwd=folder, input=asked, capture_output=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr.decode()
    return dict(zip(queries, json.loads(done.stdout), strict=True))


def test_the_query_about_policies_names_nobody() -> None:
    text = policies_query_for(days=9)
    assert "let Since = ago(9d);" in text
    assert "@" not in text
    answered = text[text.rindex("| summarize") :]
    assert "People = dcount(UserId, 4)" in answered
    assert "by PolicyId, Result, Form, Client, Code" in answered


@pytest.mark.parametrize("which", RIGHT)
def test_kustos_own_grammar_finds_nothing_to_say(diagnostics: dict[str, list[str]], which: str) -> None:
    assert diagnostics[which] == []


@pytest.mark.parametrize("right", MISTAKES)
def test_kustos_grammar_notices_a_planted_mistake(diagnostics: dict[str, list[str]], right: str) -> None:
    assert right in query()
    assert diagnostics[right]


ROW = {
    "Form": "interactive",
    "UserId": ADA,
    "AppId": "30000000-0000-4000-8000-000000000101",
    "Resource": EXCHANGE,
    "Audiences": f'["{EXCHANGE}"]',
    "Contexts": "[]",
    "Client": "Browser",
    "Protocol": "none",
    "Flow": "none",
    "Token": "none",
    "OperatingSystem": "Windows",
    "Compliant": "false",
    "KnownDevice": "false",
    "Trust": "",
    "Country": "SE",
    "HasAddress": "true",
    "Places": OFFICE,
    "HasSeenAddress": "false",
    "SeenPlaces": "",
    "ThroughGsa": "",
    "CrossTenant": "none",
    "ResourceTenantId": TENANT,
    "SignInRisk": "none",
    "Code": "0",
    "Requirement": "multiFactorAuthentication",
    "AskedBy": "multiConditionalAccess user",
    "Methods": "Password;Mobile app notification",
    "Results": f"told {MFA_POLICY}=success!",
    "Agent": "",
    "SignIns": "137",
    "Attempts": "120",
    "First": "2026-11-24T08:00:00Z",
    "Last": "2026-11-24T08:59:00Z",
}


def answer(folder: Path, *rows: dict[str, str]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path = folder / "answer.csv"
    path.write_text(text.getvalue(), encoding="utf-8-sig")
    return path


def test_an_answer_comes_back_as_the_kinds_that_rows_would_have_given(tmp_path: Path) -> None:
    path = answer(tmp_path, ROW, {**ROW, "First": "2026-11-24T09:10:00Z", "Last": "2026-11-24T09:20:00Z"})
    counted = counted_from([path], reducer())
    ((kind_place, user_id, seen),) = counted.people()
    kind = counted.kinds[kind_place]
    assert (user_id, seen.rows, seen.attempts, len(seen.hours)) == (ADA, 274, 240, 2)
    assert (kind.places, kind.asked_by, kind.results, kind.enforced_mfa) == (
        (OFFICE,),
        ("multiConditionalAccess", "user"),
        ((MFA_POLICY, "success"),),
        (MFA_POLICY,),
    )
    assert (kind.outcome, kind.platform, kind.compliant) == (SignInClass.OK, "windows", False)
    assert lost_in(shapes_of([path])) == (Coordinate.GLOBAL_SECURE_ACCESS,)


def test_what_says_nothing_of_our_policies_is_set_aside_by_the_counts_of_the_answer(tmp_path: Path) -> None:
    path = answer(tmp_path, {**ROW, "ResourceTenantId": "another"}, {**ROW, "UserId": ""})
    counted = counted_from([path], reducer())
    assert counted.set_aside == {SetAside.OUTBOUND: 137, SetAside.UNREADABLE: 137}


def test_an_answer_without_a_column_is_refused_by_name(tmp_path: Path) -> None:
    row = {name: cell for name, cell in ROW.items() if name not in ("Places", "Attempts")}
    with pytest.raises(BadInput, match="it lacks the columns: Places, Attempts"):
        counted_from([answer(tmp_path, row)], reducer())
    with pytest.raises(BadInput, match=r"Row 1 of answer\.csv has no counts or moments"):
        counted_from([answer(tmp_path, {**ROW, "SignIns": "many"})], reducer())


def test_the_answer_of_the_older_query_is_read_as_well(shared: Path) -> None:
    path = shared / "sign-in-samples" / "reduced.csv"
    counted = counted_from([path], reducer())
    assert sum(seen.rows for _, _, seen in counted.people()) == counted.rows == 9 * 137
    assert Coordinate.RESULTS in lost_in(shapes_of([path]))


POLICY_ROW = {
    "PolicyId": MFA_POLICY.upper(),
    "Result": "reportOnlyInterrupted",
    "Form": "interactive",
    "Client": "Browser",
    "Code": "0",
    "SignIns": "312",
    "Attempts": "309",
    "People": "14",
    "First": "2026-11-21T00:10:00Z",
    "Last": "2026-11-28T06:00:00Z",
}


def test_counts_of_policies_are_told_from_kinds_and_read_row_by_row(tmp_path: Path) -> None:
    path = answer(tmp_path, POLICY_ROW, {**POLICY_ROW, "Form": "nonInteractive", "People": "0"})
    assert counts_policies(path)
    one, other = policy_counts_in(path)
    assert (one.policy_id, one.result, one.form) == (MFA_POLICY, "reportOnlyInterrupted", Form.INTERACTIVE)
    assert (one.rows, one.attempts, one.people) == (312, 309, 14)
    assert (one.first, one.last) == ("2026-11-21T00:10:00Z", "2026-11-28T06:00:00Z")
    assert (other.form, other.people) == (Form.NON_INTERACTIVE, 0)
    assert not counts_policies(answer(tmp_path, ROW))


@pytest.mark.parametrize(
    ("name", "cell"), [("People", "some"), ("Attempts", "-1"), ("First", "yesterday"), ("PolicyId", " ")]
)
def test_counts_of_policies_with_a_cell_that_says_nothing_are_refused(tmp_path: Path, name: str, cell: str) -> None:
    with pytest.raises(BadInput, match=r"Row 2 of answer\.csv has no policy, counts or moments"):
        policy_counts_in(answer(tmp_path, POLICY_ROW, {**POLICY_ROW, name: cell}))


def test_counts_of_policies_without_a_column_are_refused_by_name(tmp_path: Path) -> None:
    row = {name: cell for name, cell in POLICY_ROW.items() if name not in ("People", "Last")}
    with pytest.raises(BadInput, match="it lacks the columns: People, Last"):
        policy_counts_in(answer(tmp_path, row))


def test_counts_of_the_older_query_about_policies_are_read_as_well(shared: Path) -> None:
    path = shared / "sign-in-samples" / "reduced-policies.csv"
    assert counts_policies(path)
    assert {one.result for one in policy_counts_in(path)} >= {"reportOnlySuccess", "reportOnlyFailure"}
