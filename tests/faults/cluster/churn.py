"""Clients that push, mount, delete and restore the same layers, and what they were told.

Each has a repository of its own. All push the same few images again and again, so that blobs are let go and
wanted back while the collector goes round. A request that breaks off leaves its outcome open; what was
acknowledged must be whole at any time.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.clients.raw_registry import OCI_MANIFEST, target_of, with_query
from tests.engines.entrepot import Endpoint
from tests.faults.cluster.load import FailingRegistry, Setback
from tests.faults.serving.images import TestImage, make_image, pull

CLIENTS = 6
_IMAGES = 20
_KEPT = 2
_TRIES = 20  # of a push whose layers are collected before its manifest comes: the machine may be slow
_PATIENCE_SECONDS = 20.0


@dataclass(slots=True)
class Churner:
    """One client; each of its requests meets any of the registries.

    `recover` is called when a request broke off, and returns when the registry is there again.
    """

    registries: Sequence[FailingRegistry]
    own: Sequence[Any]
    """Clients of our own service, of the same endpoints."""
    chance: random.Random
    number: int
    recover: Callable[[], None]
    kept: list[TestImage] = field(default_factory=list)
    """Acknowledged, and not deleted since."""
    deleted: list[TestImage] = field(default_factory=list)
    """What may come back: out of the recycle bin, or by its manifest as long as its layers are there."""
    did: Counter[str] = field(default_factory=Counter)

    @property
    def repository(self) -> str:
        return f"gc/app-{self.number}"

    def work_while(self, is_time: Callable[[], bool]) -> None:
        while is_time():
            try:
                self._act()
            except Setback as setback:
                self.did["setback"] += 1
                self.did[f"setback: {setback}"] += 1
                self.recover()

    def verify(self) -> int:
        """Pull back all that was acknowledged, and every other tag that can be seen; how many images."""
        for image in self.kept:
            for registry in self.registries:
                pull(registry, self.repository, image)
        listed = self._any.send("GET", f"/v2/{self.repository}/tags/list")
        tags = {image.tag for image in self.kept}
        visible = {f"v{number}" for number in range(_IMAGES) if f'"v{number}"'.encode() in listed.body}
        assert tags <= visible, (tags, listed)
        for tag in visible - tags:  # the answer was lost on its way
            pull(self._any, self.repository, _image(tag))
        return len(visible)

    @property
    def _any(self) -> FailingRegistry:
        return self.chance.choice(self.registries)

    def _act(self) -> None:
        if self.deleted and self.chance.random() < 0.3:
            self.chance.choice((self._undo, self._purge, self._restore))()
        elif len(self.kept) < _KEPT:
            self._push()
        elif self.chance.random() < 0.6:
            self._delete()
        elif self.chance.random() < 0.3:
            self._let_go_of_a_layer()
        else:
            pull(self._any, self.repository, self.chance.choice(self.kept))

    def _push(self) -> None:
        """The contents are the same in every repository; the tags say which of them are here."""
        tags = {f"v{number}" for number in range(_IMAGES)} - {image.tag for image in self.kept}
        image = _image(self.chance.choice(sorted(tags)))
        for _ in range(_TRIES):
            for digest, content in image.content.items():
                self._bring(digest, content)
            if self._put(image):
                self.did["push"] += 1
                return
            self.did["outrun"] += 1
        self.did["given up"] += 1

    def _put(self, image: TestImage) -> bool:
        """Whether the manifest was taken; else a layer of it has been collected."""
        put = self._any.push_manifest(self.repository, image.tag, image.manifest, OCI_MANIFEST)
        if put.status != 201:
            assert b"MANIFEST_BLOB_UNKNOWN" in put.body, put
            return False
        self.kept.append(image)
        self.deleted = [each for each in self.deleted if each.tag != image.tag]
        pull(self._any, self.repository, image)
        return True

    def _bring(self, digest: str, content: bytes) -> None:
        """As docker: ask whether it is there, else mount it from another repository, else send it."""
        if self._any.send("HEAD", f"/v2/{self.repository}/blobs/{digest}").status == 200:
            return
        source = f"gc/app-{self.chance.randrange(CLIENTS)}"
        asked = with_query(f"/v2/{self.repository}/blobs/uploads/", mount=digest, **{"from": source})
        begun = self._any.send("POST", asked)
        assert begun.status in (201, 202), begun
        if begun.status == 201:
            self.did["mount"] += 1
            return
        sent = self._any.send("PUT", with_query(target_of(begun), digest=digest), content)
        # An upload that waited for longer than the grace was dropped; the manifest will not be taken.
        assert sent.status in (201, 404, 416), sent

    def _delete(self) -> None:
        image = self.kept.pop(self.chance.randrange(len(self.kept)))
        gone = self._any.send("DELETE", f"/v2/{self.repository}/manifests/{image.digest}")
        assert gone.status == 202, gone
        self.deleted.append(image)
        self.did["delete"] += 1

    def _undo(self) -> None:
        """Bring a deleted image back out of the bin; refused where it is not there any more."""
        image = self.deleted.pop(self.chance.randrange(len(self.deleted)))
        answer = self._ask("restore_image", imageDigest=image.digest, moveTags=True)
        if answer is None:
            self.did["undo too late"] += 1
            return
        self.kept = [each for each in self.kept if each.tag != image.tag] + [image]
        self.did["undo"] += 1
        pull(self._any, self.repository, image)

    def _purge(self) -> None:
        """Erase a deleted image, so that nothing holds its layers; its manifest may be pushed again."""
        image = self.chance.choice(self.deleted)
        self._ask("purge_recycle_bin", imageDigests=[image.digest])
        self.did["purge"] += 1

    def _ask(self, operation: str, **parameters: object) -> dict[str, Any] | None:
        """The answer of our own service about the repository; None where it refused."""
        client = self.chance.choice(self.own)
        try:
            answer: dict[str, Any] = getattr(client, operation)(repositoryName=self.repository, **parameters)
        except ClientError as refused:
            status = refused.response["ResponseMetadata"]["HTTPStatusCode"]
            if status >= 500:
                raise Setback(f"{status}") from refused
            if refused.response["Error"]["Code"] != "DeletedImageNotFoundException":
                raise
            return None
        except BotoCoreError as broken:
            raise Setback(type(broken).__name__) from broken
        return answer

    def _restore(self) -> None:
        """Bring a deleted image back by its manifest: taken only where its layers are still there."""
        image = self.deleted.pop(self.chance.randrange(len(self.deleted)))
        self.did["restore" if self._put(image) else "restore too late"] += 1

    def _let_go_of_a_layer(self) -> None:
        """Delete one that no image here has, or that one has, which is refused."""
        image = _image(f"v{self.chance.randrange(_IMAGES)}")
        digest = self.chance.choice(sorted(image.content))
        gone = self._any.send("DELETE", f"/v2/{self.repository}/blobs/{digest}")
        assert gone.status in (202, 404, 405, 409), gone
        self.did["layer"] += gone.status == 202


def churners(endpoints: Sequence[Endpoint], recover: Callable[[], None], *, seed: int) -> list[Churner]:
    """The clients, each with an empty repository."""
    registries = [
        FailingRegistry(each.host, each.port, each.password(), patience_seconds=_PATIENCE_SECONDS)
        for each in endpoints
    ]
    own = [each.own() for each in endpoints]
    made = [
        Churner(registries, own, random.Random(seed * 1000 + number), number, recover)
        for number in range(CLIENTS)
    ]
    for client in made:
        endpoints[0].create_repository(client.repository)
    return made


def _image(tag: str) -> TestImage:
    return make_image(random.Random(tag), tag, sizes=[28, 70_000])
