"""A browser that does what a person would: it opens the address of the sign-in and sends the answer back."""

from __future__ import annotations

import html
import re
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path

import httpx


@dataclass
class ScriptedBrowser:
    """Opens addresses of a sandbox; the user signs in on the page at once."""

    ca_bundle: Path
    user: str | None = None
    deny: bool = False
    opened: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __call__(self, url: str) -> bool:
        """Open an address; like any browser it works beside the program that called it."""
        self.opened.append(url)
        thread = threading.Thread(target=self._visit, args=(url,), daemon=True)
        self._threads.append(thread)
        thread.start()
        return True

    def _visit(self, url: str) -> None:
        asked = httpx.URL(url)
        if self.user:
            asked = asked.copy_merge_params({"user": self.user})
        if self.deny:
            asked = asked.copy_merge_params({"deny": "1"})
        trusted = ssl.create_default_context(cafile=str(self.ca_bundle))
        with httpx.Client(verify=trusted, trust_env=False, timeout=240) as client:
            page = client.get(asked)
            self.pages.append(page.text)
            form = re.search(r'<form method="post" action="([^"]+)"', page.text)
            if form is None:
                return  # an error on the page: the person closes it, and the program hears nothing
            fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
            sent = {name: html.unescape(value) for name, value in fields.items()}
            client.post(html.unescape(form[1]), data=sent)

    def close(self) -> None:
        """Wait for what is still being visited."""
        for thread in self._threads:
            thread.join(60)
