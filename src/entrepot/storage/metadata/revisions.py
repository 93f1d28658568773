"""The number under which nodes keep rows in memory: when it changes, they read those rows anew."""

import secrets

from entrepot.storage.metadata.connection import Connection
from entrepot.storage.metadata.subject import Subject

_FIND = "SELECT number FROM revision WHERE id = 1"
_PUT = """
INSERT INTO revision (id, number) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET number = excluded.number
"""


class SqlRevision(Subject):
    """The one row of the `revision` table.

    Its number is random, not counted: a fail-over that loses commits, or a restored copy, never brings
    back a number under which a node keeps something else.
    """

    __slots__ = ("has_changed",)

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.has_changed = False

    async def number(self) -> int:
        """The number now; 0 before the first change."""
        row = await self._connection.row(_FIND)
        return 0 if row is None else int(row["number"])

    async def change(self) -> None:
        """Put another number in its place, once a transaction."""
        if not self.has_changed:
            self.has_changed = True
            await self._connection.run(_PUT, secrets.randbits(63))


class RevisedSubject(Subject):
    """Rows that nodes keep in memory: a write that makes what is kept untrue changes the revision.

    A new repository or session key does not, because nobody keeps that something is absent; but that a
    repository or registry has no policy is kept, and a first one changes it.
    """

    __slots__ = ("_revision",)

    def __init__(self, connection: Connection, revision: SqlRevision) -> None:
        super().__init__(connection)
        self._revision = revision
