"""Writes docs/compatibility.md: `python -m entrepot.services.compatibility > docs/compatibility.md`.

The tables of operations come from what is registered, the prose from `compatibility_notes.md` beside
this file.
"""

import sys
from importlib import resources

from entrepot.aws.endpoint import Coverage, describe
from entrepot.aws.model import load_service
from entrepot.services.cloudtrail.service import CLOUDTRAIL_OFFERED
from entrepot.services.ecr.service import ECR_OFFERED
from entrepot.services.entrepot.model import FOLDER
from entrepot.services.entrepot.service import ENTREPOT_OFFERED
from entrepot.services.iam.service import IAM_OFFERED
from entrepot.services.sts.service import STS_OFFERED

_SERVICES = {
    "ecr": (ECR_OFFERED, None),
    "entrepot": (ENTREPOT_OFFERED, FOLDER),
    "iam": (IAM_OFFERED, None),
    "sts": (STS_OFFERED, None),
    "cloudtrail": (CLOUDTRAIL_OFFERED, None),
}
_HEAD = """\
# Compatibility

What Entrepot offers of Amazon ECR, and where it differs. This page is written by
`python -m entrepot.services.compatibility`; a test keeps it true to what is registered.
"""


def main() -> None:
    """Print the page."""
    sys.stdout.write(page())


def page() -> str:
    """The whole page."""
    tables = [_table(coverage) for coverage in coverages()]
    return "\n".join([_HEAD, *tables, _notes()])


def coverages() -> list[Coverage]:
    """What is offered and missing of every service that this program answers for."""
    return [
        describe(load_service(name, folder=folder), offered) for name, (offered, folder) in _SERVICES.items()
    ]


def _table(coverage: Coverage) -> str:
    offered, total = len(coverage.offered), len(coverage.offered) + len(coverage.missing)
    rows = [(name, "offered") for name in coverage.offered]
    rows += [(name, "not offered") for name in coverage.missing]
    lines = [
        f"## {coverage.title}",
        "",
        f"`{coverage.service}`, API version {coverage.api_version}: {offered} of {total} operations.",
        "",
        "| operation | |",
        "|---|---|",
        *(f"| {name} | {state} |" for name, state in sorted(rows)),
        "",
    ]
    return "\n".join(lines)


def _notes() -> str:
    return resources.files("entrepot.services").joinpath("compatibility_notes.md").read_text("utf-8")


if __name__ == "__main__":
    main()
