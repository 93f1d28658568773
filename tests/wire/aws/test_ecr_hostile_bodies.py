"""Random bodies for every operation: answered or refused as its model says, never a 5xx."""

import json
from base64 import b64encode
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.aws.builders import values
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import Served

from entrepot.aws.model import Structure, load_service
from entrepot.services.ecr.service import ECR_OFFERED

MODEL = load_service("ecr")
NAME = "team/app"
KNOWN: Mapping[str, object] = {
    "repositoryName": NAME,
    "repositoryNames": [NAME],
    "imageIds": [{"imageTag": "v1"}],
    "resourceArn": f"arn:aws:ecr:eu-west-1:123456789012:repository/{NAME}",
    "nextToken": None,
    "registryId": None,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def bodies(operation: str) -> st.SearchStrategy[object]:
    """What the model allows, the same about things that are there, with members replaced, or any JSON."""
    shape = MODEL.operations[operation].input
    allowed = values(MODEL, shape) if shape is not None else st.just({})
    known = {name: value for name, value in KNOWN.items() if name in members(operation)}
    wrong = st.dictionaries(st.sampled_from(members(operation) or ["x"]), JSON, max_size=2)
    return st.one_of(
        allowed,
        allowed.map(lambda body: merged(body, known)),
        st.builds(lambda body, other: merged(merged(body, known), other), allowed, wrong),
        JSON,
    )


def members(operation: str) -> list[str]:
    shape = MODEL.shapes.get(MODEL.operations[operation].input or "")
    return sorted(shape.members) if isinstance(shape, Structure) else []


def merged(body: object, over: Mapping[str, object]) -> object:
    return {**body, **over} if isinstance(body, dict) else over


def written(body: object) -> bytes:
    """JSON as json writes it: NaN, lone surrogates and whole numbers of any length as well."""
    return json.dumps(body, default=lambda raw: b64encode(raw).decode()).encode()


@pytest.mark.parametrize("operation", sorted(ECR_OFFERED))
async def test_no_body_makes_an_operation_fail(served: Served, operation: str) -> None:
    ecr = served.ecr()
    await create(ecr, NAME)
    await push_image(ecr, NAME, "v1")
    statuses: set[int] = set()

    for body in drawn(bodies(operation)):
        statuses.add((await served.ask(operation, body)).status)

    assert statuses <= {200, 400, 413}


def drawn(strategy: st.SearchStrategy[object], count: int = 60) -> list[bytes]:
    """Examples, simple ones first."""
    found: list[bytes] = []

    @settings(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(body: object) -> None:
        found.append(written(body))

    collect()
    return found


RAW = [
    b"",
    b"null",
    b"[]",
    b"1",
    b'""',
    b"{",
    b"{}{}",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b'{"repositoryName": "team/app", "repositoryName": null}',
    b"NaN",
    b'{"maxResults": NaN}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"repositoryName": "\\ud800"}',
    b"\x00" * 1000,
    b" " * 1_000_000,
]


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
@pytest.mark.parametrize("operation", ["CreateRepository", "DescribeRepositories", "UploadLayerPart"])
async def test_attack_13_a_body_that_is_no_request_is_refused_or_empty(
    served: Served, operation: str, raw: bytes
) -> None:
    answer = await served.ask(operation, raw)
    assert answer.status in (200, 400)
    if answer.status == 400:
        assert answer.code in ("SerializationException", "InvalidParameterException")


@pytest.mark.parametrize("operation", sorted(set(ECR_OFFERED) - {"PutImage", "UploadLayerPart"}))
async def test_a_body_over_a_mebibyte_is_refused_where_none_is_needed(served: Served, operation: str) -> None:
    answer = await served.ask(operation, b" " * (1024 * 1024 + 1))
    assert (answer.status, answer.code) == (413, "RequestEntityTooLargeException")
