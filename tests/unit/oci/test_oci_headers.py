"""Accept, Range, Content-Range and query strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.errors import InvalidParameter, RangeInvalid
from entrepot.domain.media_types import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from entrepot.oci.negotiation import accepts
from entrepot.oci.queries import Query
from entrepot.oci.ranges import Part, parse_chunk_range, parse_range
from entrepot.oci.refusals import ChunkMisplaced


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        ["*/*"],
        ["application/*"],
        [OCI_MANIFEST],
        [OCI_MANIFEST.upper()],
        ["application/json", DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST],  # docker sends six lines
        [f"{OCI_INDEX}, {OCI_MANIFEST};q=0.1, */*;q=0"],
        [f"{OCI_MANIFEST};charset=utf-8"],
    ],
)
def test_an_accept_that_covers_the_type_takes_it(lines: list[str]) -> None:
    assert accepts(lines, OCI_MANIFEST)


@pytest.mark.parametrize(
    "lines",
    [[OCI_INDEX], ["text/html"], [f"{OCI_MANIFEST};q=0"], [f"{OCI_MANIFEST}; Q=0.000, */*"], ["text/*"]],
)
def test_an_accept_that_does_not_cover_the_type_refuses_it(lines: list[str]) -> None:
    assert not accepts(lines, OCI_MANIFEST)


@given(st.lists(st.text(max_size=200), max_size=20))
def test_attack_17_any_accept_is_an_answer(lines: list[str]) -> None:
    assert accepts(lines, OCI_MANIFEST) in (True, False)


@pytest.mark.parametrize("piece", [",", ";", ";q=", "a/b;q=0.0000,", "*/*;;;", ";q=0" * 3])
def test_attack_17_a_very_long_accept_ends(piece: str) -> None:
    assert accepts([piece * (1_000_000 // len(piece))], OCI_MANIFEST) in (True, False)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=500-1499", Part(500, 1000)),
        ("bytes=500-", Part(500, 1548)),
        ("bytes=-500", Part(1548, 500)),
        ("bytes=2000-5000", Part(2000, 48)),
        ("bytes=0-0", Part(0, 1)),
        ("bytes=-5000", Part(0, 2048)),
        ("Bytes= 1-2 ", Part(1, 2)),
    ],
)
def test_one_range_is_that_part(header: str, part: Part) -> None:
    assert parse_range([header], 2048) == part


@pytest.mark.parametrize(
    "lines", [[], ["bytes=0-1,5-6"], ["lines=1-2"], ["bytes"], ["bytes=0-1", "bytes=2-3"]]
)
def test_what_is_no_single_range_of_bytes_is_the_whole(lines: list[str]) -> None:
    assert parse_range(lines, 2048) is None


@pytest.mark.parametrize(
    "header",
    [
        "bytes=500-0",
        "bytes=5000-10000",
        "bytes=2048-",
        "bytes=-0",
        "bytes=-",
        "bytes=",
        "bytes=a-b",
        "bytes=1-2-3",
        "bytes=--1",
        "bytes=" + "9" * 5000 + "-",
        "bytes=٣-٤",
    ],
)
def test_attack_08_a_range_that_cannot_be_met_is_refused(header: str) -> None:
    with pytest.raises(RangeInvalid) as caught:
        parse_range([header], 2048)
    assert caught.value.size_bytes == 2048


def test_an_empty_blob_has_no_parts() -> None:
    with pytest.raises(RangeInvalid):
        parse_range(["bytes=0-0"], 0)


@given(st.text(max_size=40), st.integers(0, 2**40))
def test_any_range_lies_inside(text: str, size: int) -> None:
    try:
        part = parse_range([f"bytes={text}"], size)
    except RangeInvalid:
        return
    assert part is None or (part.start >= 0 and part.length > 0 and part.start + part.length <= size)


@pytest.mark.parametrize(
    "header", ["1024-2047", "bytes 1024-2047", "bytes 1024-2047/*", "bytes 1024-2047/4096"]
)
def test_a_chunk_says_where_it_belongs(header: str) -> None:
    assert parse_chunk_range([header], 1024) == Part(1024, 1024)


@pytest.mark.parametrize(
    "header",
    ["", "-1-5", "5-1", "a-b", "0-" + "9" * 400, "1", "0-1022", "0-1024", "bytes=0-1023", "0-1023, 0-1023"],
)
def test_attack_08_a_chunk_range_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(ChunkMisplaced):
        parse_chunk_range([header], 1024)


def test_attack_08_two_chunk_ranges_are_none() -> None:
    with pytest.raises(ChunkMisplaced):
        parse_chunk_range(["0-1023", "0-1023"], 1024)


def test_a_plus_sign_in_a_query_stays_one() -> None:
    assert Query.parse("artifactType=application/a+b&x=%2B").all("artifactType") == ["application/a+b"]


@pytest.mark.parametrize(
    "raw", ["last=%00", "last=%c0%ae", "last=%0d%0aX", "last=\udcff", "&".join("abcdefgh" * 40)]
)
def test_attack_01_a_query_that_is_no_text_is_refused(raw: str) -> None:
    with pytest.raises(InvalidParameter):
        Query.parse(raw)


def test_a_parameter_given_twice_is_refused_where_one_counts() -> None:
    with pytest.raises(InvalidParameter):
        Query.parse("digest=a&digest=b").find("digest")


@pytest.mark.parametrize(
    ("raw", "length"), [("", 100), ("n=0", 0), ("n=7", 7), ("n=1000", 1000), ("n=0005", 5)]
)
def test_a_page_has_the_length_asked_for(raw: str, length: int) -> None:
    assert Query.parse(raw).page_length() == length


@pytest.mark.parametrize("text", ["-1", "x", "", "1.5", "٣", "0x10", "+5"])
def test_attack_40_a_page_length_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        Query.parse(f"n={text}").page_length()
    assert caught.value.parameter == "n"


@pytest.mark.parametrize("text", ["1001", "9" * 5000])
def test_attack_40_a_page_longer_than_ecr_gives_is_refused_in_its_words(text: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        Query.parse(f"n={text}").page_length()
    assert caught.value.parameter == "maxResults"
