"""Who gets in, and for what."""

import base64
import json
from datetime import timedelta

import pytest

from entrepot.domain.digests import Digest
from entrepot.domain.names import Registry
from tests.wire.oci.raw_http import Answer
from tests.wire.oci.world import ACCOUNT, HOME, OTHER_ACCOUNT, REGION, World, digest_of

DIGEST = digest_of(b"a layer")
EVERYWHERE = [
    ("GET", "/v2/"),
    ("GET", "/v2/_catalog"),
    ("GET", "/v2/team/app/tags/list"),
    ("HEAD", "/v2/team/app/manifests/latest"),
    ("GET", "/v2/team/app/manifests/latest"),
    ("PUT", "/v2/team/app/manifests/latest"),
    ("DELETE", "/v2/team/app/manifests/latest"),
    ("HEAD", f"/v2/team/app/blobs/{DIGEST}"),
    ("GET", f"/v2/team/app/blobs/{DIGEST}"),
    ("DELETE", f"/v2/team/app/blobs/{DIGEST}"),
    ("POST", "/v2/team/app/blobs/uploads/"),
    ("PATCH", "/v2/team/app/blobs/uploads/u"),
    ("PUT", "/v2/team/app/blobs/uploads/u"),
    ("GET", "/v2/team/app/blobs/uploads/u"),
    ("DELETE", "/v2/team/app/blobs/uploads/u"),
    ("GET", f"/v2/team/app/referrers/{DIGEST}"),
    ("GET", "/v2/nothing"),
    ("PUT", "/v2/../x"),
]


@pytest.mark.parametrize(("method", "target"), EVERYWHERE)
async def test_without_credentials_there_is_a_challenge(world: World, method: str, target: str) -> None:
    answer = await world.ask(method, target, token="")
    assert_challenged(answer, "http://localhost:5050/", has_body=method != "HEAD")


def assert_challenged(answer: Answer, realm: str, *, has_body: bool = True) -> None:
    """ECR's answer to a caller without credentials."""
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == f'Basic realm="{realm}",service="ecr.amazonaws.com"'
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.body == (b"Not Authorized\n" if has_body else b"")


@pytest.mark.parametrize(
    ("host", "realm"),
    [
        ("localhost", "http://localhost/"),
        ("localhost:5050", "http://localhost:5050/"),
        (
            "123456789012.dkr.ecr.eu-west-1.localhost:5050",
            "http://123456789012.dkr.ecr.eu-west-1.localhost:5050/",
        ),
        ("evil.example", "http://localhost:5050/"),
        ('localhost", realm="x', "http://localhost:5050/"),
        ("localhost:٣", "http://localhost:5050/"),
    ],
)
async def test_attack_34_the_realm_is_never_a_host_that_is_not_ours(
    world: World, host: str, realm: str
) -> None:
    assert_challenged(await world.ask("GET", "/v2/", [("Host", host)], token=""), realm)


async def test_a_good_token_comes_in(world: World) -> None:
    answer = await world.ask("GET", "/v2/")
    assert (answer.status, answer.body) == (200, b"{}")
    assert world.access_log[-1] == {
        "account": ACCOUNT,
        "principal": f"arn:aws:iam::{ACCOUNT}:root",
        "operation": "",
    }


@pytest.mark.parametrize("user", ["aws", "AWS ", "root", ""])
async def test_another_user_name_is_challenged(world: World, user: str) -> None:
    assert_challenged(
        await world.ask("GET", "/v2/", world.basic(user=user), token=""), "http://localhost:5050/"
    )


def _basic(raw: bytes) -> str:
    return "Basic " + base64.b64encode(raw).decode("ascii")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic QVdT",
        _basic(b"AWS:"),
        _basic(b"AWS:\xff\x00"),
        _basic(b"AWS:a.b.c"),
        _basic(b"AWS:...."),
        _basic(b"AWS:" + b"x" * 4000),
        "Bearer token",
        "AWS4-HMAC-SHA256 Credential=AKIA/20261123/eu-west-1/ecr/aws4_request, Signature=0",
        "Negotiate abc",
    ],
)
async def test_attack_20_anything_but_a_token_as_basic_is_challenged(world: World, header: str) -> None:
    answer = await world.ask("GET", "/v2/", [("Authorization", header)], token="")
    assert_challenged(answer, "http://localhost:5050/")


async def test_attack_20_two_credentials_are_none(world: World) -> None:
    lines = [*world.basic(), ("Authorization", "Bearer x")]
    assert (await world.ask("GET", "/v2/", lines, token="")).status == 401


async def test_attack_20_a_good_token_under_another_scheme_is_none(world: World) -> None:
    for scheme in ("Bearer", "Token"):
        lines = [("Authorization", f"{scheme} {world.token}")]
        assert (await world.ask("GET", "/v2/", lines, token="")).status == 401


def _forged(token: str) -> list[str]:
    kid, payload, mac = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(payload + "=="))
    other = _encoded(content | {"a": OTHER_ACCOUNT})
    none = _encoded({"alg": "none"})
    return [
        f"{kid}.{other}.{mac}",
        f"{kid}.{payload}.",
        f"{kid}.{payload}.{mac[:-2]}",
        f"{kid}.{payload}.{mac}{mac}",
        f".{payload}.{mac}",
        f"../../{kid}.{payload}.{mac}",
        f"{none}.{payload}.{mac}",
        f"{none}.{payload}.",
        f"{kid}.{payload}",
        f"{payload}.{mac}",
    ]


