"""Lists of repositories and images in the order of what is known of them, and who is told of which."""

import base64
from asyncio import to_thread
from collections.abc import Callable
from typing import Any

from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import OTHER_ACCOUNT, Served, now, refusal
from tests.wire.aws.test_iam import arn, policy, user

from entrepot.domain.audit import is_read
from entrepot.registry.repository_totals import RepositoryTotals

ORDERS = ["IMAGE_COUNT", "SIZE", "PULL_COUNT", "LAST_PUSHED", "LAST_PULLED"]
BY_NAME = ["secret/app", "team/a", "team/b", "team/c"]


async def pages(served: Served, keys: Any = None, **params: Any) -> list[list[str]]:
    """The names on each page."""
    found: list[list[str]] = []
    token: dict[str, str] = {}
    while True:
        answer = await to_thread(served.own(keys=keys).list_repository_statistics, **params, **token)
        found.append([told["repositoryName"] for told in answer["repositories"]])
        if "nextToken" not in answer:
            return found
        token = {"nextToken": answer["nextToken"]}


async def names(served: Served, keys: Any = None, **params: Any) -> list[str]:
    return [name for page in await pages(served, keys, **params) for name in page]


async def fill(served: Served) -> None:
    """In the order of BY_NAME each has one image more, a larger one, a later push, and one pull more."""
    ecr = served.ecr()
    for number, name in enumerate(BY_NAME):
        await create(ecr, name)
        for image in range(number):
            await push_image(ecr, name, f"v{image}", content=b"x" * 100 * number + f"{image}".encode())
        for _ in range(number):
            await to_thread(ecr.batch_get_image, repositoryName=name, imageIds=[{"imageTag": "v0"}])
    await served.pull_times.flush()
    await RepositoryTotals(served.store, now).fold()


async def test_repositories_are_listed_in_every_order_and_direction(served: Served) -> None:
    await fill(served)
    for order in ("REPOSITORY_NAME", *ORDERS):
        for size in (1, 3, 1000):
            up = await names(served, sortBy=order, maxResults=size)
            down = await names(served, sortBy=order, sortOrder="DESCENDING", maxResults=size)
            assert (order, up) == (order, BY_NAME)
            assert down == up[::-1]


async def test_a_list_tells_what_a_description_does(served: Served) -> None:
    await fill(served)
    own = served.own()
    await push_image(served.ecr(), "team/a", "late", content=b"late")  # not added up yet
    listed = await to_thread(own.list_repository_statistics)
    described = await to_thread(own.describe_repository_statistics, repositoryNames=BY_NAME)
    assert listed["repositories"] == described["repositories"]
    assert listed["repositories"][1]["imageCount"] == 2
    assert "nextToken" not in listed


async def test_a_deleted_repository_is_left_out(served: Served) -> None:
    await fill(served)
    await to_thread(served.ecr().delete_repository, repositoryName="team/b", force=True)
    left = ["secret/app", "team/a", "team/c"]
    assert await names(served, sortBy="SIZE", maxResults=1) == left
    assert await names(served, maxResults=1) == left


async def test_images_are_listed_by_pulls_and_those_never_pulled_at_the_end(served: Served) -> None:
    ecr = served.ecr()
    await create(ecr)
    pushed = [
        await push_image(ecr, "team/app", f"v{number}", content=f"{number}".encode()) for number in range(5)
    ]
    for number in (1, 2, 2, 3):
        await to_thread(ecr.batch_get_image, repositoryName="team/app", imageIds=[{"imageTag": f"v{number}"}])
    await served.pull_times.flush()
    never = sorted(pushed[number].digest for number in (0, 4))
    once = sorted(pushed[number].digest for number in (1, 3))
    expected = [*never, *once, pushed[2].digest]

    for size in (1, 2, 1000):
        found: dict[str, list[Any]] = {}
        for direction in ("ASCENDING", "DESCENDING"):
            listed = (
                served.own()
                .get_paginator("list_image_statistics")
                .paginate(
                    repositoryName="team/app",
                    sortBy="PULL_COUNT",
                    sortOrder=direction,
                    PaginationConfig={"PageSize": size},
                )
            )
            found[direction] = (await to_thread(listed.build_full_result))["images"]
        assert [image["imageDigest"] for image in found["ASCENDING"]] == expected
        assert found["DESCENDING"] == found["ASCENDING"][::-1]
    most = found["DESCENDING"][0]
    assert (most["imageTags"], most["pullCount"], most["imageStatus"]) == (["v2"], 2, "ACTIVE")
    assert most["lastPulledAt"] >= most["imagePushedAt"]
    by_digest = await to_thread(served.own().list_image_statistics, repositoryName="team/app")
    assert [image["imageDigest"] for image in by_digest["images"]] == sorted(expected)


async def test_attack_29_no_order_names_what_one_may_not_see(served: Served) -> None:
    await fill(served)
    keys = await user(
        served.iam(),
        "eve",
        policy("entrepot:ListRepositoryStatistics"),
        policy("entrepot:DescribeRepositoryStatistics", resource=arn("team/*")),
    )
    for order in ORDERS:
        for direction in ("ASCENDING", "DESCENDING"):
            asked: Any = {"sortBy": order, "sortOrder": direction, "maxResults": 1}
            assert sorted(await names(served, keys, **asked)) == BY_NAME[1:]
    blind = await user(served.iam(), "mallory", policy("entrepot:ListRepositoryStatistics"))
    assert await names(served, blind, sortBy="SIZE") == []


