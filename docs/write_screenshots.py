"""Open a report in Chromium and write its pictures into docs/ (`make screenshots`): light, dark, phone and print."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from migrate.cli import run
from migrate.commands.sandbox import write_lab_config
from migrate.sandbox.company import company
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings

FOLDER = Path(__file__).parent
SHOTS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1100, "height": 1150}},
    "dark": {"viewport": {"width": 1100, "height": 1150}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 400, "height": 1150}},
    "print": {"viewport": {"width": 794, "height": 1123}},
}
"""By the end of the picture's name. Paper is A4 at 96 dots an inch."""


def main() -> None:
    """Make a report of a run that is half way, and its pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("There is no Chromium on PATH; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        report = report_in(Path(folder))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            for name, options in SHOTS.items():
                page = browser.new_context(offline=True, **options).new_page()
                page.goto(report.as_uri())
                if name == "print":
                    page.emulate_media(media="print")
                page.screenshot(path=FOLDER / f"report-{name}.png")
            browser.close()


def report_in(folder: Path) -> Path:
    """Return a report of an invented company whose first two waves are through and verified."""
    tenant = company(1, 300)
    config, workspace = folder / "lab.toml", folder / "work"
    with SandboxServer(tenant, settings=SandboxSettings(throttle=False)) as server:
        write_lab_config(config, tenant, server.url, pacing=False)
        for words in (
            ("export",),
            ("plan",),
            ("apply", "--until", "wave:2", "--yes", "--max-users", "100%"),
            ("verify",),
            ("report",),
        ):
            code = run([*words, "--config", str(config), "--workspace", str(workspace), "--quiet"])
            if code:
                sys.exit(f"mfa-migrate {' '.join(words)} ended with {code}")
    return workspace / "report.html"


if __name__ == "__main__":
    main()
