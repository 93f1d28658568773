"""Which tags may move, and the wildcard that says so."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.errors import InvalidParameter
from entrepot.domain.mutability import Mutability, TagMutability, matches_wildcard, parse_mutability


def _reference(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_the_wildcard_matches_as_its_definition_says(pattern: str, text: str) -> None:
    assert matches_wildcard(pattern, text) == _reference(pattern, text)


class _Counted(str):
    """A text that counts how often a character of it is looked at."""

    looks = 0

    def __getitem__(self, key: object) -> str:
        type(self).looks += 1
        return str.__getitem__(self, key)  # type: ignore[index]  # whatever str takes


def test_attack_42_hostile_wildcards_cost_at_most_their_product() -> None:
    pattern, text = "*a" * 64 + "b", _Counted("a" * 300)

    assert not matches_wildcard(pattern, text)
    assert _Counted.looks <= 2 * len(pattern) * len(text)


@pytest.mark.parametrize(
    ("setting", "filters", "tag", "immutable"),
    [
        ("MUTABLE", None, "latest", False),
        ("IMMUTABLE", None, "latest", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("latest", "dev-*"), "latest", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("latest", "dev-*"), "dev-", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("latest", "dev-*"), "v1", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("latest", "dev-*"), "latest2", True),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "v1", True),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "latest", False),
    ],
)
def test_filters_turn_the_named_default_round(
    setting: str, filters: tuple[str, ...] | None, tag: str, *, immutable: bool
) -> None:
    assert parse_mutability(setting, filters).is_immutable(tag) == immutable


@pytest.mark.parametrize("setting", ["IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"])
@pytest.mark.parametrize("filters", [None, ()])
def test_an_exclusion_needs_filters(setting: str, filters: tuple[str, ...] | None) -> None:
    with pytest.raises(InvalidParameter) as refused:
        parse_mutability(setting, filters)

    assert refused.value.parameter == "imageTagMutabilityExclusionFilters"
    assert refused.value.reason == (
        f"ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {setting}"
    )


@pytest.mark.parametrize("setting", ["IMMUTABLE", "MUTABLE"])
def test_a_plain_setting_takes_no_filters(setting: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_mutability(setting, ("latest",))
    assert parse_mutability(setting, ()) == TagMutability(Mutability(setting))


@pytest.mark.parametrize("pattern", ["", "a" * 129, "a b", "***", "[a]", "a\n", "é"])
def test_filters_have_the_alphabet_of_tags_and_two_stars_at_most(pattern: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_mutability("IMMUTABLE_WITH_EXCLUSION", (pattern,))
