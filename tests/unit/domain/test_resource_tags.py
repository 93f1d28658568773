"""Resource tags that AWS would take, and those it refuses."""

import pytest

from entrepot.domain.errors import InvalidTag, TooManyTags
from entrepot.domain.repositories import check_resource_tags, check_tag_count


@pytest.mark.parametrize("key", ["a", "K" * 128, "team:name", "größe", "a b+c-d=e.f_g/h@i", "awsome"])
def test_letters_digits_and_the_signs_of_aws_are_taken(key: str) -> None:
    check_resource_tags({key: "value"})
    check_resource_tags({"key": ""})
    check_resource_tags({"key": "v" * 256})


@pytest.mark.parametrize(
    "key", ["", "k" * 129, "a\0", "a\n", "a<b", "\ud800", "aws:x", "AWS:x", "a;b", "a\tb"]
)
def test_bad_keys_are_refused(key: str) -> None:
    with pytest.raises(InvalidTag):
        check_resource_tags({key: "value"})


@pytest.mark.parametrize("value", ["v" * 257, "a\0", "a\n", "<script>", "\udfff"])
def test_bad_values_are_refused(value: str) -> None:
    with pytest.raises(InvalidTag):
        check_resource_tags({"key": value})


def test_fifty_tags_are_the_most() -> None:
    check_tag_count(50, "team/app")
    with pytest.raises(TooManyTags):
        check_tag_count(51, "team/app")
