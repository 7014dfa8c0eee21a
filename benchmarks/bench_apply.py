"""Show what a whole `apply` makes of Graph's limits: real engine, client and journal, on virtual time.

The sandbox's service answers in process, with its own throttling; only the wire and the time are made up, so hours of
a run take the seconds of its computing. Run as `python benchmarks/bench_apply.py [--accounts N]`: about three accounts
in four are switched off, so 132,000 accounts make a run of 100,000 users.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the runs are those of the tests

from migrate.model.journal import Draft, Operation, Outcome, TargetType
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from tests.unit.engine.whole_run import BUCKETS, Figures, whole_run

ACCOUNTS = 20_000
SETTINGS: dict[str, dict[str, Any]] = {
    "documented limits, throttled calls are free": {"throttled_calls_burn_budget": False},
    "documented limits, throttled calls count": {},
    "documented limits, an answer takes a second": {"latency": 1.0},
    "reading all evidence takes 150 seconds": {"evidence_takes": 150.0},
    "really half as many writes": {"write_rate_scale": 0.5},
    "really half as many reads": {"unit_rate_scale": 0.5},
}


def applied(accounts: int, **settings: Any) -> Figures:
    """Run once in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return whole_run(Path(folder) / "work", accounts, **settings)


def append_rate(group: int, entries: int = 4_000) -> float:
    """Return how many journal entries a second are on disk when so many share a commit."""
    drafts = [
        Draft(
            operation=Operation.SET_MFA_STATE,
            target_type=TargetType.USER,
            outcome=Outcome.INTENT,
            object_id=f"00000000-0000-4000-8000-{number:012x}",
            user_principal_name=f"user{number}@contoso.example",
            before="enforced",
            requested="disabled",
            wave=1,
        )
        for number in range(entries)
    ]
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "work")
        workspace.ensure()
        with (
            workspace.lock("benchmark"),
            JournalDb.open(workspace, actor="operator", tenant_id="t", clock=lambda: datetime.now(UTC)) as journal,
        ):
            journal.for_run("cd" * 32)
            began = time.perf_counter()
            for start in range(0, entries, group):
                journal.append(drafts[start : start + group])
            return entries / (time.perf_counter() - began)


def main(accounts: int) -> None:
    print(
        "Of each bucket's limit over the whole run: the share used, and the share of its requests that came back 429\n"
    )
    print(f"{'':45}{'users':>9}{'hours':>7}" + "".join(f"{bucket:>20}" for bucket in BUCKETS))
    for name, settings in SETTINGS.items():
        run = applied(accounts, **settings)
        shares = "".join(f"{run.used(bucket):>12.1%}{run.wasted(bucket):>8.2%}" for bucket in BUCKETS)
        print(f"{name:45}{run.users:>9,}{run.seconds / 3600:>7.2f}{shares}")
        if not settings:
            plain = run
    journal = plain.journal
    print(f"\nEngine and client: {plain.cpu / plain.users * 1e6:,.0f} µs CPU a user, of which the journal")
    print(f"  {journal.cpu / plain.cpu:.0%}: {journal.entries_written:,} entries in {journal.commits:,} commits,")
    print(f"  {journal.entries_written / journal.seconds:,.0f} entries a second of appending")
    ratios = [append_rate(20) / append_rate(1) for _ in range(3)]
    print(f"  20 entries a commit / one a commit: {statistics.median(ratios):.1f} times as many a second")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    main(parser.parse_args().accounts)
