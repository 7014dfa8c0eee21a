"""A laboratory: an emulated tenant in this process, the real command line against it, and time that runs when asked.

Waits cost nothing here: whoever sleeps moves the time of the tool and of the tenant alike. Sockets, databases and
files are the real ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from migrate.cli import run
from migrate.commands import run as door
from migrate.commands.sandbox import write_lab_config
from migrate.graph import pace
from migrate.model.users import MfaState
from migrate.sandbox.clock import SandboxClock
from migrate.sandbox.company import company
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant import Tenant

DAY = 24 * 3600.0
NO_WAITS = ("--skip-report-only", "a rehearsal", "--skip-settle", "a rehearsal")
CREATE = """mode = "create"
report_only_days = 7
policy_settle = "24h"

[limits]
max_newly_required = 1000
max_not_mfa_capable = 1000"""
EVERYBODY = "Require MFA for all users"
_real_sleep = asyncio.sleep


class Time:
    """Real time plus what somebody slept."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.ahead

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Let the others run, then move on to the end of the wait."""
        until = self.monotonic() + seconds
        await _real_sleep(0.001)
        self.ahead += max(0.0, until - self.monotonic())


class Ended(Exception):
    """The command ended otherwise than the test allows."""


class Lab:
    """One tenant, one working folder, and commands against them."""

    def __init__(
        self, folder: Path, clock: Time, *, mode: str, users: int, seed: int, lean: bool, **settings: Any
    ) -> None:
        self.folder, self.clock, self.mode = folder, clock, mode
        self._company = (seed, users, lean)
        tenant = self._tenant()
        self.server = SandboxServer(
            tenant,
            settings=SandboxSettings(**{"throttle": False, **settings}),
            clock=SandboxClock(clock.now),
        )
        self.sandbox = self.server.sandbox
        self.config, self.workspace = folder / "lab.toml", folder / "work"
        write_lab_config(self.config, tenant, self.server.url, pacing=False)
        # Each wave reads all evidence again; three of them show as much as five.
        self.configure("percentages = [10, 50, 100]", "percentages = [100]")
        if mode == "create":
            self.configure('mode = "adopt"', CREATE)
        self.states_before = self.states()
        self.said = ""
        self._is_later = False

    def configure(self, old: str, new: str) -> None:
        """Change the configuration."""
        text = self.config.read_text(encoding="utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new), encoding="utf-8")

    # The tenant, as nobody but the test sees it

    def states(self) -> dict[str, str]:
        """Return everybody's per-user MFA state by id."""
        people = self.sandbox.tenant.people
        return {people.user_id(place): people.mfa_state(place) for place in range(len(people))}

    def policies(self) -> list[tuple[str, str]]:
        """Return names and states of the policies, sorted."""
        return sorted((each["displayName"], each["state"]) for each in self.sandbox.tenant.policies.values())

    def end_state(self) -> tuple[dict[str, str], list[tuple[str, str]]]:
        """Return what two runs have to agree on."""
        return self.states(), self.policies()

    def is_back(self, before: tuple[dict[str, str], list[tuple[str, str]]]) -> bool:
        """Tell whether everything is as it was: a registered user put back to enabled is promoted, as documented."""
        (states, policies), (former_states, former_policies) = self.end_state(), before
        back = all(MfaState(former).is_found_as(MfaState(states[user])) for user, former in former_states.items())
        return back and policies == former_policies

    def switched_off(self) -> set[str]:
        """Return the ids of the users who are off now and were not at the beginning."""
        return {user for user, state in self.states().items() if state == "disabled" != self.states_before[user]}

    def reset(self) -> None:
        """Put the tenant back to its beginning."""
        self.sandbox.put_tenant(self._tenant())

    def _tenant(self) -> Tenant:
        seed, users, lean = self._company
        tenant = company(seed, users)
        if lean:
            tenant.policies = {key: raw for key, raw in tenant.policies.items() if raw["displayName"] == EVERYBODY}
        return tenant

    def faults(self, *faults: dict[str, Any], seed: int = 1) -> None:
        """Put faults in force."""
        self.sandbox.load_faults(json.dumps({"faults": list(faults), "seed": seed}).encode())

    def clear_faults(self) -> None:
        """Take all faults out of force."""
        self.sandbox.faults.clear()
        self.sandbox.tokens.expired.clear()

    def struck(self) -> int:
        """Return how often the faults in force struck."""
        return sum(each["struck"] for each in self.sandbox.faults.listed())

    def requests(self) -> int:
        """Return how many requests the tenant has answered."""
        return self.sandbox.history.totals["requests"]

    def wait_until_quiet(self) -> None:
        """Return when what a process that is gone had sent is dealt with: it came first, so it is dealt with first."""
        with urllib.request.urlopen(f"{self.server.url}/_sandbox/clock") as answer:
            answer.read()

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.ahead += seconds
        self._is_later |= seconds >= DAY

    # The tool

    def run(self, *words: str, allow: tuple[int, ...] = (0,)) -> int:
        """Run one command line; raise unless its exit code is allowed. What it said is kept in `said`."""
        place = ["--config", str(self.config), "--workspace", str(self.workspace), "--no-progress"]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = int(run([*words, *place]))
        self.said = out.getvalue() + err.getvalue()
        if code not in allow:
            raise Ended(f"`{' '.join(words)}` ended with {code}:\n{self.said}")
        return code

    def prepare(self) -> None:
        """Export and plan."""
        self.run("export")
        self.run("plan")

    def apply(self, *more: str, allow: tuple[int, ...] = (0, 1)) -> int:
        """Run `apply` once.

        Nobody signs in here, so no log can speak for a policy: once its days are over, it goes on by name.
        """
        no_log = ("--skip-report-only", "a rehearsal") if self._is_later and "--skip-report-only" not in more else ()
        return self.run("apply", "--yes", "--max-users", "100%", *more, *no_log, allow=allow)

    def apply_to_the_end(self, *more: str) -> int:
        """Run `apply` until no step is left, letting the waits pass."""
        for _ in range(4):
            code = self.apply(*more)
            if "Waiting:" not in self.said:
                return code
            self.later(8 * DAY)
        raise Ended(f"still waiting after a month:\n{self.said}")

    # What the tool wrote

    def audit(self) -> list[dict[str, str]]:
        """Return the rows of the audit, after checking its chain."""
        self.run("audit", "export")
        self.run("audit", "verify")
        with (self.workspace / "audit.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def rollback_rows(self) -> dict[str, dict[str, str]]:
        """Return the rows of rollback.csv by object id."""
        with (self.workspace / "rollback.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        by_id = {row["ObjectId"]: row for row in rows}
        assert len(by_id) == len(rows), "a user stands in rollback.csv twice"
        return by_id

    def plan_rows(self) -> list[dict[str, str]]:
        """Return the rows of plan.csv."""
        with (self.workspace / "plan.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def planned(self) -> set[str]:
        """Return the ids of the users whom the plan switches off."""
        return {row["ObjectId"] for row in self.plan_rows() if row["Action"] == "disable"}


def audit_tells_the_truth(lab: Lab) -> None:
    """Assert that the audit fits the tenant: who is off was confirmed or recovered, and nobody else says so."""
    rows = lab.audit()
    # Who was found as asked was not changed by that run: what an earlier one did still stands.
    changes = [row for row in rows if not row["Reason"].startswith("nothing to do")]
    latest = {row["ObjectId"]: row for row in changes if row["Operation"] == "SetMfaState"}
    done = {
        user
        for user, row in latest.items()
        if row["Requested"] == "disabled" and row["Outcome"] in ("confirmed", "recovered")
    }
    assert done == lab.switched_off()
    for row in latest.values():
        assert row["Outcome"] != "intent", f"{row['UserPrincipalName']} was left in doubt"
    confirmed = [row for row in rows if row["Operation"] == "SetMfaState" and row["Outcome"] == "confirmed"]
    of_run = {(row["ObjectId"], row["PlanDigest"]) for row in confirmed}
    assert len(of_run) == len(confirmed), "somebody was counted twice"


@contextlib.contextmanager
def warped(clock: Time) -> Iterator[None]:
    """Let the commands of this process live in this time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace.SystemClock, "monotonic", lambda _: clock.monotonic())
        patch.setattr(pace.SystemClock, "sleep", lambda _, seconds: clock.sleep(seconds))
        patch.setattr(pace.SystemClock, "utc_now", lambda _: datetime.fromtimestamp(clock.now(), UTC))
        patch.setattr(door, "sleep", clock.sleep)
        patch.setattr(door, "steady_seconds", clock.monotonic)
        patch.setattr(door, "machine_time", clock.now)
        yield


@contextlib.contextmanager
def open_lab(
    folder: Path, *, mode: str = "adopt", users: int = 60, seed: int = 3, lean: bool = False, **settings: Any
) -> Iterator[Lab]:
    """Serve a company of this seed and warp time for as long as the context lasts.

    A lean one has the policy for everybody only: most of a run is reading what others name, over and over.
    """
    clock = Time()
    folder.mkdir(parents=True, exist_ok=True)
    lab = Lab(folder, clock, mode=mode, users=users, seed=seed, lean=lean, **settings)
    with lab.server, warped(clock):
        yield lab
