"""Refusals of the door itself: what no use case ever sees."""

from dataclasses import dataclass

from entrepot.domain.errors import Refusal


@dataclass(eq=False)
class RouteUnknown(Refusal):
    """The path is none of the distribution specification's."""


@dataclass(eq=False)
class MethodNotOffered(Refusal):
    """The path is good for other methods."""

    offered: tuple[str, ...]


@dataclass(eq=False)
class TokenElsewhere(Refusal):
    """A token that is good, in another region's registries."""


@dataclass(eq=False)
class ChunkMisplaced(Refusal):
    """A Content-Range that is none, or that does not fit the body it came with."""

    reason: str
