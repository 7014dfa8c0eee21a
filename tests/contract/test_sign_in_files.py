"""Every format of the log imports to the kinds of Graph itself, where it holds the columns: by the seeded truth."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from migrate.model.sign_ins import SeenAs
from migrate.sandbox.company import company
from migrate.sandbox.generated_sign_ins import seed_sign_ins
from migrate.sandbox.sign_in_files import write_sign_in_files
from migrate.store.folder import Workspace
from migrate.store.sign_ins import SignInBook
from tests.e2e.laboratory import Lab, ask, lab_in
from tests.e2e.test_sign_ins import sign_in

OFFICE = "203.0.113.7"
Numbers = dict[str, dict[str, tuple[int, int]]]
"""Attempts and people of report-only policies, by what would have been."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A lab whose seeded log lies in every format in its folder, and what Graph itself gave of it, read once."""

    lab: Lab
    people: list[SeenAs]
    numbers: Numbers
    """Of the report-only policies."""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """Seed a log, write it in every format, and read it from Graph."""
    with lab_in(tmp_path_factory.mktemp("formats"), company(1, 60), signin_lag_seconds=0.0) as lab:
        policies = list(lab.tenant.policies.values())
        for policy in policies[1:]:
            policy["state"] = "enabledForReportingButNotEnforced"  # so that old clients get in
        seed_sign_ins(lab.server.sandbox, 600, 5, 11)
        sign_in(lab, "alma.berg", transfer="deviceCodeFlow")
        sign_in(lab, "alma.berg", seenAddress="2001:db8::7", ip=OFFICE, compliant=True, device={"trustType": "AzureAD"})
        sign_in(lab, "alma.berg", signInRisk="high", platform="iOS", client="mobileAppsAndDesktopClients")
        sign_in(lab, "alma.berg", client="exchangeActiveSync")
        lab.advance(3600)
        write_sign_in_files(truth(lab), list(lab.tenant.named_locations.values()), lab.folder / "files")
        lab.go("export")
        lab.go("sign-ins", "read", "--days", "6")
        yield Read(lab=lab, people=people_of(lab, 1), numbers=numbers(lab))


def truth(lab: Lab) -> list[dict[str, Any]]:
    return list(ask(f"{lab.url}/_sandbox/signins")["value"])


def people_of(lab: Lab, number: int) -> list[SeenAs]:
    """Return what was kept of a reading."""
    with SignInBook(Workspace(lab.workspace)) as book:
        return list(book.people(number))


def kinds_of(people: list[SeenAs], blank: dict[str, Any], *, attempts: bool = True) -> dict[tuple[str, str], Any]:
    """Return rows (and attempts) by kind and person, with some members of the kinds blanked out."""
    found: dict[tuple[str, str], Any] = {}
    for one in people:
        key = (repr(msgspec.structs.replace(one.kind, **blank)), one.user_id)
        rows, ended = found.get(key, (0, 0))
        found[key] = (rows + one.seen.rows, ended + one.seen.attempts if attempts else 0)
    return found


def imported(lab: Lab, *names: str, reduced: bool = False) -> list[SeenAs]:
    """Import files in place of whatever was read before, and return what is kept of them."""
    lab.go("sign-ins", "forget", "--all")
    files = [str(lab.folder / "files" / name) for name in names]
    options = ("--reduced",) if reduced else ()
    document = lab.go("sign-ins", "import", *options, *files, "-o", "json").document
    (reading,) = document["readings"]
    return people_of(lab, int(reading["number"]))


PORTAL = {"risk": None, "asked_by": None, "results": None, "enforced_mfa": (), "contexts": None, "silent": False}
FORMATS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("graph-beta.ndjson",), {}),
    (("graph-beta-page.json",), {}),
    (("insights-logs-signinlogs_PT1H.json",), {}),
    (("InteractiveSignIns_portal.json", "NonInteractiveSignIns_portal.json"), {}),
    (
        ("SigninLogs.csv", "AADNonInteractiveUserSignInLogs.csv"),
        {"contexts": None, "global_secure_access": None},
    ),
    (("InteractiveSignIns_portal.csv", "NonInteractiveSignIns_portal.csv"), PORTAL),
]
"""Files of one reading, with what they have no column for."""


