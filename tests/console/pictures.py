"""Takes the pictures of README.md, of a registry made up for them: python -m tests.console.pictures."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, expect

from tests.console.books import added_up, note_pulls
from tests.console.registry import Registry
from tests.console.visits import sign_in
from tests.engines.browser import Visitor, chromium, visiting
from tests.engines.entrepot import served
from tests.engines.programs import ROOT

FOLDER = ROOT / "docs" / "images"
REGION = "eu-west-1"
DAYS = 60
# Kilobytes that a repository's newest image has beside the layers of its base.
OWN = {
    "base/debian": 0,
    "base/python": 0,
    "charts/shop": 120,
    "data/airflow": 3900,
    "data/notebooks": 6400,
    "shop/api": 2100,
    "shop/mail": 700,
    "shop/web": 2600,
    "shop/worker": 1500,
    "team/playground": 1900,
    "tools/ci": 1100,
    "tools/scanner": 900,
}
PULLS = {
    "base/debian": 412,
    "base/python": 388,
    "shop/api": 126,
    "shop/web": 131,
    "shop/worker": 57,
    "tools/ci": 940,
}
STEPS = [
    "/bin/sh -c #(nop) ADD file:debian-12.tar.xz in / ",
    "ENV PYTHON_VERSION=3.13.1",
    "RUN /bin/sh -c set -eux; make install; ldconfig",
    "WORKDIR /srv/app",
    "COPY . /srv/app # buildkit",
    'CMD ["gunicorn" "shop.web:app"]',
]
EMPTY = {1, 3, 5}


def main() -> None:
    with TemporaryDirectory() as folder, served(Path(folder), host="localhost", port=5050) as server:
        registry = Registry(server, REGION)
        image = fill(registry)
        with chromium() as browser, visiting(browser, server.url) as visitor:
            sign_in(visitor, registry)
            take(visitor, "repositories", "repositories", "tools/scanner")
            visitor.page.set_viewport_size({"width": 1280, "height": 1150})
            take(visitor, f"image/shop/web?digest={image}&tab=layers", "image", "Images with the same layers")
            wait_for_sums(visitor.page)
            take(visitor, "storage", "storage", "Growth")


def fill(registry: Registry) -> str:
    """The digest of the newest image of shop/web."""
    random = Random(1)
    debian, python = random.randbytes(1_100_000), random.randbytes(700_000)
    newest = {}
    for name, kilobytes in OWN.items():
        registry.create(name)
        base = [debian] if name == "base/debian" else [debian, python]
        for version in ("1.0", "1.1"):
            own = [random.randbytes(kilobytes * 1000)] if kilobytes else []
            newest[name] = registry.push_image(
                name,
                version,
                *(["latest"] if version == "1.1" else []),
                config={"Cmd": ["gunicorn", "shop.web:app"], "WorkingDir": "/srv/app", "User": "1000"},
                layers=[*base, *own],
                history=[
                    {"created": "2026-11-01T12:00:00Z", "created_by": step, "empty_layer": place in EMPTY}
                    for place, step in enumerate(STEPS)
                ],
            )
    images = sum(2 if kilobytes else 1 for kilobytes in OWN.values())
    while added_up(registry, len(OWN))["imageCount"] < images:
        time.sleep(0.2)
    give_past(registry)
    for name, pulls in PULLS.items():
        note_pulls(registry, name, pulls)
    return newest["shop/web"]


def give_past(registry: Registry) -> None:
    """Days before today, on each of which there was a little more than on the one before."""
    random = Random(2)
    database = registry.server.data_folder / "metadata" / "entrepot.db"
    with closing(sqlite3.connect(database, timeout=30)) as rows, rows:
        for ago in range(1, DAYS):
            share = 1 - 0.8 * ago / DAYS - 0.03 * random.random()
            rows.execute(
                "INSERT INTO registry_day SELECT account, region, day - :ago, repositories, images, tags,"
                " CAST(size_bytes * :share AS INTEGER), pulls, CAST(stored_bytes * :share AS INTEGER)"
                " FROM registry_day WHERE region = :region AND day = (SELECT MAX(day) FROM registry_day)",
                {"ago": ago, "share": share, "region": REGION},
            )


def wait_for_sums(page: Page) -> None:
    """Pulls are in the sums a moment after they were noted."""
    page.goto(page.url.split("/console/")[0] + "/console/storage")
    expect(page.get_by_role("table", name="Most pulled").get_by_text("940")).to_be_visible(timeout=90_000)


def take(visitor: Visitor, path: str, name: str, awaited: str) -> None:
    """A picture of a page in which this text is to be seen, and nothing is being loaded."""
    visitor.open(path)
    expect(visitor.page.get_by_text(awaited, exact=True).first).to_be_visible()
    visitor.page.wait_for_load_state("networkidle")
    visitor.page.mouse.move(0, 0)
    visitor.page.screenshot(path=FOLDER / f"console-{name}.png")


if __name__ == "__main__":
    main()
