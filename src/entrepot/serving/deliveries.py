"""What the kernel still has to send after a server wrote its last answer.

On a machine it goes on after the process has ended. In a container it does not: the network goes with the
last process, and with it the end of whatever a slow client was being sent.
"""

from pathlib import Path

_TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))
_LISTEN = "0A"  # whose queues count connections, not bytes


def is_anything_unsent(port: int) -> bool:
    """Whether bytes of connections to this port are not yet acknowledged; False where no table tells."""
    return any(_is_unsent(row.split(), port) for table in _TABLES for row in _rows(table))


def _is_unsent(fields: list[str], port: int) -> bool:
    # `sl local_address rem_address st tx_queue:rx_queue …`, numbers in hexadecimal (proc(5))
    local, state, queues = fields[1], fields[3], fields[4]
    return (
        state != _LISTEN
        and int(local.rpartition(":")[2], 16) == port
        and int(queues.partition(":")[0], 16) > 0
    )


def _rows(table: Path) -> list[str]:
    try:
        return table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return []
