"""What a statement stores, finds, counts and refuses is the same in every database."""

from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.storage.metadata.connection import Connection, Database, SqlValue, ValueUnstorable
from tests.contract.metadata.places import Place, add, names


async def keep(
    database: Database, name: str, number: int, content: bytes | None, note: str | None
) -> list[SqlValue]:
    """Store a row and read it back."""

    async def insert(connection: Connection) -> None:
        await connection.run(
            "INSERT INTO item (name, number, content, note) VALUES ($1, $2, $3, $4)",
            name,
            number,
            content,
            note,
        )

    async def find(connection: Connection) -> list[SqlValue]:
        row = await connection.row("SELECT name, number, content, note FROM item WHERE name = $1", name)
        assert row is not None
        return [row["name"], row[1], row["content"], row[3]]

    await database.write(insert)
    return await database.read(find)


async def test_values_come_back_as_they_went_in(database: Database) -> None:
    content = bytes(range(256)) * 4096
    assert await keep(database, "名前-é-🐋", 1, content, "") == ["名前-é-🐋", 1, content, ""]


async def test_none_is_null(database: Database) -> None:
    assert await keep(database, "empty", 0, None, None) == ["empty", 0, None, None]


@pytest.mark.parametrize("number", [-(2**63), 2**63 - 1, 1_764_000_000_000_000])
async def test_numbers_have_64_bits(database: Database, number: int) -> None:
    assert (await keep(database, "big", number, b"", None))[1] == number


async def test_bytes_stay_bytes(database: Database) -> None:
    stored = await keep(database, "bytes", 0, b"\x00\xff", None)
    assert type(stored[2]) is bytes


@pytest.mark.parametrize("value", ["a\0b", "\ud800", 2**63, -(2**63) - 1])
async def test_a_value_that_one_database_cannot_hold_is_refused_by_all(
    database: Database, value: str | int
) -> None:
    async def find(connection: Connection) -> None:
        await connection.row("SELECT 1 FROM item WHERE name = $1 OR note = $1", value)

    async def count(connection: Connection) -> None:
        await connection.row("SELECT 1 FROM item WHERE number = $1", value)

    with pytest.raises(ValueUnstorable):
        await database.read(find if isinstance(value, str) else count)


async def test_text_is_ordered_by_its_bytes(database: Database) -> None:
    unordered = [
        "b",
        "B",
        "a",
        "A",
        "_",
        "-",
        "ä",
        "z",
        "Z",
        "10",
        "9",
        "a-b",
        "a_b",
        "ab",
        "🐋",
        "\uffee",
        "",
    ]

    async def insert(connection: Connection) -> None:
        for name in unordered:
            await add(connection, name)

    await database.write(insert)
    assert await database.read(names) == sorted(unordered, key=str.encode)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.sets(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), max_size=20))
async def test_any_text_is_kept_and_ordered_by_its_bytes(memory_place: Place, texts: set[str]) -> None:
    database = await memory_place.open()

    async def insert(connection: Connection) -> None:
        for name in texts:
            await add(connection, name)

    await database.write(insert)
    assert await database.read(names) == sorted(texts, key=str.encode)


async def test_run_counts_the_rows_it_touched(database: Database) -> None:
    async def counts(connection: Connection) -> list[int]:
        return [
            await connection.run("INSERT INTO item (name, number) VALUES ('a', 1), ('b', 2), ('c', 3)"),
            await connection.run("INSERT INTO item (name, number) VALUES ('a', 9) ON CONFLICT DO NOTHING"),
            await connection.run("UPDATE item SET number = 0 WHERE number > $1", 1),
            await connection.run("UPDATE item SET number = 0 WHERE number > $1 RETURNING name", 0),
            await connection.run(
                "WITH x AS (SELECT 'a' AS name) DELETE FROM item WHERE name IN (SELECT name FROM x)"
            ),
            await connection.run("DELETE FROM item"),
            await connection.run("CREATE INDEX item_by_number ON item (number)"),
        ]

    assert await database.write(counts) == [3, 0, 2, 1, 1, 2, 0]


async def test_a_conflict_may_update_and_return(database: Database) -> None:
    async def twice(connection: Connection) -> list[int]:
        sql = (
            "INSERT INTO item (name, number) VALUES ($1, $2) "
            "ON CONFLICT (name) DO UPDATE SET number = item.number + excluded.number RETURNING number"
        )
        found = [await connection.row(sql, "a", 5), await connection.row(sql, "a", 7)]
        return [row["number"] for row in found if row is not None]

    assert await database.write(twice) == [5, 12]


async def test_a_conflict_that_does_nothing_returns_no_row(database: Database) -> None:
    async def again(connection: Connection) -> bool:
        await add(connection, "a")
        sql = "INSERT INTO item (name, number) VALUES ('a', 1) ON CONFLICT DO NOTHING RETURNING name"
        return await connection.row(sql) is None

    assert await database.write(again)


async def test_row_gives_the_first_of_many_or_none(database: Database) -> None:
    async def firsts(connection: Connection) -> tuple[str, bool]:
        await connection.run("INSERT INTO item (name, number) VALUES ('a', 1), ('b', 2)")
        first = await connection.row("SELECT name FROM item ORDER BY name")
        absent = await connection.row("SELECT name FROM item WHERE name = $1", "c")
        assert first is not None
        return first["name"], absent is None

    assert await database.write(firsts) == ("a", True)


async def test_pages_by_key_meet_every_row_once(database: Database) -> None:
    async def insert(connection: Connection) -> None:
        for index in range(25):
            await add(connection, f"n{index:02}", index % 3)

    async def page(connection: Connection, after: tuple[int, str]) -> list[tuple[int, str]]:
        sql = "SELECT number, name FROM item WHERE (number, name) > ($1, $2) ORDER BY number, name LIMIT $3"
        return [(row["number"], row["name"]) for row in await connection.rows(sql, *after, 7)]

    await database.write(insert)
    seen = [(-1, "")]
    while found := await database.scan(partial(page, after=seen[-1])):
        seen += found
    assert seen[1:] == sorted((index % 3, f"n{index:02}") for index in range(25))


async def test_a_column_keeps_to_its_type(database: Database) -> None:
    async def insert(connection: Connection) -> None:
        await connection.run("INSERT INTO item (name, number) VALUES ($1, $2)", "a", "twelve")

    with pytest.raises(Exception, match=r"number|INTEGER|int"):  # each database has its own
        await database.write(insert)
