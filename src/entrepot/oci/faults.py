"""The OCI side of every refusal: its code, status, sentence and headers.

Codes are the distribution specification's ("Error Codes"), statuses its own where it gives one, else
ECR's; the sentences are those of the AWS side but for the few that ECR words differently on `/v2/`
(facts 4.1, 4.2).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from entrepot.aws import faults as aws_faults
from entrepot.domain import errors
from entrepot.domain.errors import Refusal
from entrepot.domain.names import RepositoryName
from entrepot.oci import refusals
from entrepot.oci.routes import UploadAt, path_of


@dataclass(frozen=True, slots=True)
class Fault:
    """What a refusal looks like on `/v2/`; without a sentence the AWS side's is said."""

    code: str
    status: int
    message: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_TABLE: dict[type[Refusal], Fault] = {
    errors.AccessDenied: Fault("DENIED", 403),
    errors.AccountNotFound: Fault("NAME_UNKNOWN", 404),
    errors.BodyCutShort: Fault("BLOB_UPLOAD_INVALID", 400),
    errors.DigestMismatch: Fault("DIGEST_INVALID", 400),
    errors.DigestUnsupported: Fault("DIGEST_INVALID", 400),
    errors.ImageArchived: Fault("MANIFEST_UNKNOWN", 404),
    errors.ImageExists: Fault("TAG_INVALID", 400),
    errors.ImageIdEmpty: Fault("MANIFEST_INVALID", 400, "A manifest is asked for by tag or by digest"),
    errors.ImageNotFound: Fault("MANIFEST_UNKNOWN", 404, "Requested image not found"),
    errors.ImagePinned: Fault("UNSUPPORTED", 405),
    errors.ImageReferenced: Fault("UNSUPPORTED", 405),
    errors.Invalid: Fault("UNSUPPORTED", 400),
    errors.InvalidParameter: Fault("UNSUPPORTED", 400),
    errors.InvalidTag: Fault("UNSUPPORTED", 400),
    errors.KeyUnusable: Fault("DENIED", 403),
    errors.LayerArchived: Fault("BLOB_UNKNOWN", 404),
    errors.LayerDigestInvalid: Fault("DIGEST_INVALID", 400),
    errors.LayerExists: Fault("BLOB_UPLOAD_INVALID", 400),
    errors.LayerInUse: Fault("UNSUPPORTED", 405),
    errors.LayerInaccessible: Fault("BLOB_UNKNOWN", 404),
    errors.LayerNotFound: Fault("BLOB_UNKNOWN", 404),
    errors.LayersNotFound: Fault("MANIFEST_BLOB_UNKNOWN", 404),
    errors.ManifestInvalid: Fault("MANIFEST_INVALID", 400),
    errors.NotAcceptable: Fault("MANIFEST_UNKNOWN", 404),
    errors.NotOffered: Fault("UNSUPPORTED", 405),
    errors.PartTooSmall: Fault("BLOB_UPLOAD_INVALID", 400),
    errors.RangeInvalid: Fault("RANGE_INVALID", 416),
    errors.ReadOnly: Fault("DENIED", 403),
    errors.ReferencedImagesNotFound: Fault("MANIFEST_BLOB_UNKNOWN", 404),
    errors.RegistryPolicyNotFound: Fault("UNSUPPORTED", 404),
    errors.RepositoryExists: Fault("NAME_INVALID", 400),
    errors.RepositoryNotEmpty: Fault("UNSUPPORTED", 405),
    errors.RepositoryPinned: Fault("UNSUPPORTED", 405),
    errors.RepositoryNotFound: Fault("NAME_UNKNOWN", 404),
    errors.RepositoryPolicyNotFound: Fault("UNSUPPORTED", 404),
    errors.TagImmutable: Fault("TAG_INVALID", 400),
    errors.TagNamesAnother: Fault("TAG_INVALID", 400, "The tag names another image than the digest"),
    errors.TokenExpired: Fault(
        "DENIED", 403, "Your authorization token has expired. Reauthenticate and try again."
    ),
    errors.TokenRejected: Fault("DENIED", 403, "The signature of this request is not valid"),
    errors.TooLarge: Fault("SIZE_INVALID", 413),
    errors.TooMany: Fault("DENIED", 403),
    errors.TooManyTags: Fault("DENIED", 403),
    errors.Unauthenticated: Fault("UNAUTHORIZED", 401, "Not Authorized"),
    errors.UploadEmpty: Fault("BLOB_UPLOAD_INVALID", 400),
    errors.UploadNotFound: Fault("BLOB_UPLOAD_UNKNOWN", 404),
    errors.UploadOutOfOrder: Fault("BLOB_UPLOAD_INVALID", 416),
    # What else ECR, IAM and STS refuse has no place in the registry protocol, which never asks for it.
    errors.DeleteConflict: Fault("UNSUPPORTED", 400),
    errors.DeletedImageNotFound: Fault("UNSUPPORTED", 404),
    errors.DeletedRepositoryNotFound: Fault("UNSUPPORTED", 404),
    errors.EntityExists: Fault("UNSUPPORTED", 400),
    errors.EntityNotFound: Fault("UNSUPPORTED", 404),
    errors.ExclusionExists: Fault("UNSUPPORTED", 400),
    errors.ExclusionNotFound: Fault("UNSUPPORTED", 404),
    errors.IdentityTokenExpired: Fault("UNAUTHORIZED", 401),
    errors.IdentityTokenInvalid: Fault("UNAUTHORIZED", 401),
    errors.InputInvalid: Fault("UNSUPPORTED", 400),
    errors.IssuerUnreachable: Fault("UNAUTHORIZED", 401),
    errors.LifecyclePolicyNotFound: Fault("UNSUPPORTED", 404),
    errors.LifecyclePreviewNotFound: Fault("UNSUPPORTED", 404),
    errors.LifecyclePreviewUnderWay: Fault("UNSUPPORTED", 400),
    errors.LayerUnreadable: Fault("UNSUPPORTED", 400),
    errors.NothingToRestore: Fault("UNSUPPORTED", 404),
    errors.PartsMissing: Fault("UNSUPPORTED", 400),
    errors.PinNotFound: Fault("UNSUPPORTED", 404),
    errors.PolicyMalformed: Fault("UNSUPPORTED", 400),
    errors.PolicyTooLarge: Fault("UNSUPPORTED", 400),
    errors.QuotaExceeded: Fault("UNSUPPORTED", 400),
    errors.ReportNotFound: Fault("UNSUPPORTED", 404),
    errors.RepositoryProtected: Fault("UNSUPPORTED", 400),
    errors.SessionRefused: Fault("DENIED", 403),
    errors.StorageClassFixed: Fault("UNSUPPORTED", 400),
    refusals.ChunkMisplaced: Fault("BLOB_UPLOAD_INVALID", 416),
    refusals.MethodNotOffered: Fault("UNSUPPORTED", 405, "The operation is unsupported."),
    refusals.RouteUnknown: Fault("NAME_UNKNOWN", 404, "No such page in a registry"),
    refusals.TokenElsewhere: Fault(
        "DENIED", 403, "Your authorization token is not valid in this region. Reauthenticate and try again."
    ),
}

