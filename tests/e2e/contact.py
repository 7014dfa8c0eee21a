"""A lab behind real sign-in: TLS, the sandbox's own sign-in service, permissions and roles enforced."""

from __future__ import annotations

import ssl
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from migrate.sandbox.company import company
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tls import made_on_the_fly
from tests.e2e.laboratory import Lab, Ran, run_here
from tests.unit.graph.scripted_browser import ScriptedBrowser

CLIENT = "44444444-0000-4000-8000-000000000001"


class BrowserOfThisMachine(webbrowser.BaseBrowser):
    """What `webbrowser` finds: a scripted one, so that a person signs in without one."""

    def __init__(self, scripted: ScriptedBrowser) -> None:
        super().__init__("scripted")
        self._scripted = scripted

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        return self._scripted(url)


@dataclass(kw_only=True)
class ContactLab(Lab):
    """A lab in which somebody has to sign in."""

    @property
    def sign_in(self) -> Any:
        """Return the sandbox's sign-in service."""
        return self.server.sandbox.sign_in

    def signs_in(self, method: str = "client-secret", *, top: str = "", **tables: str) -> None:
        """Write the configuration for a way to sign in."""
        lines = [f'method = "{method}"', f'authority = "{self.url}"', f'client_id = "{CLIENT}"']
        self.configure(sign_in="\n".join(lines), top=f'ca_bundle = "{self.server.ca_bundle}"\n{top}', **tables)

    def grant(self, permissions: Sequence[str]) -> None:
        """Let the application hold these permissions and no others."""
        self.sign_in.grants[CLIENT] = frozenset(permissions)

    def web(self) -> httpx.Client:
        """Return a client of the sandbox's control plane."""
        trusted = ssl.create_default_context(cafile=str(self.server.ca_bundle))
        return httpx.Client(base_url=self.url, verify=trusted, trust_env=False, timeout=240)

    def requests_seen(self) -> list[str]:
        """Return every request that reached Graph."""
        with self.web() as client:
            return [entry["path"] for entry in client.get("/_sandbox/requests").json()["value"]]

    def writes(self) -> list[str]:
        """Return every request that would have changed something, items of batches included."""
        with self.web() as client:
            asked = client.get("/_sandbox/requests").json()["value"]
        return [
            f"{entry['method']} {entry['path']}"
            for entry in asked
            if entry["method"] in ("PATCH", "DELETE", "PUT")
            or (entry["method"] == "POST" and not entry["path"].endswith(("$batch", "/token", "evaluate")))
        ]

    def elsewhere(self, name: str, *words: str) -> Ran:
        """Run a command with another working folder."""
        return run_here([*words, "--config", str(self.config), "--workspace", str(self.folder / name)])

    def as_person(self, user: str, *words: str) -> Ran:
        """Run a command as somebody who signs in with a browser."""
        assert self.server.ca_bundle is not None
        scripted = ScriptedBrowser(self.server.ca_bundle, user)
        webbrowser.register("scripted", None, BrowserOfThisMachine(scripted), preferred=True)
        try:
            return self.run(*words)
        finally:
            scripted.close()


@contextmanager
def contact_lab(folder: Path, users: int = 40, **settings: Any) -> Iterator[ContactLab]:
    """Serve a company over TLS with permissions enforced and yield a lab for it."""
    (folder / "tls").mkdir(parents=True)
    tenant = company(1, users)
    options = SandboxSettings(throttle=False, enforce_permissions=True, **settings)
    with SandboxServer(tenant, settings=options, tls=made_on_the_fly(folder / "tls")) as server:
        lab = ContactLab(server=server, folder=folder, tenant=tenant)
        lab.signs_in()
        yield lab
