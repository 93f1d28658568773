"""Tokens of lists that pass over what their reader may not see: sealed, for they say where such a row stands.

A token is base64 of a sealed value (keys/ring.py) over JSON: the place behind which the list goes on. Its
purpose names the list with all that it was asked, so that it opens for no other one.
"""

import base64
from collections.abc import Sequence

import orjson

from entrepot.domain.errors import InvalidParameter
from entrepot.keys.ring_text import KeyRingError
from entrepot.ports.keys import Sealer

Part = int | str
_LONGEST = 2048


class SealedTokens:
    """Writes them, and reads those that it wrote."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def write(self, of: Sequence[str], place: Sequence[Part]) -> str:
        """The token of this place in the list that `of` names."""
        sealed = self._sealer.seal(orjson.dumps(list(place)), _purpose(of))
        return base64.urlsafe_b64encode(sealed).decode("ascii")

    def read(self, of: Sequence[str], token: str | None) -> tuple[Part, ...] | None:
        """The place; None for no token. Raises InvalidParameter unless it was written for this list."""
        if token is None:
            return None
        if len(token) > _LONGEST:
            raise InvalidParameter("nextToken", "Invalid token")
        try:
            sealed = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
            return tuple(orjson.loads(self._sealer.open(sealed, _purpose(of))))
        except (ValueError, KeyRingError) as cause:
            raise InvalidParameter("nextToken", "Invalid token") from cause


def _purpose(of: Sequence[str]) -> bytes:
    return b"token of a list\0" + "\0".join(of).encode("utf-8")
