"""What the server depends on and cannot use: an answer to wait for, not a bug to report."""

_MOST_CAUSES = 4
_LONGEST = 200  # characters of each


class Outage(Exception):
    """Something the server depends on cannot be used now; nothing was changed, trying again may help."""


class Unsettled(Exception):
    """A change was asked for and no answer came: it was made or it was not, trying again settles it."""


def told(outage: Outage | Unsettled) -> str:
    """The outage and what caused it, the nearest first, in a line for a log."""
    said: list[str] = []
    failure: BaseException | None = outage
    while failure is not None and len(said) < _MOST_CAUSES:
        said.append(f"{type(failure).__name__}: {failure}".removesuffix(": ")[:_LONGEST])
        failure = failure.__cause__
    return "; by ".join(said)
