"""Policy documents on their way in: the right kind, not too long, and about principals that exist."""

from entrepot.domain.errors import PolicyMalformed, QuotaExceeded
from entrepot.domain.identities import Identity, IdentityKind
from entrepot.domain.policy.documents import Document, Kind
from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.identity.authorities import compile_document
from entrepot.ports.records import Records

MANAGED_LIMIT = 6144  # characters without white space, as all of these ("IAM and STS quotas")
TRUST_LIMIT = 2048
INLINE_LIMITS = {IdentityKind.USER: 2048, IdentityKind.GROUP: 5120, IdentityKind.ROLE: 10_240}


def check_document(text: str, kind: Kind, *, limit: int | None = None, quota: str = "") -> Document:
    """The parsed document; raises PolicyMalformed, or QuotaExceeded where it is longer than the limit."""
    if limit is not None and size_of(text) > limit:
        raise QuotaExceeded(quota, limit)
    try:
        return compile_document(text, kind)
    except MalformedPolicy as cause:
        raise PolicyMalformed(str(cause)) from cause


def size_of(text: str) -> int:
    """How many characters count against a quota."""
    return sum(not character.isspace() for character in text)


async def check_principals(records: Records, document: Document) -> None:
    """Raises PolicyMalformed where the document names an account, user or role that does not exist here."""
    stranger = await find_stranger(records, document)
    if stranger is not None:
        raise PolicyMalformed(f'Invalid principal in policy: "AWS":"{stranger}"')


async def find_stranger(records: Records, document: Document) -> str | None:
    """An account, user or role that the document names and that does not exist here; None where all do."""
    for account in sorted(document.accounts()):
        if not await records.accounts.exists(account):
            return account
    for arn in sorted(document.principal_arns()):
        if arn.startswith("arn:aws:iam:") and await find_identity(records, arn) is None:
            return arn
    return None


async def find_identity(records: Records, arn: str) -> Identity | None:
    """The user, group or role of this very ARN."""
    account, _, resource = arn.removeprefix("arn:aws:iam::").partition(":")
    kind, _, path_and_name = resource.partition("/")
    found = next((each for each in IdentityKind if each.value == kind), None)
    if found is None:
        return None
    identity = await records.identities.find(account, found, path_and_name.rpartition("/")[2])
    return identity if identity is not None and identity.arn == arn else None
