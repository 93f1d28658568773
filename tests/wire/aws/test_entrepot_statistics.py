"""What the service tells of repositories, images and the registry, and to whom."""

from asyncio import to_thread
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.wire.aws.images import CONFIG, create, push_image, push_index
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, now, refusal
from tests.wire.aws.test_iam import arn, policy, user

from entrepot.domain.audit import is_read
from entrepot.registry.registry_totals import RegistryTotals
from entrepot.registry.repository_totals import RepositoryTotals

STATISTICS = [
    "DescribeImageStatistics",
    "DescribeRegistryStatistics",
    "DescribeRepositoryStatistics",
    "DescribeSharedLayers",
    "EstimateDeletion",
    "ListStatisticsHistory",
]


async def asked(served: Served, operation: str, keys: Any = None, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = await to_thread(getattr(served.own(keys=keys), operation), **params)
    return found


async def of_repository(served: Served, name: str = "team/app", keys: Any = None) -> dict[str, Any]:
    found = await asked(served, "describe_repository_statistics", keys, repositoryNames=[name])
    (told,) = found["repositories"]
    return dict(told)


async def keep_totals(served: Served) -> None:
    """What the worker does from time to time."""
    repositories, registries = RepositoryTotals(served.store, now), RegistryTotals(served.store, now)
    await repositories.fold()
    await repositories.compute_unique()
    await registries.add_up()
    await registries.add_up_stored()


async def test_counts_are_true_at_once(served: Served) -> None:
    ecr = served.ecr()
    await create(ecr)
    empty = await of_repository(served)
    assert (empty["imageCount"], empty["tagCount"], empty["sizeBytes"]) == (0, 0, 0)
    assert "lastPushedAt" not in empty
    one = await push_image(ecr, "team/app", "a", "b", content=b"one")
    two = await push_image(ecr, "team/app", content=b"two")

    told = await of_repository(served)

    size_bytes = 2 * len(CONFIG) + len(b"onetwo")
    assert (told["imageCount"], told["tagCount"], told["sizeBytes"]) == (2, 2, size_bytes)
    assert (told["registryId"], told["repositoryName"]) == (ACCOUNT, "team/app")
    assert told["repositoryArn"] == arn("team/app")
    assert told["lastPushedAt"] <= datetime.now(UTC)
    await keep_totals(served)
    assert await of_repository(served) == told
    ids: Any = [{"imageTag": "a"}, {"imageDigest": two.digest}]
    await to_thread(ecr.batch_delete_image, repositoryName="team/app", imageIds=ids)
    left = await of_repository(served)
    assert (left["imageCount"], left["tagCount"]) == (1, 1)
    await to_thread(ecr.batch_delete_image, repositoryName="team/app", imageIds=[{"imageDigest": one.digest}])
    assert (await of_repository(served))["imageCount"] == 0


async def test_pulls_are_counted_by_image_and_repository(served: Served) -> None:
    ecr = served.ecr()
    await create(ecr)
    pulled = await push_image(ecr, "team/app", "pulled", content=b"pulled")
    idle = await push_image(ecr, "team/app", content=b"idle")
    for _ in range(3):
        await to_thread(ecr.batch_get_image, repositoryName="team/app", imageIds=[{"imageTag": "pulled"}])
    await served.pull_times.flush()

    ids = [{"imageTag": "pulled"}, {"imageDigest": idle.digest}, {"imageTag": "none"}, {}]
    found = await asked(served, "describe_image_statistics", repositoryName="team/app", imageIds=ids)

    first, second = found["images"]
    assert first["imageId"] == {"imageDigest": pulled.digest, "imageTag": "pulled"}
    assert first["pullCount"] == 3
    assert first["lastPulledAt"] <= datetime.now(UTC)
    assert second == {"imageId": {"imageDigest": idle.digest}, "pullCount": 0}
    failed = [failure["failureCode"] for failure in found["failures"]]
    assert failed == ["ImageNotFound", "MissingDigestAndTag"]
    told = await of_repository(served)
    assert (told["pullCount"], told["lastPulledAt"]) == (3, first["lastPulledAt"])


async def test_the_registry_is_told_as_a_whole(served: Served) -> None:
    ecr = served.ecr()
    for name in ("large", "small", "empty"):
        await create(ecr, name)
    for number in range(2):
        await push_image(ecr, "large", f"v{number}", content=b"large", annotations={"n": f"{number}"})
    await push_image(ecr, "small", "v1", content=b"s")
    await to_thread(ecr.batch_get_image, repositoryName="small", imageIds=[{"imageTag": "v1"}])
    await served.pull_times.flush()
    unknown = await asked(served, "describe_registry_statistics")
    assert "imageCount" not in unknown
    assert unknown["largestRepositories"] == []

    await keep_totals(served)
    told = await asked(served, "describe_registry_statistics")

    assert (told["repositoryCount"], told["imageCount"], told["tagCount"], told["pullCount"]) == (3, 3, 3, 1)
    assert told["logicalBytes"] == 3 * len(CONFIG) + 2 * len(b"large") + 1
    assert told["storedBytes"] == len(CONFIG) + len(b"large") + 1
    assert told["sharedBytes"] == len(CONFIG) + len(b"large")
    names = {
        order: [found["repositoryName"] for found in told[f"{order}Repositories"]]
        for order in ("largest", "mostPulled", "neverPulled")
    }
    assert names == {"largest": ["large", "small"], "mostPulled": ["small"], "neverPulled": ["large"]}
    assert told["largestRepositories"][0] == await of_repository(served, "large")
    (first,) = (await asked(served, "describe_registry_statistics", maxRepositories=1))["largestRepositories"]
    assert first["repositoryName"] == "large"


async def test_history_has_a_point_for_each_day(served: Served) -> None:
    await create(served.ecr())
    await push_image(served.ecr(), "team/app", "v1")
    await keep_totals(served)
    for params in ({}, {"repositoryName": "team/app"}):
        (today,) = (await asked(served, "list_statistics_history", **params))["points"]
        assert (today["imageCount"], today["tagCount"]) == (1, 1)
        assert today["day"].date() == datetime.now(UTC).date()
        assert ("repositoryCount" in today) is (params == {})
    before: Any = {"startTime": now() - timedelta(days=9), "endTime": now() - timedelta(days=3)}
    assert (await asked(served, "list_statistics_history", **before))["points"] == []
    wrong: Any = {"startTime": now(), "endTime": now() - timedelta(days=1)}
    refused = await refusal(served.own().list_statistics_history, **wrong)
    assert refused.code == "InvalidParameterException"


async def test_shared_layers_name_the_images_that_have_them(served: Served) -> None:
    ecr = served.ecr()
    await create(ecr, "one")
    await create(ecr, "two")
    image = await push_image(ecr, "one", "v1", content=b"shared")
    other = await push_image(ecr, "two", "v2", content=b"shared", annotations={"other": "yes"})
    await push_image(ecr, "two", content=b"not shared")

    told = await asked(
        served, "describe_shared_layers", repositoryName="one", imageId={"imageTag": "v1"}, maxResults=1
    )
    rest = await asked(
        served,
        "describe_shared_layers",
        repositoryName="one",
        imageId={"imageTag": "v1"},
        nextToken=told["nextToken"],
    )

    assert told["imageDigest"] == image.digest
    layers = {layer["sizeBytes"]: layer for layer in [*told["layers"], *rest["layers"]]}
    assert {*layers} == {len(CONFIG), len(b"shared")}
    assert layers[len(b"shared")]["images"] == [
        {"repositoryName": "two", "imageDigest": other.digest, "imageTags": ["v2"]}
    ]
    config = layers[len(CONFIG)]
    assert (config["imageCount"], config["hasMore"]) == (2, False)
    both: Any = {"repositoryName": "one", "imageId": {"imageTag": "v1"}}
    few = await asked(served, "describe_shared_layers", **both, maxImages=1)
    assert {layer["imageCount"]: len(layer["images"]) for layer in few["layers"]} == {1: 1, 2: 1}


async def test_what_a_deletion_frees_counts_layers_once_and_shared_ones_not(served: Served) -> None:
    ecr = served.ecr()
    await create(ecr, "one")
    await create(ecr, "two")
    twice: list[Any] = [
        await push_image(ecr, "one", "a", content=b"twice", annotations={"n": "1"}),
        await push_image(ecr, "one", "b", "c", content=b"twice", annotations={"n": "2"}),
    ]
    kept = await push_image(ecr, "one", content=b"kept")
    await push_image(ecr, "two", content=b"elsewhere")
    elsewhere = await push_image(ecr, "one", content=b"elsewhere", annotations={"n": "3"})
    index = await push_index(ecr, "one", kept)

    async def estimate(*ids: dict[str, str]) -> dict[str, Any]:
        return await asked(served, "estimate_deletion", repositoryName="one", imageIds=list(ids))

    digests = [{"imageDigest": image.digest} for image in (*twice, elsewhere)]
    told = await estimate(*digests)
    assert [image["imageDigest"] for image in told["images"]] == [d["imageDigest"] for d in digests]
    assert told["releasedBytes"] == len(b"twice") + len(b"elsewhere")  # the config stays with `kept`
    assert told["freedBytes"] == len(b"twice")
    assert told["sizeBytes"] == 3 * len(CONFIG) + 2 * len(b"twice") + len(b"elsewhere")

    one_tag = await estimate({"imageTag": "b"})
    assert (one_tag["images"], one_tag["freedBytes"]) == ([], 0)
    assert one_tag["imageIds"] == [{"imageDigest": twice[1].digest, "imageTag": "b"}]
    both_tags = await estimate({"imageTag": "b"}, {"imageTag": "c"}, {"imageTag": "c"})
    assert [image["imageDigest"] for image in both_tags["images"]] == [twice[1].digest]
    assert [failure["failureCode"] for failure in both_tags["failures"]] == ["ImageNotFound"]
    child = await estimate({"imageDigest": kept.digest})
    assert [failure["failureCode"] for failure in child["failures"]] == ["ImageReferencedByManifestList"]
    with_index = await estimate({"imageDigest": index.digest}, {"imageDigest": kept.digest})
    assert len(with_index["images"]) == 2
    deleted = await to_thread(
        ecr.batch_delete_image,
        repositoryName="one",
        imageIds=[{"imageDigest": index.digest}, {"imageDigest": kept.digest}],
    )
    assert deleted["imageIds"] == with_index["imageIds"]


async def test_an_estimate_refuses_what_a_deletion_would(served: Served) -> None:
    ecr, own = served.ecr(), served.own()
    await create(ecr)
    image = await push_image(ecr, "team/app", "v1")
    await to_thread(own.pin_image, repositoryName="team/app", imageId={"imageTag": "v1"})
    asked_for: Any = {"repositoryName": "team/app", "imageIds": [{"imageDigest": image.digest}]}
    told = await asked(served, "estimate_deletion", **asked_for)
    deleted = await to_thread(ecr.batch_delete_image, **asked_for)
    assert (told["images"], told["freedBytes"]) == ([], 0)
    assert told["failures"] == deleted["failures"]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("describe_repository_statistics", {"repositoryNames": ["team/app", "secret/app"]}),
        ("describe_image_statistics", {"repositoryName": "secret/app", "imageIds": [{"imageTag": "v1"}]}),
        ("describe_shared_layers", {"repositoryName": "secret/app", "imageId": {"imageTag": "v1"}}),
        ("estimate_deletion", {"repositoryName": "secret/app", "imageIds": [{"imageTag": "v1"}]}),
        ("list_statistics_history", {"repositoryName": "secret/app"}),
        ("list_statistics_history", {}),
        ("describe_registry_statistics", {}),
        ("describe_registry_statistics", {"registryId": OTHER_ACCOUNT}),
    ],
)
async def test_attack_30_a_caller_is_told_of_its_own_repositories_alone(
    served: Served, operation: str, params: dict[str, Any]
) -> None:
    """The same whether the repository exists or not."""
    await create(served.ecr(), "team/app")
    keys = await user(served.iam(), "eve", policy("entrepot:*", resource=arn("team/*")))
    before = await refusal(getattr(served.own(keys=keys), operation), **params)
    await create(served.ecr(), "secret/app")
    await push_image(served.ecr(), "secret/app", "v1")
    after = await refusal(getattr(served.own(keys=keys), operation), **params)
    assert (before.code, before.message) == (after.code, after.message)
    assert before.code == "AccessDeniedException"


