"""Images through the ECR API: described, listed, fetched, deleted, and what refers to them."""

from asyncio import to_thread
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.aws.images import CONFIG, Image, create, push_image, push_index
from tests.wire.aws.served import ACCOUNT, Served, bare, refusal
from tests.wire.oci.world import digest_of

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

NAME = "team/app"
NOWHERE = "sha256:" + "0" * 64
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
ECRS_DIGEST = "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+"
OCIS_TAG = "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"


@pytest.fixture(name="repository", autouse=True)
async def _repository(ecr: "ECRClient") -> str:
    return await create(ecr, NAME)


async def describe(ecr: "ECRClient", *ids: Any) -> list[Any]:
    answer = await to_thread(ecr.describe_images, repositoryName=NAME, imageIds=list(ids))
    return answer["imageDetails"]


async def delete(ecr: "ECRClient", *ids: Any) -> dict[str, Any]:
    return bare(await to_thread(ecr.batch_delete_image, repositoryName=NAME, imageIds=list(ids)))


async def refer(ecr: "ECRClient", subject: Image, kind: str, content: bytes, **more: object) -> Image:
    described = {
        "mediaType": OCI_MANIFEST,
        "digest": subject.digest,
        "size": len(subject.manifest),
    }
    return await push_image(ecr, NAME, content=content, subject=described, artifactType=kind, **more)


async def test_a_detail_has_ecrs_members(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "b", "a", content=b"12345")

    [detail] = await describe(ecr, {"imageTag": "a"})

    at = detail.pop("imagePushedAt")
    assert abs(at.astimezone(UTC) - datetime.now(UTC)) < timedelta(minutes=1)
    assert detail == {
        "registryId": ACCOUNT,
        "repositoryName": NAME,
        "imageDigest": image.digest,
        "imageTags": ["a", "b"],
        "imageSizeInBytes": len(CONFIG) + 5,
        "imageManifestMediaType": OCI_MANIFEST,
        "artifactMediaType": CONFIG_TYPE,
        "imageStatus": "ACTIVE",
    }


async def test_an_untagged_image_has_no_image_tags(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME)
    [detail] = await describe(ecr, {"imageDigest": image.digest})
    assert "imageTags" not in detail


async def test_an_index_is_as_large_as_its_largest_child_and_has_no_artifact_type(ecr: "ECRClient") -> None:
    small = await push_image(ecr, NAME, content=b"1")
    large = await push_image(ecr, NAME, content=b"12345678")
    image = await push_index(ecr, NAME, small, large, tag="v1")

    [detail] = await describe(ecr, {"imageDigest": image.digest})

    assert detail["imageSizeInBytes"] == len(CONFIG) + 8
    assert detail["imageManifestMediaType"] == OCI_INDEX
    assert "artifactMediaType" not in detail


async def test_a_referrer_shows_its_subject_and_artifact_type(ecr: "ECRClient") -> None:
    subject = await push_image(ecr, NAME, "v1")
    signature = await refer(ecr, subject, "application/vnd.example.signature", b"signature")
    [detail] = await describe(ecr, {"imageDigest": signature.digest})
    assert detail["subjectManifestDigest"] == subject.digest
    assert detail["artifactMediaType"] == "application/vnd.example.signature"


async def test_an_unknown_image_refuses_the_whole_description(ecr: "ECRClient") -> None:
    await push_image(ecr, NAME, "v1")
    refused = await refusal(
        ecr.describe_images, repositoryName=NAME, imageIds=[{"imageTag": "v1"}, {"imageTag": "v2"}]
    )
    assert (refused.code, refused.status) == ("ImageNotFoundException", 400)
    assert refused.message == (
        f"The image with imageId {{imageDigest:'null', imageTag:'v2'}} does not exist within the repository "
        f"with name '{NAME}' in the registry with id '{ACCOUNT}'"
    )


