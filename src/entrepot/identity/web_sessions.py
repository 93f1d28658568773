"""Sessions of roles for holders of identity tokens, who have no key of ours: AssumeRoleWithWebIdentity."""

from dataclasses import dataclass, replace

from entrepot.domain import audit
from entrepot.domain.errors import IdentityTokenInvalid, SessionRefused
from entrepot.domain.identities import Identity, IdentityKind, OidcProvider
from entrepot.domain.policy.policies import Applicable, Policies
from entrepot.domain.policy.requests import Context, web_identity
from entrepot.domain.web_identities import WebIdentity, issuer_url, read_claims
from entrepot.identity.auditing import performed_by
from entrepot.identity.authorities import Authority
from entrepot.identity.decisions import Decisions
from entrepot.identity.documents import find_identity
from entrepot.identity.identity_tokens import read_token, verify
from entrepot.identity.issuer_keys import IssuerKeys
from entrepot.identity.sessions import AskedSession, BegunSession, Sessions
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store

_ACTION = "sts:AssumeRoleWithWebIdentity"
_NOTHING = Applicable(Policies(()))


@dataclass(frozen=True, slots=True)
class BegunWebSession:
    """A new session, and whom the token named to whom."""

    session: BegunSession
    identity: WebIdentity
    provider: OidcProvider


class WebSessions:
    """Begins sessions for identity tokens; each refusal is STS's."""

    def __init__(
        self, store: Store, sessions: Sessions, decisions: Decisions, keys: IssuerKeys, clock: Clock
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._decisions = decisions
        self._keys = keys
        self._clock = clock

    async def assume_role(
        self, role_arn: str, text: str, asked: AskedSession, context: Context
    ) -> BegunWebSession:
        """A session of the role, if its trust policy lets in whom the token names.

        The token's issuer has to be a provider of the role's own account, and its keys are fetched from
        there; no other word of the token counts before its signature does.
        """
        token = read_token(text)
        provider, role = await self._store.read(lambda records: _find(records, role_arn, token.issuer))
        if provider is None:
            raise IdentityTokenInvalid(
                f"No OpenIDConnect provider found in your account for {token.issuer[:255]}"
            )
        claims = verify(token, await self._keys.find(provider, token))
        identity = read_claims(claims, provider, self._clock())
        performed_by(
            audit.web_identity(provider=provider.arn, audience=identity.audience, subject=identity.subject)
        )
        asked = replace(asked, tags=identity.tags, transitive_tags=identity.transitive_tags)
        role = await self._check_trusted(role, provider, identity, asked, context)
        return BegunWebSession(
            await self._sessions.begin_for_provider(provider, role, asked), identity, provider
        )

    async def _check_trusted(
        self,
        role: Identity | None,
        provider: OidcProvider,
        identity: WebIdentity,
        asked: AskedSession,
        context: Context,
    ) -> Identity:
        """The role; raises in the same words where it does not exist and where it does not trust."""
        others = {**identity.keys, "sts:rolesessionname": asked.name}
        if asked.transitive_tags:
            others["sts:transitivetagkeys"] = asked.transitive_tags
        context = replace(context, request_tags=asked.tags, tag_keys=tuple(asked.tags), others=others)
        actions = [_ACTION, *(["sts:TagSession"] if asked.tags else [])]
        if role is None:
            raise SessionRefused(f"Not authorized to perform {_ACTION}")
        # Policies of no account speak for whoever holds a token: the trust policy alone decides.
        holder = Authority(web_identity(provider.arn), _NOTHING)
        for action in actions:
            decision = await self._decisions.judge(
                holder, action, account=role.account, resource=role.arn, context=context, role=role
            )
            if not decision.is_allowed:
                raise SessionRefused(f"Not authorized to perform {action}")
        return role


async def _find(records: Records, role_arn: str, issuer: str) -> tuple[OidcProvider | None, Identity | None]:
    """The issuer's provider in the account that the ARN names, and the role, None where there is none."""
    account, url = role_arn.removeprefix("arn:aws:iam::").partition(":")[0], issuer_url(issuer)
    provider = None if url is None else await records.oidc_providers.find(account, url)
    role = await find_identity(records, role_arn)
    return provider, role if role is not None and role.kind is IdentityKind.ROLE else None
