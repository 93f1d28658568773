"""The registry's rows, one protocol a subject, as the use cases ask for them.

Every method belongs to the transaction of the `Records` it came from. Lists are ordered bytewise
by the name or digest they are paged on; `after` is the last one already seen, "" at the start.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias, TypeVar

from entrepot.domain.audit import AuditEvent
from entrepot.domain.digests import Digest
from entrepot.domain.images import Image, ImageLife, ImageStatus, PointedTag, TaggedImage
from entrepot.domain.layers import InArchive, Layer
from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.principals import Principal
from entrepot.domain.recycling import Deletion
from entrepot.domain.repositories import Repository
from entrepot.ports.blobs import Upload
from entrepot.ports.identities import (
    Identities,
    InlinePolicies,
    KeyUses,
    ManagedPolicies,
    Memberships,
    OidcProviders,
    PolicyAttachments,
    Sessions,
)
from entrepot.ports.keeping import Pins, Usage
from entrepot.ports.lifecycle import LifecyclePolicies, LifecyclePreviews, PullTimeExclusions
from entrepot.ports.orders import Orders
from entrepot.ports.recycling import (
    DeletedImages,
    DeletedRepositories,
    DeletionProtections,
    TagHistory,
)
from entrepot.ports.statistics import Statistics

T = TypeVar("T")


class Repositories(Protocol):
    """Repositories by name."""

    async def find(self, registry: Registry, name: RepositoryName) -> Repository | None: ...

    async def find_by_id(self, repository_id: str) -> Repository | None: ...

    async def page(self, registry: Registry, *, after: str, limit: int) -> list[Repository]: ...

    async def add(self, repository: Repository) -> bool:
        """False, and nothing written, when the name is taken."""

    async def change(self, repository: Repository) -> None:
        """Write the settings that may change: mutability and scan on push."""

    async def remove(self, repository_id: str) -> None:
        """Remove the row alone: what it holds can no longer be reached, and is cleared by a job."""

    async def clear(self, repository_id: str, limit: int) -> int:
        """Delete up to about `limit` rows of a removed repository; the count, 0 when nothing is left.

        Uploads are left out: they are dropped through `Uploads` so that their bytes are thrown away.
        """


class ResourceTags(Protocol):
    """The tags of a repository as an AWS resource."""

    async def of(self, repository_id: str) -> dict[str, str]: ...

    async def put(self, repository_id: str, tags: Mapping[str, str]) -> None:
        """Add these, or give them new values; others stay."""

    async def remove(self, repository_id: str, keys: Iterable[str]) -> None: ...


class RepositoryPolicies(Protocol):
    """The policy of a repository, which has one or none."""

    async def find(self, repository_id: str) -> str | None: ...

    async def put(self, repository_id: str, document: str) -> None: ...

    async def remove(self, repository_id: str) -> None: ...


class RegistryPolicies(Protocol):
    """The policy of a registry, which has one or none."""

    async def find(self, registry: Registry) -> str | None: ...

    async def put(self, registry: Registry, document: str) -> None: ...

    async def remove(self, registry: Registry) -> None: ...


class Images(Protocol):
    """Images by digest, and by tag."""

    async def find(self, repository_id: str, digest: Digest) -> Image | None: ...

    async def find_tagged(self, repository_id: str, tag: Tag) -> Image | None: ...

    async def find_many(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, Image]: ...

    async def page(
        self,
        repository_id: str,
        *,
        after: str,
        limit: int,
        tagged: bool | None = None,
        status: ImageStatus | None = None,
    ) -> list[Image]:
        """By digest; `tagged` keeps only images with tags (True) or without any (False).

        `status` keeps only images of this status.
        """

    async def lives(self, repository_id: str, *, after: str, limit: int) -> list[ImageLife]:
        """What lifecycle rules ask of images, by digest, for whoever wants very many."""

    async def add(self, repository_id: str, image: Image) -> bool:
        """False, and nothing written, when the digest is there."""

    async def remove(self, repository_id: str, digest: Digest) -> None:
        """Remove the image with its tags, manifest, layer and child references; layers stay held."""

    async def has_any(self, repository_id: str) -> bool: ...

    async def has_archived(self, repository_id: str) -> bool:
        """Whether any image is archived or on its way back."""

    async def set_status(self, repository_id: str, digest: Digest, status: ImageStatus, at: datetime) -> None:
        """Give the image this status; `at` is when it was archived, else when it was activated."""

    async def note_pulls(self, repository_id: str, digest: Digest, at: datetime, *, pulls: int) -> None:
        """So many pulls more of the image and of its repository, the last of them then."""

    async def referrers(
        self,
        repository_id: str,
        subject: Digest,
        *,
        after: str,
        limit: int,
        artifact_types: Sequence[str] = (),
        status: ImageStatus | None = None,
    ) -> list[Image]:
        """Images whose subject is this digest, of any type where none is named, of any status without one."""


@dataclass(frozen=True, slots=True)
class SealedManifest:
    """A manifest's bytes under its own data key."""

    wrapped_key: bytes
    sealed: bytes


