"""Resolve `[[waves.wave]]` against the snapshot: who is in each wave by name, and how each is called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.commands.listed_people import people_listed
from migrate.config_waves import WaveEntry
from migrate.errors import ConfigProblem
from migrate.model.evidence import ReadStatus
from migrate.model.record import sha256_of
from migrate.model.waves import WaveKind, WaveRule, share_wave
from migrate.settings import Settings
from migrate.store.snapshot import Snapshot

if TYPE_CHECKING:
    from migrate.decide.config_names import Names

_BY_ROW = "Correct the row, or take it out."


def wave_rules(settings: Settings, snapshot: Snapshot, names: Names) -> tuple[WaveRule, ...]:
    """Return the waves one by one; none where the configuration has canary and percentages.

    Args:
        settings: With the configuration.
        snapshot: What names are looked up in.
        names: Resolves the names of the configuration.

    Raises:
        ConfigProblem: A name is nobody's, or a group was not read to its end.
        BadInput: A list cannot be read.
    """
    return tuple(_rules(settings, snapshot, names))


def _rules(settings: Settings, snapshot: Snapshot, names: Names) -> Iterator[WaveRule]:
    taken: set[str] = set()
    for entry in settings.config.waves.wave:
        name, people = _of_entry(entry, settings, snapshot, names)
        unique = name if entry.name or name not in taken else f"{name} {len(taken) + 1}"
        taken.add(unique)
        yield WaveRule(
            name=unique,
            people=people,
            share=entry.percent,
            whatever=bool(entry.users),
            is_last=entry.not_capable,
            not_before="" if entry.not_before is None else entry.not_before.isoformat(),
            hours=entry.hours or "",
            says=_said(entry, people, names),
        )


def _of_entry(
    entry: WaveEntry, settings: Settings, snapshot: Snapshot, names: Names
) -> tuple[str, frozenset[str] | None]:
    if entry.users:
        people = frozenset(names.user(name, "waves.wave.users") for name in entry.users)
        return entry.name or WaveKind.CANARY.value, people
    if entry.group is not None:
        called, people = _members(names.group(entry.group, "waves.wave.group"), snapshot)
        return entry.name or called, people
    if entry.file is not None:
        listed = people_listed(entry.file, settings, snapshot, key="waves.wave.file", hint=_BY_ROW)
        return entry.name or Path(entry.file).stem, frozenset(one.id for one in listed)
    if entry.percent is not None:
        return entry.name or str(share_wave(entry.percent)), None
    return entry.name or WaveKind.NOT_CAPABLE.value, None


def _members(group_id: str, snapshot: Snapshot) -> tuple[str, frozenset[str]]:
    group = snapshot.evidence().groups.get(group_id)
    if group is None or group.status is not ReadStatus.READ:
        raise ConfigProblem(
            f"waves.wave.group: the members of the group {group_id} could not be read.",
            hint="Run `mfa-migrate export` with this configuration, then `mfa-migrate plan` again.",
        )
    return group.display_name or group_id, group.members


def _said(entry: WaveEntry, people: frozenset[str] | None, names: Names) -> str:
    """Return what the entry says, so that two can be compared: who is in a group may change from day to day."""
    by = entry.kinds[0]
    who = {
        "users": ",".join(sorted(people or ())),
        "group": "" if entry.group is None else names.group(entry.group, "waves.wave.group"),
        "file": f"{entry.file} {sha256_of(sorted(people or ()))[:12]}",
        "percent": f"{entry.percent:g}" if entry.percent is not None else "",
        "not_capable": "",
    }[by]
    begins = "" if entry.not_before is None else f" not before {entry.not_before.isoformat()}"
    return f"{by} {who}{begins}{f' within {entry.hours}' if entry.hours else ''}".strip()
