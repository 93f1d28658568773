"""The whole path of ECR's guide: from Get started in a browser to an image that docker pushed and pulled."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor
from tests.engines.docker import docker_daemon
from tests.engines.programs import run_program


def test_from_get_started_to_an_image_that_was_pushed_and_pulled(
    visitor: Visitor, registry: Registry, tmp_path: Path
) -> None:
    page = visitor.page
    page.get_by_role("link", name="Get started").click()
    page.get_by_label("Repository name").fill("guide/app")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("button", name="View push commands").click()
    page.get_by_role("tab", name="Linux").click()
    commands = page.get_by_role("tabpanel", name="Linux").locator("code").all_inner_texts()
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    (tmp_path / "Dockerfile").write_text('FROM scratch\nLABEL greeting="hello"\nCOPY Dockerfile /\n')

    with docker_daemon() as docker:
        variables = registry.server.client_environment(tmp_path, registry.region) | docker.environment

        def type_in(command: str) -> None:
            run_program(
                "/bin/bash", "-euo", "pipefail", "-c", command, environment=variables, folder=tmp_path
            )

        for command in commands:
            type_in(command)

        page.get_by_role("button", name="Refresh").click()
        page.get_by_role("link", name="latest").click()
        expect(page.get_by_role("table", name="Labels").get_by_text("greeting")).to_be_visible()
        pull = page.get_by_text(re.compile("^docker pull ")).first.inner_text()
        type_in(f"docker rmi {registry.server.registry}/guide/app:latest")
        type_in(pull)
