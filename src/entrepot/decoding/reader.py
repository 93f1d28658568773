"""What the confined process does: an archive comes in, and the list of its entries goes out.

    {"entries":2,"bytes":9,"end":null}
    ["etc","directory",null,493,0,0,1700000000.0,null,null,false]
    ["etc/hosts","file",9,420,0,0,1700000000.0,null,null,false]

One line of JSON about all, then one for each entry, by path; entries of one path in their order. An
archive of which not even the first entry can be read has `"end":"unreadable"`.
"""

import os

import orjson

from entrepot.decoding.budget import Budget, Ended, Limits
from entrepot.decoding.confinement import confine
from entrepot.decoding.tar import Entry, entries
from entrepot.decoding.unpacking import Archive, Read
from entrepot.domain.layer_files import End

UNREADABLE = "unreadable"


def main() -> None:
    """Read standard input, write standard output, and end without tidying up."""
    limits = Limits()
    confine(memory_bytes=limits.memory_bytes, cpu_seconds=limits.cpu_seconds * 3 // 2)
    _write(listing(lambda size: os.read(0, size), limits))
    os._exit(0)


def listing(read: Read, limits: Limits) -> bytes:
    """The whole answer."""
    found, end = _gather(read, limits)
    found.sort(key=_path)
    sizes = sum(entry.size or 0 for entry in found)
    lines = bytearray(orjson.dumps({"entries": len(found), "bytes": min(sizes, 2**63 - 1), "end": end}))
    for entry in found:  # one after the other: what orjson gives takes a kilobyte until it is let go
        lines += b"\n"
        lines += orjson.dumps(tuple(entry))
    lines += b"\n"
    return bytes(lines)


def _gather(read: Read, limits: Limits) -> tuple[list[Entry], str | None]:
    budget = Budget(limits)
    found: list[Entry] = []
    try:
        for entry in entries(Archive(read, budget), budget):
            found.append(entry)  # noqa: PERF402 (what was found counts when the rest cannot be read)
    except Ended as ended:
        return found, ended.why if found or ended.why is not End.DAMAGE else UNREADABLE
    except MemoryError:
        return found, End.SIZE
    return found, None if found or budget.unpacked_bytes else UNREADABLE


def _path(entry: Entry) -> str:
    return entry.path


def _write(content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(1, rest) :]
