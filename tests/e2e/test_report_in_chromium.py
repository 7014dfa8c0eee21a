"""The report in a real browser: what it says and asks for; with a keyboard, on a phone, on paper, without script.

Debian's Chromium is driven by playwright; where one of them is absent these tests skip and say so.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from migrate.sandbox.company import company
from tests.e2e.laboratory import Lab, lab_in

HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\u2028 {{ 7 * 7 }}"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DESK, PHONE, SMALLEST = (1200, 900), (400, 800), (320, 640)
MOST_PAGES = 8

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH; on Debian: apt-get install chromium"),
    # The driver's event loop outlives a test that ends it in an exception; what is ours is closed in each test.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report of a run that is half way, with names that wish the reader ill."""
    with lab_in(tmp_path_factory.mktemp("chromium"), company(1, 120)) as lab:
        _with_hostile_names(lab)
        lab.go("export")
        lab.go("plan")
        lab.go("apply", "--until", "wave:2", "--yes", "--max-users", "100%")
        lab.go("verify")
        lab.go("report")
        return lab.workspace / "report.html"


def _with_hostile_names(lab: Lab) -> None:
    enabled = next(policy for policy in lab.tenant.policies.values() if policy["state"] == "enabled")
    enabled["displayName"] = HOSTILE
    reason = HOSTILE.replace("\u202e\u2028", "")
    lab.configure(
        more=f'[[exclude]]\nuser = "alma.berg@contoso.example"\nreason = "{reason}"\nexpires = 2099-01-01\n',
    )


@pytest.fixture(scope="module")
def chromium(report: Path) -> Iterator[Any]:  # the driver runs an event loop, so commands go before it
    """Return a browser."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


Opened = Callable[..., Any]


@pytest.fixture
def opened(report: Path, chromium: Any) -> Iterator[Opened]:
    """Return a function that opens the report with the network cut; at the end nothing may have gone wrong."""
    wrong: list[str] = []

    @contextmanager
    def page(size: tuple[int, int] = DESK, **options: Any) -> Iterator[Any]:
        viewport = {"width": size[0], "height": size[1]}
        context = chromium.new_context(viewport=viewport, offline=True, reduced_motion="reduce", **options)
        try:
            tab = context.new_page()
            tab.on("console", lambda message: wrong.append(f"console: {message.text}"))
            tab.on("pageerror", lambda error: wrong.append(f"error: {error}"))
            tab.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
            tab.on("request", lambda asked: wrong.append(asked.url) if asked.url != report.as_uri() else None)
            tab.add_init_script(
                "addEventListener('securitypolicyviolation', (e) => console.error(e.violatedDirective))"
            )
            tab.goto(report.as_uri())
            yield tab
        finally:
            context.close()

    yield page
    assert wrong == []


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light")], ids=["light", "dark", "phone"]
)
def test_nobody_is_kept_out_and_nothing_is_asked_for(opened: Opened, size: tuple[int, int], scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    with opened(size, color_scheme=scheme) as tab:
        found = axe.run(tab).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        policy = tab.locator("meta[http-equiv]").get_attribute("content")
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("size", [DESK, PHONE, SMALLEST], ids=str)
def test_nobody_has_to_scroll_sideways(opened: Opened, size: tuple[int, int]) -> None:
    with opened(size) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_a_keyboard_reaches_everything_in_order(opened: Opened) -> None:
    with opened() as tab:
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.className") == "skip"
        seen = []
        for _ in range(60):
            tab.keyboard.press("Tab")
            seen.append(tab.evaluate("document.activeElement.id"))
            outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", tab.evaluate("document.activeElement.outerHTML")
            if seen[-1] == "people-search":
                break
        assert seen[-1] == "people-search"
        tab.keyboard.type("alma")
        assert tab.locator("#people-rows tr").count() == 1
        tab.locator("[data-sort=outcome]").focus()
        tab.keyboard.press("Enter")
        assert tab.locator("th[aria-sort=ascending]").inner_text().strip().startswith("Outcome")


def test_a_number_empties_search_and_lists_before_it_filters(opened: Opened) -> None:
    with opened() as tab:
        tab.fill("#people-search", "nobody is called so")
        tab.select_option("select[data-column=outcome]", "held")
        assert tab.locator("#people-rows tr").count() == 0
        for name in ("done", "toCome", "held", "failed"):
            link = tab.locator(f"a[data-filter='outcome={name}']").first
            number = int(link.locator("b").inner_text().replace(",", ""))
            link.click()
            assert tab.locator("#people-search").input_value() == ""
            assert re.search(r"of ([\d,]+)$", tab.locator("#people-status").inner_text())[1] == f"{number:,}"  # type: ignore[index]


def test_pages_hold_fifty_rows_and_ten_on_a_phone(opened: Opened) -> None:
    with opened() as tab:
        assert tab.locator("#people-rows tr").count() == 50
        first = tab.locator("#people-rows th").first.inner_text()
        tab.locator("#people-next").click()
        assert tab.locator("#people-rows th").first.inner_text() > first
    with opened(PHONE) as tab:
        assert tab.locator("#people-rows tr").count() == 10


def test_hostile_names_stay_text(opened: Opened) -> None:
    with opened() as tab:
        assert tab.locator("img").count() == 0
        assert tab.locator("text=<img src=x onerror=alert(1)>\\u202e").count() >= 1
        assert "49" not in tab.locator("#changes td, #changes th").all_inner_texts()


def test_everything_but_the_table_stands_without_script(opened: Opened) -> None:
    with opened(java_script_enabled=False) as tab:
        sections = tab.locator("main > section")
        assert sections.count() == 8
        for section in sections.all():
            assert len(section.inner_text()) > 100
        assert tab.locator("[data-unscripted]").is_visible()
        assert not tab.locator("#people-search").is_visible()


def test_it_prints_on_a_few_pages_without_the_table(opened: Opened) -> None:
    with opened() as tab:
        tab.emulate_media(media="print")
        assert not tab.locator("#people-search").is_visible()
        assert tab.locator(".on-paper").is_visible()
        printed = tab.pdf(format="A4", prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) <= MOST_PAGES


def test_a_green_box_does_not_outlive_its_day(opened: Opened) -> None:
    with opened() as tab:
        box = tab.locator(".box[data-until]")
        assert "safe" in box.get_attribute("class")
    with opened() as tab:
        tab.clock.install(time="2099-01-01")
        tab.reload()
        box = tab.locator(".box[data-until]")
        assert "notChecked" in box.get_attribute("class")
        assert box.locator(".expired").is_visible()
