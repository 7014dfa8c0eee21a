"""The set of ids that came already says the same as an ordinary set."""

from __future__ import annotations

import random
import uuid

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.graph.seen import SeenIds

GUIDS = st.uuids().map(str)
ODD = (
    st.text(max_size=40)
    | GUIDS.map(str.upper)
    | GUIDS.map(lambda guid: guid.replace("-", ""))
    | GUIDS.map(lambda guid: guid[:5] + " " + guid[6:])
    | st.sampled_from(["00000000-0000-0000-0000-000000000000", "", "0" * 36])
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # it measures the neighbours of a shared machine
@given(st.lists(GUIDS | ODD, max_size=25))
def test_it_says_the_same_as_an_ordinary_set(ids: list[str]) -> None:
    seen, known = SeenIds(), set[str]()
    for id_ in [*ids, *ids]:
        assert seen.add(id_) is (id_ not in known)
        known.add(id_)
    assert len(seen) == len(known)


def test_two_spellings_of_one_number_are_two_ids() -> None:
    guid = "00aabbcc-0000-4000-8000-0000000000de"
    seen = SeenIds()
    assert all(seen.add(id_) for id_ in (guid, guid.upper(), "  " + guid[2:]))
    assert len(seen) == 3


def test_it_grows_and_forgets_nothing_whether_ids_are_random_or_consecutive() -> None:
    chance = random.Random(3)
    ids = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(20_000)]
    ids += [str(uuid.UUID(int=number)) for number in range(1, 20_001)]
    seen = SeenIds()
    assert all(seen.add(id_) for id_ in ids)
    assert not any(seen.add(id_) for id_ in ids)
    assert len(seen) == 40_000
