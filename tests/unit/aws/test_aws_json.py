"""JSON requests: every way to write them badly gets AWS's refusal, and never more than that."""

import math
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.aws.builders import REQUEST_ID, model

from entrepot.aws.codec import BLOB_PIECE, Params
from entrepot.aws.json_protocol import JsonProtocol
from entrepot.aws.model import Json, parse_model
from entrepot.aws.refusals import WireFault
from entrepot.domain.errors import InvalidParameter, Refusal

ECR = JsonProtocol(model("ecr"))
KMS = JsonProtocol(model("kms"))
PART = {
    "repositoryName": "team/app",
    "uploadId": "2f1f4f2e-6a0b-4a3e-9a53-0f4f9a1f9f00",
    "partFirstByte": 0,
    "partLastByte": 3,
    "layerPartBlob": "AAEC/w==",
}


def decode(operation: str, body: object) -> Params:
    return ECR.decode(operation, body if isinstance(body, bytes) else orjson.dumps(body), [])


def unserializable(operation: str, body: object) -> str:
    with pytest.raises(WireFault) as caught:
        decode(operation, body)
    assert (caught.value.code, caught.value.status) == ("SerializationException", 400)
    return caught.value.message


def invalid(operation: str, body: object) -> tuple[str, str]:
    with pytest.raises(InvalidParameter) as caught:
        decode(operation, body)
    return caught.value.parameter, caught.value.reason


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf{}",
        b"{} ",
        b'{"maxResults": 1}x',
        b'{"maxResults": NaN}',
        b'{"maxResults": Infinity}',
        b'{"maxResults": 1,}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b"[]",
        b"null",
        b"1",
        b'"{}"',
        b"{",
        b"{'a': 1}",
        b"\x00",
        b'{"filter":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001,
        b"[" * 10_000,
    ],
)
def test_attack_13_what_is_not_one_json_object_is_refused(body: bytes) -> None:
    if body == b"{} ":
        assert decode("DescribeRepositories", body) == {}
    else:
        unserializable("DescribeRepositories", body)


def test_attack_13_of_a_repeated_key_every_reader_sees_the_last() -> None:
    body = b'{"repositoryName": "a/b", "repositoryName": "c/d"}'
    assert decode("CreateRepository", body) == {"repositoryName": "c/d"}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64))
def test_attack_13_no_bytes_whatever_raise_anything_but_a_refusal(body: bytes) -> None:
    with suppress(Refusal):
        decode("PutImage", body)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["repositoryName", "tags", "imageScanningConfiguration", "encryptionConfiguration"]),
        json_values,
    )
)
def test_no_json_whatever_raises_anything_but_a_refusal(body: dict[str, object]) -> None:
    try:
        decoded = decode("CreateRepository", body)
    except Refusal:
        return
    assert isinstance(decoded["repositoryName"], str)


def test_an_empty_body_is_an_empty_object() -> None:
    assert decode("DescribeRepositories", b"") == {}


def test_unknown_members_are_ignored_and_null_is_absent() -> None:
    assert decode("DescribeRepositories", {"x": [1], "maxResults": None}) == {}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"repositoryName": 1}, "A value at 'repositoryName' is not a string"),
        ({"repositoryName": ["a"]}, "A value at 'repositoryName' is not a string"),
        ({"repositoryName": "ab", "tags": {}}, "A value at 'tags' is not a list"),
        ({"repositoryName": "ab", "tags": [1]}, "A value at 'tags.1.member' is not an object"),
        (
            {"repositoryName": "ab", "tags": [{"Key": "a", "Value": False}]},
            "A value at 'tags.1.member.Value' is not a string",
        ),
        (
            {"repositoryName": "ab", "imageScanningConfiguration": {"scanOnPush": "true"}},
            "A value at 'imageScanningConfiguration.scanOnPush' is not true or false",
        ),
    ],
)
def test_a_value_of_another_type_is_named_in_a_serialization_exception(body: object, message: str) -> None:
    assert unserializable("CreateRepository", body) == message


NAME_PATTERN = (
    "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'"
)
MUTABILITY = "MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION"


