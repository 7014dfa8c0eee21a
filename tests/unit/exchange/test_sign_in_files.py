"""Every format of sign-ins imports to the same kinds as Graph itself, where it holds the columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from migrate.errors import BadInput
from migrate.exchange import graph_columns
from migrate.exchange.sign_in_columns import ATTEMPT_SECONDS, SignInColumns, digest, lost_in
from migrate.exchange.sign_in_files import read_into, recognised
from migrate.exchange.tables import CELL_LIMIT
from migrate.model.sign_in_rows import GraphRows, GraphSignIn
from migrate.model.sign_ins import Coordinate, SeenAs, SetAside, SignInClass, SourceFormat
from tests.unit.exchange.sign_in_rows import ADA, EXCHANGE, MFA_POLICY, REPORT_ONLY, graph_row, reducer, seen_in

OTHER_TENANT = "10000000-0000-4000-8000-0000000000bb"


def columns_of(*files: Path) -> SignInColumns:
    columns = SignInColumns(reducer())
    for file in files:
        read_into(columns, recognised(file), advance=lambda number: None)
    return columns


def added(*rows: dict[str, Any], hashed: Callable[[str], int] = hash) -> SignInColumns:
    columns = SignInColumns(reducer(), hashed=hashed)
    maker = GraphRows()
    columns.add([maker.row_of(msgspec.convert(row, GraphSignIn, strict=False)) for row in map(raw_results, rows)])
    return columns


def raw_results(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "appliedConditionalAccessPolicies": msgspec.Raw(json.dumps(row["appliedConditionalAccessPolicies"]).encode()),
    }


def without(people: list[SeenAs], **blank: Any) -> list[str]:
    """Return people in one order, with some members of their kinds blanked out."""
    return sorted(repr(msgspec.structs.replace(one, kind=msgspec.structs.replace(one.kind, **blank))) for one in people)


# The formats


def test_the_samples_of_json_give_the_kinds_of_graph(shared: Path) -> None:
    folder = shared / "sign-in-samples"
    graph = seen_in(columns_of(folder / "graph-beta.ndjson"))
    assert len(graph) == 9
    diagnostic = seen_in(columns_of(folder / "insights-logs-signinlogs_PT1H.json"))
    assert without(diagnostic) == without(graph)
    portal = seen_in(columns_of(folder / "InteractiveSignIns_2026-11-22_2026-11-29.json"))
    assert without(portal) == without([one for one in graph if one.kind.form == "interactive"])
    page = seen_in(columns_of(folder / "graph-beta-page.json"))
    assert set(without(page)) <= set(without(graph))
    assert len(page) == 4


def test_the_samples_of_tables_give_the_kinds_of_graph_but_for_what_they_lack(shared: Path) -> None:
    folder = shared / "sign-in-samples"
    graph = seen_in(columns_of(folder / "graph-beta.ndjson"))
    tables = columns_of(folder / "SigninLogs.csv", folder / "AADNonInteractiveUserSignInLogs.csv")
    lost = lost_in(tables.shapes.values_made)
    assert lost == (Coordinate.CONTEXTS, Coordinate.GLOBAL_SECURE_ACCESS)
    assert without(seen_in(tables), contexts=None) == without(graph, contexts=None)
    name = "InteractiveSignIns_2026-11-22_2026-11-29.csv"
    portal = columns_of(folder / name, folder / f"Non{name}")
    lost = lost_in(portal.shapes.values_made)
    assert {Coordinate.RESULTS, Coordinate.SIGN_IN_RISK, Coordinate.ASKED_BY, Coordinate.AUDIENCES} <= set(lost)
    blank: dict[str, Any] = {
        "contexts": None,
        "risk": None,
        "asked_by": None,
        "results": None,
        "enforced_mfa": (),
        "global_secure_access": None,
    }
    assert without(seen_in(portal), **blank) == without(graph, **blank)


def test_repeated_rows_of_several_files_count_once(shared: Path) -> None:
    folder = shared / "sign-in-samples"
    both = columns_of(folder / "graph-beta.ndjson", folder / "SigninLogs.csv").settle()
    assert (both.rows, both.repeated) == (9, 7)


@pytest.mark.parametrize(
    "name", ["EntraIdSignInEvents.csv", "InteractiveSignIns_AuthDetails_2026-11-22_2026-11-29.csv"]
)
def test_other_tables_are_refused_with_the_columns_that_are_missing(shared: Path, name: str) -> None:
    with pytest.raises(BadInput, match=r"without the columns: .*resourceidentity"):
        recognised(shared / "sign-in-samples" / name)


PORTAL = {
    "Date (UTC)": "2026-11-24T08:00:00Z",
    "Request ID": "40000000-0000-4000-8000-000000000001",
    "Correlation ID": "50000000-0000-4000-8000-000000000001",
    "User ID": ADA.upper(),
    "Application ID ": "30000000-0000-4000-8000-000000000101",
    "Resource ID ": EXCHANGE,
    "Client app": "Browser",
    "IP address": "203.0.113.7",
    "Location": "Anytown, Somewhere, SE",
    "Status": "Success",
    "Sign-in error code": "",
    "Operating System": "Windows11",
    "Incoming token type": "none",
}


def portal_file(folder: Path, rows: list[dict[str, str]], *, name: str = "InteractiveSignIns_a.csv") -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path = folder / name
    path.write_text(text.getvalue(), encoding="utf-8-sig")
    return path


def test_columns_are_found_by_name_with_spaces_case_and_order_as_they_come(tmp_path: Path) -> None:
    turned = {f" {name.upper()} " if place % 2 else name: PORTAL[name] for place, name in enumerate(reversed(PORTAL))}
    one, other = (
        seen_in(columns_of(portal_file(tmp_path, [PORTAL]))),
        seen_in(columns_of(portal_file(tmp_path, [turned]))),
    )
    assert one == other
    assert [(one.user_id, one.kind.country, one.kind.code) for one in one] == [(ADA, "SE", 0)]


def test_a_table_without_a_needed_column_is_refused_by_its_name(tmp_path: Path) -> None:
    row = {name: cell for name, cell in PORTAL.items() if name not in ("Resource ID ", "Operating System")}
    with pytest.raises(BadInput, match="a CSV file of the portal, without the columns: operating system, resource id"):
        recognised(portal_file(tmp_path, [row]))


def test_which_kind_of_sign_ins_a_portal_file_holds_is_never_guessed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column says so, and its name does not"):
        columns_of(portal_file(tmp_path, [PORTAL], name="export.csv"))


def test_dates_with_slashes_are_read_by_what_the_whole_file_shows(tmp_path: Path) -> None:
    early, late = {**PORTAL, "Date (UTC)": "05/11/2026, 08:00:00"}, {**PORTAL, "Date (UTC)": "24/11/2026, 08:00:00"}
    late["Request ID"] = late["Correlation ID"] = "40000000-0000-4000-8000-000000000002"
    (seen,) = seen_in(columns_of(portal_file(tmp_path, [early, late])))
    assert seen.seen.last - seen.seen.first == 19 * 86_400
    with pytest.raises(BadInput, match="whether the day or the month is first"):
        columns_of(portal_file(tmp_path, [early]))


def test_american_dates_with_am_and_pm_are_read(tmp_path: Path) -> None:
    (seen,) = seen_in(columns_of(portal_file(tmp_path, [{**PORTAL, "Date (UTC)": "11/24/2026, 8:00:00 PM"}])))
    assert seen.seen.hours == ((498_764, 1),)


def test_a_row_that_is_cut_off_is_named(tmp_path: Path) -> None:
    path = portal_file(tmp_path, [PORTAL, PORTAL])
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text[: text.rindex("203.0.113.7")], encoding="utf-8")
    with pytest.raises(BadInput, match=r"Row 2 of InteractiveSignIns_a\.csv has 8 cells"):
        columns_of(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ('{"a": 1}', "holds JSON, but no sign-ins"),
        ('{"createdDateTime": 5}\n', "Line 1 of it.json is no sign-in"),
        ("[1]", "does not hold sign-ins"),
        ("nothing,here\n1,2\n", "no table of sign-ins"),
    ],
)
def test_what_is_no_file_of_sign_ins_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "it.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=complaint):
        columns_of(path)


def test_a_first_line_that_is_one_endless_cell_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "it.csv"
    path.write_text("a" * 200_000)
    before = csv.field_size_limit(CELL_LIMIT)
    try:
        with pytest.raises(BadInput, match="field larger than field limit"):
            columns_of(path)
    finally:
        csv.field_size_limit(before)


def test_a_file_of_graph_may_hold_a_page_on_each_line(tmp_path: Path) -> None:
    path = tmp_path / "pages.ndjson"
    path.write_text("".join(json.dumps({"value": [graph_row(n), graph_row(n + 1)]}) + "\n" for n in (1, 3)))
    assert recognised(path).form is SourceFormat.GRAPH_FILE
    assert columns_of(path).settle().rows == 4


@pytest.mark.parametrize("most", [1, 200_000])
def test_lines_give_the_kinds_of_their_rows_also_where_what_is_known_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(graph_columns, "_MOST", most)
    strange: list[dict[str, Any]] = [
        {},
        {"userId": ADA.upper(), "ipAddressFromResourceProvider": "203.0.113.7"},
        {"ipAddress": None, "ipAddressFromResourceProvider": "203.0.113.9"},
        {"deviceDetail": None, "clientAppUsed": "IMAP4"},
        {"deviceDetail": {"deviceId": "", "operatingSystem": "Windows11", "isCompliant": False, "trustType": None}},
        {"deviceDetail": {"deviceId": "1", "operatingSystem": "Windows11", "isCompliant": False, "trustType": None}},
        {"userId": "30000000-0000-4000-8000-000000000002", "status": {"errorCode": "50074"}, "correlationId": ""},
        {"userId": None},
    ]
    rows = [graph_row(place, **strange[place % len(strange)]) for place in range(3 * len(strange))]
    path = tmp_path / "rows.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found, expected = columns_of(path).settle(), added(*rows).settle()
    assert (found.rows, found.set_aside) == (expected.rows, expected.set_aside)
    assert [(found.kinds[kind], who, seen) for kind, who, seen in found.people()] == [
        (expected.kinds[kind], who, seen) for kind, who, seen in expected.people()
    ]


# From rows to kinds


def test_an_attempt_is_what_its_last_row_says() -> None:
    same = {"correlationId": "50000000-0000-4000-8000-0000000000ff"}
    asked = graph_row(1, status={"errorCode": 50074}, **same)
    passed = graph_row(2, createdDateTime="2026-11-24T08:00:30Z", **same)
    later = graph_row(3, createdDateTime="2026-11-24T09:00:00Z", status={"errorCode": 50074}, **same)
    found = {one.kind.outcome: one.seen for one in seen_in(added(passed, later, asked))}
    assert found[SignInClass.OK].attempts == 1
    assert (found[SignInClass.INTERRUPT].rows, found[SignInClass.INTERRUPT].attempts) == (2, 1)


def test_rows_that_say_nothing_about_our_policies_are_set_aside_and_counted() -> None:
    counted = added(
        graph_row(1, resourceTenantId=OTHER_TENANT),
        graph_row(2, agent={"agentType": "agenticAppInstance"}),
        graph_row(3, crossTenantAccessType="microsoftSupport"),
        graph_row(4, status={}),
        graph_row(5, userId=""),
        graph_row(6, agent={"agentType": "notAgentic"}),
    ).settle()
    assert counted.set_aside == {
        SetAside.OUTBOUND: 1,
        SetAside.AGENT: 1,
        SetAside.SUPPORT: 1,
        SetAside.UNREADABLE: 2,
    }
    assert len(list(counted.people())) == 1


@pytest.mark.parametrize("others", [0, 2])
def test_rows_without_a_time_are_set_aside_and_the_first_of_them_are_known(tmp_path: Path, others: int) -> None:
    times = ["2026-11-24T08:00:00Z"] * others + ["2026-11-24T10:00:00+02:00Z"] * 4
    times.append("0001-01-01T00:00:00+14:00")  # in UTC it lies before the year 1
    path = tmp_path / "sign-ins.ndjson"
    rows = [graph_row(number, createdDateTime=time) for number, time in enumerate(times, start=1)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    columns = columns_of(path)
    assert columns.timeless == [(others + number, "2026-11-24T10:00:00+02:00Z") for number in (1, 2, 3)]
    assert columns.rows == len(times)
    counted = columns.settle()
    assert counted.set_aside == {SetAside.UNREADABLE: 5}
    assert (counted.first is None) is (others == 0)


def test_results_and_who_asked_are_kept_and_what_did_nothing_is_not() -> None:
    results = [
        {"id": MFA_POLICY.upper(), "result": "success", "enforcedGrantControls": ["Mfa"]},
        {"id": REPORT_ONLY, "result": "reportOnlyInterrupted", "enforcedGrantControls": ["Mfa"]},
        {"id": "20000000-0000-4000-8000-000000000003", "result": "notApplied"},
    ]
    (one,) = seen_in(added(graph_row(appliedConditionalAccessPolicies=results)))
    assert one.kind.results == ((MFA_POLICY, "success"), (REPORT_ONLY, "reportOnlyInterrupted"))
    assert one.kind.enforced_mfa == (MFA_POLICY,)
    assert one.kind.was_asked is True


@pytest.mark.parametrize("strange", [{"x": 1}, [None], "none", 7, [{"id": MFA_POLICY, "enforcedGrantControls": None}]])
def test_what_is_no_list_of_results_says_nothing_and_ends_no_import(strange: Any) -> None:
    (one,) = seen_in(added(graph_row(appliedConditionalAccessPolicies=strange)))
    assert one.kind.results is None


def test_what_a_row_leaves_out_is_not_taken_for_no() -> None:
    row = graph_row(deviceDetail={"deviceId": "1", "isCompliant": None, "operatingSystem": "", "trustType": "Strange"})
    for name in ("riskLevelDuringSignIn", "originalTransferMethod", "authenticationRequirementPolicies"):
        del row[name]
    (one,) = seen_in(added(row))
    kind = one.kind
    assert (kind.risk, kind.flow, kind.compliant, kind.hybrid_joined, kind.platform) == (None,) * 5


def test_the_application_is_kept_only_where_somebody_has_to_change_it() -> None:
    legacy, modern = graph_row(1, clientAppUsed="IMAP4"), graph_row(2)
    found = {one.kind.client: one.kind.application for one in seen_in(added(legacy, modern))}
    assert found == {"IMAP4": legacy["appId"], "Browser": ""}


# Hour by hour


def test_an_hour_leaves_open_what_may_go_on_and_another_process_finishes_it() -> None:
    same = {"correlationId": "50000000-0000-4000-8000-0000000000ff"}
    asked = graph_row(1, createdDateTime="2026-11-24T08:59:50Z", status={"errorCode": 50074}, **same)
    early = graph_row(2)
    passed = graph_row(3, createdDateTime="2026-11-24T09:00:10Z", **same)
    nine = 498_753 * 3600
    first = added(early, asked, hashed=digest)
    (seen,) = seen_in(first, nine)
    assert seen.seen.rows == 1
    kept = first.open_attempts()
    assert [one.at for one in kept] == [nine - 10]
    second = added(passed, hashed=digest)
    # The row at the border comes again, as both ends of an hour belong to it.
    second.add_open(kept)
    found = {one.kind.outcome: one.seen.attempts for one in seen_in(second)}
    assert found == {SignInClass.INTERRUPT: 0, SignInClass.OK: 1}
    assert ATTEMPT_SECONDS == 1800
