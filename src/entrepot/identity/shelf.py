"""Parsed policies: each made once, and kept while all of them fit into so much memory."""

from collections.abc import Iterable
from threading import Lock

from entrepot.domain.policy.documents import Document, Kind, parse_document
from entrepot.domain.policy.policies import Policies, Policy

MOST_BYTES = 128 << 20
"""For each process: some 650 documents of ten statements."""

# What a text comes to when it is parsed, measured with CPython 3.11 and never less: most is in the tests of
# wildcards, and in what stands around each string and value. An ordinary document takes half of it.
_BYTES_A_STRING = 1024
_BYTES_A_WILDCARD = 384
_BYTES_A_VALUE = 384
_BYTES_A_VARIABLE = 16 * 2304  # what it becomes is remembered for the last 16 values
_BYTES_A_STATEMENT = 512  # where it is placed among others, and found by the actions that it is about


class PolicyShelf:
    """Documents and policies by their texts. When there is no room for another, all of them are let go.

    Whoever holds some of them beside it does so for one `generation`, so that nothing of an older one stays.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.generation = 0
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._documents: dict[tuple[str, Kind], Document] = {}
        self._policies: dict[tuple[Kind, tuple[tuple[str, str], ...]], Policies] = {}
        self._lock = Lock()  # long listings, and what they decide, run in threads

    def document(self, text: str, kind: Kind) -> Document:
        """The parsed document; raises MalformedPolicy, and then keeps nothing."""
        key = text, kind
        found = self._documents.get(key)
        if found is None:
            found = parse_document(text, kind)
            with self._lock:
                self._make_room(4 * len(text) + parsed_bytes(found))
                self._documents[key] = found
        return found

    def policies(self, kind: Kind, named: Iterable[tuple[str, str]]) -> Policies:
        """Policies by name and text, that count together."""
        key = kind, tuple(named)
        found = self._policies.get(key)
        if found is None:
            found = Policies([Policy(name, self.document(text, kind)) for name, text in key[1]])
            with self._lock:
                self._make_room(_BYTES_A_STRING + _BYTES_A_STATEMENT * len(found.statements))
                self._policies[key] = found
        return found

    @property
    def held_bytes(self) -> int:
        """What is kept comes to no more than this."""
        return self._held_bytes

    def _make_room(self, size_bytes: int) -> None:
        if self._held_bytes + size_bytes > self._most_bytes:
            self.generation += 1
            self._held_bytes = 0
            self._documents.clear()
            self._policies.clear()
        self._held_bytes += size_bytes


def parsed_bytes(document: Document) -> int:
    """How much memory a parsed document takes, at most."""
    text = document.text()  # and not as it was written, where `*` may be spelt as an escape
    wildcards = text.count("*") + text.count("?")
    strings, values = text.count('"') // 2 + 1, text.count(",") + 1
    counted = _BYTES_A_STRING * strings + _BYTES_A_VALUE * values + _BYTES_A_WILDCARD * wildcards
    return 4 * len(text) + counted + _BYTES_A_VARIABLE * text.count("${")
