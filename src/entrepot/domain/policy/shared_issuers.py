"""Issuers whose tokens anybody can have, and the claim that a trust policy must ask for to mean its own.

IAM's guide, "Identity-provider controls for shared OIDC providers": without it, every workflow on GitHub
could assume the role.
"""

from entrepot.domain.policy.conditions import Condition
from entrepot.domain.policy.documents import Document, Effect, Statement

REQUIRED_CLAIMS = {
    "agent.buildkite.com": "sub",
    "api.pulumi.com/oidc": "aud",
    "app.terraform.io": "sub",
    "gitlab.com": "sub",
    "oidc-configuration.audit-log.githubusercontent.com": "sub",
    "oidc.codefresh.io": "sub",
    "oidc.vercel.com": "aud",
    "proidc.upbound.io": "sub",
    "sandboxes.cloud": "aud",
    "scalr.io": "sub",
    "studio.datachain.ai/api": "sub",
    "token.actions.githubusercontent.com": "sub",
    "tokens.cloud.shisho.dev": "sub",
    "vstoken.actions.githubusercontent.com": "sub",
}

_NARROWING = frozenset({"stringequals", "stringequalsignorecase", "stringlike"})


def find_open_door(document: Document) -> str | None:
    """A condition key that the trust policy has to ask for and does not; None where it asks for all."""
    for statement in document.statements:
        if statement.effect is not Effect.ALLOW or statement.principals is None:
            continue
        for provider in sorted(statement.principals.providers):
            url = provider.partition(":oidc-provider/")[2].lower()
            claim = REQUIRED_CLAIMS.get(url)
            if claim is not None and not _asks(statement, f"{url}:{claim}"):
                return f"{url}:{claim}"
    return None


def _asks(statement: Statement, key: str) -> bool:
    return any(_narrows(condition, key) for condition in statement.conditions)


def _narrows(condition: Condition, key: str) -> bool:
    """Whether a token without the claim fails the condition, and one with just any value too."""
    operator = condition.operator.lower().removeprefix("foranyvalue:")
    is_narrow = operator in _NARROWING and all(value.strip("*?") for value in condition.values)
    return is_narrow and condition.key.lower() == key
