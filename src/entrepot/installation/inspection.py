"""Checking and mending an installation, served or not: database, blobs, the key they are sealed under."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from entrepot.app import database_damage, is_current, open_inspector, open_repairer, open_store
from entrepot.domain.audit import operator, own_deed
from entrepot.identity.auditing import doing
from entrepot.installation.first_start import CannotStart, check_served, open_ring, refuse_unnamed_archive
from entrepot.registry.inspection import Depth, Finding, Seen
from entrepot.registry.repaired import Repaired
from entrepot.settings import Settings


@dataclass(frozen=True, slots=True)
class Report:
    """What a check came to: the installation is whole where nothing was found."""

    seen: Seen
    findings: tuple[Finding, ...]
    repaired: tuple[Repaired, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong any more."""
        return sum(each.is_mended for each in self.repaired) == len(self.findings)


async def inspect(settings: Settings, depth: Depth, report: Callable[[Finding], None]) -> Seen:
    """Check the installation and report each finding at once; changes nothing. Raises CannotStart, also for a
    database whose own file is damaged.
    """
    check_served(settings)
    damage = database_damage(settings, is_deep=depth.is_deep)  # first of all: its rows cannot be believed
    if damage:
        raise CannotStart(
            f"the database {settings.database} is damaged: {damage[0]}; restore it from your copy, or save "
            "what can be read of it with sqlite3's .recover"
        )
    if not await is_current(settings):
        raise CannotStart("the tables are not those of this release: start `entrepot serve` first")
    async with open_store(settings) as store:
        await open_ring(settings, store)  # with another key everything would look damaged
        await refuse_unnamed_archive(settings, store)
    async with open_inspector(settings, depth) as inspector:
        return await inspector.inspect(report)


async def check(settings: Settings, depth: Depth) -> Report:
    """Check the installation and keep what was found."""
    findings: list[Finding] = []
    seen = await inspect(settings, depth, findings.append)
    return Report(seen, tuple(findings))


async def repair(
    settings: Settings, depth: Depth, report: Callable[[Repaired], None] = lambda _repaired: None
) -> Report:
    """Check the installation, then mend what was found; each finding is reported with what came of it.

    Servers may run meanwhile. Raises CannotStart, also where the settings let nothing be changed.
    """
    if settings.is_read_only:
        raise CannotStart("--read-only: nothing can be mended")
    checked = await check(settings, depth)
    actor = operator(settings.account_id, "entrepot check")
    repaired: list[Repaired] = []
    async with open_repairer(settings) as repairer:
        for finding in checked.findings:
            told = {"finding": str(finding.what), "key": list(finding.key)}
            with doing(lambda told=told: own_deed(actor, "RepairStorage", **told)):  # type: ignore[misc]
                repaired.append(await repairer.repair(finding))
            report(repaired[-1])
    return replace(checked, repaired=tuple(repaired))
