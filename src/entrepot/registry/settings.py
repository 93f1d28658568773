"""Account settings of a registry: what ECR lets an account switch."""

from entrepot.domain.errors import InvalidParameter
from entrepot.domain.names import Registry
from entrepot.domain.policy.scopes import REGISTRY_POLICY_SCOPE, RegistryScope
from entrepot.ports.records import Store

BLOB_MOUNTING = "BLOB_MOUNTING"

# Each setting's values, the default first. BASIC_SCAN_TYPE_VERSION keeps only the value that new accounts
# of ECR have: nothing here behaves in the older way.
_VALUES = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
    REGISTRY_POLICY_SCOPE: tuple(scope.value for scope in RegistryScope),
    BLOB_MOUNTING: ("ENABLED", "DISABLED"),
}


class AccountSettings:
    """Settings by name; one never written has its default."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, registry: Registry, name: str) -> str:
        """The setting's value; raises InvalidParameter for a name that is none."""
        values = _values(name)
        stored = await self._store.read(lambda records: records.settings.find(registry, name))
        return stored or values[0]

    async def put(self, registry: Registry, name: str, value: str) -> None:
        """Change the setting; raises InvalidParameter for a name or value that is none."""
        if value not in _values(name):
            raise InvalidParameter(
                "value", f"Member must satisfy enum value set: [{', '.join(_values(name))}]"
            )
        await self._store.write(lambda records: records.settings.put(registry, name, value))


def _values(name: str) -> tuple[str, ...]:
    values = _VALUES.get(name)
    if values is None:
        raise InvalidParameter("name", f"Member must satisfy enum value set: [{', '.join(sorted(_VALUES))}]")
    return values
