"""A lab for whole commands: a sandbox, a working folder, and the real command line, in this process or apart.

The command line is run as a person runs it. Nothing of the tool is replaced.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrate.cli import run
from migrate.sandbox.lab import lab_config
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant import Tenant

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Return the one JSON document on stdout; fail when it is none, or more than one."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return the NDJSON events on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def said(self) -> str:
        """Return everything that was printed, for searching."""
        return self.out + self.err


def run_here(words: Sequence[str]) -> Ran:
    """Run a command line in this process, with stdout and stderr of its own."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        code = int(run(list(words)))
    finally:
        sys.stdout, sys.stderr = before
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return Ran(code=code, out=texts[0], err=texts[1])


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a process of its own: this one's, and where the package lies."""
    # A parent that measures coverage would make the child measure it too, and change what it imports.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **more}


def run_apart(words: Sequence[str], *, cwd: Path, stdin: int = subprocess.DEVNULL, **more: str) -> Ran:
    """Run a command line as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "migrate", *words],
        cwd=cwd,
        env=environment(**more),
        stdin=stdin,
        capture_output=True,
        timeout=240,
        check=False,
    )
    return Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


def ask(url: str, method: str = "GET", body: object = None) -> Any:
    """Send a plain HTTP request to a sandbox, as no part of the tool would, and return the decoded answer."""
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Bearer a-test", "Content-Type": "application/json", "ConsistencyLevel": "eventual"},
    )
    with urllib.request.urlopen(request, timeout=240) as answer:
        read = answer.read()
    return json.loads(read) if read else None


def in_batches(url: str, paths: Sequence[str], version: str = "beta") -> list[Any]:
    """GET many paths through $batch of 20 and return the bodies in the order asked."""
    bodies: dict[str, Any] = {}
    for start in range(0, len(paths), 20):
        chunk = paths[start : start + 20]
        requests = [{"id": path, "method": "GET", "url": path} for path in chunk]
        answer = ask(f"{url}/{version}/$batch", "POST", {"requests": requests})
        for item in answer["responses"]:
            assert item["status"] == 200, item
            bodies[item["id"]] = item["body"]
    return [bodies[path] for path in paths]


def states_of(url: str) -> dict[str, str]:
    """Read every user's per-user MFA state directly from a sandbox, by user id."""
    ids = [user["id"] for user in all_users(url)]
    bodies = in_batches(url, [f"/users/{user_id}/authentication/requirements" for user_id in ids])
    return {user_id: body["perUserMfaState"] for user_id, body in zip(ids, bodies, strict=True)}


def all_users(url: str) -> list[dict[str, Any]]:
    """Read every user directly from a sandbox."""
    page = ask(f"{url}/v1.0/users?$select=id,userPrincipalName&$top=999")
    users: list[dict[str, Any]] = page["value"]
    while following := page.get("@odata.nextLink"):
        page = ask(following)
        users += page["value"]
    return users