_BY_PARAMETER = {
    "repositoryName": Fault("NAME_INVALID", 400),
    "imageTag": Fault("TAG_INVALID", 400),
    "maxResults": Fault("UNSUPPORTED", 405),  # facts 4.3, 4.4
}


def fault(refusal: Refusal) -> Fault:
    """The fault of a refusal; a class without one is a bug, and a test finds it first."""
    found = _TABLE[type(refusal)]
    if isinstance(refusal, errors.InvalidParameter):
        found = _BY_PARAMETER.get(refusal.parameter, found)
    return Fault(found.code, found.status, found.message or _sentence(refusal), _headers(refusal))


def is_covered(kind: type[Refusal]) -> bool:
    """Whether the table names this very class."""
    return kind in _TABLE


def refused(refusal: Refusal) -> web.Response:
    """The answer to what was refused."""
    said = fault(refusal)
    # json, not orjson: a sentence may quote what a client sent, lone surrogates and all
    body = json.dumps({"errors": [{"code": said.code, "message": said.message}]})
    headers = {"Content-Type": "application/json", **said.headers}
    return web.Response(status=said.status, body=body.encode("ascii"), headers=headers)


def _sentence(refusal: Refusal) -> str:
    if isinstance(refusal, refusals.ChunkMisplaced):
        return refusal.reason
    return aws_faults.fault(refusal).message


def _headers(refusal: Refusal) -> dict[str, str]:
    match refusal:
        case errors.UploadOutOfOrder(upload_id=upload_id, name=name, held_bytes=held_bytes):
            return upload_headers(UploadAt(RepositoryName(name), upload_id), held_bytes)
        case errors.RangeInvalid(size_bytes=size_bytes):
            return {"Content-Range": f"bytes */{size_bytes}"}
        case refusals.MethodNotOffered(offered=offered):
            return {"Allow": ", ".join(offered)}
    return {}


def upload_headers(upload: UploadAt, held_bytes: int) -> dict[str, str]:
    """Where an upload goes on and how far it is; `0-0` also stands for nothing yet, as with ECR."""
    return {
        "Location": path_of(upload),
        "Range": f"0-{max(held_bytes - 1, 0)}",
        "Docker-Upload-UUID": upload.upload_id,
    }
