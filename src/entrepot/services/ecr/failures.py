"""Why one image of a batch was left out, in ECR's failure codes (private-registry.md, 1.2.1)."""

from entrepot.aws.faults import pinned
from entrepot.domain.errors import (
    DigestUnsupported,
    ImageArchived,
    ImageIdEmpty,
    ImageNotFound,
    ImagePinned,
    ImageReferenced,
    InvalidParameter,
    Refusal,
    TagNamesAnother,
)

_DIGEST_PATTERN = "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+"


def failure_of(refusal: Refusal) -> tuple[str, str]:
    """(failureCode, failureReason); a refusal that concerns the whole batch is raised again."""
    match refusal:
        case ImageNotFound():
            return "ImageNotFound", "Requested image not found"
        case ImageArchived():
            return "ImageInaccessible", f"Requested image is not accessible: its status is {refusal.status}"
        case ImageIdEmpty():
            return "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"
        case DigestUnsupported():
            reason = f"image digest should satisfy the regex '{_DIGEST_PATTERN}'"
            return "InvalidImageDigest", f"Invalid request parameters: {reason}"
        case InvalidParameter():
            return "InvalidImageTag", f"Invalid request parameters: image tag {refusal.reason}"
        case TagNamesAnother():
            return "ImageTagDoesNotMatchDigest", "The image tag does not match the image digest"
        case ImageReferenced():
            listed = ", ".join(refusal.by)
            return "ImageReferencedByManifestList", f"Requested image referenced by manifest list: [{listed}]"
        case ImagePinned():
            # Of ECR's codes the one that says that something else has to go first: clients know no others.
            return "ImageReferencedByManifestList", pinned(refusal)
    raise refusal
