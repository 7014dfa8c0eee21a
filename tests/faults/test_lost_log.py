"""kill -9 in a wave, and the write-ahead log of the journal is lost besides: nobody is left without a row."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.faults.dying import Graveyard, open_graveyard
from tests.faults.lab import DAY, NO_WAITS, Lab, audit_tells_the_truth, open_lab

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the test forks; Windows cannot")


def killed_in_wave_2(lab: Lab, graveyard: Graveyard, after: int, *more: str) -> set[str]:
    """Run `apply` in a process that is killed once so many more people are off; return who is off."""
    place = ["--config", str(lab.config), "--workspace", str(lab.workspace), "--no-progress"]
    enough = len(lab.switched_off()) + after
    words = ["apply", "--yes", "--max-users", "100%", *more, *place]
    assert graveyard.run(lab, words, kill_when=lambda: len(lab.switched_off()) >= enough) == -9, graveyard.said
    return lab.switched_off()


def lose_the_log(lab: Lab) -> None:
    log = lab.workspace / "journal.db-wal"
    assert log.stat().st_size, "what the killed process wrote is in the log"
    for file in (log, lab.workspace / "journal.db-shm"):
        file.unlink(missing_ok=True)


@pytest.mark.parametrize("mode", ["adopt", "create"])
@pytest.mark.parametrize("first", [True, False], ids=["in wave 2", "in the first run of all"])
def test_a_journal_without_its_log_is_refused_and_everybody_comes_back(tmp_path: Path, mode: str, first: bool) -> None:
    chance = random.Random(f"{mode} {first}")
    with open_lab(tmp_path, mode=mode, users=120, lean=True) as lab, open_graveyard(tmp_path) as graveyard:
        if mode == "create":
            for policy in lab.sandbox.tenant.policies.values():
                policy["state"] = "disabled"
        lab.prepare()
        before = lab.end_state()
        if first:
            lab.apply("--until", "wave:1", *NO_WAITS)
        off = killed_in_wave_2(lab, graveyard, chance.randrange(5, 40), *NO_WAITS)
        lose_the_log(lab)
        applied, table = lab.end_state(), (lab.workspace / "rollback.csv").read_bytes()
        assert off <= set(lab.rollback_rows())
        assert lab.apply(*NO_WAITS, allow=(5,)) == 5
        assert "has lost its end" in lab.said
        assert "Nothing was changed" in lab.said
        assert (lab.workspace / "rollback.csv").read_bytes() == table
        assert lab.end_state() == applied
        lab.run("rollback", "--yes")
        assert lab.is_back(before)
        audit_tells_the_truth(lab)


def test_where_only_intents_were_lost_their_rows_are_kept_and_the_run_goes_on(tmp_path: Path) -> None:
    """The journal is as long as rollback.json says: its own rows of the wave tell who may be off."""
    with open_lab(tmp_path, users=120, lean=True) as lab, open_graveyard(tmp_path) as graveyard:
        lab.later(3 * DAY)  # the policies have settled, so nothing need be approved
        lab.prepare()
        before = lab.end_state()
        assert lab.apply("--until", "wave:1") == 0
        assert lab.switched_off()
        off = killed_in_wave_2(lab, graveyard, 7)
        lose_the_log(lab)
        assert off <= set(lab.rollback_rows())
        assert lab.apply() == 0
        assert lab.switched_off() == lab.planned() == set(lab.rollback_rows())
        lab.run("rollback", "--yes")
        assert lab.is_back(before)
