"""Who became covered so lately that it may not count everywhere yet, as far as this folder has seen it.

Microsoft says that memberships, like policies, may take up to a day to take effect (continuous access evaluation,
"Group membership and policy update effective time"). A policy says when it was changed; a membership does not, so what
counts is between which two readings it did. What was never seen to change waits for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from migrate.decide.coverage.judge import Judge
from migrate.model.evidence import Evidence, GroupEvidence, ReadStatus, RoleEvidence
from migrate.model.instants import iso_utc, moment_of
from migrate.model.plan import PlanNote, warning
from migrate.model.readings import Readings, Seen
from migrate.model.record import JsonObject
from migrate.model.users import UserProfile
from migrate.model.words import counted

SAMPLE = 5
"""How many user principal names a count shows."""
KEPT = timedelta(days=31)
"""So long a change is remembered: nobody configures a longer settling time."""
_CERTAIN = frozenset({ReadStatus.READ, ReadStatus.GONE})
Certain = dict[str, Any]


def noted(known: Readings | None, evidence: Evidence, at: datetime, tenant_id: str) -> Readings:
    """Return the readings with one more, which began at `at`. What could not be read this time stays as last seen."""
    now = _seen(evidence, at)
    if known is None or known.tenant_id != tenant_id:
        return Readings(tenant_id=tenant_id, last=now, former=(), since=now.at)
    last = known.last
    former = Seen(
        at=now.at,
        groups=_changed(last.groups, now.groups, _people_of_group),
        roles=_changed(last.roles, now.roles, _people_of_role),
        locations=_changed(last.locations, now.locations, _without_dates),
        strengths=_changed(last.strengths, now.strengths, _without_dates),
    )
    lately = tuple(each for each in known.former if (moment_of(each.at) or at) + KEPT > at)
    is_change = former.groups or former.roles or former.locations or former.strengths
    return Readings(
        tenant_id=tenant_id,
        last=Seen(
            at=now.at,
            groups=last.groups | now.groups,
            roles=last.roles | now.roles,
            locations=last.locations | now.locations,
            strengths=last.strengths | now.strengths,
        ),
        former=(*lately, former) if is_change else lately,
        since=known.since or last.at,
    )


def says_the_same(known: Readings | None, readings: Readings) -> bool:
    """Tell whether nothing but the time differs: then there is nothing to keep."""
    if known is None or known.tenant_id != readings.tenant_id or known.since != readings.since:
        return False
    last = msgspec.structs.replace(readings.last, at=known.last.at)
    return known.former == readings.former and known.last == last


def brings_news(known: Readings | None, readings: Readings) -> bool:
    """Tell whether a reading saw a change, or an object that no reading had seen: an older copy lacks just that."""
    if known is None:
        return False
    last, before = readings.last, known.last
    kinds: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = (
        (last.groups, before.groups),
        (last.roles, before.roles),
        (last.locations, before.locations),
        (last.strengths, before.strengths),
    )
    return readings.former[-1:] != known.former[-1:] or any(now.keys() - then.keys() for now, then in kinds)


class Settling:
    """Answers until when a user who is covered now has to wait, since it was seen otherwise shortly before."""

    def __init__(
        self, readings: Readings | None, evidence: Evidence, judge_of: Any, *, now: datetime, settle: timedelta
    ) -> None:
        """Judge by earlier sights of what changed lately.

        Args:
            readings: What was seen; None for nothing.
            evidence: As it is now. Its policies are taken for the earlier times too: they say when they were changed.
            judge_of: Makes a judge of evidence.
            now: The server's time.
            settle: How long a change may take.
        """
        self._settle = settle
        self._earlier: list[tuple[datetime, Judge, frozenset[str] | None]] = [
            (seen_at, judge_of(earlier), touched)
            for seen_at, earlier, touched in _earlier(readings.former if readings else (), evidence)
            if seen_at + settle > now
        ]

    def until(self, profile: UserProfile, accepted: frozenset[str], *, now: datetime) -> datetime | None:
        """Return the moment when the user's coverage will have settled; None where it has."""
        for seen_at, judge, touched in self._earlier:
            if seen_at + self._settle <= now:
                return None  # and so have all that are older
            if (touched is None or profile.id in touched) and not judge.coverage_of(profile).is_proven(accepted):
                return seen_at + self._settle
        return None