def csv_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(kw_only=True)
class Lab:
    """A sandbox in this process with a working folder and a configuration for it."""

    server: SandboxServer
    folder: Path
    tenant: Tenant
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Return the sandbox's address."""
        return self.server.url

    @property
    def workspace(self) -> Path:
        """Return the working folder."""
        return self.folder / "work"

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.folder / "lab.toml"

    def configure(self, more: str = "", **changes: str) -> None:
        """Write the configuration: TOML lines for a table by its name, `top` for none, `more` at the end.

        What is not given is as `sandbox --write-config` writes it.
        """
        facts = lab_config(self.tenant)
        names = json.dumps([account["user_principal_name"] for account in facts["emergency_access"]])
        tables = {
            "emergency_access": f"accounts = {names}",
            "policy": 'mode = "adopt"',
            "waves": f"canary = {json.dumps(facts['canaries'])}",
            "limits": 'readback_timeout = "2s"',
            **{name: lines for name, lines in changes.items() if name != "top"},
        }
        top = changes.get("top", "")
        lines = [f'tenant = "{self.tenant.id}"', f'endpoint = "{self.url}"', "pacing = false", top]
        lines += [f"\n[{name}]\n{body}" for name, body in tables.items() if body]
        self.config.write_text("\n".join([*lines, more]) + "\n", encoding="utf-8")

    def words(self, *words: str) -> list[str]:
        """Return a command line that uses this lab."""
        return [*words, "--config", str(self.config), "--workspace", str(self.workspace)]

    def run(self, *words: str) -> Ran:
        """Run a command in this process."""
        return run_here(self.words(*words))

    def go(self, *words: str, code: int = 0) -> Ran:
        """Run a command in this process and insist on its exit code."""
        ran = self.run(*words)
        assert ran.code == code, f"{' '.join(words)} ended with {ran.code}\n{ran.said}"
        return ran

    def plan_header(self) -> dict[str, Any]:
        """Return plan.json."""
        header: dict[str, Any] = json.loads((self.workspace / "plan.json").read_text(encoding="utf-8"))
        return header

    def plan_rows(self) -> dict[str, dict[str, str]]:
        """Return the rows of plan.csv by user principal name."""
        return {row["UserPrincipalName"]: row for row in csv_of(self.workspace / "plan.csv")}

    def id_of(self, name: str) -> str:
        """Return the id of a member of the cast, by the part of the address before the @."""
        place = self.tenant.people.find(f"{name}@{self.tenant.domain}")
        assert place is not None, f"nobody is called {name}"
        return self.tenant.people.user_id(place)

    def name_of(self, name: str) -> str:
        """Return the user principal name of a member of the cast."""
        return f"{name}@{self.tenant.domain}"

    def state_of(self, name: str) -> str:
        """Return the per-user MFA state of a member of the cast, from the sandbox's own memory."""
        place = self.tenant.people.find(f"{name}@{self.tenant.domain}")
        assert place is not None
        return self.tenant.people.mfa_state(place)

    def set_state(self, name: str, state: str) -> None:
        """Change a member of the cast as an administrator would, by PATCH."""
        path = f"{self.url}/beta/users/{self.id_of(name)}/authentication/requirements"
        ask(path, "PATCH", {"perUserMfaState": state})

    def states(self) -> dict[str, str]:
        """Return every state by user principal name, from the sandbox's own memory."""
        people = self.tenant.people
        return {str(people.user(place)["userPrincipalName"]): people.mfa_state(place) for place in range(len(people))}

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock."""
        ask(f"{self.url}/_sandbox/clock", "POST", {"advance": seconds})

    def when_batched(self, method: str, number: int, act: Callable[[], object]) -> None:
        """Do something when the n-th batch that begins with this method has come, before it is answered."""
        answer, numbers = self.server.sandbox.answer, itertools.count(1)

        def acting(call: Any) -> Any:
            first = json.loads(call.body)["requests"][0]["method"] if call.path.endswith("$batch") else ""
            if first == method and next(numbers) == number:
                act()
            return answer(call)

        self.server.sandbox.answer = acting  # type: ignore[method-assign]

    def requests(self) -> list[dict[str, Any]]:
        """Return what was asked of the sandbox and forget it."""
        calls: list[dict[str, Any]] = ask(f"{self.url}/_sandbox/requests")["value"]
        ask(f"{self.url}/_sandbox/requests", "DELETE")
        return calls


@contextmanager
def lab_in(folder: Path, tenant: Tenant, **settings: Any) -> Iterator[Lab]:
    """Serve a tenant and yield a lab for it."""
    folder.mkdir(parents=True, exist_ok=True)
    with SandboxServer(tenant, settings=SandboxSettings(throttle=False, **settings)) as server:
        lab = Lab(server=server, folder=folder, tenant=tenant)
        lab.configure()
        yield lab
