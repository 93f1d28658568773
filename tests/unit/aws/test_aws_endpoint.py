"""The order of what a request meets: who may make us read, decode, decide or act."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast
from xml.etree import ElementTree as ET

import orjson
import pytest
from tests.unit.aws.builders import (
    ACCOUNT,
    REQUEST_ID,
    ROOT,
    Keys,
    Rules,
    key_record,
    presigned,
    signed,
    wire_request,
)

from entrepot.aws.endpoint import Endpoint, KeyRecord, describe, offer
from entrepot.aws.operations import ANONYMOUS, Call, Operations
from entrepot.aws.wire import Headers, WireRequest, WireResponse
from entrepot.domain.errors import RepositoryNotFound, TooLarge

if TYPE_CHECKING:
    from types_boto3_ecr.type_defs import (
        CreateRepositoryRequestTypeDef,
        DescribeRepositoriesRequestTypeDef,
        UploadLayerPartRequestTypeDef,
    )
    from types_boto3_sts.type_defs import GetSessionTokenRequestTypeDef

TARGET = "AmazonEC2ContainerRegistry_V20150921"
JSON = {"Content-Type": "application/x-amz-json-1.1"}
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"


class Ecr:
    """Four operations, and what they were called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[Call, object]] = []

    async def create(self, call: Call, params: "CreateRepositoryRequestTypeDef") -> Mapping[str, object]:
        self.calls.append((call, params))
        return {"repository": {"repositoryName": params["repositoryName"], "registryId": call.account}}

    async def describe(
        self, call: Call, params: "DescribeRepositoriesRequestTypeDef"
    ) -> Mapping[str, object]:
        raise RepositoryNotFound(params.get("nextToken", "team/app"), call.account)

    async def fail(self, call: Call, params: Mapping[str, object]) -> Mapping[str, object]:
        raise RuntimeError("the secret detail")

    async def upload(self, call: Call, params: "UploadLayerPartRequestTypeDef") -> Mapping[str, object]:
        self.calls.append((call, params))
        return {"lastByteReceived": params["partLastByte"]}


sts = Operations()


@sts.register("GetCallerIdentity")
async def get_caller_identity(call: Call, params: Mapping[str, object]) -> Mapping[str, object]:
    return {"UserId": call.caller.user_id, "Account": call.account, "Arn": call.caller.arn}


@sts.register("GetSessionToken")
async def get_session_token(call: Call, params: "GetSessionTokenRequestTypeDef") -> Mapping[str, object]:
    expiration = call.received_at + timedelta(seconds=params.get("DurationSeconds", 43200))
    return {"Credentials": {"AccessKeyId": "ASIA", "Expiration": expiration}}


@sts.register("AssumeRoleWithWebIdentity")
async def assume_role(call: Call, params: Mapping[str, object]) -> Mapping[str, object]:
    assert call.caller is ANONYMOUS
    return {"PackedPolicySize": 1}


class World:
    """An endpoint for ecr and sts, and everything it stands on."""

    def __init__(self) -> None:
        self.ecr = Ecr()
        self.rules = Rules("ecr:DescribeImages")
        self.threads = ThreadPoolExecutor(1)
        operations = Operations(
            {
                "CreateRepository": self.ecr.create,
                "DescribeRepositories": self.ecr.describe,
                "DescribeImages": self.ecr.fail,
                "ListImages": self.ecr.fail,
                "UploadLayerPart": self.ecr.upload,
            }
        )
        self.services = [offer("ecr", operations), offer("sts", sts)]

    def endpoint(self, *keys: KeyRecord) -> Endpoint:
        known = Keys(*keys) if keys else Keys(key_record())
        return Endpoint(self.services, known, self.rules, threads=self.threads)

    async def answer(self, request: WireRequest) -> WireResponse:
        return await self.endpoint().answer(request)


@pytest.fixture(name="world")
def _world() -> Iterator[World]:
    world = World()
    yield world
    world.threads.shutdown()


def ecr(
    operation: str, body: object = None, *, token: str | None = None, region: str = "eu-west-1"
) -> WireRequest:
    headers = {**JSON, "X-Amz-Target": f"{TARGET}.{operation}"}
    return signed(headers=headers, body=orjson.dumps(body or {}), token=token, region=region)


