"""The report as a person writes it: the same numbers as the other commands, and no promise without a check."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable

from tests.e2e.laboratory import Lab


def page(lab: Lab) -> str:
    """Return the report of a lab, written anew."""
    lab.go("report")
    return (lab.workspace / "report.html").read_text(encoding="utf-8")


def number(text: str, column: str, value: str) -> int:
    """Return the number that filters the table by a value."""
    found = re.search(rf'data-filter="{column}={value}"><b>([\d,.]+)</b>', text)
    assert found is not None, f"{column}={value}"
    return int(found[1].replace(",", ""))


def test_a_plan_is_no_green_box_and_its_numbers_are_those_of_status(exported: Lab) -> None:
    text = page(exported)
    header = exported.plan_header()
    counts = exported.go("status", "-o", "json").document["countsNow"]
    assert 'class="box safe"' not in text
    assert number(text, "outcome", "toCome") == header["counts"]["disable"]
    assert number(text, "outcome", "done") == 0
    held = sum(people for name, people in header["counts"].items() if name.startswith("hold/"))
    assert number(text, "outcome", "held") + number(text, "outcome", "unread") == held
    assert number(text, "outcome", "unread") == sum(
        people for name, people in counts.items() if name.startswith("unreadable/")
    )


def test_the_box_of_the_tenant_names_the_first_of_whom_it_counts(exported: Lab) -> None:
    said = "Of one account that can sign in (emergency1@contoso.example), MFA is required by neither way."
    assert said in page(exported)


def test_the_page_is_for_its_owner_and_the_same_each_time(exported: Lab) -> None:
    first = page(exported)
    path = exported.workspace / "report.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert page(exported) == first


def test_green_needs_a_verification_after_the_last_change(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%")
    assert 'class="box notChecked"' in page(lab)
    lab.go("verify")
    text = page(lab)
    standing = lab.go("status", "-o", "json").document["run"]
    assert 'class="box safe"' in text
    assert number(text, "outcome", "done") == standing["migrated"]
    lab.go("rollback", "--wave", "1", "--yes")
    after = page(lab)
    assert 'class="box safe"' not in after
    assert number(after, "outcome", "rolledBack") > 0


def test_a_report_that_cannot_be_written_is_a_warning_and_changes_no_exit_code(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.go("export")
    (lab.workspace / "report.html").mkdir()
    planned = lab.go("plan")
    assert "The report was not written" in planned.err
    assert (lab.workspace / "plan.json").is_file()
    # Asked for by itself, it is an error that says so.
    assert "report.html" in lab.go("report", code=5).err


def test_the_commands_that_change_something_name_the_report_last(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.go("export")
    lab.go("plan")
    for words in (("apply", "--yes", "--max-users", "100%"), ("verify",), ("rollback", "--yes")):
        last = " ".join(lab.go(*words).err.split())
        assert last.endswith("Report: `mfa-migrate report` writes report.html as things are now.")


def test_a_rollback_goes_on_where_no_report_can_be_made(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--until", "wave:1", "--yes", "--max-users", "100%")
    (lab.workspace / "snapshot.db").unlink()
    lab.go("report", code=2)
    lab.go("rollback", "--yes")
    assert lab.state_of("alma.berg") == "enforced"


def test_what_is_typed_wrong_is_said(exported: Lab) -> None:
    unknown = exported.go("report", "--language", "xx", code=2)
    assert "There is en and de." in unknown.err
    assert "belong to the page" in exported.go("report", "--anonymise", "evidence", "somewhere", code=2).err


def test_german_is_written_in_german(exported: Lab) -> None:
    path = exported.folder / "de.html"
    exported.go("report", "--language", "de", "--to", str(path))
    text = path.read_text(encoding="utf-8")
    assert '<html lang="de">' in text
    assert "Sind wir sicher, und wann sind wir fertig?" in text


def test_nothing_of_this_machine_stands_in_it(exported: Lab) -> None:
    text = page(exported)
    assert str(exported.folder) not in text
    assert exported.url not in text
    rows = exported.go("status", "--all", "-o", "json").document["users"]
    assert not any(
        method in text for row in rows for method in (row["registration"] or {}).get("methodsRegistered", ())
    )


def test_findings_stop_and_the_numbers_say_that_they_are_older(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%")
    for policy in lab.tenant.policies.values():
        policy["state"] = "disabled"
    findings = lab.run("verify", "-o", "json").document["findings"]
    text = page(lab)
    assert 'class="box stop"' in text
    uncovered = sum(one["code"] == "not-covered" for one in findings)
    assert uncovered > 0
    assert f"policies do not provably require MFA: {uncovered}." in text
    assert text.count(f"A later look at the tenant has findings ({len(findings)})") >= 2