async def test_an_image_named_twice_is_described_once(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1")
    details = await describe(ecr, {"imageTag": "v1"}, {"imageDigest": image.digest})
    assert [detail["imageDigest"] for detail in details] == [image.digest]


@pytest.mark.parametrize("more", [{"maxResults": 1}, {"nextToken": "x"}])
async def test_image_ids_and_paging_exclude_each_other(served: Served, more: dict[str, object]) -> None:
    asked = {"repositoryName": NAME, "imageIds": [{"imageTag": "v1"}], **more}
    answer = await served.ask("DescribeImages", asked)
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


@pytest.mark.parametrize(
    "bad", [{}, {"imageTag": ".."}, {"imageDigest": "sha256:x"}, {"imageDigest": NOWHERE, "imageTag": "v1"}]
)
async def test_image_ids_that_name_nothing_are_refused(
    ecr: "ECRClient", served: Served, bad: dict[str, str]
) -> None:
    await push_image(ecr, NAME, "v1")
    answer = await served.ask("DescribeImages", {"repositoryName": NAME, "imageIds": [bad]})
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


async def test_an_empty_repository_gives_empty_lists(ecr: "ECRClient") -> None:
    assert bare(await to_thread(ecr.describe_images, repositoryName=NAME)) == {"imageDetails": []}
    assert bare(await to_thread(ecr.list_images, repositoryName=NAME)) == {"imageIds": []}


async def test_filters_keep_what_they_name(ecr: "ECRClient") -> None:
    tagged = await push_image(ecr, NAME, "v1", content=b"tagged")
    untagged = await push_image(ecr, NAME, content=b"untagged")
    wanted: dict[Any, set[str]] = {
        "TAGGED": {tagged.digest},
        "UNTAGGED": {untagged.digest},
        "ANY": {tagged.digest, untagged.digest},
    }
    for status, digests in wanted.items():
        described = await to_thread(ecr.describe_images, repositoryName=NAME, filter={"tagStatus": status})
        assert {each["imageDigest"] for each in described["imageDetails"]} == digests
        listed = await to_thread(ecr.list_images, repositoryName=NAME, filter={"tagStatus": status})
        assert {each["imageDigest"] for each in listed["imageIds"]} == digests


@pytest.mark.parametrize(("status", "seen"), [("ACTIVE", 1), ("ANY", 1), ("ARCHIVED", 0), ("ACTIVATING", 0)])
async def test_an_image_is_active_at_first(ecr: "ECRClient", status: Any, seen: int) -> None:
    await push_image(ecr, NAME, "v1")
    described = await to_thread(ecr.describe_images, repositoryName=NAME, filter={"imageStatus": status})
    listed = await to_thread(ecr.list_images, repositoryName=NAME, filter={"imageStatus": status})
    assert len(described["imageDetails"]) == len(listed["imageIds"]) == seen


async def test_a_list_has_a_row_for_each_digest_and_tag(ecr: "ECRClient") -> None:
    twice = await push_image(ecr, NAME, "a", "b", content=b"twice")
    never = await push_image(ecr, NAME, content=b"never")

    rows = (await to_thread(ecr.list_images, repositoryName=NAME))["imageIds"]

    expected = [
        {"imageDigest": twice.digest, "imageTag": "a"},
        {"imageDigest": twice.digest, "imageTag": "b"},
        {"imageDigest": never.digest},
    ]
    assert sorted(rows, key=str) == sorted(expected, key=str)


async def test_paginators_give_every_image_and_row_once(ecr: "ECRClient") -> None:
    images = [await push_image(ecr, NAME, f"a{n}", f"b{n}", content=str(n).encode()) for n in range(4)]
    images.append(await push_image(ecr, NAME, content=b"untagged"))
    sizes: Any = {"PageSize": 2}

    def described() -> list[str]:
        pages = ecr.get_paginator("describe_images").paginate(repositoryName=NAME, PaginationConfig=sizes)
        return [each["imageDigest"] for page in pages for each in page["imageDetails"]]

    def listed() -> list[str | None]:
        pages = ecr.get_paginator("list_images").paginate(repositoryName=NAME, PaginationConfig=sizes)
        return [each.get("imageTag") for page in pages for each in page["imageIds"]]

    assert sorted(await to_thread(described)) == sorted(image.digest for image in images)
    tags = await to_thread(listed)
    assert sorted(tag for tag in tags if tag) == sorted(f"{kind}{n}" for kind in "ab" for n in range(4))
    assert tags.count(None) == 1


@pytest.mark.parametrize(
    "operation", ["DescribeImages", "ListImages", "DescribeRepositories", "ListImageReferrers"]
)
@pytest.mark.parametrize("size", [0, -1, 1001, 2**31, 2**63, "10", 1.5])
async def test_attack_40_page_sizes_out_of_range_are_refused(
    served: Served, operation: str, size: object
) -> None:
    asked: dict[str, object] = {"repositoryName": NAME, "maxResults": size}
    if operation == "ListImageReferrers":
        asked["subjectId"] = {"imageDigest": NOWHERE}
    answer = await served.ask(operation, asked)
    assert answer.status == 400
    assert answer.code in ("InvalidParameterException", "SerializationException")


async def test_attack_40_a_page_size_over_the_maximum_is_refused_in_ecrs_words(ecr: "ECRClient") -> None:
    refused = await refusal(ecr.list_images, repositoryName=NAME, maxResults=1001)
    assert refused.message == (
        "Invalid parameter at 'maxResults' failed to satisfy constraint: "
        "'Member must have value less than or equal to 1000'"
    )


@pytest.mark.parametrize(
    "operation", ["DescribeImages", "ListImages", "DescribeRepositories", "ListImageReferrers"]
)
@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "AAAA",
        "../..",
        "\u2603",
        "A" * 100_000,
        "aW1hZ2VzAA",
        "cmVwb3NpdG9yaWVzADAAMA==",
        "aW1hZ2VzAP__",
        "' OR 1=1 --",
    ],
    ids=range(10),
)
async def test_attack_40_forged_tokens_are_refused(served: Served, operation: str, token: str) -> None:
    asked: dict[str, object] = {"repositoryName": NAME, "nextToken": token}
    if operation == "ListImageReferrers":
        asked["subjectId"] = {"imageDigest": NOWHERE}
    answer = await served.ask(operation, asked)
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert "'nextToken'" in answer.message


