"""Which images have tags that begin with a text or fit a pattern, found without asking every image.

All tags stand in one sorted list: what begins with a text is a stretch of it. Patterns are read with `*`
for any run of characters and matched piece by piece, never going back (`policy/wildcards.py`), so the work
for one entry of a list is at most the length of all tags. Regular expressions are RE2's, which takes no
longer (`expressions.py`).
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from entrepot.domain.lifecycle.expressions import compile_expression, literal_head
from entrepot.domain.policy.wildcards import compile_stars

_FEW = 16  # images to one tag of all: then their own tags are asked, not all
_BEHIND = chr(0x10FFFF)  # sorts behind everything that a tag may hold


class TagIndex:
    """The tags of images that are known by their place in a list."""

    def __init__(self, tags: Sequence[Sequence[str]]) -> None:
        self._of_images = tags
        listed = [tag for of_image in tags for tag in of_image]
        places = [place for place, of_image in enumerate(tags) for _ in of_image]
        order = sorted(range(len(listed)), key=listed.__getitem__)  # texts alone are compared quickly
        self._tags = [listed[each] for each in order]
        self._places = [places[each] for each in order]

    def with_prefixes(self, prefixes: Iterable[str]) -> set[int]:
        """Images that have, for each of the texts, some tag that begins with it."""
        # What one entry asks for, a longer one that begins with it asks for as well.
        wanted = sorted(set(prefixes))
        longest = [
            text
            for text, following in zip(wanted, [*wanted[1:], ""], strict=True)
            if not following.startswith(text)
        ]
        left = self._beginning(longest[0])
        for text in longest[1:]:
            left &= self._beginning(text)
        return left

    def with_patterns(self, patterns: Iterable[str]) -> set[int]:
        """Images that have, for each of the patterns, some tag that fits it as a whole."""
        # The longest first: it is likely to leave the fewest for the others.
        first, *others = sorted(set(patterns), key=lambda pattern: (-len(pattern), pattern))
        left = self._fitting(first)
        for pattern in others:
            if len(left) * _FEW < len(self._places):
                fits = compile_stars(pattern)
                left = {place for place in left if any(map(fits, self._of_images[place]))}
            else:
                left &= self._fitting(pattern)
        return left

    def with_expressions(self, expressions: Iterable[str]) -> set[int]:
        """Images that have, for each of the regular expressions, some tag that it covers as a whole."""
        left: set[int] | None = None
        for text in sorted(set(expressions), key=lambda text: (-len(literal_head(text)), text)):
            covers = compile_expression(text)
            if left is not None and len(left) * _FEW < len(self._places):
                left = {place for place in left if any(map(covers, self._of_images[place]))}
                continue
            start, end = self._stretch(literal_head(text))
            fitting = {
                place
                for tag, place in zip(self._tags[start:end], self._places[start:end], strict=True)
                if covers(tag)
            }
            left = fitting if left is None else left & fitting
        return left or set()

    def _beginning(self, prefix: str) -> set[int]:
        return set(self._places[slice(*self._stretch(prefix))])

    def _stretch(self, prefix: str) -> tuple[int, int]:
        return bisect_left(self._tags, prefix), bisect_left(self._tags, prefix + _BEHIND)

    def _fitting(self, pattern: str) -> set[int]:
        head, *others = pattern.split("*")
        if pattern == f"{head}*":
            return self._beginning(head)
        start, end = self._stretch(head)
        tags, places = self._tags[start:end], self._places[start:end]
        # The longest piece first: looking for one text is far quicker than matching, and mostly says no.
        rarest = max(others, key=len, default="")
        likely = [(tag, place) for tag, place in zip(tags, places, strict=True) if rarest in tag]
        if pattern == f"*{rarest}*":
            return {place for _, place in likely}
        fits = compile_stars(pattern)
        return {place for tag, place in likely if fits(tag)}
