"""docs/coverage.md names every kind of gap, and its example of an acceptance is one that the configuration takes."""

from __future__ import annotations

import re
from pathlib import Path

from migrate.decide.coverage.policy import CONTROL_AXES
from migrate.decide.coverage.vocabulary import Axis
from migrate.model.coverage import GapKind, Verdict


def page(root: Path) -> str:
    return (root / "docs" / "coverage.md").read_text(encoding="utf-8")


def test_every_kind_of_gap_is_documented_and_none_is_invented(root: Path) -> None:
    table = page(root).split("## The gaps", 1)[1].split("`--suppose", 1)[0]
    cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    documented = {tag.partition(":")[0] for cell in cells for tag in re.findall(r"`([^`]+)`", cell)}
    assert documented == {kind.value for kind in GapKind}


def test_every_verdict_has_its_section(root: Path) -> None:
    for verdict in Verdict:
        assert f"### {verdict.value}\n" in page(root)


def test_the_page_opens_with_assumptions_and_what_is_outside(root: Path) -> None:
    headings = re.findall(r"^## (.+)$", page(root), flags=re.MULTILINE)
    assert headings[:2] == ["What the proof assumes", "What is outside the model"]


def test_every_coordinate_of_a_sign_in_heads_a_tag() -> None:
    axes = {axis.value for axis in Axis} | {axis.partition(":")[0] for axis in CONTROL_AXES.values()}
    assert axes <= {kind.value for kind in GapKind}
