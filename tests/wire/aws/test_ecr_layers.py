"""Layers through the ECR API: uploaded in parts, asked for, downloaded by a signed URL."""

import hashlib
from asyncio import gather, to_thread
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession
from tests.wire.aws.images import CONFIG, begin, create, push_image, push_layer, send_part
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, bare, refusal
from tests.wire.oci.world import digest_of

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

NAME = "team/app"
PART_BYTES = 5 * 1024 * 1024
UNKNOWN = "00000000-0000-4000-8000-000000000000"
NOWHERE = "sha256:" + "0" * 64


@pytest.fixture(name="repository", autouse=True)
async def _repository(ecr: "ECRClient") -> str:
    return await create(ecr, NAME)


async def complete(ecr: "ECRClient", upload_id: str, *digests: str) -> dict[str, object]:
    answer = await to_thread(
        ecr.complete_layer_upload, repositoryName=NAME, uploadId=upload_id, layerDigests=list(digests)
    )
    return bare(answer)


async def availability(ecr: "ECRClient", digest: str) -> str:
    answer = await to_thread(ecr.batch_check_layer_availability, repositoryName=NAME, layerDigests=[digest])
    return answer["layers"][0]["layerAvailability"]


async def test_a_layer_of_two_parts_is_there_when_it_is_complete(ecr: "ECRClient") -> None:
    first, last = bytes(PART_BYTES), b"the end"
    digest = digest_of(first + last)

    begun = await to_thread(ecr.initiate_layer_upload, repositoryName=NAME)
    assert bare(begun) == {"uploadId": begun["uploadId"], "partSize": 10_485_760}
    sent = await to_thread(
        ecr.upload_layer_part,
        repositoryName=NAME,
        uploadId=begun["uploadId"],
        partFirstByte=0,
        partLastByte=PART_BYTES - 1,
        layerPartBlob=first,
    )
    assert bare(sent) == {
        "registryId": ACCOUNT,
        "repositoryName": NAME,
        "uploadId": begun["uploadId"],
        "lastByteReceived": PART_BYTES - 1,
    }
    assert await send_part(ecr, NAME, begun["uploadId"], last, PART_BYTES) == PART_BYTES + 6
    assert await availability(ecr, digest) == "UNAVAILABLE"
    assert await complete(ecr, begun["uploadId"], digest) == {
        "registryId": ACCOUNT,
        "repositoryName": NAME,
        "uploadId": begun["uploadId"],
        "layerDigest": digest,
    }
    assert await availability(ecr, digest) == "AVAILABLE"


async def test_a_layer_may_be_known_by_its_sha512(ecr: "ECRClient") -> None:
    upload_id, digest = await begin(ecr, NAME), digest_of(b"long", "sha512")
    await send_part(ecr, NAME, upload_id, b"long")
    assert (await complete(ecr, upload_id, digest))["layerDigest"] == digest


@pytest.mark.parametrize("first", [3, 5, 4096, 2**62])
async def test_attack_08_a_part_that_leaves_a_gap_or_overlaps_is_refused(
    ecr: "ECRClient", first: int
) -> None:
    upload_id = await begin(ecr, NAME)
    await send_part(ecr, NAME, upload_id, b"1234")

    refused = await refusal(
        ecr.upload_layer_part,
        repositoryName=NAME,
        uploadId=upload_id,
        partFirstByte=first,
        partLastByte=first + 3,
        layerPartBlob=b"5678",
    )

    assert (refused.code, refused.status) == ("InvalidLayerPartException", 400)
    named = {
        "registryId": ACCOUNT,
        "repositoryName": NAME,
        "uploadId": upload_id,
        "lastValidByteReceived": 3,
    }
    assert {name: refused.members[name] for name in named} == named
    assert await send_part(ecr, NAME, upload_id, b"5678", 4) == 7


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 4), (0, 2**40), (3, 0)])
async def test_attack_08_a_part_of_another_length_than_its_offsets_is_refused(
    ecr: "ECRClient", first: int, last: int
) -> None:
    upload_id = await begin(ecr, NAME)
    refused = await refusal(
        ecr.upload_layer_part,
        repositoryName=NAME,
        uploadId=upload_id,
        partFirstByte=first,
        partLastByte=last,
        layerPartBlob=b"1234",
    )
    assert (refused.code, refused.members["lastValidByteReceived"]) == ("InvalidLayerPartException", 0)


