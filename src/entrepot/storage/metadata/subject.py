"""What every subject's rows are reached through."""

from entrepot.storage.metadata.connection import Connection


class Subject:
    """The rows of one subject, within the transaction of one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
