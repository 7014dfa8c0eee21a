"""Hold our writes against the directory audit log, by target, time and initiator; name what others changed meanwhile.

Which event a change of per-user MFA leaves is told by no page: *Disable Strong Authentication* and *Update user* are
both taken for it. An event that is missing was not seen; that is no fault, as the log is late and keeps few days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from migrate.model.directory_audit import AuditEvent, AuditGap, AuditTarget, OthersChange, OwnWrite, WaveAudit
from migrate.model.users import MfaState

APART_SECONDS = 300
"""The log's clock and the one of the answers may differ by so much (ours, no page says it)."""
_DISABLING, _ENABLING = "disable strong authentication", "enable strong authentication"
_EITHER = "update user"
_POLICY_EVENTS = frozenset(
    {"add conditional access policy", "update conditional access policy", "delete conditional access policy"}
)
_EVIDENCE_EVENTS = (
    *_POLICY_EVENTS,
    "restore conditional access policy",
    "add named location",
    "update named location",
    "delete named location",
    "update security defaults",
)
"""Changes of what every proof rests on, whoever they are about."""


def window_of(writes: Sequence[OwnWrite]) -> tuple[int, int]:
    """Return the seconds between which events of these writes lie; there is at least one write."""
    begun, ended = min(one.begun for one in writes), max(one.ended for one in writes)
    return begun - APART_SECONDS, ended + APART_SECONDS


class OwnWrites:
    """Ours in every wave and on every way back, by target: none of them is somebody else's change."""

    def __init__(self, writes: Iterable[OwnWrite]) -> None:
        self._to: dict[str, tuple[OwnWrite, ...]] = {}
        for write in writes:
            self._to[write.target_id] = (*self._to.get(write.target_id, ()), write)

    def to(self, target_id: str) -> tuple[OwnWrite, ...]:
        """Return the writes to one target."""
        return self._to.get(target_id, ())

    def same(self, writes: Iterable[OwnWrite]) -> Iterator[OwnWrite]:
        """Yield the ones that are equal to these, where they are known: a million of them need not be held twice."""
        for write in writes:
            yield next((one for one in self.to(write.target_id) if one == write), write)


class AuditMatching:
    """Holds the events of one wave's time against its writes, page by page; no event is kept."""

    def __init__(self, wave: int, writes: Sequence[OwnWrite], ours: OwnWrites) -> None:
        """Take in the wave's number (0 for policies), ours in it (not empty), and ours in all."""
        self._wave, self._writes, self._ours = wave, writes, ours
        self._since, self._until = window_of(writes)
        self._people = {write.target_id for write in writes}
        self._seen: set[OwnWrite] = set()
        self._others: dict[tuple[int, str, str, str], OthersChange] = {}

    def take(self, events: Iterable[AuditEvent]) -> None:
        """Take in events of `window_of`, in any order."""
        for event in events:
            if not self._since <= event.at <= self._until:
                continue
            for target in event.targets:
                ours = [one for one in self._ours.to(target.id) if _is_of(event, one)]
                self._seen.update(ours)
                if not ours and _concerns(event, target, self._people):
                    self._others[event.at, event.activity, event.initiator, target.id] = _change(event, target)

    def audit(self) -> WaveAudit:
        """Return what the log says of the wave."""
        missing = sorted(one.target_id for one in self._writes if one not in self._seen)
        return WaveAudit(
            wave=self._wave,
            writes=len(self._writes),
            seen=len(self._writes) - len(missing),
            not_seen=tuple(missing),
            others=tuple(self._others[key] for key in sorted(self._others)),
        )


def audit_without(wave: int, writes: Sequence[OwnWrite], gap: AuditGap) -> WaveAudit:
    """Return that the log was not read, or not to its end: none of it is known then."""
    return msgspec.structs.replace(AuditMatching(wave, writes, OwnWrites(())).audit(), gap=gap)


def _is_of(event: AuditEvent, write: OwnWrite) -> bool:
    words: AbstractSet[str] = _POLICY_EVENTS
    if write.is_user:
        words = {_EITHER, _DISABLING if write.requested == MfaState.DISABLED else _ENABLING}
    in_time = write.begun - APART_SECONDS <= event.at <= write.ended + APART_SECONDS
    return event.activity.casefold() in words and in_time and _by(event, write.actor)


def _by(event: AuditEvent, actor: str | None) -> bool:
    """Tell whether the initiator may be whoever was signed in: a log and a token that do not say contradict nobody."""
    return actor is None or not event.initiator_names or actor in event.initiator_names


def _concerns(event: AuditEvent, target: AuditTarget, people: AbstractSet[str]) -> bool:
    """Tell whether somebody else's change is of the wave: what people do to their own account is not."""
    if event.activity.casefold() in _EVIDENCE_EVENTS:
        return True
    return target.id in people and target.id not in event.initiator_names


def _change(event: AuditEvent, target: AuditTarget) -> OthersChange:
    return OthersChange(
        at=event.at, activity=event.activity, initiator=event.initiator, target_id=target.id, target_name=target.name
    )


def by_wave(writes: Iterable[OwnWrite]) -> Iterator[tuple[int, list[OwnWrite]]]:
    """Yield the waves with their writes, policies (0) first."""
    found: dict[int, list[OwnWrite]] = {}
    for write in writes:
        found.setdefault(write.wave, []).append(write)
    for wave in sorted(found):
        yield wave, found[wave]
