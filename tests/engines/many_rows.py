"""A registry that has held very many images for years, written straight into its tables."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

import asyncpg

from entrepot.domain.audit import event_id
from entrepot.domain.days import day_of
from entrepot.domain.digests import Digest
from entrepot.domain.manifests import Descriptor
from entrepot.domain.media_types import OCI_MANIFEST
from entrepot.domain.names import Tag
from entrepot.domain.recycling import bin_of
from entrepot.keys.data_keys import DataKeys
from entrepot.registry.sealed_manifests import seal_manifest
from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.repositories import to_repository
from tests.unit.builders import (
    ACCOUNT,
    CONFIG_TYPE,
    LAYER_TYPE,
    REGISTRY,
    START,
    image_manifest,
    key_ring,
)

_IN_A_REPOSITORY = 10_000  # images; ECR's own quota is higher, but few repositories come near it
_EVERY = 20  # images for one upload, session and job that wait; their number grows with the registry's
_SAMPLES = 500
_SPREAD = 2_654_435_761
_BATCH = 10_000
_SIZE_BYTES = 1000
_BEGAN = START - timedelta(days=365)
_DAYS = range(day_of(_BEGAN), day_of(START))

Cell = str | int | bytes | None


@dataclass(frozen=True, slots=True)
class ManyImages:
    """`count` images, nine of ten tagged, each with a config, a layer, and its repository's base layer."""

    count: int

    @property
    def repositories(self) -> int:
        return -(-self.count // _IN_A_REPOSITORY)

    @property
    def samples(self) -> Sequence[int]:
        """Some tagged images from all over, whose manifests can be opened; those of the others are noise."""
        return range(0, self.count, 10 * max(1, self.count // (10 * _SAMPLES)))

    def repository_name(self, image: int) -> str:
        return f"team-{image // _IN_A_REPOSITORY:05}/app"

    def repository_id(self, image: int) -> str:
        return f"repository-{image // _IN_A_REPOSITORY:05}"

    def tag(self, image: int) -> Tag:
        return Tag(f"v{image:08}")

    def digest(self, image: int) -> Digest:
        return _digest(image, "a")

    def layer(self, image: int) -> Digest:
        return _digest(image, "b")

    def manifest(self, image: int, **annotations: str) -> bytes:
        """The image's manifest, or with annotations that of another image with the same layers."""
        config = Descriptor(CONFIG_TYPE, _digest(image, "c"), _SIZE_BYTES)
        layers = [
            Descriptor(LAYER_TYPE, digest, _SIZE_BYTES) for digest in (self.base(image), self.layer(image))
        ]
        return image_manifest(layers, config=config, annotations=annotations)

    def base(self, image: int) -> Digest:
        return _digest(image // _IN_A_REPOSITORY, "d")

    async def load(self, url: str) -> None:
        """Fill a migrated, empty database, and let its planner know what is in it."""
        if url.startswith("sqlite://"):
            await self._load_sqlite(url.removeprefix("sqlite://"))
        else:
            await self._load_postgres(url)

    async def _load_sqlite(self, path: str) -> None:
        sealed = await self._sealed()
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA cache_size = -262144")
            for table, columns, rows in self._tables(sealed):
                marks = ", ".join("?" for _ in columns)
                statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
                for batch in _batches(rows):
                    connection.execute("BEGIN")
                    connection.executemany(statement, batch)
                    connection.execute("COMMIT")
            connection.execute("ANALYZE")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def _load_postgres(self, url: str) -> None:
        sealed = await self._sealed()
        connection = await asyncpg.connect(url)
        try:
            for table, columns, rows in self._tables(sealed):
                for batch in _batches(rows):
                    await connection.copy_records_to_table(table, records=batch, columns=columns)
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()

    async def _sealed(self) -> dict[int, tuple[bytes, bytes]]:
        data_keys = DataKeys(key_ring(1))
        sealed: dict[int, tuple[bytes, bytes]] = {}
        for image in self.samples:
            repository = to_repository(self._repository(image // _IN_A_REPOSITORY))
            manifest = await seal_manifest(data_keys, repository, self.digest(image), self.manifest(image))
            sealed[image] = (manifest.wrapped_key, manifest.sealed)
        return sealed

    def _repository(self, number: int) -> tuple[Cell, ...]:
        image = number * _IN_A_REPOSITORY
        place = (self.repository_id(image), ACCOUNT, REGISTRY.region, self.repository_name(image))
        return (*place, to_column(_BEGAN), "MUTABLE", "[]", 0, "AES256", None)

    def _tables(
        self, sealed: dict[int, tuple[bytes, bytes]]
    ) -> Iterator[tuple[str, tuple[str, ...], Iterable[tuple[Cell, ...]]]]:
        """(table, columns, rows), the rows in the order of the primary key, which is the fastest to load."""
        images = sorted(range(self.count), key=lambda i: (i // _IN_A_REPOSITORY, self.digest(i)))
        few = range(0, self.count, _EVERY)
        repositories = range(self.repositories)
        began, later = to_column(_BEGAN), to_column(START + timedelta(days=365))
        of = self.repository_id
        wrapped = key_ring(1).seal(bytes(60), b"")  # the size and form of one; opened by nobody
        noise = (wrapped, bytes(len(self.manifest(0)) + 28))
        yield "account", ("id", "created_at"), [(ACCOUNT, began)]
        yield (
            "repository",
            (
                "id", "account", "region", "name", "created_at", "mutability", "mutability_filters",
                "scan_on_push", "encryption_type", "kms_key",
            ),
            map(self._repository, repositories),
        )  # fmt: skip
        yield (
            "resource_tag",
            ("repository_id", "tag_key", "tag_value"),
            ((of(n * _IN_A_REPOSITORY), "team", f"{n}") for n in repositories),
        )
        yield (
            "image",
            (
                "repository_id", "digest", "media_type", "manifest_bytes", "size_bytes", "subject_digest",
                "annotations", "pushed_at", "last_pulled_at",
            ),
            (
                (
                    of(i), self.digest(i), OCI_MANIFEST, len(self.manifest(0)), 3 * _SIZE_BYTES,
                    self.digest(i - 1) if i % 5 == 1 else None, "{}", began + i, None,
                )
                for i in images
            ),
        )  # fmt: skip
        yield (
            "manifest",
            ("repository_id", "digest", "wrapped_key", "sealed"),
            ((of(i), self.digest(i), *sealed.get(i, noise)) for i in images),
        )
        yield (
            "tag",
            ("repository_id", "tag", "digest", "pointed_at"),
            ((of(i), self.tag(i), self.digest(i), began + i) for i in images if i % 10 != 7),
        )
        yield (
            "image_layer",
            ("repository_id", "digest", "blob_digest", "media_type"),
            (
                (of(i), self.digest(i), digest, kind)
                for i in images
                for digest, kind in (
                    (self.layer(i), LAYER_TYPE),
                    (_digest(i, "c"), CONFIG_TYPE),
                    (self.base(i), LAYER_TYPE),
                )
            ),
        )
        yield (
            "image_child",
            ("repository_id", "digest", "child_digest"),
            ((of(i), self.digest(i), self.digest(i + 1)) for i in few),
        )
        yield (
            "blob",
            ("blob_key", "digest", "encryption_key", "size_bytes", "wrapped_key", "created_at"),
            (
                (_key(i, kind), _digest(i, kind), "AES256", _SIZE_BYTES, wrapped, began)
                for i in images
                for kind in "bc"
            ),
        )
        yield (
            "blob",
            ("blob_key", "digest", "encryption_key", "size_bytes", "wrapped_key", "created_at"),
            ((_key(n, "d"), _digest(n, "d"), "AES256", _SIZE_BYTES, wrapped, began) for n in repositories),
        )
        held = ("repository_id", "digest", "blob_key", "held_at")
        yield (
            "held_layer",
            held,
            ((of(i), _digest(i, kind), _key(i, kind), began) for i in images for kind in "bc"),
        )
        yield (
            "held_layer",
            held,
            ((of(n * _IN_A_REPOSITORY), _digest(n, "d"), _key(n, "d"), began) for n in repositories),
        )
        yield (
            "access_key",
            (
                "id", "account", "principal_arn", "principal_id", "sealed_secret", "active", "created_at",
                "expires_at", "issued_by",
            ),
            (
                (f"ASIA{i:016}", ACCOUNT, f"arn:{i}", "root", wrapped, 1, began, later, f"AKIA{i % 99:016}")
                for i in few
            ),
        )  # fmt: skip
        yield (
            "upload",
            (
                "id", "repository_id", "principal_arn", "blob_key", "encryption_key", "offset_bytes",
                "sha256_state", "store_state", "created_at", "touched_at",
            ),
            ((f"u{i:08}", of(i), "arn", _key(i, "e"), "AES256", 0, b"", b"", later, later) for i in few),
        )  # fmt: skip
        yield (
            "deleted_image",
            (
                "repository_id", "digest", "account", "region", "tags", "deleted_at", "deleted_by",
                "rule_priority", "kept_until",
            ),
            (
                (bin_of(of(i)), _digest(i, "f"), ACCOUNT, "elsewhere", "[]", began + i, "arn", None, later)
                for i in few
            ),
        )  # fmt: skip
        yield (
            "deleted_repository",
            (
                "id", "account", "region", "name", "created_at", "mutability", "mutability_filters",
                "scan_on_push", "encryption_type", "kms_key", "deleted_at", "deleted_by", "kept_until",
            ),
            (
                (f"r{i:08}", ACCOUNT, "elsewhere", "gone", *self._repository(0)[4:], began + i, "arn", later)
                for i in few
            ),
        )  # fmt: skip
        yield (
            "tag_event",
            ("repository_id", "id", "tag", "change", "digest"),
            ((of(i), event_id(_BEGAN, i), self.tag(i), "PUSHED", self.digest(i)) for i in few),
        )
        yield (
            "job",
            ("id", "kind", "unique_key", "payload", "run_at", "attempts"),
            ((f"j{i:08}", "scan", f"{i:08}", json.dumps({}), later, 0) for i in few),
        )
        # of changes that no job has added up yet, and of repositories that hold nothing else
        yield (
            "repository_change",
            (
                "repository_id", "id", "images", "tags", "size_bytes", "pulls", "pushed_at", "pulled_at",
            ),
            ((of(i), f"{i:08}", 0, 0, 0, 1, 0, began) for i in few),
        )  # fmt: skip
        yield (
            "repository_total",
            (
                "repository_id", "account", "region", "images", "tags", "size_bytes", "pulls", "pushed_at",
                "pulled_at", "counts", "counted_at", "unique_bytes", "unique_at", "unique_due_at",
            ),
            (
                (f"total-{i:08}", ACCOUNT, REGISTRY.region, 1, 1, i, i % 7, began, 0, 1, began, i, began, 0)
                for i in few
            ),
        )  # fmt: skip
        yield (
            "repository_day",
            ("repository_id", "day", "images", "tags", "size_bytes", "pulls"),
            ((of(n * _IN_A_REPOSITORY), day, 1, 1, 1, 1) for n in repositories for day in _DAYS),
        )


def _digest(number: int, kind: str) -> Digest:
    """Digests lie anywhere among each other, as hashes do: a factor that is odd maps no two to one."""
    return Digest(f"sha256:{number * _SPREAD % 2**32:08x}{kind * 56}")


def _key(number: int, kind: str) -> str:
    return f"{number:08x}{kind}"


def _batches(rows: Iterable[tuple[Cell, ...]]) -> Iterator[list[tuple[Cell, ...]]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