def _encoded(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode("ascii").rstrip("=")


@pytest.mark.parametrize("number", range(10))
async def test_attack_19_a_forged_token_is_challenged(world: World, number: int) -> None:
    answer = await world.ask("GET", "/v2/", token=_forged(world.token)[number])
    assert_challenged(answer, "http://localhost:5050/")


async def test_attack_19_an_expired_token_is_told_so(world: World) -> None:
    world.clock.advance(timedelta(hours=12))
    answer = await world.ask("GET", "/v2/")
    assert (answer.status, answer.code) == (403, "DENIED")
    assert answer.message == "Your authorization token has expired. Reauthenticate and try again."


async def test_attack_19_a_token_ends_with_its_key(world: World) -> None:
    key = world.principals[ACCOUNT].access_key_id
    await world.store.write(lambda records: records.access_keys.remove(key))
    assert (await world.ask("GET", "/v2/")).status == 401


async def test_attack_19_a_download_token_is_no_registry_token(world: World) -> None:
    repository = await world.use_cases.catalog.get(HOME, (await world.create("x1")).name)
    digest = await world.push_blob(b"x")
    token = await world.tokens.issue_download(
        world.principals[ACCOUNT], HOME, repository.name, Digest(digest)
    )
    assert (await world.ask("GET", "/v2/", token=token)).status == 401
    assert (await world.ask("GET", f"/layers/{world.token}", token="")).status == 403


async def test_attack_19_the_host_names_the_region(world: World) -> None:
    hosts = [("Host", f"{ACCOUNT}.dkr.ecr.us-east-1.localhost:5050")]
    for target in ("/v2/", "/v2/team/app/tags/list"):
        answer = await world.ask("GET", target, hosts)
        assert (answer.status, answer.code) == (403, "DENIED")
    home = [("Host", f"{ACCOUNT}.dkr.ecr.{REGION}.localhost:5050")]
    assert (await world.ask("GET", "/v2/team/app/tags/list", home)).status == 200


async def test_attack_19_the_host_names_the_account_and_its_owner_decides(world: World) -> None:
    await world.create("team/app", Registry(OTHER_ACCOUNT, REGION))
    for account in (OTHER_ACCOUNT, "999999999999"):
        host = [("Host", f"{account}.dkr.ecr.{REGION}.localhost:5050")]
        answer = await world.ask("GET", "/v2/team/app/tags/list", host)
        assert (answer.status, answer.code) == (403, "DENIED")
        assert answer.message == (
            f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: ecr:ListImages on resource: "
            f"arn:aws:ecr:{REGION}:{account}:repository/team/app because no resource-based policy allows the "
            "ecr:ListImages action"
        )


async def test_attack_19_a_token_sees_its_own_account_and_region(world: World) -> None:
    for account, region in ((OTHER_ACCOUNT, REGION), (ACCOUNT, "us-east-1")):
        token = await world.issue(account, region)
        answer = await world.ask("GET", "/v2/team/app/tags/list", token=token)
        assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


@pytest.mark.parametrize(("method", "target"), EVERYWHERE[1:-2])
async def test_attack_30_what_is_there_and_what_is_not_is_denied_alike(
    world: World, method: str, target: str
) -> None:
    await world.create("team/app", Registry(OTHER_ACCOUNT, REGION))
    host = [("Host", f"{OTHER_ACCOUNT}.dkr.ecr.{REGION}.localhost")]
    there = await world.ask(method, target, host)
    absent = await world.ask(method, target.replace("team/app", "team/none"), host)
    assert there.status == absent.status == 403
    assert there.body.replace(b"team/app", b"team/none") == absent.body


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(world: World, method: str) -> None:
    answer = await world.ask(method, "/v2/team/app/tags/list")
    assert (answer.status, answer.code, answer.headers["allow"]) == (405, "UNSUPPORTED", "GET, HEAD")


async def test_every_answer_forbids_guessing_and_has_its_id(world: World) -> None:
    for method, target in EVERYWHERE:
        answer = await world.ask(method, target)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-amzn-requestid"] == "request-1"
        assert answer.headers["docker-distribution-api-version"] == "registry/2.0"


async def test_attack_49_nothing_that_a_client_makes_up_reaches_the_log(world: World) -> None:
    for target in (
        "/v2/a%0d%0aevil/tags/list",
        "/v2/team/app/manifests/x%1b[31m",
        "/v2/team/app/tags/list?n=%0a",
    ):
        await world.ask("GET", target)
        await world.ask("GET", target, token="")
    noted = {value for notes in world.access_log for name, value in notes.items() if name != "refusal"}
    assert noted <= {ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "ecr:ListImages", REGION, "team/app"}
    refusals = {notes["refusal"] for notes in world.access_log if "refusal" in notes}
    assert refusals <= {"Unauthenticated", "InvalidParameter", "InvalidTag"}


@pytest.mark.parametrize(
    "line", [b"X: a\r\n b", b"X: a\rb", b"X: a\x00b", b"X : a", b"Host: a\r\nHost: b", b"\xff: x"]
)
async def test_attack_49_headers_that_are_none_are_refused_or_harmless(world: World, line: bytes) -> None:
    async with world.line() as connection:
        credentials = world.basic()[0][1].encode()
        await connection.send(b"GET /v2/ HTTP/1.1\r\nAuthorization: %b\r\n%b\r\n\r\n" % (credentials, line))
        assert (await connection.answer()).status in (200, 400)