@pytest.mark.parametrize(("names", "lost"), FORMATS, ids=[names[0] for names, _ in FORMATS])
def test_a_file_gives_the_kinds_of_graph_itself(read: Read, names: tuple[str, ...], lost: dict[str, Any]) -> None:
    wanted = kinds_of(read.people, lost)
    assert len(wanted) > 100
    assert kinds_of(imported(read.lab, *names), lost) == wanted


def test_the_answer_of_the_query_gives_the_kinds_of_graph_with_their_rows(read: Read) -> None:
    found = kinds_of(imported(read.lab, "reduced.csv", reduced=True), {}, attempts=False)
    assert found == kinds_of(read.people, {}, attempts=False)


def without_results(path: Path) -> Path:
    """Return a copy of a reduced answer as an older query gave it: without what policies did."""
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    older = path.with_name("older.csv")
    with older.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, [name for name in rows[0] if name != "Results"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return older


def test_the_answer_about_policies_gives_the_numbers_of_graph_without_names_and_holds_no_rule(read: Read) -> None:
    lab = read.lab
    older = without_results(lab.folder / "files" / "reduced.csv")
    imported(lab, older.name, "reduced-policies.csv", reduced=True)
    counted = numbers(lab)
    assert sum(counts["success"][0] for counts in counted.values() if "success" in counts) > 20
    for policy, wanted in read.numbers.items():
        found = counted[policy]
        assert {would: number for would, (number, _) in found.items()}.keys() == wanted.keys()
        for would, (attempts, people) in found.items():
            # Graph's attempts end with their last row, the engine's are correlation ids by result.
            assert attempts >= wanted[would][0] > 0
            assert 0 < people <= wanted[would][1]
    said = lab.go("sign-ins", "report-only").out
    assert "not named" in said
    assert "no data: what the policy did was counted where the log lies" in " ".join(said.split())
    assert "The exit rule holds" not in said
    assert "to whom policies did what; only how often" in " ".join(said.split())
    assert "Policy.Read.All" not in said
    assert all(not one["holds"] for one in lab.go("sign-ins", "report-only", "-o", "json").document["policies"])


def numbers(lab: Lab) -> Numbers:
    """Return attempts and people of each report-only policy by what would have been, interruptions joined."""
    found: Numbers = {}
    for one in lab.go("sign-ins", "report-only", "-o", "json").document["policies"]:
        mine = found.setdefault(one["numbers"]["displayName"], {})
        for count in one["numbers"]["counts"]:
            would = "interrupted" if count["would"] in INTERRUPTED else count["would"]
            attempts, people = mine.get(would, (0, 0))
            many = count.get("unnamed") or len(count["people"])
            mine[would] = (attempts + count["attempts"], people + many)
    return found


INTERRUPTED = ("interruptedCapable", "interruptedNotCapable", "interruptedUnknown", "requiredAlready")


def test_graph_itself_gives_what_the_truth_holds(read: Read) -> None:
    ours = [each for each in truth(read.lab) if each["resourceTenantId"] == read.lab.tenant.id]
    assert sum(rows for rows, _ in kinds_of(read.people, {}).values()) == len(ours)


def test_details_that_are_corrected_later_are_read_once_they_are_right(tmp_path: Path) -> None:
    with lab_in(tmp_path / "late", company(1, 60), signin_lag_seconds=0.0, signin_correction_seconds=600.0) as lab:
        sign_in(lab, "alma.berg")
        (entry,) = truth(lab)
        assert len(entry["authenticationDetails"]) > 1
        listed = f"{lab.url}/beta/auditLogs/signIns"
        (fresh,) = ask(listed)["value"]
        assert [step["succeeded"] for step in fresh["authenticationDetails"]] == [False]
        assert fresh["authenticationRequirement"] == "singleFactorAuthentication"
        lab.go("export")
        # The last quarter of an hour is left for the next reading, when what was wrong at first is right.
        lab.go("sign-ins", "read", "--days", "1")
        assert people_of(lab, 1) == []
        lab.advance(3600)
        (settled,) = ask(listed)["value"]
        assert settled["authenticationDetails"] == entry["authenticationDetails"]
        lab.go("sign-ins", "read", "--days", "1")
        with SignInBook(Workspace(lab.workspace)) as book:
            (one,) = [one for number in book.sources() for one in book.people(number)]
        assert (one.kind.multifactor, one.seen.rows) == (True, 1)
