"""Texts with `*` and `?` in them, matched without going back.

A pattern is a row of literal texts and wildcards. What stands between two `*` has a fixed length, so the
leftmost place where it fits is as good as any later one: each piece is looked for once, from where the one
before it ended. A piece without `?` is found by `str.find`; one with `?` by Shift-And over the bits of an
int, which costs the length of the text times that of the piece over the bits of a machine word.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum


class Wild(Enum):
    """A wildcard: any run of characters, or any one."""

    RUN = "*"
    ONE = "?"


Token = str | Wild
Pattern = tuple[Token, ...]
Matcher = Callable[[str], bool]


def read_wildcards(text: str) -> Iterator[Token]:
    """The literal texts and wildcards of a text, in their order."""
    start = 0
    for at, character in enumerate(text):
        if character in "*?":
            if at > start:
                yield text[start:at]
            yield Wild(character)
            start = at + 1
    if start < len(text):
        yield text[start:]


def compile_pattern(pattern: Sequence[Token]) -> Matcher:
    """What tells whether a whole text matches the pattern."""
    pieces = _pieces(pattern)
    if len(pieces) == 1:
        return _exact(pieces[0])
    head, *middle, tail = pieces
    if not middle and not tail:
        return _beginning(head)
    return _any_with(head, middle, tail)


def compile_stars(text: str) -> Matcher:
    """What tells whether a whole text matches one in which `*` stands for any run of characters."""
    tokens: list[Token] = []
    for piece in text.split("*"):
        tokens += [piece, Wild.RUN]
    return compile_pattern(tokens[:-1])


def _pieces(pattern: Sequence[Token]) -> list[list[Token]]:
    """What stands between the `*`; `*?*` is read as `*?`, so only the first and the last can be blank."""
    pieces: list[list[Token]] = [[]]
    is_blank = False
    for token in pattern:
        last = pieces[-1]
        if token == "":
            continue
        if token is Wild.RUN:
            if not is_blank:
                pieces.append([])
                is_blank = True
            continue
        is_blank = is_blank and token is Wild.ONE
        if isinstance(token, str) and last and isinstance(last[-1], str):
            last[-1] += token
        else:
            last.append(token)
    return pieces


def _exact(piece: list[Token]) -> Matcher:
    if not piece:
        return lambda text: not text
    if len(piece) == 1 and isinstance(piece[0], str):
        return piece[0].__eq__
    fixed = _Fixed.of(piece)
    return lambda text: len(text) == fixed.length and fixed.is_at(text, 0)


def _beginning(head: list[Token]) -> Matcher:
    if not head:
        return lambda _: True
    if len(head) == 1 and isinstance(head[0], str):
        literal = head[0]
        return lambda text: text.startswith(literal)
    fixed = _Fixed.of(head)
    return lambda text: len(text) >= fixed.length and fixed.is_at(text, 0)


def _any_with(head: list[Token], middle: list[list[Token]], tail: list[Token]) -> Matcher:
    first, last = _Fixed.of(head), _Fixed.of(tail)
    finders = [_finder(piece) for piece in middle]
    least = first.length + last.length + sum(_length(piece) for piece in middle)

    def matches(text: str) -> bool:
        end = len(text) - last.length
        if len(text) < least or not first.is_at(text, 0) or not last.is_at(text, end):
            return False
        at = first.length
        for find in finders:
            at = find(text, at, end)
            if at < 0:
                return False
        return True

    return matches


def _length(piece: list[Token]) -> int:
    return sum(len(token) if isinstance(token, str) else 1 for token in piece)


@dataclass(frozen=True, slots=True)
class _Fixed:
    """Literal texts at fixed distances."""

    length: int
    literals: tuple[tuple[int, str], ...]

    @staticmethod
    def of(piece: list[Token]) -> "_Fixed":
        literals, offset = [], 0
        for token in piece:
            if isinstance(token, str):
                literals.append((offset, token))
                offset += len(token)
            else:
                offset += 1
        return _Fixed(offset, tuple(literals))

    def is_at(self, text: str, start: int) -> bool:
        return all(text.startswith(literal, start + offset) for offset, literal in self.literals)


_Finder = Callable[[str, int, int], int]


def _finder(piece: list[Token]) -> _Finder:
    """What gives the end of the piece's first place in text[start:end], -1 where it has none."""
    length = _length(piece)
    if len(piece) == 1 and isinstance(piece[0], str):
        literal = piece[0]

        def find(text: str, start: int, end: int) -> int:
            at = text.find(literal, start, end)
            return at + length if at >= 0 else -1

        return find
    return _shift_and(piece, length)


def _shift_and(piece: list[Token], length: int) -> _Finder:
    masks: dict[str, int] = {}
    anything, bit = 0, 1
    for token in piece:
        for character in token if isinstance(token, str) else (None,):
            if character is None:
                anything |= bit
            else:
                masks[character] = masks.get(character, 0) | bit
            bit <<= 1
    masks = {character: mask | anything for character, mask in masks.items()}
    whole = 1 << (length - 1)

    def find(text: str, start: int, end: int) -> int:
        if end - start < length:
            return -1
        state = 0
        for at in range(start, end):
            state = (state << 1 | 1) & masks.get(text[at], anything)
            if state & whole:
                return at + 1
        return -1

    return find
