"""What the registry holds: in the tables, in the dialogs that delete, and on the dashboard."""

import csv
import re

from playwright.sync_api import expect

from tests.clients.oci_layout import layer_of
from tests.console.books import added_up, give_past, note_image_pulls, note_pulls
from tests.console.registry import Registry
from tests.engines.browser import Visitor

BASE, APP = b"base" * 9000, b"app" * 300


def test_repositories_show_what_they_hold(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/none", "team/app")
    registry.push_image(name, "1.0", layers=[BASE])
    registry.push_image(name, "2.0", layers=[BASE, APP])
    visitor.open("repositories")
    page = visitor.page
    expect(page.get_by_role("row", name=name).get_by_role("cell", name="2", exact=True)).to_be_visible()
    none = page.get_by_role("row", name="team/none")
    expect(none.get_by_role("cell", name="0", exact=True).first).to_be_visible()
    visitor.assert_accessible("repositories-statistics")

    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name="Images (2)")).to_be_visible()
    expect(page.get_by_role("row", name="1.0").get_by_role("gridcell", name="0", exact=True)).to_be_visible()
    visitor.assert_accessible("repository-statistics")


def test_repositories_are_sorted_by_their_statistics_and_taken_away(
    visitor: Visitor, registry: Registry
) -> None:
    made = [registry.create(name) for name in ("team/few", "team/many", "team/none", "team/some")]
    few, many, none, some = made
    for name, count in ((few, 1), (many, 3), (some, 2)):
        for number in range(count):
            registry.push_image(name, f"{number}", layers=[b"x" * 5000 * (number + 1)])
    added_up(registry, 4)
    note_pulls(registry, few, 12_345)
    note_pulls(registry, some, 7)
    visitor.open("repositories")
    page = visitor.page
    table = page.get_by_role("table", name="Repositories")
    expect(table.get_by_role("link")).to_have_text(made)
    for column, falling in (
        ("Images", [many, some, few, none]),
        ("Size", [many, some, few, none]),
        ("Last push", [some, many, few, none]),
        ("Pulls", [few, some, many, none]),
        ("Last pull", [some, few]),
    ):
        header = table.get_by_role("columnheader", name=column).get_by_role("button").first
        header.press("Enter")
        expect(table.get_by_role("columnheader", name=column)).to_have_attribute("aria-sort", "descending")
        for place, name in enumerate(falling):
            expect(table.get_by_role("link").nth(place)).to_have_text(name)
        header.press("Enter")
        for place, name in enumerate(falling):
            expect(table.get_by_role("link").nth(3 - place)).to_have_text(name)
    visitor.assert_accessible("repositories-sorted")

    # What the filter leaves, in the order that is shown.
    table.get_by_role("columnheader", name="Pulls").get_by_role("button").first.press("Enter")
    page.get_by_placeholder("Find repositories").fill("o")
    expect(table.get_by_role("link")).to_have_text([some, none])
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download CSV").click()
    file = downloading.value
    assert re.fullmatch(
        rf"repositories-{registry.server.account}-{registry.region}-[-0-9]{{10}}\.csv",
        file.suggested_filename,
    )
    rows = list(csv.DictReader(file.path().read_text("utf-8").splitlines()))
    assert [row["Repository name"] for row in rows] == [some, none]
    assert [(row["Images"], row["Pulls"]) for row in rows] == [("2", "7"), ("0", "0")]
    assert int(rows[0]["Size in bytes"]) > 0
    assert (rows[0]["Last pull"][-1], rows[1]["Last pull"]) == ("Z", "")


