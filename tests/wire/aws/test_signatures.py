"""Signatures at the door of the whole app: what is signed is what happens, and nothing else does."""

from asyncio import to_thread
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import FunctionType
from typing import TYPE_CHECKING

import orjson
import pytest
from aiohttp import ClientSession
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from tests.unit.aws.builders import signed, wire_request
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, REGION, TARGET, Answer, Served, refusal

from entrepot.aws import sigv4
from entrepot.aws.wire import Headers, WireRequest
from entrepot.identity.credentials import new_key
from entrepot.identity.signing import Signer

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

Alter = Callable[[WireRequest], WireRequest]
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)


def creation(served: Served, name: str = "team/app", service: str = "ecr") -> WireRequest:
    root = served.roots[ACCOUNT]
    return signed(
        url=f"{served.url}/",
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{TARGET}.CreateRepository",
        },
        body=orjson.dumps({"repositoryName": name}),
        service=service,
        key_id=root.access_key_id,
        secret=root.secret,
    )


def with_header(request: WireRequest, name: str, *values: str) -> WireRequest:
    """The request with this header and no other of its name."""
    lines = [(n, v) for n in request.headers.names() if n != name.lower() for v in request.headers.all(n)]
    return replace(request, headers=Headers([*lines, *((name, value) for value in values)]))


async def nothing_was_made(served: Served) -> bool:
    return (await to_thread(served.ecr().describe_repositories))["repositories"] == []


async def test_attack_32_another_body_than_the_signed_one_is_refused(served: Served) -> None:
    async def read_body(limit: int) -> bytes:
        return orjson.dumps({"repositoryName": "team/evil"})

    answer = await served.send(replace(creation(served), read_body=read_body))

    assert (answer.status, answer.code, answer.message) == (400, "InvalidSignatureException", MISMATCH)
    assert await nothing_was_made(served)


ALTERED: dict[str, Alter] = {
    "another_operation": lambda r: with_header(r, "X-Amz-Target", f"{TARGET}.DeleteRepository"),
    "another_host": lambda r: with_header(r, "Host", "evil.example"),
    "another_path": lambda r: replace(r, raw_path="/other"),
    "a_query": lambda r: replace(r, raw_query="x=1"),
    "another_type": lambda r: with_header(r, "Content-Type", "text/plain"),
    "a_second_header": lambda r: with_header(r, "Content-Type", "application/x-amz-json-1.1", "text/plain"),
    "another_date": lambda r: with_header(
        r, "X-Amz-Date", (datetime.now(UTC) + timedelta(seconds=61)).strftime("%Y%m%dT%H%M%SZ")
    ),
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED.keys())
async def test_attack_32_what_was_altered_after_signing_is_refused(served: Served, alter: Alter) -> None:
    answer = await served.send(alter(creation(served)))
    assert (answer.status, answer.code, answer.message) == (400, "InvalidSignatureException", MISMATCH)
    assert await nothing_was_made(served)


async def test_attack_32_an_unsigned_header_of_aws_is_refused(served: Served) -> None:
    answer = await served.send(with_header(creation(served), "X-Amz-Security-Token", "smuggled"))
    assert answer.status == 400
    assert answer.code == "UnrecognizedClientException"
    answer = await served.send(with_header(creation(served), "X-Amz-Other", "smuggled"))
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")


async def test_attack_32_two_targets_are_no_operation(served: Served) -> None:
    doubled = with_header(
        creation(served), "X-Amz-Target", f"{TARGET}.CreateRepository", f"{TARGET}.DeleteRepository"
    )
    assert (await served.send(doubled)).code == "UnknownOperationException"


@pytest.mark.parametrize(
    ("minutes", "said"), [(-16, "Signature expired: "), (16, "Signature not yet current: ")]
)
async def test_attack_32_a_signature_of_another_time_is_refused(
    served: Served, minutes: int, said: str
) -> None:
    answer = await served.send(signed_at(served, datetime.now(UTC) + timedelta(minutes=minutes)))
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")
    assert answer.message.startswith(said)
    assert "15 min.)" in answer.message


