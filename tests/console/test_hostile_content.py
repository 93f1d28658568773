"""What other people pushed is shown as the text that it is, wherever it stands."""

import json

import pytest
from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor

SCRIPTS = [
    "<script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 1'>",
    "\"><svg onload='window.broken = 1'>",
    "javascript:window.broken=1",
    "{{constructor.constructor('window.broken = 1')()}}",
    "\u202egnp.exe\u0000\u001b[31m",
]


@pytest.mark.parametrize("script", SCRIPTS[:-1])
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
