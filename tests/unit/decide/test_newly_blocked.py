"""Whom a policy newly blocks is counted from the sign-ins that were read, and unknown where none were."""

from __future__ import annotations

from migrate.decide.newly_required import newly_blocked
from migrate.decide.planner import Planner
from migrate.decide.replay.blocking import SignInLog
from migrate.model.impact import AcceptedPerson, Caught
from migrate.model.plan import PlanHeader
from migrate.model.rules import Rules
from tests.unit.decide.records import evidence, limits, object_id, rules, snapshot, user
from tests.unit.decide.test_replay import seen

PEOPLE = [user("ada"), user("ben")]
LOG = SignInLog((), [seen(client="IMAP4")])


def planned(log: SignInLog | None, decided: Rules) -> PlanHeader:
    planner = Planner(snapshot(len(PEOPLE)), evidence(), decided)
    planner.know_log(log)
    list(planner.rows(PEOPLE))
    return planner.header("cd" * 32, tool_version="0.1.0")


def notes(found: PlanHeader) -> dict[str, str]:
    return {note.code: note.sentence for note in found.notes}


def test_a_legacy_success_is_a_blocker_that_names_the_person_and_the_ways_out() -> None:
    found = planned(LOG, rules(create=True, limits=limits(max_newly_required=99)))
    assert [note.code for note in found.blockers] == ["newly-blocked"]
    sentence = notes(found)["newly-blocked"]
    for word in ("1 person would be blocked", "ada", "Exclude", "Temporary Access Pass", "[[accept_caught]]"):
        assert word in sentence
    assert "1 person is unknown" in notes(found)["newly-blocked-unknown"]
    named = newly_blocked(found, evidence(), (), PEOPLE, LOG)
    assert [(one.user_id, one.in_log) for one in named] == [(object_id("ada"), True)]


def test_whoever_is_accepted_by_name_stops_nothing() -> None:
    one = AcceptedPerson(user_id=object_id("ada"), user_principal_name="ada", reason="a scanner", expires="2027-01-01")
    found = planned(LOG, rules(create=True, accepted_caught=(one,)))
    assert not found.blockers
    assert found.impacts[0].number(Caught.ACCEPTED) == 1


def test_where_nothing_was_read_it_is_unknown_and_no_zero() -> None:
    found = planned(None, rules(create=True))
    assert not found.blockers
    assert "no sign-ins were read" in notes(found)["newly-blocked-unknown"]
