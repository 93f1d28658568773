"""Every refusal: what a caller did that the registry will not do.

A refusal carries the facts as fields; `aws/faults.py` and `oci/faults.py` turn it into the code,
status and sentence of each door. Anything else that is raised is a bug or an outage.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(eq=False)
class Refusal(Exception):
    """The base of all refusals; not frozen, because a raised exception must take a traceback."""


@dataclass(eq=False)
class InvalidParameter(Refusal):
    """A well-formed parameter breaks a constraint; `reason` is ECR's own words where they are known."""

    parameter: str
    reason: str


@dataclass(eq=False)
class Invalid(Refusal):
    """ECR's ValidationException: modelled by its newer operations in place of InvalidParameter."""

    reason: str


@dataclass(eq=False)
class NotOffered(Refusal):
    """A real operation or option of the service that Entrepot does not have yet."""

    what: str


@dataclass(eq=False)
class ReadOnly(Refusal):
    """A change, while the operator has the server answer reads alone."""


@dataclass(eq=False)
class TooLarge(Refusal):
    """The body is larger than the operation can take."""

    limit_bytes: int


@dataclass(eq=False)
class TooMany(Refusal):
    """A quota of the account or an image is used up; `quota` is the whole limit."""

    what: str
    quota: int


@dataclass(eq=False)
class AccessDenied(Refusal):
    """The decision was no. `because` is AWS's clause, such as "no identity-based policy allows …"."""

    principal_arn: str
    action: str
    resource: str
    because: str


@dataclass(eq=False)
class RepositoryNotFound(Refusal):
    """No repository of this name in the account and region."""

    name: str
    registry_id: str


@dataclass(eq=False)
class RepositoryPolicyNotFound(Refusal):
    """The repository has no policy."""

    name: str
    registry_id: str


@dataclass(eq=False)
class RegistryPolicyNotFound(Refusal):
    """The registry has no policy."""

    registry_id: str


@dataclass(eq=False)
class LifecyclePolicyNotFound(Refusal):
    """The repository has no lifecycle policy."""

    name: str
    registry_id: str


@dataclass(eq=False)
class LifecyclePreviewNotFound(Refusal):
    """Nobody asked for a preview of a lifecycle policy here."""

    name: str
    registry_id: str


@dataclass(eq=False)
class LifecyclePreviewUnderWay(Refusal):
    """The preview that was asked for before is not done."""

    name: str
    registry_id: str


@dataclass(eq=False)
class ExclusionExists(Refusal):
    """The pulls of this user or role do not count already."""

    principal_arn: str


@dataclass(eq=False)
class ExclusionNotFound(Refusal):
    """The pulls of this user or role do count."""

    principal_arn: str


@dataclass(eq=False)
class RepositoryExists(Refusal):
    """The name is taken."""

    name: str
    registry_id: str


@dataclass(eq=False)
class RepositoryProtected(Refusal):
    """The repository is protected from being deleted, with force too."""

    name: str
    registry_id: str


@dataclass(eq=False)
class DeletedRepositoryNotFound(Refusal):
    """Nothing in the recycle bin has this name or id."""

    name: str
    registry_id: str


@dataclass(eq=False)
class DeletedImageNotFound(Refusal):
    """No image of this digest is in the recycle bin of the repository."""

    digest: str
    name: str
    registry_id: str


@dataclass(eq=False)
class NothingToRestore(Refusal):
    """The tag pointed at nothing before its last change, or nothing is known of it."""

    tag: str
    name: str


@dataclass(eq=False)
class PartsMissing(Refusal):
    """An index cannot come back: these images that it names are neither in the repository nor in its bin."""

    digest: str
    missing: tuple[str, ...]
    name: str
    registry_id: str


@dataclass(eq=False)
class RepositoryNotEmpty(Refusal):
    """Deleting needs `force` while images remain."""

    name: str
    registry_id: str


@dataclass(eq=False)
class RepositoryPinned(Refusal):
    """The repository has an image that is not to be deleted; `by` is whoever or whatever pinned it."""

    name: str
    registry_id: str
    by: str