def unreadable(request: WireRequest) -> WireRequest:
    """The request, failing the test if its body is read."""

    async def read_body(limit: int) -> bytes:
        raise AssertionError("the body was read")

    return replace(request, read_body=read_body)


def error(response: WireResponse) -> str:
    return cast("str", orjson.loads(response.body)["__type"])


def xml_error(response: WireResponse) -> str:
    return ET.fromstring(response.body.decode()).findtext(".//{*}Code") or ""


async def test_a_signed_call_reaches_its_handler_and_back(world: World) -> None:
    response = await world.answer(ecr("CreateRepository", {"repositoryName": "team/app"}, region="eu-west-9"))
    assert response.status == 200
    assert orjson.loads(response.body) == {
        "repository": {"repositoryName": "team/app", "registryId": ACCOUNT}
    }
    assert ("x-amzn-RequestId", REQUEST_ID) in response.headers
    ((call, params),) = world.ecr.calls
    assert (call.operation, call.region, call.caller) == ("CreateRepository", "eu-west-9", ROOT)
    assert (call.host, call.scheme, call.is_secure) == ("localhost:5050", "http", False)
    assert params == {"repositoryName": "team/app"}
    assert world.rules.asked == ["ecr:CreateRepository"]


async def test_a_refusal_of_the_handler_is_said_in_aws_s_words(world: World) -> None:
    response = await world.answer(ecr("DescribeRepositories"))
    assert (response.status, error(response)) == (400, "RepositoryNotFoundException")


async def test_a_bug_says_nothing_but_that_it_happened(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    response = await world.answer(ecr("ListImages", {"repositoryName": "team/app"}))
    assert (response.status, error(response)) == (500, "ServerException")
    assert b"secret detail" not in response.body
    assert [record.getMessage() for record in caplog.records] == [f"request {REQUEST_ID} failed"]


async def test_what_is_denied_never_reaches_its_handler(world: World) -> None:
    response = await world.answer(ecr("DescribeImages", {"repositoryName": "team/app"}))
    assert error(response) == "AccessDeniedException"


async def test_an_operation_that_is_not_offered_says_so(world: World) -> None:
    response = await world.answer(ecr("StartImageScan"))
    assert (response.status, error(response)) == (501, "NotImplementedException")


@pytest.mark.parametrize(
    "target", [f"{TARGET}.Nope", "Nope.CreateRepository", "", ".", TARGET, "é\x00" * 500]
)
async def test_an_unknown_target_is_an_unknown_operation(world: World, target: str) -> None:
    response = await world.answer(unreadable(wire_request(headers={"X-Amz-Target": target})))
    assert (response.status, error(response)) == (404, "UnknownOperationException")
    assert len(response.body) < 500


async def test_a_target_serves_at_any_path(world: World) -> None:
    headers = {**JSON, "X-Amz-Target": f"{TARGET}.CreateRepository"}
    body = b'{"repositoryName":"ab"}'
    response = await world.answer(signed(url="http://localhost:5050/a/b/", headers=headers, body=body))
    assert response.status == 200


async def test_a_call_in_another_method_is_an_unknown_operation(world: World) -> None:
    headers = {"X-Amz-Target": f"{TARGET}.CreateRepository"}
    response = await world.answer(signed(method="GET", headers=headers))
    assert error(response) == "UnknownOperationException"


def unsigned() -> WireRequest:
    return wire_request(headers={"X-Amz-Target": f"{TARGET}.CreateRepository"})


def scoped(service: str) -> WireRequest:
    return signed(headers={"X-Amz-Target": f"{TARGET}.CreateRepository"}, service=service)


def foreign() -> WireRequest:
    return signed(headers={"X-Amz-Target": f"{TARGET}.CreateRepository"}, key_id="AKIAUNKNOWN")


def announced() -> WireRequest:
    return signed(headers={"X-Amz-Target": f"{TARGET}.CreateRepository", "Content-Length": "1048577"})


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (unsigned, "MissingAuthenticationTokenException"),
        (lambda: scoped("s3"), "InvalidSignatureException"),
        (foreign, "UnrecognizedClientException"),
        (announced, "RequestEntityTooLargeException"),
        (
            lambda: ecr("CreateRepository", token="for-a-long-lived-key"),
            "UnrecognizedClientException",
        ),
    ],
)
async def test_attack_32_no_body_is_read_for_a_claim_that_cannot_hold(
    world: World, request_: Callable[[], WireRequest], code: str
) -> None:
    assert error(await world.answer(unreadable(request_()))) == code


