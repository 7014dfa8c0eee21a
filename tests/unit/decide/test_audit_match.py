"""Our writes held against the directory audit log: target, time and initiator; and what others changed meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.decide.audit_match import (
    APART_SECONDS,
    AuditMatching,
    OwnWrites,
    audit_without,
    by_wave,
    window_of,
)
from migrate.model.directory_audit import AuditEvent, AuditGap, AuditTarget, OwnWrite, WaveAudit

ADMIN = "kim@contoso.example"


def write(target: str = "ada", **others: Any) -> OwnWrite:
    fields: dict[str, Any] = {
        "wave": 1,
        "target_id": target,
        "target_name": f"{target}@contoso.example",
        "is_user": True,
        "requested": "disabled",
        "begun": 10_000,
        "ended": 10_020,
        "actor": ADMIN,
    }
    return OwnWrite(**{**fields, **others})


def event(
    target: str = "ada", activity: str = "Disable Strong Authentication", at: int = 10_010, by: str = ADMIN
) -> AuditEvent:
    return AuditEvent(
        at=at,
        activity=activity,
        initiator=by,
        initiator_names=(by.lower(),) if by else (),
        targets=(AuditTarget(id=target, name=f"{target}@contoso.example"),),
    )


def wave_audit(wave: int, writes: list[OwnWrite], events: list[AuditEvent], all_writes: list[OwnWrite]) -> WaveAudit:
    """Return what a log says that comes in pages of one event."""
    matching = AuditMatching(wave, writes, OwnWrites(all_writes))
    for one in events:
        matching.take(iter([one]))
    return matching.audit()


@pytest.mark.parametrize(
    ("happened", "is_ours"),
    [
        (event(), True),
        (event(activity="Update user"), True),
        (event(activity="UPDATE USER", by="Kim@Contoso.example"), True),
        (event(by=""), True),
        (event(at=10_020 + APART_SECONDS), True),
        (event(at=10_000 - APART_SECONDS), True),
        (event(activity="Enable Strong Authentication"), False),
        (event(activity="Add member to group"), False),
        (event(by="somebody@contoso.example"), False),
        (event(target="eve"), False),
    ],
)
def test_target_time_and_initiator_make_an_event_ours_whichever_of_the_two_it_is(
    happened: AuditEvent, is_ours: bool
) -> None:
    found = wave_audit(1, [write()], [happened], [write()])
    assert (found.writes, found.seen, found.not_seen) == (1, int(is_ours), () if is_ours else ("ada",))
    assert bool(found.others) == (not is_ours and happened.targets[0].id == "ada")


def test_an_event_outside_the_time_of_the_wave_is_neither_ours_nor_a_change_in_it() -> None:
    late = event(at=10_021 + APART_SECONDS)
    found = wave_audit(1, [write()], [late, event(activity="Update user", at=9_000)], [write()])
    assert (found.seen, found.others) == (0, ())


def test_a_write_by_a_token_that_says_nothing_is_matched_by_target_and_time() -> None:
    unknown = write(actor=None)
    assert wave_audit(1, [unknown], [event(by="anybody@contoso.example")], [unknown]).seen == 1


def test_what_others_change_of_the_people_and_of_policies_is_named_and_what_people_do_themselves_is_not() -> None:
    events = [
        event(activity="Add member to group", by="lee@contoso.example"),
        event(target="p1", activity="Update conditional access policy", by="lee@contoso.example"),
        event(target="loc", activity="Update named location", by=""),
        event(target="ada", activity="User registered security info", by="ada"),
        event(target="eve", activity="Update user", by="lee@contoso.example"),
    ]
    found = wave_audit(1, [write()], events, [write()])
    assert [(one.activity, one.initiator, one.target_id) for one in found.others] == [
        ("Add member to group", "lee@contoso.example", "ada"),
        ("Update conditional access policy", "lee@contoso.example", "p1"),
        ("Update named location", "", "loc"),
    ]


def test_our_policy_and_our_way_back_are_nobody_elses_changes() -> None:
    policy = write("p1", is_user=False, wave=0, requested="enabled")
    back = write("ada", requested="enforced", wave=1, begun=10_030, ended=10_040)
    events = [
        event(target="p1", activity="Update conditional access policy"),
        event(activity="Enable Strong Authentication", at=10_035),
        event(),
    ]
    assert wave_audit(1, [write()], events, [write(), policy, back]).others == ()
    assert wave_audit(0, [policy], events, [write(), policy, back]).seen == 1


def test_a_log_that_was_not_read_says_why_and_finds_nothing() -> None:
    found = audit_without(1, [write()], AuditGap.NO_PERMISSION)
    assert (found.gap, found.writes, found.seen, found.others) == (AuditGap.NO_PERMISSION, 1, 0, ())


def test_the_writes_of_a_run_are_not_held_a_second_time() -> None:
    back = write(requested="enforced", begun=10_030, ended=10_040)
    held = [write(), back, write("eve")]
    again = list(OwnWrites(held).same([write("eve"), write(), write("another")]))
    assert again == [write("eve"), write(), write("another")]
    assert [one is known for one, known in zip(again, (held[2], held[0]), strict=False)] == [True, True]


def test_waves_come_in_order_with_the_window_of_their_writes() -> None:
    writes = [write(wave=2), write("p", wave=0), write("eve", wave=2, begun=9_000, ended=12_000)]
    assert [wave for wave, _ in by_wave(writes)] == [0, 2]
    assert window_of([writes[0], writes[2]]) == (9_000 - APART_SECONDS, 12_000 + APART_SECONDS)
