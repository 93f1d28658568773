"""What a repository and its registry say of who may use them, read once and kept while it is true."""

from dataclasses import dataclass

from entrepot.domain.errors import InvalidParameter
from entrepot.domain.names import Registry, RepositoryName, parse_repository_arn
from entrepot.domain.policy.documents import Kind
from entrepot.domain.policy.policies import Policies
from entrepot.domain.policy.scopes import REGISTRY_POLICY_SCOPE, RegistryScope
from entrepot.domain.versioned import Versioned
from entrepot.identity.authorities import compile_policies, held_version
from entrepot.ports.records import Records, Store


@dataclass(frozen=True, slots=True)
class ResourceSide:
    """The policies on the side of what is asked for; none where nobody wrote any.

    `own` is the repository's, `shared` the registry's, which counts as far as its scope goes.
    """

    own: tuple[Policies, ...]
    shared: tuple[Policies, ...]
    scope: RegistryScope

    def policies_on(self, action: str) -> tuple[Policies, ...]:
        """Those that have a say in this action of ECR."""
        return self.own + self.shared if self.scope.governs(action) else self.own


class ResourcePolicies:
    """Finds the policies of each repository and registry."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = Versioned[tuple[str, str, str | None], ResourceSide]()

    async def of(
        self, resource: str, *, account: str, region: str | None, proposed: str | None = None
    ) -> ResourceSide:
        """Those of a repository's ARN and of its registry; for `*`, of the account's registry there.

        A repository that does not exist has none of its own. `proposed` stands in place of the repository's
        own, to see what it would do.
        """
        version, key = held_version(self._store), (resource, account, region)
        found = self._known.find(key, version) if proposed is None else None
        if found is None:
            place = _place(resource, account, region)
            found = await self._store.read(lambda records: _side(records, *place, proposed))
            if proposed is None:
                self._known.keep(key, version, found)
        return found


def _place(resource: str, account: str, region: str | None) -> tuple[Registry, RepositoryName | None]:
    """Where the resource is; no name for `*` and for all repositories of a registry."""
    try:
        return parse_repository_arn(resource)
    except InvalidParameter:
        return Registry(account, region or ""), None


async def _side(
    records: Records, registry: Registry, name: RepositoryName | None, proposed: str | None = None
) -> ResourceSide:
    own = proposed if proposed is not None or name is None else await _own(records, registry, name)
    shared = await records.registry_policies.find(registry)
    return ResourceSide(
        _compiled(Kind.REPOSITORY, own),
        _compiled(Kind.REGISTRY, shared),
        await scope_of(records, registry),
    )


def _compiled(kind: Kind, text: str | None) -> tuple[Policies, ...]:
    return (compile_policies(kind, [(kind.value, text)]),) if text else ()


async def scope_of(records: Records, registry: Registry) -> RegistryScope:
    """The scope of the registry's policy."""
    chosen = await records.settings.find(registry, REGISTRY_POLICY_SCOPE)
    return RegistryScope(chosen) if chosen else RegistryScope.V2


async def _own(records: Records, registry: Registry, name: RepositoryName) -> str | None:
    repository = await records.repositories.find(registry, name)
    return None if repository is None else await records.repository_policies.find(repository.id)
