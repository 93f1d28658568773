"""Pins, and the patterns of the resource tag that pins."""

import pytest

from entrepot.domain.errors import InvalidTag
from entrepot.domain.pins import PIN_TAG, find_pinned_tag, pin_patterns
from entrepot.domain.repositories import check_resource_tags
from tests.unit.domain.lifecycle.builders import NOW, pin


def test_a_pin_holds_to_its_end_and_not_at_it() -> None:
    assert pin("a").holds(NOW)
    assert pin("a", days_left=0.001).holds(NOW)
    assert not pin("a", days_left=0).holds(NOW)


def test_the_resource_tag_has_patterns_with_spaces_between_them() -> None:
    patterns = pin_patterns({PIN_TAG: " v*  prod-*-eu ", "team": "x"})
    assert patterns == ("v*", "prod-*-eu")
    assert pin_patterns({"team": "v*"}) == ()
    assert find_pinned_tag(patterns, ["latest", "prod-1-eu"]) == "prod-1-eu"
    assert find_pinned_tag(patterns, ["latest", "prod-1-us"]) is None
    assert find_pinned_tag((), ["v1"]) is None


@pytest.mark.parametrize("value", ["v*", "v1", "v* prod-*", "*", "a*b*c*d*e", "_.-"])
def test_the_resource_tag_takes_patterns(value: str) -> None:
    check_resource_tags({PIN_TAG: value})


@pytest.mark.parametrize("value", ["", " ", "v*,w*", "a*b*c*d*e*", "x" * 129, "ä*", "v* " * 90, "v?", "v\0*"])
def test_the_resource_tag_takes_nothing_else(value: str) -> None:
    with pytest.raises(InvalidTag):
        check_resource_tags({PIN_TAG: value})


def test_a_star_is_taken_in_no_other_tag() -> None:
    with pytest.raises(InvalidTag):
        check_resource_tags({"team": "v*"})
