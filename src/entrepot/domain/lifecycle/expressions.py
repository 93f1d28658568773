"""Regular expressions over tags, in RE2's syntax: matched in time linear in the tag's length.

RE2 never goes back in a text, and refuses what would need that (backreferences, looking around). What one
step costs grows with the size of the compiled program, so that is bounded too.
"""

import re
from collections.abc import Callable

import re2

LONGEST_EXPRESSION = 256  # characters
_LARGEST_PROGRAM = 256  # of RE2's instructions: `[a-z]{1000}` would have thousands
_MEMORY = 1 << 20  # bytes that the automaton of one expression may take
_LITERAL = re.compile(r"(?:[0-9A-Za-z_-]|\\\.)*")
_REPEATING = ("*", "?", "{", "+")


class ExpressionInvalid(ValueError):
    """The text is no expression that is taken here; the message says why."""


def check_expression(text: str) -> int:
    """The size of its program, in RE2's instructions; raises ExpressionInvalid."""
    if len(text) > LONGEST_EXPRESSION:
        raise ExpressionInvalid(f"longer than {LONGEST_EXPRESSION} characters")
    try:
        size: int = _compile(text).programsize
    except re2.error as cause:
        raise ExpressionInvalid(_sentence(cause)) from cause
    if size > _LARGEST_PROGRAM:
        raise ExpressionInvalid("too large when it is compiled")
    return size


def compile_expression(text: str) -> Callable[[str], bool]:
    """What tells whether a checked expression covers the whole of a tag."""
    fullmatch = _compile(text).fullmatch
    return lambda tag: fullmatch(tag.encode()) is not None


def literal_head(text: str) -> str:
    """Characters that everything which the expression covers begins with; perhaps fewer than there are."""
    if "|" in text:
        return ""
    head = _LITERAL.match(text)
    found = head.group() if head is not None else ""
    if text[len(found) :].startswith(_REPEATING):
        found = found[:-2] if found.endswith("\\.") else found[:-1]
    return found.replace("\\.", ".")


def _compile(text: str) -> "re2._Regexp":
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.never_capture = True
    return re2.compile(text, options)


def _sentence(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
