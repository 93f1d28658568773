"""How long the console takes for a key, a page and a sort with very many rows: `python -m bench.console`.

The browser itself tells: from the event until what it caused is on the screen, to the nearest 8 ms.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from tests.console.many import fill
from tests.console.registry import Registry
from tests.console.visits import sign_in
from tests.engines.browser import chromium, visiting
from tests.engines.entrepot import served

_LOADING_MS = 300_000
_OBSERVE = """
    window.seen = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) { window.seen.push([entry.name, entry.duration]); }
    }).observe({ type: 'event', durationThreshold: 16, buffered: false });
"""
# The observer hears of an event after its frame was shown.
_PAINTED = "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))"
# Who turns a page sees it before turning the next: events that wait for each other would be told as one.
_SHOWN = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"

_RANKED = ("Images", "Size", "Last push", "Last pull", "Pulls")
# The time from a key until the first row is another one.
_WATCH = """
    window.changed = new Promise((done) => {
        const body = document.querySelector('tbody');
        const first = () => body.querySelector('a')?.textContent;
        const before = first();
        let began = performance.now();
        addEventListener('keydown', () => { began = performance.now(); }, { once: true, capture: true });
        const look = () => {
            if (first() !== before) { done(performance.now() - began); } else { requestAnimationFrame(look); }
        };
        requestAnimationFrame(look);
    });
    undefined
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="repositories, and images of one")
    count: int = parser.parse_args().count
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), host="localhost") as server,
        chromium() as browser,
        visiting(browser, server.url) as visitor,
    ):
        registry = Registry(server, "many")
        name = registry.create("very/many")
        registry.push_image(name, "first")
        fill(registry, name, count)
        sign_in(visitor, registry, "registry")
        page = visitor.page
        for what, path, heading, typed, ranked in (
            ("repositories", "repositories", "Repositories", "team-042/app-0421", _RANKED),
            ("images", f"repository/{name}", "Images", "v0421", ("Pulls",)),
        ):
            began = time.perf_counter()
            visitor.open(path)
            page.locator("tbody a").first.wait_for()
            first = time.perf_counter() - began
            loaded = page.get_by_role("heading", name=f"{heading} ({count + 1:,})")
            expect(loaded).to_be_visible(timeout=_LOADING_MS)
            whole = time.perf_counter() - began
            print(f"{what}: first rows {first:.1f} s, all {count + 1:,} {whole:.1f} s")
            measure(page, what, typed)
            for column in ranked:
                measure_ranking(page, what, column, loaded)


def measure(page: Page, what: str, typed: str) -> None:
    """Type, clear, turn pages and sort; print what each took."""
    page.evaluate(_OBSERVE)
    field = page.get_by_placeholder("Find")
    field.click()
    report(page, f"{what}, a key", lambda: page.keyboard.type(typed, delay=50))
    report(page, f"{what}, a key taken back", lambda: page.keyboard.press("Backspace"), times=len(typed))
    following = page.get_by_role("button", name="Next page")
    report(page, f"{what}, a page", following.click, times=5)
    header = page.locator("th [role=button]").first
    report(page, f"{what}, a sort", lambda: header.press("Enter"), times=2)


def measure_ranking(page: Page, what: str, column: str, loaded: Locator) -> None:
    """Sort by a column of statistics; print what the first rows, all of them and then a page take.

    The first rows come from the server: what is told is the time from the key until they are others.
    """
    field = page.get_by_placeholder("Find")
    for nothing in (" ", ""):  # back to the first page, whose rows are watched
        field.fill(nothing)
    page.evaluate(_PAINTED)
    header = page.get_by_role("columnheader", name=column).first
    for direction in ("descending", "ascending"):
        page.evaluate(_WATCH)
        began = time.perf_counter()
        header.get_by_role("button").first.press("Enter")
        took = float(page.evaluate("window.changed"))
        expect(header).to_have_attribute("aria-sort", direction)
        expect(loaded).to_be_visible(timeout=_LOADING_MS)
        whole = time.perf_counter() - began
        print(f"{what} by {column.lower()}, {direction}: {took:.0f} ms to other rows, all {whole:.1f} s")
    following = page.get_by_role("button", name="Next page")
    report(page, f"{what} by {column.lower()}, a page", following.click, times=5)


def report(page: Page, what: str, act: Callable[[], object], *, times: int = 1) -> None:
    page.evaluate("window.seen.length = 0")
    for _ in range(times):
        act()
        page.evaluate(_SHOWN)
    page.evaluate(_PAINTED)
    took = [float(duration) for _, duration in page.evaluate("window.seen")]
    if took:
        print(f"{what}: median {statistics.median(took):.0f} ms, worst {max(took):.0f} ms")
    else:
        print(f"{what}: under 16 ms")


if __name__ == "__main__":
    main()
