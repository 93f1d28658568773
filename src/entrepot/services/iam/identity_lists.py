"""Users, groups and roles, a page at a time."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.operations import Call
from entrepot.domain.identities import Identity, IdentityKind
from entrepot.identity.directory import Directory
from entrepot.services.iam.pages import Page, asked, cut


async def page_of(
    directory: Directory, kind: IdentityKind, call: Call, params: Mapping[str, Any]
) -> Page[Identity]:
    """The page of the caller's account that the parameters ask for, by PathPrefix, Marker and MaxItems."""
    page = asked(params)
    found = await directory.page(
        call.account,
        kind,
        path_prefix=params.get("PathPrefix", "/"),
        after=page.after,
        limit=page.fetched,
    )
    return cut(found, page, lambda identity: identity.name)
