"""F13 to F15: pages that cannot be followed, loop, or repeat people. Nothing half-read passes for a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.lab import Lab, open_lab
from tests.faults.test_seen_in_the_wild import on, status

MORE_THAN_A_PAGE = 1_050


def plan_of(lab: Lab) -> list[dict[str, str]]:
    lab.run("plan")
    return lab.plan_rows()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    with open_lab(tmp_path_factory.mktemp("paging"), users=MORE_THAN_A_PAGE) as lab:
        lab.run("export")
        return plan_of(lab)


@pytest.mark.parametrize(
    ("name", "do", "codes"),
    [
        ("F13 the link to the next page is expired, once", {"nextLink": "expire"}, (0, 4)),
        ("F14 the link to the next page leads to the same page, once", {"nextLink": "loop"}, (0, 4)),
        ("F15 people are repeated across pages", {"duplicates": 40}, (0,)),
    ],
)
def test_an_export_through_broken_pages_is_whole_or_not_at_all(
    name: str, do: dict[str, Any], codes: tuple[int, ...], undisturbed: list[dict[str, str]], tmp_path: Path
) -> None:
    with open_lab(tmp_path, users=MORE_THAN_A_PAGE) as lab:
        lab.faults(on("GET", "users", do, times=1))
        code = lab.run("export", allow=codes)
        assert lab.struck() == 1
        if code != 0:
            assert lab.run("plan", allow=(2,)) == 2, "a snapshot was kept although the export had failed"
            lab.clear_faults()
            lab.run("export")
        assert plan_of(lab) == undisturbed


@pytest.mark.parametrize("do", [{"nextLink": "expire"}, {"nextLink": "loop"}, status(503)])
def test_pages_that_never_get_better_fail_the_export_and_keep_the_snapshot_before(
    do: dict[str, Any], undisturbed: list[dict[str, str]], tmp_path: Path
) -> None:
    with open_lab(tmp_path, users=MORE_THAN_A_PAGE) as lab:
        lab.run("export")
        lab.faults(on("GET", "users", do))
        assert lab.run("export", allow=(4,)) == 4
        assert plan_of(lab) == undisturbed
