"""The tables of the README and of docs/ say what the program has: nothing more, nothing less."""

import argparse
import json
import re
import tomllib
from pathlib import Path

import pytest

from entrepot.cli import DEFAULT_REGION, _parser
from entrepot.installation.aws_profile import write_profile
from entrepot.installation.credential_files import RootCredential
from entrepot.services.entrepot.model import FOLDER, NAME
from entrepot.settings import OPTIONS

ROOT = Path(__file__).resolve().parent.parent.parent
README = ROOT / "README.md"
COMMAND_LINE = ROOT / "docs" / "reference" / "command-line.md"
API = ROOT / "docs" / "reference" / "api.md"
AUDIT = ROOT / "docs" / "howto" / "audit.md"
STORAGE = ROOT / "docs" / "reference" / "storage.md"
DEPENDENCIES = ROOT / "docs" / "dependencies.md"
SOURCE = ROOT / "src" / "entrepot"
MIGRATIONS = SOURCE / "storage" / "metadata" / "migrations"


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the tables under a heading, without marks of code and the head."""
    lines = section(page, heading).splitlines()
    cells = [[cell.strip().replace("`", "") for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for line, row in zip(lines, cells, strict=True) if line.startswith("| `")]


def section(page: Path, heading: str) -> str:
    """What stands between a heading and the next of its rank or a higher one."""
    rank = heading.partition(" ")[0]
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = re.search(
        rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{len(rank)}}} |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert found is not None, f"{page.name} has no {heading}"
    return found[1]


def commands() -> dict[str, argparse.ArgumentParser]:
    """The commands of the command line, by name."""
    [found] = [action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(found.choices)


def options(parser: argparse.ArgumentParser) -> set[str]:
    """Those of a command and of its own commands."""
    found = {option for action in parser._actions for option in action.option_strings if option[:2] == "--"}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= {option for each in action.choices.values() for option in options(each)}
    return found


def test_readme_has_every_option_with_its_variable_and_default() -> None:
    told = [tuple(row[:3]) for row in rows(README, "## Configuration")]

    assert told == [(f"--{option.name}", option.variable, option.default or "none") for option in OPTIONS]


def test_readme_has_every_command() -> None:
    assert [row[0] for row in rows(README, "## Commands")] == [f"entrepot {name}" for name in commands()]


def test_readme_shows_the_profile_as_configure_writes_it(tmp_path: Path) -> None:
    config = tmp_path / "config"
    variables = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    keys = RootCredential("123456789012", "AKIA…", "…")

    write_profile("entrepot", "http://localhost:5050", keys, region=DEFAULT_REGION, environment=variables)

    assert f"# ~/.aws/config\n{config.read_text()}```\n" in README.read_text(encoding="utf-8")


def test_readme_leads_to_every_page_of_how_to() -> None:
    pages = {f"docs/howto/{page.name}" for page in (ROOT / "docs" / "howto").glob("*.md")}

    assert pages <= set(re.findall(r"\]\((docs/howto/[^)#]+)", section(README, "## Read on")))


@pytest.mark.parametrize("name", commands())
def test_reference_names_the_options_of_each_command(name: str) -> None:
    own = options(commands()[name])
    told = set(re.findall(r"`(--[a-z-]+)`", section(COMMAND_LINE, f"## `entrepot {name}`")))

    of_serve = {f"--{option.name}" for option in OPTIONS}
    shared = of_serve if of_serve <= own and name != "serve" else set()  # "takes the options of serve"
    assert own - shared - {"--help"} <= told <= own


def test_every_direct_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {
        "## To run": project["project"]["dependencies"],
        "## To build": project["build-system"]["requires"],
        "## To develop and test": project["project"]["optional-dependencies"]["dev"],
    }

    for heading, requirements in asked.items():
        names = [re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in requirements]
        assert [row[0] for row in rows(DEPENDENCIES, heading)] == names


def test_every_operation_of_our_own_service_is_told_with_what_it_asks_for() -> None:
    [model] = (FOLDER / NAME).glob("*/service-2.json")
    modelled = json.loads(model.read_text(encoding="utf-8"))
    told = {name for row in rows(API, "## The service of our own") for name in row[0].split(", ")}

    assert told >= set(modelled["operations"])


def test_every_deed_of_the_server_itself_is_told() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    deeds = set(re.findall(r"own_deed[(,] ?actor, \"(\w+)\"", source))

    assert len(deeds) > 5
    assert deeds <= set(re.findall(r"`(\w+)`", section(AUDIT, "## What is an event")))


def test_every_migration_that_older_nodes_must_not_serve_on_is_told_with_its_reason() -> None:
    alone = {
        migration.name[:4]
        for migration in MIGRATIONS.glob("*.sql")
        if "\n-- serves: " not in migration.read_text(encoding="utf-8")
    }
    told = {row[0] for row in rows(STORAGE, "## Changing the tables")}
    with_the_rule_itself = {"0001", "0002", "0004", "0005"}

    assert told == alone - with_the_rule_itself


def test_every_table_is_told_what_it_is_for() -> None:
    made = {
        name
        for migration in MIGRATIONS.glob("*.sql")
        for name in re.findall(r"^CREATE TABLE (\w+)", migration.read_text(encoding="utf-8"), re.MULTILINE)
    }
    told = {name for row in rows(STORAGE, "## Tables") for name in row[0].split(", ")}

    assert told == made | {"migration", "migration_reach", "migration_turn"}  # these keep the books
