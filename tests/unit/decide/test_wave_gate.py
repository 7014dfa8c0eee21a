"""A wave goes on, waits or stops by what the sign-in log says before and after it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from migrate.decide.sign_ins.wave_gate import wave_proof
from migrate.model.sign_ins import Form, Seen, SeenAs, SignInClass
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
    return wave_proof(1, written, rows, sources, GateLimits())


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