async def test_attack_32_an_old_request_is_refused_before_its_body_is_read(world: World) -> None:
    late = datetime.now(UTC) + timedelta(hours=1)
    endpoint = Endpoint(
        world.services, Keys(key_record()), world.rules, threads=world.threads, clock=lambda: late
    )
    response = await endpoint.answer(unreadable(ecr("CreateRepository")))
    assert error(response) == "InvalidSignatureException"


@pytest.mark.parametrize(("named", "is_taken"), [("eu-west-1", True), (None, True), ("us-east-1", False)])
async def test_attack_32_a_signature_holds_in_the_region_of_the_host_alone(
    world: World, named: str | None, *, is_taken: bool
) -> None:
    endpoint = Endpoint(
        world.services,
        Keys(key_record()),
        world.rules,
        threads=world.threads,
        region_of=lambda host: {"localhost:5050": named}[host],
    )

    response = await endpoint.answer(ecr("CreateRepository", {"repositoryName": "team/app"}))

    assert response.status == (200 if is_taken else 400)
    text = b"Credential should be scoped to a valid region, not 'eu-west-1'. "
    assert (text in response.body) != is_taken


async def test_attack_32_a_swapped_body_is_refused_before_it_is_decoded(world: World) -> None:
    request = ecr("CreateRepository", {"repositoryName": "team/app"})

    async def read_body(limit: int) -> bytes:
        return b"not even json"

    response = await world.answer(replace(request, read_body=read_body))
    assert error(response) == "InvalidSignatureException"
    assert world.ecr.calls == []


async def test_attack_31_a_wrong_secret_is_refused(world: World) -> None:
    headers = {"X-Amz-Target": f"{TARGET}.CreateRepository"}
    response = await world.answer(signed(headers=headers, secret="guess"))
    assert error(response) == "InvalidSignatureException"


async def test_a_session_key_needs_its_own_token(world: World) -> None:
    endpoint = world.endpoint(key_record(token="the-token"))
    body = {"repositoryName": "ab"}
    assert (await endpoint.answer(ecr("CreateRepository", body, token="the-token"))).status == 200
    for token in (None, "another"):
        response = await endpoint.answer(ecr("CreateRepository", body, token=token))
        assert error(response) == "UnrecognizedClientException"


async def test_an_ended_session_is_an_expired_token(world: World) -> None:
    ended = datetime.now(UTC) - timedelta(seconds=1)
    endpoint = world.endpoint(key_record(token="t", expires_at=ended))
    response = await endpoint.answer(ecr("CreateRepository", token="t"))
    assert error(response) == "ExpiredTokenException"


async def test_an_inactive_key_is_an_unknown_one(world: World) -> None:
    response = await world.endpoint(key_record(is_active=False)).answer(ecr("CreateRepository"))
    assert error(response) == "UnrecognizedClientException"


async def test_a_body_over_the_operation_s_limit_is_refused(world: World) -> None:
    headers = {"X-Amz-Target": f"{TARGET}.CreateRepository"}
    response = await world.answer(signed(headers=headers, body=b" " * (1024 * 1024 + 1)))
    assert (response.status, error(response)) == (413, "RequestEntityTooLargeException")


async def test_large_bodies_wait_for_one_another(world: World) -> None:
    reading, most = 0, 0
    two, everyone = asyncio.Event(), asyncio.Event()

    def part() -> WireRequest:
        request = ecr("UploadLayerPart")

        async def read_body(limit: int) -> bytes:
            nonlocal reading, most
            reading += 1
            most = max(most, reading)
            if reading == 2:
                two.set()
            await everyone.wait()
            reading -= 1
            raise TooLarge(limit)

        return replace(request, read_body=read_body)

    endpoint = Endpoint(
        world.services, Keys(key_record()), world.rules, threads=world.threads, large_bodies=2
    )
    asked = [asyncio.ensure_future(endpoint.answer(part())) for _ in range(5)]
    await two.wait()
    small = await endpoint.answer(ecr("CreateRepository", {"repositoryName": "ab"}))
    everyone.set()
    answers = await asyncio.gather(*asked)
    assert small.status == 200
    assert most == 2
    assert {error(each) for each in answers} == {"RequestEntityTooLargeException"}


