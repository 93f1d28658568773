"""Taking a layer over from another repository without moving a byte."""

from entrepot.domain.digests import Digest
from entrepot.domain.layers import Layer
from entrepot.domain.names import RepositoryName
from entrepot.domain.policy.requests import Context
from entrepot.domain.principals import Principal
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import tell, undone
from entrepot.identity.decisions import Decisions
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.registry.catalog import check_still_there
from entrepot.registry.settings import BLOB_MOUNTING, AccountSettings

_HOLDERS_TRIED = 100  # repositories that a mount without a source asks about


class Mounts:
    """Mounts; every failure looks the same, so that none tells whether a digest exists elsewhere."""

    def __init__(self, store: Store, settings: AccountSettings, decisions: Decisions, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._decisions = decisions
        self._clock = clock

    async def mount(
        self,
        target: Repository,
        principal: Principal,
        digest: Digest,
        source: RepositoryName | None,
        context: Context,
    ) -> Layer | None:
        """The layer, held by `target` from now on; None when the caller has to upload it.

        It comes from `source`, or from any repository of the same registry and encryption where
        none is named, and only from one that the principal may read, `context` being that of its request.
        """
        if await self._settings.get(target.registry, BLOB_MOUNTING) != "ENABLED":
            return None
        for candidate in await self._candidates(target, digest, source):
            if await self._may_read(principal, candidate, context):
                layer = await self._hold(target, candidate, digest)
                if layer is not None:
                    return layer
        return None

    async def _candidates(
        self, target: Repository, digest: Digest, source: RepositoryName | None
    ) -> list[Repository]:
        key_id = target.encryption.key_id
        if source is None:
            return await self._store.read(
                lambda records: records.layers.holders(target.registry, digest, key_id, _HOLDERS_TRIED)
            )
        named = await self._store.read(lambda records: records.repositories.find(target.registry, source))
        return [named] if named is not None and named.encryption.key_id == key_id else []

    async def _may_read(self, principal: Principal, source: Repository, context: Context) -> bool:
        return await self._decisions.allows(
            principal,
            "ecr:GetDownloadUrlForLayer",
            account=source.registry.account,
            resource=source.arn,
            context=context,
        )

    async def _hold(self, target: Repository, source: Repository, digest: Digest) -> Layer | None:
        async def body(records: Records) -> Layer | None:
            await check_still_there(records, target)
            layer = await records.layers.find(source.id, digest)
            if layer is None or layer.is_archived:  # the client sends it, and needs not wait for the archive
                undone()
                return None
            await records.layers.hold(target.id, digest, layer.blob_key, self._clock())
            if layer.in_archive is not None:
                await records.tier_moves.note(layer.blob_key, self._clock())
            return layer

        tell(layerDigest=digest, sourceRepositoryName=source.name)
        return await self._store.write(body)
