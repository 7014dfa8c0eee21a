"""What plan.json is made of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec

from migrate.model.plan import NO_HOLD_PARTS, AcceptedGap, Limits, PlanHeader, Wave
from migrate.model.steps import CreatePolicy
from migrate.store.folder import Workspace
from migrate.store.plan_files import plan_header_of, plan_rows_of, read_plan

OLDER = Path(__file__).resolve().parents[2] / "fixtures" / "plans" / "first"


def test_a_member_that_a_later_version_adds_leaves_the_digest_of_a_plan_alone() -> None:
    parts: list[type[msgspec.Struct]] = [PlanHeader]
    for part in parts:
        assert part.__struct_config__.omit_defaults, f"{part.__name__} writes its defaults into plan.json"
        parts += [each for each in structs_in(get_type_hints(part).values()) if each not in parts]
    assert {PlanHeader, Limits, Wave, CreatePolicy, AcceptedGap} <= set(parts)


def test_a_plan_of_an_older_version_keeps_its_digest(tmp_path: Path) -> None:
    """plan.json and plan.csv as commit d0d6de2 wrote them: read, and named as the journal of their run names them."""
    for name in ("plan.json", "plan.csv"):
        shutil.copyfile(OLDER / name, tmp_path / name)
    header = plan_header_of(tmp_path / "plan.json")
    assert header.digest == json.loads((tmp_path / "plan.json").read_bytes())["digest"]
    found, rows = read_plan(Workspace(tmp_path))
    assert found == header
    held = [row for row in plan_rows_of(rows) if row.hold_reason is not None]
    assert [row.parts for row in held] == [NO_HOLD_PARTS] * len(held)


def structs_in(hints: Iterable[object]) -> Iterator[type[msgspec.Struct]]:
    """Yield the records that type hints name, also inside tuples and unions."""
    for hint in hints:
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield hint
        yield from structs_in(get_args(hint))