async def test_attack_29_a_token_does_not_say_where_it_stands(served: Served) -> None:
    """The last row that a page looked at may be one that its reader may not know of."""
    await fill(served)
    answer = await to_thread(served.own().list_repository_statistics, maxResults=1)
    assert b"secret" not in base64.urlsafe_b64decode(answer["nextToken"])


async def test_attack_30_listing_takes_its_own_permission(served: Served) -> None:
    await fill(served)
    keys = await user(served.iam(), "eve", policy("entrepot:*", resource=arn("team/*")))
    own = served.own(keys=keys)
    for params in ({}, {"registryId": OTHER_ACCOUNT}):
        assert (await refusal(own.list_repository_statistics, **params)).code == "AccessDeniedException"
    known = await refusal(own.list_image_statistics, repositoryName="secret/app")
    unknown = await refusal(own.list_image_statistics, repositoryName="secret/none")
    assert known.code == unknown.code == "AccessDeniedException"
    assert known.message.replace("secret/app", "secret/none") == unknown.message
    assert (await to_thread(own.list_image_statistics, repositoryName="team/a"))["images"]


def changed(token: str) -> str:
    raw = bytearray(base64.urlsafe_b64decode(token))
    raw[-1] ^= 1
    return base64.urlsafe_b64encode(bytes(raw)).decode()


FORGED: list[Callable[[str], str]] = [
    changed,
    lambda _token: "",
    lambda _token: "forged",
    lambda _token: "ünïcode",
    lambda token: token * 100,
    lambda token: token[:-4],
    lambda _token: base64.urlsafe_b64encode(b"statistics\0team/a").decode(),
]


async def test_attack_40_a_forged_token_is_refused(served: Served) -> None:
    await fill(served)
    own = served.own()
    listed: Any = {"sortBy": "SIZE", "maxResults": 1}
    of_repositories = (await to_thread(own.list_repository_statistics, **listed))["nextToken"]
    images: Any = {"repositoryName": "team/c", "maxResults": 1}
    of_images = (await to_thread(own.list_image_statistics, **images))["nextToken"]
    for forge in FORGED:
        forged = forge(of_repositories)
        refused = await refusal(own.list_repository_statistics, **listed, nextToken=forged)
        assert refused.code == "InvalidParameterException"
        refused = await refusal(own.list_image_statistics, **images, nextToken=forge(of_images))
        assert refused.code == "InvalidParameterException"


async def test_attack_40_a_token_is_good_for_its_own_list_alone(served: Served) -> None:
    await fill(served)
    await fill_other_account(served)
    own = served.own()
    token = (await to_thread(own.list_repository_statistics, sortBy="SIZE", maxResults=1))["nextToken"]
    for other in ({"sortBy": "IMAGE_COUNT"}, {}, {"sortBy": "SIZE", "sortOrder": "DESCENDING"}):
        params: Any = {**other, "nextToken": token}
        refused = await refusal(own.list_repository_statistics, **params)
        assert refused.code == "InvalidParameterException"
    elsewhere: Any = {"sortBy": "SIZE", "nextToken": token}
    refused = await refusal(served.own(OTHER_ACCOUNT).list_repository_statistics, **elsewhere)
    assert refused.code == "InvalidParameterException"
    images = (await to_thread(own.list_image_statistics, repositoryName="team/c", maxResults=1))["nextToken"]
    refused = await refusal(own.list_image_statistics, repositoryName="team/b", nextToken=images)
    assert refused.code == "InvalidParameterException"


async def fill_other_account(served: Served) -> None:
    await create(served.ecr(OTHER_ACCOUNT), "other/app")


async def test_attack_40_no_page_is_larger_than_the_largest(served: Served) -> None:
    await create(served.ecr())
    own = served.own()
    for wrong in (0, -1, 1001, 2**31):
        assert (await refusal(own.list_repository_statistics, maxResults=wrong)).code
        assert (await refusal(own.list_image_statistics, repositoryName="team/app", maxResults=wrong)).code
    for order in ("NONE", "size", "SIZE; DROP TABLE image"):
        refused = await refusal(own.list_repository_statistics, sortBy=order)
        assert refused.code in ("InvalidParameterException", "ValidationException", "ParamValidation")


async def test_another_accounts_repositories_are_its_own(served: Served) -> None:
    await fill(served)
    await fill_other_account(served)
    assert await names(served, sortBy="SIZE") == BY_NAME
    answer = await to_thread(served.own(OTHER_ACCOUNT).list_repository_statistics, sortBy="SIZE")
    assert [told["repositoryName"] for told in answer["repositories"]] == ["other/app"]


def test_lists_are_reads() -> None:
    assert is_read("entrepot", "ListRepositoryStatistics")
    assert is_read("entrepot", "ListImageStatistics")
