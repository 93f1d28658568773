"""Who is doing what at this moment, and the store that writes it down with what is done.

A door says what a request is about to do; the transaction in which it changes something then holds its
event too, so that the one is never there without the other. The use cases between them know nothing of
it but what only they can tell: an id that they made.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TypeVar

from entrepot.domain.audit import (
    NOISE_BITS,
    Actor,
    AuditEvent,
    Deed,
    Resource,
    arn_of,
    shown,
    shown_members,
)
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store

T = TypeVar("T")


class Doing:
    """The deed under way, as far as it is known; drawn up only where something comes of it."""

    __slots__ = ("_deed", "_draw", "_resources", "is_void")

    def __init__(self, draw: Callable[[], Deed]) -> None:
        self._draw = draw
        self._deed: Deed | None = None
        self._resources: dict[Resource, None] = {}
        self.is_void = False

    @property
    def deed(self) -> Deed:
        """All that is known of it."""
        if self._deed is None:
            self._deed = self._draw()
        return replace(
            self._deed, resources=tuple({**dict.fromkeys(self._deed.resources), **self._resources})
        )

    @deed.setter
    def deed(self, deed: Deed) -> None:
        self._deed = deed

    def concern(self, resource: Resource) -> None:
        """It is done to this too."""
        self._resources[resource] = None


_current: ContextVar[Doing | None] = ContextVar("doing", default=None)


@contextmanager
def doing(draw: Callable[[], Deed]) -> Iterator[None]:
    """What is changed meanwhile is changed by this deed; most requests never ask for it."""
    token = _current.set(Doing(draw))
    try:
        yield
    finally:
        _current.reset(token)


def under_way() -> Deed | None:
    """The deed at this moment; None of work that no request asked for."""
    found = _current.get()
    return found.deed if found is not None else None


def caller_arn() -> str | None:
    """Who is at work; None of work that no request asked for."""
    found = _current.get()
    return None if found is None else arn_of(found.deed.actor)


def turn_to(name: str, **parameters: object) -> None:
    """The next step of the same request: another event, about the same resources."""
    found = _current.get()
    if found is not None:
        found.deed = replace(found.deed, name=name, parameters=shown(parameters), elements={})


def tell(**elements: object) -> None:
    """What is made now and the request does not name; secrets are left out here too."""
    found = _current.get()
    if found is not None:
        deed = found.deed
        found.deed = replace(deed, elements={**deed.elements, **shown_members(elements)})


def undone() -> None:
    """Nothing came of the transaction that is at work, so it has no event."""
    found = _current.get()
    if found is not None:
        found.is_void = True


def concern(account: str, arn: str) -> None:
    """It is done to this too, which the account owns; `*` is nothing in particular."""
    found = _current.get()
    if found is not None and arn != "*":
        found.concern(Resource(arn, account))


def performed_by(actor: Actor) -> None:
    """It turns out only now who it is: of a web identity, once its token was verified."""
    found = _current.get()
    if found is not None:
        found.deed = replace(found.deed, actor=actor)


class AuditedStore:
    """A store whose transactions each hold the events of the deed that they belong to.

    Where no deed is under way it is the store alone: jobs write what happens by themselves.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def version(self) -> int | None:
        return self._store.version()

    def commits(self) -> int | None:
        return self._store.commits()

    async def read(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._store.read(body)

    async def scan(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._store.scan(body)

    async def write(self, body: Callable[[Records], Awaitable[T]]) -> T:
        found = _current.get()
        if found is None:
            return await self._store.write(body)

        async def with_events(records: Records) -> T:
            found.is_void = False
            result = await body(records)
            if found.is_void:
                return result
            deed = found.deed  # the body may have told more of it
            noises = [noise() for _ in range(1 + len(deed.resources))]
            await records.audit_events.add_last(deed.done(self._clock(), noises))
            return result

        return await self._store.write(with_events)

    async def write_apart(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._store.write_apart(body)  # of which the audit has nothing to tell


def refusal_of(deed: Deed, clock: Clock, code: str, message: str) -> AuditEvent:
    """The event of a deed that was refused."""
    return deed.refused(clock(), noise(), code, message)


def noise() -> int:
    """What tells events of one microsecond apart."""
    return secrets.randbits(NOISE_BITS)
