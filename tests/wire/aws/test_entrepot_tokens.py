"""Registry tokens and sessions end when somebody says so, at both doors, and nobody else's do."""

import json
from asyncio import to_thread
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.aws.builders import signed, wire_request
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, refusal
from tests.wire.aws.test_entrepot_sessions import console, ids
from tests.wire.aws.test_iam import policy, trust, user
from tests.wire.aws.test_image_tags import NAME, Door, door
from tests.wire.aws.test_sts_roles import RUNNER, assume, role

from entrepot.domain.digests import digest_of
from entrepot.domain.errors import TokenRejected
from entrepot.domain.names import Registry, RepositoryName
from entrepot.identity.credentials import IssuedKey

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

PULL = policy("ecr:*")
BUILD = f"arn:aws:iam::{ACCOUNT}:role/build"
UNKNOWN = "UnrecognizedClientException"


@pytest.fixture(name="iam")
async def _iam(served: Served) -> "IAMClient":
    await create(served.ecr(), NAME)
    return served.iam()


async def listed(v2: Door) -> int:
    return (await v2.ask("GET", "tags/list"))[0]


async def revoke(served: Served, keys: IssuedKey | None = None, **asked: Any) -> tuple[int, int]:
    answer = await to_thread(served.own(keys=keys).revoke_tokens, **asked)
    assert answer["revokedAt"] <= datetime.now(UTC)
    return answer["keyCount"], answer["sessionCount"]


async def code_at_ecr(served: Served, keys: IssuedKey) -> str:
    """What the AWS door says to these keys; "" where it lets them in."""
    try:
        refused = await refusal(served.ecr(keys=keys).describe_repositories)
    except AssertionError:
        return ""
    return refused.code


async def test_attack_19_revoked_by_its_user_a_token_ends_and_the_next_one_works(
    served: Served, iam: "IAMClient"
) -> None:
    maya, zoe = await user(iam, "maya", PULL), await user(iam, "zoe", PULL)
    old, others = await door(served, maya), await door(served, zoe)
    session = await console(served, maya)
    in_session = await door(served, session)
    assert [await listed(each) for each in (old, others, in_session)] == [200, 200, 200]

    done = await revoke(served, principalArn=f"arn:aws:iam::{ACCOUNT}:user/maya")

    assert done == (1, 1)
    assert [await listed(each) for each in (old, others, in_session)] == [401, 200, 401]
    assert await code_at_ecr(served, session) == UNKNOWN
    assert await code_at_ecr(served, maya) == ""
    assert await listed(await door(served, maya)) == 200
    assert await listed(old) == 401


async def test_attack_19_revoked_by_its_key_a_token_ends_and_that_of_the_other_key_stays(
    served: Served, iam: "IAMClient"
) -> None:
    first = await user(iam, "maya", PULL)
    made = (await to_thread(iam.create_access_key, UserName="maya"))["AccessKey"]
    second = IssuedKey(made["AccessKeyId"], made["SecretAccessKey"], None, None)
    doors = [await door(served, keys) for keys in (first, second)]

    assert await revoke(served, accessKeyId=first.access_key_id) == (1, 0)

    assert [await listed(each) for each in doors] == [401, 200]


async def test_attack_19_revoked_by_its_session_a_token_ends_with_the_session(
    served: Served, iam: "IAMClient"
) -> None:
    maya = await user(iam, "maya", PULL)
    session, other = await console(served, maya), await console(served, maya)
    doors = [await door(served, keys) for keys in (session, other, maya)]

    assert await revoke(served, accessKeyId=session.access_key_id) == (0, 1)

    assert [await listed(each) for each in doors] == [401, 200, 200]
    assert [await code_at_ecr(served, keys) for keys in (session, other)] == [UNKNOWN, ""]


