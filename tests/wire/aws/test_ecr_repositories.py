"""Repositories through the ECR API: created, described, changed, removed."""

import json
from asyncio import to_thread
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import ACCOUNT, REGION, Served, bare, refusal

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

NAME = "team/app"
MISSING = f"The repository with name 'absent' does not exist in the registry with id '{ACCOUNT}'"


async def test_a_new_repository_has_ecrs_members_and_defaults(ecr: "ECRClient", served: Served) -> None:
    created = (await to_thread(ecr.create_repository, repositoryName=NAME))["repository"]

    at = created.pop("createdAt")
    assert abs(at.astimezone(UTC) - datetime.now(UTC)) < timedelta(minutes=1)
    assert created == {
        "repositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}",
        "registryId": ACCOUNT,
        "repositoryName": NAME,
        "repositoryUri": f"127.0.0.1:{served.port}/{NAME}",
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }


async def test_a_repository_is_created_with_all_its_settings(ecr: "ECRClient") -> None:
    created = await to_thread(
        ecr.create_repository,
        registryId=ACCOUNT,
        repositoryName=NAME,
        tags=[{"Key": "team", "Value": ""}],
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "AES256"},
    )

    assert created["repository"]["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert created["repository"]["imageTagMutabilityExclusionFilters"] == [
        {"filterType": "WILDCARD", "filter": "dev-*"}
    ]
    assert created["repository"]["imageScanningConfiguration"] == {"scanOnPush": True}
    arn = created["repository"]["repositoryArn"]
    tags = await to_thread(ecr.list_tags_for_resource, resourceArn=arn)
    assert tags["tags"] == [{"Key": "team", "Value": ""}]
    [described] = (await to_thread(ecr.describe_repositories, repositoryNames=[NAME]))["repositories"]
    assert described == created["repository"]


async def test_a_name_can_be_taken_once(ecr: "ECRClient") -> None:
    await create(ecr, NAME)

    refused = await refusal(ecr.create_repository, repositoryName=NAME)

    assert (refused.code, refused.status) == ("RepositoryAlreadyExistsException", 400)
    assert refused.message == (
        f"The repository with name '{NAME}' already exists in the registry with id '{ACCOUNT}'"
    )


@pytest.mark.parametrize("kind", ["KMS", "KMS_DSSE"])
@pytest.mark.parametrize("key", [None, "alias/mine"])
async def test_key_encryption_is_refused_and_nothing_recorded(
    ecr: "ECRClient", kind: str, key: str | None
) -> None:
    encryption: Any = {"encryptionType": kind} | ({"kmsKey": key} if key else {})

    refused = await refusal(ecr.create_repository, repositoryName=NAME, encryptionConfiguration=encryption)

    assert (refused.code, refused.status) == ("KmsException", 400)
    assert refused.members["kmsError"] == "NotAvailable"
    assert refused.message == "Encryption keys are not managed by this registry yet"
    assert (await to_thread(ecr.describe_repositories))["repositories"] == []


async def test_a_key_beside_aes256_is_refused(ecr: "ECRClient") -> None:
    refused = await refusal(
        ecr.create_repository,
        repositoryName=NAME,
        encryptionConfiguration={"encryptionType": "AES256", "kmsKey": "alias/mine"},
    )
    assert refused.code == "InvalidParameterException"
    assert refused.message.startswith("Invalid parameter at 'encryptionConfiguration' failed to satisfy")


async def test_bad_resource_tags_leave_no_repository_behind(ecr: "ECRClient") -> None:
    refused = await refusal(
        ecr.create_repository, repositoryName=NAME, tags=[{"Key": "aws:mine", "Value": "x"}]
    )
    assert (refused.code, refused.status) == ("InvalidTagParameterException", 400)
    assert (await to_thread(ecr.describe_repositories))["repositories"] == []


async def test_an_empty_registry_lists_an_empty_list(ecr: "ECRClient") -> None:
    answer = await to_thread(ecr.describe_repositories)
    assert answer["repositories"] == []
    assert "nextToken" not in answer


async def test_the_paginator_gives_every_repository_once(ecr: "ECRClient") -> None:
    names = [await create(ecr, f"many/{n:02}") for n in range(7)]

    def pages() -> list[list[str]]:
        paginator = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 3})
        return [[each["repositoryName"] for each in page["repositories"]] for page in paginator]

    assert await to_thread(pages) == [names[:3], names[3:6], names[6:]]


async def test_named_repositories_come_in_the_order_asked_each_once(ecr: "ECRClient") -> None:
    for name in ("aa", "bb"):
        await create(ecr, name)
    answer = await to_thread(ecr.describe_repositories, repositoryNames=["bb", "aa", "bb"])
    assert [each["repositoryName"] for each in answer["repositories"]] == ["bb", "aa"]


async def test_one_missing_name_refuses_the_whole_call(ecr: "ECRClient") -> None:
    await create(ecr, NAME)
    refused = await refusal(ecr.describe_repositories, repositoryNames=[NAME, "absent"])
    assert (refused.code, refused.status, refused.message) == ("RepositoryNotFoundException", 400, MISSING)


async def test_names_and_paging_exclude_each_other(ecr: "ECRClient") -> None:
    await create(ecr, NAME)
    refused = await refusal(ecr.describe_repositories, repositoryNames=[NAME], maxResults=1)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)


async def test_an_empty_repository_is_deleted_and_shown_once_more(ecr: "ECRClient") -> None:
    created = (await to_thread(ecr.create_repository, repositoryName=NAME))["repository"]

    deleted = await to_thread(ecr.delete_repository, repositoryName=NAME)

    assert deleted["repository"] == created
    assert (await refusal(ecr.describe_repositories, repositoryNames=[NAME])).code == (
        "RepositoryNotFoundException"
    )