class Manifests(Protocol):
    """The bytes of manifests, found with the images that they describe."""

    async def find(self, repository_id: str, digest: Digest) -> tuple[Image, SealedManifest] | None: ...

    async def find_tagged(self, repository_id: str, tag: Tag) -> tuple[Image, SealedManifest] | None: ...

    async def put(self, repository_id: str, digest: Digest, manifest: SealedManifest) -> None: ...


class Tags(Protocol):
    """Tags and what they point at."""

    async def find(self, repository_id: str, tag: Tag) -> Digest | None: ...

    async def of_images(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, list[Tag]]:
        """An entry only for images that have tags."""

    async def page(self, repository_id: str, *, after: str, limit: int) -> list[Tag]:
        """Tags of active images."""

    async def listing(
        self,
        repository_id: str,
        *,
        after: tuple[str, str],
        limit: int,
        tagged: bool | None = None,
        status: ImageStatus | None = None,
    ) -> list[TaggedImage]:
        """A row for each (digest, tag), and one without tag for an untagged image; `after` is both.

        `status` keeps only images of this status.
        """

    async def pairs(
        self, repository_id: str, *, after: tuple[str, str], limit: int
    ) -> list[tuple[Digest, Tag]]:
        """(digest, tag) of all tags, in that order, for whoever wants very many; `after` is both."""

    async def point(self, repository_id: str, tag: Tag, digest: Digest, at: datetime) -> None:
        """Make the tag name this image, whatever it named before."""

    async def remove(self, repository_id: str, tag: Tag) -> bool:
        """False when there was none."""

    async def pointed(self, repository_id: str, *, after: str, limit: int) -> list[PointedTag]:
        """By tag, with since when its image has each."""

    async def find_pointed(self, repository_id: str, tags: Sequence[str]) -> dict[str, PointedTag]:
        """Those of the tags that are there."""


class References(Protocol):
    """What manifests refer to: layers, and the children of indexes."""

    async def add(
        self, repository_id: str, digest: Digest, *, layers: Mapping[Digest, str], children: Sequence[Digest]
    ) -> None:
        """`layers` maps each blob to its media type."""

    async def users(self, repository_id: str, layer: Digest, limit: int) -> list[Digest]:
        """Images that refer to the blob."""

    async def media_types(self, repository_id: str, layers: Sequence[Digest]) -> dict[Digest, str]:
        """The type under which some image refers to each blob; no entry for one that none refers to."""

    async def parents(self, repository_id: str, child: Digest, limit: int) -> list[Digest]:
        """Indexes that have this image as a child."""

    async def children(
        self, repository_id: str, *, after: tuple[str, str], limit: int
    ) -> list[tuple[Digest, Digest]]:
        """(index, child) of all indexes of the repository, in that order; `after` is both."""

    async def children_of(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, list[Digest]]:
        """The children of those of the images that are indexes."""

    async def layers(
        self, repository_id: str, *, after: tuple[str, str], limit: int
    ) -> list[tuple[Digest, Digest]]:
        """(image, blob) of all images of the repository, in that order; `after` is both."""


