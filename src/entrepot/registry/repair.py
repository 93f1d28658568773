"""Mending what an inspection found, as far as it can be mended; and who is hurt by what cannot.

May run beside servers: everything is looked at again in the transaction that changes it. Nothing is thrown
away that somebody may still want: a layer whose bytes are damaged goes into quarantine, where nobody
is given it, and the next push of the same content takes its place for all who hold it.
"""

from entrepot.ports.blobs import BlobStore
from entrepot.ports.clock import Clock
from entrepot.ports.keys import DataKeys
from entrepot.ports.records import Store
from entrepot.registry.collection import Collector
from entrepot.registry.image_repairs import ImageRepairs
from entrepot.registry.inspection import Finding
from entrepot.registry.layer_repairs import LayerRepairs
from entrepot.registry.repaired import Repaired, Ways
from entrepot.registry.repository_repairs import RepositoryRepairs


class Repairer:
    """Mends findings one after another, in the order in which they were found."""

    def __init__(
        self, store: Store, blobs: BlobStore, data_keys: DataKeys, collector: Collector, clock: Clock
    ) -> None:
        self._ways: Ways = {
            **LayerRepairs(store, blobs, data_keys, clock).ways(),
            **ImageRepairs(store, data_keys, clock).ways(),
            **RepositoryRepairs(store, collector, clock).ways(),
        }

    async def repair(self, finding: Finding) -> Repaired:
        """Mend it if it can be mended. May be repeated."""
        way = self._ways.get(finding.what)
        if way is None:
            return Repaired(finding, is_mended=False, how="nothing is known that mends it")
        return await way(finding)
