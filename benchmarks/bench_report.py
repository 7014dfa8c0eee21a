"""Measure the report: its size, how it is made, and how it opens, filters and sorts in Chromium.

    python benchmarks/bench_report.py [USERS ...] [PAGE.html ...]

300, 5,000 and 50,000 users unless others are given; 1,000,000 takes some minutes. A folder for each is made from the
export of an invented company, its people repeated under other names. Where Chromium or playwright is absent only the
making is measured.

A second table holds a page as its reader meets it: axe, what it asks for from outside, a telephone, paper. Saved
reports of other tools that are given are measured in it as ours are; of those that are not, earlier figures are quoted.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
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
TIMES, TURNS, MANY = 5, 5, 500_000
"""How often a page is opened, and a command run; from so many users on once."""
LOOKS = ((1200, "light"), (1200, "dark"), (400, "light"))
"""Widths in pixels and colours in which a page is looked at."""
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


class Met(NamedTuple):
    """How whoever is shown a page meets it."""

    page: str
    size: str
    first_paint: str
    load_cpu: str
    axe: str
    """Kinds of findings, and in brackets the places; light, dark and 400 px wide together."""
    outside: str
    """What it asks for besides itself."""
    phone: str
    """Whether it fits 400 px, or by how much it does not."""
    paper: str
    """A4 pages."""


QUOTED = (
    Met("Zero Trust Assessment", "3.3 MB", "464 ms", "1.14 s", "6 (60)", "its icon", "+1 px", "6"),
    Met("Maester", "2.7 MB", "552 ms", "0.80 s", "8 (18)", "its icon", "fits", "1, cut off"),
    Met("M365-Assess", "1.4 MB", "336 ms", "0.37 s", "4 (770)", "nothing", "+155 px", "39"),
    Met("IAMAI", "62 KB", "116 ms", "0.06 s", "0", "nothing", "fits", "8"),
    Met("ScubaGear AAD", "116 KB", "132 ms", "0.10 s", "4 (84)", "two files beside it", "+708 px", "6"),
)
"""Samples that the others publish, measured in the same way on 2026-11-28; the samples are not ours to hand on."""


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
    # An installed program is compiled once; compiling it anew each time would drown what is measured.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{words[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def made(where: list[str], report: Path, turns: int) -> Made:
    """Write the report and measure it: the least of some turns, one command after the other in each."""
    commands = (["report", "--to", str(report)], ["show", "-o", "json"], ["show", "--all", "-o", "json"])
    found = [[silent([*command, *where]) for command in commands] for _ in range(turns)]
    seconds, show_seconds, show_all_seconds = (min(cpu for cpu, _ in each) for each in zip(*found, strict=True))
    memory = max(turn[0][1] for turn in found)
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
    """Open the report in a window of its own, look at its clocks, and use its table."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, offline=True)
    page, (paint, ready, cpu) = loaded(context, report)
    filtered, sorted_ = page.evaluate(PAINTED, "filter"), page.evaluate(PAINTED, "sort")
    context.close()
    return paint, ready, filtered, sorted_, cpu


def loaded(context: Any, report: Path) -> tuple[Any, tuple[float, float, float]]:
    """Open a page; return it with its first paint and its readiness in milliseconds and the processor seconds."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    page.goto(report.as_uri(), wait_until="load")
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    paint = page.evaluate(FIRST_PAINT)
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return page, (paint, ready, metrics["TaskDuration"])


def met(browser: Any, name: str, page: Path) -> Met:
    """Open a page as its reader would, with the network cut, and look."""
    from axe_playwright_python.sync_playwright import Axe

    asked: set[str] = set()
    kinds: dict[str, set[str]] = {}
    clocks, over, printed = [], 0, b""
    for width, scheme in LOOKS:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, color_scheme=scheme, reduced_motion="reduce"
        )
        context.on("request", lambda request: asked.add(request.url))
        tab, clock = loaded(context, page)
        clocks.append(clock)
        for kind in Axe().run(tab).response["violations"]:
            kinds.setdefault(kind["id"], set()).update(str(node["target"]) for node in kind["nodes"])
        over = max(over, tab.evaluate("document.documentElement.scrollWidth") - width)
        printed = tab.pdf(format="A4", prefer_css_page_size=True)
        context.close()
    paint, _, cpu = (statistics.median(values) for values in zip(*clocks, strict=True))
    outside = sorted(url for url in asked - {page.as_uri()} if not url.startswith("data:"))
    return Met(
        page=name,
        size=f"{page.stat().st_size / 1000:,.0f} KB",
        first_paint=f"{paint:.0f} ms",
        load_cpu=f"{cpu:.2f} s",
        axe=f"{len(kinds)} ({sum(map(len, kinds.values()))})" if kinds else "0",
        outside=", ".join(outside) or "nothing",
        phone="fits" if over <= 0 else f"+{over} px",
        paper=str(len(re.findall(rb"/Type\s*/Page\b(?!s)", printed))),
    )


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a browser; None where there is no Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found = None
    if found is None:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


def main() -> None:
    """Print a row of the table for each size, and then how pages are met."""
    given = [Path(word) for word in sys.argv[1:] if not word.isdigit()]
    sizes = [int(word) for word in sys.argv[1:] if word.isdigit()] or list(SIZES)
    if missing := [str(page) for page in given if not page.is_file()]:
        raise SystemExit(f"There is no page at {', '.join(missing)}.")
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
    print(f"| users | {' | '.join(head)} |\n{'|---' * 13}|")
    pages = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for users in sizes:
            place = Path(folder) / str(users)
            place.mkdir()
            report = place / "report.html"
            # A process of its own, because a command counts as its peak memory what the one had that started it.
            with ProcessPoolExecutor(1, get_context("spawn")) as apart:
                where = apart.submit(folder_with, users, place).result()
            cost = made(where, report, TURNS if users < MANY else 1)
            print(row(users, cost, opened(browser, report) if browser else None), flush=True)
            pages.append((f"ours, {users:,} people", report))
        if browser:
            print_met([met(browser, name, page) for name, page in (*((page.stem, page) for page in given), *pages)])


def print_met(found: list[Met]) -> None:
    """Print how pages are met, after what is quoted of those that were not given."""
    head = ("first paint", "load, CPU", "axe: kinds (places)", "asks for", "400 px", "A4 pages")
    print(f"\n| page | size | {' | '.join(head)} |\n{'|---' * 8}|")
    for one in (*(one._replace(page=f"{one.page} (quoted)") for one in QUOTED), *found):
        print("| " + " | ".join(one) + " |")


def row(users: int, cost: Made, seen: Opened | None) -> str:
    """Return a row of the table."""
    size = f"{cost.size / 1000:,.0f} KB"
    opening = ["-"] * 5
    if seen is not None:
        times = (seen.first_paint, seen.ready, seen.filter, seen.sort)
        opening = [*(f"{value:.0f} ms" for value in times), f"{seen.load_cpu:.2f} s"]
    making = [f"{cost.seconds:.2f} s"]
    for shown in (cost.show_seconds, cost.show_all_seconds):
        making += [f"{shown:.2f} s", f"{cost.seconds / shown:.1f}"]
    making.append(f"{cost.memory:.0f} MiB")
    return "| " + " | ".join([f"{users:,}", size, *opening, *making]) + " |"


if __name__ == "__main__":
    main()