@pytest.mark.parametrize(
    ("operation", "body", "parameter", "reason"),
    [
        ("CreateRepository", {}, "repositoryName", "Member must not be null"),
        ("CreateRepository", {"repositoryName": "Team"}, "repositoryName", NAME_PATTERN),
        ("CreateRepository", {"repositoryName": "team\n"}, "repositoryName", NAME_PATTERN),
        (
            "CreateRepository",
            {"repositoryName": "a"},
            "repositoryName",
            "must have length greater than or equal to 2",
        ),
        (
            "CreateRepository",
            {"repositoryName": "A" * 257},
            "repositoryName",
            "must have length less than or equal to 256",
        ),
        (
            "CreateRepository",
            {"repositoryName": "ab", "imageTagMutability": "mutable"},
            "imageTagMutability",
            f"Member must satisfy enum value set: [{MUTABILITY}]",
        ),
        (
            "BatchGetImage",
            {"repositoryName": "ab", "imageIds": [{}, {"imageTag": ""}]},
            "imageIds.2.member.imageTag",
            "must have length greater than or equal to 1",
        ),
        (
            "BatchGetImage",
            {"repositoryName": "ab", "imageIds": [{}] * 101},
            "imageIds",
            "must have length less than or equal to 100",
        ),
        (
            "PutLifecyclePolicy",
            {"repositoryName": "ab", "lifecyclePolicyText": "{}"},
            "LifecyclePolicyText",
            "must have length greater than or equal to 100",
        ),
        (
            "UploadLayerPart",
            {**PART, "partFirstByte": -1},
            "partFirstByte",
            "Member must have value greater than or equal to 0",
        ),
        (
            "PutImage",
            {"repositoryName": "ab", "imageManifest": "x" * 4194305},
            "ImageManifest",
            "must have length less than or equal to 4194304",
        ),
    ],
)
def test_a_broken_constraint_is_said_in_ecr_s_words(
    operation: str, body: object, parameter: str, reason: str
) -> None:
    assert invalid(operation, body) == (parameter, reason)


@pytest.mark.parametrize("value", [0, -1, 1001, 2**31 - 1, -(2**31)])
def test_attack_40_max_results_out_of_range_is_an_invalid_parameter(value: int) -> None:
    parameter, reason = invalid("DescribeRepositories", {"maxResults": value})
    assert parameter == "maxResults"
    assert reason.startswith("Member must have value")


@pytest.mark.parametrize("value", ["10", 1.5, 10.0, True, [], {}, 2**31, 2**63, 2**64 - 1, 1e300])
def test_attack_40_max_results_of_another_type_or_size_is_unserializable(value: object) -> None:
    unserializable("DescribeRepositories", {"maxResults": value})


def test_attack_40_max_results_of_a_hundred_digits_is_unserializable() -> None:
    unserializable("DescribeRepositories", b'{"maxResults": ' + b"9" * 100 + b"}")


@pytest.mark.parametrize("token", [1, True, [], {}, ["a"], {"a": 1}, 1.5])
def test_attack_40_a_next_token_of_another_type_is_unserializable(token: object) -> None:
    unserializable("DescribeRepositories", {"nextToken": token})


def test_a_blob_is_its_bytes() -> None:
    assert decode("UploadLayerPart", PART)["layerPartBlob"] == b"\x00\x01\x02\xff"


def test_a_large_blob_is_decoded_whole() -> None:
    content = bytes(range(256)) * 8192
    body = orjson.dumps({**PART, "layerPartBlob": "@"}).replace(b"@", b64encode(content))
    assert decode("UploadLayerPart", body)["layerPartBlob"] == content


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AA",
        "AAA",
        "AA=A",
        "A A=",
        "AAAA\n",
        "AA==AAAA",
        "AA-_",
        "ä",
        "AAA=" * 2,
        "AAA=" * (BLOB_PIECE // 2),
    ],
)
def test_what_is_not_base64_is_unserializable(text: str) -> None:
    unserializable("UploadLayerPart", {**PART, "layerPartBlob": text})


