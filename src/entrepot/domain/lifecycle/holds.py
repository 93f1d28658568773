"""What keeps images whatever a lifecycle policy says: pins, and clusters that run them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.mutability import TagMutability
from entrepot.domain.pins import PIN_TAG, Pin, find_pinned_tag
from entrepot.domain.usage import Use

MOST_NAMED = 20  # clusters in a sentence: hundreds may run one image, and a page tells of a thousand images


@dataclass(frozen=True, slots=True)
class Hold:
    """That one image is kept, and by what.

    `by` are ARNs: of whoever pinned it, or of the clusters that run it; for a pattern of the repository's
    resource tag the tag's key. `child` is the image that is run where it is not this one but a child of it.
    """

    is_pin: bool  # else it runs
    by: tuple[str, ...]
    reason: str | None = None
    until: datetime | None = None
    child: Digest | None = None

    @property
    def sentence(self) -> str:
        """As a person is told."""
        if self.is_pin:
            reason = f": {self.reason}" if self.reason else ""
            end = f", until {self.until:%Y-%m-%dT%H:%M:%SZ}" if self.until is not None else ""
            return f"pinned by {self.by[0]}{end}{reason}"
        names = ", ".join(arn.rpartition("/")[2] for arn in self.by[:MOST_NAMED])
        if len(self.by) > MOST_NAMED:
            names += " and others"
        what = "in use by" if self.child is None else f"its child {self.child} is in use by"
        return f"{what} cluster {names}" if len(self.by) == 1 else f"{what} clusters {names}"


@dataclass(frozen=True, slots=True)
class Holds:
    """All that is known of a repository's pins and of what runs of it; what is over may be among it.

    `uses` may leave out some of an image's, never the last one that ends. `patterns` are those of the
    resource tag. `mutability` tells which tags no rule over tags takes away.
    """

    pins: Mapping[Digest, Pin] = field(default_factory=dict)
    patterns: tuple[str, ...] = ()
    uses: Mapping[Digest, Sequence[Use]] = field(default_factory=dict)
    mutability: TagMutability = field(default_factory=TagMutability)

    def on(self, image: LifecycleImage, now: datetime) -> Hold | None:
        """What keeps this very image; a pin is told before a use."""
        pin = self.pins.get(image.digest)
        if pin is not None and pin.holds(now):
            return Hold(True, (pin.pinned_by,), pin.reason, pin.until)
        if self.patterns and find_pinned_tag(self.patterns, image.tags) is not None:
            return Hold(True, (f"the repository's tag {PIN_TAG}",))
        clusters = _clusters(self.uses.get(image.digest, ()), now)
        return Hold(False, clusters) if clusters else None


NO_HOLDS = Holds()


def find_holds(holds: Holds, present: Mapping[Digest, LifecycleImage], now: datetime) -> dict[Digest, Hold]:
    """The images that are kept, each with what keeps it.

    An index is kept while a child of it runs: the next node pulls the index again, by the name that pods
    have.
    """
    asked = present.keys() if holds.patterns else present.keys() & (holds.pins.keys() | holds.uses.keys())
    found = {digest: hold for digest in asked if (hold := holds.on(present[digest], now)) is not None}
    running = [
        (digest, clusters)
        for digest, uses in holds.uses.items()
        if digest in present and (clusters := _clusters(uses, now))
    ]
    seen: set[Digest] = set()
    while running:
        child, clusters = running.pop()
        for parent in present[child].parents:
            if parent in present and parent not in seen:
                seen.add(parent)
                found.setdefault(parent, Hold(False, clusters, child=child))
                running.append((parent, clusters))
    return found


def _clusters(uses: Sequence[Use], now: datetime) -> tuple[str, ...]:
    return tuple(sorted(use.cluster.arn for use in uses if use.holds(now)))