@pytest.mark.parametrize("value", [-1, 2**63, 1.5, "0", None, True])
async def test_attack_08_an_offset_that_is_none_is_refused(
    ecr: "ECRClient", served: Served, value: object
) -> None:
    answer = await served.ask(
        "UploadLayerPart",
        {
            "repositoryName": NAME,
            "uploadId": await begin(ecr, NAME),
            "partFirstByte": value,
            "partLastByte": 0,
            "layerPartBlob": "AA==",
        },
    )
    assert answer.status == 400
    assert answer.code in ("InvalidParameterException", "SerializationException")


async def test_attack_08_of_two_same_parts_at_once_one_counts(ecr: "ECRClient", served: Served) -> None:
    upload_id = await begin(ecr, NAME)
    part = {
        "repositoryName": NAME,
        "uploadId": upload_id,
        "partFirstByte": 0,
        "partLastByte": 3,
        "layerPartBlob": b64encode(b"1234").decode(),
    }

    answers = await gather(*(served.ask("UploadLayerPart", part) for _ in range(5)))

    assert sorted(answer.code for answer in answers) == ["", *["InvalidLayerPartException"] * 4]
    assert (await complete(ecr, upload_id, digest_of(b"1234")))["layerDigest"] == digest_of(b"1234")


async def test_a_part_over_20_mib_is_refused(ecr: "ECRClient") -> None:
    part = bytes(20 * 1024 * 1024 + 1)
    refused = await refusal(send_part_now, ecr, await begin(ecr, NAME), part)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)
    assert refused.message == (
        "Invalid parameter at 'layerPartBlob' failed to satisfy constraint: "
        "'must have length less than or equal to 20971520'"
    )


async def test_a_part_of_20_mib_is_taken(ecr: "ECRClient") -> None:
    part = bytes(20 * 1024 * 1024)
    assert await send_part(ecr, NAME, await begin(ecr, NAME), part) == len(part) - 1


async def test_a_body_beyond_every_part_is_refused_before_it_is_read(served: Served) -> None:
    answer = await served.ask("UploadLayerPart", b" " * (28 * 1024 * 1024 + 1))
    assert (answer.status, answer.code) == (413, "RequestEntityTooLargeException")


def send_part_now(ecr: "ECRClient", upload_id: str, part: bytes) -> object:
    return ecr.upload_layer_part(
        repositoryName=NAME,
        uploadId=upload_id,
        partFirstByte=0,
        partLastByte=len(part) - 1,
        layerPartBlob=part,
    )


async def test_only_the_last_part_may_be_short(ecr: "ECRClient") -> None:
    upload_id = await begin(ecr, NAME)
    await send_part(ecr, NAME, upload_id, b"short")
    await send_part(ecr, NAME, upload_id, b"last", 5)

    refused = await refusal(
        ecr.complete_layer_upload,
        repositoryName=NAME,
        uploadId=upload_id,
        layerDigests=[digest_of(b"shortlast")],
    )

    assert (refused.code, refused.status) == ("LayerPartTooSmallException", 400)
    assert refused.message == (
        f"The upload with id '{upload_id}' in the repository with name '{NAME}' in registry with id "
        f"'{ACCOUNT}' has a part other than its last that is smaller than 5 MiB"
    )
    assert await availability(ecr, digest_of(b"shortlast")) == "UNAVAILABLE"


