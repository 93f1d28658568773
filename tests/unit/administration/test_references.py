"""Images as people write them, and which of them are of a registry."""

import pytest

from entrepot.administration.connection import NotAnswered
from entrepot.administration.references import RegistryHosts, read_image
from entrepot.administration.usage import used_images

DIGEST = "sha256:" + "a" * 64
OURS = "123456789012.dkr.ecr.eu-west-1.example.com"


@pytest.mark.parametrize(
    ("text", "host", "name", "tag", "digest"),
    [
        ("app:v1", "", "app", "v1", ""),
        ("team/app:v1", "", "team/app", "v1", ""),
        ("my.team/app:v1", "", "my.team/app", "v1", ""),
        (f"team/app@{DIGEST}", "", "team/app", "", DIGEST),
        (f"team/app:v1@{DIGEST}", "", "team/app", "v1", DIGEST),
        ("localhost:5050/team/app:v1", "localhost:5050", "team/app", "v1", ""),
        (f"{OURS}/app@{DIGEST}", OURS, "app", "", DIGEST),
    ],
)
def test_an_image_is_named_by_tag_or_digest(text: str, host: str, name: str, tag: str, digest: str) -> None:
    found = read_image(text)
    assert (found.host, found.name, found.tag, found.digest) == (host, name, tag, digest)


@pytest.mark.parametrize(
    "text", ["", "app", "team/app", "app@", "app@x", "@", ":", "app:v1:v2/x", f"@{DIGEST}"]
)
def test_what_names_no_image_is_refused(text: str) -> None:
    with pytest.raises(NotAnswered, match="must be REPOSITORY:TAG or REPOSITORY@DIGEST"):
        read_image(text)


def test_a_report_has_the_images_of_the_registry_alone() -> None:
    references = {
        f"localhost:5050/team/app@{DIGEST}",
        f"localhost:5050/team/app:v1@{DIGEST}",
        f"registry.local/app@{DIGEST}",
        f"docker.io/library/busybox@{DIGEST}",
        f"busybox@{DIGEST}",
        "localhost:5050/team/app:v1",
        DIGEST,
        "",
    }
    hosts = RegistryHosts("localhost:5050", ("registry.local",))
    assert used_images(references, hosts) == [
        {"repositoryName": "app", "imageDigest": DIGEST},
        {"repositoryName": "team/app", "imageDigest": DIGEST},
    ]


def test_with_ecr_s_names_other_accounts_of_the_region_are_the_registry_s_too() -> None:
    references = {
        f"{OURS}/app@{DIGEST}",
        f"{OURS.replace('123456789012', '210987654321')}/app@{DIGEST}",
        f"{OURS.replace('eu-west-1', 'us-east-1')}/app@{DIGEST}",
        f"{OURS.replace('example.com', 'amazonaws.com')}/app@{DIGEST}",
    }
    assert used_images(references, RegistryHosts(OURS)) == [
        {"repositoryName": "app", "imageDigest": DIGEST},
        {"registryId": "210987654321", "repositoryName": "app", "imageDigest": DIGEST},
    ]