async def test_a_part_of_several_mebibytes_passes(world: World) -> None:
    body = {
        "repositoryName": "team/app",
        "uploadId": REQUEST_ID,
        "partFirstByte": 0,
        "partLastByte": 3 * 2**20 - 1,
        "layerPartBlob": "AAAA" * 2**20,
    }
    response = await world.answer(ecr("UploadLayerPart", body))
    assert orjson.loads(response.body) == {"lastByteReceived": 3 * 2**20 - 1}


async def test_a_query_call_is_answered_in_xml(world: World) -> None:
    response = await world.answer(signed(service="sts", headers=FORM, body=IDENTITY))
    root = ET.fromstring(response.body.decode())
    assert root.tag == "{https://sts.amazonaws.com/doc/2011-06-15/}GetCallerIdentityResponse"
    assert root.findtext(".//{*}Arn") == ROOT.arn
    assert root.findtext(".//{*}RequestId") == REQUEST_ID


async def test_a_query_call_may_come_as_a_presigned_url(world: World) -> None:
    url = "http://localhost:5050/?Action=GetCallerIdentity&Version=2011-06-15"
    response = await world.answer(presigned(url=url))
    assert response.status == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"Action=Nope&Version=2011-06-15", "InvalidAction"),
        (b"", "InvalidAction"),
        (b"Action=GetCallerIdentity&Action=GetSessionToken", "MalformedQueryString"),
        (b"Action=GetSessionToken&DurationSeconds=1", "ValidationError"),
        (b"Action=GetFederationToken&Name=ab", "NotImplementedException"),
    ],
)
async def test_query_refusals_are_xml(world: World, body: bytes, code: str) -> None:
    assert xml_error(await world.answer(signed(service="sts", headers=FORM, body=body))) == code


async def test_a_query_call_of_an_unknown_service_is_an_invalid_action(world: World) -> None:
    response = await world.answer(unreadable(signed(service="sqs", headers=FORM, body=IDENTITY)))
    assert xml_error(response) == "InvalidAction"


async def test_a_signed_query_operation_without_signature_is_refused(world: World) -> None:
    response = await world.answer(wire_request(headers=FORM, body=IDENTITY))
    assert (response.status, xml_error(response)) == (403, "MissingAuthenticationToken")


async def test_an_operation_that_aws_takes_unsigned_is_taken_unsigned(world: World) -> None:
    body = (
        b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/a"
        b"&RoleSessionName=me&WebIdentityToken=token"
    )
    response = await world.answer(wire_request(headers=FORM, body=body))
    assert response.status == 200


async def test_an_unsigned_body_is_read_only_a_little(world: World) -> None:
    response = await world.answer(wire_request(headers=FORM, body=b"a=1&" * 20_000))
    assert (response.status, xml_error(response)) == (413, "RequestEntityTooLargeException")


async def test_every_refusal_carries_the_request_id(world: World) -> None:
    for request in (wire_request(), unsigned(), ecr("StartImageScan")):
        assert ("x-amzn-RequestId", REQUEST_ID) in (await world.answer(request)).headers


def test_an_operation_that_the_model_lacks_cannot_be_offered() -> None:
    with pytest.raises(ValueError, match="CreateRepositry"):
        offer("ecr", Operations({"CreateRepositry": get_caller_identity}))


def test_an_operation_cannot_be_offered_twice() -> None:
    with pytest.raises(ValueError, match="already"):
        sts.register("GetCallerIdentity")(get_caller_identity)


def test_what_is_offered_and_what_is_missing_add_up_to_the_model(world: World) -> None:
    for service in world.services:
        told = describe(service.model, service.operations)
        assert set(told.offered) | set(told.missing) == set(service.model.operations)
        assert not set(told.offered) & set(told.missing)
        assert told.service == service.name


def test_a_key_record_shows_no_secret() -> None:
    assert key_record(token="t").secret not in repr(key_record(token="t"))


def test_header_names_are_found_in_any_case() -> None:
    headers = Headers([("X-Amz-Date", "a"), ("x-amz-DATE", "b")])
    assert headers.all("x-amz-date") == ["a", "b"]
