"""One request under way: who asks what, with the parts of it that doors read."""

from dataclasses import dataclass

from aiohttp import web

from entrepot.domain.names import Registry
from entrepot.domain.principals import Principal
from entrepot.oci.access import Access, Caller
from entrepot.oci.bodies import Body
from entrepot.oci.queries import Query


@dataclass(frozen=True, slots=True)
class Visit:
    """An authenticated and authorized request."""

    request: web.BaseRequest
    request_id: str
    body: Body
    query: Query
    caller: Caller
    access: Access

    @property
    def method(self) -> str:
        """GET, HEAD, PUT, …"""
        return self.request.method

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return self.caller.principal

    @property
    def registry(self) -> Registry:
        """Before which registry."""
        return self.caller.registry

    async def require(self, action: str, name: str, *, tag: str | None = None) -> None:
        """Raises AccessDenied unless the caller may do this, too, to the repository or a tag in it."""
        await self.access.require(self.caller, action, name, tag=tag)

    def lines(self, header: str) -> list[str]:
        """Every line of a header."""
        return self.request.headers.getall(header, [])
