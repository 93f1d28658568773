"""What clusters say they run: taken in, listed, and forgotten after its time.

A report is believed of images that its reporter may pull, and of no others. It is written in steps, so that
pushes do not wait for it: first what is new, then away with what is not named any more. In between an image
is kept that need not be, and never the other way round.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from entrepot.domain.digests import Digest, parse_digest
from entrepot.domain.errors import (
    DigestUnsupported,
    ImageNotFound,
    InvalidParameter,
    Refusal,
    ReportNotFound,
    RepositoryNotFound,
    TooMany,
)
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.repositories import Repository
from entrepot.domain.usage import DEFAULT_LIFE, Cluster, Use
from entrepot.identity.auditing import turn_to, undone
from entrepot.ports.clock import Clock, NewId
from entrepot.ports.keeping import Report, UsedImage
from entrepot.ports.records import Records, Store
from entrepot.registry.catalog import get_repository
from entrepot.registry.pages import Page, all_rows, cut_page, fetch_page, read_token

MOST_CLUSTERS = 1000  # of a registry
MOST_REPOSITORIES = 1000  # that a report names: each is asked about
_STEP = 500  # images a transaction
_FEW = 200  # rows that may be read on the event loop
_PAGE = 2000  # rows a statement: some milliseconds


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image as a report names it: the digest is not checked yet."""

    registry: Registry
    name: RepositoryName
    digest: str


@dataclass(frozen=True, slots=True)
class UsageFailure:
    """An image that does not count as used, and why."""

    image: NamedImage
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class UsageOfImage:
    """An image that a cluster runs."""

    registry: Registry
    name: RepositoryName
    digest: Digest
    use: Use


MayPull = Callable[[Repository], Awaitable[bool]]


