"""Archives are unpacked whatever packs them, as far as the limits go."""

import gzip
import zlib
from collections.abc import Callable

import pytest

from entrepot.decoding.budget import Budget, Ended, Limits
from entrepot.decoding.unpacking import Archive
from tests.unit.decoding.archives import END, archive, header, member, paths, read, zstd_of

PACKED = archive(member("etc/hosts", size=70_000), member("etc/passwd"))
SKIPPABLE = bytes.fromhex("502a4d1804000000") + b"note"
GIGABYTE_LIMIT = Limits(free_bytes=1 << 20, ratio=100)


def gzip_of(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize("piece", [1, 3, 100_000])
@pytest.mark.parametrize(
    "content",
    [
        PACKED,
        gzip_of(PACKED),
        zstd_of(PACKED),
        gzip_of(PACKED[:600]) + gzip_of(PACKED[600:]),
        gzip_of(PACKED) + bytes(600),
        zstd_of(PACKED[:600]) + SKIPPABLE + zstd_of(PACKED[600:]),
        SKIPPABLE + zstd_of(PACKED),
    ],
)
def test_every_packing_gives_the_same_entries(content: bytes, piece: int) -> None:
    head, lines = read(content, piece=piece)
    assert head == {"entries": 2, "bytes": 70_003, "end": None}
    assert [line[0] for line in lines] == ["etc/hosts", "etc/passwd"]


@pytest.mark.parametrize("pack", [gzip_of, zstd_of])
def test_what_was_found_before_the_damage_is_told(pack: Callable[[bytes], bytes]) -> None:
    whole = header("first", size=0) + header("second", size=600_000)
    content = pack(whole) + pack(bytes(600_064))
    head, lines = read(content[: len(pack(whole)) + 15])
    assert (head["end"], [line[0] for line in lines]) == ("damage", ["first", "second"])


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1f\x8b", b"\x1f\x8bnot gzip", b"\x28\xb5\x2f\xfdnot zstd", b'{"json": 1}', b"PK\3\4" * 500],
)
def test_attack_37_what_is_no_archive_is_unreadable(content: bytes) -> None:
    assert read(content)[0]["end"] == "unreadable"


def test_an_archive_without_entries_is_one() -> None:
    assert read(END)[0] == read(gzip_of(END))[0] == {"entries": 0, "bytes": 0, "end": None}


@pytest.mark.parametrize("pack", [gzip_of, zstd_of])
def test_attack_37_a_bomb_is_read_as_far_as_the_ratio(pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(header("first", size=0) + header("bomb", size=64 << 20) + bytes(64 << 20) + END)
    assert len(bomb) < 1 << 20
    head, lines = read(bomb, GIGABYTE_LIMIT)
    assert (head["end"], [line[0] for line in lines]) == ("ratio", ["bomb", "first"])


def test_attack_37_a_bomb_is_read_as_far_as_the_size() -> None:
    bomb = gzip_of(header("bomb", size=64 << 20) + bytes(64 << 20) + END)
    assert read(bomb, Limits(unpacked_bytes=1 << 20))[0]["end"] == "size"


def test_attack_37_a_window_of_two_gibibytes_is_refused() -> None:
    frame = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([(31 - 10) << 3]) + b"\x01\x00\x00"
    assert read(frame)[0]["end"] == "unreadable"


def test_attack_37_the_reading_ends_when_the_processor_has_worked_enough() -> None:
    ticks = iter(range(100))
    budget = Budget(Limits(cpu_seconds=3), cpu=lambda: next(ticks))
    stream = iter([gzip_of(bytes(10 << 20)), b""])
    with pytest.raises(Ended, match="time"):
        Archive(lambda _: next(stream), budget).skip(10 << 20)
    assert budget.unpacked_bytes < 2 << 20


def test_attack_37_empty_members_without_end_are_read_as_long_as_the_processor_may() -> None:
    ticks = iter(range(10_000))
    budget = Budget(Limits(cpu_seconds=50), cpu=lambda: next(ticks))
    empty = zlib.compressobj(wbits=31).flush()
    with pytest.raises(Ended, match="time"):
        Archive(lambda _: empty, budget).read(1)


def test_attack_37_a_quine_is_not_unpacked_again() -> None:
    inner = gzip_of(PACKED)
    assert paths(archive(member("inner.tar.gz", size=len(inner)))) == ["inner.tar.gz"]
