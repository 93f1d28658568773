"""From the raw path of a request to what it names.

The end of a path tells its kind, so that repositories may be called `blobs`, `manifests/x` or
`tags/list`. Nothing is decoded but the last segment of a path, once, and there only escapes of
characters that a tag or digest may hold: what is escaped anywhere else can be no name.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from entrepot.domain.digests import Digest, parse_digest
from entrepot.domain.errors import Refusal
from entrepot.domain.names import RepositoryName, Tag, parse_repository_name, parse_tag
from entrepot.oci.refusals import RouteUnknown

_ESCAPE = re.compile(r"%(?:3[0-9Aa]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9Aa]|2[BbDdEe])")
_UPLOAD_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class Base:
    """`/v2/`: the question whether this is a registry, and whether the caller may come in."""


@dataclass(frozen=True, slots=True)
class CatalogList:
    """`/v2/_catalog`."""


@dataclass(frozen=True, slots=True)
class TagList:
    """`/v2/<name>/tags/list`."""

    name: RepositoryName


@dataclass(frozen=True, slots=True)
class ManifestAt:
    """`/v2/<name>/manifests/<tag or digest>`."""

    name: RepositoryName
    reference: Tag | Digest


@dataclass(frozen=True, slots=True)
class BlobAt:
    """`/v2/<name>/blobs/<digest>`."""

    name: RepositoryName
    digest: Digest


@dataclass(frozen=True, slots=True)
class UploadList:
    """`/v2/<name>/blobs/uploads/`, where uploads begin."""

    name: RepositoryName


@dataclass(frozen=True, slots=True)
class UploadAt:
    """`/v2/<name>/blobs/uploads/<id>`; an id that can be none is "", and no upload has that."""

    name: RepositoryName
    upload_id: str


@dataclass(frozen=True, slots=True)
class ReferrerList:
    """`/v2/<name>/referrers/<digest>`."""

    name: RepositoryName
    subject: Digest


_TEMPLATES: dict[type[object], str] = {
    Base: "/v2/",
    CatalogList: "/v2/_catalog",
    TagList: "/v2/{name}/tags/list",
    ManifestAt: "/v2/{name}/manifests/{reference}",
    BlobAt: "/v2/{name}/blobs/{digest}",
    UploadList: "/v2/{name}/blobs/uploads/",
    UploadAt: "/v2/{name}/blobs/uploads/{id}",
    ReferrerList: "/v2/{name}/referrers/{digest}",
}

InRepository = TagList | ManifestAt | BlobAt | UploadList | UploadAt | ReferrerList
Route = Base | CatalogList | InRepository


@lru_cache(maxsize=1024)
def parse_route(path: str) -> Route:
    """What a raw path names; clients ask for the same ones again and again.

    Raises RouteUnknown; InvalidParameter for a name or tag and DigestUnsupported for a digest that
    can be none.
    """
    if path in ("/v2", "/v2/"):
        return Base()
    prefix, _, rest = path[1:].partition("/")
    if not path.startswith("/") or prefix != "v2":
        raise RouteUnknown
    match rest.split("/"):
        case ["_catalog"]:
            return CatalogList()
        case [*name, "blobs", "uploads", ""] | [*name, "blobs", "uploads"] if name:
            return UploadList(_name(name))
        case [*name, "tags", "list"] if name:
            return TagList(_name(name))
        case [*name, "manifests", reference] if name and reference:
            return ManifestAt(_name(name), _reference(reference))
        case [*name, "referrers", subject] if name and subject:
            return ReferrerList(_name(name), parse_digest(_unescaped(subject)))
        case [*name, "blobs", digest] if name and digest:
            return BlobAt(_name(name), parse_digest(_unescaped(digest)))
        case [*name, "blobs", "uploads", upload_id] if name:
            return UploadAt(_name(name), upload_id if _UPLOAD_ID.fullmatch(upload_id) else "")
    raise RouteUnknown


def split_target(target: str) -> tuple[str, str]:
    """Raw path and raw query of a request's target, which may be a whole URL (RFC 9112, section 3.2.2)."""
    path, _, query = target.partition("?")
    if not path.startswith("/"):
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path, query


def path_of(route: BlobAt | UploadAt | ManifestAt) -> str:
    """The path, relative to the server, that names this."""
    match route:
        case BlobAt(name, digest):
            return f"/v2/{name}/blobs/{digest}"
        case UploadAt(name, upload_id):
            return f"/v2/{name}/blobs/uploads/{upload_id}"
        case ManifestAt(name, reference):
            return f"/v2/{name}/manifests/{reference}"


def template_of(path: str) -> str:
    """The route of a raw path without its names, for traces; "" for one that is none."""
    try:
        return _TEMPLATES[type(parse_route(path))]
    except Refusal:
        return ""


def _name(parts: list[str]) -> RepositoryName:
    return parse_repository_name("/".join(parts))


def _reference(text: str) -> Tag | Digest:
    reference = _unescaped(text)
    return parse_digest(reference) if ":" in reference else parse_tag(reference)  # no tag has a colon


def _unescaped(segment: str) -> str:
    return _ESCAPE.sub(lambda escape: unquote(escape[0]), segment)
