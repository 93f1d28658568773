"""Sealing under the root key ring, and the ring's file."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.keys import ring_file
from entrepot.keys.ring import KeyRing, version_of
from entrepot.keys.ring_text import KeyRingError, RootKey, format_ring, parse_ring

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def ring(*versions: int, seed: int = 1) -> KeyRing:
    return KeyRing(tuple(RootKey(version, bytes([seed, version]) * 16, NOW) for version in versions))


@given(plaintext=st.binary(max_size=200), purpose=st.binary(max_size=50))
def test_what_is_sealed_opens_for_its_purpose(plaintext: bytes, purpose: bytes) -> None:
    assert ring(1).open(ring(1).seal(plaintext, purpose), purpose) == plaintext


@given(purposes=st.tuples(st.binary(max_size=20), st.binary(max_size=20)).filter(lambda p: p[0] != p[1]))
def test_sealed_value_does_not_open_for_another_purpose(purposes: tuple[bytes, bytes]) -> None:
    with pytest.raises(KeyRingError):
        ring(1).open(ring(1).seal(b"secret", purposes[0]), purposes[1])


@pytest.mark.parametrize("at", range(1 + 4 + 12 + 6 + 16))
def test_sealed_value_with_any_byte_altered_does_not_open(at: int) -> None:
    sealed = bytearray(ring(1, 2).seal(b"secret", b"purpose"))
    sealed[at] ^= 1
    with pytest.raises(KeyRingError):
        ring(1, 2).open(bytes(sealed), b"purpose")


@given(sealed=st.binary(max_size=60))
def test_arbitrary_bytes_do_not_open(sealed: bytes) -> None:
    with pytest.raises(KeyRingError):
        ring(1).open(sealed, b"purpose")


def test_two_seals_of_one_secret_differ() -> None:
    assert ring(1).seal(b"secret", b"purpose") != ring(1).seal(b"secret", b"purpose")


def test_another_ring_does_not_open() -> None:
    with pytest.raises(KeyRingError):
        ring(1, seed=2).open(ring(1, seed=1).seal(b"secret", b"purpose"), b"purpose")


def test_newest_version_seals_and_older_ones_open() -> None:
    assert version_of(ring(1, 3, 2).seal(b"secret", b"purpose")) == 3
    assert ring(1, 3, 2).open(ring(1).seal(b"secret", b"purpose"), b"purpose") == b"secret"


def test_ring_without_the_version_says_so() -> None:
    with pytest.raises(KeyRingError, match="no version 2"):
        ring(1).open(ring(1, 2).seal(b"secret", b"purpose"), b"purpose")


def test_check_value_matches_the_same_key_only() -> None:
    check = ring(1).check_value()
    assert ring(1).matches(check)
    assert ring(1, 2).matches(check)
    assert not ring(1, seed=2).matches(check)
    assert not ring(2).matches(check)


def test_ring_survives_its_text() -> None:
    keys = (RootKey(1, b"a" * 32, NOW), RootKey(2, b"b" * 32, NOW))
    assert parse_ring(format_ring(keys)) == keys
    assert KeyRing.from_bytes(format_ring(keys)).newest_version == 2


def test_keys_are_in_no_repr() -> None:
    assert "aaaa" not in repr(RootKey(1, b"a" * 32, NOW))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"format": 1, "keys": []}',
        b'{"format": 2, "keys": []}',
        b'{"format": 1, "keys": [{"version": 0, "key": "' + b"0" * 64 + b'", "created": "2026-01-01"}]}',
        b'{"format": 1, "keys": [{"version": true, "key": "' + b"0" * 64 + b'", "created": "2026-01-01"}]}',
        b'{"format": 1, "keys": [{"version": 1, "key": "' + b"0" * 63 + b'", "created": "2026-01-01"}]}',
        b'{"format": 1, "keys": [{"version": 1, "key": "' + b"0" * 64 + b'", "created": "today"}]}',
        b"[" * 100_000,
        b" " * (1 << 20) + b"{}",
    ],
)
def test_text_that_is_no_ring_is_refused(text: bytes) -> None:
    with pytest.raises(KeyRingError):
        parse_ring(text)


def test_ring_with_two_keys_of_one_version_is_refused() -> None:
    with pytest.raises(KeyRingError):
        parse_ring(format_ring((RootKey(1, b"a" * 32, NOW), RootKey(1, b"b" * 32, NOW))))


def test_refusal_of_a_broken_ring_shows_no_key() -> None:
    broken = format_ring((RootKey(1, b"a" * 32, NOW),)).replace(b"61616161", b"6161616G")
    with pytest.raises(KeyRingError) as raised:
        parse_ring(broken)
    assert "6161" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_created_file_is_private_and_reopens(tmp_path: Path) -> None:
    path = tmp_path / "root-key"
    sealed = ring_file.create(path, NOW).seal(b"secret", b"purpose")
    assert path.stat().st_mode & 0o777 == 0o600
    assert ring_file.load(path).open(sealed, b"purpose") == b"secret"
    assert [file.name for file in tmp_path.iterdir()] == ["root-key"]


def test_create_never_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "root-key"
    check = ring_file.create(path, NOW).check_value()
    with pytest.raises(FileExistsError):
        ring_file.create(path, NOW)
    assert ring_file.load(path).matches(check)


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o660, 0o601])
def test_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "root-key"
    ring_file.create(path, NOW)
    path.chmod(mode)
    with pytest.raises(KeyRingError, match="chmod 600"):
        ring_file.load(path)


@pytest.mark.parametrize("owner", [0, 65532])
def test_group_may_read_a_file_that_is_roots_alone(tmp_path: Path, owner: int) -> None:
    """As Kubernetes shows a secret to a process that is not root."""
    if os.geteuid() != 0:
        pytest.skip("giving a file away needs root")
    path = tmp_path / "root-key"
    check = ring_file.create(path, NOW).check_value()
    path.chmod(0o640)
    os.chown(path, owner, 65532)
    if owner == 0:
        assert ring_file.load(path).matches(check)
    else:
        with pytest.raises(KeyRingError, match="chmod 600"):
            ring_file.load(path)


def test_absent_file_is_not_made_by_loading(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ring_file.load(tmp_path / "root-key")
    assert not list(tmp_path.iterdir())


def test_rotation_adds_a_version_and_keeps_the_older(tmp_path: Path) -> None:
    path = tmp_path / "root-key"
    before = ring_file.create(path, NOW)
    after = ring_file.rotate(path, NOW)
    assert after.newest_version == 2
    assert after.open(before.seal(b"secret", b"purpose"), b"purpose") == b"secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(path.read_bytes())["keys"]) == 2


def test_rotation_passes_over_what_a_crashed_one_left(tmp_path: Path) -> None:
    path = tmp_path / "root-key"
    ring_file.create(path, NOW)
    (tmp_path / "root-key.new").write_bytes(b"half a ri")
    assert ring_file.rotate(path, NOW).newest_version == 2


def test_running_ring_learns_of_a_rotation_when_it_meets_it(tmp_path: Path) -> None:
    path = tmp_path / "root-key"
    running = ring_file.create(path, NOW)
    rotated = ring_file.rotate(path, NOW)
    assert running.open(rotated.seal(b"secret", b"purpose"), b"purpose") == b"secret"
    assert running.newest_version == 2


def test_running_ring_learns_of_a_rotation_from_a_check_value(tmp_path: Path) -> None:
    path = tmp_path / "root-key"
    running = ring_file.create(path, NOW)
    assert running.matches(ring_file.rotate(path, NOW).check_value())
