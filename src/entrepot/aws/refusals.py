"""Refusals of the wire itself: signatures, serialization, unknown names.

Each function builds one of them, with AWS's code, status and sentence for JSON services; what Query
services say differently stands in `faults.py`. No sentence ever carries a secret, a signature or a
canonical string.
"""

from dataclasses import dataclass

from entrepot.domain.errors import Refusal

LONGEST_ECHO = 128


@dataclass(eq=False)
class WireFault(Refusal):
    """A request that AWS's front would turn away before any service sees it."""

    code: str
    status: int
    message: str


def missing_token() -> WireFault:
    """No credentials at all."""
    return WireFault("MissingAuthenticationTokenException", 400, "Missing Authentication Token")


def incomplete_signature(reason: str) -> WireFault:
    """The Authorization header or its query form cannot be read."""
    return WireFault("IncompleteSignatureException", 400, reason)


def invalid_signature(reason: str) -> WireFault:
    """Readable, but of another scope, time or request."""
    return WireFault("InvalidSignatureException", 400, reason)


def foreign_region(region: str) -> WireFault:
    """Signed for a region that is none, or not the one of the host that was asked."""
    # The space at the end is AWS's (facts 1.3).
    return invalid_signature(f"Credential should be scoped to a valid region, not '{echo(region)}'. ")


def signature_mismatch() -> WireFault:
    """The signature is not the one that this request and key give."""
    return invalid_signature(
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method. "
        "Consult the service documentation for details."
    )


def unrecognized_client() -> WireFault:
    """An unknown or inactive key, or a session token that is not that key's."""
    return WireFault(
        "UnrecognizedClientException", 400, "The security token included in the request is invalid."
    )


def access_denied(reason: str) -> WireFault:
    """A call that no policy could allow, in the words of its service."""
    return WireFault("AccessDeniedException", 400, reason)


def expired_token() -> WireFault:
    """The session of the key is over."""
    return WireFault("ExpiredTokenException", 400, "The security token included in the request is expired")


def unknown_operation(name: str) -> WireFault:
    """No offered service has an operation of this name."""
    return WireFault("UnknownOperationException", 404, f"The operation '{echo(name)}' does not exist.")


def serialization(reason: str) -> WireFault:
    """The body is not what the operation's model describes."""
    return WireFault("SerializationException", 400, reason)


def malformed_query(reason: str) -> WireFault:
    """A query string or form that cannot be read one way only."""
    return WireFault("MalformedQueryString", 400, f"The query string is malformed: {reason}.")


def validation(reason: str) -> WireFault:
    """A constraint of the model is broken, said as most AWS services say it."""
    return WireFault("ValidationException", 400, reason)


def echo(text: str) -> str:
    """What a caller sent, safe to send back: short, and of printable characters only."""
    cut = text[:LONGEST_ECHO]
    shown = "".join(c if c.isprintable() else "?" for c in cut)
    return shown if cut == text else shown + "…"
