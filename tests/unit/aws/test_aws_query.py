"""Query requests and their XML: dotted names read one way only, answers that any parser can read."""

from contextlib import suppress
from xml.etree import ElementTree as ET

import pytest
from botocore.parsers import create_parser
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.aws.builders import REQUEST_ID, model

from entrepot.aws.faults import Fault
from entrepot.aws.query_protocol import QueryProtocol
from entrepot.aws.refusals import WireFault
from entrepot.aws.wire import MOST_PARAMETERS
from entrepot.domain.errors import Refusal

STS = QueryProtocol(model("sts"))
IAM = QueryProtocol(model("iam"))
ROLE = "RoleArn=arn:aws:iam::123456789012:role/app&RoleSessionName=me"


def refused(body: str, operation: str = "AssumeRole") -> WireFault:
    with pytest.raises(WireFault) as caught:
        STS.decode(operation, body.encode(), [])
    return caught.value


def test_lists_of_structures_are_read_in_the_order_of_their_numbers() -> None:
    tags = "&".join(f"Tags.member.{i}.Key=k{i}&Tags.member.{i}.Value=v{i}" for i in (10, 2, 1))
    decoded = STS.decode("AssumeRole", f"{ROLE}&{tags}".encode(), [])
    assert decoded["Tags"] == [{"Key": f"k{i}", "Value": f"v{i}"} for i in (1, 2, 10)]


def test_numbers_come_as_numbers_and_parameters_from_the_query_string_too() -> None:
    query = [(b"DurationSeconds", b"900"), (b"X-Amz-Signature", b"0")]
    decoded = STS.decode("GetSessionToken", b"Action=GetSessionToken", query)
    assert decoded == {"DurationSeconds": 900}


def test_a_broken_constraint_is_a_validation_error() -> None:
    said = refused("RoleArn=arn:aws:iam::123456789012:role/app&RoleSessionName=a!")
    assert said.message == (
        "1 validation error detected: Value 'a!' at 'roleSessionName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
    )
    response = STS.refuse(Fault(said.code, said.status, said.message), REQUEST_ID)
    assert error_of(response.body)["Code"] == "ValidationError"


def test_an_absent_required_parameter_is_a_validation_error() -> None:
    assert "Value null at 'roleArn' failed" in refused("RoleSessionName=me").message


@pytest.mark.parametrize(
    "extra",
    [
        "RoleArn=arn:aws:iam::123456789012:role/other",
        "Tags=x&Tags.member.1.Key=k",
        "Tags.member.1.Key=k&Tags=x",
        "Tags.entry.1.Key=k",
        "Tags.member.0.Key=k",
        "Tags.member.-1.Key=k",
        "Tags.member.1e9.Key=k",
        f"Tags.member.{'9' * 5000}.Key=k",
        "Tags.member.x.Key=k",
        "Tags.1.Key=k",
        "Tags=x",
        "DurationSeconds=",
        "DurationSeconds=9e2",
        "DurationSeconds=0x10",
        f"DurationSeconds={'9' * 5000}",
        "DurationSeconds.a=1",
        "Policy=%FF",
        "%FF=1",
        ".".join(["a"] * 5000) + "=1",
        "&".join(f"a{i}=1" for i in range(MOST_PARAMETERS)),
    ],
)
def test_attack_40_a_form_that_can_be_read_two_ways_or_not_at_all_is_refused(extra: str) -> None:
    assert refused(f"{ROLE}&{extra}").code in {"MalformedQueryString", "SerializationException"}


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("Tags.member1=&%+aKy\x00é"), max_size=60))
def test_no_form_whatever_raises_anything_but_a_refusal(text: str) -> None:
    with suppress(Refusal):
        STS.decode("AssumeRole", f"{ROLE}&{text}".encode(), [])


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_message_leaves_as_xml_that_parses(message: str) -> None:
    response = STS.refuse(Fault("ValidationException", 400, message), REQUEST_ID)
    shown = error_of(response.body)["Message"]
    assert shown.replace("\N{REPLACEMENT CHARACTER}", "") in message or "\N{REPLACEMENT CHARACTER}" in shown


def test_markup_in_a_message_stays_text() -> None:
    response = STS.refuse(Fault("X", 400, "</Message><Code>Fine</Code>\r\n\x00&"), REQUEST_ID)
    said = error_of(response.body)
    assert said == {
        "Type": "Sender",
        "Code": "X",
        "Message": "</Message><Code>Fine</Code>\r\n\N{REPLACEMENT CHARACTER}&",
    }


def error_of(body: bytes) -> dict[str, str]:
    root = ET.fromstring(body.decode())
    namespace = "{https://sts.amazonaws.com/doc/2011-06-15/}"
    error = root.find(f"{namespace}Error")
    assert error is not None
    assert root.findtext(f"{namespace}RequestId") == REQUEST_ID
    return {child.tag.removeprefix(namespace): child.text or "" for child in error}


@pytest.mark.parametrize(
    ("code", "spelled", "status"),
    [
        ("AccessDeniedException", "AccessDenied", 403),
        ("InvalidSignatureException", "SignatureDoesNotMatch", 403),
        ("UnrecognizedClientException", "InvalidClientTokenId", 403),
        ("ExpiredTokenException", "ExpiredToken", 403),
        ("MissingAuthenticationTokenException", "MissingAuthenticationToken", 403),
        ("UnknownOperationException", "InvalidAction", 400),
    ],
)
def test_common_refusals_have_their_query_spelling(code: str, spelled: str, status: int) -> None:
    response = STS.refuse(Fault(code, 400, "m"), REQUEST_ID)
    assert (error_of(response.body)["Code"], response.status) == (spelled, status)


def test_a_modelled_error_has_its_own_code_and_status() -> None:
    response = IAM.refuse(Fault("NoSuchEntityException", 400, "m"), REQUEST_ID)
    headers = {name.lower(): value for name, value in response.headers}
    parsed = create_parser("query").parse(
        {"status_code": response.status, "headers": headers, "body": response.body}, None
    )
    assert (parsed["Error"]["Code"], response.status) == ("NoSuchEntity", 404)


def test_an_operation_without_an_answer_still_names_its_request() -> None:
    response = IAM.answer("DeleteUser", {}, REQUEST_ID)
    assert response.body.startswith(b'<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">')
    assert REQUEST_ID.encode() in response.body