def test_a_blob_over_its_limit_is_refused_before_it_is_decoded() -> None:
    parameter, reason = invalid("UploadLayerPart", {**PART, "layerPartBlob": "!" * 27962032})
    assert (parameter, reason) == ("layerPartBlob", "must have length less than or equal to 20971520")


def test_other_services_speak_of_validation_errors() -> None:
    with pytest.raises(WireFault) as caught:
        KMS.decode("DescribeKey", b'{"KeyId": ""}', [])
    assert caught.value.code == "ValidationException"
    assert caught.value.message == (
        "1 validation error detected: Value '' at 'keyId' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )


def test_secrets_are_not_repeated_in_a_validation_error() -> None:
    credential = {"AccessKeyId": "A" * 20, "RawSecretAccessKey": "hush!"}
    body = {"CustomKeyStoreId": "c", "XksProxyAuthenticationCredential": credential}
    with pytest.raises(WireFault) as caught:
        KMS.decode("UpdateCustomKeyStore", orjson.dumps(body), [])
    assert "hush" not in caught.value.message


def test_times_leave_as_epoch_seconds_with_their_fraction() -> None:
    pushed_at = datetime(2023, 7, 26, 15, 40, 25, 197000, tzinfo=UTC)
    answer = ECR.answer("CreateRepository", {"repository": {"createdAt": pushed_at}}, REQUEST_ID)
    assert answer.body == b'{"repository":{"createdAt":1690386025.197}}'


def test_whole_seconds_leave_as_a_fraction_too() -> None:
    created_at = datetime(2019, 7, 15, tzinfo=UTC)
    answer = ECR.answer("CreateRepository", {"repository": {"createdAt": created_at}}, REQUEST_ID)
    assert orjson.loads(answer.body)["repository"]["createdAt"] == 1563148800.0
    assert b"1563148800.0" in answer.body


def test_absent_members_are_omitted_and_empty_lists_kept() -> None:
    answer = ECR.answer("BatchGetImage", {"images": None, "failures": []}, REQUEST_ID)
    assert answer.body == b'{"failures":[]}'


def test_answers_carry_the_request_id_and_the_content_type() -> None:
    headers = dict(ECR.answer("TagResource", {}, REQUEST_ID).headers)
    assert headers == {"x-amzn-RequestId": REQUEST_ID, "Content-Type": "application/x-amz-json-1.1"}


@pytest.mark.parametrize("result", [{"repositry": {}}, {"repository": {"repositoryName": 1}}])
def test_an_answer_unlike_the_model_is_a_bug(result: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError)):
        ECR.answer("CreateRepository", result, REQUEST_ID)


def test_shapes_that_hold_themselves_are_bounded() -> None:
    shapes: dict[str, Json] = {"Tree": {"type": "structure", "members": {"inner": {"shape": "Tree"}}}}
    operations: dict[str, Json] = {
        "Grow": {"name": "Grow", "input": {"shape": "Tree"}, "output": {"shape": "Tree"}}
    }
    metadata: dict[str, Json] = {
        "apiVersion": "1",
        "protocol": "json",
        "jsonVersion": "1.1",
        "serviceFullName": "X",
        "endpointPrefix": "x",
    }
    trees = JsonProtocol(
        parse_model("x", {"metadata": metadata, "operations": operations, "shapes": shapes}, {})
    )
    assert trees.decode("Grow", b'{"inner":{"inner":{}}}', []) == {"inner": {"inner": {}}}
    with pytest.raises(WireFault):
        trees.decode("Grow", b'{"inner":' * 1000 + b"{}" + b"}" * 1000, [])


@pytest.mark.parametrize("seconds", [1e300, -1e300, math.inf])
def test_times_beyond_the_calendar_are_unserializable(seconds: float) -> None:
    material = '"KeyId": "k", "ImportToken": "AA==", "EncryptedKeyMaterial": "AA=="'
    body = f'{{{material}, "ValidTo": {seconds}}}'.replace("inf", "1e999").encode()
    with pytest.raises(WireFault) as caught:
        KMS.decode("ImportKeyMaterial", body, [])
    assert caught.value.code == "SerializationException"
