"""What `verify` keeps of the journal is small: the latest word on each user, and the intents that are open."""

from __future__ import annotations

from migrate.decide.verifier import expected_for
from migrate.engine.history import last_writes, latest_entries
from migrate.engine.own_writes import own_writes
from migrate.model.users import MfaState
from tests.unit.decide.records import object_id, user
from tests.unit.engine.world import PEOPLE, World


def test_the_latest_word_on_each_user_is_that_of_the_latest_entry() -> None:
    world = World(states=dict.fromkeys(PEOPLE, MfaState.ENFORCED) | {"eve": MfaState.ENABLED})
    world.tenant.fates = ["fine", "refused", "ignored", "lost"]
    world.apply_to_the_end()
    world.roll_back(wave=1)
    entries, last = latest_entries(world.journal), last_writes(world.journal)
    assert entries.keys() == last.keys() == set(map(object_id, PEOPLE))
    for name in PEOPLE:
        ada = user(name)
        assert expected_for(ada, last[object_id(name)]) == expected_for(ada, entries[object_id(name)])


def test_equal_words_are_held_once() -> None:
    world = World()
    world.apply_to_the_end()
    assert len({id(one) for one in last_writes(world.journal).values()}) < len(PEOPLE)


def test_a_change_is_dated_from_its_own_intent() -> None:
    world = World()
    world.apply_to_the_end()
    world.roll_back()
    writes = [one for one in own_writes(world.journal) if one.is_user]
    assert len(writes) == 2 * len(PEOPLE)
    assert all(one.begun <= one.ended for one in writes)
    assert {one.requested for one in writes} == {"disabled", "enforced"}