async def test_attack_29_shared_layers_neither_name_nor_count_what_one_may_not_see(served: Served) -> None:
    ecr = served.ecr()
    for name in ("team/app", "team/other", "secret/app"):
        await push_image(ecr, await create(ecr, name), "v1", content=b"shared", annotations={"in": name})
    see = policy("entrepot:DescribeSharedLayers", "ecr:DescribeImages", resource=arn("team/*"))
    keys = await user(served.iam(), "eve", see)
    told = await asked(
        served, "describe_shared_layers", keys, repositoryName="team/app", imageId={"imageTag": "v1"}
    )
    for layer in told["layers"]:
        assert (layer["imageCount"], layer["hasMore"]) == (1, False)
        assert [image["repositoryName"] for image in layer["images"]] == ["team/other"]


async def test_attack_29_lists_of_the_registry_leave_out_what_one_may_not_see(served: Served) -> None:
    ecr = served.ecr()
    for name in ("team/app", "secret/app"):
        await push_image(ecr, await create(ecr, name), "v1")
    await keep_totals(served)
    keys = await user(
        served.iam(),
        "eve",
        policy("entrepot:DescribeRegistryStatistics"),
        policy("entrepot:DescribeRepositoryStatistics", resource=arn("team/*")),
    )
    told = await asked(served, "describe_registry_statistics", keys, maxRepositories=1)
    for order in ("largest", "neverPulled"):
        assert [found["repositoryName"] for found in told[f"{order}Repositories"]] == ["team/app"]