@dataclass(frozen=True, slots=True)
class BlobRow:
    """The stored bytes that count for a digest under one encryption key, in the archive tier or not."""

    blob_key: str
    digest: Digest
    encryption_key: str
    size_bytes: int
    wrapped_key: bytes | None
    created_at: datetime
    in_archive: InArchive | None = None
    is_damaged: bool = False
    """Whether its bytes are known to be damaged or gone: then nobody finds it as a layer."""

    @property
    def packed_bytes(self) -> int:
        """Length of what lies at rest, before sealing."""
        return self.size_bytes if self.in_archive is None else self.in_archive.packed_bytes


class BlobRows(Protocol):
    """Which stored bytes count for a digest."""

    async def find(self, digest: Digest, encryption_key: str) -> BlobRow | None: ...

    async def find_by_key(self, blob_key: str) -> BlobRow | None: ...

    async def of_digest(self, digest: Digest) -> list[BlobRow]:
        """Those of the digest under every encryption key."""

    async def set_damaged(self, blob_key: str, at: datetime | None) -> None:
        """Nobody finds the blob as a layer from now on; with None everybody does again."""

    async def add(self, row: BlobRow) -> bool:
        """False, and nothing written, when the digest has bytes under this key already."""

    async def replace(self, blob_key: str, row: BlobRow) -> bool:
        """Let other bytes count from now on, for whoever holds the blob; takes the collector's mark off it.

        False, and nothing written, when the old ones have gone. What they were is the caller's to throw away.
        """

    async def is_needed(self, blob_key: str) -> bool:
        """Whether some repository holds the blob for more than archived images."""

    async def is_held(self, blob_key: str) -> bool:
        """Whether any repository holds the blob."""


class HeldLayers(Protocol):
    """The blobs that each repository holds: its only way to see them."""

    async def find(self, repository_id: str, digest: Digest) -> Layer | None:
        """The layer, with the type under which an image here refers to it."""

    async def find_many(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, Layer]: ...

    async def hold(self, repository_id: str, digest: Digest, blob_key: str, at: datetime) -> None:
        """Hold the blob, again from `at` when it is held; takes the collector's mark off it.

        It is held for more than archived images from then on.
        """

    async def archive_unneeded(self, repository_id: str, image: Digest, at: datetime) -> None:
        """Note of an image's layers that only archived images use them, where no other active image does.

        To be called when the image was archived, or before an active one is removed.
        """

    async def need(self, repository_id: str, image: Digest) -> None:
        """Note of an image's layers that an active image uses them."""

    async def renew(self, repository_id: str, image: Digest, at: datetime) -> None:
        """Count the layers that an image refers to as held from `at` on."""

    async def release(self, repository_id: str, digest: Digest) -> str | None:
        """The key of the blob that was held; None when none was."""

    async def holders(
        self, registry: Registry, digest: Digest, encryption_key: str, limit: int
    ) -> list[Repository]:
        """Repositories of one registry that hold the digest under this key."""

    async def holders_of_blob(self, blob_key: str, limit: int) -> list[str]:
        """Ids of repositories of any registry that hold the blob."""

    async def held_beside(self, repository: Repository, blob_keys: Sequence[str]) -> set[str]:
        """Those of the blobs that other repositories of the same registry hold."""


@dataclass(frozen=True, slots=True)
class UploadRow:
    """An upload between requests.

    `upload.data_key` is None in a row: `wrapped_key` is the key as it may be stored. The part
    sizes are those of UploadLayerPart, for ECR's rule on short parts; None for pushes on /v2/.
    """

    id: str
    repository_id: str
    principal_arn: str
    encryption_key: str
    wrapped_key: bytes | None
    upload: Upload
    shortest_part_bytes: int | None
    last_part_bytes: int | None
    created_at: datetime
    touched_at: datetime


class Uploads(Protocol):
    """Uploads that are neither finished nor dropped."""

    async def find(self, upload_id: str) -> UploadRow | None: ...

    async def add(self, row: UploadRow) -> None: ...

    async def advance(self, row: UploadRow, *, from_offset: int) -> bool:
        """Write the new state if the row still stands at `from_offset`; False when it does not."""

    async def remove(self, upload_id: str) -> bool:
        """False when it was gone: somebody else finished or dropped it."""

    async def stale(self, before: datetime, limit: int) -> list[UploadRow]:
        """Uploads untouched since `before`, longest first."""

    async def of_repository(self, repository_id: str, limit: int) -> list[UploadRow]: ...

    async def known_keys(self, blob_keys: Sequence[str]) -> set[str]:
        """Those that some upload still writes to."""