def test_attack_48_images_are_sorted_by_pulls_and_leave_without_formulas(
    visitor: Visitor, registry: Registry
) -> None:
    name = registry.create("team/app")
    digests = [registry.push_image(name, f"v{number}", layers=[b"%d" % number]) for number in range(3)]
    ecr, own = registry.server.ecr(registry.region), registry.server.own(registry.region)
    note_image_pulls(registry, {digests[1]: 5, digests[2]: 2})
    reason = '=HYPERLINK("http://evil/");@SUM(1)'
    own.pin_image(repositoryName=name, imageId={"imageTag": "v1"}, reason=reason)
    assert len(ecr.describe_images(repositoryName=name)["imageDetails"]) == 3
    visitor.open(f"repository/{name}")
    page = visitor.page
    table = page.get_by_role("treegrid", name="Images")
    header = table.get_by_role("columnheader", name="Pulls").get_by_role("button").first
    header.press("Enter")
    for place, tag in enumerate(("v1", "v2", "v0")):
        expect(table.get_by_role("link").nth(place)).to_have_text(tag)
    header.press("Enter")
    for place, tag in enumerate(("v0", "v2", "v1")):
        expect(table.get_by_role("link").nth(place)).to_have_text(tag)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download CSV").click()
    assert downloading.value.suggested_filename.startswith("images-team-app-")
    rows = list(csv.DictReader(downloading.value.path().read_text("utf-8").splitlines()))
    assert [(row["Image"], row["Pulls"]) for row in rows] == [("v0", "0"), ("v2", "2"), ("v1", "5")]
    assert rows[2]["Kept"] == 'pinned: =HYPERLINK("http://evil/");\'@SUM(1)'
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_deleting_says_exactly_what_it_frees(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    registry.push_image(name, "1.0", layers=[BASE])
    own = registry.push_image(name, "2.0", layers=[BASE, APP])
    estimate = registry.server.own(registry.region).estimate_deletion(
        repositoryName=name, imageIds=[{"imageDigest": own}]
    )
    visitor.open(f"repository/{name}")
    page = visitor.page
    page.get_by_role("checkbox", name="Select 2.0").click()
    page.get_by_role("button", name="Delete").last.click()
    freed = estimate["freedBytes"]
    assert 0 < freed < 1000
    expect(page.get_by_role("dialog").get_by_text(f"This frees exactly {freed} B")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_text("The recycle bin keeps them for 7 days")).to_be_visible()


def test_image_shows_which_layers_it_shares_with_which_images(visitor: Visitor, registry: Registry) -> None:
    name, other = registry.create("team/app"), registry.create("team/other")
    digest = registry.push_image(name, "1.0", layers=[BASE, APP])
    registry.push_image(other, "base", layers=[BASE])
    visitor.open(f"image/{name}?digest={digest}&tab=layers")
    page = visitor.page

    table = page.get_by_role("table", name="Images with the same layers")
    row = table.get_by_role("row", name="team/other:base")
    expect(row.get_by_role("img", name="Layers 1 are in both")).to_be_visible()
    steps = page.get_by_role("table", name="History").locator("tbody tr")
    expect(steps.nth(0).get_by_role("cell", name="1", exact=True).last).to_be_visible()
    expect(steps.nth(1).get_by_role("cell", name="0", exact=True)).to_be_visible()
    visitor.assert_accessible("image-sharing")


def test_dashboard_shows_what_is_large_shared_grown_pulled_and_never_pulled(
    visitor: Visitor, registry: Registry
) -> None:
    for number, name in enumerate(["team/large", "team/middle", "team/small"]):
        registry.create(name)
        content = layer_of({"zeros": bytes(200_000 >> number)})
        registry.push_image(name, "1.0", archives=[content, layer_of({"shared": BASE})])
    told = added_up(registry, 3)
    note_pulls(registry, "team/middle", 12_345)
    give_past(registry, 20)
    visitor.open("storage")
    page = visitor.page

    boxes = [
        page.get_by_role("list", name="Size by repository").get_by_role("link", name=name).bounding_box()
        for name in ("team/large", "team/middle", "team/small")
    ]
    areas = [box["width"] * box["height"] for box in boxes if box is not None]
    assert len(areas) == 3
    assert areas == sorted(areas, reverse=True)
    assert told["sharedBytes"] > 0
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("row", name="team/middle").get_by_text("12,345")).to_be_visible()
    never = page.get_by_role("table", name="Never pulled")
    expect(never.get_by_role("link", name="team/large")).to_be_visible()
    expect(never.get_by_role("link", name="team/middle")).to_have_count(0)
    expect(page.get_by_role("application", name="Growth")).to_be_visible()
    visitor.assert_accessible("storage")

    page.get_by_role("list", name="Size by repository").get_by_role("link", name="team/large").click()
    expect(page.get_by_role("heading", name="team/large")).to_be_visible()


def test_dashboard_of_an_empty_registry_says_so(visitor: Visitor, registry: Registry) -> None:
    visitor.open("storage")
    expect(visitor.page.get_by_text("There are no images yet")).to_be_visible()
    visitor.assert_accessible("storage-empty")