async def test_images_are_deleted_only_by_force(ecr: "ECRClient") -> None:
    await create(ecr, NAME)
    await push_image(ecr, NAME, "v1")

    refused = await refusal(ecr.delete_repository, repositoryName=NAME)
    assert (refused.code, refused.status) == ("RepositoryNotEmptyException", 400)
    assert refused.message == (
        f"The repository with name '{NAME}' in registry with id '{ACCOUNT}' cannot be deleted because it "
        "still contains images"
    )

    await to_thread(ecr.delete_repository, repositoryName=NAME, force=True)
    await create(ecr, NAME)
    assert (await to_thread(ecr.list_images, repositoryName=NAME))["imageIds"] == []


async def test_mutability_is_changed_and_echoed_with_its_filters(ecr: "ECRClient") -> None:
    await create(ecr, NAME)

    changed = await to_thread(
        ecr.put_image_tag_mutability,
        repositoryName=NAME,
        imageTagMutability="MUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "v*"}],
    )

    assert bare(changed) == {
        "registryId": ACCOUNT,
        "repositoryName": NAME,
        "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "v*"}],
    }
    plain = await to_thread(ecr.put_image_tag_mutability, repositoryName=NAME, imageTagMutability="IMMUTABLE")
    assert "imageTagMutabilityExclusionFilters" not in plain


@pytest.mark.parametrize("setting", ["IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"])
async def test_an_exclusion_without_filters_is_refused_in_ecrs_words(ecr: "ECRClient", setting: Any) -> None:
    await create(ecr, NAME)
    refused = await refusal(ecr.put_image_tag_mutability, repositoryName=NAME, imageTagMutability=setting)
    assert refused.code == "InvalidParameterException"
    assert refused.message == (
        "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: "
        f"'ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {setting}'"
    )


async def test_filters_without_an_exclusion_are_refused(ecr: "ECRClient") -> None:
    refused = await refusal(
        ecr.create_repository,
        repositoryName=NAME,
        imageTagMutability="IMMUTABLE",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "v*"}],
    )
    assert refused.code == "InvalidParameterException"
    assert "'imageTagMutabilityExclusionFilters'" in refused.message


async def test_an_unknown_mutability_names_the_enum(ecr: "ECRClient") -> None:
    setting: Any = "SOMETIMES"
    refused = await refusal(ecr.create_repository, repositoryName=NAME, imageTagMutability=setting)
    assert refused.message == (
        "Invalid parameter at 'imageTagMutability' failed to satisfy constraint: 'Member must satisfy enum "
        "value set: [MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION]'"
    )


async def test_scan_on_push_is_changed_and_echoed(ecr: "ECRClient") -> None:
    await create(ecr, NAME)

    changed = await to_thread(
        ecr.put_image_scanning_configuration,
        repositoryName=NAME,
        imageScanningConfiguration={"scanOnPush": True},
    )

    assert bare(changed) == {
        "registryId": ACCOUNT,
        "repositoryName": NAME,
        "imageScanningConfiguration": {"scanOnPush": True},
    }


LIFECYCLE_POLICY = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9},
                "action": {"type": "expire"},
            }
        ]
    }
)
MISSING_REPOSITORY: list[tuple[str, dict[str, object]]] = [
    ("BatchCheckLayerAvailability", {"layerDigests": ["sha256:" + "0" * 64]}),
    ("BatchDeleteImage", {"imageIds": [{"imageTag": "v1"}]}),
    ("BatchGetImage", {"imageIds": [{"imageTag": "v1"}]}),
    (
        "CompleteLayerUpload",
        {"uploadId": "00000000-0000-0000-0000-000000000000", "layerDigests": ["sha256:" + "0" * 64]},
    ),
    ("DeleteLifecyclePolicy", {}),
    ("DeleteRepository", {}),
    ("DescribeImages", {}),
    ("GetDownloadUrlForLayer", {"layerDigest": "sha256:" + "0" * 64}),
    ("GetLifecyclePolicy", {}),
    ("GetLifecyclePolicyPreview", {}),
    ("InitiateLayerUpload", {}),
    ("ListImageReferrers", {"subjectId": {"imageDigest": "sha256:" + "0" * 64}}),
    ("ListImages", {}),
    ("PutImage", {"imageManifest": "{}"}),
    ("PutImageScanningConfiguration", {"imageScanningConfiguration": {}}),
    ("PutImageTagMutability", {"imageTagMutability": "MUTABLE"}),
    ("PutLifecyclePolicy", {"lifecyclePolicyText": LIFECYCLE_POLICY}),
    ("StartLifecyclePolicyPreview", {}),
    ("StartLifecyclePolicyPreview", {"lifecyclePolicyText": LIFECYCLE_POLICY}),
    (
        "UploadLayerPart",
        {
            "uploadId": "00000000-0000-0000-0000-000000000000",
            "partFirstByte": 0,
            "partLastByte": 0,
            "layerPartBlob": "AA==",
        },
    ),
]


@pytest.mark.parametrize(("operation", "params"), MISSING_REPOSITORY, ids=[o for o, _ in MISSING_REPOSITORY])
async def test_a_missing_repository_is_named_by_every_operation(
    served: Served, operation: str, params: dict[str, object]
) -> None:
    answer = await served.ask(operation, {"repositoryName": "absent", **params})
    assert (answer.status, answer.code, answer.message) == (400, "RepositoryNotFoundException", MISSING)
