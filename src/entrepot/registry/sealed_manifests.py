"""Manifests at rest: each under a data key of its own, bound to its place."""

import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from entrepot.domain.digests import Digest
from entrepot.domain.recycling import owner_of
from entrepot.domain.repositories import Repository
from entrepot.ports.keys import DataKeys
from entrepot.ports.records import SealedManifest

_NONCE_BYTES = 12


async def seal_manifest(
    data_keys: DataKeys, repository: Repository, digest: Digest, content: bytes
) -> SealedManifest:
    """`nonce(12) ‖ ciphertext ‖ tag(16)`, AES-256-GCM with the place as associated data."""
    place = place_of(repository.id, digest)
    key, wrapped = await data_keys.new(place)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return SealedManifest(wrapped, nonce + AESGCM(key).encrypt(nonce, content, place.encode("ascii")))


async def open_manifest(
    data_keys: DataKeys, repository_id: str, digest: Digest, manifest: SealedManifest
) -> bytes:
    """The bytes as they were pushed; raises when the row was altered or moved."""
    place = place_of(repository_id, digest)
    key = await data_keys.open(manifest.wrapped_key, place)
    nonce, sealed = manifest.sealed[:_NONCE_BYTES], manifest.sealed[_NONCE_BYTES:]
    return AESGCM(key).decrypt(nonce, sealed, place.encode("ascii"))


def place_of(repository_id: str, digest: str) -> str:
    """What a manifest's data key is wrapped for: the same in the repository and in its bin."""
    return f"manifest:{owner_of(repository_id)}:{digest}"
