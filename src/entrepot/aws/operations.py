"""Operations and those who perform them: the registry that handlers put themselves into."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Never, Protocol, TypeVar, cast

from entrepot.aws.codec import Params
from entrepot.domain.principals import Principal

ANONYMOUS = Principal(account="", arn="anonymous", user_id="anonymous", access_key_id="")
"""The caller of an operation that AWS takes unsigned, such as STS AssumeRoleWithWebIdentity."""


@dataclass(frozen=True, slots=True)
class Call:
    """Everything about a call but its parameters; region and account are those of the signature.

    `host` and `scheme` are as the client wrote them, `source_ip` the client's address, `user_agent` what it
    calls itself, None where it says nothing.
    """

    operation: str
    account: str
    region: str
    caller: Principal
    request_id: str
    received_at: datetime
    host: str
    scheme: str
    source_ip: str
    user_agent: str | None = None

    @property
    def is_secure(self) -> bool:
        """Whether the client came over TLS."""
        return self.scheme == "https"


P_contra = TypeVar("P_contra", contravariant=True)


class Handler(Protocol[P_contra]):
    """Performs one operation; the answer holds members of its output shape, None for absent ones."""

    async def __call__(self, call: Call, params: P_contra, /) -> Mapping[str, object]: ...


# A handler takes its own TypedDict, which the decoder of the same operation builds: Handler[Never] is
# the type that all of them share.
AnyHandler = Handler[Never]
H = TypeVar("H", bound=AnyHandler)


class Operations:
    """The offered operations of one service, by name."""

    def __init__(self, handlers: Mapping[str, AnyHandler] | None = None) -> None:
        self._handlers: dict[str, AnyHandler] = dict(handlers or {})

    def register(self, name: str) -> Callable[[H], H]:
        """A decorator that offers an operation; a second handler for one name is a bug."""

        def add(handler: H) -> H:
            if name in self._handlers:
                raise ValueError(f"{name} has a handler already")
            self._handlers[name] = handler
            return handler

        return add

    def find(self, name: str) -> Handler[Params] | None:
        """The handler of an operation, None where it is not offered."""
        return cast("Handler[Params] | None", self._handlers.get(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._handlers)
