"""A process that is stopped for longer than anything it has read stays good: at most what was on the wire arrives.

Real processes are frozen at random moments while all policies are switched off by somebody else; limits and freezes are
of seconds here, and of five minutes in `make test-long`.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.faults.dying import Graveyard, open_graveyard
from tests.faults.lab import Lab, audit_tells_the_truth, open_lab

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the test forks; Windows cannot")

USERS = 260
SECONDS = 2.0
"""How old evidence and readings may be here, on a machine that is quick enough."""


@pytest.fixture(scope="module")
def graveyard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graveyard]:
    with open_graveyard(tmp_path_factory.mktemp("graveyard")) as opened:
        yield opened


class Freezer:
    """Freezes one process once so many users are off, and tells who was off when nothing more could arrive."""

    def __init__(self, lab: Lab, *, after: int, later: float, seconds: float) -> None:
        self._lab, self._after, self._later, self._seconds = lab, after, later, seconds
        self.off: set[str] | None = None
        """None when the process had ended before."""

    def __call__(self, process: int) -> None:
        while len(self._lab.switched_off()) < self._after:
            if not _is_there(process):
                return
            time.sleep(0.002)
        time.sleep(self._later)
        try:
            os.kill(process, signal.SIGSTOP)
        except ProcessLookupError:
            return
        self._lab.wait_until_quiet()
        time.sleep(0.2)  # an answer that the stopped process will never read is finished too
        for policy in self._lab.sandbox.tenant.policies.values():
            policy["state"] = "disabled"
        self.off = self._lab.switched_off()
        time.sleep(self._seconds)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGCONT)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def freeze(lab: Lab, graveyard: Graveyard, words: list[str], freezer: Freezer, seconds: float) -> bool:
    """Run `apply` and freeze it; assert that nobody is wrongly off. Return whether it was there to be frozen."""
    limits = {"evidence_seconds": seconds, "reading_seconds": seconds}
    states = {key: policy["state"] for key, policy in lab.sandbox.tenant.policies.items()}
    code = graveyard.run(lab, words, meanwhile=freezer, limits=limits)
    for key, state in states.items():
        lab.sandbox.tenant.policies[key]["state"] = state
    assert code in (0, 1, 4), graveyard.said
    if freezer.off is None:
        return False
    wrongly_off = lab.switched_off() - freezer.off
    assert not wrongly_off, f"{len(wrongly_off)} users were switched off after the last policy was:\n{graveyard.said}"
    return True


def frozen_again_and_again(
    folder: Path, graveyard: Graveyard, *, freezes: int, seconds: float, seed: int, **lab_options: Any
) -> int:
    """Freeze one run after the other at random moments until nobody is left; return how often a process was frozen."""
    chance = random.Random(seed)
    frozen = 0
    with open_lab(folder, users=USERS, lean=True, **lab_options) as lab:
        began = time.monotonic()
        lab.prepare()
        # All that a proof rests on is read in less than the whole preparation.
        limit = max(seconds, 2 * (time.monotonic() - began))
        place = ["--config", str(lab.config), "--workspace", str(lab.workspace), "--no-progress"]
        words = ["apply", "--yes", "--max-users", "100%", "--max-failures", "100%", *place]
        while frozen < freezes and lab.switched_off() != lab.planned():
            done = len(lab.switched_off())
            freezer = Freezer(lab, after=done + 1, later=chance.uniform(0, 2.5), seconds=limit + 1)
            frozen += freeze(lab, graveyard, words, freezer, limit)
        assert graveyard.run(lab, words) in (0, 1), graveyard.said
        assert lab.switched_off() == lab.planned()
        audit_tells_the_truth(lab)
    return frozen


def test_a_process_that_was_stopped_sends_nothing_that_it_had_read_before(tmp_path: Path, graveyard: Graveyard) -> None:
    frozen = frozen_again_and_again(tmp_path, graveyard, freezes=4, seconds=SECONDS, seed=1)
    print(f"{frozen} freezes, 0 users wrongly off")
    assert frozen >= 2


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(2, 8))
def test_a_process_that_was_stopped_again_and_again(tmp_path: Path, graveyard: Graveyard, seed: int) -> None:
    frozen = frozen_again_and_again(tmp_path, graveyard, freezes=6, seconds=SECONDS, seed=seed)
    print(f"{frozen} freezes, 0 users wrongly off")
    assert frozen >= 2


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_process_that_was_stopped_for_five_minutes(tmp_path: Path, graveyard: Graveyard) -> None:
    assert frozen_again_and_again(tmp_path, graveyard, freezes=2, seconds=300.0, seed=9) == 2
