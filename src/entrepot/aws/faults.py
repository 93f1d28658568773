"""The AWS side of every refusal: its code, status and sentence.

One table from refusal class to fault, in the words of JSON services; `in_query` says the same as STS and
IAM do. The sentences are ECR's where they are known (facts 1.2.1), of the same build where not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from entrepot.aws import refusals
from entrepot.aws.refusals import WireFault
from entrepot.domain import errors
from entrepot.domain.errors import Refusal


@dataclass(frozen=True, slots=True)
class Fault:
    """What a refusal looks like on the wire; `fields` are further members of the error's shape.

    `is_modelled` is for a code that the front of Query services spells otherwise, where the one of the
    service's model is meant.
    """

    code: str
    status: int
    message: str
    fields: Mapping[str, str | int] = field(default_factory=dict)
    is_modelled: bool = False


COMMON_CODES = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InternalFailure",
        "InvalidSignatureException",
        "MalformedHttpRequestException",
        "MalformedQueryString",
        "MissingAuthenticationTokenException",
        "NotImplementedException",
        "RequestEntityTooLargeException",
        "RequestTimeoutException",
        "SerializationException",
        "ServiceUnavailable",
        "ThrottlingException",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)
"""Codes that any operation may answer with, beside those of its model."""

R = TypeVar("R", bound=Refusal)
_Say = Callable[[Refusal], Fault]
_TABLE: dict[type[Refusal], _Say] = {}


def fault(refusal: Refusal) -> Fault:
    """The fault of a refusal; a class without one is a bug, and a test finds it first."""
    for kind in type(refusal).__mro__:
        said = _TABLE.get(kind)
        if said is not None:
            return said(refusal)
    raise LookupError(f"{type(refusal).__name__} has no AWS fault")


def pinned(refusal: errors.ImagePinned) -> str:
    """Why a pinned image stays, and what would let it go."""
    reason = f" ({refusal.reason})" if refusal.reason else ""
    until = f" until {refusal.until:%Y-%m-%dT%H:%M:%SZ}" if refusal.until is not None else ""
    return f"Requested image is pinned: {refusal.what} by {refusal.by}{until}{reason}; unpin it first"


def is_covered(kind: type[Refusal]) -> bool:
    """Whether the table names this very class."""
    return kind in _TABLE


def internal_failure(code: str) -> Fault:
    """What a caller sees of a bug or an outage: nothing but that it happened."""
    return Fault(code, 500, "An internal error occurred. Retry your request; its id is in the answer.")


def unavailable() -> Fault:
    """What a caller sees of an outage that will end: SDKs try again on their own."""
    return Fault("ServiceUnavailable", 503, "The service is temporarily unavailable. Try again later.")


_QUERY_CODES = {
    "AccessDeniedException": ("AccessDenied", 403),
    "ExpiredTokenException": ("ExpiredToken", 403),
    "IncompleteSignatureException": ("IncompleteSignature", 400),
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "MissingAuthenticationTokenException": ("MissingAuthenticationToken", 403),
    "SerializationException": ("MalformedInput", 400),
    "ThrottlingException": ("Throttling", 400),
    "UnknownOperationException": ("InvalidAction", 400),
    "UnrecognizedClientException": ("InvalidClientTokenId", 403),
    "ValidationException": ("ValidationError", 400),
    "InvalidParameterException": ("ValidationError", 400),
}


def in_query(said: Fault) -> Fault:
    """The same fault as Query services spell it."""
    if said.is_modelled:
        return said
    code, status = _QUERY_CODES.get(said.code, (said.code, said.status))
    return replace(said, code=code, status=status)


def _says(kind: type[R], code: str, sentence: Callable[[R], str], status: int = 400) -> None:
    def say(refusal: Refusal) -> Fault:
        return Fault(code, status, sentence(cast("R", refusal)))

    _TABLE[kind] = say


def _invalid(kind: type[R], parameter: Callable[[R], str], reason: Callable[[R], str]) -> None:
    _says(
        kind,
        "InvalidParameterException",
        lambda r: f"Invalid parameter at '{parameter(r)}' failed to satisfy constraint: '{reason(r)}'",
    )


def _access_denied(r: errors.AccessDenied) -> str:
    joint = " " if r.because.startswith("with ") else " because "
    why = f"{joint}{r.because}" if r.because else ""
    return f"User: {r.principal_arn} is not authorized to perform: {r.action} on resource: {r.resource}{why}"


def _image_missing(r: errors.ImageNotFound) -> str:
    digest, tag = r.digest or "null", r.tag or "null"
    return (
        f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the "
        f"repository with name '{r.name}' in the registry with id '{r.registry_id}'"
    )


def _required(what: str, r: errors.LayersNotFound | errors.ReferencedImagesNotFound) -> str:
    return (
        f"{what} with digests '[{', '.join(r.digests)}]' required for pushing image into repository with "
        f"name '{r.name}' in the registry with id '{r.registry_id}' do not exist"
    )


def _upload(
    r: errors.UploadNotFound | errors.UploadEmpty | errors.PartTooSmall | errors.LayerDigestInvalid,
) -> str:
    return (
        f"The upload with id '{r.upload_id}' in the repository with name '{r.name}' in registry with id "
        f"'{r.registry_id}'"
    )


def _archived(r: errors.ImageArchived) -> str:
    how = "is archived" if r.status == "ARCHIVED" else "is being restored from the archive"
    next_step = (
        "restore it with UpdateImageStorageClass, or push it again" if r.status == "ARCHIVED" else "wait"
    )
    return (
        f"The image with imageDigest '{r.digest}' in the repository with name '{r.name}' in the registry "
        f"with id '{r.registry_id}' {how} and cannot be pulled; {next_step}"
    )


def _layer(
    r: errors.LayerNotFound
    | errors.LayerInaccessible
    | errors.LayerUnreadable
    | errors.LayerExists
    | errors.LayerArchived,
) -> str:
    return (
        f"The layer with digest '{r.digest}' in the repository with name '{r.name}' in registry with id "
        f"'{r.registry_id}'"
    )


def _out_of_order(refusal: Refusal) -> Fault:
    r = cast("errors.UploadOutOfOrder", refusal)
    last = max(r.held_bytes - 1, 0)
    return Fault(
        "InvalidLayerPartException",
        400,
        f"The layer part does not continue the upload with id '{r.upload_id}' in the repository with name "
        f"'{r.name}' in registry with id '{r.registry_id}'; the last valid byte received is {last}",
        {
            "registryId": r.registry_id,
            "repositoryName": r.name,
            "uploadId": r.upload_id,
            "lastValidByteReceived": last,
        },
    )


def _key_unusable(refusal: Refusal) -> Fault:
    r = cast("errors.KeyUnusable", refusal)
    return Fault("KmsException", 400, r.reason, {"kmsError": r.kms_error})


def _identity_expired(refusal: Refusal) -> Fault:
    r = cast("errors.IdentityTokenExpired", refusal)
    return Fault(
        "ExpiredTokenException",
        400,
        f"Token expired: current date/time {r.now} must be before the expiration date/time {r.expired_at}",
        is_modelled=True,
    )


def _on_the_wire(refusal: Refusal) -> Fault:
    r = cast("WireFault", refusal)
    return Fault(r.code, r.status, r.message)


def _with_fields(build: Callable[[], WireFault]) -> _Say:
    return lambda _: _on_the_wire(build())


_TABLE[WireFault] = _on_the_wire
_TABLE[errors.UploadOutOfOrder] = _out_of_order
_TABLE[errors.KeyUnusable] = _key_unusable
_TABLE[errors.IdentityTokenExpired] = _identity_expired
_TABLE[errors.Unauthenticated] = _with_fields(refusals.missing_token)
_TABLE[errors.TokenExpired] = _with_fields(refusals.expired_token)
_TABLE[errors.TokenRejected] = _with_fields(refusals.unrecognized_client)

_invalid(errors.InvalidParameter, lambda r: r.parameter, lambda r: r.reason)
_invalid(errors.ManifestInvalid, lambda _: "ImageManifest", lambda r: r.reason)
_invalid(errors.DigestUnsupported, lambda _: "digest", lambda _: "must be a sha256 or sha512 digest")
_invalid(errors.RangeInvalid, lambda _: "range", lambda r: r.reason)
_invalid(errors.AccountNotFound, lambda _: "registryId", lambda _: "must be an account of this server")
_invalid(errors.NotAcceptable, lambda _: "acceptedMediaTypes", lambda r: f"must include '{r.media_type}'")
_invalid(
    errors.ImageReferenced,
    lambda _: "imageIds",
    lambda r: f"Requested image referenced by manifest list: [{', '.join(r.by)}]",
)
_invalid(errors.ImagePinned, lambda _: "imageIds", pinned)
_invalid(
    errors.LayerInUse, lambda _: "layerDigest", lambda r: f"Layer referenced by images: [{', '.join(r.by)}]"
)
_says(
    errors.ImageIdEmpty,
    "InvalidParameterException",
    lambda _: "Invalid request parameters: both tag and digest cannot be null",
)
_invalid(
    errors.TagNamesAnother,
    lambda _: "imageId",
    lambda r: f"image tag '{r.tag}' must name the image with digest '{r.digest}'",
)
_says(errors.Invalid, "ValidationException", lambda r: r.reason)
_says(
    errors.NotOffered,
    "NotImplementedException",
    lambda r: f"{r.what} is not offered by this registry yet; docs/compatibility.md lists what is",
    501,
)
# Not a 503: SDKs would try that again, Terraform for hours, and show the reason last or not at all.
_says(
    errors.ReadOnly,
    "AccessDeniedException",
    lambda _: "This registry is read-only now and takes no changes; its operator will open it again",
)
_says(
    errors.TooLarge,
    "RequestEntityTooLargeException",
    lambda r: f"The request body is larger than {r.limit_bytes} bytes",
    413,
)
_says(
    errors.TooMany,
    "LimitExceededException",
    lambda r: f"The {r.what} quota of {r.quota} has been exceeded",
)
_says(errors.AccessDenied, "AccessDeniedException", _access_denied)
_says(
    errors.BodyCutShort,
    "RequestTimeoutException",
    lambda _: "The request body did not arrive whole in time",
    408,
)
_says(
    errors.RepositoryNotFound,
    "RepositoryNotFoundException",
    lambda r: f"The repository with name '{r.name}' does not exist in the registry with id '{r.registry_id}'",
)
_says(
    errors.RepositoryPolicyNotFound,
    "RepositoryPolicyNotFoundException",
    lambda r: (
        f"Repository policy does not exist for the repository with name '{r.name}' in the registry with id "
        f"'{r.registry_id}'"
    ),
)
_says(
    errors.RegistryPolicyNotFound,
    "RegistryPolicyNotFoundException",
    lambda r: f"Registry policy does not exist in the registry with id '{r.registry_id}'",
)
_says(
    errors.LifecyclePolicyNotFound,
    "LifecyclePolicyNotFoundException",
    lambda r: (
        f"Lifecycle policy does not exist for the repository with name '{r.name}' in the registry with id "
        f"'{r.registry_id}'"
    ),
)
_says(
    errors.LifecyclePreviewNotFound,
    "LifecyclePolicyPreviewNotFoundException",
    lambda r: (
        f"Lifecycle policy preview does not exist for the repository with name '{r.name}' in the registry "
        f"with id '{r.registry_id}'"
    ),
)
_says(
    errors.LifecyclePreviewUnderWay,
    "LifecyclePolicyPreviewInProgressException",
    lambda r: (
        f"Lifecycle policy preview is in progress for the repository with name '{r.name}' in the registry "
        f"with id '{r.registry_id}'"
    ),
)
_says(
    errors.ExclusionExists,
    "ExclusionAlreadyExistsException",
    lambda r: f"The principal '{r.principal_arn}' is on the pull time update exclusion list already",
)
_says(
    errors.ExclusionNotFound,
    "ExclusionNotFoundException",
    lambda r: f"The principal '{r.principal_arn}' is not on the pull time update exclusion list",
)
_says(
    errors.RepositoryExists,
    "RepositoryAlreadyExistsException",
    lambda r: f"The repository with name '{r.name}' already exists in the registry with id '{r.registry_id}'",
)
_says(
    errors.RepositoryProtected,
    "InvalidParameterException",
    lambda r: (
        f"Invalid parameter at 'repositoryName' failed to satisfy constraint: 'the repository with name "
        f"'{r.name}' in the registry with id '{r.registry_id}' is protected from deletion; end its deletion "
        "protection first'"
    ),
)
_says(
    errors.DeletedRepositoryNotFound,
    "DeletedRepositoryNotFoundException",
    lambda r: (
        f"The repository '{r.name}' is not in the recycle bin of the registry with id '{r.registry_id}'"
    ),
)
_says(
    errors.DeletedImageNotFound,
    "DeletedImageNotFoundException",
    lambda r: (
        f"The image with digest '{r.digest}' is not in the recycle bin of the repository with name "
        f"'{r.name}' in the registry with id '{r.registry_id}'"
    ),
)
_says(
    errors.NothingToRestore,
    "ImageNotFoundException",
    lambda r: (
        f"Nothing is known of what the tag '{r.tag}' of the repository with name '{r.name}' pointed at "
        "before its last change"
    ),
)
_says(
    errors.PartsMissing,
    "ReferencedImagesNotFoundException",
    lambda r: (
        f"The image with digest '{r.digest}' in the repository with name '{r.name}' in the registry with id "
        f"'{r.registry_id}' cannot be restored: images with digests '[{', '.join(r.missing)}]' that it names "
        "are neither in the repository nor in its recycle bin"
    ),
)
_says(
    errors.RepositoryNotEmpty,
    "RepositoryNotEmptyException",
    lambda r: (
        f"The repository with name '{r.name}' in registry with id '{r.registry_id}' cannot be deleted "
        "because it still contains images"
    ),
)
_says(
    errors.RepositoryPinned,
    "RepositoryNotEmptyException",
    lambda r: (
        f"The repository with name '{r.name}' in registry with id '{r.registry_id}' cannot be deleted "
        f"because it still contains images that were pinned by {r.by}"
    ),
)
_says(
    errors.PinNotFound,
    "PinNotFoundException",
    lambda r: (
        f"The image with digest '{r.digest}' in the repository with name '{r.name}' in the registry with id "
        f"'{r.registry_id}' is not pinned"
    ),
)
_says(
    errors.ReportNotFound,
    "ReportNotFoundException",
    lambda r: f"No report of the cluster '{r.cluster}' counts",
)
_says(errors.InvalidTag, "InvalidTagParameterException", lambda r: r.reason)
_says(
    errors.TooManyTags,
    "TooManyTagsException",
    lambda r: f"The resource '{r.resource}' can have at most 50 tags",
)
_says(errors.ImageNotFound, "ImageNotFoundException", _image_missing)
_says(errors.ImageArchived, "ImageArchivedException", _archived)
_says(
    errors.StorageClassFixed,
    "ImageStorageClassUpdateNotSupportedException",
    lambda r: (
        f"The storage class of the image with imageDigest '{r.digest}' in the repository with name "
        f"'{r.name}' in the registry with id '{r.registry_id}' cannot be updated: {r.because}"
    ),
)
_says(
    errors.ImageExists,
    "ImageAlreadyExistsException",
    lambda r: (
        f"Image with digest '{r.digest}' and tag '{r.tag or 'null'}' already exists in the repository with "
        f"name '{r.name}' in registry with id '{r.registry_id}'"
    ),
)
_says(
    errors.TagImmutable,
    "ImageTagAlreadyExistsException",
    lambda r: (
        f"The image tag '{r.tag}' already exists in the '{r.name}' repository and cannot be overwritten "
        "because the tag is immutable."
    ),
)
_says(
    errors.DigestMismatch,
    "ImageDigestDoesNotMatchException",
    lambda r: (
        f"The image with digest '{r.digest}' in repository '{r.name}' and registry ID '{r.registry_id}' does "
        "not match the image digest that Amazon ECR has calculated."
    ),
)
_says(errors.LayersNotFound, "LayersNotFoundException", lambda r: _required("Layers", r))
_says(errors.ReferencedImagesNotFound, "ReferencedImagesNotFoundException", lambda r: _required("Images", r))
_says(errors.LayerNotFound, "LayersNotFoundException", lambda r: f"{_layer(r)} does not exist")
_says(
    errors.LayerInaccessible,
    "LayerInaccessibleException",
    lambda r: f"{_layer(r)} is not available because it is not associated with an image",
)
_says(
    errors.LayerArchived,
    "LayerInaccessibleException",
    lambda r: f"{_layer(r)} is archived, with every image that uses it",
)
_says(
    errors.LayerUnreadable,
    "LayerUnreadableException",
    lambda r: f"{_layer(r)} is no archive whose files can be listed",
)
_says(errors.LayerExists, "LayerAlreadyExistsException", lambda r: f"{_layer(r)} already exists")
_says(errors.UploadNotFound, "UploadNotFoundException", lambda r: f"{_upload(r)} does not exist")
_says(
    errors.UploadEmpty,
    "EmptyUploadException",
    lambda r: f"{_upload(r)} cannot be completed because it does not have any parts",
)
_says(
    errors.PartTooSmall,
    "LayerPartTooSmallException",
    lambda r: f"{_upload(r)} has a part other than its last that is smaller than 5 MiB",
)
_says(
    errors.LayerDigestInvalid,
    "InvalidLayerException",
    lambda r: f"{_upload(r)} does not have the digest '{r.announced}'",
)
_says(
    errors.EntityNotFound,
    "NoSuchEntityException",
    lambda r: f"The {r.kind} with name {r.name} cannot be found.",
)
_says(
    errors.EntityExists,
    "EntityAlreadyExistsException",
    lambda r: f"{r.kind} with name {r.name} already exists.",
)
_says(errors.DeleteConflict, "DeleteConflictException", lambda r: r.reason)
_says(
    errors.QuotaExceeded,
    "LimitExceededException",
    lambda r: f"Cannot exceed quota for {r.what}: {r.quota}",
)
_says(errors.PolicyMalformed, "MalformedPolicyDocumentException", lambda r: r.reason)
_says(errors.InputInvalid, "InvalidInputException", lambda r: r.reason)
_says(
    errors.PolicyTooLarge,
    "PackedPolicyTooLargeException",
    lambda r: f"Packed size of session tags and policies consumes {r.percent}% of allotted space.",
)
_says(errors.SessionRefused, "AccessDeniedException", lambda r: r.reason)
_says(errors.IdentityTokenInvalid, "InvalidIdentityTokenException", lambda r: r.reason)
_says(
    errors.IssuerUnreachable,
    "IDPCommunicationErrorException",
    lambda _: (
        "Couldn't retrieve verification key from your identity provider,  please reference "
        "AssumeRoleWithWebIdentity documentation for requirements"
    ),
)
