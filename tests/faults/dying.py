"""Processes that die. Also the script from which they are forked: it has everything loaded, so each death is cheap.

The script reads one JSON object a line and answers each with one. `words` is a command line; `die_at` and `when` name
a boundary (the n-th journal entry or write to Graph, `before` or `after` it); `die_near` and `later` name a moment (so
many seconds after the n-th request to Graph); with `one_write` only one write ever leaves, and it dies when that is
answered; `stop_at` names the n-th write of a policy, and it stops right before that. With `bound` even root is bound by
permissions, and no file may grow beyond `largest_file` bytes. `limits` say how old what a change rests on may be, and
with `paced` writes wait for their turn. `asleep` is a file of one double: so many seconds did the machine sleep, which
Linux's monotonic clock does not count. The first answer names the process, so that it can be killed or frozen from
outside; the second says how it ended.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import itertools
import json
import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


class Served(Protocol):
    """The tenant that the processes work on."""

    def wait_until_quiet(self) -> None:
        """Return when what reached the tenant before is dealt with."""


class Graveyard:
    """The script, as a test sees it."""

    def __init__(self, process: subprocess.Popen[str], said: Path) -> None:
        self._process = process
        self._said = said

    def run(
        self,
        served: Served,
        words: list[str],
        *,
        kill_when: Callable[[], bool] | None = None,
        meanwhile: Callable[[int], None] = lambda _: None,
        **how: Any,
    ) -> int:
        """Run a command line in a process of its own; return its exit code, or minus the signal that ended it.

        `kill_when` is asked over and over; when it says yes the process is killed from outside. `meanwhile` is called
        with the number of the process. What a dead process
        had sent is dealt with before this returns: the tenant does not change behind the back of the test.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"words": words, "said": str(self._said), **how}) + "\n")
        self._process.stdin.flush()
        child = int(json.loads(self._process.stdout.readline())["process"])
        if kill_when is not None:
            with suppress(ProcessLookupError):  # it may end by itself before
                while not kill_when():
                    time.sleep(0.001)
                    os.kill(child, 0)
                os.kill(child, signal.SIGKILL)
        meanwhile(child)
        status = int(json.loads(self._process.stdout.readline())["status"])
        served.wait_until_quiet()
        return status

    @property
    def said(self) -> str:
        """Return what the last process said."""
        return self._said.read_text(encoding="utf-8")


@contextmanager
def open_graveyard(folder: Path) -> Iterator[Graveyard]:
    """Start the script; end it with the context."""
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    try:
        yield Graveyard(process, folder / "said.txt")
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


def die_at_boundary(number: int, when: str) -> None:
    """Let this process kill itself before or after the n-th journal entry or write to Graph."""
    from migrate.graph.transport import Sender
    from migrate.store.journal import JournalDb

    numbers = itertools.count(1)

    def step(own: int, moment: str) -> None:
        # Several are under way at once: each keeps the number that it began with.
        if own == number and moment == when:
            os.kill(os.getpid(), signal.SIGKILL)

    append, open_run, send = JournalDb.append, JournalDb.open_run, Sender.send

    def dying_append(self: JournalDb, drafts: Any) -> Any:
        own = next(numbers)
        step(own, "before")
        entries = append(self, drafts)
        step(own, "after")
        return entries

    def dying_open_run(self: JournalDb, opening: Any, steps: Any) -> Any:
        own = next(numbers)
        step(own, "before")
        entry = open_run(self, opening, steps)
        step(own, "after")
        return entry

    async def dying_send(self: Sender, method: str, path: str, **more: Any) -> Any:
        own = next(numbers) if is_write(method, path, more) else 0
        step(own, "before")
        answer = await send(self, method, path, **more)
        step(own, "after")
        return answer

    JournalDb.append = dying_append  # type: ignore[method-assign]
    JournalDb.open_run = dying_open_run  # type: ignore[method-assign]
    Sender.send = dying_send  # type: ignore[method-assign]


def die_near_request(number: int, later: float) -> None:
    """Let this process kill itself so many seconds after its n-th request to Graph has begun, whatever it does then."""
    from migrate.graph.transport import Sender

    numbers, send = itertools.count(1), Sender.send

    def die() -> None:
        time.sleep(later)
        os.kill(os.getpid(), signal.SIGKILL)

    async def dying_send(self: Sender, method: str, path: str, **more: Any) -> Any:
        if next(numbers) == number:
            threading.Thread(target=die, daemon=True).start()
        return await send(self, method, path, **more)

    Sender.send = dying_send  # type: ignore[method-assign]


