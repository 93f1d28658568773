"""Clusters, and the images that they say they run."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from entrepot.domain.names import Registry

DEFAULT_LIFE = timedelta(hours=24)
"""How long a report counts where it does not say."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster by its name in the registry that it reports to: the account of its reporter, and a region."""

    registry: Registry
    name: str

    @property
    def arn(self) -> str:
        """The resource that policies name."""
        return cluster_arn(self.registry, self.name)


def cluster_arn(registry: Registry, name: str) -> str:
    """The ARN of a cluster, or of several where the name is `*`."""
    return f"arn:aws:entrepot:{registry.region}:{registry.account}:cluster/{name}"


@dataclass(frozen=True, slots=True)
class Use:
    """That a cluster runs an image, until its report is forgotten."""

    cluster: Cluster
    reported_at: datetime
    expires_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether the report still counts."""
        return self.expires_at > now
