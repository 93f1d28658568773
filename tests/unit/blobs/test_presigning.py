"""Presigned addresses are botocore's own, byte for byte."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from tests.unit.builders import SettableClock

from entrepot.storage.blobs.locations import Bucket as Location
from entrepot.storage.blobs.s3.bucket import Bucket
from entrepot.storage.blobs.s3.names import Names
from entrepot.storage.blobs.s3.presigning import PresignedBlobs

KEY = secrets.token_hex(16)
HEADERS = {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": "attachment",
    "Cache-Control": "private, max-age=31536000, immutable",
}
LOCATIONS = [
    Location("layers", "some/where", "http://127.0.0.1:8333", "us-east-1", is_path_style=True),
    Location("layers", "", "https://s3.example.com", "eu-west-1", is_path_style=False),
    Location("layers", "p", "http://s3.example.com:9000", "eu-west-1", is_path_style=False),
    Location("layers", "p", None, "eu-west-1"),
    Location("layers.example.com", "p", None, "eu-west-1"),
]


@contextmanager
def bucket_with(location: Location, monkeypatch: pytest.MonkeyPatch, **credentials: str) -> Iterator[Bucket]:
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    with closing(Bucket(location)) as bucket:
        yield bucket


def by_botocore(location: Location, monkeypatch: pytest.MonkeyPatch, clock: SettableClock) -> str:
    style = "path" if location.is_path_style else "virtual"
    client: Any = botocore.session.Session().create_client(
        "s3",
        region_name=location.region,
        endpoint_url=location.endpoint,
        config=Config(signature_version="s3v4", s3={"addressing_style": style}),
    )
    monkeypatch.setattr("botocore.auth.get_current_datetime", clock)
    asked = {f"Response{name.replace('-', '')}": value for name, value in HEADERS.items()}
    named = {"Bucket": location.name, "Key": Names(location.prefix).blob(KEY)}
    with closing(client):
        url: str = client.generate_presigned_url("get_object", Params=named | asked, ExpiresIn=300)
        return url


@pytest.mark.parametrize("token", ["", "a/token+with=marks"])
@pytest.mark.parametrize("location", LOCATIONS)
async def test_an_address_is_the_one_that_botocore_makes(
    location: Location, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "se/cr+et"}
    clock = SettableClock()
    with bucket_with(location, monkeypatch, **given, AWS_SESSION_TOKEN=token) as bucket:
        ours = await PresignedBlobs(bucket, clock).link(KEY, headers=HEADERS)
    assert ours == by_botocore(location, monkeypatch, clock)


@pytest.mark.parametrize("location", LOCATIONS[:3])
async def test_another_endpoint_is_signed_as_if_it_were_ours(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    clock, outside = SettableClock(), "https://blobs.example.com:8443"
    with bucket_with(location, monkeypatch, **given) as bucket:
        ours = await PresignedBlobs(bucket, clock, endpoint=outside).link(KEY, headers=HEADERS)
    assert ours == by_botocore(replace(location, endpoint=outside), monkeypatch, clock)


async def test_attack_49_an_address_has_no_secret_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "very-secret"}
    with bucket_with(LOCATIONS[0], monkeypatch, **given) as bucket:
        assert "very-secret" not in await PresignedBlobs(bucket, SettableClock()).link(KEY, headers=HEADERS)
