"""The OCI conformance program: run against a registry, and what it found."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import yaml

from tests.engines.programs import find_program

# Every test that the program has, also those that a version leaves off; sparse content has a run of its own.
EVERYTHING = dict.fromkeys(
    (
        "OCI_API_PULL",
        "OCI_API_PUSH",
        "OCI_API_BLOBS_ATOMIC",
        "OCI_API_BLOBS_DELETE",
        "OCI_API_BLOBS_DIGEST_HEADER",
        "OCI_API_BLOBS_MOUNT_ANONYMOUS",
        "OCI_API_BLOBS_UPLOAD_CANCEL",
        "OCI_API_MANIFESTS_ATOMIC",
        "OCI_API_MANIFESTS_DELETE",
        "OCI_API_MANIFESTS_DIGEST_HEADER",
        "OCI_API_MANIFESTS_TAG_PARAM",
        "OCI_API_TAGS_ATOMIC",
        "OCI_API_TAGS_DELETE",
        "OCI_API_TAGS_LIST",
        "OCI_API_REFERRER",
        "OCI_DATA_IMAGE",
        "OCI_DATA_INDEX",
        "OCI_DATA_INDEX_LIST",
        "OCI_DATA_ARTIFACT",
        "OCI_DATA_SUBJECT",
        "OCI_DATA_SUBJECT_MISSING",
        "OCI_DATA_ARTIFACT_LIST",
        "OCI_DATA_SUBJECT_LIST",
        "OCI_DATA_DATA_FIELD",
        "OCI_DATA_NONDISTRIBUTABLE",
        "OCI_DATA_CUSTOM_FIELDS",
        "OCI_DATA_NO_LAYERS",
        "OCI_DATA_EMPTY_BLOB",
        "OCI_DATA_SHA512",
    ),
    "true",
)


@dataclass(frozen=True, slots=True)
class Report:
    """What one run found. `unsupported` counts what the registry answered with a fall-back."""

    tests: int
    failures: int
    errors: int
    unsupported: int
    disabled: int
    apis: dict[str, str]
    data: dict[str, str]
    printed: str


def run_conformance(
    registry: str, *, password: str, repositories: tuple[str, str], folder: Path, options: dict[str, str]
) -> Report:
    """Run the whole program over plain HTTP; it leaves its reports in the folder."""
    done = subprocess.run(
        [str(find_program("conformance"))],
        cwd=folder,
        env={
            "PATH": os.defpath,
            "HOME": str(folder),
            "OCI_REGISTRY": registry,
            "OCI_TLS": "disabled",
            "OCI_REPO1": repositories[0],
            "OCI_REPO2": repositories[1],
            "OCI_USERNAME": "AWS",
            "OCI_PASSWORD": password,
            "OCI_RESULTS_DIR": str(folder),
            **options,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return _read_report(folder, done.stdout)


def _read_report(folder: Path, printed: str) -> Report:
    # Counted from junit.xml: in results.yaml a later pass hides that the same API was once unsupported.
    totals = ET.parse(folder / "junit.xml").getroot()
    results = yaml.safe_load((folder / "results.yaml").read_text())
    return Report(
        tests=int(totals.get("tests", "0")),
        failures=int(totals.get("failures", "0")),
        errors=int(totals.get("errors", "0")),
        unsupported=int(totals.get("skipped", "0")),
        disabled=int(totals.get("disabled", "0")),
        apis=results["apis"],
        data=results["data"],
        printed=printed,
    )
