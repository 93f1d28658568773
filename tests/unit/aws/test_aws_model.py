"""Models load with their deviations, and no pattern of theirs can be made to run long."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from tests.unit.aws.builders import model

from entrepot.aws.model import ServiceModel, Text, compile_pattern, load_service, parse_model

NAMES = ["ecr", "ecr-public", "sts", "iam", "kms"]
# Runs every pattern on its worst inputs. It prints each name first, so that the one that hangs is known.
WORST = """
import sys
from entrepot.aws.model import Text, load_service
service = load_service(sys.argv[1])
units = ["a", "0", "A", "aa-", "a.", "a_", "a/", "-", "*", "*a", "a-a/", "/a"]
units += ["arn:aws", "-aws", ":", "a,", "+"]
heads = ["", "arn:aws", "arn:aws:iam::123456789012:role/", "o-aaaaaaaaaa/r-aaaa", "http://", "/", "a"]
for name, shape in service.shapes.items():
    if isinstance(shape, Text) and shape.pattern is not None:
        print(name, flush=True)
        size = min(shape.maximum or 4096, 4096)
        for head in heads:
            for unit in units:
                shape.pattern.fullmatch((head + unit * size)[: size - 1] + "!")
                shape.pattern.fullmatch((head + unit * size)[: size - 1] + "\\n")
print("done")
"""


def text(service: ServiceModel, name: str) -> Text:
    shape = service.shapes[name]
    assert isinstance(shape, Text)
    return shape


@pytest.mark.parametrize("name", NAMES)
def test_attack_41_every_pattern_ends_on_its_worst_input(name: str) -> None:
    # The limit is a hang's, not a measurement: a pattern that backtracks would need years.
    run = subprocess.run(
        [sys.executable, "-c", WORST, name],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert run.stdout.endswith("done\n")


def test_attack_41_the_linear_form_accepts_what_the_published_pattern_accepts() -> None:
    ours = text(model("ecr"), "ScanningRepositoryFilterValue")
    assert ours.pattern is not None
    published = compile_pattern(ours.shown_pattern)
    for length in range(1, 6):
        for letters in product("a*-./", repeat=length):
            word = "".join(letters)
            assert bool(ours.pattern.fullmatch(word)) == bool(published.fullmatch(word)), word


def test_java_classes_of_a_pattern_are_unicode_ones() -> None:
    pattern = compile_pattern(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")
    assert pattern.fullmatch("Größe 日本 ①\u2003x@y")
    assert not pattern.fullmatch("a!")


def test_plain_classes_of_a_pattern_are_ascii_ones() -> None:
    assert not compile_pattern(r"[\w]+").fullmatch("größe")
    assert not compile_pattern(r"\d{12}").fullmatch("\u0661" * 12)


def test_the_astral_range_of_sts_s_arns_is_what_it_means() -> None:
    pattern = text(model("sts"), "arnType").pattern
    assert pattern is not None
    assert pattern.fullmatch("\U0001f600")
    assert not pattern.fullmatch("\x00")


def test_models_never_come_from_the_home_of_whoever_runs_the_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    assert load_service("ecr").signing_name == "ecr"


def test_the_newest_ecr_is_served_with_its_identity() -> None:
    ecr = model("ecr")
    assert ecr.target_prefix == "AmazonEC2ContainerRegistry_V20150921"
    assert (ecr.api_version, ecr.protocol, ecr.json_version, len(ecr.operations)) == (
        "2015-09-21",
        "json",
        "1.1",
        62,
    )


def test_operations_that_carry_content_take_larger_bodies() -> None:
    limits = {op.name: op.body_limit for op in model("ecr").operations.values() if op.body_limit > 1 << 20}
    assert limits == {"UploadLayerPart": 28 << 20, "PutImage": 25 << 20}


def test_deviations_name_only_what_the_models_have() -> None:
    from entrepot.aws.model import _deviations

    for name, said in _deviations().items():
        if name == "entrepot":
            continue
        service = model(name)
        assert set(said.get("bodyLimits", {})) <= set(service.operations)
        assert set(said.get("shapes", {})) <= set(service.shapes)


def test_a_shape_of_an_unknown_type_is_a_bug() -> None:
    metadata = {"apiVersion": "1", "protocol": "json", "serviceFullName": "X", "endpointPrefix": "x"}
    with pytest.raises(ValueError, match="magic"):
        parse_model("x", {"metadata": metadata, "operations": {}, "shapes": {"S": {"type": "magic"}}}, {})
