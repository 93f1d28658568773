"""Values that hold as long as nothing was written."""

from entrepot.domain.versioned import Versioned


def test_a_value_is_found_at_its_version_alone() -> None:
    values = Versioned[str, int]()
    values.keep("a", 1, 10)
    assert values.find("a", 1) == 10
    assert values.find("b", 1) is None
    assert values.find("a", 2) is None


def test_a_new_version_forgets_all_that_was_kept() -> None:
    values = Versioned[str, int]()
    values.keep("a", 1, 10)
    values.keep("b", 2, 20)
    assert values.find("a", 1) is None
    assert values.find("a", 2) is None


def test_rows_without_a_version_are_read_every_time() -> None:
    values = Versioned[str, int]()
    values.keep("a", None, 10)
    assert values.find("a", None) is None


def test_no_more_than_the_most_are_kept() -> None:
    values = Versioned[int, int](most=2)
    for number in range(5):
        values.keep(number, 1, number)
    assert [values.find(number, 1) for number in range(5)] == [None, None, None, None, 4]
