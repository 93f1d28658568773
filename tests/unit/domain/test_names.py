"""Names, tags, regions, accounts and ARNs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.errors import InvalidParameter
from entrepot.domain.names import (
    REPOSITORY_NAME_PATTERN,
    Registry,
    RepositoryName,
    is_account,
    is_region,
    parse_repository_arn,
    parse_repository_name,
    parse_tag,
    repository_arn,
)


def _is_name(text: str) -> bool:
    try:
        parse_repository_name(text)
    except InvalidParameter:
        return False
    return True


# 14 characters: the model's pattern may backtrack on longer ones
@given(st.text("ab0._-/A", min_size=0, max_size=14))
def test_names_are_those_that_the_model_of_ecr_matches_whole(text: str) -> None:
    matches = re.fullmatch(REPOSITORY_NAME_PATTERN, text) is not None

    assert _is_name(text) == (matches and 2 <= len(text) <= 256)


@pytest.mark.parametrize(
    "text",
    [
        "..",
        ".",
        "a/../b",
        "a//b",
        "/a",
        "a/",
        "a/.",
        "%2e%2e",
        "a%2fb",
        "a\0b",
        "a\\b",
        "a\u2024\u2024b",
        "aé",
        "ab\n",
        "a" * 257,
        "a",
        "",
        "Team/app",
        "a.-b",
        "a___b",
        "\u0430/b",
        "\ud800a",
    ],
)
def test_attack_01_hostile_names_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        parse_repository_name(text)

    assert refused.value.parameter == "repositoryName"


@pytest.mark.parametrize("text", ["blobs", "manifests", "tags/list", "uploads", "v2", "a/blobs/uploads"])
def test_attack_02_words_of_the_protocol_are_good_names(text: str) -> None:
    assert parse_repository_name(text) == text


def test_attack_04_the_longest_name_and_tag_are_taken() -> None:
    assert parse_repository_name("a" * 256) == "a" * 256
    assert parse_tag("T" * 128) == "T" * 128


@pytest.mark.parametrize("text", ["", "-a", ".a", "a" * 129, "a:b", "a/b", "a\n", "a\0", "..", "é", "a+b"])
def test_attack_01_hostile_tags_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        parse_tag(text)

    assert refused.value.parameter == "imageTag"


@pytest.mark.parametrize("text", ["12345678901", "1234567890123", "12345678901a", "\uff11" * 12, ""])
def test_an_account_is_twelve_ascii_digits(text: str) -> None:
    assert not is_account(text)
    assert is_account("000000000000")


@pytest.mark.parametrize("text", ["", "-a", "a-", "a.b", "EU-west-1", "a" * 33, "a\n", "a/b"])
def test_a_region_is_one_host_label(text: str) -> None:
    assert not is_region(text)
    assert is_region("mars-north-1")


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov")]
)
def test_an_arn_reads_back_to_its_repository(region: str, partition: str) -> None:
    registry = Registry("123456789012", region)
    arn = repository_arn(registry, "team/app")

    assert arn == f"arn:{partition}:ecr:{region}:123456789012:repository/team/app"
    assert parse_repository_arn(arn) == (registry, RepositoryName("team/app"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "team/app",
        "arn:aws:ecr:eu-west-1:123456789012:team/app",
        "arn:aws:s3:eu-west-1:123456789012:repository/team",
        "arn:aws-cn:ecr:eu-west-1:123456789012:repository/team",
        "arn:aws:ecr::123456789012:repository/team",
        "arn:aws:ecr:eu-west-1:12345678901:repository/team",
        "arn:aws:ecr:eu-west-1:123456789012:repository/Team",
        "arn:aws:ecr:eu-west-1:123456789012:repository/../x",
        "arn:aws:ecr:eu-west-1:123456789012:repository/*",
        "arn:aws:ecr:eu-west-1:123456789012:repository/a:b",
    ],
)
def test_what_is_no_arn_of_a_repository_is_an_invalid_arn(text: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        parse_repository_arn(text)

    assert (refused.value.parameter, refused.value.reason) == ("resourceArn", "Invalid ARN")
