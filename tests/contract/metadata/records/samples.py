"""Values for rows, each with the fields that a test does not care about filled in."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from entrepot.domain.audit import AuditEvent, event_id
from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.identities import (
    Identity,
    IdentityKind,
    ManagedPolicy,
    OidcProvider,
    SessionTerms,
    policy_arn,
)
from entrepot.domain.images import Image
from entrepot.domain.lifecycle.policies import Action, StorageClass
from entrepot.domain.mutability import TagMutability
from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.principals import Principal, root_arn
from entrepot.domain.repositories import Encryption, Repository
from entrepot.ports.blobs import Upload
from entrepot.ports.lifecycle import PreviewResult
from entrepot.ports.records import AccessKey, BlobRow, Job, UploadRow

ACCOUNT = "123456789012"
REGISTRY = Registry(ACCOUNT, "eu-west-1")
AES256 = "AES256"


def minute(number: int) -> datetime:
    """A time so many minutes into the tests' hour, with microseconds that must survive."""
    return datetime(2026, 11, 2, 3, 0, 0, 999_999, tzinfo=UTC) + timedelta(minutes=number)


def fresh_id() -> str:
    """For an example that shares its database with others."""
    return uuid4().hex


def digest(content: str) -> Digest:
    return digest_of(content.encode())


def repository(
    name: str = "team/app",
    *,
    registry: Registry = REGISTRY,
    mutability: TagMutability | None = None,
    scan_on_push: bool = False,
    encryption: Encryption | None = None,
) -> Repository:
    return Repository(
        id=f"{registry.account}/{registry.region}/{name}",
        registry=registry,
        name=RepositoryName(name),
        created_at=minute(0),
        mutability=mutability or TagMutability(),
        scan_on_push=scan_on_push,
        encryption=encryption or Encryption(),
    )


def image(
    content: str = "image",
    *,
    subject: Digest | None = None,
    artifact_type: str | None = None,
    annotations: Mapping[str, str] | None = None,
    last_pulled_at: datetime | None = None,
) -> Image:
    return Image(
        digest=digest(content),
        media_type="application/vnd.oci.image.manifest.v1+json",
        artifact_type=artifact_type,
        manifest_bytes=len(content),
        size_bytes=5_000_000_000,
        subject_digest=subject,
        annotations=annotations or {},
        pushed_at=minute(1),
        last_pulled_at=last_pulled_at,
    )


def blob(key: str, content: str = "layer", *, encryption_key: str = AES256) -> BlobRow:
    return BlobRow(
        blob_key=key,
        digest=digest(content),
        encryption_key=encryption_key,
        size_bytes=len(content),
        wrapped_key=b"\x00wrapped\xff",
        created_at=minute(0),
    )


def upload(
    upload_id: str = "upload",
    *,
    repository_id: str = "repository",
    offset_bytes: int = 0,
    touched_at: datetime | None = None,
    wrapped_key: bytes | None = b"\x00wrapped\xff",
    parts: tuple[int | None, int | None] = (None, None),
) -> UploadRow:
    """`parts` are the shortest part and the last one."""
    return UploadRow(
        id=upload_id,
        repository_id=repository_id,
        principal_arn=root_arn(ACCOUNT),
        encryption_key=AES256,
        wrapped_key=wrapped_key,
        upload=Upload(
            key=f"key-of-{upload_id}",
            data_key=None,
            offset_bytes=offset_bytes,
            sha256_state=f"state at {offset_bytes}".encode(),
            store_state=b"\x00\xff" * offset_bytes,
        ),
        shortest_part_bytes=parts[0],
        last_part_bytes=parts[1],
        created_at=minute(0),
        touched_at=touched_at or minute(0),
    )


def access_key(
    key_id: str = "AKIA1",
    *,
    arn: str = root_arn(ACCOUNT),
    created_at: datetime | None = None,
    expires_at: datetime | None = None,
    issued_by: str | None = None,
    is_active: bool = True,
) -> AccessKey:
    """A long-lived key; a session's where it expires."""
    return AccessKey(
        principal=Principal(ACCOUNT, arn, ACCOUNT, key_id, expires_at),
        sealed_secret=b"\x00sealed\xff",
        session_token_sha256=b"\xff" * 32 if expires_at else None,
        is_active=is_active,
        created_at=created_at or minute(0),
        issued_by=issued_by,
    )


KINDS = ("collect", "scan")


def job(
    job_id: str = "job",
    *,
    kind: str = "collect",
    unique_key: str = "",
    payload: str = "{}",
    run_at: datetime | None = None,
) -> Job:
    return Job(job_id, kind, unique_key, payload, run_at or minute(0), attempts=0)


def identity(name: str = "maya", kind: IdentityKind = IdentityKind.USER) -> Identity:
    return Identity(f"{kind.id_prefix}-{name}", ACCOUNT, kind, "/", name, minute(0))


def managed_policy(name: str = "team") -> ManagedPolicy:
    return ManagedPolicy(
        arn=policy_arn(ACCOUNT, name),
        id="ANPA1",
        account=ACCOUNT,
        path="/",
        name=name,
        description=None,
        default_version=1,
        newest_version=1,
        created_at=minute(0),
        updated_at=minute(0),
    )


def oidc_provider() -> OidcProvider:
    return OidcProvider(ACCOUNT, "issuer.example.com/path", ("sts.amazonaws.com",), (), minute(0))


def session_terms(key_id: str = "ASIA1", *, ends: datetime | None = None) -> SessionTerms:
    return SessionTerms(key_id, "AROA1", ends or minute(60))


def preview_result(position: int = 1, *tags: str, action: Action = Action.EXPIRE) -> PreviewResult:
    return PreviewResult(
        position=position,
        digest=digest(f"image {position}"),
        tags=tuple(map(Tag, tags)),
        pushed_at=minute(position),
        storage_class=StorageClass.STANDARD,
        action=action,
        priority=7,
    )


def audit_event(at: datetime, noise: int = 0, account: str = ACCOUNT) -> AuditEvent:
    return AuditEvent(
        id=event_id(at, noise),
        account=account,
        region="eu-west-1",
        source="ecr.amazonaws.com",
        name="PutImage",
        username="ci",
        access_key_id="AKIA1",
        is_read_only=False,
        resources=("arn:aws:ecr:eu-west-1:123456789012:repository/team/app",),
        document='{"eventName":"PutImage"}',
    )
