"""Short texts that only this server can have written: signed with keys kept in rows."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from types import MappingProxyType

import orjson

from entrepot.domain.errors import TokenRejected
from entrepot.ports.clock import Clock
from entrepot.ports.keys import Sealer
from entrepot.ports.records import Records, SigningKey, Store

_LONGEST = 4096
_KEPT = 1024  # texts of a few hundred bytes


class Signer:
    """Signs and reads `kid.payload.mac`, each part base64url: no algorithm is named, none can be chosen.

    The MAC is HMAC-SHA256 over purpose, kid and payload, so a text signed for one purpose is
    worthless for another. Keys are few and never change, so they are cached for good.
    """

    def __init__(self, store: Store, sealer: Sealer, clock: Clock) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._secrets: dict[str, bytes] = {}
        self._newest = ""
        self._read: dict[tuple[str, str], Mapping[str, str | int]] = {}

    async def sign(self, purpose: str, payload: dict[str, str | int]) -> str:
        """The signed text: letters, digits, `-`, `_` and two dots."""
        if not self._newest:
            await self._load(make_one=True)
        body = f"{self._newest}.{_encode(orjson.dumps(payload))}"
        return f"{body}.{_encode(self._mac(self._newest, purpose, body))}"

    async def read(self, purpose: str, text: str) -> Mapping[str, str | int]:
        """The payload of a text signed here for this purpose; raises TokenRejected for any other.

        A client sends one token with each of many requests, so what was read lately is kept, by the
        whole text: a lookup by a keyed hash tells nobody how much of a guess was right.
        """
        content = self._read.get((purpose, text))
        if content is None:
            content = await self._verify(purpose, text)
            if len(self._read) >= _KEPT:
                self._read.clear()
            self._read[purpose, text] = content
        return content

    async def _verify(self, purpose: str, text: str) -> Mapping[str, str | int]:
        if len(text) > _LONGEST or not text.isascii():
            raise TokenRejected
        body, _, mac = text.rpartition(".")
        kid, _, payload = body.partition(".")
        if kid not in self._secrets:
            await self._load(make_one=False)
        # As text, not as bytes: the last letter of base64 has bits to spare, so two texts mean one MAC.
        if kid not in self._secrets or not hmac.compare_digest(mac, _encode(self._mac(kid, purpose, body))):
            raise TokenRejected
        content: dict[str, str | int] = orjson.loads(_decode(payload))
        return MappingProxyType(content)

    def _mac(self, kid: str, purpose: str, body: str) -> bytes:
        return hmac.digest(self._secrets[kid], f"{purpose}\0{body}".encode("ascii"), hashlib.sha256)

    async def _load(self, *, make_one: bool) -> None:
        keys = await self._store.read(lambda records: records.signing_keys.all())
        if not keys and make_one:
            keys = await self._store.write(self._first_key)
        for key in keys:
            self._secrets[key.kid] = self._sealer.open(key.sealed_secret, signing_purpose(key.kid))
        if keys:
            self._newest = keys[0].kid

    async def _first_key(self, records: Records) -> list[SigningKey]:
        keys = await records.signing_keys.all()
        if keys:
            return keys
        kid = secrets.token_hex(4)
        sealed = self._sealer.seal(secrets.token_bytes(32), signing_purpose(kid))
        key = SigningKey(kid=kid, sealed_secret=sealed, created_at=self._clock())
        await records.signing_keys.add(key)
        return [key]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signing_purpose(kid: str) -> bytes:
    """What a signing key is sealed for."""
    return b"signing-key:" + kid.encode("ascii")
