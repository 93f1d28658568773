"""Registry tokens, the passwords of `docker login`, and the tokens inside layer download URLs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from entrepot.domain.digests import Digest, parse_digest
from entrepot.domain.errors import DigestUnsupported, InvalidParameter, TokenExpired, TokenRejected
from entrepot.domain.names import Registry, RepositoryName, parse_repository_name
from entrepot.domain.principals import Principal
from entrepot.identity.credentials import Credentials
from entrepot.identity.signing import Signer
from entrepot.ports.clock import Clock

TOKEN_LIFE = timedelta(hours=12)  # ECR API, GetAuthorizationToken
DOWNLOAD_LIFE = timedelta(hours=1)  # X-Amz-Expires of the URLs that ECR hands out


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A registry token; it holds no `:`, because clients split `AWS:<token>` there."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Download:
    """What one download URL opens."""

    registry: Registry
    name: RepositoryName
    digest: Digest
    principal: Principal


class Tokens:
    """Issues and reads tokens; whose key a token was made with is looked up at every use.

    So a token ends with its key: at once when the key goes or its tokens are revoked, at the latest after
    `life`, which is TOKEN_LIFE or shorter.
    """

    def __init__(
        self, signer: Signer, credentials: Credentials, clock: Clock, *, life: timedelta = TOKEN_LIFE
    ) -> None:
        self._signer = signer
        self._credentials = credentials
        self._clock = clock
        self._life = life

    async def issue(self, principal: Principal, registry: Registry) -> IssuedToken:
        """A token for the principal, good in one account's registry of one region.

        TokenRejected when the key that it is asked with has gone meanwhile.
        """
        number = await self._credentials.token_number(principal.access_key_id, is_fresh=True)
        expires_at = self._clock() + self._life
        if principal.expires_at is not None:
            expires_at = min(expires_at, principal.expires_at)
        expires_at = expires_at.replace(microsecond=0)
        payload = self._payload(principal, registry, expires_at, number)
        token = await self._signer.sign("registry-token", payload)
        return IssuedToken(token, expires_at)

    async def read(self, token: str) -> tuple[Principal, Registry]:
        """Who holds the token and where it is good; raises TokenExpired or TokenRejected."""
        payload = await self._signer.read("registry-token", token)
        return await self._holder(payload), _registry(payload)

    async def issue_download(
        self, principal: Principal, registry: Registry, name: RepositoryName, digest: Digest
    ) -> str:
        """A token that opens GET and HEAD of one layer as this principal for DOWNLOAD_LIFE."""
        number = await self._credentials.token_number(principal.access_key_id)
        expires_at = self._clock() + DOWNLOAD_LIFE
        payload = self._payload(principal, registry, expires_at, number)
        return await self._signer.sign("layer-download", payload | {"n": name, "d": digest})

    async def read_download(self, token: str) -> Download:
        """What the URL opens; raises TokenExpired or TokenRejected."""
        payload = await self._signer.read("layer-download", token)
        principal = await self._holder(payload)
        try:
            name, digest = parse_repository_name(str(payload["n"])), parse_digest(str(payload["d"]))
        except (KeyError, InvalidParameter, DigestUnsupported) as cause:
            raise TokenRejected from cause
        return Download(_registry(payload), name, digest, principal)

    def _payload(
        self, principal: Principal, registry: Registry, expires_at: datetime, number: int
    ) -> dict[str, str | int]:
        return {
            "k": principal.access_key_id,
            "a": registry.account,
            "r": registry.region,
            "e": int(expires_at.timestamp()),
            **({"v": number} if number else {}),
        }

    async def _holder(self, payload: Mapping[str, str | int]) -> Principal:
        if datetime.fromtimestamp(int(payload["e"]), UTC) <= self._clock():
            raise TokenExpired
        principal = await self._credentials.holder(str(payload["k"]), int(payload.get("v", 0)))
        if principal is None:
            raise TokenRejected
        return principal


def _registry(payload: Mapping[str, str | int]) -> Registry:
    return Registry(account=str(payload["a"]), region=str(payload["r"]))