async def test_attack_24_an_estimate_does_not_tell_what_others_hold(served: Served) -> None:
    """With a layer that one has, one could ask whether another repository has it."""
    ecr = served.ecr()
    await push_image(ecr, await create(ecr, "secret/app"), content=b"a guess")
    image = await push_image(ecr, await create(ecr, "team/app"), content=b"a guess")
    keys = await user(served.iam(), "eve", policy("entrepot:EstimateDeletion", resource=arn("team/*")))
    ids = [{"imageDigest": image.digest}]
    told = await asked(served, "estimate_deletion", keys, repositoryName="team/app", imageIds=ids)
    assert told["releasedBytes"] == len(CONFIG) + len(b"a guess")
    assert "freedBytes" not in told


async def test_attack_24_another_accounts_repositories_do_not_show(served: Served) -> None:
    await push_image(served.ecr(OTHER_ACCOUNT), await create(served.ecr(OTHER_ACCOUNT)), content=b"shared")
    image = await push_image(served.ecr(), await create(served.ecr()), "v1", content=b"shared")
    await keep_totals(served)
    told = await asked(
        served, "describe_shared_layers", repositoryName="team/app", imageId={"imageTag": "v1"}
    )
    assert [layer["images"] for layer in told["layers"]] == [[], []]
    ids = [{"imageDigest": image.digest}]
    estimate = await asked(served, "estimate_deletion", repositoryName="team/app", imageIds=ids)
    assert estimate["freedBytes"] == len(CONFIG) + len(b"shared")
    registry = await asked(served, "describe_registry_statistics")
    assert (registry["repositoryCount"], registry["sharedBytes"]) == (1, 0)


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("describe_repository_statistics", {"repositoryNames": []}),
        ("describe_repository_statistics", {"repositoryNames": ["../x"]}),
        ("describe_repository_statistics", {"repositoryNames": [f"r{n}" for n in range(101)]}),
        ("describe_registry_statistics", {"maxRepositories": 0}),
        ("describe_registry_statistics", {"maxRepositories": 101}),
        ("describe_registry_statistics", {"maxRepositories": -1}),
        ("describe_registry_statistics", {"maxRepositories": 2**31}),
        ("describe_image_statistics", {"repositoryName": "team/app", "imageIds": []}),
        ("describe_image_statistics", {"repositoryName": "team/app", "imageIds": [{"imageTag": "v"}] * 101}),
        ("estimate_deletion", {"repositoryName": "team/app", "imageIds": [{"imageTag": "v"}] * 101}),
        *(
            ("describe_shared_layers", {"repositoryName": "team/app", "imageId": {"imageTag": "v1"}, **wrong})
            for wrong in (
                {"maxResults": 0},
                {"maxResults": 101},
                {"maxImages": 0},
                {"maxImages": 101},
                {"nextToken": "forged"},
                {"nextToken": "aW1hZ2VzAGE="},  # of another list
            )
        ),
    ],
)
async def test_attack_40_limits_and_tokens_are_held(
    served: Served, operation: str, params: dict[str, Any]
) -> None:
    await push_image(served.ecr(), await create(served.ecr()), "v1")
    refused = await refusal(getattr(served.own(), operation), **params)
    assert refused.code in {"InvalidParameterException", "SerializationException"}