class UploadHolds(Protocol):
    """Whose turn it is to write to an upload, where the store of blobs cannot tell."""

    async def take(self, blob_key: str, holder: str, *, now: datetime, until: datetime) -> bool:
        """Hold the upload until then, if nobody else does at `now`; False while another does."""

    async def release(self, blob_key: str, holder: str) -> None:
        """Nothing happens when the hold is another's."""

    async def remove_ended(self, before: datetime) -> int:
        """Forget holds that ended before then: their holders died."""


class Garbage(Protocol):
    """What the collector reads and writes."""

    async def unused_layers(
        self, *, held_before: datetime, after: tuple[str, str], limit: int
    ) -> list[tuple[str, Digest]]:
        """(repository id, digest) of layers held since before then that no image refers to, in that order."""

    async def release_unused(
        self, repository_id: str, digests: Sequence[Digest], held_before: datetime
    ) -> list[str]:
        """Release those of the layers that are held since before then and unused; their blobs' keys."""

    async def unheld_blobs(self, *, created_before: datetime, after: str, limit: int) -> list[str]:
        """Keys of unmarked blobs that no repository holds."""

    async def mark(self, blob_keys: Sequence[str], at: datetime) -> None:
        """Mark those that bear no mark yet and that nobody holds."""

    async def condemned(self, *, marked_before: datetime, limit: int) -> list[str]:
        """Keys of blobs that have borne the mark since before then."""

    async def remove_blobs(self, blob_keys: Sequence[str], marked_before: datetime) -> list[str]:
        """Delete the rows that still bear such a mark and that nobody holds: the keys of these, in no order.

        Those that are left out were won back.
        """

    async def throw(self, blob_key: str, at: datetime) -> None:
        """Note bytes to be deleted, in the transaction that made them useless."""

    async def throw_all(self, blob_keys: Sequence[str], at: datetime) -> None:
        """The same for many."""

    async def thrown(self, *, after: str, limit: int) -> list[str]:
        """Keys of bytes, of blobs or of dropped uploads, that are still to be deleted; by key."""

    async def emptied(self, blob_keys: Sequence[str]) -> None:
        """The bytes are gone: forget the notes."""


@dataclass(frozen=True, slots=True)
class TierMove:
    """A blob whose tier is to be looked at; `copy_key` is where a move that is under way writes."""

    blob_key: str
    copy_key: str | None


class TierMoves(Protocol):
    """Blobs that may belong into another tier than the one they lie in."""

    async def note_layers(self, repository_id: str, image: Digest, at: datetime) -> None:
        """Note those of an image's layers that this repository wants in another tier: their turn is `at`."""

    async def note(self, blob_key: str, at: datetime) -> None:
        """Note one: its turn is `at`."""

    async def due(self, now: datetime, limit: int) -> list[TierMove]:
        """Those whose turn has come, the longest waiting first."""

    async def find(self, blob_key: str) -> TierMove | None: ...

    async def begin(self, blob_key: str, copy_key: str, at: datetime) -> None:
        """Note where the next copy goes, whatever was noted before."""

    async def postpone(self, blob_key: str, until: datetime) -> None:
        """Look at it again then."""

    async def hasten(self, blob_keys: Sequence[str], at: datetime) -> None:
        """Look at those that are noted for later at this time: a holder that needed them let go."""

    async def finish(self, blob_key: str) -> None:
        """Forget it; nothing happens when it was not noted."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key: long-lived, or a session's when it has a token and an end.

    `issued_by` is what a session was made with, a key or an identity provider: it goes when that goes.
    `token_number` is what the registry tokens made with it carry, 0 until some were revoked.
    """

    principal: Principal
    sealed_secret: bytes
    session_token_sha256: bytes | None
    is_active: bool
    created_at: datetime
    issued_by: str | None = None
    token_number: int = 0


@dataclass(frozen=True, slots=True)
class OneKey:
    """A single key, long-lived or a session's."""

    access_key_id: str


@dataclass(frozen=True, slots=True)
class KeysOf:
    """All keys of a principal; an ARN that ends in `/` stands for all that begin with it."""

    arn: str


