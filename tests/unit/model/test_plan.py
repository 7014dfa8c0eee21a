"""What plan.json is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args, get_type_hints

import msgspec

from migrate.model.plan import AcceptedGap, CreatePolicy, Limits, PlanHeader, Wave


def test_a_member_that_a_later_version_adds_leaves_the_digest_of_a_plan_alone() -> None:
    parts: list[type[msgspec.Struct]] = [PlanHeader]
    for part in parts:
        assert part.__struct_config__.omit_defaults, f"{part.__name__} writes its defaults into plan.json"
        parts += [each for each in structs_in(get_type_hints(part).values()) if each not in parts]
    assert {PlanHeader, Limits, Wave, CreatePolicy, AcceptedGap} <= set(parts)


def structs_in(hints: Iterable[object]) -> Iterator[type[msgspec.Struct]]:
    """Yield the records that type hints name, also inside tuples and unions."""
    for hint in hints:
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield hint
        yield from structs_in(get_args(hint))
