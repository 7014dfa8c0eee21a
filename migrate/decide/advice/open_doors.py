"""Exclusions of enabled policies that no other policy catches: each is an open door, with how many may pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from migrate.decide.advice.candidates import Names, counts, ends_of
from migrate.decide.advice.worlds import Steps, Worlds
from migrate.decide.coverage.context import context_of
from migrate.decide.directory_sync import is_sync_account
from migrate.model.advice import Ended, EndExclusion, OpenDoor
from migrate.model.evidence import Evidence, PolicyState
from migrate.model.tenant_settings import BaselineScopes
from migrate.model.users import AnyUser, MfaState, UnreadableUser

SAMPLE = 3


@dataclass(slots=True)
class _Passing:
    """Whom one exclusion lets pass."""

    people: int = 0
    on_per_user_mfa: int = 0
    spared: int = 0
    sample: list[str] = field(default_factory=list)


def open_doors(
    evidence: Evidence,
    users: Iterable[AnyUser],
    *,
    emergency_access: frozenset[str],
    apps_that_matter: frozenset[str] | None,
    baseline: BaselineScopes,
) -> tuple[OpenDoor, ...]:
    """Return the exclusions by which something is open for somebody, those for most people first.

    `emergency_access` are ids of accounts that have to stay excluded. Disabled accounts and agents' are not counted.
    """
    ends = tuple(_ends(evidence))
    worlds = Worlds(evidence, ends, apps_that_matter=apps_that_matter, baseline=baseline)
    doors = _doors(ends)
    passing: dict[tuple[str, Ended, str], _Passing] = {}
    by_sort: dict[int, list[tuple[str, Ended, str]]] = {}
    for user in users:
        profile = user.profile
        if profile.is_agent or profile.account_enabled is False:
            continue
        sort = worlds.sort_number(worlds.judge.sort_of(profile))
        if sort not in by_sort:
            by_sort[sort] = [key for key, steps in doors.items() if worlds.closes(sort, steps)]
        for key in by_sort[sort]:
            found = passing.setdefault(key, _Passing())
            found.people += 1
            found.on_per_user_mfa += not isinstance(user, UnreadableUser) and user.mfa_state is not MfaState.DISABLED
            found.spared += profile.id in emergency_access or is_sync_account(profile, evidence)
            if len(found.sample) < SAMPLE:
                found.sample.append(profile.user_principal_name)
    named = {_key(end): end for end in ends}
    listed = (_door(named[key], found, evidence) for key, found in passing.items())
    return tuple(sorted(listed, key=lambda one: (-one.people, one.policy, one.what, one.target_name)))


def _ends(evidence: Evidence) -> Iterator[EndExclusion]:
    names = Names(evidence)
    for reading in context_of(evidence).readings:
        if counts(reading) and reading.policy.policy_state is PolicyState.ENABLED and not reading.problems:
            yield from ends_of(reading.policy, names)


def _key(end: EndExclusion) -> tuple[str, Ended, str]:
    return end.policy_id, end.what, "" if end.what is Ended.PERSON else end.target


def _doors(ends: Iterable[EndExclusion]) -> dict[tuple[str, Ended, str], Steps]:
    """Return the steps that end each exclusion; the people whom one policy names one by one are taken together."""
    found: dict[tuple[str, Ended, str], Steps] = {}
    for place, end in enumerate(ends):
        found[_key(end)] = found.get(_key(end), 0) | 1 << place
    return found


def _door(end: EndExclusion, found: _Passing, evidence: Evidence) -> OpenDoor:
    single = end.what is Ended.PERSON
    group = evidence.groups.get(end.target.casefold()) if end.what is Ended.GROUP else None
    return OpenDoor(
        policy_id=end.policy_id,
        policy=end.policy,
        what=end.what,
        target="" if single else end.target,
        target_name="single people" if single else end.target_name,
        people=found.people,
        on_per_user_mfa=found.on_per_user_mfa,
        spared=found.spared,
        sample=tuple(found.sample),
        changed_by=tuple(sorted(group.changed_by or ())) if group is not None else (),
        owners=None if group is None or group.owners is None else len(group.owners),
    )
