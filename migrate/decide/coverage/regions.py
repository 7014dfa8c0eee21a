"""Exact arithmetic on sets of sign-ins: boxes (products of finite sets), their union, and what the union leaves open.

A box gives for some axes the set of values it is limited to, as bits; an axis it does not name is not limited.
Every function takes a budget of steps; beyond it the answer is TooManyCombinations, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Box = Mapping[str, int]
CUT_FOR_FREE = 20_000
"""So many cuts, axes times boxes, are no work worth counting."""
MOST_BRANCHES = 200
"""So many axes may be walked in more than one way: each is a level of calls within calls."""


class TooManyCombinations(Exception):
    """The work limit is used up. Caught by the judge, who then says unknown."""


@dataclass(slots=True)
class Budget:
    """The number of steps that may still be taken."""

    steps: int

    def spend(self, steps: int) -> None:
        """Take steps, or raise TooManyCombinations."""
        self.steps -= steps
        if self.steps < 0:
            raise TooManyCombinations


def intersection(one: Box, other: Box) -> Box | None:
    """Return the box of what lies in both; None when nothing does."""
    both = dict(one)
    for axis, mask in other.items():
        both[axis] = both[axis] & mask if axis in both else mask
    return None if 0 in both.values() else both


def is_covered(whole: Box, boxes: Sequence[Box], budget: Budget) -> bool:
    """Tell whether every point of `whole` (which names every axis) lies in one of the boxes.

    Walks the axes one after the other with the set of boxes that are still possible. Of the values of an axis only
    those matter whose set of boxes is smallest, and two paths that leave the same boxes are walked once.
    """
    inside = [box for box in boxes if intersection(whole, box) is not None]
    axes = _limited_axes(whole, inside)
    _spend_for_cutting(axes, inside, budget)
    signatures = [_smallest(_signatures(whole[axis], [box.get(axis, whole[axis]) for box in inside])) for axis in axes]
    _refuse_too_many_branches(signatures)
    # Bit i of done[level]: box i is not limited on any axis from that level on.
    done = [(1 << len(inside)) - 1]
    for axis in reversed(axes):
        done.append(done[-1] & _bits(_is_free(whole, box, axis) for box in inside))
    done.reverse()
    seen: dict[tuple[int, int], bool] = {}

    def covered(level: int, alive: int) -> bool:
        # Axes of which only one value matters, as with hundreds of filters for devices, are no branches.
        while alive and not alive & done[level] and len(signatures[level]) == 1:
            budget.spend(2)
            alive &= signatures[level][0]
            level += 1
        if not alive or alive & done[level]:
            return bool(alive)
        key = (level, alive)
        if key not in seen:
            budget.spend(1 + len(signatures[level]))
            seen[key] = all(covered(level + 1, alive & signature) for signature in signatures[level])
        return seen[key]

    return covered(0, (1 << len(inside)) - 1)


def open_box(whole: Box, boxes: Sequence[Box], budget: Budget) -> Box | None:
    """Return some box inside `whole` (which names every axis) that no box touches; None where nothing is open.

    It is a witness: whatever boxes do not hold all of it leave something open.
    """
    inside = [box for box in boxes if intersection(whole, box) is not None]
    axes = _limited_axes(whole, inside)
    _spend_for_cutting(axes, inside, budget)
    parts = [_parts_of_fewest(whole[axis], [box.get(axis, whole[axis]) for box in inside]) for axis in axes]
    _refuse_too_many_branches(parts)
    dead: set[tuple[int, int]] = set()

    def walk(level: int, alive: int) -> list[int] | None:
        taken: list[int] = []
        while alive and level < len(axes) and len(parts[level]) == 1:
            signature, mask = parts[level][0]
            budget.spend(2)
            taken.append(mask)
            alive &= signature
            level += 1
        if not alive:
            return taken
        if level == len(axes) or (level, alive) in dead:
            return None
        budget.spend(1 + len(parts[level]))
        for signature, mask in parts[level]:
            found = walk(level + 1, alive & signature)
            if found is not None:
                return [*taken, mask, *found]
        dead.add((level, alive))
        return None

    found = walk(0, (1 << len(inside)) - 1)
    return None if found is None else {**whole, **dict(zip(axes, found, strict=False))}


def open_boxes(whole: Box, boxes: Sequence[Box], budget: Budget) -> list[Box]:
    """Return the largest boxes inside `whole` that none of the boxes touches; they may overlap.

    Together they are exactly what is open. The sharp operation of cube calculus, with absorption.
    """
    axes = tuple(whole)
    rows = {tuple(box.get(axis, whole[axis]) & whole[axis] for axis in axes) for box in boxes}
    found = {tuple(whole[axis] for axis in axes)}
    for row in sorted(
        rows, key=lambda row: (sum(mask != whole[axis] for axis, mask in zip(axes, row, strict=True)), row)
    ):
        cut: set[tuple[int, ...]] = set()
        for piece in found:
            if any(mask & limit == 0 for mask, limit in zip(piece, row, strict=True)):
                cut.add(piece)
                continue
            for index, (mask, limit) in enumerate(zip(piece, row, strict=True)):
                if mask & ~limit:
                    cut.add((*piece[:index], mask & ~limit, *piece[index + 1 :]))
        budget.spend(len(cut) * len(cut))
        found = {piece for piece in cut if not any(_is_inside(piece, other) for other in cut if other != piece)}
    return [dict(zip(axes, piece, strict=True)) for piece in sorted(found)]


def _spend_for_cutting(axes: Sequence[str], boxes: Sequence[Box], budget: Budget) -> None:
    """Count the cutting of many axes by many boxes; of what tenants have it is no work worth counting."""
    budget.spend(max(0, len(axes) * len(boxes) - CUT_FOR_FREE))


def _refuse_too_many_branches(ways: Sequence[Sequence[object]]) -> None:
    if sum(len(each) > 1 for each in ways) > MOST_BRANCHES:
        raise TooManyCombinations


def _is_inside(piece: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(not mask & ~limit for mask, limit in zip(piece, other, strict=True))


def _is_free(whole: Box, box: Box, axis: str) -> bool:
    return not whole[axis] & ~box.get(axis, whole[axis])


def _limited_axes(whole: Box, boxes: Sequence[Box]) -> list[str]:
    """Return the axes that some box is limited on, the ones that limit most boxes first."""
    limited = {axis: sum(not _is_free(whole, box, axis) for box in boxes) for axis in whole}
    return sorted((axis for axis, count in limited.items() if count), key=lambda axis: (-limited[axis], axis))


def _parts_of_fewest(mask: int, limits: Sequence[int]) -> list[tuple[int, int]]:
    """Return, of the parts that the boxes tell apart, those in the fewest boxes: the set of boxes, and the values."""
    by_signature = {signature: part for part, signature in _parts(mask, limits).items()}
    return [(signature, by_signature[signature]) for signature in _smallest(set(by_signature))]


def _signatures(mask: int, limits: Sequence[int]) -> set[int]:
    """Return for each value in `mask` the set of boxes that hold it, each different set once."""
    return set(_parts(mask, limits).values())


def _parts(mask: int, limits: Sequence[int]) -> dict[int, int]:
    """Return the parts of `mask` that the boxes tell apart, each with the set of boxes that hold it."""
    parts = {mask: 0}
    for index, limit in enumerate(limits):
        split: dict[int, int] = {}
        for part, signature in parts.items():
            if part & limit:
                split[part & limit] = signature | 1 << index
            if part & ~limit:
                split[part & ~limit] = signature
        parts = split
    return parts


def _smallest(signatures: set[int]) -> list[int]:
    return [one for one in sorted(signatures) if not any(other != one and not other & ~one for other in signatures)]


def _bits(flags: Iterable[bool]) -> int:
    total = 0
    for index, flag in enumerate(flags):
        total |= bool(flag) << index
    return total
