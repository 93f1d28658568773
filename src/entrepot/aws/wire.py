"""A request and an answer as the wire has them, free of any HTTP framework."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from entrepot.aws.refusals import malformed_query

ReadBody = Callable[[int], Awaitable[bytes]]
"""Reads the whole body; raises `TooLarge` once it passes the given number of bytes."""

MOST_PARAMETERS = 4096
"""Of a query string or form; AWS documents no limit, its clients stay under a few hundred."""


class Headers:
    """Header lines as received: names in any case, repeated names kept in order."""

    __slots__ = ("_values",)

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in lines:
            self._values.setdefault(name.lower(), []).append(value)

    def all(self, name: str) -> list[str]:
        """Every value of the (lower-case) name, none where it did not arrive."""
        return self._values.get(name, [])

    def names(self) -> Iterator[str]:
        """Each name once, in lower case."""
        return iter(self._values)


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request, its path and query still percent-encoded, its body not yet read.

    `remote` is the client's address, behind trusted proxies the one they report. `request_id` is a
    UUID made by the door, echoed in the answer.
    """

    method: str
    raw_path: str
    raw_query: str
    headers: Headers
    scheme: str
    host: str
    remote: str
    request_id: str
    read_body: ReadBody


@dataclass(frozen=True, slots=True)
class WireResponse:
    """One answer, complete.

    `operation` is "ecr:PutImage" once it was known, never what a caller made up; `refusal` is our name of
    what was refused, or the code of a refusal that only the wire knows. Both are "" where there is none.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    operation: str = ""
    refusal: str = ""


def parse_parameters(text: str) -> list[tuple[bytes, bytes]]:
    """Names and values of a query string or form, decoded, in order; a plus sign is a space.

    Signatures and parameters are both read from this list, so that no two spellings of one meaning
    can be told apart by one and not the other.
    """
    if not text:
        return []
    pieces = text.split("&", MOST_PARAMETERS)
    if len(pieces) > MOST_PARAMETERS:
        raise malformed_query("too many parameters")
    pairs = []
    for piece in pieces:
        if piece:
            name, _, value = piece.partition("=")
            pairs.append((_decoded(name), _decoded(value)))
    return pairs


def _decoded(text: str) -> bytes:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text.encode("utf-8", "surrogateescape")
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
