"""Uploads between requests, on every database."""

from dataclasses import replace

from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import minute, upload


async def test_an_added_upload_is_found_as_it_was_given(records: Records) -> None:
    row = upload(offset_bytes=3, parts=(1, 2))
    await records.uploads.add(row)
    assert await records.uploads.find(row.id) == row


async def test_an_upload_with_nothing_optional_is_found_as_it_was_given(records: Records) -> None:
    row = upload(wrapped_key=None)
    await records.uploads.add(row)
    assert await records.uploads.find(row.id) == row


async def test_an_unknown_upload_is_none(records: Records) -> None:
    assert await records.uploads.find("absent") is None


async def test_advance_writes_the_new_state(records: Records) -> None:
    await records.uploads.add(upload())
    further = upload(offset_bytes=5, parts=(5, 5), touched_at=minute(3))
    assert await records.uploads.advance(further, from_offset=0)
    assert await records.uploads.find(further.id) == further


async def test_the_second_of_two_advances_from_one_offset_is_refused(records: Records) -> None:
    await records.uploads.add(upload())
    winner = upload(offset_bytes=5)
    assert await records.uploads.advance(winner, from_offset=0)
    assert not await records.uploads.advance(upload(offset_bytes=7), from_offset=0)
    assert await records.uploads.find(winner.id) == winner


async def test_an_upload_that_is_gone_does_not_advance(records: Records) -> None:
    assert not await records.uploads.advance(upload(offset_bytes=5), from_offset=0)
    assert await records.uploads.find(upload().id) is None


async def test_removing_says_whether_it_was_there(records: Records) -> None:
    await records.uploads.add(upload())
    assert await records.uploads.remove(upload().id)
    assert not await records.uploads.remove(upload().id)


async def test_stale_uploads_come_longest_untouched_first(records: Records) -> None:
    rows = [upload(f"u{n}", touched_at=minute(n)) for n in (4, 1, 3, 2)]
    for row in rows:
        await records.uploads.add(row)
    by_age = sorted(rows, key=lambda row: row.touched_at)
    assert await records.uploads.stale(minute(4), 9) == by_age[:3]
    assert await records.uploads.stale(minute(4), 2) == by_age[:2]
    assert await records.uploads.stale(minute(1), 9) == []


async def test_touching_keeps_an_upload_from_being_stale(records: Records) -> None:
    await records.uploads.add(upload())
    await records.uploads.advance(replace(upload(), touched_at=minute(5)), from_offset=0)
    assert await records.uploads.stale(minute(5), 9) == []


async def test_uploads_of_a_repository_are_bounded(records: Records) -> None:
    rows = [upload(f"u{n}", repository_id="r") for n in range(3)]
    for row in (*rows, upload("elsewhere", repository_id="other")):
        await records.uploads.add(row)
    assert await records.uploads.of_repository("r", 9) == rows
    assert await records.uploads.of_repository("r", 2) == rows[:2]
    assert await records.uploads.of_repository("absent", 9) == []
