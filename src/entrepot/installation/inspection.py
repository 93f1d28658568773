"""Checking a whole installation, served or not: its database, its blobs and the key they are sealed under."""

from collections.abc import Callable
from dataclasses import dataclass

from entrepot.app import open_inspector, open_store
from entrepot.installation.first_start import check_served, open_ring, refuse_unnamed_archive
from entrepot.registry.inspection import Depth, Finding, Seen
from entrepot.settings import Settings


@dataclass(frozen=True, slots=True)
class Report:
    """What a check came to: the installation is whole where nothing was found."""

    seen: Seen
    findings: tuple[Finding, ...]


async def inspect(settings: Settings, depth: Depth, report: Callable[[Finding], None]) -> Seen:
    """Check the installation and report each finding at once; changes nothing. Raises CannotStart."""
    check_served(settings)
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
