"""Turns what policies say into sets of sign-ins: one finite partition for each axis, made of what the policies mention.

"Anything else" is always a part of its own, so that a policy which lists things never reaches what nobody listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import or_
from typing import TypeVar, assert_never

from migrate.decide.coverage.locations import ALL, NamedLocation, PlacesPartition
from migrate.decide.coverage.policy import Kind, PolicyReading
from migrate.decide.coverage.regions import Box
from migrate.decide.coverage.vocabulary import (
    APP_GROUPS,
    APP_SUITES,
    BASELINE_SCOPES,
    DIRECTORY,
    ENUMERATED,
    GRAPH,
    Axis,
    membership_of,
)
from migrate.model.tenant_settings import BaselineScopes, BaselineSetting

T = TypeVar("T")
_BASELINE = BASELINE_SCOPES.casefold()

NO, YES = 0b01, 0b10
"""The values of a yes/no coordinate."""


@dataclass(frozen=True, slots=True)
class AppPart:
    """One application, or all that nobody mentions, with the application groups it belongs to."""

    app_id: str
    """Empty for all applications that nobody mentions."""
    suites: frozenset[str]
    """The application groups, in lower case."""

    def is_named_by(self, names: frozenset[str]) -> bool:
        """Tell whether a list of ids and suites names it."""
        return self.app_id in names or not self.suites.isdisjoint(names)


class Space:
    """The space of sign-ins of one tenant."""

    def __init__(
        self,
        readings: Sequence[PolicyReading],
        locations: Mapping[str, NamedLocation],
        apps_that_matter: frozenset[str] | None,
        baseline: BaselineScopes,
    ) -> None:
        matter = None if apps_that_matter is None else frozenset(app.casefold() for app in apps_that_matter)
        named = frozenset[str]().union(*(r.targets.apps | r.targets.excluded_apps for r in readings), matter or ())
        self._baseline = baseline
        self.apps = _app_parts(named - {ALL})
        if any(reading.targets.leaves_out for reading in readings):
            self.apps += _baseline_parts(named, baseline)
        mentioned = frozenset[str]().union(
            *(r.places.include | r.places.exclude for r in readings if r.places is not None)
        )
        partition = PlacesPartition(locations, mentioned)
        self.places = partition.parts or (frozenset(),)
        self._too_many_places = partition.too_many
        whole: dict[str, int] = {
            Axis.APP.value: _mask(self.apps, lambda app: matter is None or ALL in matter or _matters(app, matter)),
            Axis.LOCATION.value: (1 << len(self.places)) - 1,
        }
        whole.update({axis.value: (1 << len(values)) - 1 for axis, values in ENUMERATED.items()})
        for reading in readings:
            coordinates = (*reading.rules, *(control.axis for control in reading.demand.replaced_by))
            whole.update(dict.fromkeys(coordinates, NO | YES))
        self.whole: Box = whole
        """Every sign-in that has to be covered."""

    def demanded_by(self, reading: PolicyReading) -> Box | None:
        """Return the sign-ins of an assigned user for which the policy demands MFA or blocks; None for none."""
        if reading.problems or reading.demand.kind is Kind.NOTHING or self.is_too_much(reading):
            return None
        return self._box(reading, {control.axis: NO for control in reading.demand.replaced_by})

    def demanded_without_answer(self, reading: PolicyReading) -> Box | None:
        """Return what `demanded_by` would, had the operator said nothing about baseline scopes."""
        box = self.demanded_by(reading)
        if box is None or reading.targets.all_resources:
            return box
        # Where sign-ins that ask only for baseline scopes are a part of their own, they are the last ones.
        unanswered = _mask(self.apps, lambda app: app.app_id != _BASELINE)
        mask = box.get(Axis.APP.value, self.whole[Axis.APP.value]) & unanswered
        return {**box, Axis.APP.value: mask} if mask else None

    def is_too_much(self, reading: PolicyReading) -> bool:
        """Tell whether the policy asks about places that are too many to tell apart; then it proves nothing."""
        return self._too_many_places and reading.places is not None

    def perhaps_demanded_by(self, reading: PolicyReading) -> Box | None:
        """Return the sign-ins for which a policy that is not understood demands MFA or blocks at the very most."""
        if reading.demand.kind is Kind.NOTHING and not reading.is_doubtful("demand"):
            return None
        replaced = {} if reading.is_doubtful("demand") else {c.axis: NO for c in reading.demand.replaced_by}
        return self._box(reading, replaced)

    def is_sure(self, boxes: Iterable[Box]) -> bool:
        """Tell whether the boxes hold some sign-in whatever groups the applications turn out to belong to."""
        mask = reduce(or_, (box.get(Axis.APP.value, self.whole[Axis.APP.value]) for box in boxes), 0)
        open_ids = {app.app_id for index, app in enumerate(self.apps) if app.app_id and not mask >> index & 1}
        return any(mask >> index & 1 and app.app_id not in open_ids for index, app in enumerate(self.apps))

    def _box(self, reading: PolicyReading, replaced: dict[str, int]) -> Box | None:
        box: dict[str, int] = {
            **replaced,
            **{axis.value: _mask(ENUMERATED[axis], values.__contains__) for axis, values in reading.limits.items()},
            **{name: YES if answer else NO for name, answer in reading.rules.items()},
            Axis.APP.value: _mask(self.apps, lambda app: _targets(reading, app, self._baseline)),
        }
        if reading.places is not None and not self._too_many_places:
            include, exclude = reading.places.include, reading.places.exclude
            box[Axis.LOCATION.value] = _mask(self.places, lambda place: _reaches(place, include, exclude))
        for axis in tuple(box):
            if reading.is_doubtful(axis):
                del box[axis]
        limited = {axis: mask & self.whole[axis] for axis, mask in box.items()}
        return None if 0 in limited.values() else limited


def _matters(app: AppPart, matter: frozenset[str]) -> bool:
    """Tell whether an application is one that matters; baseline scopes are scopes of the directory and of Graph."""
    return app.is_named_by(matter) or (app.app_id == _BASELINE and not matter.isdisjoint({DIRECTORY, GRAPH}))


def _baseline_parts(named: frozenset[str], baseline: BaselineScopes) -> tuple[AppPart, ...]:
    """Return sign-ins that ask only for baseline scopes, as parts of their own."""
    if baseline.setting in (BaselineSetting.UNANSWERED, BaselineSetting.DISABLED):
        return (AppPart(_BASELINE, frozenset()),)
    groups = sorted(named & membership_of(DIRECTORY).perhaps)
    return tuple(AppPart(_BASELINE, frozenset(subset)) for subset in _subsets(groups))


def _targets(reading: PolicyReading, app: AppPart, baseline: BaselineScopes) -> bool:
    if app.app_id == _BASELINE:
        return _targets_baseline(reading, app, baseline)
    included = reading.targets.every_app or app.is_named_by(reading.targets.apps)
    return included and not (ALL in reading.targets.excluded_apps or app.is_named_by(reading.targets.excluded_apps))


def _targets_baseline(reading: PolicyReading, app: AppPart, baseline: BaselineScopes) -> bool:
    """Tell whether a policy reaches sign-ins that ask only for baseline scopes.

    Source: Entra page "Conditional Access: Target resources", behaviour when an all resources policy has an exclusion.
    """
    if reading.targets.all_resources:
        return True
    match baseline.setting:
        case BaselineSetting.UNANSWERED | BaselineSetting.DISABLED:
            return False
        case BaselineSetting.CUSTOMISED if baseline.placeholder in reading.targets.excluded_apps:
            return False
        case BaselineSetting.ENFORCED | BaselineSetting.CUSTOMISED:
            return _targets(reading, AppPart(DIRECTORY, app.suites), baseline)
        case _:
            assert_never(baseline.setting)


def _reaches(place: frozenset[str], include: frozenset[str], exclude: frozenset[str]) -> bool:
    included = ALL in include or not place.isdisjoint(include)
    return included and not (ALL in exclude or not place.isdisjoint(exclude))


def _app_parts(named: frozenset[str]) -> tuple[AppPart, ...]:
    """Return the parts that lists of these ids and groups can tell apart.

    Of an application whose membership in a group is not documented there are two parts, one inside and one
    outside: a policy that includes the group and one that excludes it can then still complete each other.
    """
    groups = named & {group.casefold() for group in APP_GROUPS}
    parts = [AppPart("", frozenset(subset)) for subset in _subsets(sorted(groups))]
    for app_id in sorted(named - {suite.casefold() for suite in APP_SUITES}):
        membership = membership_of(app_id)
        perhaps = sorted(groups & membership.perhaps)
        parts += [AppPart(app_id, groups & membership.surely | frozenset(subset)) for subset in _subsets(perhaps)]
    return tuple(parts)


def _subsets(items: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return (subset for size in range(len(items) + 1) for subset in combinations(items, size))


def _mask(values: Sequence[T], holds: Callable[[T], object]) -> int:
    return sum(1 << index for index, value in enumerate(values) if holds(value))