class UsageReports:
    """The reports of every registry on this server."""

    def __init__(self, store: Store, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id

    async def report(
        self,
        cluster: Cluster,
        images: Sequence[NamedImage],
        *,
        by: str,
        life: timedelta | None,
        may_pull: MayPull,
    ) -> tuple[Report, list[UsageFailure]]:
        """Take the report in, in place of the cluster's last one; `by` is an ARN.

        What the reporter may not pull counts as not there. Raises InvalidParameter for too many
        repositories, TooMany for too many clusters.
        """
        used, failures = await self._recognise(list(dict.fromkeys(images)), may_pull)
        now = self._clock()
        report = Report(
            id=self._new_id(),
            cluster=cluster,
            version=self._new_id(),
            reported_by=by,
            reported_at=now,
            expires_at=now + (life or DEFAULT_LIFE),
            images=len(used),
        )
        turn_to("ReportUsage", clusterName=cluster.name, imageCount=len(used))  # and not thousands of images
        begun = await self._store.write(partial(_begin, report))
        await self._replace_images(begun, used)
        return begun, failures

    async def _recognise(
        self, images: Sequence[NamedImage], may_pull: MayPull
    ) -> tuple[set[UsedImage], list[UsageFailure]]:
        """The images that are there and that the reporter may pull, and why others do not count."""
        of_repository: dict[tuple[Registry, RepositoryName], list[NamedImage]] = {}
        for image in images:
            of_repository.setdefault((image.registry, image.name), []).append(image)
        if len(of_repository) > MOST_REPOSITORIES:
            raise InvalidParameter("images", f"must name at most {MOST_REPOSITORIES} repositories")
        used: set[UsedImage] = set()
        failures: list[UsageFailure] = []
        for (registry, name), named in of_repository.items():
            repository = await self._store.read(partial(_find_repository, registry, name))
            if repository is None or not await may_pull(repository):
                refusal = RepositoryNotFound(name, registry.account)
                failures += [UsageFailure(image, refusal) for image in named]
                continue
            look = self._store.read if len(named) <= _FEW else self._store.scan
            found, missing = await look(partial(_find_images, repository, named))
            used |= found
            failures += missing
        return used, failures

    async def _replace_images(self, report: Report, used: set[UsedImage]) -> None:
        before = {
            image
            async for image in all_rows(
                lambda after: self._store.scan(partial(_images_after, report.id, after)),
                ("", ""),
                lambda image: (image.repository_id, image.digest),
                page=_PAGE,
            )
        }
        key = _key_of
        for step in _steps(sorted(used - before, key=key)):
            if not await self._store.write(partial(_add, report, step)):
                return  # a later report of the same cluster goes on from here
        for step in _steps(sorted(before - used, key=key)):
            if not await self._store.write(partial(_take_away, report, step)):
                return

    async def page_of_reports(self, registry: Registry, *, token: str | None, limit: int) -> Page[Report]:
        """The reports that count, by the name of the cluster."""
        (after,) = read_token("usage-reports", token, 1)
        found = await fetch_page(
            self._store,
            limit,
            lambda records: records.usage.reports(registry, after=after, limit=limit + 1),
        )
        page = cut_page("usage-reports", found, limit, lambda report: (report.cluster.name,))
        now = self._clock()
        return Page([report for report in page.entries if report.expires_at > now], page.next_token)

    async def reports_of(self, clusters: Sequence[Cluster]) -> list[Report]:
        """The reports of these clusters, or ReportNotFound for the first that has none that counts."""
        return await self._store.read(partial(_reports_of, clusters, self))

    async def page_of_repository(
        self, registry: Registry, name: RepositoryName, *, token: str | None, limit: int
    ) -> Page[UsageOfImage]:
        """The images of the repository that some cluster runs, by digest."""
        after = read_token("usage-of-repository", token, 2)

        async def body(records: Records) -> Page[tuple[Digest, str, Use]]:
            repository = await get_repository(records, registry, name)
            found = await records.usage.of_repository(
                repository.id, after=(after[0], after[1]), limit=limit + 1
            )
            return cut_page("usage-of-repository", found, limit, lambda row: (row[0], row[1]))

        page = await fetch_page(self._store, limit, body)
        now = self._clock()
        uses = [
            UsageOfImage(registry, name, digest, use) for digest, _, use in page.entries if use.holds(now)
        ]
        return Page(uses, page.next_token)

    async def page_of_cluster(
        self, cluster: Cluster, *, token: str | None, limit: int, may_pull: MayPull
    ) -> Page[UsageOfImage]:
        """The images that the cluster runs; ReportNotFound where it has no report that counts.

        Of another account's repositories those are told that the caller may pull from now: they may have been
        closed to it since the report, and may have another name.
        """
        after = read_token("usage-of-cluster", token, 2)

        async def body(records: Records) -> tuple[Use, Page[UsedImage], dict[str, Repository]]:
            (report,) = await _reports_of([cluster], self, records)
            use = Use(cluster, report.reported_at, report.expires_at)
            images = await records.usage.images(report.id, after=(after[0], after[1]), limit=limit + 1)
            page = cut_page("usage-of-cluster", images, limit, _key_of)
            repositories: dict[str, Repository] = {}
            for repository_id in {image.repository_id for image in page.entries}:
                repository = await records.repositories.find_by_id(repository_id)
                if repository is not None:
                    repositories[repository_id] = repository
            return use, page, repositories

        use, page, repositories = await fetch_page(self._store, limit, body)
        named = {
            each.id: each
            for each in repositories.values()
            if each.registry.account == cluster.registry.account or await may_pull(each)
        }
        used = [
            UsageOfImage(repository.registry, repository.name, image.digest, use)
            for image in page.entries
            if (repository := named.get(image.repository_id)) is not None
        ]
        return Page(used, page.next_token)

    async def clear_ended(self) -> int:
        """Remove reports that are over, with what they name; how many. May be repeated."""
        now, cleared = self._clock(), 0
        while ended := await self._store.read(lambda records: records.usage.ended(now, _STEP)):
            for report in ended:
                cleared += await self._clear(report)
        return cleared

    async def _clear(self, report: Report) -> bool:
        """False where the cluster has reported again meanwhile.

        Its images first: what were left of them without their report nobody would find again.
        """
        while images := await self._store.scan(partial(_images_after, report.id, ("", ""))):
            for step in _steps(images):
                if not await self._store.write(partial(_take_away, report, step)):
                    return False
        return await self._store.write(lambda records: records.usage.remove(report.id, report.version))

    def counts(self, report: Report) -> bool:
        """Whether the report is not over."""
        return report.expires_at > self._clock()


def _key_of(image: UsedImage) -> tuple[str, str]:
    return image.repository_id, image.digest


def _steps(images: Sequence[UsedImage]) -> list[Sequence[UsedImage]]:
    return [images[start : start + _STEP] for start in range(0, len(images), _STEP)]


async def _begin(report: Report, records: Records) -> Report:
    """Write the report; its id is that of the cluster's last one, if there is one."""
    known = await records.usage.find(report.cluster)
    if known is None:
        others = await records.usage.reports(report.cluster.registry, after="", limit=MOST_CLUSTERS)
        if len(others) == MOST_CLUSTERS:
            raise TooMany("clusters of a registry", MOST_CLUSTERS)
    await records.usage.put(report)
    found = await records.usage.find(report.cluster)
    if found is None:
        raise AssertionError("it was written just now")
    return found


async def _is_last(report: Report, records: Records) -> bool:
    last = await records.usage.find(report.cluster)
    return last is not None and last.version == report.version


async def _add(report: Report, images: Sequence[UsedImage], records: Records) -> bool:
    """False, and nothing written, where a later report has taken its place."""
    undone()  # the event of a report is that of its beginning
    if not await _is_last(report, records):
        return False
    await records.usage.add_images(report.id, images)
    return True


async def _take_away(report: Report, images: Sequence[UsedImage], records: Records) -> bool:
    undone()
    if not await _is_last(report, records):
        return False
    await records.usage.remove_images(report.id, images)
    return True


async def _find_repository(registry: Registry, name: RepositoryName, records: Records) -> Repository | None:
    return await records.repositories.find(registry, name)


async def _find_images(
    repository: Repository, named: Sequence[NamedImage], records: Records
) -> tuple[set[UsedImage], list[UsageFailure]]:
    failures: list[UsageFailure] = []
    digests: dict[Digest, NamedImage] = {}
    for image in named:
        try:
            digests[parse_digest(image.digest)] = image
        except DigestUnsupported as refusal:
            failures.append(UsageFailure(image, refusal))
    there = await records.images.find_many(repository.id, list(digests))
    account = repository.registry.account
    failures += [
        UsageFailure(image, ImageNotFound(digest, None, repository.name, account))
        for digest, image in digests.items()
        if digest not in there
    ]
    return {UsedImage(repository.id, digest) for digest in there}, failures


async def _images_after(report_id: str, after: tuple[str, str], records: Records) -> list[UsedImage]:
    return await records.usage.images(report_id, after=after, limit=_PAGE)


async def _reports_of(clusters: Sequence[Cluster], reports: UsageReports, records: Records) -> list[Report]:
    found = []
    for cluster in dict.fromkeys(clusters):
        report = await records.usage.find(cluster)
        if report is None or not reports.counts(report):
            raise ReportNotFound(cluster.name)
        found.append(report)
    return found
