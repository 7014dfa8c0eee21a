"""A process that is stopped for longer than anything it has read stays good: at most what was on the wire arrives.

Real processes are frozen at random moments while all policies are switched off by somebody else; limits and freezes are
of seconds here, and of more than five minutes against the real limits in `make test-long`.
"""

from __future__ import annotations

import copy
import json
import os
import random
import signal
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from migrate.engine.age import USUAL
from tests.faults.dying import Graveyard
from tests.faults.lab import Lab, audit_tells_the_truth, open_lab

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the test forks; Windows cannot")

USERS = 260
THEIRS = "22222222-0000-4000-8000-000000000009"
GONE = "which is not enabled any more: somebody changed it meanwhile."
SECONDS = 2.0
"""How old evidence and readings may be here, on a machine that is quick enough."""


class Freezer:
    """Freezes one process once so many users are off, and tells who was off when nothing more could arrive."""

    def __init__(self, lab: Lab, *, after: int, later: float, seconds: float, asleep: Path | None) -> None:
        self._lab, self._after, self._later, self._seconds = lab, after, later, seconds
        self._asleep = asleep
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
        if self._asleep:
            count_as_sleep(self._asleep, self._seconds)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGCONT)


def count_as_sleep(file: Path, seconds: float) -> None:
    """Tell the processes that look into this file that the machine slept so long besides."""
    with file.open("r+b") as handle:
        (before,) = struct.unpack("d", handle.read(8))
        handle.seek(0)
        handle.write(struct.pack("d", before + seconds))


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def aged(seconds: float | None) -> dict[str, Any]:
    """Return what a process is told so that what it reads grows old in so many seconds; None for the real limits."""
    return {} if seconds is None else {"limits": {"evidence_seconds": seconds, "reading_seconds": seconds}}


def freeze(
    lab: Lab, graveyard: Graveyard, words: list[str], freezer: Freezer, seconds: float | None, **how: Any
) -> bool:
    """Run `apply` and freeze it; assert that nobody is wrongly off. Return whether it was there to be frozen."""
    states = {key: policy["state"] for key, policy in lab.sandbox.tenant.policies.items()}
    code = graveyard.run(lab, words, meanwhile=freezer, paced=True, **aged(seconds), **how)
    for key, state in states.items():
        lab.sandbox.tenant.policies[key]["state"] = state
    # A look back upon a wave may find the policies gone: a guard then, which says so.
    assert code in (0, 1, 4) or (code == 3 and GONE in " ".join(graveyard.said.split())), graveyard.said
    if freezer.off is None:
        return False
    wrongly_off = lab.switched_off() - freezer.off
    assert not wrongly_off, f"{len(wrongly_off)} users were switched off after the last policy was:\n{graveyard.said}"
    return True


def frozen_again_and_again(
    folder: Path,
    graveyard: Graveyard,
    *,
    freezes: int,
    seconds: float | None,
    seed: int,
    suspended: bool = False,
    **lab_options: Any,
) -> int:
    """Freeze one run after the other at random moments until nobody is left; return how often a process was frozen.

    What is read grows old in so many seconds, or more on a slow machine; None stands for the real limits. With
    `suspended` the whole machine sleeps: the monotonic clock of the process does not count the time.
    """
    asleep = folder / "asleep" if suspended else None
    if asleep:
        asleep.write_bytes(struct.pack("d", 0.0))
    chance = random.Random(seed)
    frozen = 0
    with open_lab(folder, users=USERS, lean=True, **lab_options) as lab:
        began = time.monotonic()
        lab.prepare()
        # All that a proof rests on is read in less than the whole preparation.
        limit = None if seconds is None else max(seconds, 2 * (time.monotonic() - began))
        frozen_for = USUAL.evidence_seconds + 1 if limit is None else limit + 1
        place = ["--config", str(lab.config), "--workspace", str(lab.workspace), "--no-progress"]
        words = ["apply", "--yes", "--max-users", "100%", "--max-failures", "100%", *place]
        while frozen < freezes and lab.switched_off() != lab.planned():
            done = len(lab.switched_off())
            freezer = Freezer(lab, after=done + 1, later=chance.uniform(0, 2.5), seconds=frozen_for, asleep=asleep)
            how = {"asleep": str(asleep)} if asleep else {}
            frozen += freeze(lab, graveyard, words, freezer, limit, **how)
        assert graveyard.run(lab, words) in (0, 1), graveyard.said
        assert lab.switched_off() == lab.planned()
        audit_tells_the_truth(lab)
    return frozen


