"""Entries of tar archives: what each format can say, and what nobody should say."""

import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.decoding.budget import Limits
from tests.unit.decoding.archives import BLOCK, END, archive, header, member, paths, read

LONG = "folder/" * 40 + "file"


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_every_kind_of_entry_is_told_with_its_fields(form: int) -> None:
    packed = archive(
        member("etc/", type=tarfile.DIRTYPE, mode=0o755, size=0),
        member("etc/hosts", size=9, uid=1000, gid=100, mode=0o4640),
        member("etc/link", type=tarfile.SYMTYPE, linkname="../hosts", size=0),
        member("etc/hard", type=tarfile.LNKTYPE, linkname="etc/hosts", size=0),
        member("dev/null", type=tarfile.CHRTYPE, size=0),
        member("dev/disk", type=tarfile.BLKTYPE, size=0),
        member("run/pipe", type=tarfile.FIFOTYPE, size=0),
        form=form,
    )
    head, lines = read(packed)
    assert head == {"entries": 7, "bytes": 9, "end": None}
    told = {line[0]: line[1:] for line in lines}
    assert list(told) == sorted(told)
    at = 1_700_000_000.0
    assert told["etc"] == ["directory", None, 0o755, 0, 0, at, None, None, False]
    assert told["etc/hosts"] == ["file", 9, 0o4640, 1000, 100, at, None, None, False]
    assert told["etc/link"][0], told["etc/link"][6] == ("symlink", "../hosts")
    assert told["etc/hard"][0], told["etc/hard"][6] == ("hardlink", "etc/hosts")
    assert [told[path][0] for path in ("dev/null", "dev/disk", "run/pipe")] == [
        "character-device",
        "block-device",
        "fifo",
    ]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_and_links_are_whole(form: int) -> None:
    packed = archive(member(LONG), member("link", type=tarfile.SYMTYPE, linkname=LONG, size=0), form=form)
    _, [file, link] = read(packed)
    assert (file[0], link[7]) == (LONG, LONG)


def test_whiteouts_are_told_by_what_they_take_away() -> None:
    packed = archive(
        member("etc/.wh.hosts", size=0),
        member("var/.wh..wh..opq", size=0),
        member("var/.wh..wh.plnk", size=0),
    )
    _, lines = read(packed)
    assert [(line[0], line[8]) for line in lines] == [
        ("etc/hosts", "entry"),
        ("var", "content"),
        ("var/.wh..wh.plnk", None),
    ]


def test_what_a_pax_header_says_is_of_the_next_entry_alone() -> None:
    first = member("a", pax_headers={"mtime": "1600000000.5", "comment": "x"})
    _, lines = read(archive(first, member("b")))
    assert [line[6] for line in lines] == [1_600_000_000.5, 1_700_000_000.0]


@pytest.mark.parametrize(
    ("name", "path", "leaves"),
    [
        ("./usr/bin", "usr/bin", False),
        ("usr//./bin/", "usr/bin", False),
        ("/etc/passwd", "etc/passwd", True),
        ("../../etc/passwd", "../../etc/passwd", True),
        ("a/../../b", "a/../../b", True),
        ("..a/b..", "..a/b..", False),
    ],
)
def test_attack_37_a_path_that_would_leave_the_root_is_marked(name: str, path: str, leaves: bool) -> None:
    _, [line] = read(header(name, size=0) + END)
    assert (line[0], line[9]) == (path, leaves)


def test_attack_37_a_sparse_file_of_eight_exbibytes_is_told_and_nothing_is_read_of_it() -> None:
    huge = 2**63 - 1
    packed = archive(
        member("huge", size=0, pax_headers={"GNU.sparse.realsize": str(huge), "GNU.sparse.name": "disk"})
    )
    head, [line] = read(packed)
    assert (line[0], line[2]) == ("disk", huge)
    assert head == {"entries": 1, "bytes": huge, "end": None}


