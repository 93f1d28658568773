"""Reading a manifest: what it is, what it needs, and what makes it unacceptable.

Strict, because two readers that understand one document differently are how a checked image
becomes another one when it is run (CVE-2021-41190).
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NoReturn

from entrepot.domain.digests import Digest, algorithm_of, digest_of, is_digest
from entrepot.domain.errors import ManifestInvalid
from entrepot.domain.media_types import (
    INDEXES,
    MANIFESTS,
    is_foreign_layer,
    is_media_type,
)

LIMIT_BYTES = 4 * 1024 * 1024  # ImageManifest's longest, ecr model
_DESCRIPTOR_LIMIT = 10_000
_MOST_BYTES = 2**63 - 1
_DOCUMENT = (
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "fsLayers",
    "subject",
)
_DESCRIPTOR = ("digest", "size", "urls", "data", "platform", "annotations")
_MEMBERS = frozenset(_DOCUMENT + _DESCRIPTOR)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_FOLDED = frozenset(member.casefold() for member in _MEMBERS)

Document = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference to content (OCI image-spec, "Descriptors")."""

    media_type: str
    digest: Digest
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or index that was read and found sound.

    `blobs` are its config and layers, `children` the manifests of an index; each without repeats.
    """

    media_type: str
    artifact_type: str | None
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    children: tuple[Descriptor, ...]
    subject: Descriptor | None
    annotations: Mapping[str, str]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Config and layers, each digest once."""
        return _each_once((self.config, *self.layers) if self.config else self.layers)

    @property
    def required(self) -> tuple[Descriptor, ...]:
        """The blobs that a repository must hold: all but the layers that stay with their vendor."""
        kept = tuple(layer for layer in self.layers if not is_foreign_layer(layer.media_type))
        return _each_once((self.config, *kept) if self.config else kept)


def _each_once(described: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
    return tuple({d.digest: d for d in described}.values())


def parse_manifest(content: bytes, declared_type: str | None) -> Manifest:
    """Read the bytes of a manifest; raises ManifestInvalid.

    `declared_type` is the Content-Type or imageManifestMediaType, None when the caller gave none:
    then the document must name its own.
    """
    document = _read_json(content)
    media_type = _media_type(document, declared_type)
    version = document.get("schemaVersion")
    if version != 2 or not isinstance(version, int):
        _refuse("schemaVersion must be 2")
    if media_type in INDEXES:
        return _read_index(document, media_type)
    return _read_image(document, media_type)


def _read_json(content: bytes) -> Document:
    if len(content) > LIMIT_BYTES:
        _refuse(f"a manifest may have {LIMIT_BYTES} bytes at most")
    try:
        document = json.loads(
            content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as cause:  # json's C reader counts its depth and stops in time
        raise ManifestInvalid("the document is not valid JSON") from cause
    if not isinstance(document, dict):
        _refuse("the document is not a JSON object")
    _check_spelling(document)
    return document


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("the document names a member twice")
    return found


def _check_spelling(members: Document) -> None:
    """Refuse `Layers` and the like, which readers in Go take for `layers` and others do not see."""
    if any(name not in _MEMBERS and name.casefold() in _FOLDED for name in members):
        _refuse("the document spells a member in letters of another case")


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON")


def _media_type(document: Document, declared: str | None) -> str:
    inner = document.get("mediaType")
    if inner is not None and not isinstance(inner, str):
        _refuse("mediaType is not a string")
    if inner is not None and declared and inner != declared:
        _refuse(f"mediaType is {inner[:255]} but the manifest was sent as {declared[:255]}")
    media_type = declared if inner is None else inner
    if media_type is None:
        # ECR's words for a manifest that says nowhere what it is (private-registry.md, 2.4).
        _refuse("Invalid JSON syntax")
    if media_type not in MANIFESTS:
        _refuse(f"manifests of type {media_type[:255]} are not kept here")
    return media_type


def _read_index(document: Document, media_type: str) -> Manifest:
    if "layers" in document or "config" in document or "fsLayers" in document:
        _refuse("an index has no layers and no config")
    children = _descriptors(document, "manifests")
    return Manifest(
        media_type=media_type,
        artifact_type=_artifact_type(document, None),
        config=None,
        layers=(),
        children=_each_once(children),
        subject=_subject(document),
        annotations=_annotations(document),
    )


def _read_image(document: Document, media_type: str) -> Manifest:
    if "manifests" in document or "fsLayers" in document:
        _refuse("a manifest has no list of manifests")
    config = _descriptor(document.get("config"), "config")
    layers = _descriptors(document, "layers")
    described = (config, *layers)
    if len({(d.digest, d.size_bytes) for d in described}) > len({d.digest for d in described}):
        _refuse("one digest is given two sizes")
    return Manifest(
        media_type=media_type,
        artifact_type=_artifact_type(document, config),
        config=config,
        layers=layers,
        children=(),
        subject=_subject(document),
        annotations=_annotations(document),
    )


def _artifact_type(document: Document, config: Descriptor | None) -> str | None:
    own = document.get("artifactType")
    if own is not None and own != "":
        if not isinstance(own, str) or not is_media_type(own):
            _refuse("artifactType is not a media type")
        return own
    return config.media_type if config else None


def _subject(document: Document) -> Descriptor | None:
    subject = document.get("subject")
    return None if subject is None else _descriptor(subject, "subject")


def _annotations(document: Document) -> Mapping[str, str]:
    annotations = document.get("annotations")
    if annotations is None:
        return {}
    if not isinstance(annotations, dict) or not all(map(_is_text, chain(*annotations.items()))):
        _refuse("annotations must map strings to strings")
    return annotations


def _is_text(value: object) -> bool:
    """Whether it is a string that can be written down again: JSON's escapes can spell half a character."""
    return isinstance(value, str) and (value.isascii() or not _SURROGATE.search(value))


def _descriptors(document: Document, member: str) -> tuple[Descriptor, ...]:
    listed = document.get(member)
    if not isinstance(listed, list):
        _refuse(f"{member} must be a list")
    if len(listed) > _DESCRIPTOR_LIMIT:
        _refuse(f"{member} may have {_DESCRIPTOR_LIMIT} entries at most")
    return tuple(_descriptor(entry, member) for entry in listed)


def _descriptor(entry: object, member: str) -> Descriptor:
    if not isinstance(entry, dict):
        _refuse(f"{member} must hold descriptors")
    _check_spelling(entry)
    media_type, digest, size = entry.get("mediaType"), entry.get("digest"), entry.get("size")
    if not isinstance(media_type, str) or not 1 <= len(media_type) <= 255 or not media_type.isprintable():
        _refuse(f"a descriptor in {member} has no media type")
    if not isinstance(digest, str) or not is_digest(digest):
        _refuse(f"a descriptor in {member} has no digest that can be verified")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _MOST_BYTES:
        _refuse(f"a descriptor in {member} has no size")
    _check_embedded(entry.get("data"), Digest(digest), size, member)
    return Descriptor(media_type, Digest(digest), size)


def _check_embedded(data: object, digest: Digest, size: int, member: str) -> None:
    """Embedded content must be the described content (image-spec, "Descriptors", `data`)."""
    if data is None:
        return
    try:
        content = base64.b64decode(data, validate=True) if isinstance(data, str) else None
    except ValueError:  # of base64, also for text that is not ASCII
        content = None
    if content is None or len(content) != size or digest_of(content, algorithm_of(digest)) != digest:
        _refuse(f"the data of a descriptor in {member} is not what its digest says")


def _refuse(reason: str) -> NoReturn:
    raise ManifestInvalid(reason)
