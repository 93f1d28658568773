"""Regular expressions over tags."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.errors import InvalidParameter
from entrepot.domain.lifecycle.documents import MOST_EXPRESSIONS
from entrepot.domain.lifecycle.expressions import compile_expression, literal_head
from entrepot.domain.lifecycle.tag_index import TagIndex
from tests.unit.domain.lifecycle.builders import acted_on, image, policy, rule


def refused(*expressions: str) -> str:
    with pytest.raises(InvalidParameter) as found:
        policy(rule(expressions=expressions, newest=1))
    return found.value.reason


def test_an_expression_covers_the_whole_tag() -> None:
    covers = compile_expression(r"v\d+\.\d+")
    assert covers("v1.20")
    assert not covers("v1.20-rc")
    assert not covers("xv1.20")
    assert not covers("v1.20\n")


def test_an_image_fits_where_each_expression_is_met_by_some_tag() -> None:
    images = {
        "both": image("both", "v1", "amd64", days_old=3),
        "one": image("one", "v2", days_old=3),
        "other": image("other", "arm64", days_old=3),
    }
    rules = [rule(expressions=[r"v\d+", "(amd|arm)64"], days=2)]
    assert acted_on(rules, images) == {"both": 1}


def test_alternatives_are_alternatives() -> None:
    covers = compile_expression("a|bc")
    assert covers("a")
    assert covers("bc")
    assert not covers("abc")


@pytest.mark.parametrize(
    ("text", "head"),
    [
        (r"v1\.2.*", "v1.2"),
        ("ab+", "a"),
        ("ab*", "a"),
        (r"a\.?", "a"),
        ("ab{2}", "a"),
        ("a|b", ""),
        ("(?i)ab", ""),
        (r"\Qab\E", ""),
        ("", ""),
        ("abc", "abc"),
        ("^ab", ""),
    ],
)
def test_the_literal_head_is_what_all_begins_with(text: str, head: str) -> None:
    assert literal_head(text) == head


@given(
    st.lists(st.text("ab1.-", max_size=6), max_size=20),
    st.sampled_from(["a.*", r"a\.b*", "ab?1", "(a|b)+", "a|b1", "[ab]{2}", "a-+", ".*1", ""]),
)
def test_the_index_finds_what_python_finds(tags: list[str], text: str) -> None:
    index = TagIndex([(tag,) for tag in tags])
    expected = {place for place, tag in enumerate(tags) if re.fullmatch(text, tag)}
    assert index.with_expressions([text]) == expected


def test_attack_41_what_would_go_back_is_no_expression() -> None:
    for text in (r"(a)\1", "(?=a)b", "(?<!a)b", "(?>a)"):
        assert refused(text).startswith("Lifecycle policy validation failure: Invalid tag regex provided: ")


def test_attack_41_expressions_are_few_short_and_small() -> None:
    assert "longer than 256 characters" in refused("a" * 257)
    assert "Invalid tag regex provided" in refused("((a{100}){100}){100}")
    assert "Invalid tag regex provided: too large" in refused("[a-z]{1000}")
    assert f"at most {MOST_EXPRESSIONS}" in refused(*map(str, range(MOST_EXPRESSIONS + 1)))
    policy(rule(expressions=[str(number) for number in range(MOST_EXPRESSIONS)], newest=1))


def test_attack_41_expressions_are_small_together_in_however_many_rules() -> None:
    many_states = "[01]*1[01]{100}"  # more than an automaton can keep: each tag costs every instruction
    rules = [rule(priority, expressions=[many_states], newest=priority) for priority in range(1, 6)]
    policy(*rules[:4])
    with pytest.raises(InvalidParameter, match="All tagRegexLists together are too large"):
        policy(*rules)


def test_attack_41_an_expression_that_others_choke_on_is_quick() -> None:
    covers = compile_expression("(a*)*b")
    assert not covers("a" * 128)  # Python's own module would take longer than there is time


def test_an_expression_that_is_none_is_refused_with_the_reason() -> None:
    assert refused("a(") == ("Lifecycle policy validation failure: Invalid tag regex provided: missing ): a(")


def test_expressions_stand_alone_and_with_tagged_only() -> None:
    with pytest.raises(InvalidParameter, match="tagRegexList must be the only list of its rule"):
        policy(rule(expressions=["a"], prefixes=["a"], newest=1))
    with pytest.raises(InvalidParameter, match="Cannot specify tagRegexList with tagStatus any"):
        policy(rule(expressions=["a"], tag_status="any", newest=1))
    with pytest.raises(InvalidParameter, match="Must specify tagPrefixList or tagPatternList"):
        policy(rule(expressions=[], tag_status="tagged", newest=1))
