"""The parameters of a request's query string."""

from collections.abc import Sequence
from typing import Self
from urllib.parse import unquote

from entrepot.domain.errors import InvalidParameter

_MOST = 256
LONGEST_PAGE = 1000  # ECR's maxResults
_DEFAULT_PAGE = 100


class Query:
    """Names and values, in order; a plus sign stays one, for media types have it and nothing has blanks."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = pairs

    @classmethod
    def parse(cls, raw: str) -> Self:
        """Raises InvalidParameter for what is not printable UTF-8, or for very many parameters."""
        pieces = raw.split("&", _MOST) if raw else []
        if len(pieces) > _MOST:
            raise InvalidParameter("query", "must not have so many parameters")
        return cls([_pair(piece) for piece in pieces if piece])

    def all(self, name: str) -> list[str]:
        """Every value of the name."""
        return [value for key, value in self._pairs if key == name]

    def find(self, name: str) -> str | None:
        """The value; raises InvalidParameter where several leave open which one counts."""
        values = self.all(name)
        if len(values) > 1:
            raise InvalidParameter(name, "must be given once")
        return values[0] if values else None

    def page_length(self) -> int:
        """How many entries `n` asks for; raises InvalidParameter, in ECR's words over its limit."""
        text = self.find("n")
        if text is None:
            return _DEFAULT_PAGE
        if not text.isascii() or not text.isdigit():
            raise InvalidParameter("n", "must be a number of entries")
        digits = text.lstrip("0")
        if len(digits) > 4 or int(digits or "0") > LONGEST_PAGE:
            raise InvalidParameter(
                "maxResults", f"Member must have value less than or equal to {LONGEST_PAGE}"
            )
        return int(digits or "0")


def _pair(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return _decoded(name), _decoded(value)


def _decoded(text: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError as cause:
        raise InvalidParameter("query", "must be UTF-8") from cause
    if not decoded.isprintable():
        raise InvalidParameter("query", "must be of printable characters")
    return decoded
