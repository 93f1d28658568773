"""Every refusal has an answer on `/v2/`, and every route asks for a permission."""

import inspect
import json
import typing
from datetime import UTC, datetime

import pytest

from entrepot.domain import errors
from entrepot.domain.errors import InvalidParameter, ManifestInvalid, Refusal, UploadOutOfOrder
from entrepot.oci import refusals
from entrepot.oci.access import ACTIONS
from entrepot.oci.faults import fault, is_covered, refused
from entrepot.oci.routes import Base, Route

REFUSALS = sorted(
    {
        kind
        for module in (errors, refusals)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Refusal) and kind is not Refusal
    },
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_fault_of_the_caller(kind: type[Refusal]) -> None:
    assert is_covered(kind)
    sample = kind(*(_value(hint) for hint in typing.get_type_hints(kind).values()))
    said = fault(sample)
    assert 400 <= said.status < 500
    assert said.message
    assert said.code.isupper()


def _value(hint: object) -> object:
    if hint is int:
        return 1
    if hint == datetime | None:
        return datetime(2026, 11, 25, tzinfo=UTC)
    return ("x",) if hint == tuple[str, ...] else "x"


@pytest.mark.parametrize("route", typing.get_args(Route), ids=lambda route: route.__name__)
def test_every_route_asks_for_an_ecr_permission_but_the_base(route: type[Route]) -> None:
    actions = ACTIONS[route]
    assert actions
    assert all(
        action is None if route is Base else str(action).startswith("ecr:") for action in actions.values()
    )


def test_names_tags_and_page_lengths_have_codes_of_their_own() -> None:
    said = [fault(InvalidParameter(p, "x")) for p in ("repositoryName", "imageTag", "maxResults", "n")]
    assert [(each.code, each.status) for each in said] == [
        ("NAME_INVALID", 400),
        ("TAG_INVALID", 400),
        ("UNSUPPORTED", 405),
        ("UNSUPPORTED", 400),
    ]


def test_an_upload_out_of_order_tells_how_far_it_is() -> None:
    said = fault(UploadOutOfOrder("u-1", "team/app", "123456789012", 512))
    assert said.status == 416
    assert said.headers == {
        "Location": "/v2/team/app/blobs/uploads/u-1",
        "Range": "0-511",
        "Docker-Upload-UUID": "u-1",
    }


def test_attack_49_what_a_client_sent_is_escaped_in_answers() -> None:
    body = refused(ManifestInvalid("\ud800\r\nSet-Cookie: a=b \x1b[31m")).body
    assert isinstance(body, bytes)
    assert json.loads(body)["errors"][0]["code"] == "MANIFEST_INVALID"
    assert b"\n" not in body
    assert b"\x1b" not in body