async def test_what_is_not_there_is_refused(served: Served) -> None:
    missing = await refusal(served.own().describe_repository_statistics, repositoryNames=["team/none"])
    assert missing.code == "RepositoryNotFoundException"
    await create(served.ecr())
    image: Any = {"repositoryName": "team/app", "imageId": {"imageTag": "none"}}
    assert (await refusal(served.own().describe_shared_layers, **image)).code == "ImageNotFoundException"


@pytest.mark.parametrize("operation", STATISTICS)
def test_none_of_it_is_a_change(operation: str) -> None:
    assert is_read("entrepot", operation)


async def test_attack_28_a_deny_hides_a_repository_whatever_else_is_allowed(served: Served) -> None:
    for name in ("team/app", "team/secret"):
        await push_image(served.ecr(), await create(served.ecr(), name), "v1")
    await keep_totals(served)
    rules = [policy("entrepot:*"), policy("*", resource=arn("team/secret"), effect="Deny")]
    keys = await user(served.iam(), "eve", *rules)
    own = served.own(keys=keys)
    refused = await refusal(own.describe_repository_statistics, repositoryNames=["team/app", "team/secret"])
    assert refused.code == "AccessDeniedException"
    told = await asked(served, "describe_registry_statistics", keys)
    assert [found["repositoryName"] for found in told["largestRepositories"]] == ["team/app"]
    shared = await asked(
        served, "describe_shared_layers", keys, repositoryName="team/app", imageId={"imageTag": "v1"}
    )
    assert [layer["imageCount"] for layer in shared["layers"]] == [0, 0]
