"""GetAuthorizationToken: what docker login is given."""

import base64
from asyncio import to_thread
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, refusal

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient


def docker(token: str) -> ClientSession:
    """A client that logged in with a token as it was given."""
    return ClientSession(headers={"Authorization": f"Basic {token}"})


async def test_a_token_is_aws_and_a_password_without_a_colon(ecr: "ECRClient", served: Served) -> None:
    [granted] = (await to_thread(ecr.get_authorization_token))["authorizationData"]

    user, password = base64.b64decode(granted["authorizationToken"]).decode("ascii").split(":")
    assert user == "AWS"
    assert password.isprintable()
    assert len(granted["authorizationToken"]) < 2048
    assert granted["proxyEndpoint"] == served.url
    left = granted["expiresAt"].astimezone(UTC) - datetime.now(UTC)
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)


async def test_a_token_opens_the_registry_it_was_made_for(ecr: "ECRClient", served: Served) -> None:
    await create(ecr, "team/app")
    [granted] = (await to_thread(ecr.get_authorization_token))["authorizationData"]
    catalog = f"{granted['proxyEndpoint']}/v2/_catalog"
    async with docker(granted["authorizationToken"]) as client, client.get(catalog) as response:
        assert (response.status, await response.json()) == (200, {"repositories": ["team/app"]})


async def test_registries_are_answered_for_in_the_order_asked(ecr: "ECRClient", served: Served) -> None:
    answer = await to_thread(ecr.get_authorization_token, registryIds=[OTHER_ACCOUNT, ACCOUNT])

    hosts = [granted["proxyEndpoint"] for granted in answer["authorizationData"]]
    assert hosts == [
        f"http://{OTHER_ACCOUNT}.dkr.ecr.eu-west-1.localhost:{served.port}",
        f"http://127.0.0.1:{served.port}",
    ]


async def test_a_token_for_another_account_opens_nothing_there(ecr: "ECRClient", served: Served) -> None:
    await create(served.ecr(OTHER_ACCOUNT), "team/secret")
    answer = await to_thread(ecr.get_authorization_token, registryIds=[OTHER_ACCOUNT])
    async with docker(answer["authorizationData"][0]["authorizationToken"]) as client:
        for path in ("_catalog", "team/secret/tags/list", "team/absent/tags/list"):
            async with client.get(f"{served.url}/v2/{path}") as response:
                assert response.status == 403
                assert "no resource-based policy allows" in await response.text()


@pytest.mark.parametrize("ids", [[], ["1"], ["12345678901x"], [ACCOUNT] * 11, ["१२३४५६७८९०१२"]])
async def test_registry_ids_that_are_none_are_refused(ecr: "ECRClient", ids: list[str]) -> None:
    refused = await refusal(ecr.get_authorization_token, registryIds=ids)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)


async def test_a_sessions_token_ends_with_the_session(served: Served) -> None:
    keys = await to_thread(served.sts().get_session_token, DurationSeconds=900)
    credentials = keys["Credentials"]
    session = served.session_ecr(credentials)

    [granted] = (await to_thread(session.get_authorization_token))["authorizationData"]

    assert granted["expiresAt"] <= credentials["Expiration"]
    assert granted["expiresAt"].astimezone(UTC) - datetime.now(UTC) <= timedelta(minutes=15)


async def test_a_user_without_policies_gets_no_token(served: Served) -> None:
    user = served.ecr(keys=await served.add_user("ci"))
    refused = await refusal(user.get_authorization_token)
    assert (refused.code, refused.status) == ("AccessDeniedException", 400)
    assert refused.message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/ci is not authorized to perform: ecr:GetAuthorizationToken on "
        "resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action"
    )