@dataclass(eq=False)
class InvalidTag(Refusal):
    """A resource tag that AWS would refuse."""

    reason: str


@dataclass(eq=False)
class TooManyTags(Refusal):
    """Over 50 resource tags."""

    resource: str


@dataclass(eq=False)
class KeyUnusable(Refusal):
    """ECR's KmsException: the encryption key cannot be used; `kms_error` is the key service's code."""

    kms_error: str
    reason: str


@dataclass(eq=False)
class ImageNotFound(Refusal):
    """No such image; digest or tag is None where the caller did not give it."""

    digest: str | None
    tag: str | None
    name: str
    registry_id: str


@dataclass(eq=False)
class ImageArchived(Refusal):
    """The image is in the archive, or on its way back from there; `status` says which."""

    digest: str
    status: str
    name: str
    registry_id: str


@dataclass(eq=False)
class StorageClassFixed(Refusal):
    """The image cannot get the storage class that was asked for; `because` completes the sentence."""

    digest: str
    name: str
    registry_id: str
    because: str


@dataclass(eq=False)
class ImageIdEmpty(Refusal):
    """An image identifier with neither digest nor tag."""


@dataclass(eq=False)
class TagNamesAnother(Refusal):
    """An image identifier whose tag names another image than its digest does."""

    digest: str
    tag: str


@dataclass(eq=False)
class ImageExists(Refusal):
    """The same digest stands under the same tag already (PutImage; pushes over /v2/ succeed)."""

    digest: str
    tag: str | None
    name: str
    registry_id: str


@dataclass(eq=False)
class TagImmutable(Refusal):
    """The tag names another image and may not be moved."""

    tag: str
    name: str


@dataclass(eq=False)
class DigestMismatch(Refusal):
    """The digest the caller announced is not that of the bytes of the manifest."""

    digest: str
    name: str
    registry_id: str


@dataclass(eq=False)
class ManifestInvalid(Refusal):
    """The bytes are no manifest that this registry keeps."""

    reason: str


@dataclass(eq=False)
class LayersNotFound(Refusal):
    """The manifest names blobs that this repository does not hold."""

    digests: tuple[str, ...]
    name: str
    registry_id: str


@dataclass(eq=False)
class ReferencedImagesNotFound(Refusal):
    """The index names manifests that this repository does not hold."""

    digests: tuple[str, ...]
    name: str
    registry_id: str


@dataclass(eq=False)
class ImageReferenced(Refusal):
    """The image is a child of these indexes in the same repository."""

    by: tuple[str, ...]


@dataclass(eq=False)
class ImagePinned(Refusal):
    """The image, or the tag, is not to be deleted; `what` names it, `by` whoever or whatever pinned it."""

    what: str
    by: str
    reason: str | None = None
    until: datetime | None = None


@dataclass(eq=False)
class PinNotFound(Refusal):
    """The image has no pin of its own."""

    digest: str
    name: str
    registry_id: str


@dataclass(eq=False)
class ReportNotFound(Refusal):
    """No cluster of this name has a report that counts."""

    cluster: str


@dataclass(eq=False)
class NotAcceptable(Refusal):
    """The stored media type is none that the caller accepts."""

    media_type: str


@dataclass(eq=False)
class LayerNotFound(Refusal):
    """This repository holds no blob of this digest."""

    digest: str
    name: str
    registry_id: str


@dataclass(eq=False)
class LayerInaccessible(Refusal):
    """The blob was uploaded here, but no image refers to it yet."""

    digest: str
    name: str
    registry_id: str


@dataclass(eq=False)
class LayerArchived(Refusal):
    """Only archived images of this repository use the blob."""

    digest: str
    name: str
    registry_id: str


@dataclass(eq=False)
class LayerUnreadable(Refusal):
    """The blob is no archive whose files can be listed, or one that takes too much to read."""

    digest: str
    name: str
    registry_id: str


