"""Everything sealed under the root key ring, on every database."""

from dataclasses import replace

import pytest

from entrepot.ports.records import Records, SealedManifest, SealedRow, SealedSubject, SigningKey
from tests.contract.metadata.records.samples import access_key, blob, digest, minute, upload


@pytest.mark.parametrize("subject", SealedSubject)
@pytest.mark.parametrize("limit", [1, 2, 9])
async def test_every_sealed_value_is_on_one_page(
    records: Records, subject: SealedSubject, limit: int
) -> None:
    expected = await _fill(records)
    seen: list[SealedRow] = []
    after = ("", "")
    while page := await records.sealed_rows.page(subject, after=after, limit=limit):
        assert len(page) <= limit
        seen += page
        after = (page[-1].owner, page[-1].id)
    assert seen == expected[subject]


@pytest.mark.parametrize("subject", SealedSubject)
async def test_a_value_is_replaced_once_and_others_stay(records: Records, subject: SealedSubject) -> None:
    first, *others = (await _fill(records))[subject]
    assert await records.sealed_rows.replace(subject, first, b"anew")
    assert not await records.sealed_rows.replace(subject, first, b"late")
    assert not await records.sealed_rows.replace(subject, replace(first, id="absent"), b"anew")
    page = await records.sealed_rows.page(subject, after=("", ""), limit=9)
    assert page == [replace(first, sealed=b"anew"), *others]


async def _fill(records: Records) -> dict[SealedSubject, list[SealedRow]]:
    """Three rows of each subject, in their order; blobs and uploads have one without a key besides."""
    for n in range(3):
        await records.access_keys.add(replace(access_key(f"id{n}"), sealed_secret=b"%d" % n))
        await records.signing_keys.add(SigningKey(f"id{n}", b"%d" % n, minute(0)))
        await records.blobs.add(replace(blob(f"id{n}", f"content {n}"), wrapped_key=b"%d" % n))
        await records.uploads.add(upload(f"id{n}", wrapped_key=b"%d" % n))
    await records.blobs.add(replace(blob("plain", "plain"), wrapped_key=None))
    await records.uploads.add(upload("plain", wrapped_key=None))
    manifests = [("a", digest("m")), ("a/b", digest("l")), ("a/b", digest("m"))]
    for n, (repository_id, name) in enumerate(manifests):
        await records.manifests.put(repository_id, name, SealedManifest(b"%d" % n, b"bytes"))
    sealed = [SealedRow(owner, name, b"%d" % n) for n, (owner, name) in enumerate(manifests)]
    rows = [SealedRow("", f"id{n}", b"%d" % n) for n in range(3)]
    return {
        SealedSubject.ACCESS_KEY: rows,
        SealedSubject.SIGNING_KEY: rows,
        SealedSubject.BLOB: rows,
        SealedSubject.UPLOAD: [replace(row, id=f"key-of-{row.id}") for row in rows],
        SealedSubject.MANIFEST: sorted(sealed, key=lambda row: (row.owner, row.id)),
    }
