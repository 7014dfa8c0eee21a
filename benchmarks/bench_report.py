"""Measure the report: its size, how it is made, and how it opens, filters and sorts in Chromium.

    python benchmarks/bench_report.py [USERS ...]

300, 5,000 and 50,000 users unless others are given; 1,000,000 takes some minutes. A folder for each is made from the
export of an invented company, its people repeated under other names. Where Chromium or playwright is absent only the
making is measured.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from migrate.commands.sandbox import write_lab_config
from migrate.model.replies import StateReading
from migrate.model.users import AnyUser, UserRecord
from migrate.sandbox.company import company
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.store.folder import Workspace
from migrate.store.snapshot import SnapshotWriter, open_snapshot

SIZES = (300, 5_000, 50_000)
SEED = 300
TIMES = 5
NAMES = uuid.UUID("6f1d2a54-8f6c-4c6e-9a7d-2f3f6c1f9b10")
"""From which the ids of the repeated people are made."""


class Made(NamedTuple):
    """What making a report cost."""

    size: int
    seconds: float
    """Processor seconds of the whole command."""
    show_seconds: float
    """The same of `show -o json` on the same folder."""
    show_all_seconds: float
    """The same of `show --all -o json`, which writes every row."""
    memory: float
    """MiB at most."""


class Opened(NamedTuple):
    """What opening it cost: medians, milliseconds unless it says otherwise."""

    first_paint: float
    ready: float
    filter: float
    sort: float
    load_cpu: float
    """Seconds."""


def repeated(people: list[AnyUser], users: int) -> Iterator[AnyUser]:
    """Yield so many users: the people themselves, and then the same under other names."""
    for number in range(users):
        person, turn = people[number % len(people)], number // len(people)
        profile = person.profile
        if turn:
            before, _, behind = profile.user_principal_name.rpartition("@")
            object_id = str(uuid.uuid5(NAMES, f"{profile.id}/{turn}"))
            name = f"{before}.{turn}@{behind}"
            profile = msgspec.structs.replace(profile, id=object_id, user_principal_name=name)
        yield msgspec.structs.replace(person, profile=profile)


def fill(workspace: Workspace, users: int) -> None:
    """Replace the snapshot of a folder by one with so many users."""
    with open_snapshot(workspace) as snapshot:
        header, evidence, people = snapshot.header, snapshot.evidence(), list(snapshot.users())
    with SnapshotWriter(workspace) as writer:
        writer.add_users(person.profile for person in repeated(people, users))
        writer.add_readings(
            StateReading(
                user_id=person.profile.id,
                mfa_state=person.mfa_state,
                problem=None,
                request_id="",
                status=200,
                server_date="",
            )
            for person in repeated(people, users)
            if isinstance(person, UserRecord)
        )
        writer.add_registrations(
            (person.profile.id, person.registration)
            for person in repeated(people, users)
            if person.registration is not None
        )
        writer.set_evidence(evidence)
        writer.finish(
            taken_at=header.taken_at,
            tool_version=header.tool_version,
            cloud=header.cloud,
            endpoint=header.endpoint,
            organization=header.organization,
            skus=header.skus,
            actor=header.actor,
            states_read_by=header.states_read_by,
            keep_previous=False,
        )


def folder_with(users: int, place: Path) -> list[str]:
    """Make a planned folder and return the options that name it."""
    tenant = company(1, SEED)
    config, workspace = place / "lab.toml", place / "work"
    where = ["--config", str(config), "--workspace", str(workspace)]
    with SandboxServer(tenant, settings=SandboxSettings(throttle=False)) as server:
        write_lab_config(config, tenant, server.url, pacing=False)
        silent(["export", *where])
    if users > SEED:
        fill(Workspace(workspace), users)
    silent(["plan", *where])
    return where


def silent(words: list[str]) -> tuple[float, float]:
    """Run a command line as a process of its own; return its processor seconds and its peak memory in MiB."""
    command = [sys.executable, "-m", "migrate", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{words[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def made(where: list[str], report: Path) -> Made:
    """Write the report and measure it."""
    seconds, memory = silent(["report", *where, "--to", str(report)])
    show_seconds, _ = silent(["show", "-o", "json", *where])
    show_all_seconds, _ = silent(["show", "--all", "-o", "json", *where])
    return Made(report.stat().st_size, seconds, show_seconds, show_all_seconds, memory)


def opened(browser: Any, report: Path) -> Opened:
    """Open it several times and measure."""
    found = [once(browser, report) for _ in range(TIMES)]
    return Opened(*(statistics.median(values) for values in zip(*found, strict=True)))


PAINTED = """(act) => new Promise((done) => {
  const began = performance.now();
  act === 'filter'
    ? (document.querySelector('#people-search').value = 'keller',
       document.querySelector('#people-search').dispatchEvent(new Event('input')))
    : document.querySelector('[data-sort=outcome]').click();
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""


FIRST_PAINT = """() => new Promise((done) => {
  new PerformanceObserver((list) => {
    const [first] = list.getEntriesByName('first-contentful-paint');
    if (first) done(first.startTime);
  }).observe({type: 'paint', buffered: true});
})"""
"""An observer, because the page's policy forbids the eval with which playwright waits for a function."""


def once(browser: Any, report: Path) -> tuple[float, ...]:
    """Open the report in a window of its own and look at its clocks."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, offline=True)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    page.goto(report.as_uri(), wait_until="load")
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    paint = page.evaluate(FIRST_PAINT)
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    filtered, sorted_ = page.evaluate(PAINTED, "filter"), page.evaluate(PAINTED, "sort")
    context.close()
    return paint, ready, filtered, sorted_, metrics["TaskDuration"]


def main() -> None:
    """Print a row of the table for each size."""
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    head = (
        "size",
        "first paint",
        "ready",
        "filter",
        "sort",
        "load, CPU",
        "made in, CPU",
        "`show -o json`",
        "times",
        "`show --all -o json`",
        "times",
        "memory",
    )
    print(f"| users | {' | '.join(head)} |")
    print("|---" * 13 + "|")
    for users in sizes:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.html"
            where = folder_with(users, Path(folder))
            cost = made(where, report)
            print(row(users, cost, in_chromium(report)), flush=True)


def in_chromium(report: Path) -> Opened | None:
    """Return how the report opens; None where there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if chromium is None:
        return None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        try:
            return opened(browser, report)
        finally:
            browser.close()


def row(users: int, cost: Made, seen: Opened | None) -> str:
    """Return a row of the table."""
    size = f"{cost.size / 1000:,.0f} KB"
    opening = ["-"] * 5
    if seen is not None:
        times = (seen.first_paint, seen.ready, seen.filter, seen.sort)
        opening = [*(f"{value:.0f} ms" for value in times), f"{seen.load_cpu:.2f} s"]
    making = [f"{cost.seconds:.1f} s"]
    for shown in (cost.show_seconds, cost.show_all_seconds):
        making += [f"{shown:.1f} s", f"{cost.seconds / shown:.1f}"]
    making.append(f"{cost.memory:.0f} MiB")
    return "| " + " | ".join([f"{users:,}", size, *opening, *making]) + " |"


if __name__ == "__main__":
    main()
