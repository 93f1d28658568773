"""Sessions of the console, lists of sessions, and the end of one."""

from asyncio import to_thread
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, bare, refusal
from tests.wire.aws.test_iam import arn, policy, trust, user
from tests.wire.aws.test_image_tags import door
from tests.wire.aws.test_sts_roles import RUNNER, assume, role

from entrepot.identity.credentials import IssuedKey

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

LOGIN = "ecr:GetAuthorizationToken"


@pytest.fixture(name="iam")
async def _iam(served: Served) -> "IAMClient":
    return served.iam()


async def console(served: Served, keys: IssuedKey | None = None, **asked: Any) -> IssuedKey:
    given = (await to_thread(served.own(keys=keys).create_console_session, **asked))["credentials"]
    return IssuedKey(
        given["accessKeyId"], given["secretAccessKey"], given["sessionToken"], given["expiration"]
    )


async def sessions(served: Served, keys: IssuedKey | None = None, **asked: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await to_thread(served.own(keys=keys).list_sessions, **asked))["sessions"]
    return listed


async def ids(served: Served, keys: IssuedKey | None = None, **asked: Any) -> list[str]:
    return [session["accessKeyId"] for session in await sessions(served, keys, **asked)]


def left_of(keys: IssuedKey) -> timedelta:
    assert keys.expires_at is not None
    return keys.expires_at.astimezone(UTC) - datetime.now(UTC)


async def test_a_console_session_is_its_caller_and_is_known_as_one(served: Served) -> None:
    answer = await to_thread(served.own().create_console_session)
    assert (answer["accountId"], answer["principalArn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    keys = await console(served)

    identity = await to_thread(served.sts(keys=keys).get_caller_identity)
    [first, second] = await sessions(served, keys)

    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert {first["kind"], second["kind"]} == {"console"}
    assert {first["isCurrent"], second["isCurrent"]} == {True, False}
    current = first if first["isCurrent"] else second
    assert current["accessKeyId"] == keys.access_key_id
    assert current["issuedBy"] == served.roots[ACCOUNT].access_key_id
    assert current["expiresAt"] > current["createdAt"]


async def test_a_user_without_policies_may_open_the_console_and_do_nothing_there(served: Served) -> None:
    keys = await console(served, await served.add_user("maya"))
    refused = await refusal(served.ecr(keys=keys).describe_repositories)
    assert refused.code == "AccessDeniedException"


@pytest.mark.parametrize(("asked", "life"), [({}, 43_200), ({"durationSeconds": 900}, 900)])
async def test_a_console_session_lasts_what_is_asked_for_and_half_a_day_by_default(
    served: Served, asked: dict[str, int], life: int
) -> None:
    for keys in (None, await served.add_user("maya")):
        left = left_of(await console(served, keys, **asked))
        assert timedelta(seconds=life - 60) < left <= timedelta(seconds=life)


@pytest.mark.parametrize("seconds", [0, 899, 43_201, 2**31])
async def test_a_duration_out_of_range_is_refused(served: Served, seconds: int) -> None:
    refused = await refusal(served.own().create_console_session, durationSeconds=seconds)
    assert refused.status == 400
    assert refused.code in ("InvalidParameterException", "SerializationException")


async def test_attack_19_a_console_session_never_outlives_the_session_that_asked(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), policy("ecr:*"))
    session = await assume(served, runner, DurationSeconds=900)

    opened = await console(served, session)
    again = await console(served, opened)

    assert again.expires_at == opened.expires_at
    assert left_of(opened) <= timedelta(seconds=900)
    identity = await to_thread(served.sts(keys=again).get_caller_identity)
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/build/job"


async def test_attack_20_a_console_session_keeps_the_limits_of_the_session_that_asked(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), policy("ecr:*"))
    session = await assume(served, runner, Policy=policy("ecr:CreateRepository", resource=arn("team/*")))

    ecr = served.ecr(keys=await console(served, session))

    await create(ecr, "team/app")
    refused = await refusal(ecr.delete_repository, repositoryName="team/app")
    assert "no session policy allows the ecr:DeleteRepository action" in refused.message


async def test_attack_20_a_console_session_may_call_iam_where_its_user_may_and_a_token_session_may_not(
    served: Served, iam: "IAMClient"
) -> None:
    keys = await user(iam, "maya", policy("iam:ListUsers"))
    given = (await to_thread(served.sts(keys=keys).get_session_token))["Credentials"]
    token = IssuedKey(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], None)

    listed = await to_thread(served.iam(keys=await console(served, keys)).list_users)

    assert [found["UserName"] for found in listed["Users"]] == ["maya"]
    assert (await refusal(served.iam(keys=token).list_users)).code == "InvalidClientTokenId"
    opened = await console(served, token)
    assert (await to_thread(served.sts(keys=opened).get_caller_identity))["Arn"].endswith(":user/maya")
    for each in (opened, await console(served, opened)):
        assert (await refusal(served.iam(keys=each).list_users)).code == "AccessDenied"


async def test_a_policy_may_deny_the_console(served: Served, iam: "IAMClient") -> None:
    keys = await user(iam, "robot", policy("entrepot:CreateConsoleSession", effect="Deny"))
    refused = await refusal(served.own(keys=keys).create_console_session)
    assert refused.message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/robot is not authorized to perform: "
        f"entrepot:CreateConsoleSession on resource: arn:aws:iam::{ACCOUNT}:user/robot with an explicit deny "
        "in an identity-based policy"
    )


