"""The rows of any table, whatever it holds: read in pages, found by key, added and deleted."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain

from entrepot.storage.copying.schema import Table
from entrepot.storage.metadata.batches import batches, placeholders
from entrepot.storage.metadata.connection import Connection, Database, SqlValue

_LEAST_ROWS, _MOST_ROWS = 16, 512  # a page
_PAGE_BYTES = 8 << 20  # and about its size: a manifest may have 4 MiB

Values = tuple[SqlValue, ...]


@dataclass(frozen=True, slots=True)
class TableState:
    """How many rows a table has, and the SHA-256 of all of them in the order of their keys."""

    rows: int
    sha256: str


State = Mapping[str, TableState]


async def pages(database: Database, table: Table) -> AsyncIterator[list[Values]]:
    """All rows by key, in pages that stay within a few megabytes."""
    after: Values | None = None
    limit = _LEAST_ROWS
    while page := await database.scan(partial(_page, table, after, limit)):
        yield page
        after = keys_of(table, page[-1:])[0]
        limit = _next_limit(page)


def _next_limit(page: Sequence[Values]) -> int:
    size_bytes = sum(len(value) for row in page for value in row if isinstance(value, str | bytes))
    fitting = len(page) * _PAGE_BYTES // max(size_bytes, 1)
    return max(_LEAST_ROWS, min(_MOST_ROWS, 4 * len(page), fitting))


def keys_of(table: Table, rows: Sequence[Values]) -> list[Values]:
    """What each row has as its key."""
    places = [table.columns.index(column) for column in table.key]
    return [tuple(row[place] for place in places) for row in rows]


async def state_of(tables: Sequence[Table], connection: Connection) -> State:
    """Every table as it stands in the transaction of this connection."""
    return {table.name: await _state_of_table(table, connection) for table in tables}


async def _state_of_table(table: Table, connection: Connection) -> TableState:
    running, count, limit = hashlib.sha256(), 0, _LEAST_ROWS
    after: Values | None = None
    while page := await _page(table, after, limit, connection):
        for row in page:
            for value in row:
                running.update(_canonical(value))
        count, after, limit = count + len(page), keys_of(table, page[-1:])[0], _next_limit(page)
    return TableState(count, running.hexdigest())


def _canonical(value: SqlValue) -> bytes:
    """A value so that no two rows of values read alike: its kind, its length and its bytes."""
    if value is None:
        return b"n"
    kind, content = (b"b", value) if isinstance(value, bytes) else (b"t", str(value).encode())
    if isinstance(value, int):
        kind = b"i"
    return kind + len(content).to_bytes(8, "big") + content


async def find_filled(tables: Sequence[Table], connection: Connection) -> str | None:
    """The name of a table that has a row."""
    for table in tables:
        if await _page(table, None, 1, connection):
            return table.name
    return None


async def _page(table: Table, after: Values | None, limit: int, connection: Connection) -> list[Values]:
    key, place = ", ".join(table.key), after or ()
    where = f"WHERE ({key}) > ({placeholders(1, len(place))})" if place else ""
    rows = await connection.rows(
        f"{_select(table)} {where} ORDER BY {key} LIMIT ${len(place) + 1}", *place, limit
    )
    return [tuple(row) for row in rows]


async def rows_at(table: Table, keys: Sequence[Values], connection: Connection) -> set[Values]:
    """The rows that these keys have."""
    found: set[Values] = set()
    for batch in batches(keys):
        rows = await connection.rows(f"{_select(table)} {_where_among(table, len(batch))}", *_flat(batch))
        found.update(tuple(row) for row in rows)
    return found


async def delete(table: Table, keys: Sequence[Values], connection: Connection) -> int:
    """Delete the rows of these keys; how many there were."""
    count = 0
    for batch in batches(keys):
        statement = f"DELETE FROM {table.name} {_where_among(table, len(batch))}"  # noqa: S608  (our tables)
        count += await connection.run(statement, *_flat(batch))
    return count


async def insert(table: Table, rows: Sequence[Values], connection: Connection) -> int:
    """Add what fits; how many did. A row that clashes with another by its key or an index is left out."""
    count, columns = 0, ", ".join(table.columns)
    for batch in batches(rows):
        values = _tuples(len(table.columns), len(batch))
        into = f"INSERT INTO {table.name} ({columns})"
        statement = f"{into} VALUES {values} ON CONFLICT DO NOTHING"
        count += await connection.run(statement, *_flat(batch))
    return count


def _select(table: Table) -> str:
    return f"SELECT {', '.join(table.columns)} FROM {table.name}"  # noqa: S608  (our tables)


def _where_among(table: Table, count: int) -> str:
    return f"WHERE ({', '.join(table.key)}) IN (VALUES {_key_tuples(table.key_types, count)})"


@lru_cache
def _key_tuples(types: tuple[str, ...], count: int) -> str:
    """`(CAST($1 AS TEXT), CAST($2 AS BIGINT)), …`: nothing else tells PostgreSQL what they are."""
    width = len(types)
    return ", ".join(
        f"({', '.join(f'CAST(${1 + n * width + i} AS {kind})' for i, kind in enumerate(types))})"
        for n in range(count)
    )


@lru_cache
def _tuples(width: int, count: int) -> str:
    """`($1, $2), ($3, $4)` for two rows of two values."""
    return ", ".join(f"({placeholders(1 + n * width, width)})" for n in range(count))


def _flat(rows: Iterable[Values]) -> list[SqlValue]:
    return list(chain.from_iterable(rows))