@dataclass(frozen=True, slots=True)
class KeysOfAccount:
    """All keys of an account."""

    account: str


KeyScope: TypeAlias = OneKey | KeysOf | KeysOfAccount


@dataclass(frozen=True, slots=True)
class Revoked:
    """How many long-lived keys lost their tokens, and how many sessions went, with those made in them."""

    keys: int
    sessions: int


class AccessKeys(Protocol):
    """Access keys by id."""

    async def find(self, access_key_id: str) -> AccessKey | None: ...

    async def add(self, key: AccessKey) -> bool:
        """False, and nothing written, when the id is taken."""

    async def of_principal(self, principal_arn: str) -> list[AccessKey]: ...

    async def remove(self, access_key_id: str) -> None:
        """Remove the key and every session made with it."""

    async def end_sessions(self, issued_by: str) -> None:
        """Remove every session made with this key or by this identity provider, an ARN."""

    async def set_active(self, access_key_id: str, *, is_active: bool) -> None:
        """Activate the key, or deactivate it and remove every session made with it."""

    async def sessions(
        self, scope: KeysOf | KeysOfAccount, *, now: datetime, after: tuple[str, str], limit: int
    ) -> list[AccessKey]:
        """Those of sessions that have not ended; of an account by id, else by principal and id.

        `after` is the principal and the id of the last one seen.
        """

    async def revoke(self, scope: KeyScope, token_number: int) -> Revoked:
        """Remove the sessions in the scope, and give the long-lived keys this number.

        Sessions that were made with any of these go too.
        """

    async def rename_principal(self, old_arn: str, new_arn: str) -> None:
        """The principal has another name from now on."""

    async def remove_expired(self, before: datetime, limit: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this server, by its twelve digits."""

    id: str
    created_at: datetime


class Accounts(Protocol):
    """Accounts of this server."""

    async def exists(self, account: str) -> bool: ...

    async def add(self, account: str, at: datetime) -> bool:
        """False when it exists."""

    async def page(self, *, after: str, limit: int) -> list[Account]: ...


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs registry tokens and download URLs."""

    kid: str
    sealed_secret: bytes
    created_at: datetime


class SigningKeys(Protocol):
    """The keys that sign tokens: few, and kept until everything they signed has ended."""

    async def all(self) -> list[SigningKey]:
        """Newest first."""

    async def add(self, key: SigningKey) -> None: ...


class Settings(Protocol):
    """Account settings of a registry, and the server's own under account and region ""."""

    async def find(self, registry: Registry, name: str) -> str | None: ...

    async def put(self, registry: Registry, name: str, value: str) -> None: ...


class RootKeyChecks(Protocol):
    """Values that prove a node holds the root key the rows were sealed under."""

    async def all(self) -> dict[int, bytes]:
        """By version of the root key."""

    async def add(self, version: int, value: bytes) -> bool:
        """False when the version has a value."""


class SealedSubject(StrEnum):
    """The tables with a column that is sealed under the root key ring."""

    ACCESS_KEY = "access_key"
    SIGNING_KEY = "signing_key"
    BLOB = "blob"
    UPLOAD = "upload"
    MANIFEST = "manifest"


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A sealed value and what it was sealed for: `owner` is a manifest's repository id, else ""."""

    owner: str
    id: str
    sealed: bytes


class SealedRows(Protocol):
    """Everything that is sealed under the root key ring, to be sealed anew."""

    async def page(self, subject: SealedSubject, *, after: tuple[str, str], limit: int) -> list[SealedRow]:
        """Some rows in an order of their own; `after` is (owner, id) of the last one seen."""

    async def replace(self, subject: SealedSubject, row: SealedRow, sealed: bytes) -> bool:
        """Write the new value if the row still has the one read; False where it has changed or gone."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work to do once, at or after a time; `payload` is JSON that carries ids, not state."""

    id: str
    kind: str
    unique_key: str
    payload: str
    run_at: datetime
    attempts: int


class Jobs(Protocol):
    """The table of background work."""

    async def enqueue(self, job: Job) -> None:
        """Add it; where one of its kind and unique key waits, that one stays and the new one is dropped."""

    async def due(self, now: datetime, limit: int, *, kinds: Sequence[str]) -> list[Job]:
        """Jobs of these kinds whose time has come and that nobody holds."""

    async def claim(self, job: Job, *, lease: str, until: datetime) -> bool:
        """Take the job if its attempts are still as seen; counts one more attempt."""

    async def renew(self, job_id: str, lease: str, *, until: datetime) -> bool:
        """Hold the job for longer; False when the lease is another's by now."""

    async def finish(self, job_id: str, lease: str) -> None: ...

    async def put_back(self, job_id: str, lease: str, *, run_at: datetime, error: str) -> None: ...


@dataclass(frozen=True, slots=True)
class JobCount:
    """How many jobs of a kind wait and how many are held; `oldest` is when the first that waits may run."""

    kind: str
    waiting: int
    running: int
    oldest: datetime | None


class Counted(StrEnum):
    """What is counted, and what its bytes are: a blob's, an image's as ECR counts them, an upload's so far.

    REPOSITORIES, IMAGES and TAGS are what the registries' totals say. ARCHIVED are the blobs in the archive
    tier, as they lie there; they are among BLOBS as they were pushed.
    """

    ACCOUNTS = "accounts"
    REPOSITORIES = "repositories"
    IMAGES = "images"
    TAGS = "tags"
    BLOBS = "blobs"
    ARCHIVED = "archived"
    UPLOADS = "uploads"


@dataclass(frozen=True, slots=True)
class CountedPage:
    """Some rows, counted; `last` is the end of the page, None where nothing comes after it.

    `counted_at` is when the earliest of them was added up, None where these are the rows themselves.
    """

    rows: int
    size_bytes: int
    last: tuple[str, ...] | None
    counted_at: datetime | None = None


class Counts(Protocol):
    """Counting in pages, so that no statement runs long."""

    async def page(self, what: Counted, *, after: tuple[str, ...] | None, limit: int) -> CountedPage:
        """Count up to `limit` rows behind the end of another page, None for the first."""

    async def jobs(self, now: datetime, limit: int) -> list[JobCount]:
        """The first `limit` jobs by time, counted by kind."""


class Flaw(StrEnum):
    """A promise that rows make each other and one of them breaks; the value is how a person is told."""

    LAYER_WITHOUT_BLOB = "layer-without-blob"
    LAYER_WITHOUT_REPOSITORY = "layer-without-repository"
    IMAGE_WITHOUT_REPOSITORY = "image-without-repository"
    IMAGE_WITHOUT_MANIFEST = "image-without-manifest"
    MANIFEST_WITHOUT_IMAGE = "manifest-without-image"
    IMAGE_WITHOUT_LAYER = "image-without-layer"
    IMAGE_WITHOUT_CHILD = "image-without-child"
    LAYER_REFERENCE_WITHOUT_IMAGE = "layer-reference-without-image"
    CHILD_REFERENCE_WITHOUT_IMAGE = "child-reference-without-image"
    TAG_WITHOUT_IMAGE = "tag-without-image"
    UPLOAD_WITHOUT_REPOSITORY = "upload-without-repository"
    RESOURCE_TAG_WITHOUT_REPOSITORY = "resource-tag-without-repository"
    TOTAL_WITHOUT_REPOSITORY = "total-without-repository"
    REPOSITORY_WITHOUT_ACCOUNT = "repository-without-account"
    HELD_BLOB_MARKED = "held-blob-marked"
    BLOB_THROWN_AWAY = "blob-thrown-away"
    JOB_FORGETS_REPOSITORY = "job-forgets-repository"
    DELETED_IMAGE_WITHOUT_IMAGE = "deleted-image-without-image"
    IMAGE_WITHOUT_DELETION = "image-without-deletion"
    DELETED_REPOSITORY_STANDS = "deleted-repository-stands"
    JOB_ABANDONED = "job-abandoned"


@dataclass(frozen=True, slots=True)
class Inspected:
    """A row that was looked at, by its key."""

    key: tuple[str, ...]
    is_flawed: bool


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """A manifest with what is needed to read it."""

    repository_id: str
    digest: Digest
    media_type: str
    manifest: SealedManifest


@dataclass(frozen=True, slots=True)
class ImageParts:
    """What the rows say that an image refers to."""

    layers: frozenset[Digest]
    children: frozenset[Digest]


class Inspection(Protocol):
    """All rows from end to end, in pages by their key, for whoever checks that they hold together."""

    async def page(self, flaw: Flaw, *, now: datetime, after: tuple[str, ...], limit: int) -> list[Inspected]:
        """Rows that may have the flaw; () begins. A job is abandoned when its lease ended before `now`."""

    async def blobs(self, *, after: str, limit: int) -> list[BlobRow]:
        """By blob key."""

    async def uploads(self, *, after: str, limit: int) -> list[tuple[str, int]]:
        """Blob key and offset of uploads."""

    async def offset(self, blob_key: str) -> int | None:
        """How far the upload with these bytes is; None where there is no such upload."""

    async def known(self, blob_keys: Sequence[str]) -> set[str]:
        """Those that a blob, an upload or a note in the trash has."""

    async def manifests(self, *, after: tuple[str, str], limit: int) -> list[ManifestRow]:
        """By repository id and digest; those of no image are left out."""

    async def parts(self, repository_id: str, digest: Digest) -> ImageParts:
        """What the image refers to."""


class Repairs(Protocol):
    """What only the repair of damaged rows reads and writes."""

    async def held_by(self, repository_id: str, digest: Digest) -> str | None:
        """The blob key that a repository's row names, whether there is such a blob or not."""

    async def upload_of(self, blob_key: str) -> str | None:
        """The id of the upload with these bytes."""

    async def manifest(self, repository_id: str, digest: Digest) -> SealedManifest | None:
        """The manifest's row, whether there is an image or not."""

    async def remove_manifest(self, repository_id: str, digest: Digest) -> None: ...

    async def remove_references(self, repository_id: str, digest: Digest) -> None:
        """Forget what the image refers to."""

    async def set_facts(self, repository_id: str, image: Image) -> None:
        """Write what the image's manifest says about it; its times stay."""

    async def unmark(self, blob_key: str) -> None:
        """Take the collector's mark off a blob that is held."""

    async def deleted_repository(self, repository_id: str) -> Repository | None:
        """The repository where it is in the recycle bin, of whichever registry."""

    async def remove_deletion(self, place: str, digest: Digest) -> None:
        """Forget that an image was deleted."""

    async def add_deletion(self, place: str, digest: Digest, registry: Registry, deletion: Deletion) -> None:
        """Note that an image whose rows are in a bin was deleted, without its tags."""

    async def remove_job(self, job_id: str) -> None: ...

    async def free_job(self, job_id: str, ended_before: datetime) -> None:
        """Take a job from a runner whose lease ended before then."""


class BlobCopies(Protocol):
    """Copies of blobs to another store that are not known to be whole yet; `target` names that store."""

    async def note(self, target: str, blob_keys: Sequence[str], at: datetime) -> None:
        """Before the first byte is written; may be repeated."""

    async def settle(self, target: str, blob_keys: Sequence[str]) -> None:
        """The copies are whole, or not there: forget the notes."""

    async def noted(self, target: str, *, limit: int) -> list[tuple[str, BlobRow | None]]:
        """Some of the keys, with their blobs where these still stand."""


class RowCopies(Protocol):
    """Whether this database is the copy of another."""

    async def is_unfinished(self) -> bool:
        """Whether a copy into it was begun and rows are missing, so that nobody may serve it."""


class AuditEvents(Protocol):
    """What was done and refused, by account; ids sort by time. Nothing changes an event."""

    async def add(self, events: Sequence[AuditEvent]) -> None:
        """May be repeated: an event that is there already stays as it is."""

    async def add_last(self, events: Sequence[AuditEvent]) -> None:
        """The same of a few, as the last thing that the transaction does: it cannot read them."""

    async def after(self, account: str, *, after: str, before: str, limit: int) -> list[AuditEvent]:
        """Oldest first: those between the two ids, without either."""

    async def before(self, account: str, *, since: str, before: str, limit: int) -> list[AuditEvent]:
        """Newest first: those from id `since` on that come before the other id."""

    async def remove(self, account: str, *, before: str, limit: int) -> int:
        """Remove the oldest before this id, up to `limit`; how many there were."""


class DatabaseClock(Protocol):
    """The clock of the machine that the database runs on."""

    async def now(self) -> datetime:
        """To the second, aware UTC."""


class Records(Protocol):
    """All rows, within one transaction."""

    @property
    def repositories(self) -> Repositories: ...
    @property
    def resource_tags(self) -> ResourceTags: ...
    @property
    def repository_policies(self) -> RepositoryPolicies: ...
    @property
    def registry_policies(self) -> RegistryPolicies: ...
    @property
    def lifecycle_policies(self) -> LifecyclePolicies: ...
    @property
    def lifecycle_previews(self) -> LifecyclePreviews: ...
    @property
    def pull_time_exclusions(self) -> PullTimeExclusions: ...
    @property
    def pins(self) -> Pins: ...
    @property
    def usage(self) -> Usage: ...
    @property
    def images(self) -> Images: ...
    @property
    def manifests(self) -> Manifests: ...
    @property
    def tags(self) -> Tags: ...
    @property
    def deleted_images(self) -> DeletedImages: ...
    @property
    def deleted_repositories(self) -> DeletedRepositories: ...
    @property
    def tag_history(self) -> TagHistory: ...
    @property
    def deletion_protections(self) -> DeletionProtections: ...
    @property
    def references(self) -> References: ...
    @property
    def blobs(self) -> BlobRows: ...
    @property
    def layers(self) -> HeldLayers: ...
    @property
    def uploads(self) -> Uploads: ...
    @property
    def upload_holds(self) -> UploadHolds: ...
    @property
    def garbage(self) -> Garbage: ...
    @property
    def tier_moves(self) -> TierMoves: ...
    @property
    def access_keys(self) -> AccessKeys: ...
    @property
    def key_uses(self) -> KeyUses: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def identities(self) -> Identities: ...
    @property
    def memberships(self) -> Memberships: ...
    @property
    def inline_policies(self) -> InlinePolicies: ...
    @property
    def managed_policies(self) -> ManagedPolicies: ...
    @property
    def policy_attachments(self) -> PolicyAttachments: ...
    @property
    def oidc_providers(self) -> OidcProviders: ...
    @property
    def clock(self) -> DatabaseClock: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def signing_keys(self) -> SigningKeys: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def root_key_checks(self) -> RootKeyChecks: ...
    @property
    def sealed_rows(self) -> SealedRows: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def counts(self) -> Counts: ...
    @property
    def orders(self) -> Orders: ...
    @property
    def statistics(self) -> Statistics: ...
    @property
    def inspection(self) -> Inspection: ...
    @property
    def repairs(self) -> Repairs: ...
    @property
    def blob_copies(self) -> BlobCopies: ...
    @property
    def row_copies(self) -> RowCopies: ...
    @property
    def audit_events(self) -> AuditEvents: ...


class Store(Protocol):
    """The database, as use cases see it."""

    def version(self) -> int | None:
        """A number that changes when what may be kept in memory became untrue; None where there is none.

        Keys, sessions, identities, policies, accounts, repositories and settings that were read after
        asking hold as long as the number does, whoever writes; other rows must not be kept. Raises Outage
        where that cannot be promised now.
        """

    def commits(self) -> int | None:
        """A number that every commit changes, by whom it may be; None where asking for it costs a round trip.

        Any row that was read after asking holds as long as the number does.
        """

    async def read(self, body: Callable[[Records], Awaitable[T]]) -> T:
        """Read a few rows; each statement sees the latest commit."""

    async def scan(self, body: Callable[[Records], Awaitable[T]]) -> T:
        """Read what may be thousands of rows, from one snapshot."""

    async def write(self, body: Callable[[Records], Awaitable[T]]) -> T:
        """One serialisable transaction, durable when this returns.

        The body may be run again after a conflict, so it does nothing but read and write rows.
        """

    async def write_apart(self, body: Callable[[Records], Awaitable[T]]) -> T:
        """A transaction that gets in nobody's way: it adds to numbers, and decides on nothing that it reads.

        Durable when this returns, and run again after a conflict, as with `write`. What images and tags are
        there must not change in it, nor what nodes keep in memory.
        """
