"""Hold our writes against the directory audit log, by target, time and initiator; name what others changed meanwhile.

Which event a change of per-user MFA leaves is told by no page: *Disable Strong Authentication* and *Update user* are
both taken for it. An event that is missing was not seen; that is no fault, as the log is late and keeps few days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

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


def wave_audit(
    wave: int,
    writes: Sequence[OwnWrite],
    events: Iterable[AuditEvent],
    all_writes: Iterable[OwnWrite],
    *,
    gap: AuditGap | None = None,
) -> WaveAudit:
    """Return what the log says of a wave.

    Args:
        wave: Its number, 0 for policies.
        writes: Ours in it; not empty.
        events: Those of `window_of`, in any order.
        all_writes: Ours in every wave and on every way back, none of which is somebody else's change.
        gap: Why the log was not read, where it was not.
    """
    since, until = window_of(writes)
    people = {write.target_id for write in writes}
    by_target: dict[str, list[OwnWrite]] = {}
    for write in all_writes:
        by_target.setdefault(write.target_id, []).append(write)
    seen: set[OwnWrite] = set()
    others: dict[tuple[int, str, str, str], OthersChange] = {}
    for event in events:
        if not since <= event.at <= until:
            continue
        for target in event.targets:
            ours = [one for one in by_target.get(target.id, ()) if _is_of(event, one)]
            seen.update(ours)
            if not ours and _concerns(event, target, people):
                others[event.at, event.activity, event.initiator, target.id] = _change(event, target)
    counted = [one for one in writes if one in seen]
    return WaveAudit(
        wave=wave,
        writes=len(writes),
        seen=len(counted),
        not_seen=tuple(sorted(one.target_id for one in writes if one not in seen)),
        others=tuple(others[key] for key in sorted(others)),
        gap=gap,
    )


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
