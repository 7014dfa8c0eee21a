"""A wave goes on, waits or stops by what the sign-in log says before and after it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from migrate.decide.sign_ins.wave_gate import wave_proofs
from migrate.model.sign_ins import Form, Hole, HoleWhy, Seen, SeenAs, SignInClass, SignInSource
from migrate.model.wave_gate import Asked, GateCheck, GateLimits, GateVerdict, WaveProof
from tests.unit.decide.records import object_id
from tests.unit.store.test_sign_ins import KIND, SOURCE

WRITE = 498_752
"""An hour of Tuesday 2026-11-24."""
PEOPLE = ("ada", "ben", "cleo", "dora", "emil")
READ = structs.replace(SOURCE, until="2026-11-26T12:00:00Z", complete=True)


def seen(name: str, hour: int, attempts: int = 1, **members: Any) -> SeenAs:
    kind = structs.replace(KIND, **{"asked_by": ("user",), "multifactor": True, **members})
    return SeenAs(
        kind=kind,
        user_id=object_id(name),
        seen=Seen(rows=attempts, first=hour * 3600, last=hour * 3600, hours=((hour, attempts),)),
    )


def moved(name: str, **members: Any) -> SeenAs:
    return seen(name, WRITE + 10, **{"asked_by": ("multiConditionalAccess",), **members})


BEFORE = [seen(name, WRITE - 24) for name in PEOPLE]
AFTER = [moved(name) for name in PEOPLE]


def proof(*rows: SeenAs, sources: Any = (READ,)) -> WaveProof:
    written = {object_id(name): WRITE * 3600 for name in PEOPLE}
    (found,) = wave_proofs({1: written}, rows, sources, GateLimits())
    return found


def failing(found: WaveProof) -> set[GateCheck]:
    return {one.check for one in found.checks if not one.holds}


def test_a_wave_that_moved_over_goes_on() -> None:
    found = proof(*BEFORE, *AFTER)
    assert (found.verdict, failing(found)) == (GateVerdict.GO_ON, set())
    assert found.before.asked == {Asked.PER_USER: 5}
    assert found.after.asked == {Asked.CONDITIONAL_ACCESS: 5}


@pytest.mark.parametrize(
    ("rows", "check"),
    [
        ([moved("ada", asked_by=("user",))], GateCheck.PER_USER_GONE),
        ([moved("ada", asked_by=(), multifactor=False)], GateCheck.STILL_ASKED),
        ([moved("ada", outcome=SignInClass.CANNOT_ENROL, code=53010)], GateCheck.CANNOT_ENROL),
        ([moved("ada", outcome=SignInClass.BLOCKED, code=53003)], GateCheck.FAILURES),
    ],
)
def test_each_finding_stops_the_next_wave(rows: list[SeenAs], check: GateCheck) -> None:
    found = proof(*BEFORE, *AFTER, *rows)
    assert check in failing(found)
    assert found.verdict is GateVerdict.STOP


def test_whoever_succeeded_before_and_only_fails_since_stops_it_by_name() -> None:
    rows = [moved(name) for name in PEOPLE[1:]]
    found = proof(*BEFORE, *rows, moved("ada", outcome=SignInClass.INTERRUPT, code=50079))
    (locked,) = [one for one in found.checks if one.check is GateCheck.LOCKED_OUT]
    assert (locked.holds, locked.people) == (False, (object_id("ada"),))
    assert found.verdict is GateVerdict.STOP
    wrong = proof(*BEFORE, *rows, moved("ada", outcome=SignInClass.NOISE, code=50126))
    assert GateCheck.LOCKED_OUT not in failing(wrong)


@pytest.mark.parametrize(
    ("rows", "sources", "check"),
    [
        (AFTER[:2], (READ,), GateCheck.SEEN_AGAIN),
        (AFTER, (structs.replace(READ, until="2026-11-24T20:00:00Z"),), GateCheck.WORKING_DAYS),
        ([], (), GateCheck.WORKING_DAYS),
    ],
)
def test_too_little_evidence_waits(rows: list[SeenAs], sources: Any, check: GateCheck) -> None:
    found = proof(*BEFORE, *rows, sources=sources)
    assert check in failing(found)
    assert found.verdict is GateVerdict.WAIT


def test_tokens_from_before_the_write_and_refreshes_do_not_count() -> None:
    early = seen("ada", WRITE)
    refresh = moved("ada", asked_by=("user",), form=Form.NON_INTERACTIVE)
    stranger = moved("stranger", asked_by=("user",))
    assert proof(*BEFORE, *AFTER, early, refresh, stranger).verdict is GateVerdict.GO_ON


def test_old_clients_that_fail_only_now_are_listed() -> None:
    row = moved("ada", client="IMAP4", outcome=SignInClass.BLOCKED, code=53003)
    assert proof(*BEFORE, *AFTER, row).new_legacy_failures == (object_id("ada"),)


# The log is not whole


CROWD = [(WRITE + 5, 20), (WRITE + 8, 20), (WRITE + 9, 20), (WRITE + 10, 20)]
"""Two silent hours in a row, when nobody of the wave signs in."""


def crowd(*hours: tuple[int, int]) -> SeenAs:
    one = moved("somebody else")
    return structs.replace(
        one, seen=Seen(rows=60, first=hours[0][0] * 3600, last=hours[-1][0] * 3600, hours=tuple(hours))
    )


def hole_in(found: WaveProof) -> tuple[bool, float]:
    (check,) = [one for one in found.checks if one.check is GateCheck.NO_HOLE]
    return check.holds, check.number


def test_two_silent_hours_in_a_row_wait_until_the_log_is_whole_for_a_working_day_after_them() -> None:
    silent = crowd(*CROWD)
    early = structs.replace(READ, until="2026-11-25T11:00:00Z")
    found = proof(*BEFORE, *AFTER, silent, sources=(early,))
    assert hole_in(found) == (False, 2)
    assert failing(found) == {GateCheck.NO_HOLE}
    assert found.verdict is GateVerdict.WAIT
    later = proof(*BEFORE, *AFTER, silent, sources=(structs.replace(READ, until="2026-11-25T16:00:00Z"),))
    assert hole_in(later) == (True, 2)
    assert later.verdict is GateVerdict.GO_ON
    whole = proof(*BEFORE, *AFTER, crowd(*CROWD, (WRITE + 6, 1), (WRITE + 7, 1)), sources=(early,))
    assert hole_in(whole) == (True, 0)
    assert whole.verdict is GateVerdict.GO_ON


def test_silence_before_the_writes_and_among_refreshes_holds_no_wave_back() -> None:
    before = crowd((WRITE - 5, 20), (WRITE - 2, 20))
    refreshes = structs.replace(crowd(*CROWD), kind=structs.replace(KIND, form=Form.NON_INTERACTIVE))
    assert hole_in(proof(*BEFORE, *AFTER, before, refreshes)) == (True, 0)


@pytest.mark.parametrize(
    "sources",
    [
        (structs.replace(READ, complete=False, done={Form.INTERACTIVE: "2026-11-26T00:00:00Z"}),),
        (structs.replace(READ, until="2026-11-25T20:00:00Z"), structs.replace(READ, since="2026-11-26T06:00:00Z")),
        (
            structs.replace(
                READ,
                holes=(
                    Hole(
                        form=Form.INTERACTIVE,
                        since="2026-11-26T10:00:00Z",
                        until="2026-11-26T11:00:00Z",
                        why=HoleWhy.FAILED,
                    ),
                ),
            ),
        ),
    ],
    ids=["interrupted", "two readings apart", "an hour that Graph did not give"],
)
def test_what_was_not_read_holds_the_next_wave_back(sources: tuple[SignInSource, ...]) -> None:
    found = proof(*BEFORE, *AFTER, sources=sources)
    assert failing(found) == {GateCheck.NO_HOLE}
    assert found.verdict is GateVerdict.WAIT


def test_the_log_is_read_once_for_all_waves() -> None:
    waves = {2: {object_id("ada"): WRITE * 3600}, 1: {object_id("ben"): WRITE * 3600}}
    rows = iter([*BEFORE, *AFTER])
    assert [(one.wave, one.after.people) for one in wave_proofs(waves, rows, (READ,), GateLimits())] == [(1, 1), (2, 1)]
    assert next(rows, None) is None