async def test_attack_19_the_sessions_of_a_role_end_with_their_tokens_and_another_begins(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), PULL)
    await role(iam, "build-2", trust(RUNNER), PULL)
    held = [await assume(served, runner, name=name) for name in ("one", "two")]
    other = await assume(served, runner, f"{BUILD}-2")
    doors = [await door(served, keys) for keys in (*held, other)]

    assert await revoke(served, principalArn=BUILD) == (0, 2)

    assert [await listed(each) for each in doors] == [401, 401, 200]
    assert [await code_at_ecr(served, keys) for keys in held] == [UNKNOWN, UNKNOWN]
    assert await listed(await door(served, await assume(served, runner))) == 200


async def test_what_a_user_began_elsewhere_ends_with_its_tokens(served: Served, iam: "IAMClient") -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), PULL)
    session = await assume(served, runner)

    assert await revoke(served, principalArn=RUNNER) == (1, 1)

    assert await code_at_ecr(served, session) == UNKNOWN


async def test_attack_19_all_of_an_account_ends_and_nothing_of_another(
    served: Served, iam: "IAMClient"
) -> None:
    maya = await user(iam, "maya", PULL)
    root, other = served.roots[ACCOUNT], served.roots[OTHER_ACCOUNT]
    await create(served.ecr(OTHER_ACCOUNT), NAME)
    session = await console(served, maya)
    doors = [await door(served, keys) for keys in (maya, root, session, other)]

    assert await revoke(served, allPrincipals=True) == (2, 1)

    assert [await listed(each) for each in doors] == [401, 401, 401, 200]
    assert await listed(await door(served, maya)) == 200


async def test_download_urls_end_with_the_tokens(served: Served, iam: "IAMClient") -> None:
    maya = await user(iam, "maya", PULL)
    token = await served.tokens.issue_download(*await _layer(served, maya))
    await served.tokens.read_download(token)
    await revoke(served, accessKeyId=maya.access_key_id)

    with pytest.raises(TokenRejected):
        await served.tokens.read_download(token)


async def _layer(served: Served, keys: IssuedKey) -> Any:
    principal = await served.credentials.principal(keys.access_key_id)
    return principal, Registry(ACCOUNT, "eu-west-1"), RepositoryName(NAME), digest_of(b"layer")


async def test_attack_30_tokens_of_others_are_ended_only_by_those_who_may(
    served: Served, iam: "IAMClient"
) -> None:
    maya, zoe = await user(iam, "maya", PULL), await user(iam, "zoe", PULL)
    v2 = await door(served, zoe)
    of_maya = served.own(keys=maya)
    asked: list[dict[str, Any]] = [
        {"principalArn": f"arn:aws:iam::{ACCOUNT}:user/zoe"},
        {"principalArn": f"arn:aws:iam::{ACCOUNT}:user/gone"},
        {"accessKeyId": zoe.access_key_id},
        {"accessKeyId": "AKIAGONEGONEGONEGONE"},
        {"accessKeyId": served.roots[OTHER_ACCOUNT].access_key_id},
        {"allPrincipals": True},
    ]
    for each in asked:
        assert (await refusal(of_maya.revoke_tokens, **each)).code == "AccessDeniedException"
    assert await listed(v2) == 200
    other = served.own(OTHER_ACCOUNT)
    for each in asked[:4]:
        found = await refusal(other.revoke_tokens, **each)
        assert found.code in ("NoSuchEntityException", "AccessDeniedException")
    assert await listed(v2) == 200
    assert await revoke(served, maya, principalArn=f"arn:aws:iam::{ACCOUNT}:user/maya") == (1, 0)  # its own
    await to_thread(
        iam.put_user_policy,
        UserName="maya",
        PolicyName="may",
        PolicyDocument=policy("entrepot:RevokeTokens", resource=f"arn:aws:iam::{ACCOUNT}:user/zoe"),
    )
    assert await revoke(served, maya, principalArn=f"arn:aws:iam::{ACCOUNT}:user/zoe") == (1, 0)
    assert await listed(v2) == 401


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"allPrincipals": False},
        {"allPrincipals": True, "accessKeyId": "AKIAGONEGONEGONEGONE"},
        {"principalArn": f"arn:aws:iam::{ACCOUNT}:root", "accessKeyId": "AKIAGONEGONEGONEGONE"},
        {"principalArn": "root"},
        {"accessKeyId": "%"},
    ],
)
async def test_what_to_revoke_is_said_once(served: Served, asked: dict[str, Any]) -> None:
    refused = await refusal(served.own().revoke_tokens, **asked)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)