async def test_an_upload_without_parts_is_refused(ecr: "ECRClient") -> None:
    upload_id = await begin(ecr, NAME)
    refused = await refusal(
        ecr.complete_layer_upload,
        repositoryName=NAME,
        uploadId=upload_id,
        layerDigests=[digest_of(b"")],
    )
    assert (refused.code, refused.status) == ("EmptyUploadException", 400)
    assert refused.message == (
        f"The upload with id '{upload_id}' in the repository with name '{NAME}' in registry with id "
        f"'{ACCOUNT}' cannot be completed because it does not have any parts"
    )


async def test_a_layer_that_is_there_already_is_said_to_be(ecr: "ECRClient") -> None:
    digest = await push_layer(ecr, NAME, b"twice")
    upload_id = await begin(ecr, NAME)
    await send_part(ecr, NAME, upload_id, b"twice")

    refused = await refusal(
        ecr.complete_layer_upload, repositoryName=NAME, uploadId=upload_id, layerDigests=[digest]
    )

    assert (refused.code, refused.status) == ("LayerAlreadyExistsException", 400)
    assert refused.message == (
        f"The layer with digest '{digest}' in the repository with name '{NAME}' in registry with id "
        f"'{ACCOUNT}' already exists"
    )
    assert await availability(ecr, digest) == "AVAILABLE"


async def test_attack_10_a_wrong_digest_leaves_nothing(ecr: "ECRClient") -> None:
    upload_id = await begin(ecr, NAME)
    await send_part(ecr, NAME, upload_id, b"content")

    refused = await refusal(
        ecr.complete_layer_upload, repositoryName=NAME, uploadId=upload_id, layerDigests=[NOWHERE]
    )

    assert (refused.code, refused.status) == ("InvalidLayerException", 400)
    assert refused.message == (
        f"The upload with id '{upload_id}' in the repository with name '{NAME}' in registry with id "
        f"'{ACCOUNT}' does not have the digest '{NOWHERE}'"
    )
    assert await availability(ecr, NOWHERE) == "UNAVAILABLE"
    assert await availability(ecr, digest_of(b"content")) == "UNAVAILABLE"
    again = await refusal(send_part_now, ecr, upload_id, b"content")
    assert again.code == "UploadNotFoundException"


async def test_attack_06_a_finished_upload_cannot_be_used_again(ecr: "ECRClient") -> None:
    upload_id = await begin(ecr, NAME)
    await send_part(ecr, NAME, upload_id, b"once")
    await complete(ecr, upload_id, digest_of(b"once"))

    repeated = await refusal(
        ecr.complete_layer_upload,
        repositoryName=NAME,
        uploadId=upload_id,
        layerDigests=[digest_of(b"once")],
    )
    continued = await refusal(send_part_now, ecr, upload_id, b"more")

    assert repeated.code == continued.code == "UploadNotFoundException"
    assert repeated.message == (
        f"The upload with id '{upload_id}' in the repository with name '{NAME}' in registry with id "
        f"'{ACCOUNT}' does not exist"
    )


async def test_attack_05_an_unknown_upload_is_not_found(ecr: "ECRClient") -> None:
    refused = await refusal(send_part_now, ecr, UNKNOWN, b"content")
    assert (refused.code, refused.status) == ("UploadNotFoundException", 400)


async def test_attack_05_an_upload_of_another_repository_is_not_found(ecr: "ECRClient") -> None:
    upload_id = await begin(ecr, await create(ecr, "team/other"))
    sent = await refusal(send_part_now, ecr, upload_id, b"content")
    completed = await refusal(
        ecr.complete_layer_upload,
        repositoryName=NAME,
        uploadId=upload_id,
        layerDigests=[digest_of(b"content")],
    )
    assert sent.code == completed.code == "UploadNotFoundException"


async def test_attack_05_an_upload_of_another_account_or_region_is_not_found(
    ecr: "ECRClient", served: Served
) -> None:
    upload_id = await begin(ecr, NAME)
    for stranger in (served.ecr(OTHER_ACCOUNT), served.ecr(region="us-east-1")):
        await create(stranger, NAME)
        assert (await refusal(send_part_now, stranger, upload_id, b"content")).code == (
            "UploadNotFoundException"
        )
    assert await send_part(ecr, NAME, upload_id, b"content") == 6


