"""What other people pushed is shown as the text that it is, wherever it stands."""

import json
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.console.visits import sign_in
from tests.engines.browser import Visitor

SCRIPTS = [
    "<script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 1'>",
    "\"><svg onload='window.broken = 1'>",
    "javascript:window.broken=1",
    "{{constructor.constructor('window.broken = 1')()}}",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_attack_46_labels_history_and_annotations_are_text(
    visitor: Visitor, registry: Registry, script: str
) -> None:
    name = registry.create("team/app")
    digest = registry.push_image(
        name,
        "1.0",
        config={
            "Labels": {script: script},
            "Env": [f"HOSTILE={script}"],
            "Entrypoint": [script],
            "Cmd": [script],
            "User": script,
            "WorkingDir": script,
            "ExposedPorts": {script: {}},
        },
        history=[{"created_by": script, "created": script, "comment": script}],
        annotations={script: script},
    )
    page = visitor.page
    for tab, table in (("config", "Labels"), ("layers", "History")):
        visitor.open(f"image/{name}?digest={digest}&tab={tab}")
        expect(page.get_by_role("table", name=table).get_by_text(script, exact=True).first).to_be_visible()
    visitor.open(f"image/{name}?digest={digest}&tab=raw")
    expect(page.get_by_role("region", name="Manifest")).to_contain_text(json.dumps(script))
    assert page.evaluate("window.broken") is None


def test_attack_49_signing_in_leaves_no_secret_in_the_log(stranger: Visitor, registry: Registry) -> None:
    sign_in(stranger, registry, "repositories")
    session = json.loads(stranger.page.evaluate("sessionStorage['entrepot.session']"))
    [log] = registry.server.logs
    told = log.read_text()
    assert "CreateConsoleSession" in told
    for secret in (session["secretAccessKey"], session["sessionToken"], registry.server.secret_access_key):
        assert secret not in told


def test_attack_46_a_config_with_members_of_other_types_is_shown_without_them(
    visitor: Visitor, registry: Registry
) -> None:
    name = registry.create("team/app")
    digest = registry.push_image(name, "1.0", config={"Labels": ["not", "an", "object"], "Env": "text"})
    visitor.open(f"image/{name}?digest={digest}")
    expect(visitor.page.get_by_role("heading", name="How a container is started")).to_be_visible()


@pytest.mark.parametrize("digest", ["", "sha256:../../x", "<script>", "sha256:" + "0" * 64])
def test_attack_03_addresses_with_a_digest_that_is_none_show_the_refusal(
    visitor: Visitor, registry: Registry, digest: str
) -> None:
    name = registry.create("team/app")
    visitor.open(f"image/{name}?digest={quote(digest)}")
    expect(visitor.page.get_by_text("Request ID:").first).to_be_visible()
