"""The operator stops it, the disk fills, the folder is locked, the clock jumps: each ends with a clear word."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from migrate.commands import wiring
from migrate.errors import FolderProblem
from migrate.store import files
from migrate.store.books import ROLLBACK_CSV
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from tests.faults.dying import Graveyard
from tests.faults.lab import DAY, Lab, audit_tells_the_truth, open_lab
from tests.faults.test_seen_in_the_wild import STATES, on, status


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path) as opened:
        opened.prepare()
        yield opened


def on_the_nth(method: str, number: int, act: Any, patch: pytest.MonkeyPatch) -> None:
    """Do something when the tenant is asked the n-th time by a method."""
    from migrate.graph.transport import Sender

    send, asked = Sender.send, 0

    async def counting(self: Sender, verb: str, path: str, **more: Any) -> Any:
        nonlocal asked
        items = (more.get("body") or {}).get("requests", ()) if path.endswith("$batch") else ()
        asked += method in (verb, *(item["method"] for item in items[:1]))
        if asked == number:
            asked += 1
            act()
        return await send(self, verb, path, **more)

    patch.setattr(Sender, "send", counting)


# The operator


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_finishes_what_is_in_flight_and_the_next_run_goes_on(
    lab: Lab, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        on_the_nth("PATCH", 2, lambda: os.kill(os.getpid(), number), patch)
        assert lab.apply(allow=(130,)) == 130
    assert "Interrupted" in lab.said
    assert 0 < len(lab.switched_off()) < len(lab.planned())
    audit_tells_the_truth(lab)
    # A row that was written for the wave stays: whoever it names may yet be found off.
    assert lab.switched_off() <= set(lab.rollback_rows()) <= lab.planned()
    assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()
    audit_tells_the_truth(lab)


def test_a_second_ctrl_c_stops_at_once_and_loses_nothing(lab: Lab) -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        on_the_nth("PATCH", 2, twice, patch)
        assert lab.apply(allow=(130,)) == 130
    left_off = lab.switched_off()
    assert left_off <= set(lab.rollback_rows())
    assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()
    audit_tells_the_truth(lab)


def test_ctrl_c_while_a_policy_settles_ends_within_a_second(tmp_path: Path) -> None:
    with open_lab(tmp_path, mode="create") as lab:
        lab.configure("report_only_days = 7", "report_only_days = 0.005")
        lab.prepare()
        real = lab.clock.sleep

        async def interrupted(seconds: float) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            await real(seconds)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lab.clock, "sleep", interrupted)
            patch.setattr("migrate.commands.run.sleep", interrupted)
            before = lab.clock.ahead
            assert lab.apply(allow=(130,)) == 130
            assert lab.clock.ahead - before <= 1.5
        assert not lab.switched_off()


def test_the_pause_file_stops_before_the_next_batch_says_so_and_goes_on_when_it_is_gone(lab: Lab) -> None:
    pause = lab.workspace / "pause"
    pause.touch()
    assert lab.apply() == 0
    assert "paused by the file `pause`" in lab.said
    assert "Paused. Remove the file `pause`" in lab.said
    assert not lab.switched_off()
    lab.run("status")
    assert "pause" in lab.said
    real, looks = lab.clock.sleep, 0

    async def removed(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 5:
            pause.unlink()
        await real(seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("migrate.commands.run.sleep", removed)
        assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()
    audit_tells_the_truth(lab)


def test_a_rehearsal_of_a_half_done_run_says_what_remains_and_writes_nothing(lab: Lab, graveyard: Graveyard) -> None:
    waves = Counter(row["Wave"] for row in lab.plan_rows() if row["Action"] == "disable")
    lab.apply("--until", "wave:1")
    place = ["--config", str(lab.config), "--workspace", str(lab.workspace), "--no-progress"]
    # It dies right after its first batch was written: those users are in doubt.
    words = ["apply", "--yes", "--max-users", "100%", *place]
    assert graveyard.run(lab, words, one_write=True) == -signal.SIGKILL
    doubtful = lab.switched_off()
    assert waves["1"] < len(doubtful) < waves["1"] + waves["2"]
    journal = [(lab.workspace / name).read_bytes() for name in ("rollback.csv", "rollback.json")]
    entries = lab.audit()
    lab.apply("--what-if")
    assert f"wave 1 (canary): 0 would be sent, 0 left alone, {waves['1']} done before" in lab.said
    remaining = waves["2"] - (len(doubtful) - waves["1"])
    assert (
        f"wave 2 (to 100%): {remaining} would be sent, {waves['2'] - remaining} left alone, 0 done before" in lab.said
    )
    assert "sent before without a clear outcome; found as asked" in lab.said
    assert "Rehearsal: nothing was sent." in lab.said
    assert lab.switched_off() == doubtful
    assert lab.audit() == entries
    assert [(lab.workspace / name).read_bytes() for name in ("rollback.csv", "rollback.json")] == journal
    assert lab.apply() == 0
    lab.apply("--what-if")
    assert lab.said.count("0 would be sent, 0 left alone") == len(waves)


def test_a_plan_may_grow_old_once_it_is_begun_and_not_before(lab: Lab) -> None:
    lab.later(1.1 * DAY)
    assert lab.apply(allow=(3,)) == 3
    assert "The plan rests on an export that is 26 h old; the limit is 24 h." in lab.said
    assert not lab.switched_off()
    lab.prepare()
    lab.apply("--until", "wave:1")
    lab.later(30 * DAY)
    assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()


def test_a_second_run_in_the_same_folder_is_refused_and_told_who_is_there(lab: Lab) -> None:
    with Workspace(lab.workspace).lock("`mfa-migrate apply` of Ada"):
        assert lab.apply(allow=(5,)) == 5
    assert "in use by `mfa-migrate apply` of Ada" in lab.said
    assert not lab.switched_off()


def test_kill_9_in_the_middle_of_a_wave_is_resumed(lab: Lab, graveyard: Graveyard) -> None:
    words = ["apply", "--yes", "--max-users", "100%", "--config", str(lab.config), "--workspace", str(lab.workspace)]
    # The write is done and its answer does not come: whenever the signal arrives, the run is in the middle.
    lab.faults(on("PATCH", STATES, {"delay": 600.0}, item=True))
    assert graveyard.run(lab, words, kill_when=lambda: bool(lab.switched_off())) == -signal.SIGKILL
    lab.clear_faults()
    assert 0 < len(lab.switched_off()) < len(lab.planned())
    assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()
    audit_tells_the_truth(lab)


# The machine


def test_a_full_disk_stops_before_the_write_that_could_not_be_journalled(lab: Lab) -> None:
    append, calls = JournalDb.append, 0

    def full(self: JournalDb, drafts: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= 5:
            raise FolderProblem("journal.db could not be written: no space is left.", hint="Make room.")
        return append(self, drafts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JournalDb, "append", full)
        assert lab.apply(allow=(5,)) == 5
    assert "no space is left" in lab.said
    off = lab.switched_off()
    assert off <= set(lab.rollback_rows())
    assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()
    audit_tells_the_truth(lab)


def test_a_disk_that_is_full_for_the_way_back_stops_the_wave_before_it_begins(lab: Lab) -> None:
    def full(handle: int, data: bytes) -> None:
        raise OSError(28, os.strerror(28))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_write_all", full)
        assert lab.apply(allow=(5,)) == 5
    assert not lab.switched_off()
    assert lab.apply() == 0


def test_a_folder_that_may_not_be_written_is_found_out_before_anything_is_sent(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refused(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if str(path).endswith(".part"):
            raise PermissionError(13, os.strerror(13))
        return real(path, flags, *more, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.os, "open", refused)
        assert lab.apply(allow=(5,)) == 5
    assert "cannot be opened or replaced" in lab.said
    assert not lab.switched_off()
    assert lab.apply() == 0


def test_a_way_back_that_a_spreadsheet_holds_open_is_found_out_before_anything_is_asked(lab: Lab) -> None:
    table = lab.workspace / ROLLBACK_CSV
    table.write_text("of an earlier run")
    real, asked = os.replace, lab.requests()

    def held(source: Path, target: Path) -> None:
        if target == table:
            raise PermissionError(13, "The process cannot access the file because it is being used")
        real(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.os, "replace", held)
        assert lab.apply(allow=(5,)) == 5
    assert "Excel" in lab.said
    assert lab.requests() == asked
    assert lab.apply() == 0


def test_a_clock_that_jumps_back_changes_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(10_000))

    def jumping() -> datetime:
        return datetime(2026, 11, 24, 12, 0, tzinfo=UTC) - timedelta(hours=next(moments))

    monkeypatch.setattr(wiring, "now_utc", jumping)
    assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()
    audit_tells_the_truth(lab)
    lab.run("rollback", "--yes")
    assert not lab.switched_off()


# The tenant


def test_a_user_deleted_since_the_plan_is_left_out_and_the_run_still_closes(lab: Lab) -> None:
    gone = sorted(lab.planned())[3]
    not_found = status(404, "Request_ResourceNotFound", "Resource does not exist.")
    lab.faults({"match": {"user": gone}, "do": not_found})
    assert lab.apply() == 1
    assert lab.switched_off() == lab.planned() - {gone}
    rows = {row["ObjectId"]: row for row in lab.audit() if row["Operation"] == "SetMfaState"}
    assert rows[gone]["Outcome"] == "skipped"
    assert "does not exist any more" in rows[gone]["Reason"]
    lab.run("plan")  # which is refused while a run is open
    lab.run("rollback", "--yes")
    assert not lab.switched_off()


def test_guests_whose_patch_answers_204_and_changes_nothing_are_unconfirmed(tmp_path: Path) -> None:
    with open_lab(tmp_path, users=120, guest_state_write="ignored") as lab:
        lab.prepare()
        assert lab.apply("--max-failures", "100%") == 1
        off = lab.switched_off()
        guests = lab.planned() - off
        assert guests
        rows = {row["ObjectId"]: row for row in lab.audit() if row["Operation"] == "SetMfaState"}
        assert {rows[user]["Outcome"] for user in guests} == {"unconfirmed"}
        assert {rows[user]["Outcome"] for user in off} == {"confirmed"}
        lab.run("verify", allow=(1,))


def test_reads_that_lag_behind_writes_are_waited_for(tmp_path: Path) -> None:
    with open_lab(tmp_path, mode="create", state_read_lag_seconds=25.0, policy_read_lag_seconds=25.0) as lab:
        lab.prepare()
        assert lab.apply_to_the_end() == 0
        assert lab.switched_off() == lab.planned()
        assert len([name for name, _ in lab.policies() if "mfa-migrate" in name]) == 1
        audit_tells_the_truth(lab)


def test_a_write_that_shows_only_after_the_time_for_reading_back_is_settled_by_the_next_run(tmp_path: Path) -> None:
    with open_lab(tmp_path, state_read_lag_seconds=600.0) as lab:
        lab.prepare()
        assert lab.apply("--max-failures", "100%") == 1
        assert "unconfirmed" in lab.said
        lab.later(1200)
        assert lab.apply() == 0
        assert "recovered" in lab.said
        assert lab.switched_off() == lab.planned()
        audit_tells_the_truth(lab)


def test_a_rollback_right_after_writes_that_do_not_show_yet_puts_everybody_back(tmp_path: Path) -> None:
    with open_lab(tmp_path, state_read_lag_seconds=600.0) as lab:
        lab.prepare()
        assert lab.apply("--max-failures", "100%") == 1
        # Everybody still reads as before: taken at its word, there would be nothing to put back.
        lab.run("rollback", "--yes", allow=(0, 1))
        lab.later(1200)
        assert lab.switched_off() == set()


def test_a_role_that_lapses_in_mid_run_stops_it_after_five_and_it_goes_on_later(lab: Lab) -> None:
    refused = status(403, "accessDenied", "You cannot perform the requested operation.")
    lab.faults(on("PATCH", STATES, refused, item=True))
    assert lab.apply("--max-failures", "100%", allow=(4,)) == 4
    assert "5 users running were refused" in lab.said
    lab.clear_faults()
    assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()


def test_a_right_to_read_that_lapses_in_mid_run_stops_it_too(lab: Lab) -> None:
    refused = status(403, "accessDenied", "You cannot perform the requested operation.")
    lab.apply("--until", "wave:1")
    lab.faults(on("GET", STATES, refused, item=True))
    assert lab.apply("--max-failures", "100%", allow=(4,)) == 4
    assert "Authentication Policy Administrator" in lab.said
    lab.clear_faults()
    assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()


def test_drift_is_skipped_with_its_reason_and_never_overwritten(lab: Lab) -> None:
    enforced = sorted(user for user in lab.planned() if lab.states_before[user] == "enforced")
    lab.faults(on("POST", "$batch", {"change": {"user": enforced[0], "state": "enabled"}}, nth=1))
    assert lab.apply() in (0, 1)
    rows = {row["ObjectId"]: row for row in lab.audit() if row["Operation"] == "SetMfaState"}
    assert lab.states()[enforced[0]] == "enabled"
    assert rows[enforced[0]]["Outcome"] == "skipped"
    assert rows[enforced[0]]["Reason"].startswith("drift")


def test_a_policy_switched_off_by_somebody_in_mid_run_stops_it_before_anybody_is_uncovered(lab: Lab) -> None:
    lab.apply("--until", "wave:1")
    canaries = lab.switched_off()
    switch = {"policy": "Require MFA for all users", "set": {"state": "disabled"}}
    lab.faults(on("GET", "organization", {"change": switch}, nth=1))
    assert lab.apply() == 1
    assert "not covered any more" in lab.said or "max-failures" in lab.said
    assert lab.switched_off() == canaries
    lab.run("status")
    assert "stopped" in lab.said


def test_time_between_waves_is_kept_by_the_servers_clock(tmp_path: Path) -> None:
    with open_lab(tmp_path) as lab:
        lab.configure("percentages = [100]", 'percentages = [100]\nminimum_wait = "2d"')
        lab.prepare()
        assert lab.apply() == 0
        assert "keeps its distance to the wave before" in lab.said
        first = lab.switched_off()
        assert 0 < len(first) < len(lab.planned())
        lab.later(1 * DAY)
        assert lab.apply() == 0
        assert lab.switched_off() == first
        lab.run("status")
        assert "keeps its distance" in lab.said
        lab.later(1.1 * DAY)
        assert lab.apply() == 0
        assert lab.switched_off() > first


def test_a_long_throttling_is_told_with_its_end_on_the_screen_and_in_the_journal(lab: Lab) -> None:
    lab.faults(on("PATCH", STATES, status(429, headers={"Retry-After": "45"}), item=True, nth=2))
    assert lab.apply() == 0
    assert "throttled by Graph (writes) until" in lab.said
    assert any("throttled by Graph" in row["Reason"] for row in lab.audit() if row["Operation"] == "Wait")