async def test_attack_29_sessions_of_others_are_listed_only_to_those_who_may(
    served: Served, iam: "IAMClient"
) -> None:
    maya, zoe = await user(iam, "maya"), await user(iam, "zoe")
    boss = await user(iam, "boss", policy("entrepot:ListSessions"))
    of_maya, of_zoe = await console(served, maya), await console(served, zoe)
    elsewhere = await console(served, served.roots[OTHER_ACCOUNT])
    named = f"arn:aws:iam::{ACCOUNT}:user/zoe"

    assert await ids(served, maya) == [of_maya.access_key_id]
    assert await ids(served, boss, principalArn=named) == [of_zoe.access_key_id]
    everybody = await ids(served, boss, allPrincipals=True)
    assert everybody == sorted([of_maya.access_key_id, of_zoe.access_key_id])
    assert elsewhere.access_key_id not in everybody
    for asked in ({"principalArn": named}, {"allPrincipals": True}):
        refused = await refusal(served.own(keys=maya).list_sessions, **asked)
        assert refused.code == "AccessDeniedException"


async def test_attack_30_sessions_of_an_unknown_and_of_a_forbidden_principal_are_refused_alike(
    served: Served, iam: "IAMClient"
) -> None:
    maya, _ = await user(iam, "maya"), await user(iam, "zoe")
    said = []
    for name in ("zoe", "gone"):
        asked = {"principalArn": f"arn:aws:iam::{ACCOUNT}:user/{name}"}
        refused = await refusal(served.own(keys=maya).list_sessions, **asked)
        said.append((refused.code, refused.message.replace(name, "…")))
    assert said[0] == said[1]
    assert said[0][0] == "AccessDeniedException"
    for unknown in (f"arn:aws:iam::{ACCOUNT}:user/gone", f"arn:aws:iam::{OTHER_ACCOUNT}:root"):
        found = await refusal(served.own().list_sessions, principalArn=unknown)
        assert found.code == "NoSuchEntityException"


async def test_sessions_of_a_role_are_found_by_its_arn(served: Served, iam: "IAMClient") -> None:
    runner = await user(iam, "runner")
    build = await role(iam, "build", trust(RUNNER))
    await role(iam, "build-2", trust(RUNNER))
    expected = [(await assume(served, runner, name=name)).access_key_id for name in ("one", "two")]
    await assume(served, runner, f"arn:aws:iam::{ACCOUNT}:role/build-2")

    assert await ids(served, principalArn=build) == expected
    one = f"arn:aws:sts::{ACCOUNT}:assumed-role/build/one"
    [found] = await sessions(served, principalArn=one)
    assert (found["kind"], found["principalArn"]) == ("role", one)
    assert "issuedBy" not in found


async def test_sessions_come_in_pages(served: Served) -> None:
    made = sorted([(await console(served)).access_key_id for _ in range(5)])

    def pages() -> list[str]:
        paginator = served.own().get_paginator("list_sessions")
        pages = paginator.paginate(PaginationConfig={"PageSize": 2})
        return [session["accessKeyId"] for page in pages for session in page["sessions"]]

    assert await to_thread(pages) == made


@pytest.mark.parametrize(
    "asked", [{"maxResults": 0}, {"maxResults": -1}, {"maxResults": 1001}, {"nextToken": "forged"}]
)
async def test_attack_40_pages_that_are_none_are_refused(served: Served, asked: dict[str, Any]) -> None:
    for operation in ("list_sessions", "list_accounts"):
        refused = await refusal(getattr(served.own(), operation), **asked)
        assert (refused.code, refused.status) == ("InvalidParameterException", 400)


async def test_a_revoked_session_is_refused_at_both_doors_with_what_was_begun_in_it(
    served: Served, iam: "IAMClient"
) -> None:
    maya = await user(iam, "maya", policy(LOGIN, "ecr:ListImages"))
    await create(served.ecr(), "team/app")
    session = await console(served, maya)
    further = await console(served, session)
    doors = [await door(served, keys) for keys in (maya, session, further)]
    for each in doors:
        assert (await each.ask("GET", "tags/list"))[0] == 200

    assert (
        bare(await to_thread(served.own(keys=maya).revoke_session, accessKeyId=session.access_key_id)) == {}
    )

    assert [(await each.ask("GET", "tags/list"))[0] for each in doors] == [200, 401, 401]
    for gone in (session, further):
        refused = await refusal(served.ecr(keys=gone).get_authorization_token)
        assert refused.code == "UnrecognizedClientException"
    assert await ids(served, maya) == []


async def test_attack_30_a_session_of_somebody_else_is_refused_like_one_that_is_not_there(
    served: Served, iam: "IAMClient"
) -> None:
    maya, zoe = await user(iam, "maya"), await user(iam, "zoe")
    of_zoe = await console(served, zoe)
    elsewhere = await console(served, served.roots[OTHER_ACCOUNT])
    said = []
    for key in (of_zoe.access_key_id, elsewhere.access_key_id, "ASIAGONEGONEGONEGONE"):
        refused = await refusal(served.own(keys=maya).revoke_session, accessKeyId=key)
        said.append((refused.code, refused.message.replace(key, "…")))
    assert len({*said}) == 1
    assert said[0][0] == "AccessDeniedException"
    assert said[0][1] == (
        f"User: arn:aws:iam::{ACCOUNT}:user/maya is not authorized to perform: entrepot:RevokeSession on "
        f"resource: arn:aws:entrepot::{ACCOUNT}:access-key/… because no identity-based policy allows the "
        "entrepot:RevokeSession action"
    )
    for key in (elsewhere.access_key_id, "ASIAGONEGONEGONEGONE", served.roots[ACCOUNT].access_key_id):
        found = await refusal(served.own().revoke_session, accessKeyId=key)
        assert found.code == "NoSuchEntityException"  # of the root, which may do everything
    assert await ids(served, zoe) == [of_zoe.access_key_id]
