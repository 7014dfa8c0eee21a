"""The browser of this machine: whether one can open, and a way to it that always shows the address as well."""

from __future__ import annotations

import os
import platform
import sys
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path

Browse = Callable[[str], bool]
"""Opens an address; False where nothing could be opened."""

_IN_THE_TERMINAL = frozenset({"lynx", "links", "elinks", "w3m", "www-browser"})

REMOTE_HINT = (
    "No browser can open here. From the machine that has one: `ssh -L 8400:localhost:8400 HOST`, with the port that "
    "the address names, and open it there."
)


def can_open(system: str, release: str, environ: Mapping[str, str]) -> bool:
    """Tell whether a browser with a window can open: not every `webbrowser` is one, and lynx would take the terminal.

    Args:
        system: `sys.platform`.
        release: The kernel's release; under WSL it names Microsoft, and Windows has the browser.
        environ: The environment.
    """
    if system in ("win32", "darwin"):
        return True
    named = environ.get("BROWSER", "").split(os.pathsep)[0].split()
    if named and Path(named[0]).name not in _IN_THE_TERMINAL:  # an editor far away names one that opens at home
        return True
    return "microsoft" in release.lower() or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def browser_can_open() -> bool:
    """Tell the same of this machine."""
    return can_open(sys.platform, platform.uname().release, os.environ)


class ShownBrowser(webbrowser.BaseBrowser):
    """Shows each address to the person, then opens it where that is possible."""

    def __init__(self, prompt: Callable[[str], None], browse: Browse | None) -> None:
        super().__init__("mfa-migrate")
        self._prompt = prompt
        self.browse = browse

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002 - the names of the library
        """Show the address; False leaves it to azure-identity to try Windows' own way from WSL."""
        self._prompt(f"To sign in, open {url}")
        if self.browse is not None:
            return self.browse(url)
        self._prompt(REMOTE_HINT)
        return True


def show_addresses(prompt: Callable[[str], None], browse: Browse | None = None) -> None:
    """Let azure-identity's own browser sign-in go through `prompt`; it finds its browser by `webbrowser`.

    `browse` takes the place of the system's browser.
    """
    if browse is None and browser_can_open():
        browse = _system_browser()
    webbrowser.register("mfa-migrate", None, ShownBrowser(prompt, browse), preferred=True)


def _system_browser() -> Browse:
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return lambda _: "microsoft" not in platform.uname().release.lower()
    if isinstance(found, ShownBrowser) and found.browse is not None:
        return found.browse
    return found.open
