"""Names what is open: a tag for machines and words for people, for each region that no policy covers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from migrate.decide.coverage.locations import ALL_TRUSTED, NamedLocation, NotUnderstood
from migrate.decide.coverage.regions import Box
from migrate.decide.coverage.space import NO, Space
from migrate.decide.coverage.vocabulary import (
    APP_NAMES,
    BASELINE_SCOPES,
    COMPLIANT_NETWORK,
    COMPLIANT_NETWORK_TAG,
    ENUMERATED,
    MFA_TRUSTED_IPS,
    Axis,
)
from migrate.model.coverage import Gap, GapKind

_CLIENT_WORDS = {
    "browser": "browsers",
    "mobileAppsAndDesktopClients": "mobile apps and desktop clients",
    "exchangeActiveSync": "Exchange ActiveSync clients",
    "other": "other legacy clients",
}
_FLOW_WORDS = {
    "none": "ordinary sign-in flows",
    "deviceCodeFlow": "device code flow",
    "authenticationTransfer": "authentication transfer",
}
_PLATFORM_WORDS = {"unknown": "on platforms that are not recognised"}
_RISK_WORDS = {
    Axis.SIGN_IN_RISK: "at sign-in risk",
    Axis.USER_RISK: "at user risk",
    Axis.INSIDER_RISK: "at insider risk",
}
_CONTROL_WORDS = {
    "device:compliant": "on compliant devices",
    "device:hybridJoined": "on hybrid joined devices",
    "control:approvedApplication": "from approved client apps",
    "control:compliantApplication": "from apps with an app protection policy",
    "control:passwordChange": "with a password change instead",
    "control:verifiedID": "with a verified ID instead",
    "control:riskRemediation": "with risk remediation instead",
}
_ORDINARY = frozenset(
    [
        "clientAppType:browser",
        "clientAppType:mobileAppsAndDesktopClients",
        "platform:windows",
        "platform:macOS",
        "platform:iOS",
        "platform:android",
        "location:other",
        "signInRisk:none",
        "userRisk:none",
        "insiderRisk:none",
        "flow:none",
        "app:other",
    ]
)
"""What most sign-ins are like: a gap is better named by what is special about it."""

OTHER = "other"
_SPELLED = {
    ALL_TRUSTED: "trusted",
    COMPLIANT_NETWORK: COMPLIANT_NETWORK_TAG,
    BASELINE_SCOPES.casefold(): BASELINE_SCOPES,
}
"""Names that read better in a tag."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some values of one axis under one name."""

    tag: str
    words: str
    values: int
    """The values, as bits; the name may hold more of them than are meant here."""


class GapNames:
    """Gives names to regions of one space."""

    def __init__(self, space: Space, locations: Mapping[str, NamedLocation]) -> None:
        self._space = space
        self._locations = locations
        self._app_slabs = self._slabs(Axis.APP, _app_names(space), _is_app(space))
        self._place_slabs = self._slabs(Axis.LOCATION, _place_names(space), _is_place(space))

    def gaps_of(self, boxes: Iterable[Box]) -> tuple[Gap, ...]:
        """Return the gaps that together contain the boxes, in a stable order.

        A box is named by the axis that says most about it, with one gap for each part of that axis.
        """
        found = {gap: None for box in boxes for gap in self._gaps_of_box(box)}
        return tuple(sorted(found, key=lambda gap: (gap.tag, gap.words)))

    def words_of(self, box: Box) -> str:
        """Return a box in words, for the chain of evidence."""
        limited = [self._limit_words(axis, box[axis]) for axis in self._limited(box)]
        return "; ".join(limited) or "every sign-in"

    def _limit_words(self, axis: str, mask: int) -> str:
        """Return the values of one axis in words, or the ones that are left out where those are fewer."""
        inside, outside = self._parts(axis, mask), self._parts(axis, self._space.whole[axis] & ~mask)
        return f"except {_joined(outside)}" if len(outside) < len(inside) else _joined(inside)

    def _gaps_of_box(self, box: Box) -> Iterable[Gap]:
        named = {axis: self._parts(axis, box[axis]) for axis in self._limited(box)}
        if not named:
            yield Gap(tag=GapKind.EVERYTHING.value, words="every sign-in")
            return
        main = min(named, key=lambda axis: (any(p.tag in _ORDINARY for p in named[axis]), len(named[axis]), axis))
        others = [axis for axis in named if axis != main]
        only = "; ".join(self._limit_words(axis, box[axis]) for axis in others)
        beside = [ways for axis in others for ways in self._ways_to_contain(axis, box[axis], named[axis])]
        for part in named[main]:
            wider = self._ways_to_contain(main, part.values, [part])[1:]
            words = f"{part.words} ({only})" if only else part.words
            yield Gap(tag=part.tag, words=words, within=tuple(sorted({*beside, *wider})))

    def _ways_to_contain(self, axis: str, mask: int, parts: list[Part]) -> list[tuple[str, ...]]:
        """Return sets of tags that each contain these values: first those of the parts, then each wider name alone."""
        ways = [tuple(sorted(part.tag for part in parts))]
        for prefix, slabs in ((Axis.APP.value, self._app_slabs), (Axis.LOCATION.value, self._place_slabs)):
            if axis == prefix:
                ways += [(_tag(prefix, name),) for name, slab in slabs.items() if not mask & ~slab]
        return ways

    def _limited(self, box: Box) -> list[str]:
        return [axis for axis, mask in box.items() if self._space.whole[axis] & ~mask]

    def _parts(self, axis: str, mask: int) -> list[Part]:
        if axis == Axis.APP.value:
            return [Part(_tag(axis, name), _app_words(name), held) for name, held in _chosen(self._app_slabs, mask)]
        if axis == Axis.LOCATION.value:
            return [Part(_tag(axis, name), self._place(name), held) for name, held in _chosen(self._place_slabs, mask)]
        if axis in ENUMERATED:
            return _enumerated(Axis(axis), mask)
        return [_yes_no(axis, mask)]

    def _slabs(self, axis: Axis, names: list[str], holds: Callable[[str, int], bool]) -> dict[str, int]:
        """Return for each name the values of an axis that it holds, of those that have to be covered."""
        whole = self._space.whole[axis.value]
        values = [index for index in range(whole.bit_length()) if whole >> index & 1]
        return {name: sum(1 << index for index in values if holds(name, index)) for name in names}

    def _place(self, name: str) -> str:
        if name == ALL_TRUSTED:
            return "from trusted locations"
        if name == OTHER:
            return "from outside the named locations that policies mention"
        if name == COMPLIANT_NETWORK:
            return "from the compliant network (Global Secure Access)"
        if name == MFA_TRUSTED_IPS:
            return "from the location with the all-zero id (commonly the MFA trusted IPs)"
        location = self._locations[name]
        return f"from the named location {name if isinstance(location, NotUnderstood) else location.name!r}"


