"""Where blobs are, as one URL says it: each part is taken as meant, or refused with a reason."""

from pathlib import Path

import pytest

from entrepot.storage.blobs.locations import Bucket, Folder, LocationInvalid, parse_location


def test_a_folder_is_its_path() -> None:
    assert parse_location("file:///srv/the%20layers") == Folder(Path("/srv/the layers"))


def test_a_bucket_without_an_endpoint_is_at_aws() -> None:
    assert parse_location("s3://layers") == Bucket("layers")


def test_every_parameter_is_taken() -> None:
    url = (
        "s3://layers/a/b/?endpoint=https%3A%2F%2Fs3.example.com%3A9000%2F&region=eu-west-1"
        "&path_style=false&sse=aws:kms&sse_key=alias/layers"
    )
    assert parse_location(url) == Bucket(
        "layers", "a/b", "https://s3.example.com:9000", "eu-west-1", False, "aws:kms", "alias/layers"
    )


def test_an_endpoint_of_ones_own_has_buckets_in_the_path() -> None:
    location = parse_location("s3://layers?endpoint=http://127.0.0.1:8333")
    assert isinstance(location, Bucket)
    assert location.is_path_style


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("/srv/layers", "must be file:///PATH or s3://"),
        ("http://layers", "must be file:///PATH or s3://"),
        ("file://host/srv", "absolute path"),
        ("file:srv", "absolute path"),
        ("file:///srv?x=1", "absolute path"),
        ("file:///a%00b", "can exist"),
        ("s3://", "must name a bucket"),
        ("s3://Layers", "must name a bucket"),
        ("s3://a..b", "must name a bucket"),
        ("s3://layers:9000", "must name a bucket"),
        ("s3://layers/a//b", "prefix"),
        ("s3://layers/../b", "prefix"),
        ("s3://layers/a%2fb", "prefix"),
        ("s3://layers#here", "fragment"),
        ("s3://layers?size=1", "knows no parameter 'size'"),
        ("s3://layers?region", "NAME=VALUE"),
        ("s3://layers?region=", "must have a value"),
        ("s3://layers?region=a&region=b", "twice"),
        ("s3://layers?region=a/b", "region must be"),
        ("s3://layers?endpoint=ftp://host", "endpoint must be"),
        ("s3://layers?endpoint=http://user:secret@host", "endpoint must be"),
        ("s3://layers?endpoint=http://host/path", "endpoint must be"),
        ("s3://layers?endpoint=http://host:99999", "endpoint must be"),
        ("s3://layers?path_style=yes", "path_style must be"),
        ("s3://layers?sse=des", "sse must be"),
        ("s3://layers?sse_key=k", "sse_key goes with"),
        ("s3://[layers", "is no URL"),
    ],
)
def test_what_cannot_be_followed_is_refused(url: str, reason: str) -> None:
    with pytest.raises(LocationInvalid, match=reason):
        parse_location(url)


@pytest.mark.parametrize("url", ["s3://AKIA:secret@layers", "s3://user@layers", "file://u:secret@h/srv"])
def test_attack_49_credentials_in_the_url_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(LocationInvalid, match="no credentials") as refused:
        parse_location(url)
    assert "secret" not in str(refused.value)
