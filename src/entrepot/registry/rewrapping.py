"""Sealing everything anew under the newest root key, while the server runs."""

from functools import partial

from entrepot.identity.credentials import secret_purpose
from entrepot.identity.signing import signing_purpose
from entrepot.keys.data_keys import DataKeys
from entrepot.keys.ring import KeyRing, version_of
from entrepot.ports.records import Records, SealedRow, SealedSubject, Store
from entrepot.registry.sealed_manifests import place_of

_STEP = 200  # rows a transaction
# Uploads come before blobs, for meanwhile they become some.
_ORDER = (
    SealedSubject.ACCESS_KEY,
    SealedSubject.SIGNING_KEY,
    SealedSubject.UPLOAD,
    SealedSubject.BLOB,
    SealedSubject.MANIFEST,
)


class Rewrapping:
    """Replaces what older versions of the root key sealed; layers themselves are not touched."""

    def __init__(self, store: Store, ring: KeyRing) -> None:
        self._store = store
        self._ring = ring
        self._data_keys = DataKeys(ring)

    async def rewrap(self) -> int:
        """Go through everything once; how many values were replaced. May be repeated."""
        return sum([await self._rewrap_subject(subject) for subject in _ORDER])

    async def _rewrap_subject(self, subject: SealedSubject) -> int:
        replaced, after = 0, ("", "")
        while rows := await self._store.scan(partial(_page, subject, after)):
            after = (rows[-1].owner, rows[-1].id)
            stale = [row for row in rows if version_of(row.sealed) != self._ring.newest_version]
            fresh = [(row, await self._reseal(subject, row)) for row in stale]
            if fresh:
                replaced += await self._store.write(partial(_replace, subject, fresh))
        return replaced

    async def _reseal(self, subject: SealedSubject, row: SealedRow) -> bytes:
        match subject:
            case SealedSubject.ACCESS_KEY:
                return self._seal_again(row.sealed, secret_purpose(row.id))
            case SealedSubject.SIGNING_KEY:
                return self._seal_again(row.sealed, signing_purpose(row.id))
            case SealedSubject.BLOB | SealedSubject.UPLOAD:
                return await self._data_keys.rewrap(row.sealed, row.id)
            case SealedSubject.MANIFEST:
                return await self._data_keys.rewrap(row.sealed, place_of(row.owner, row.id))

    def _seal_again(self, sealed: bytes, purpose: bytes) -> bytes:
        return self._ring.seal(self._ring.open(sealed, purpose), purpose)


async def _page(subject: SealedSubject, after: tuple[str, str], records: Records) -> list[SealedRow]:
    return await records.sealed_rows.page(subject, after=after, limit=_STEP)


async def _replace(subject: SealedSubject, fresh: list[tuple[SealedRow, bytes]], records: Records) -> int:
    return sum([await records.sealed_rows.replace(subject, row, sealed) for row, sealed in fresh])
