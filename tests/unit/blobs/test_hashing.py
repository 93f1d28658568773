"""A SHA-256 that moves between processes."""

import ctypes
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.storage.blobs import hashing
from entrepot.storage.blobs.hashing import new_sha256, resume_sha256, saved_digest


def saved_after(data: bytes) -> bytes:
    running = new_sha256()
    running.update(data)
    return running.save()


@given(pieces=st.lists(st.binary(max_size=300), max_size=12))
@settings(max_examples=300)
def test_any_split_saved_and_resumed_at_each_cut_gives_hashlibs_digest(pieces: list[bytes]) -> None:
    done, saved = b"", new_sha256().save()
    for piece in pieces:
        running = resume_sha256(saved, len(done))
        assert running is not None
        running.update(piece)
        done, saved = done + piece, running.save()
        assert running.hexdigest() == saved_digest(saved, len(done)) == hashlib.sha256(done).hexdigest()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: memoryview(bytearray(data))])
def test_any_kind_of_memory_may_be_hashed(kind: type[bytes]) -> None:
    running = new_sha256()
    running.update(kind(b"content" * 100))
    assert running.hexdigest() == hashlib.sha256(b"content" * 100).hexdigest()


def test_saving_does_not_disturb_the_digest() -> None:
    running = new_sha256()
    running.update(b"one")
    running.save()
    running.hexdigest()
    running.update(b"two")
    assert running.hexdigest() == hashlib.sha256(b"onetwo").hexdigest()


def test_state_is_good_for_its_own_length_only() -> None:
    saved = saved_after(b"content")
    for length in (1, 6, 8, 7 + 64):
        assert resume_sha256(saved, length) is None
        assert saved_digest(saved, length) is None


def test_state_of_another_library_is_not_resumed_but_its_digest_counts() -> None:
    saved = saved_after(b"content").replace(b"OpenSSL", b"OpenTLS")
    assert resume_sha256(saved, 7) is None
    assert saved_digest(saved, 7) == hashlib.sha256(b"content").hexdigest()


@given(saved=st.binary(max_size=400), length=st.integers(1, 1 << 40))
def test_arbitrary_bytes_are_no_state(saved: bytes, length: int) -> None:
    assert resume_sha256(saved, length) is None


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_damaged_state_never_reaches_the_library_with_a_wrong_index(at: int, bit: int) -> None:
    saved = bytearray(saved_after(b"content"))
    saved[at % len(saved)] ^= 1 << bit
    resumed = resume_sha256(bytes(saved), 7)
    if resumed is not None:
        resumed.update(b"x" * 200)


@pytest.mark.parametrize("cut", [0, 1, 40, 41, 42, 60, 100, -1])
def test_state_cut_short_is_no_state(cut: int) -> None:
    assert resume_sha256(saved_after(b"content")[:cut], 7) is None


def test_without_a_library_a_state_can_be_finished_and_not_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_library(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", no_library)  # the machine's lack, not a stand-in for code of ours
    hashing._trusted_library.cache_clear()
    try:
        saved = saved_after(b"content")
        assert saved_digest(saved, 7) == hashlib.sha256(b"content").hexdigest()
        assert resume_sha256(saved, 7) is None
    finally:
        hashing._trusted_library.cache_clear()


def test_this_machine_has_a_library_to_resume_with() -> None:
    assert resume_sha256(saved_after(b"content"), 7) is not None