@dataclass(eq=False)
class LayerInUse(Refusal):
    """An image of this repository still refers to the blob."""

    digest: str
    by: tuple[str, ...]


@dataclass(eq=False)
class LayerExists(Refusal):
    """CompleteLayerUpload of a digest this repository already holds."""

    digest: str
    name: str
    registry_id: str


@dataclass(eq=False)
class UploadNotFound(Refusal):
    """No such upload for this caller in this repository."""

    upload_id: str
    name: str
    registry_id: str


@dataclass(eq=False)
class UploadEmpty(Refusal):
    """Completing an upload of the ECR API that has no parts."""

    upload_id: str
    name: str
    registry_id: str


@dataclass(eq=False)
class UploadOutOfOrder(Refusal):
    """The part does not continue the upload, or another request is writing to it."""

    upload_id: str
    name: str
    registry_id: str
    held_bytes: int


@dataclass(eq=False)
class PartTooSmall(Refusal):
    """A part other than the last is under 5 MiB (ECR API only)."""

    upload_id: str
    name: str
    registry_id: str


@dataclass(eq=False)
class LayerDigestInvalid(Refusal):
    """The uploaded bytes do not have the digest that the caller announced."""

    announced: str
    upload_id: str
    name: str
    registry_id: str


@dataclass(eq=False)
class DigestUnsupported(Refusal):
    """Not a digest, or of an algorithm the registry does not verify (sha256 and sha512 are)."""

    digest: str


@dataclass(eq=False)
class RangeInvalid(Refusal):
    """A Range or Content-Range header that cannot be met."""

    reason: str
    size_bytes: int


@dataclass(eq=False)
class BodyCutShort(Refusal):
    """The client closed or stalled before it sent what it announced."""


@dataclass(eq=False)
class Unauthenticated(Refusal):
    """No usable credentials on a door that needs them."""


@dataclass(eq=False)
class TokenExpired(Refusal):
    """An authorization token that was ours, past its time."""


@dataclass(eq=False)
class TokenRejected(Refusal):
    """A token of another region, account or registry, a revoked or a forged one."""


@dataclass(eq=False)
class AccountNotFound(Refusal):
    """No such account on this server."""

    account: str


@dataclass(eq=False)
class EntityNotFound(Refusal):
    """IAM's NoSuchEntity: no user, group, role, policy, key or provider of this name."""

    kind: str
    name: str


@dataclass(eq=False)
class EntityExists(Refusal):
    """The name is taken, perhaps in another case."""

    kind: str
    name: str


@dataclass(eq=False)
class DeleteConflict(Refusal):
    """What is to be deleted still has something; `reason` says what."""

    reason: str


@dataclass(eq=False)
class QuotaExceeded(Refusal):
    """IAM's LimitExceeded: `what` is the quota's name, such as AccessKeysPerUser."""

    what: str
    quota: int


@dataclass(eq=False)
class PolicyMalformed(Refusal):
    """A text that is no policy document of the kind that was asked for."""

    reason: str


@dataclass(eq=False)
class InputInvalid(Refusal):
    """IAM's InvalidInput: parameters that do not go together, or an ARN that cannot be meant."""

    reason: str


@dataclass(eq=False)
class PolicyTooLarge(Refusal):
    """A session's policies and tags do not fit together; `percent` is over 100."""

    percent: int


@dataclass(eq=False)
class SessionRefused(Refusal):
    """STS would refuse this whatever policies say; `reason` is its own sentence."""

    reason: str


@dataclass(eq=False)
class IdentityTokenInvalid(Refusal):
    """A web identity token that proves nothing here; `reason` is STS's own sentence where it is known."""

    reason: str


@dataclass(eq=False)
class IdentityTokenExpired(Refusal):
    """A web identity token past its end; both in seconds since 1970."""

    now: int
    expired_at: int


@dataclass(eq=False)
class IssuerUnreachable(Refusal):
    """The issuer of a web identity token does not give its keys, and may do so later."""

    issuer: str
