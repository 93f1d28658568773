"""The files in the layers of images, read when somebody asks for them."""

import asyncio
from asyncio import get_running_loop
from collections import OrderedDict
from collections.abc import AsyncGenerator
from concurrent.futures import Executor
from contextlib import aclosing

from entrepot.domain.digests import Digest
from entrepot.domain.errors import LayerNotFound, LayerUnreadable, TooMany
from entrepot.domain.images import ImageId
from entrepot.domain.layers import Layer
from entrepot.domain.manifests import parse_manifest
from entrepot.domain.repositories import Repository
from entrepot.ports.blobs import BlobReader
from entrepot.ports.decoding import ArchiveReader, ArchiveUnreadable
from entrepot.registry.file_lists import FileList
from entrepot.registry.layers import Layers
from entrepot.registry.pulls import Pulls

_AT_ONCE = 2  # each is a process with some hundred megabytes at worst
_MOST_WAITING = 16
_ROOM_BYTES = 64 << 20
_PIECE_BYTES = 1 << 20  # a segment of a sealed blob, which is opened as a whole


class LayerFiles:
    """Lists of the files in layers; those read lately are kept, so that every page needs no reading.

    Whether the image and the layer are still there is asked of the rows every time.
    """

    def __init__(self, pulls: Pulls, layers: Layers, reader: ArchiveReader, threads: Executor) -> None:
        self._pulls = pulls
        self._layers = layers
        self._reader = reader
        self._threads = threads
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._under_way: dict[str, asyncio.Task[FileList]] = {}
        self._kept = _Kept(_ROOM_BYTES)

    async def get(self, repository: Repository, image_id: ImageId, digest: Digest) -> FileList:
        """The files of one of an image's layers.

        Raises ImageNotFound and its kin, LayerNotFound of what is none of its layers, LayerUnreadable, and
        TooMany while others wait for theirs.
        """
        found, failures = await self._pulls.get_batch(repository, [image_id], puller=None)
        for failure in failures:
            raise failure.refusal
        [(_, pulled)] = found
        manifest = parse_manifest(pulled.content, pulled.image.media_type)
        if digest not in {layer.digest for layer in manifest.layers}:
            raise LayerNotFound(digest, repository.name, repository.registry.account)
        layer = await self._layers.get(repository, digest)
        try:
            return self._kept.find(layer.blob_key) or await self._read_once(layer)
        except (ArchiveUnreadable, ValueError) as cause:
            raise LayerUnreadable(digest, repository.name, repository.registry.account) from cause

    async def _read_once(self, layer: Layer) -> FileList:
        """Several who ask at once wait for one reading; it goes on when they leave, as they may come back."""
        task = self._under_way.get(layer.blob_key)
        if task is None:
            if len(self._under_way) >= _MOST_WAITING:
                raise TooMany("layers whose files are read at once", _MOST_WAITING)
            task = asyncio.create_task(self._read(layer))
            self._under_way[layer.blob_key] = task
            task.add_done_callback(lambda ended: self._forget(layer.blob_key, ended))
        return await asyncio.shield(task)

    def _forget(self, blob_key: str, ended: "asyncio.Task[FileList]") -> None:
        del self._under_way[blob_key]
        if not ended.cancelled():
            ended.exception()  # of a reading that nobody waits for any more

    async def _read(self, layer: Layer) -> FileList:
        async with self._turns:
            async with aclosing(self._content(layer)) as content:
                lines = await self._reader.entries(content)
            files = await get_running_loop().run_in_executor(self._threads, FileList, lines)
            self._kept.keep(layer.blob_key, files)
            return files

    async def _content(self, layer: Layer) -> AsyncGenerator[bytes, None]:
        """All of its bytes; no more is read than is taken."""
        reader = await self._layers.open(layer)
        loop = get_running_loop()
        try:
            for position in range(0, layer.size_bytes, _PIECE_BYTES):
                yield await loop.run_in_executor(self._threads, _read_piece, reader, position)
        finally:
            reader.close()


def _read_piece(reader: BlobReader, position: int) -> bytes:
    piece = bytearray(min(_PIECE_BYTES, reader.size_bytes - position))
    reader.read_into(position, memoryview(piece))
    return bytes(piece)


class _Kept:
    """Lists by the key of their blob, the least lately used leaving first."""

    def __init__(self, room_bytes: int) -> None:
        self._room_bytes = room_bytes
        self._lists: OrderedDict[str, FileList] = OrderedDict()

    def find(self, key: str) -> FileList | None:
        files = self._lists.get(key)
        if files is not None:
            self._lists.move_to_end(key)
        return files

    def keep(self, key: str, files: FileList) -> None:
        """Keep the list; the last one stays however long it is, for its next page is likely asked for."""
        if key not in self._lists:
            self._lists[key] = files
            self._room_bytes -= files.kept_bytes
        while self._room_bytes < 0 and len(self._lists) > 1:
            _, oldest = self._lists.popitem(last=False)
            self._room_bytes += oldest.kept_bytes
