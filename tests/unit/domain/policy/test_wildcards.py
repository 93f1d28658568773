"""What `*` and `?` match, and what hostile patterns cost."""

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from entrepot.domain.policy.wildcards import Token, Wild, compile_pattern, read_wildcards


def _tokens(pattern: str) -> list[Token]:
    return list(read_wildcards(pattern))


def _reference(pattern: str, text: str) -> bool:
    parts = {"*": ".*", "?": "."}
    return re.fullmatch("".join(parts.get(c, re.escape(c)) for c in pattern), text, re.DOTALL) is not None


@settings(deadline=None)
@given(st.text("ab*?", max_size=9), st.text("ab", max_size=12))
@example("*a?b*a?*", "xaybzaq")
@example("*?*", "")
@example("a*?b", "ab")
def test_a_pattern_matches_as_its_definition_says(pattern: str, text: str) -> None:
    assert compile_pattern(_tokens(pattern))(text) == _reference(pattern, text)


def test_an_empty_text_between_wildcards_is_none() -> None:
    matches = compile_pattern([Wild.RUN, "", Wild.RUN, "a", ""])

    assert matches("ba")
    assert not matches("ab")


@settings(deadline=None)
@given(st.text("*?.[](){}+^$|\\", max_size=8))
def test_a_literal_matches_nothing_but_itself(text: str) -> None:
    matches = compile_pattern([text] if text else [])

    assert matches(text)
    assert not matches(text + "x")


class _Counted(str):
    """A text that counts how often a character of it is looked at."""

    looks = 0

    def __getitem__(self, key: object) -> str:
        type(self).looks += 1
        return str.__getitem__(self, key)  # type: ignore[index]  # whatever str takes


def test_attack_42_a_policy_full_of_wildcards_looks_at_each_character_once() -> None:
    matches = compile_pattern(_tokens("*a?a" * 7_679 + "*b?*"))
    text = _Counted("a" * 30_720)

    assert not matches(text)
    assert _Counted.looks <= len(text)


def test_attack_42_a_row_of_wildcards_alone_costs_one_comparison_of_lengths() -> None:
    matches = compile_pattern(_tokens("*?" * 15_360))

    assert not matches("a" * 15_359)
    assert matches("a" * 15_360)