def signed_at(served: Served, at: datetime) -> WireRequest:
    """A request whose date, and the signature over it, are of that instant."""
    root, stamp = served.roots[ACCOUNT], at.strftime("%Y%m%dT%H%M%SZ")
    request = AWSRequest(
        method="POST",
        url=f"{served.url}/",
        headers={
            "X-Amz-Target": f"{TARGET}.DescribeRepositories",
            "X-Amz-Date": stamp,
            "Host": f"127.0.0.1:{served.port}",
        },
        data=b"{}",
    )
    signer = SigV4Auth(BotoCredentials(root.access_key_id, root.secret), "ecr", REGION)
    request.context["timestamp"] = stamp
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    names = signer.signed_headers(signer.headers_to_sign(request))
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, Signature={signature}"
    )
    return wire_request(url=request.url, headers=list(request.headers.items()), body=b"{}")


async def test_a_signature_of_this_time_made_by_hand_is_taken(served: Served) -> None:
    assert (await served.send(signed_at(served, datetime.now(UTC)))).status == 200


async def test_attack_32_a_signature_for_another_service_is_refused(served: Served) -> None:
    answer = await served.send(creation(served, service="sts"))
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")
    assert answer.message == "Credential should be scoped to correct service: 'ecr'. "


async def test_an_unknown_key_is_refused(served: Served) -> None:
    refused = await refusal(served.ecr(keys=new_key()).describe_repositories)
    assert (refused.code, refused.status) == ("UnrecognizedClientException", 400)
    assert refused.message == "The security token included in the request is invalid."


async def test_a_wrong_secret_is_refused(served: Served) -> None:
    wrong = replace(served.roots[ACCOUNT], secret=new_key().secret)
    refused = await refusal(served.ecr(keys=wrong).describe_repositories)
    assert (refused.code, refused.status, refused.message) == ("InvalidSignatureException", 400, MISMATCH)


async def test_an_unsigned_call_is_refused(served: Served) -> None:
    request = creation(served)
    bare = wire_request(headers={"X-Amz-Target": f"{TARGET}.CreateRepository"}, body=b"{}")
    answer = await served.send(replace(bare, host=request.host))
    assert (answer.status, answer.code) == (400, "MissingAuthenticationTokenException")
    assert answer.message == "Missing Authentication Token"


@pytest.mark.parametrize(
    "header",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b",
        "Basic QVdTOng=",
        "Bearer x",
        "AWS4-ECDSA-P256-SHA256 Credential=x",
        "AWS4-HMAC-SHA256 " + "x" * 100_000,
        "",
    ],
    ids=range(7),
)
async def test_attack_32_an_authorization_that_cannot_be_read_is_refused(served: Served, header: str) -> None:
    answer: Answer = await served.send(with_header(creation(served), "Authorization", header))
    assert answer.status == 400
    assert answer.code in ("IncompleteSignatureException", "MissingAuthenticationTokenException")


async def test_attack_20_a_registry_token_signs_no_call_and_a_signature_opens_no_registry(
    ecr: "ECRClient", served: Served
) -> None:
    await create(ecr)
    [granted] = (await to_thread(ecr.get_authorization_token))["authorizationData"]
    basic = f"Basic {granted['authorizationToken']}"
    assert (await served.send(with_header(creation(served, "a/b"), "Authorization", basic))).status == 400

    root = served.roots[ACCOUNT]
    request = AWSRequest(method="GET", url=f"{served.url}/v2/_catalog")
    SigV4Auth(BotoCredentials(root.access_key_id, root.secret), "ecr", REGION).add_auth(request)
    async with (
        ClientSession() as client,
        client.get(request.url, headers=dict(request.headers.items())) as response,
    ):
        assert (response.status, await response.text()) == (401, "Not Authorized\n")


@pytest.mark.parametrize(
    "check", [sigv4.verify, sigv4.check_session_token, Signer._verify], ids=lambda check: check.__qualname__
)
def test_attack_31_secrets_are_compared_in_constant_time(check: FunctionType) -> None:
    assert "compare_digest" in check.__code__.co_names
