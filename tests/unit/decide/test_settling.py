"""What a folder has seen change, and for whom that means to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from migrate.decide.coverage.judge import Judge
from migrate.decide.settling import KEPT, Settling, noted, says_the_same
from migrate.model.evidence import Evidence, ReadStatus
from migrate.model.readings import Readings
from tests.unit.decide.records import TENANT, evidence, group, object_id, policy, profile

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = ("ada", "ben", "cleo")


def excluding(*names: str, status: ReadStatus = ReadStatus.READ) -> Evidence:
    excluded = msgspec.structs.replace(group("Excluded"), members=frozenset(map(object_id, names)), status=status)
    return evidence(policy("MFA for all", excludeGroups=[object_id("Excluded")]), groups=(excluded,))


def until(readings: Readings | None, now: datetime, seen: Evidence, name: str = "ben") -> datetime | None:
    settling = Settling(readings, seen, Judge, now=now, settle=DAY)
    assert settling.until(profile(name), frozenset(), now=now + 2 * DAY) is None
    return settling.until(profile(name), frozenset(), now=now)


def test_what_could_not_be_read_is_no_change() -> None:
    first = noted(None, excluding("ben"), NOW, TENANT)
    for status in (ReadStatus.HIDDEN, ReadStatus.UNREADABLE, ReadStatus.VANISHED):
        first = noted(first, excluding(status=status), NOW + HOUR, TENANT)
        assert not first.former
    assert noted(first, excluding(), NOW + 2 * HOUR, TENANT).former, "what was seen before is not forgotten"


def test_the_same_again_need_not_be_kept_and_another_tenants_readings_count_for_nothing() -> None:
    first = noted(None, excluding("ben"), NOW, TENANT)
    again = noted(first, excluding("ben"), NOW + HOUR, TENANT)
    assert says_the_same(first, again)
    assert not says_the_same(first, noted(first, excluding(), NOW + HOUR, TENANT))
    assert not noted(first, excluding(), NOW + HOUR, "another").former
    assert not says_the_same(None, first)


def test_a_change_is_forgotten_after_a_month() -> None:
    seen = noted(noted(None, excluding("ben"), NOW, TENANT), excluding(), NOW + HOUR, TENANT)
    assert noted(seen, excluding(), NOW + KEPT, TENANT).former
    assert not noted(seen, excluding(), NOW + HOUR + KEPT, TENANT).former


def test_who_was_excluded_in_between_waits_from_the_last_time() -> None:
    readings = None
    for hours, names in enumerate([("ben",), (), ("ben",), (), ()]):
        readings = noted(readings, excluding(*names), NOW + hours * HOUR, TENANT)
    assert until(readings, NOW + 5 * HOUR, excluding()) == NOW + 3 * HOUR + DAY


def test_a_location_that_changed_is_about_everybody() -> None:
    place = {"id": "aaaaaaaa-0000-4000-8000-000000000001", "displayName": "Office", "isTrusted": True}
    one = msgspec.structs.replace(excluding(), named_locations=({**place, "modifiedDateTime": "2026-01-01T00:00:00Z"},))
    same = msgspec.structs.replace(
        excluding(), named_locations=({**place, "modifiedDateTime": "2026-02-01T00:00:00Z"},)
    )
    other = msgspec.structs.replace(excluding(), named_locations=({**place, "isTrusted": False},))
    readings = noted(None, one, NOW, TENANT)
    assert not noted(readings, same, NOW + HOUR, TENANT).former
    assert noted(readings, other, NOW + HOUR, TENANT).former


@given(st.lists(st.sets(st.sampled_from(PEOPLE)), min_size=1, max_size=6), st.sampled_from(PEOPLE))
def test_who_is_covered_waits_from_the_reading_after_the_last_that_saw_otherwise(
    excluded: list[set[str]], name: str
) -> None:
    readings = None
    for hours, names in enumerate(excluded):
        readings = noted(readings, excluding(*names), NOW + hours * HOUR, TENANT)
    last = max((hours for hours, names in enumerate(excluded) if name in names), default=None)
    if name in excluded[-1]:
        return  # not covered now: it is the proof that holds back
    expected = None if last is None else NOW + (last + 1) * HOUR + DAY
    assert until(readings, NOW + len(excluded) * HOUR, excluding(*excluded[-1]), name) == expected
