"""Mending repositories and what belongs to them, accounts, and jobs."""

from functools import partial

from entrepot.domain.recycling import owner_of
from entrepot.ports.clock import Clock
from entrepot.ports.records import Flaw, Records, Store
from entrepot.registry.collection import Collector
from entrepot.registry.inspection import Finding, Trouble
from entrepot.registry.repaired import Repaired, Ways, find_owner
from entrepot.registry.repository_totals import compare_totals, correct_totals


class RepositoryRepairs:
    """What a removed repository left is cleared by the collector, as it would have been."""

    def __init__(self, store: Store, collector: Collector, clock: Clock) -> None:
        self._store = store
        self._collector = collector
        self._clock = clock

    def ways(self) -> Ways:
        """What mends which finding."""
        return {
            Trouble.TOTAL_WRONG: self._correct_total,
            Flaw.LAYER_WITHOUT_REPOSITORY: self._forget_repository,
            Flaw.IMAGE_WITHOUT_REPOSITORY: self._forget_repository,
            Flaw.RESOURCE_TAG_WITHOUT_REPOSITORY: self._forget_repository,
            Flaw.TOTAL_WITHOUT_REPOSITORY: self._forget_repository,
            Flaw.UPLOAD_WITHOUT_REPOSITORY: self._drop_upload_of_nobody,
            Flaw.DELETED_REPOSITORY_STANDS: self._remove_deleted_repository,
            Flaw.REPOSITORY_WITHOUT_ACCOUNT: self._add_account,
            Flaw.JOB_FORGETS_REPOSITORY: self._remove_job,
            Flaw.JOB_ABANDONED: self._free_job,
        }

    async def _forget_repository(self, finding: Finding) -> Repaired:
        if await self._store.read(partial(find_owner, finding.key[0])) is None:
            await self._collector.forget_repository(owner_of(finding.key[0]))
        return Repaired(finding, is_mended=True, how="what the removed repository left was cleared")

    async def _drop_upload_of_nobody(self, finding: Finding) -> Repaired:
        row = await self._store.read(lambda records: records.uploads.find(finding.key[0]))
        if row is not None and await self._store.read(partial(find_owner, row.repository_id)) is None:
            await self._collector.forget_repository(row.repository_id)
        return Repaired(finding, is_mended=True, how="dropped")

    async def _correct_total(self, finding: Finding) -> Repaired:
        compared = await self._store.scan(partial(compare_totals, [finding.key[0]]))
        await self._store.write_apart(partial(correct_totals, compared, self._clock()))
        return Repaired(finding, is_mended=True, how="counted anew")

    async def _remove_deleted_repository(self, finding: Finding) -> Repaired:
        await self._store.write(partial(_remove_deleted_twin, finding.key[0]))
        return Repaired(finding, is_mended=True, how="removed from the bin: the repository stands")

    async def _add_account(self, finding: Finding) -> Repaired:
        repository = await self._store.read(lambda records: records.repositories.find_by_id(finding.key[0]))
        if repository is not None:
            account = repository.registry.account
            await self._store.write(lambda records: records.accounts.add(account, self._clock()))
        return Repaired(finding, is_mended=True, how="its account was made anew: see `entrepot credentials`")

    async def _remove_job(self, finding: Finding) -> Repaired:
        await self._store.write(lambda records: records.repairs.remove_job(finding.key[0]))
        return Repaired(finding, is_mended=True, how="the job was removed: the repository stays")

    async def _free_job(self, finding: Finding) -> Repaired:
        await self._store.write(lambda records: records.repairs.free_job(finding.key[0], self._clock()))
        return Repaired(finding, is_mended=True, how="free for the next worker")


async def _remove_deleted_twin(repository_id: str, records: Records) -> None:
    if await records.repositories.find_by_id(repository_id) is not None:
        await records.deleted_repositories.remove(repository_id)