def test_a_process_that_was_stopped_sends_nothing_that_it_had_read_before(tmp_path: Path, graveyard: Graveyard) -> None:
    frozen = frozen_again_and_again(tmp_path, graveyard, freezes=4, seconds=SECONDS, seed=1)
    print(f"{frozen} freezes, 0 users wrongly off")
    assert frozen >= 2


def test_what_was_read_before_the_machine_slept_is_old(tmp_path: Path, graveyard: Graveyard) -> None:
    frozen = frozen_again_and_again(tmp_path, graveyard, freezes=2, seconds=SECONDS, seed=11, suspended=True)
    print(f"{frozen} times asleep, 0 users wrongly off")
    assert frozen >= 1


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 8))
def test_a_process_that_was_stopped_again_and_again(tmp_path: Path, graveyard: Graveyard, seed: int) -> None:
    frozen = frozen_again_and_again(tmp_path, graveyard, freezes=6, seconds=SECONDS, seed=seed)
    print(f"{frozen} freezes, 0 users wrongly off")
    assert frozen >= 2


@pytest.mark.long
def test_a_process_that_was_stopped_for_five_minutes(tmp_path: Path, graveyard: Graveyard) -> None:
    assert frozen_again_and_again(tmp_path, graveyard, freezes=2, seconds=None, seed=9) == 2


# --- policies


def frozen_at_a_policy(
    lab: Lab, graveyard: Graveyard, words: list[str], number: int, meanwhile: Callable[[], None], limit: float | None
) -> int:
    """Freeze a command right before its n-th write of a policy, let others act meanwhile, and return its exit code."""

    def freezer(process: int) -> None:
        while psutil.Process(process).status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)
        lab.wait_until_quiet()
        meanwhile()
        time.sleep((USUAL.evidence_seconds if limit is None else limit) + 1)
        os.kill(process, signal.SIGCONT)

    place = ["--config", str(lab.config), "--workspace", str(lab.workspace), "--no-progress"]
    return graveyard.run(lab, [*words, *place], meanwhile=freezer, stop_at=number, **aged(limit))


def policies_and_freezes(folder: Path, graveyard: Graveyard, seconds: float | None) -> None:
    """Freeze a run before it creates, switches on and lowers its policy, while the ground is taken away."""
    with open_lab(folder, mode="create", users=25, lean=True) as lab:
        began = time.monotonic()
        lab.prepare()
        limit = None if seconds is None else max(seconds, time.monotonic() - began)
        policies = lab.sandbox.tenant.policies
        apply = ["apply", "--yes", "--max-users", "100%", "--skip-report-only", "test", "--skip-settle", "test"]

        def own() -> dict[str, Any]:
            (found,) = (raw for raw in policies.values() if "mfa-migrate" in raw["displayName"])
            return found

        body = json.loads((lab.workspace / "plan.json").read_text(encoding="utf-8"))["policySteps"][0]["body"]

        def make_it() -> None:
            policies[THEIRS] = {
                **copy.deepcopy(body),
                "id": THEIRS,
                "createdDateTime": None,
                "modifiedDateTime": None,
            }

        code = frozen_at_a_policy(lab, graveyard, [*apply, "--until", "report-only"], 1, make_it, limit)
        assert code == 0, graveyard.said
        assert own()["id"] == THEIRS, "it was created although somebody had created it"

        excluded = list(own()["conditions"]["users"]["excludeUsers"])
        code = frozen_at_a_policy(
            lab, graveyard, apply, 1, lambda: own()["conditions"]["users"]["excludeUsers"].clear(), limit
        )
        assert (code, own()["state"]) == (3, "enabledForReportingButNotEnforced"), graveyard.said
        own()["conditions"]["users"]["excludeUsers"] = excluded

        lab.apply(*apply[4:])
        assert own()["state"] == "enabled"
        somebody = min(lab.switched_off())

        def switch_off() -> None:
            people = lab.sandbox.tenant.people
            people.set_mfa_state(people.find(somebody), "disabled")

        code = frozen_at_a_policy(lab, graveyard, ["rollback", "--yes"], 1, switch_off, limit)
        assert (code, own()["state"]) == (1, "enabled"), graveyard.said


def test_a_policy_is_not_written_by_what_was_read_before_a_freeze(tmp_path: Path, graveyard: Graveyard) -> None:
    policies_and_freezes(tmp_path, graveyard, SECONDS)


@pytest.mark.long
def test_a_policy_is_not_written_by_what_was_read_five_minutes_ago(tmp_path: Path, graveyard: Graveyard) -> None:
    policies_and_freezes(tmp_path, graveyard, None)
