"""What stands in a column for times, lists and maps."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.storage.metadata.columns import (
    to_column,
    to_json,
    to_list,
    to_map,
    to_optional_column,
    to_optional_time,
    to_time,
)

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-11, minutes=-7))])))
def test_a_time_comes_back_to_the_microsecond_in_utc(at: datetime) -> None:
    back = to_optional_time(to_optional_column(at))
    assert back == at
    assert back.tzinfo is UTC


def test_times_are_microseconds_since_1970() -> None:
    assert to_column(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005
    assert to_time(-1) == datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def test_no_time_is_null() -> None:
    assert to_optional_column(None) is None
    assert to_optional_time(None) is None


def test_a_time_without_zone_is_a_bug() -> None:
    with pytest.raises(TypeError):
        to_column(datetime(2026, 11, 2))  # the point of the test


@given(st.dictionaries(_TEXT, _TEXT), st.lists(_TEXT))
def test_maps_and_lists_come_back_in_their_order(values: dict[str, str], items: list[str]) -> None:
    assert list(to_map(to_json(values)).items()) == list(values.items())
    assert to_list(to_json(items)) == items
