"""The real store and the real use cases, driven through the model's steps: they do what the model says.

Any walk through the model is taken by both, and after each step the rows and bytes of the one must be those
of the other. So what holds in all interleavings of the model holds of the transactions that it stands for.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from entrepot.domain.digests import digest_of
from entrepot.domain.errors import UploadNotFound
from entrepot.domain.images import ImageId
from entrepot.domain.media_types import OCI_MANIFEST
from entrepot.domain.recycling import DEFAULT_DAYS, bin_of
from entrepot.domain.repositories import Repository
from entrepot.ports.records import Records, UploadRow
from entrepot.registry import collection
from entrepot.registry.mounts import Mounts
from entrepot.storage.metadata.connection import Connection
from tests.unit.builders import REGISTRY, ROOT, World, chunks, describe, image_manifest, open_world
from tests.unit.model.protocol import (
    NOWHERE,
    STORED,
    UPLOADED,
    Blob,
    Held,
    State,
    Step,
    Upload,
    beginning,
    check,
    steps,
)

if TYPE_CHECKING:
    from entrepot.ports.blobs import StoredBlob

_CONTENT = b"the layer"
_DIGEST = digest_of(_CONTENT)
_GRACE = timedelta(hours=1)
_OLDEST = 3
_MANIFEST = image_manifest(config=describe(_CONTENT, OCI_MANIFEST))


_IMAGE = digest_of(_MANIFEST)


class RealStore(RuleBasedStateMachine):
    """A walk of its own choice through the model, and the same steps with the real thing."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.opened = AsyncExitStack()
        self.model = beginning(clients=2, bins=2, rounds=2, keys=3)
        self.keys: dict[int, str] = {}
        self.finishing: dict[int, tuple[UploadRow, StoredBlob | None]] = {}
        self.rounds: dict[int, tuple[datetime, Any]] = {}
        self.uploads: dict[int, UploadRow] = {}
        self.world: World = self.loop.run(self.opened.enter_async_context(open_world()))
        self.repositories = [self.loop.run(self.world.repository(name)) for name in ("one", "two")]

    def teardown(self) -> None:
        self.loop.run(self.opened.aclose())
        self.loop.close()

    @rule(choice=st.integers(min_value=0, max_value=999))
    def take_a_step(self, choice: int) -> None:
        possible = sorted(steps(self.model), key=lambda each: each[0].name)
        step, self.model = possible[choice % len(possible)]
        name = step.name.replace("-", "_")
        act: Callable[[Step], Coroutine[None, None, None]] = getattr(self, f"_{name}")
        self.loop.run(act(step))
        seen, expected = self.loop.run(self._seen()), self._expected()
        assert seen == expected, (step, seen, expected)
        check(self.model)

    async def _begin(self, step: Step) -> None:
        row = await self.world.uploads.begin(self._repository(step), ROOT)
        row = await self.world.uploads.append(self._repository(step), ROOT, row.id, chunks(_CONTENT))
        assert step.key is not None
        self.keys[step.key], self.uploads[step.actor] = row.upload.key, row

    async def _append(self, step: Step) -> None:
        """Nothing more is to come, and so the row alone is written, as with the last bytes."""
        row = self.uploads[step.actor]
        touched = replace(row, touched_at=self.world.clock.at)
        await self.world.store.write(
            lambda records: records.uploads.advance(touched, from_offset=row.upload.offset_bytes)
        )

    async def _look(self, step: Step) -> None:
        row = await self.world.uploads.get(self._repository(step), ROOT, self.uploads[step.actor].id)
        self.finishing[step.actor] = row, None

    async def _store(self, step: Step) -> None:
        row, _ = self.finishing[step.actor]
        self.finishing[step.actor] = row, await self.world.blobs.finish(row.upload)

    async def _hold(self, step: Step) -> None:
        row, stored = self.finishing.pop(step.actor)
        assert stored is not None
        with suppress(UploadNotFound):  # it was dropped, and so it is in the model
            await self.world.uploads._hold_layer(self._repository(step), row, _DIGEST, stored)

    async def _cancel(self, step: Step) -> None:
        await self.world.uploads.cancel(self._repository(step), ROOT, self.uploads[step.actor].id)

    async def _die(self, step: Step) -> None:
        del self.finishing[step.actor]

    async def _mount(self, step: Step) -> None:
        world, source = self.world, self.repositories[1 - step.actor]
        mounts = Mounts(world.store, world.settings, world.decisions, world.clock)
        assert await mounts._hold(self._repository(step), source, _DIGEST) is not None

    async def _push(self, step: Step) -> None:
        await self.world.push(self._repository(step), _MANIFEST)

    async def _delete_image(self, step: Step) -> None:
        _, failures = await self.world.deletions.delete_batch(self._repository(step), [ImageId(_IMAGE)])
        assert not failures

    async def _delete_for_good(self, step: Step) -> None:
        await self.world.recycle_bin.keep_for(REGISTRY, 0)
        await self._delete_image(step)
        await self.world.recycle_bin.keep_for(REGISTRY, DEFAULT_DAYS)

    async def _restore(self, step: Step) -> None:
        await self.world.restorations.image(self._repository(step), _IMAGE, tags=None, move=False)

    async def _erase(self, step: Step) -> None:
        assert await self.world.recycle_bin.purge_images(self._repository(step), [_IMAGE]) == 1

    async def _delete_layer(self, step: Step) -> None:
        await self.world.deletions.delete_layer(self._repository(step), _DIGEST)

    async def _wait(self, _step: Step) -> None:
        self.world.clock.advance(_GRACE)

    async def _find_uploads(self, step: Step) -> None:
        going = self.model.rounds[step.actor]
        assert going is not None
        found = await self._read(partial(collection._stale_uploads, self._before))
        wanted = self.keys[going.upload.key] if going.upload is not None else ""
        self._note(step, [row for row in found if row.upload.key == wanted])

    async def _drop(self, step: Step) -> None:
        _, found = self.rounds.pop(step.actor)
        await self._write(partial(collection._drop_untouched, found, self.world.clock.at))

    async def _find_layers(self, step: Step) -> None:
        self._note(step, await self._read(partial(collection._unused_layers, self._before, ("", ""))))

    async def _release(self, step: Step) -> None:
        before, found = self.rounds.pop(step.actor)
        await self._write(partial(collection._release, found, before, self.world.clock.at))

    async def _find_unheld(self, step: Step) -> None:
        self._note(step, await self._read(partial(collection._unheld_blobs, self._before, "")))

    async def _mark(self, step: Step) -> None:
        _, found = self.rounds.pop(step.actor)
        await self._write(partial(collection._mark, found, self.world.clock.at))

    async def _find_condemned(self, step: Step) -> None:
        self._note(step, await self._read(partial(collection._condemned, self._before)))

    async def _remove(self, step: Step) -> None:
        before, found = self.rounds.pop(step.actor)
        await self._write(partial(collection._remove, found, before, self.world.clock.at))

    async def _find_thrown(self, step: Step) -> None:
        thrown = await self._read(partial(collection._thrown, ""))
        assert step.key is not None
        self._note(step, [key for key in thrown if key == self.keys[step.key]])

    async def _unlink(self, step: Step) -> None:
        await self.world.blobs.delete_all(self.rounds[step.actor][1])

    async def _forget(self, step: Step) -> None:
        _, found = self.rounds.pop(step.actor)
        await self._write(partial(collection._emptied, found))

    async def _die_round(self, step: Step) -> None:
        del self.rounds[step.actor]

    @property
    def _before(self) -> datetime:
        return self.world.clock.at - _GRACE

    def _repository(self, step: Step) -> Repository:
        return self.repositories[step.actor]

    def _note(self, step: Step, found: list[Any]) -> None:
        assert found, step
        self.rounds[step.actor] = self._before, found

    async def _read(self, body: Callable[[Records], Coroutine[None, None, Any]]) -> Any:
        return await self.world.store.read(body)

    async def _write(self, body: Callable[[Records], Coroutine[None, None, Any]]) -> None:
        await self.world.store.write(body)

    def _expected(self) -> State:
        """The model's rows and bytes, without what no row says."""
        blob = self.model.blob
        return self.model._replace(
            blob=None if blob is None else blob._replace(free=0),
            held=tuple(None if held is None else held._replace(told=0) for held in self.model.held),
            finishing=(),
            rounds=(),
        )

    async def _seen(self) -> State:
        """The same of the real rows and bytes."""
        return await self.world.store._database.read(self._rows)

    async def _rows(self, connection: Connection) -> State:
        numbers = {key: number for number, key in self.keys.items()}
        blob = await connection.row("SELECT blob_key, created_at, marked_at FROM blob")
        held = await connection.rows("SELECT repository_id, blob_key, held_at FROM held_layer")
        uploads = await connection.rows("SELECT repository_id, blob_key, touched_at FROM upload")
        images = {row["repository_id"] for row in await connection.rows("SELECT repository_id FROM image")}
        trash = await connection.rows("SELECT blob_key FROM trash")
        layers = {
            row["repository_id"]: Held(numbers[row["blob_key"]], self._age(row["held_at"]), 0) for row in held
        }
        begun = {
            row["repository_id"]: Upload(numbers[row["blob_key"]], self._age(row["touched_at"]))
            for row in uploads
        }
        ids = [repository.id for repository in self.repositories]
        ids += map(bin_of, list(ids))
        return State(
            blob=None
            if blob is None
            else Blob(
                numbers[blob["blob_key"]],
                self._age(blob["created_at"]),
                None if blob["marked_at"] is None else self._age(blob["marked_at"]),
                0,
            ),
            held=tuple(map(layers.get, ids)),
            has_image=tuple(each in images for each in ids),
            uploads=tuple(map(begun.get, ids[: len(self.repositories)])),
            trash=frozenset(numbers[row["blob_key"]] for row in trash),
            lying=tuple(map(self._lies, range(len(self.model.lying)))),
            finishing=(),
            rounds=(),
        )

    def _lies(self, number: int) -> int:
        blobs, key = self.world.blobs, self.keys.get(number)
        if key in blobs._blobs:
            return STORED
        return UPLOADED if key in blobs._uploads else NOWHERE

    def _age(self, at: int) -> int:
        then = datetime.fromtimestamp(at / 1_000_000, self.world.clock.at.tzinfo)
        return min(_OLDEST, round((self.world.clock.at - then) / _GRACE))


TestAttack44TheRealStoreDoesWhatTheModelSays = RealStore.TestCase
TestAttack44TheRealStoreDoesWhatTheModelSays.settings = settings(
    max_examples=80,
    stateful_step_count=50,
    deadline=None,
    phases=(Phase.reuse, Phase.generate),  # what fails is a walk that can be read as it is
)