def _tag(axis: str, name: str) -> str:
    return f"{axis}:{_SPELLED.get(name, name)}"


def _chosen(slabs: Mapping[str, int], mask: int) -> list[tuple[str, int]]:
    """Return names, each with the values that it stands for, that together are the values in `mask`.

    Names that lie wholly inside come first, then what is left over. Values that no name holds are `other`.
    """
    chosen, left = [], mask
    for fits in (True, False):
        for name, slab in slabs.items():
            if slab & left and (not slab & ~mask or not fits):
                chosen.append((name, slab & mask))
                left &= ~slab
    return [*chosen, (OTHER, left)] if left else chosen


def _app_names(space: Space) -> list[str]:
    groups = {group for app in space.apps for group in app.suites}
    return [*sorted(groups, reverse=True), *sorted({app.app_id for app in space.apps if app.app_id} - groups)]


def _is_app(space: Space) -> Callable[[str, int], bool]:
    return lambda name, index: space.apps[index].is_named_by(frozenset({name}))


def _place_names(space: Space) -> list[str]:
    return sorted(frozenset[str]().union(*space.places), key=lambda name: (name != ALL_TRUSTED, name))


def _is_place(space: Space) -> Callable[[str, int], bool]:
    return lambda name, index: name in space.places[index]


def _enumerated(axis: Axis, mask: int) -> list[Part]:
    held: dict[str, int] = {}
    for index, value in enumerate(ENUMERATED[axis]):
        if mask >> index & 1:
            # Exchange ActiveSync on supported and on other platforms has one name.
            name = "exchangeActiveSync" if value == "easSupported" else value
            held[name] = held.get(name, 0) | 1 << index
    return [Part(_tag(axis.value, name), _value_words(axis, name), values) for name, values in held.items()]


def _value_words(axis: Axis, value: str) -> str:
    match axis:
        case Axis.CLIENT:
            return _CLIENT_WORDS[value]
        case Axis.FLOW:
            return _FLOW_WORDS[value]
        case Axis.PLATFORM:
            return _PLATFORM_WORDS.get(value, f"on {value}")
        case _:
            return f"{_RISK_WORDS[axis]} {value}"


def _yes_no(axis: str, mask: int) -> Part:
    if axis in _CONTROL_WORDS:
        return Part(axis, _CONTROL_WORDS[axis], mask)
    head, _, rule = axis.partition(":")
    holds, kind = not mask & NO, GapKind(head)
    match kind:
        case GapKind.DEVICE_FILTER:
            words = f"on devices that {'match' if holds else 'do not match'} the filter {rule!r}"
        case GapKind.APP_FILTER:
            words = f"apps that {'match' if holds else 'do not match'} the filter {rule!r}"
        case GapKind.DEVICE | GapKind.CONTROL | GapKind.TERMS_OF_USE | GapKind.CUSTOM_FACTOR | GapKind.STRENGTH:
            words = f"by meeting {axis} instead"
        case (
            GapKind.LOCATION
            | GapKind.CLIENT_APP_TYPE
            | GapKind.PLATFORM
            | GapKind.APP
            | GapKind.SIGN_IN_RISK
            | GapKind.USER_RISK
            | GapKind.INSIDER_RISK
            | GapKind.FLOW
            | GapKind.EXCLUDED
            | GapKind.NOT_INCLUDED
            | GapKind.NO_POLICY
            | GapKind.POLICY
            | GapKind.TOO_MANY
            | GapKind.EVERYTHING
        ):
            raise AssertionError(f"{axis} has more values than yes and no")
        case _:
            assert_never(kind)
    return Part(axis if holds else f"{head}:not:{rule}", words, mask)


def _app_words(name: str) -> str:
    if name == OTHER:
        return "apps that no policy mentions"
    return APP_NAMES.get(name, f"app {name}")


def _joined(parts: Iterable[Part]) -> str:
    *first, last = (part.words for part in parts)
    return f"{', '.join(first)} or {last}" if first else last
