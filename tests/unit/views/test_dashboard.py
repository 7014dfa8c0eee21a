"""The dashboard: how far the migration is, what is so now, and the one command that goes on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from migrate.commands.watch import drawn, looks
from migrate.model.evidence import PolicyState
from migrate.model.now import Moment, Now, PolicyNow
from migrate.model.reasons import Why, reason_of
from migrate.model.run import RunStanding
from migrate.views.dashboard import BAR, Dashboard, bar, dashboard_answer, progress_line
from tests.unit.decide.records import header, snapshot
from tests.unit.views.test_answers import text_of
from tests.unit.views.test_screen import Terminal, screen

MOMENT = Moment(exported_at="2026-11-24T08:00:00Z", changes=248, until="2026-11-24T08:52:00Z")
OURS = PolicyNow(
    id="p",
    display_name="Require MFA",
    policy_state=PolicyState.ENABLED,
    since="2026-11-24T08:10:00Z",
    body={"displayName": "Require MFA"},
)


def standing(**others: Any) -> RunStanding:
    fields: dict[str, Any] = {
        "plan_digest": "ab" * 32,
        "migrated": 412,
        "planned": 430,
        "held_back": 18,
        "held_by": {"partly": 11, "excluded": 7},
        "put_back": 0,
        "impacts": (),
        "outcomes": {"confirmed": 412, "failed": 2},
        "waiting_for": None,
        "waiting_since": "",
        "closed": False,
        "next_plan": None,
        "paused": False,
    }
    return RunStanding(**{**fields, **others})


def board(standing: RunStanding | None, **others: Any) -> Dashboard:
    fields: dict[str, Any] = {
        "snapshot": snapshot(430),
        "now": Now(moment=MOMENT, users={}, policies={"p": OURS}),
        "counts": {"disabled/member": 412, "enforced/guest": 3, "enforced/member": 14, "unreadable/member": 1},
        "standing": standing,
        "planned": header(),
    }
    return Dashboard(**{**fields, **others})


def shown(standing: RunStanding | None, **others: Any) -> str:
    return text_of(dashboard_answer(board(standing, **others)))


def test_it_says_what_is_so_now_and_for_which_moment() -> None:
    text = shown(standing())
    assert "As of: export of 2026-11-24 08:00 UTC, and 248 changes by this tool until 2026-11-24 08:52 UTC\n" in text
    assert "Migrated 412 of 430 (95%)  ###################-  rolled back 0  held back 18\n" in text
    assert "  run abababababab: 412 confirmed, 2 failed\n" in text
    assert "  held back: 11 partly, 7 excluded (`mfa-migrate show --held`)\n" in text
    assert "  'Require MFA': enabled since 2026-11-24 08:10 UTC\n" in text
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert {"disabled 0 412 412", "enforced 3 14 17", "unknown 0 1 1"} <= set(rows)


def test_a_few_of_many_are_not_nobody_and_who_was_rolled_back_stands_beside_who_was_confirmed() -> None:
    text = shown(standing(planned=225, migrated=2, put_back=1, outcomes={"confirmed": 3}))
    assert "Migrated 2 of 225 (<1%)  --------------------  rolled back 1  held back 18\n" in text
    assert "  run abababababab: 3 confirmed; 1 of them rolled back since\n" in text
    assert "Migrated 0 of 225 (0%)" in shown(standing(planned=225, migrated=0, outcomes={}))


@pytest.mark.parametrize(
    ("now", "others", "words"),
    [
        (standing(), {}, "Next: `mfa-migrate verify`, then `mfa-migrate apply`."),
        (standing(next_wave=2), {}, "Next: `mfa-migrate verify`, then `mfa-migrate apply --until wave:2`."),
        (standing(next_wave=2, outcomes={}), {}, "Next: `mfa-migrate apply` goes on."),
        (
            standing(next_wave=2, waiting_for=reason_of(Why.WAITING, "settling")),
            {},
            "Next: `mfa-migrate apply` goes on.",
        ),
        (standing(put_back=1), {}, "1 user is rolled back and stays so until `mfa-migrate export` and a new"),
        (None, {}, "Next: `mfa-migrate apply --what-if`"),
        (None, {"planned": header(waves=(), counts={"none": 2})}, "Next: nobody can be migrated now"),
        (None, {"planned": None}, "Next: `mfa-migrate plan`. Nothing has been begun here."),
        (standing(next_plan="cd" * 32), {}, "Next: `mfa-migrate apply` begins plan cdcdcdcdcdcd"),
        (standing(paused=True), {}, "Paused by the file `pause` in the working folder.\nNext: remove the file"),
        (standing(), {"in_use_by": "`mfa-migrate apply` of ada"}, "At work: `mfa-migrate apply` of ada\nNext: wait"),
        (standing(closed=True, put_back=3), {}, "Next: 3 users are rolled back; `mfa-migrate export` and"),
        (standing(closed=True), {}, "Next: `mfa-migrate verify`; `mfa-migrate show --held`"),
        (standing(closed=True, held_back=0, held_by={}), {}, "Next: `mfa-migrate verify`, then `mfa-migrate audit"),
        (
            standing(waiting_for=reason_of(Why.WAITING, "settling"), waiting_since="2026-11-24T08:52:00Z"),
            {},
            "Waiting since 2026-11-24 08:52 UTC: settling\n",
        ),
        (standing(waiting_for=reason_of(Why.STOPPED, "Wave 2: 9 failed.")), {}, "Stopped: Wave 2: 9 failed.\n"),
    ],
)
def test_the_next_step_follows_from_where_the_run_stands(
    now: RunStanding | None, others: dict[str, Any], words: str
) -> None:
    text = shown(now, **others)
    assert words in text
    assert text.count("Next: ") == 1


def test_policies_say_what_became_of_them() -> None:
    deleted = msgspec.structs.replace(OURS, deleted=True, policy_state=None)
    doubtful = msgspec.structs.replace(OURS, doubt=reason_of(Why.NO_ANSWER))
    refused = PolicyNow(id="q", display_name="Theirs", policy_state=None)
    policies = {"a": deleted, "b": doubtful, "c": refused}
    answer = dashboard_answer(board(None, now=Now(moment=MOMENT, users={}, policies=policies)))
    text = text_of(answer)
    assert "'Require MFA': deleted at 2026-11-24 08:10 UTC" in text
    assert "'Require MFA': not known: no clear answer" in text
    assert "'Theirs': not changed" in text
    assert isinstance(answer.document, dict)
    assert [each["policyState"] for each in answer.document["policies"]] == [None, None, None]
    assert answer.document["policies"][2]["createdByThisTool"] is False


@pytest.mark.parametrize(
    ("done", "of", "filled"), [(0, 225, 0), (1, 225, 0), (224, 225, 19), (225, 225, 20), (0, 0, 20)]
)
def test_the_bar_is_full_only_when_everything_is_done(done: int, of: int, filled: int) -> None:
    assert bar(done, of) == "#" * filled + "-" * (BAR - filled)


def test_the_document_has_the_run_and_the_reasons() -> None:
    document = dashboard_answer(board(standing(waiting_for=reason_of(Why.WAITING, "settling")))).document
    assert isinstance(document, dict)
    assert document["run"]["waitingFor"] == "settling"
    assert document["run"]["heldBy"] == {"partly": 11, "excluded": 7}
    assert document["policies"][0]["policyState"] == "enabled"


def test_whoever_watches_sees_each_look_until_nobody_is_at_work() -> None:
    boards = [board(standing(migrated=done), in_use_by="apply" if done < 3 else "") for done in (0, 1, 2, 3)]
    coming: Iterator[Dashboard] = iter(boards[1:])
    waits: list[float] = []
    seen = list(looks(boards[0], lambda: next(coming), waits.append))
    assert seen == boards
    assert len(waits) == 3
    assert progress_line(seen[1]) == f"{bar(1, 430)} 1 of 430 migrated (2 failed)"
    assert list(looks(boards[3], lambda: boards[3], waits.append)) == [boards[3]]


def test_on_a_terminal_one_line_is_drawn_again_and_a_wait_is_said_once() -> None:
    stderr = Terminal()
    boards = [
        board(
            standing(migrated=done, outcomes={"confirmed": done, "intent": 20 - done}, waiting_for=reason),
            in_use_by="apply",
        )
        for done, reason in ((1, None), (5, None), (5, reason_of(Why.SETTLING)), (5, reason_of(Why.SETTLING)))
    ]
    assert drawn(screen(stderr=stderr), iter(boards)) == boards[-1]
    text = stderr.getvalue()
    assert "5/430" in text
    assert "#" not in text, "lines for logs"
    assert "intent" not in text
    assert text.count("Waiting: ") == 1


def test_elsewhere_a_line_is_written_when_something_has_changed() -> None:
    boards = [
        board(standing(migrated=done, outcomes={"confirmed": done, "intent": 3}), in_use_by="apply")
        for done in (1, 1, 2)
    ]
    stderr = io.StringIO()
    drawn(screen(stderr=stderr), iter(boards))
    assert stderr.getvalue().splitlines() == [
        f"{bar(done, 430)} {done} of 430 migrated (3 sent and not confirmed yet)" for done in (1, 2)
    ]
