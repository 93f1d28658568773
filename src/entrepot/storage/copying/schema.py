"""The tables that migrations make, read from their own text: names, columns and keys."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from entrepot.storage.metadata.migrate import Migration, statements

_TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)\s*\((.*)\)", re.DOTALL)
_KEY = re.compile(r"PRIMARY KEY \(([^)]*)\)")
_COLUMN = re.compile(r"(\w+) (TEXT|BIGINT|BYTEA)\b")
_ADDED = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (?:IF NOT EXISTS )?(\w+)")


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `key` is its primary key, in order, and `key_types` what its columns hold."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    key_types: tuple[str, ...]


def tables_of(migrations: Iterable[Migration]) -> list[Table]:
    """Every table as it stands after the migrations, in the order they were made."""
    tables: dict[str, Table] = {}
    for migration in migrations:
        for statement in statements(migration.sql):
            made, added = _TABLE.match(statement), _ADDED.match(statement)
            if made is not None:
                tables[made[1]] = _table(made[1], made[2])
            elif added is not None:
                table = tables[added[1]]
                tables[table.name] = replace(table, columns=(*table.columns, added[2]))
    return list(tables.values())


def _table(name: str, body: str) -> Table:
    found = _KEY.search(body)
    if found is None:
        raise ValueError(f"table {name} has no primary key")
    lines = (_COLUMN.match(line.strip()) for line in body.splitlines())
    types = {line[1]: line[2] for line in lines if line is not None}
    key = tuple(column.strip() for column in found[1].split(","))
    return Table(name, tuple(types), key, tuple(types[column] for column in key))