async def test_attack_40_a_token_of_another_listing_is_refused(ecr: "ECRClient", served: Served) -> None:
    for n in range(2):
        await push_image(ecr, NAME, f"v{n}", content=str(n).encode())
    page = await to_thread(ecr.list_images, repositoryName=NAME, maxResults=1)
    answer = await served.ask("DescribeImages", {"repositoryName": NAME, "nextToken": page["nextToken"]})
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


async def test_a_batch_gives_what_it_finds_and_says_why_not(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1")
    other = await push_image(ecr, NAME, "v2", content=b"other")
    assert other.digest != image.digest
    ids: list[Any] = [
        {"imageTag": "v1"},
        {"imageDigest": image.digest},
        {"imageDigest": image.digest, "imageTag": "v1"},
        {"imageTag": "absent"},
        {"imageDigest": NOWHERE},
        {},
        {"imageDigest": "sha256:short"},
        {"imageTag": "a/b"},
        {"imageDigest": image.digest, "imageTag": "v2"},
    ]

    answer = await to_thread(ecr.batch_get_image, repositoryName=NAME, imageIds=ids)

    assert [found["imageId"] for found in answer["images"]] == [
        {"imageDigest": image.digest, "imageTag": "v1"},
        {"imageDigest": image.digest},
        {"imageDigest": image.digest, "imageTag": "v1"},
    ]
    assert all(found["imageManifest"] == image.manifest for found in answer["images"])
    assert [failure["imageId"] for failure in answer["failures"]] == ids[3:]
    said = [(failure["failureCode"], failure["failureReason"]) for failure in answer["failures"]]
    assert said == [
        ("ImageNotFound", "Requested image not found"),
        ("ImageNotFound", "Requested image not found"),
        ("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"),
        (
            "InvalidImageDigest",
            f"Invalid request parameters: image digest should satisfy the regex '{ECRS_DIGEST}'",
        ),
        (
            "InvalidImageTag",
            f"Invalid request parameters: image tag must satisfy regular expression '{OCIS_TAG}'",
        ),
        ("ImageTagDoesNotMatchDigest", "The image tag does not match the image digest"),
    ]


async def test_an_index_is_given_as_it_is_stored_whatever_is_accepted(ecr: "ECRClient") -> None:
    stored = await push_index(ecr, NAME, await push_image(ecr, NAME), tag="v1")
    accepting: list[Any] = [{}, {"acceptedMediaTypes": [OCI_MANIFEST]}, {"acceptedMediaTypes": [OCI_INDEX]}]
    for accepted in accepting:
        answer = await to_thread(
            ecr.batch_get_image, repositoryName=NAME, imageIds=[{"imageTag": "v1"}], **accepted
        )
        [found] = answer["images"]
        assert (found["imageManifest"], found["imageManifestMediaType"]) == (stored.manifest, OCI_INDEX)


@pytest.mark.parametrize("operation", ["BatchGetImage", "BatchDeleteImage", "DescribeImages"])
@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_has_one_to_a_hundred_ids(served: Served, operation: str, count: int) -> None:
    answer = await served.ask(operation, {"repositoryName": NAME, "imageIds": [{"imageTag": "v1"}] * count})
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert "'imageIds'" in answer.message


async def test_deleting_a_tag_leaves_the_image_its_others(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "a", "b")
    gone = await delete(ecr, {"imageTag": "a"})
    assert gone == {"imageIds": [{"imageDigest": image.digest, "imageTag": "a"}], "failures": []}
    assert (await describe(ecr, {"imageDigest": image.digest}))[0]["imageTags"] == ["b"]


async def test_deleting_the_last_tag_deletes_the_image(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "a")
    assert (await delete(ecr, {"imageTag": "a"}))["imageIds"] == [
        {"imageDigest": image.digest, "imageTag": "a"}
    ]
    refused = await refusal(
        ecr.describe_images, repositoryName=NAME, imageIds=[{"imageDigest": image.digest}]
    )
    assert refused.code == "ImageNotFoundException"


async def test_deleting_by_digest_takes_all_tags_a_row_each(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "b", "a")
    assert await delete(ecr, {"imageDigest": image.digest}) == {
        "imageIds": [
            {"imageDigest": image.digest, "imageTag": "a"},
            {"imageDigest": image.digest, "imageTag": "b"},
        ],
        "failures": [],
    }


async def test_deleting_an_untagged_image_gives_its_digest(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME)
    assert (await delete(ecr, {"imageDigest": image.digest}))["imageIds"] == [{"imageDigest": image.digest}]


async def test_what_cannot_be_deleted_is_said_and_the_rest_goes(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1")
    await push_image(ecr, NAME, "v2", content=b"other")
    answer = await delete(
        ecr,
        {"imageTag": "v1"},
        {"imageTag": "v1"},
        {},
        {"imageDigest": "nonsense"},
        {"imageTag": "-"},
        {"imageTag": "v2", "imageDigest": NOWHERE},
    )
    assert answer["imageIds"] == [{"imageDigest": image.digest, "imageTag": "v1"}]
    assert [failure["failureCode"] for failure in answer["failures"]] == [
        "ImageNotFound",
        "MissingDigestAndTag",
        "InvalidImageDigest",
        "InvalidImageTag",
        "ImageTagDoesNotMatchDigest",
    ]


@pytest.mark.parametrize("by", ["imageDigest", "imageTag"])
async def test_a_child_of_an_index_stays_until_the_index_goes(ecr: "ECRClient", by: str) -> None:
    child = await push_image(ecr, NAME, "child")
    parent = await push_index(ecr, NAME, child, tag="parent")
    named: Any = {by: child.digest if by == "imageDigest" else "child"}

    kept = await delete(ecr, named)
    assert kept["imageIds"] == []
    assert kept["failures"] == [
        {
            "imageId": named,
            "failureCode": "ImageReferencedByManifestList",
            "failureReason": f"Requested image referenced by manifest list: [{parent.digest}]",
        }
    ]

    gone = await delete(ecr, {"imageDigest": parent.digest}, named)
    assert [row["imageDigest"] for row in gone["imageIds"]] == [parent.digest, child.digest]


async def test_a_childs_other_tags_may_go(ecr: "ECRClient") -> None:
    child = await push_image(ecr, NAME, "a", "b")
    await push_index(ecr, NAME, child, tag="parent")
    assert (await delete(ecr, {"imageTag": "a"}))["failures"] == []


async def test_referrers_have_ecrs_members(ecr: "ECRClient") -> None:
    subject = await push_image(ecr, NAME, "v1")
    notes = {"org.example.note": "kept"}
    signature = await refer(ecr, subject, "application/vnd.example.signature", b"one", annotations=notes)

    answer = await to_thread(
        ecr.list_image_referrers, repositoryName=NAME, subjectId={"imageDigest": subject.digest}
    )

    assert bare(answer) == {
        "referrers": [
            {
                "digest": signature.digest,
                "mediaType": OCI_MANIFEST,
                "artifactType": "application/vnd.example.signature",
                "size": len(signature.manifest),
                "annotations": notes,
                "artifactStatus": "ACTIVE",
            }
        ]
    }


async def test_an_unknown_subject_has_no_referrers(ecr: "ECRClient") -> None:
    answer = await to_thread(
        ecr.list_image_referrers, repositoryName=NAME, subjectId={"imageDigest": NOWHERE}
    )
    assert bare(answer) == {"referrers": []}


async def test_referrers_are_paged_and_filtered(ecr: "ECRClient") -> None:
    subject = await push_image(ecr, NAME, "v1")
    pushed = [
        await refer(ecr, subject, f"application/vnd.example.{kind}", f"{kind}{n}".encode())
        for kind in ("signature", "sbom")
        for n in range(3)
    ]
    asked: Any = {"repositoryName": NAME, "subjectId": {"imageDigest": subject.digest}}

    seen: list[str] = []
    more: Any = {}
    while True:
        page = await to_thread(ecr.list_image_referrers, **asked, maxResults=4, **more)
        seen += [each["digest"] for each in page["referrers"]]
        if "nextToken" not in page:
            break
        more = {"nextToken": page["nextToken"]}
    assert sorted(seen) == sorted(image.digest for image in pushed)

    chosen: Any = {"artifactTypes": ["application/vnd.example.sbom", "text/none"]}
    filtered = await to_thread(ecr.list_image_referrers, **asked, filter=chosen)
    assert {each["artifactType"] for each in filtered["referrers"]} == {"application/vnd.example.sbom"}
    archived: Any = {"artifactStatus": "ARCHIVED"}
    assert (await to_thread(ecr.list_image_referrers, **asked, filter=archived))["referrers"] == []


@pytest.mark.parametrize("kind", ["' OR '1'='1", "%", "a\x00b", "\r\n", "*", "\x1b[31m"], ids=range(6))
async def test_attack_16_an_artifact_type_is_compared_and_never_interpreted(
    ecr: "ECRClient", served: Served, kind: str
) -> None:
    subject = await push_image(ecr, NAME, "v1")
    await refer(ecr, subject, "application/vnd.example.signature", b"one")
    answer = await served.ask(
        "ListImageReferrers",
        {
            "repositoryName": NAME,
            "subjectId": {"imageDigest": subject.digest},
            "filter": {"artifactTypes": [kind]},
        },
    )
    assert (answer.status, answer.document) == (200, {"referrers": []})


@pytest.mark.parametrize("digest", ["", "x", "sha256:" + "A" * 64, "sha256:../../x", "md5:" + "0" * 32])
async def test_attack_03_a_subject_that_is_no_digest_is_refused(served: Served, digest: str) -> None:
    answer = await served.ask(
        "ListImageReferrers", {"repositoryName": NAME, "subjectId": {"imageDigest": digest}}
    )
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


async def test_deleting_the_subject_keeps_its_referrers(ecr: "ECRClient") -> None:
    subject = await push_image(ecr, NAME, "v1")
    signature = await refer(ecr, subject, "application/vnd.example.signature", b"one")
    await delete(ecr, {"imageDigest": subject.digest})
    assert (await describe(ecr, {"imageDigest": signature.digest}))[0]["subjectManifestDigest"] == (
        subject.digest
    )


async def test_an_images_digest_is_that_of_its_manifest(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1")
    assert digest_of(image.manifest.encode()) == image.digest