def die_after_the_only_write() -> None:
    """Let this process kill itself when its first write to Graph is answered, and send no other meanwhile.

    Several batches are under way at once, and which is ready first is not fixed: the others stay where they are.
    """
    from migrate.graph.transport import Sender

    numbers, send = itertools.count(1), Sender.send

    async def dying_send(self: Sender, method: str, path: str, **more: Any) -> Any:
        writes = is_write(method, path, more)
        if writes and next(numbers) > 1:
            await asyncio.Event().wait()
        answer = await send(self, method, path, **more)
        if writes:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    Sender.send = dying_send  # type: ignore[method-assign]


def stop_at_policy_write(number: int) -> None:
    """Let this process stop itself when its n-th write of a policy has had its turn and is about to be sent."""
    from migrate.graph.transport import Sender

    numbers, send = itertools.count(1), Sender.send

    async def stopping_send(self: Sender, method: str, path: str, **more: Any) -> Any:
        if method != "GET" and "/conditionalAccess/policies" in path and next(numbers) == number:
            os.kill(os.getpid(), signal.SIGSTOP)
        return await send(self, method, path, **more)

    Sender.send = stopping_send  # type: ignore[method-assign]


def is_write(method: str, path: str, more: dict[str, Any]) -> bool:
    """Tell whether a request changes something; a batch does when its first item does."""
    items = (more.get("body") or {}).get("requests", ()) if path.endswith("$batch") else ()
    return method != "GET" and (not items or items[0]["method"] != "GET")


def give_limits(limits: dict[str, float]) -> None:
    """Let what a change rests on grow old sooner, so that a test need not freeze a process for five minutes."""
    from functools import partial

    from migrate.commands import run
    from migrate.engine.age import Freshness

    run.RunParts = partial(run.RunParts, freshness=Freshness(**limits))  # type: ignore[misc, assignment]


def pace_writes() -> None:
    """Let batches wait in the pacer of the writes, and of nothing else: that is where they grow old."""
    from migrate.graph.pace import Bucket, Pacers

    init = Pacers.__init__

    def paced(self: Pacers, **more: Any) -> None:
        init(self, **more)
        self[Bucket.WRITES]._paced = True

    Pacers.__init__ = paced  # type: ignore[method-assign]


def sleep_with_the_machine(path: str) -> None:
    """Let the monotonic clock stand still for as long as the file says, as Linux's does while the machine sleeps.

    The other clocks went on (clock_gettime(2): CLOCK_BOOTTIME).
    """
    with Path(path).open("rb") as file:
        seconds = memoryview(mmap.mmap(file.fileno(), 8, prot=mmap.PROT_READ)).cast("d")
    awake = time.monotonic
    time.monotonic = lambda: awake() - seconds[0]


def be_bound_by_permissions() -> None:
    """Give up the capabilities of root for good, as capset(2) does; whoever is not root has none."""
    if os.geteuid() != 0:
        return
    version_3 = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(version_3, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _child(order: dict[str, Any], run: Callable[[list[str]], int]) -> None:
    handle = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    if "die_at" in order:
        die_at_boundary(order["die_at"], order["when"])
    if "die_near" in order:
        die_near_request(order["die_near"], order["later"])
    if order.get("one_write"):
        die_after_the_only_write()
    if "limits" in order:
        give_limits(order["limits"])
    if order.get("paced"):
        pace_writes()
    if "stop_at" in order:
        stop_at_policy_write(order["stop_at"])
    if "asleep" in order:
        sleep_with_the_machine(order["asleep"])
    if order.get("bound"):
        be_bound_by_permissions()
    if "largest_file" in order:
        import resource  # Windows has none

        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest_file"], resource.RLIM_INFINITY))
    code = 70
    try:
        code = int(run(order["words"]))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


LOADED_BEFORE = (
    "anyio._backends._asyncio",
    "certifi",
    "filelock",
    "h2.connection",
    "httpcore",
    "migrate.decide.planner",
    "migrate.engine.applier",
    "migrate.engine.wait_log",
    "migrate.exchange.documents",
    "migrate.graph.credentials",
    "migrate.graph.tenant",
    "migrate.views.apply",
    "msgraph.graph_request_adapter",
    "psutil",
    "pydantic",
)
"""What every process needs and none should spend its time on."""


def hurry() -> None:
    """Shorten the pauses between looks at the tenant: what is looked for is there at once, or never."""
    from migrate.commands import run
    from migrate.graph.pace import SystemClock

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.005))

    SystemClock.sleep = lambda _, seconds: sleep(seconds)  # type: ignore[method-assign]
    run.sleep = sleep


def main() -> None:
    """Fork one process for each line, and say how it ended."""
    from migrate.cli import run

    for name in LOADED_BEFORE:
        importlib.import_module(name)
    hurry()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _child(order, run)
        print(json.dumps({"process": child}), flush=True)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
