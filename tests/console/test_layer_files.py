"""The files of a layer: found folder by folder, with what limits and hostile names make of them."""

import io
import json
import tarfile
from typing import Any

from playwright.sync_api import expect

from tests.clients.oci_layout import layer_of
from tests.console.registry import Registry
from tests.console.test_hostile_content import SCRIPTS
from tests.engines.browser import Visitor


def archive_of(*members: tuple[str, dict[str, Any]]) -> bytes:
    """A tar archive of these; files hold as many zeros as their size says."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, fields in members:
            info = tarfile.TarInfo(name)
            for field, value in fields.items():
                setattr(info, field, value)
            tar.addfile(info, io.BytesIO(bytes(info.size)))
    return packed.getvalue()


FILES = archive_of(
    ("etc/hosts", {"size": 2000, "mode": 0o640, "uid": 7, "gid": 8}),
    ("etc/ssl/key", {"size": 300}),
    ("etc/link", {"type": tarfile.SYMTYPE, "linkname": "../usr/hosts"}),
    ("usr/.wh.old", {}),
    ("/outside", {"size": 1}),
)


def test_files_are_found_folder_by_folder(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = registry.push_image(name, "1.0", archives=[layer_of({"first": b"layer"}), FILES])
    visitor.open(f"image/{name}?digest={digest}&tab=layers")
    page = visitor.page
    page.get_by_role("table", name="History").get_by_role("link", name="Show the files of").last.click()

    table = page.get_by_role("table", name="Files")
    etc = table.get_by_role("row", name="etc")
    expect(etc).to_contain_text("2.30 kB")
    expect(etc).to_contain_text("Folder")
    expect(table.get_by_role("row", name="outside")).to_contain_text("leads out of the root")
    expect(page.get_by_text("The layer has 5 entries, 2.30 kB.")).to_be_visible()
    visitor.assert_accessible("layer-files")

    table.get_by_role("link", name="etc").click()
    hosts = table.get_by_role("row", name="hosts").first
    for told in ("2.00 kB", "0640", "7:8"):
        expect(hosts).to_contain_text(told)
    expect(table.get_by_role("row", name="link")).to_contain_text("link → ../usr/hosts")
    page.reload()
    table.get_by_role("link", name="ssl").click()
    expect(table.get_by_role("row", name="key")).to_be_visible()
    page.get_by_role("navigation", name="Folder").get_by_role("link", name="Layer", exact=True).click()
    table.get_by_role("link", name="usr").click()
    expect(table.get_by_role("row", name="old")).to_contain_text("deleted")


def test_attack_46_names_of_files_and_links_are_text(visitor: Visitor, registry: Registry) -> None:
    names = [script.replace("/", "") for script in SCRIPTS]
    members: list[tuple[str, dict[str, Any]]] = [
        (f"{name}/{name}", {"type": tarfile.SYMTYPE, "linkname": name}) for name in names
    ]
    repository = registry.create("team/app")
    digest = registry.push_image(repository, "1.0", archives=[archive_of(*members)])
    visitor.open(f"image/{repository}?digest={digest}&tab=files")
    page = visitor.page
    for name in names:
        link = page.get_by_role("link", name=name, exact=True)
        expect(link).to_be_visible()
    page.get_by_role("link", name=names[0], exact=True).click()
    expect(page.get_by_text(f"{names[0]} → {names[0]}", exact=True)).to_be_visible()
    assert page.evaluate("window.broken") is None


def test_attack_37_a_damaged_archive_says_what_was_read(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = registry.push_image(name, "1.0", archives=[FILES[:1200]])
    visitor.open(f"image/{name}?digest={digest}&tab=files")
    expect(visitor.page.get_by_text("Not all is shown: the archive is damaged")).to_be_visible()
    expect(visitor.page.get_by_role("link", name="etc")).to_be_visible()


def test_a_layer_that_is_no_archive_shows_the_refusal(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = registry.push_image(name, "1.0", archives=[json.dumps({"no": "archive"}).encode()])
    visitor.open(f"image/{name}?digest={digest}&tab=files")
    expect(visitor.page.get_by_text("LayerUnreadableException")).to_be_visible()