Ending = Callable[["IAMClient", IssuedKey], Awaitable[None]]


async def _deactivated(iam: "IAMClient", keys: IssuedKey) -> None:
    asked = {"UserName": "maya", "AccessKeyId": keys.access_key_id, "Status": "Inactive"}
    await to_thread(lambda: iam.update_access_key(**asked))  # type: ignore[arg-type]


async def _deleted(iam: "IAMClient", keys: IssuedKey) -> None:
    await to_thread(iam.delete_access_key, UserName="maya", AccessKeyId=keys.access_key_id)


async def _user_deleted(iam: "IAMClient", keys: IssuedKey) -> None:
    await _deleted(iam, keys)
    await to_thread(iam.delete_user_policy, UserName="maya", PolicyName="p0")
    await to_thread(iam.delete_user, UserName="maya")


@pytest.mark.parametrize("end", [_deactivated, _deleted, _user_deleted])
async def test_attack_19_tokens_and_sessions_end_with_the_key_or_the_user_at_both_doors(
    served: Served, iam: "IAMClient", end: Ending
) -> None:
    maya = await user(iam, "maya", PULL)
    session = await console(served, maya)
    doors = [await door(served, keys) for keys in (maya, session)]
    assert [await listed(each) for each in doors] == [200, 200]

    await end(iam, maya)

    assert [await listed(each) for each in doors] == [401, 401]
    assert [await code_at_ecr(served, keys) for keys in (maya, session)] == [UNKNOWN, UNKNOWN]


async def test_attack_19_a_roles_sessions_are_revoked_as_awss_console_does_it_at_both_doors(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), PULL)
    old = await assume(served, runner)
    v2 = await door(served, old)
    assert await listed(v2) == 200
    later = datetime.now(UTC).replace(year=2999)
    for moment, expected in ((datetime.now(UTC), 403), (later, 403)):
        statement = {
            "Effect": "Deny",
            "Action": ["*"],
            "Resource": ["*"],
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        await to_thread(
            iam.put_role_policy,
            RoleName="build",
            PolicyName="AWSRevokeOlderSessions",
            PolicyDocument=document,
        )
        assert await listed(v2) == expected
        refused = await refusal(served.ecr(keys=old).describe_repositories)
        assert "with an explicit deny in an identity-based policy" in refused.message
    await to_thread(iam.delete_role_policy, RoleName="build", PolicyName="AWSRevokeOlderSessions")
    assert await listed(v2) == 200
    assert await ids(served, principalArn=BUILD) == [old.access_key_id]


@pytest.mark.parametrize("service", ["ecr", "sts", "iam"])
async def test_attack_20_a_signature_for_another_service_opens_none_of_ours(
    served: Served, service: str
) -> None:
    root = served.roots[ACCOUNT]
    request = signed(
        url=f"{served.url}/",
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "Entrepot_V20261125.CreateConsoleSession",
        },
        body=b"{}",
        region="eu-west-1",
        service=service,
        key_id=root.access_key_id,
        secret=root.secret,
    )
    answer = await served.send(request)
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")
    assert "Credential should be scoped to correct service: 'entrepot'" in answer.message


async def test_attack_20_a_registry_token_opens_nothing_of_our_service(
    served: Served, iam: "IAMClient"
) -> None:
    v2 = await door(served, served.roots[ACCOUNT])
    token = b64encode(v2.token.encode()).decode()
    for scheme in ("Basic", "Bearer"):
        request = wire_request(
            url=f"{served.url}/",
            headers={
                "X-Amz-Target": "Entrepot_V20261125.ListSessions",
                "Authorization": f"{scheme} {token}",
            },
            body=b"{}",
        )
        answer = await served.send(request)
        assert (answer.status, answer.code) == (400, "IncompleteSignatureException")
