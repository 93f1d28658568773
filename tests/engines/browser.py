"""Debian's Chromium, driven by Playwright, and one visitor's tab in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.engines.programs import ROOT, find_program

SCREENSHOTS = ROOT / "build" / "console"
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
_SETTLED = (
    "Promise.allSettled(document.getAnimations()"
    ".filter((one) => one.effect?.getComputedTiming().iterations !== Infinity).map((one) => one.finished))"
    ".then(() => 1)"
)
# What browsers log of an answer that is no success; the page tells people of it.
_STATUS = "Failed to load resource"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a profile of its own; skips the test where there is none."""
    program = find_program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Visitor:
    """A tab on the console at an address, and everything in it that no page should cause."""

    url: str
    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> None:
        """Go to a page of the console by its address."""
        self.page.goto(f"{self.url}/console/{path}")

    def assert_accessible(self, name: str) -> None:
        """axe finds nothing, in light and dark; a picture of each is kept for whoever looks."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for mode in ("light", "dark"):
            if (self.page.locator("body.awsui-dark-mode").count() == 1) != (mode == "dark"):
                self.page.evaluate("document.body.classList.toggle('awsui-dark-mode')")
            self.page.evaluate(_SETTLED)
            self.page.screenshot(path=SCREENSHOTS / f"{name}-{mode}.png")
            found = self.page.evaluate("axe.run({ resultTypes: ['violations'] })")
            assert not found["violations"], _told(found["violations"])
        self.page.evaluate("document.body.classList.remove('awsui-dark-mode')")


@contextmanager
def visiting(browser: Browser, url: str, **options: Any) -> Iterator[Visitor]:
    """A tab without a past; at the end it is an error if a page broke a rule or asked another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
    context.set_default_timeout(20_000)
    context.add_init_script(_AXE.read_text())
    context.add_init_script(
        "addEventListener('securitypolicyviolation', (event) =>"
        " console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))"
    )
    page = context.new_page()
    visitor = Visitor(url, context, page)

    def note_request(request: Request) -> None:
        if not request.url.startswith((f"{url}/", "data:", "blob:")):
            visitor.problems.append(f"asked {request.url}")

    page.on("pageerror", lambda failure: visitor.problems.append(f"threw {failure}"))
    page.on(
        "console",
        lambda message: (
            visitor.problems.append(f"{message.type}: {message.text}")
            if message.type in ("error", "warning") and not message.text.startswith(_STATUS)
            else None
        ),
    )
    page.on("request", note_request)
    try:
        yield visitor
        assert visitor.problems == []
    finally:
        context.close()


def _told(violations: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{one['id']}: {one['help']}: {json.dumps([node['html'][:300] for node in one['nodes']])}"
        for one in violations
    )