def test_attack_37_content_that_is_announced_and_does_not_come_ends_the_reading() -> None:
    head, lines = read(header("first", size=0) + header("huge", size=2**60) + END)
    assert head["end"] == "damage"
    assert [line[0] for line in lines] == ["first", "huge"]


@pytest.mark.parametrize("size", [-1, -(2**62)])
def test_attack_37_a_negative_size_ends_the_reading(size: int) -> None:
    block = bytearray(header("file", size=0))
    block[124:136] = tarfile.itn(size, 12, tarfile.GNU_FORMAT)  # type: ignore[attr-defined]
    block[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(block))[0]  # type: ignore[attr-defined]
    head, lines = read(header("first", size=0) + bytes(block) + END)
    assert (head["end"], len(lines)) == ("damage", 1)


def test_attack_37_ten_million_entries_are_read_as_far_as_the_limit() -> None:
    head, lines = read(header("same", size=0) * 500 + END, Limits(entries=100))
    assert (head["end"], head["entries"], len(lines)) == ("entries", 100, 100)


def test_attack_37_endless_names_are_read_as_far_as_the_limit() -> None:
    head, lines = read(archive(*(member(f"{LONG}{n}") for n in range(50))), Limits(name_bytes=1000))
    assert (head["end"], len(lines)) == ("names", 3)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, b"K"])
def test_attack_37_an_extended_header_longer_than_the_limit_is_not_kept(kind: bytes) -> None:
    packed = header("first", size=0) + header("pax", type=kind, size=2**40) + bytes(64 * BLOCK)
    assert read(packed)[0]["end"] == "damage"


@pytest.mark.parametrize(
    "records",
    [
        b"0 a=b\n",
        b"99 a=b\n",
        b"-6 a=b\n",
        b"x a=b\n",
        b"6a=b\n\n",
        "٦ a=b\n".encode(),
        b"1" * 30 + b" a=b\n",
    ],
)
def test_attack_37_pax_records_of_a_wrong_length_end_the_reading(records: bytes) -> None:
    block = header("pax", type=tarfile.XHDTYPE, size=len(records))
    packed = header("first", size=0) + block + records.ljust(BLOCK, b"\0") + header("file", size=0) + END
    assert read(packed)[0]["end"] == "damage"


def test_attack_37_a_path_longer_than_any_system_takes_ends_the_reading() -> None:
    assert read(archive(member("first"), member("a" * 4097)))[0]["end"] == "damage"


@pytest.mark.parametrize("value", ["1e400", "-1e400", "nan", "9" * 39, "253402300800", "later", "inf"])
def test_attack_37_a_time_that_no_clock_shows_is_left_out(value: str) -> None:
    _, [line] = read(archive(member("file", pax_headers={"mtime": value, "path": "file"})))
    assert line[6] is None


def test_names_that_are_no_text_are_told_as_such() -> None:
    block = bytearray(header("name", size=0))
    block[0:4] = b"n\xffm\xed"
    block[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(block))[0]  # type: ignore[attr-defined]
    assert paths(bytes(block) + END) == ["n\ufffdm\ufffd"]


def test_the_root_itself_is_no_entry() -> None:
    assert paths(archive(member("./", type=tarfile.DIRTYPE, size=0), member("./file"))) == ["file"]


@given(st.binary(max_size=2000))
def test_attack_37_anything_behind_a_header_ends_in_an_answer(content: bytes) -> None:
    head, _ = read(header("first", size=0) + content)
    assert head["end"] in (None, "damage")


@given(st.lists(st.tuples(st.integers(0, BLOCK - 1), st.integers(0, 255)), max_size=8))
def test_attack_37_any_header_ends_in_an_answer(changes: list[tuple[int, int]]) -> None:
    block = bytearray(header("name", size=3))
    for place, byte in changes:
        block[place] = byte
    block[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(block))[0]  # type: ignore[attr-defined]
    head: Any = read(bytes(block) + bytes(BLOCK) + END)[0]
    assert head["end"] in (None, "damage", "unreadable")
