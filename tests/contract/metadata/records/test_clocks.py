"""The clock of the database, on every database: here it is the machine's own."""

from datetime import UTC, datetime, timedelta

from entrepot.ports.records import Records


async def test_the_database_knows_what_time_it_is(records: Records) -> None:
    said = await records.clock.now()
    assert said.tzinfo is UTC
    assert abs(datetime.now(UTC) - said) < timedelta(minutes=1)
