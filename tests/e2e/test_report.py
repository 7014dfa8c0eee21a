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
