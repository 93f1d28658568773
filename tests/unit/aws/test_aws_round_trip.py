"""What botocore writes we read, and what we write botocore reads: every operation, generated values."""

from collections.abc import Mapping
from typing import cast
from urllib.parse import urlencode

import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.aws.builders import REQUEST_ID, boto_model, model, values

from entrepot.aws.endpoint import Service, service_of
from entrepot.aws.operations import Operations
from entrepot.aws.wire import WireResponse

NAMES = ["ecr", "sts", "ecr-public", "iam", "kms"]
SERVICES: dict[str, Service] = {name: service_of(model(name), Operations()) for name in NAMES}
OPERATIONS = [
    pytest.param(name, operation, id=f"{name}-{operation}")
    for name, service in SERVICES.items()
    for operation in service.model.operations
]
# XML holds no control characters, and only those.
XML_TEXT = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
quick = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def body_of(serialized: Mapping[str, object]) -> bytes:
    """The body as botocore's request preparation makes it."""
    body = serialized["body"]
    return urlencode(cast("dict[str, str]", body)).encode() if isinstance(body, dict) else cast("bytes", body)


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_what_botocore_serializes_is_decoded_to_the_same_values(name: str, operation: str) -> None:
    service = SERVICES[name]
    shape = service.model.operations[operation].input
    serializer = create_serializer(service.model.protocol, include_validation=True)
    boto_operation = boto_model(name).operation_model(operation)

    @quick
    @given(values(service.model, shape) if shape else st.just({}))
    def check(params: Mapping[str, object]) -> None:
        serialized = serializer.serialize_to_request(params, boto_operation)
        assert service.protocol.decode(operation, body_of(serialized), []) == params

    check()


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_what_we_encode_is_parsed_by_botocore_to_the_same_values(name: str, operation: str) -> None:
    service = SERVICES[name]
    shape = service.model.operations[operation].output
    boto_operation = boto_model(name).operation_model(operation)
    parser = create_parser(service.model.protocol)
    text = XML_TEXT if service.model.protocol == "query" else None

    @quick
    @given(values(service.model, shape, text) if shape else st.just({}))
    def check(result: Mapping[str, object]) -> None:
        response = service.protocol.answer(operation, result, REQUEST_ID)
        parsed = parser.parse(as_boto(response), boto_operation.output_shape)
        metadata = parsed.pop("ResponseMetadata")
        assert parsed == result
        assert metadata["RequestId"] == REQUEST_ID

    check()


def as_boto(response: WireResponse) -> dict[str, object]:
    """The response as botocore's HTTP client hands it to a parser."""
    headers = {name.lower(): value for name, value in response.headers}
    return {"status_code": response.status, "headers": headers, "body": response.body}
