"""STS: who is calling, and sessions that then call ECR."""

from asyncio import to_thread
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, bare, refusal

from entrepot.identity.credentials import IssuedKey, root_principal

if TYPE_CHECKING:
    from types_boto3_sts import STSClient

CALLER = {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}


async def session(sts: "STSClient", **asked: Any) -> IssuedKey:
    given = (await to_thread(sts.get_session_token, **asked))["Credentials"]
    return IssuedKey(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], given["Expiration"]
    )


async def test_the_root_is_told_who_it_is(served: Served) -> None:
    for region in ("eu-west-1", "us-east-1", "onprem-1"):
        assert bare(await to_thread(served.sts(region=region).get_caller_identity)) == CALLER
    other = await to_thread(served.sts(OTHER_ACCOUNT).get_caller_identity)
    assert other["Account"] == OTHER_ACCOUNT


async def test_a_session_is_its_caller(served: Served) -> None:
    keys = await session(served.sts())
    assert bare(await to_thread(served.sts(keys=keys).get_caller_identity)) == CALLER


async def test_a_user_is_told_who_it_is_without_any_permission(served: Served) -> None:
    keys = await served.add_user("ci")
    identity = await to_thread(served.sts(keys=keys).get_caller_identity)
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ci"
    assert (await session(served.sts(keys=keys))).access_key_id.startswith("ASIA")


@pytest.mark.parametrize(("asked", "life"), [(None, 3600), (900, 900), (3600, 3600), (129_600, 3600)])
async def test_a_roots_session_lasts_an_hour_at_most(served: Served, asked: int | None, life: int) -> None:
    keys = await session(served.sts(), **({"DurationSeconds": asked} if asked else {}))
    left = left_of(keys)
    assert timedelta(seconds=life - 60) < left <= timedelta(seconds=life)
    assert keys.access_key_id.startswith("ASIA")
    assert len(keys.access_key_id) == 20


@pytest.mark.parametrize(("asked", "life"), [(None, 43_200), (129_600, 129_600)])
async def test_a_users_session_lasts_what_it_asks_for(served: Served, asked: int | None, life: int) -> None:
    user = served.sts(keys=await served.add_user("ci"))
    keys = await session(user, **({"DurationSeconds": asked} if asked else {}))
    assert timedelta(seconds=life - 60) < left_of(keys) <= timedelta(seconds=life)


def left_of(keys: IssuedKey) -> timedelta:
    assert keys.expires_at is not None
    return keys.expires_at.astimezone(UTC) - datetime.now(UTC)


@pytest.mark.parametrize("asked", [0, 899, 129_601, 2**31])
async def test_a_duration_out_of_range_is_refused(served: Served, asked: int) -> None:
    refused = await refusal(served.sts().get_session_token, DurationSeconds=asked)
    assert refused.status == 400
    assert refused.code in ("ValidationError", "MalformedInput")


async def test_a_session_cannot_ask_for_another(served: Served) -> None:
    keys = await session(served.sts())
    refused = await refusal(served.sts(keys=keys).get_session_token)
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message == "Cannot call GetSessionToken with session credentials"


async def test_a_second_factor_is_not_offered(served: Served) -> None:
    refused = await refusal(
        served.sts().get_session_token,
        SerialNumber=f"arn:aws:iam::{ACCOUNT}:mfa/device",
        TokenCode="123456",
    )
    assert (refused.code, refused.status) == ("NotImplementedException", 501)


async def test_a_sessions_keys_sign_calls_of_ecr(served: Served) -> None:
    ecr = served.ecr(keys=await session(served.sts()))
    await create(ecr, "team/app")
    assert (await to_thread(served.ecr().describe_repositories))["repositories"][0]["repositoryName"] == (
        "team/app"
    )


@pytest.mark.parametrize("token", [None, "", "altered", "another"])
async def test_attack_32_a_session_without_its_very_token_is_refused(
    served: Served, token: str | None
) -> None:
    keys = await session(served.sts())
    if token == "altered":
        token = (keys.session_token or "")[:-1] + "~"
    elif token == "another":
        token = (await session(served.sts())).session_token
    wrong = replace(keys, session_token=token)

    refused = await refusal(served.ecr(keys=wrong).describe_repositories)
    assert (refused.code, refused.status) == ("UnrecognizedClientException", 400)
    assert refused.message == "The security token included in the request is invalid."

    query = await refusal(served.sts(keys=wrong).get_caller_identity)
    assert (query.code, query.status) == ("InvalidClientTokenId", 403)


async def test_attack_32_a_token_beside_a_long_lived_key_is_refused(served: Served) -> None:
    token = (await session(served.sts())).session_token
    wrong = replace(served.roots[ACCOUNT], session_token=token)
    refused = await refusal(served.ecr(keys=wrong).describe_repositories)
    assert refused.code == "UnrecognizedClientException"


async def test_a_session_that_is_over_is_refused(served: Served) -> None:
    root = root_principal(ACCOUNT, served.roots[ACCOUNT].access_key_id)
    ended = await served.credentials.issue_session(root, timedelta(seconds=-1))
    refused = await refusal(served.ecr(keys=ended).describe_repositories)
    assert (refused.code, refused.status) == ("ExpiredTokenException", 400)
    assert refused.message == "The security token included in the request is expired"
    query = await refusal(served.sts(keys=ended).get_caller_identity)
    assert (query.code, query.status) == ("ExpiredToken", 403)


async def test_a_sessions_keys_end_with_the_key_they_were_made_with(served: Served) -> None:
    keys = await session(served.sts())
    await served.store.write(lambda records: records.access_keys.remove(served.roots[ACCOUNT].access_key_id))
    refused = await refusal(served.ecr(keys=keys).describe_repositories)
    assert refused.code == "UnrecognizedClientException"


async def test_answers_carry_a_request_id(served: Served) -> None:
    answer = await to_thread(served.sts().get_caller_identity)
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36
