"""Where a store of blobs is: a folder or a bucket, as one URL says.

    file:///PATH
    s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME&path_style=true|false&sse=AES256|aws:kms&sse_key=ID]

Credentials never stand in it: botocore's default chain finds them.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")  # needs no escape anywhere
_ENDPOINT = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_REGION = re.compile(r"[a-z0-9-]{1,64}")
_PARAMETERS = ("endpoint", "region", "path_style", "sse", "sse_key")


class LocationInvalid(ValueError):
    """A URL that names no store of blobs; the text says why, and repeats nothing that may be secret."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a file system, which any number of nodes may share."""

    path: Path


@dataclass(frozen=True, slots=True)
class Bucket:
    """A part of a bucket.

    `endpoint` is None for AWS itself. `sse` and `sse_key` are what every object is asked to be
    encrypted with; None leaves it to the bucket.
    """

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    is_path_style: bool = False
    sse: str | None = None
    sse_key: str | None = None


Location = Folder | Bucket


def parse_location(url: str) -> Location:
    """The store that a URL names; raises LocationInvalid."""
    try:
        parts = urlsplit(url)
        has_user = "@" in parts.netloc
    except ValueError as cause:
        raise LocationInvalid("is no URL") from cause
    if has_user:
        raise LocationInvalid("must hold no credentials: they come from the environment, as AWS's clients do")
    if parts.fragment or url.endswith("#"):
        raise LocationInvalid("must have no fragment")
    match parts.scheme:
        case "file":
            return _folder(parts.netloc, parts.path, parts.query)
        case "s3":
            return _bucket(parts.netloc, parts.path, parts.query)
    raise LocationInvalid("must be file:///PATH or s3://BUCKET[/PREFIX]")


def is_endpoint(url: str) -> bool:
    """Whether a URL is a scheme, a host and perhaps a port, and nothing more."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a port over 65535, or a bracket without its other
        return False
    return _ENDPOINT.fullmatch(url) is not None and parts.hostname is not None and port != 0


def _folder(host: str, path: str, query: str) -> Folder:
    if host not in ("", "localhost") or not path.startswith("/") or query:
        raise LocationInvalid("must be file:///PATH, with an absolute path and nothing after it")
    if "\0" in (plain := unquote(path)):
        raise LocationInvalid("must be file:///PATH, with a path that can exist")
    return Folder(Path(plain))


def _bucket(name: str, path: str, query: str) -> Bucket:
    if not _BUCKET.fullmatch(name) or ".." in name:
        raise LocationInvalid("must name a bucket: 3 to 63 lower-case letters, digits, dots and dashes")
    prefix = path.strip("/")
    if prefix and (not _PREFIX.fullmatch(prefix) or set(prefix.split("/")) & {".", ".."}):
        raise LocationInvalid("must have a prefix of letters, digits and ._- between slashes")
    given = _parameters(query)
    endpoint, region, sse = given.get("endpoint"), given.get("region", "us-east-1"), given.get("sse")
    if endpoint is not None and not is_endpoint(endpoint := endpoint.rstrip("/")):
        raise LocationInvalid("endpoint must be http(s)://HOST[:PORT] and nothing more")
    if not _REGION.fullmatch(region):
        raise LocationInvalid("region must be letters, digits and dashes, such as eu-west-1")
    if sse not in (None, "AES256", "aws:kms"):
        raise LocationInvalid("sse must be AES256 or aws:kms")
    if "sse_key" in given and sse != "aws:kms":
        raise LocationInvalid("sse_key goes with sse=aws:kms")
    return Bucket(
        name=name,
        prefix=prefix,
        endpoint=endpoint,
        region=region,
        is_path_style=_flag(given.get("path_style", "true" if endpoint else "false")),
        sse=sse,
        sse_key=given.get("sse_key"),
    )


def _parameters(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as cause:
        raise LocationInvalid("has parameters that are not NAME=VALUE") from cause
    given = dict(pairs)
    for name, value in pairs:
        if name not in _PARAMETERS:
            raise LocationInvalid(f"knows no parameter {name[:40]!r}; there are {', '.join(_PARAMETERS)}")
        if not value:
            raise LocationInvalid(f"{name} must have a value")
    if len(given) != len(pairs):
        raise LocationInvalid("has a parameter twice")
    return given


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise LocationInvalid("path_style must be true or false")
    return text == "true"