class SettlingTally:
    """Counts the users of a plan who would have to wait today, for the note of it that the plan shows."""

    def __init__(self, settling: Settling, now: datetime) -> None:
        """Start with nobody. `now` is the server's time of the export."""
        self._settling, self._now = settling, now
        self._users = 0
        self._sample: list[str] = []
        self._until: datetime | None = None

    def count(self, profile: UserProfile, accepted: frozenset[str]) -> None:
        """Take in one user who is planned."""
        until = self._settling.until(profile, accepted, now=self._now)
        if until is None:
            return
        self._users += 1
        if len(self._sample) < SAMPLE:
            self._sample.append(profile.user_principal_name)
        self._until = max(until, self._until or until)

    def notes(self) -> Iterator[PlanNote]:
        """Yield how many have to settle, who for example, and until when."""
        if self._until is None:
            return
        more = f" and {self._users - len(self._sample)} more" if self._users > len(self._sample) else ""
        yield warning(
            "settling",
            f"{counted(self._users, 'user')} of the plan became covered lately, as this folder has seen: "
            f"{', '.join(self._sample)}{more}. `apply` leaves them until it has settled, at the latest until "
            f"{self._until:%Y-%m-%d %H:%M} UTC, and goes on with the others.",
            n=self._users,
            names=tuple(self._sample),
            until=iso_utc(self._until),
        )


def _earlier(former: Iterable[Seen], evidence: Evidence) -> Iterator[tuple[datetime, Evidence, frozenset[str] | None]]:
    """Yield, newest first, when a change was seen, the evidence as it was before, and whom it is about (None: all)."""
    groups, roles = dict(evidence.groups), dict(evidence.roles)
    locations = {str(raw.get("id")).lower(): raw for raw in evidence.named_locations}
    strengths = {str(raw.get("id")).lower(): raw for raw in evidence.authentication_strengths}
    touched: frozenset[str] | None = frozenset()
    for seen in sorted(former, key=lambda each: each.at, reverse=True):
        seen_at = moment_of(seen.at)
        if seen_at is None:
            continue
        if seen.locations or seen.strengths:
            touched = None
        if touched is not None:
            touched |= _people_between(seen.groups, evidence.groups, _people_of_group)
            touched |= _people_between(seen.roles, evidence.roles, _people_of_role)
        groups |= seen.groups
        roles |= seen.roles
        locations |= seen.locations
        strengths |= seen.strengths
        yield (
            seen_at,
            msgspec.structs.replace(
                evidence,
                groups=dict(groups),
                roles=dict(roles),
                named_locations=tuple(locations.values()),
                authentication_strengths=tuple(strengths.values()),
            ),
            touched,
        )


def _seen(evidence: Evidence, at: datetime) -> Seen:
    return Seen(
        at=iso_utc(at),
        groups={id_.lower(): group for id_, group in evidence.groups.items() if group.status in _CERTAIN},
        roles={id_.lower(): role for id_, role in evidence.roles.items() if role.status in _CERTAIN},
        locations={str(raw.get("id")).lower(): raw for raw in evidence.named_locations},
        strengths={str(raw.get("id")).lower(): raw for raw in evidence.authentication_strengths},
    )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any], projection: Any) -> Certain:
    return {id_: body for id_, body in before.items() if id_ in after and projection(body) != projection(after[id_])}


def _people_of_group(group: GroupEvidence) -> tuple[frozenset[str], ...]:
    return (group.members, group.eligible)


def _people_of_role(role: RoleEvidence) -> tuple[frozenset[str], ...]:
    return (role.holders, role.eligible, role.scoped)


def _people_between(before: Mapping[str, Any], now: Mapping[str, Any], people_of: Any) -> frozenset[str]:
    """Return everybody who is in one of two sights of an object and not in the other."""
    different: set[str] = set()
    for id_, body in before.items():
        there = people_of(now[id_]) if id_ in now else tuple(frozenset() for _ in people_of(body))
        for then, there_now in zip(people_of(body), there, strict=True):
            different |= then ^ there_now
    return frozenset(different)


def _without_dates(raw: JsonObject) -> JsonObject:
    return {key: value for key, value in raw.items() if not key.endswith("DateTime") and "@odata" not in key}