async def test_attack_11_of_two_uploads_of_one_layer_both_end_and_one_layer_is_there(
    ecr: "ECRClient", served: Served
) -> None:
    uploads = [await begin(ecr, NAME) for _ in range(2)]
    for upload_id in uploads:
        await send_part(ecr, NAME, upload_id, b"raced")

    answers = await gather(
        *(
            served.ask(
                "CompleteLayerUpload",
                {"repositoryName": NAME, "uploadId": each, "layerDigests": [digest_of(b"raced")]},
            )
            for each in uploads
        )
    )

    assert {answer.code for answer in answers} <= {"", "LayerAlreadyExistsException"}
    assert "" in {answer.code for answer in answers}
    assert await availability(ecr, digest_of(b"raced")) == "AVAILABLE"


async def test_availability_tells_each_layer_and_each_malformed_digest(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1", content=b"used")
    unused = await push_layer(ecr, NAME, b"unused")
    assert image.digest

    answer = await to_thread(
        ecr.batch_check_layer_availability,
        repositoryName=NAME,
        layerDigests=[digest_of(CONFIG), unused, NOWHERE, "", "nonsense", "md5:" + "0" * 32, NOWHERE],
    )

    assert answer["layers"] == [
        {
            "layerDigest": digest_of(CONFIG),
            "layerAvailability": "AVAILABLE",
            "layerSize": len(CONFIG),
            "mediaType": "application/vnd.oci.image.config.v1+json",
        },
        {"layerDigest": unused, "layerAvailability": "AVAILABLE", "layerSize": 6},
        {"layerDigest": NOWHERE, "layerAvailability": "UNAVAILABLE"},
    ]
    assert [(each["layerDigest"], each["failureCode"]) for each in answer["failures"]] == [
        ("", "MissingLayerDigest"),
        ("nonsense", "InvalidLayerDigest"),
        ("md5:" + "0" * 32, "InvalidLayerDigest"),
    ]


async def test_lists_without_entries_are_empty_lists(ecr: "ECRClient") -> None:
    only_failures = await to_thread(
        ecr.batch_check_layer_availability, repositoryName=NAME, layerDigests=["x"]
    )
    only_layers = await to_thread(
        ecr.batch_check_layer_availability, repositoryName=NAME, layerDigests=[NOWHERE]
    )
    assert only_failures["layers"] == []
    assert only_layers["failures"] == []


async def test_a_download_url_opens_the_layers_bytes(ecr: "ECRClient") -> None:
    await push_image(ecr, NAME, "v1", content=b"downloaded")
    digest = digest_of(b"downloaded")

    answer = await to_thread(ecr.get_download_url_for_layer, repositoryName=NAME, layerDigest=digest)

    assert bare(answer) == {"downloadUrl": answer["downloadUrl"], "layerDigest": digest}
    async with ClientSession() as browser, browser.get(answer["downloadUrl"]) as response:
        assert (response.status, await response.read()) == (200, b"downloaded")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Disposition"].startswith("attachment")


async def test_attack_32_a_download_url_opens_no_other_layer(ecr: "ECRClient") -> None:
    await push_image(ecr, NAME, "v1", content=b"mine")
    answer = await to_thread(
        ecr.get_download_url_for_layer, repositoryName=NAME, layerDigest=digest_of(b"mine")
    )
    start, _, mac = answer["downloadUrl"].rpartition(".")
    async with ClientSession() as browser:
        for forged in (
            f"{start}.{mac[:-2]}AA",
            f"{start[:-4]}AAAA.{mac}",
            f"{start}.",
            f"{start}.{mac}.{mac}",
        ):
            async with browser.get(forged) as response:
                assert response.status in (401, 403)


async def test_a_download_url_ends_with_its_layer(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1", content=b"gone")
    answer = await to_thread(
        ecr.get_download_url_for_layer, repositoryName=NAME, layerDigest=digest_of(b"gone")
    )
    await to_thread(ecr.batch_delete_image, repositoryName=NAME, imageIds=[{"imageDigest": image.digest}])
    async with ClientSession() as browser, browser.get(answer["downloadUrl"]) as response:
        assert response.status in (403, 404)


async def test_a_layer_that_was_never_there_has_no_download_url(ecr: "ECRClient") -> None:
    refused = await refusal(ecr.get_download_url_for_layer, repositoryName=NAME, layerDigest=NOWHERE)
    assert (refused.code, refused.status) == ("LayersNotFoundException", 400)
    assert refused.message == (
        f"The layer with digest '{NOWHERE}' in the repository with name '{NAME}' in registry with id "
        f"'{ACCOUNT}' does not exist"
    )


async def test_a_layer_that_no_image_uses_has_no_download_url(ecr: "ECRClient") -> None:
    digest = await push_layer(ecr, NAME, b"unused")
    refused = await refusal(ecr.get_download_url_for_layer, repositoryName=NAME, layerDigest=digest)
    assert (refused.code, refused.status) == ("LayerInaccessibleException", 400)
    assert refused.message == (
        f"The layer with digest '{digest}' in the repository with name '{NAME}' in registry with id "
        f"'{ACCOUNT}' is not available because it is not associated with an image"
    )


async def test_attack_24_a_digest_known_from_another_repository_is_unknown_here(ecr: "ECRClient") -> None:
    other = await create(ecr, "team/secret")
    await push_image(ecr, other, "v1", content=b"secret")
    digest = digest_of(b"secret")

    assert await availability(ecr, digest) == "UNAVAILABLE"
    refused = await refusal(ecr.get_download_url_for_layer, repositoryName=NAME, layerDigest=digest)
    assert refused.code == "LayersNotFoundException"


async def test_attack_25_a_layer_that_is_gone_here_stays_gone_when_another_repository_has_it(
    ecr: "ECRClient", served: Served
) -> None:
    digest = await push_layer(ecr, NAME, b"shared")
    await to_thread(ecr.delete_repository, repositoryName=NAME, force=True)
    await create(ecr, NAME)
    other = await create(ecr, "team/other")
    await push_image(ecr, other, "v1", content=b"shared")

    assert await availability(ecr, digest) == "UNAVAILABLE"


@pytest.mark.parametrize(
    "digest",
    [
        "sha256:../../etc/passwd",
        "sha256:" + "A" * 64,
        "sha256:" + "a" * 63,
        "sha256:" + "a" * 65,
        "sha512:" + "a" * 64,
        "sha384:" + "a" * 96,
        "md5:" + "a" * 32,
        "sha256:",
        ":" + "a" * 64,
        "",
        "SHA256:" + "a" * 64,
        "sha256:" + "a" * 100_000,
        "sha256:" + "\uff41" * 64,
        "sha256:" + "a" * 62 + "\x00a",
    ],
    ids=range(14),
)
async def test_attack_03_what_is_no_digest_is_refused_by_every_layer_operation(
    ecr: "ECRClient", served: Served, digest: str
) -> None:
    upload_id = await begin(ecr, NAME)
    await send_part(ecr, NAME, upload_id, b"content")
    completed = await served.ask(
        "CompleteLayerUpload", {"repositoryName": NAME, "uploadId": upload_id, "layerDigests": [digest]}
    )
    fetched = await served.ask("GetDownloadUrlForLayer", {"repositoryName": NAME, "layerDigest": digest})

    for answer in (completed, fetched):
        assert (answer.status, answer.code) == (400, "InvalidParameterException")
    content = hashlib.sha256(b"content").hexdigest()
    assert (await complete(ecr, upload_id, f"sha256:{content}"))["layerDigest"] == f"sha256:{content}"
