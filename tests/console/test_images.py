"""A repository's images and one image: what is shown of them, and deleting them."""

import json
import re

from playwright.sync_api import expect

from tests.clients.raw_registry import OCI_MANIFEST
from tests.console.registry import Registry
from tests.engines.browser import Visitor

SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"
CONFIG = {
    "Env": ["PATH=/usr/bin:/bin", "GREETING=hello=world"],
    "Entrypoint": ["/bin/app", "--serve"],
    "Cmd": ["--port", "80"],
    "WorkingDir": "/srv",
    "User": "1000",
    "ExposedPorts": {"80/tcp": {}},
    "Labels": {"org.opencontainers.image.title": "App"},
}
HISTORY: list[dict[str, object]] = [
    {"created": "2026-11-01T12:00:00Z", "created_by": "COPY base /"},
    {"created": "2026-11-01T12:00:01Z", "created_by": "ENV GREETING=hello=world", "empty_layer": True},
    {"created": "2026-11-01T12:00:02Z", "created_by": "COPY app /bin/app"},
]


def push_app(registry: Registry, name: str, *tags: str) -> str:
    layers = [b"base" * 9000, b"app" * 300]
    return registry.push_image(name, *tags, config=CONFIG, layers=layers, history=HISTORY)


def test_images_are_listed_with_tags_size_and_digest(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = push_app(registry, name, "1.0", "latest")
    visitor.open(f"repository/{name}")

    row = visitor.page.get_by_role("row", name="1.0, latest")
    expect(row.get_by_text("Image", exact=True)).to_be_visible()
    expect(row.get_by_text(digest[:19])).to_be_visible()
    expect(visitor.page.get_by_role("heading", name="Images (1)")).to_be_visible()
    visitor.assert_accessible("repository")


def test_repository_without_images_says_so_and_a_missing_one_too(
    visitor: Visitor, registry: Registry
) -> None:
    visitor.open(f"repository/{registry.create('team/app')}")
    expect(visitor.page.get_by_text("No images")).to_be_visible()
    visitor.open("repository/team/nothing")
    expect(visitor.page.get_by_text("RepositoryNotFoundException")).to_be_visible()


def test_an_index_is_one_row_that_opens(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    parts = {
        architecture: registry.push_image(name, architecture=architecture, layers=[architecture.encode()])
        for architecture in ("amd64", "arm64")
    }
    parts["s390x"] = registry.push_image(name, "by-itself", layers=[b"s390x"])
    registry.push_index(name, "multi", parts=parts)
    visitor.open(f"repository/{name}")
    page = visitor.page

    expect(page.get_by_role("heading", name="Images (2)")).to_be_visible()
    expect(page.get_by_role("link", name="linux/arm64")).to_have_count(0)
    page.get_by_role("button", name="Open multi").click()
    expect(page.get_by_role("link", name="linux/arm64")).to_be_visible()
    expect(page.get_by_role("link", name="by-itself")).to_have_count(2)
    visitor.assert_accessible("index-opened")

    page.get_by_role("link", name="multi").click()
    table = page.get_by_role("table", name="Platforms")
    expect(table.get_by_text("linux/amd64")).to_be_visible()
    visitor.assert_accessible("index")


def test_referrers_stand_under_their_subject(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = push_app(registry, name, "1.0")
    subject = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 1}
    registry.push_image(name, layers=[b"signature"], artifactType=SIGNATURE, subject=subject)
    registry.push_image(name, f"sha256-{digest.removeprefix('sha256:')}.sig", layers=[b"by cosign"])
    visitor.open(f"repository/{name}")
    page = visitor.page

    expect(page.get_by_role("heading", name="Images (1)")).to_be_visible()
    page.get_by_role("button", name="Open 1.0").click()
    expect(page.get_by_text("Signature", exact=True)).to_have_count(2)

    page.get_by_role("link", name="1.0").click()
    page.get_by_role("tab", name="Referrers").click()
    expect(page.get_by_role("table", name="Referrers").get_by_text("Signature")).to_have_count(2)


def test_attack_23_images_are_deleted_only_when_it_was_confirmed(
    visitor: Visitor, registry: Registry
) -> None:
    name = registry.create("team/app")
    for number in range(3):
        registry.push_image(name, f"v{number}", layers=[f"layer {number}".encode()])
    visitor.open(f"repository/{name}")
    page = visitor.page
    page.get_by_role("checkbox", name="Select v0").click()
    page.get_by_role("checkbox", name="Select v2").click()
    page.get_by_role("button", name="Delete").last.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("This frees exactly")).to_be_visible()
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_role("textbox").fill("delete")
    visitor.assert_accessible("delete-images")
    dialog.get_by_role("button", name="Delete").click()

    expect(page.get_by_text("2 images were deleted.")).to_be_visible()
    expect(page.get_by_role("heading", name="Images (1)")).to_be_visible()
    [left] = registry.ecr().list_images(repositoryName=name)["imageIds"]
    assert left["imageTag"] == "v1"


def test_what_the_registry_keeps_is_told_with_its_reason(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    part = registry.push_image(name, "part")
    registry.push_index(name, "multi", parts={"amd64": part})
    visitor.open(f"repository/{name}")
    page = visitor.page
    page.get_by_role("checkbox", name="Select part").click()
    page.get_by_role("button", name="Delete").last.click()
    page.get_by_role("dialog").get_by_role("textbox").fill("delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page.get_by_text("ImageReferencedByManifestList")).to_be_visible()


def test_image_shows_how_it_is_started_and_what_it_is_made_of(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = push_app(registry, name, "1.0")
    visitor.open(f"image/{name}?digest={digest}")
    page = visitor.page

    expect(page.get_by_text('["/bin/app","--serve"]')).to_be_visible()
    expect(page.get_by_text("linux/amd64")).to_be_visible()
    environment = page.get_by_role("table", name="Environment")
    expect(environment.get_by_role("row", name="GREETING").get_by_text("hello=world")).to_be_visible()
    expect(page.get_by_role("table", name="Labels").get_by_text("App", exact=True)).to_be_visible()
    pull = f"docker pull {registry.server.registry}/{name}@{digest}"
    expect(page.get_by_text(pull, exact=True)).to_be_visible()
    visitor.assert_accessible("image-config")

    page.get_by_role("tab", name="Layers and history").click()
    steps = page.get_by_role("table", name="History").locator("tbody tr")
    expect(steps).to_have_count(3)
    expect(steps.nth(1)).to_contain_text("no layer")
    expect(steps.nth(2)).to_contain_text("COPY app /bin/app")
    manifest = registry.ecr().batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
    layers = re.findall(r"sha256:[0-9a-f]{64}", manifest["images"][0]["imageManifest"])[1:]
    expect(steps.nth(0)).to_contain_text(layers[0][:19])
    expect(steps.nth(2)).to_contain_text(layers[1][:19])
    expect(page.get_by_role("img", name="Sizes of the layers")).to_be_visible()
    visitor.assert_accessible("image-layers")

    page.get_by_role("tab", name="JSON").click()
    expect(page.get_by_role("region", name="Manifest")).to_contain_text('"schemaVersion": 2')
    visitor.assert_accessible("image-json")


def test_image_is_compared_with_another_tag(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = push_app(registry, name, "1.0")
    changed = CONFIG | {"Env": ["PATH=/usr/bin:/bin", "GREETING=good day"], "User": "0"}
    registry.push_image(name, "2.0", config=changed, layers=[b"base" * 9000, b"another app"])
    visitor.open(f"image/{name}?digest={digest}&tab=comparison")
    page = visitor.page
    page.get_by_role("button", name="Compare with").click()
    page.get_by_role("option", name="2.0").click()

    settings = page.get_by_role("table", name="Settings that differ").locator("tbody tr")
    expect(settings).to_have_count(2)
    expect(settings.nth(1)).to_contain_text("Variable GREETING")
    expect(settings.nth(1)).to_contain_text("good day")
    layers = page.get_by_role("table", name="Layers").locator("tbody tr")
    expect(layers).to_have_count(3)
    expect(layers.nth(2)).to_contain_text("in both")
    expect(page.get_by_text("Packages are not known of both images")).to_be_visible()
    visitor.assert_accessible("image-comparison")


def test_packages_are_compared_where_bills_of_materials_name_them(
    visitor: Visitor, registry: Registry
) -> None:
    name = registry.create("team/app")
    digests = [push_app(registry, name, "1.0"), registry.push_image(name, "2.0", layers=[b"another"])]
    for digest, version in zip(digests, ("5.2", "5.3"), strict=True):
        packages = [{"name": "bash", "version": version}, {"name": "apt", "version": "2"}]
        registry.push_artifact(
            name,
            kind="application/vnd.cyclonedx+json",
            content=json.dumps({"bomFormat": "CycloneDX", "components": packages}).encode(),
            subject={"mediaType": OCI_MANIFEST, "digest": digest, "size": 1},
        )
    visitor.open(f"image/{name}?digest={digests[1]}&tab=comparison")
    page = visitor.page
    page.get_by_role("button", name="Compare with").click()
    page.get_by_role("option", name="1.0").click()

    rows = page.get_by_role("table", name="Packages that differ").locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("bash")
    for version in ("5.2", "5.3"):
        expect(rows).to_contain_text(version)


def test_a_chart_shows_what_it_has_and_the_command_that_fetches_it(
    visitor: Visitor, registry: Registry
) -> None:
    name = registry.create("charts/web")
    kind = "application/vnd.cncf.helm.config.v1+json"
    digest = registry.push_artifact(name, "0.1.0", kind=kind, content=b"a chart")
    visitor.open(f"image/{name}?digest={digest}")
    page = visitor.page
    expect(page.get_by_text("Helm chart")).to_be_visible()
    expect(page.get_by_text(f"helm pull oci://{registry.server.registry}/{name}@{digest}")).to_be_visible()
    expect(page.get_by_role("heading", name="One layer")).to_be_visible()


def test_deep_link_to_a_tab_works_after_a_reload(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = push_app(registry, name, "1.0")
    visitor.open(f"image/{name}?digest={digest}&tab=layers")
    expect(visitor.page.get_by_role("table", name="History")).to_be_visible()
    visitor.page.reload()
    expect(visitor.page.get_by_role("table", name="History")).to_be_visible()
