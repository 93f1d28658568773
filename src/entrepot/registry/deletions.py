"""Taking images, tags and layers out of a repository."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.errors import ImageNotFound, ImageReferenced, LayerInUse, LayerNotFound, Refusal
from entrepot.domain.images import Image, ImageId, ImageStatus, PointedTag
from entrepot.domain.lifecycle.decisions import Decision, TagDecision, Why
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import Action, CountType, Rule
from entrepot.domain.names import Tag
from entrepot.domain.recycling import Deletion
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import tell
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.registry.archiving import archive_image, check_indexes_archived, leave_layers
from entrepot.registry.catalog import check_still_there
from entrepot.registry.deletion_windows import deletion_now
from entrepot.registry.image_ids import ImageFailure, resolve_image
from entrepot.registry.lifecycle_holds import find_held
from entrepot.registry.lifecycle_images import storage_class_of
from entrepot.registry.pin_checks import check_image_unpinned, check_tags_unpinned
from entrepot.registry.recycle_bin import throw_away, write_removals

_NAMED_AT_MOST = 20  # indexes or images that a refusal lists


@dataclass(frozen=True, slots=True)
class PolicyExecution:
    """What one transaction did for a lifecycle policy, or what the whole evaluation held back.

    `expired` are the images that went, `transitioned` those that were archived, `failures` those that stay
    though a rule wants them gone: children of indexes. `untagged` are images that stay, each beside a tag
    that it lost. `evaluated_at` is the time that the decisions are of, `last_evaluated_at` that of the run
    before, None where this is the policy's first.
    """

    repository: Repository
    document: str
    evaluated_at: datetime
    last_evaluated_at: datetime | None
    expired: tuple[Decision, ...] = ()
    failures: tuple[tuple[Decision, ImageReferenced], ...] = ()
    untagged: tuple[tuple[Decision, TagDecision], ...] = ()
    transitioned: tuple[Decision, ...] = ()


ServiceEvent = Callable[[Records, PolicyExecution], Awaitable[None]]
"""Who acts, where nobody called: told of it within the transaction, and so never of what did not happen."""


class Deletions:
    """Deletes, each call in one transaction."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def delete_batch(
        self, repository: Repository, ids: Sequence[ImageId]
    ) -> tuple[list[ImageId], list[ImageFailure]]:
        """BatchDeleteImage: what went, a row for each digest and tag, and what stays, in the order asked.

        By digest the image goes with all its tags; by tag only the tag, and with the last tag the image.
        """

        async def body(records: Records) -> tuple[list[ImageId], list[ImageFailure]]:
            await check_still_there(records, repository)
            deletion = await deletion_now(records, repository.registry, self._clock())
            deleted: list[ImageId] = []
            failures: list[ImageFailure] = []
            for image_id in ids:
                try:
                    deleted += await _delete(records, repository, image_id, deletion)
                except Refusal as refusal:  # raised before anything is written for this id
                    failures.append(ImageFailure(image_id, refusal))
            tell(imageIds=[{"imageDigest": each.digest, "imageTag": each.tag} for each in deleted])
            return deleted, failures

        return await self._store.write(body)

    async def expire(
        self,
        execution: PolicyExecution,
        decisions: Sequence[Decision],
        newer: Sequence[LifecycleImage],
        event: ServiceEvent,
    ) -> PolicyExecution:
        """Delete or archive what a lifecycle policy decided on, as the API does; what came of it.

        `newer` are images that make others too many. Where one of these is not what it was, or the policy is
        another, nothing goes; where an image itself is not, is kept by now, or its subject stays, that image
        stays.
        RepositoryNotFound when the repository has gone. May be repeated.
        """
        repository = execution.repository

        async def body(records: Records) -> PolicyExecution:
            await check_still_there(records, repository)
            kept = await records.lifecycle_policies.find(repository.id)
            if kept is None or kept.document != execution.document:
                return execution
            if len(await _unchanged(records, repository, newer)) < len(newer):
                return execution
            expired: list[Decision] = []
            transitioned: list[Decision] = []
            failures: list[tuple[Decision, ImageReferenced]] = []
            images = [decision.image for decision in decisions]
            unchanged = await _unchanged(records, repository, images)
            # A pin that was given since the decision, or a cluster that runs the image since, wins.
            unchanged -= await find_held(records, repository, images, self._clock())
            deletion = await deletion_now(records, repository.registry, self._clock())
            for decision in decisions:
                digest = decision.image.digest
                if digest not in unchanged or await _has_subject(records, repository, decision):
                    continue
                if await _was_pulled(records, repository, decision):
                    continue
                try:
                    if decision.action is Action.TRANSITION:
                        await _archive(records, repository, digest, self._clock())
                        transitioned.append(decision)
                    else:
                        await _delete(records, repository, ImageId(digest), _by_rule(deletion, decision.rule))
                        expired.append(decision)
                except ImageReferenced as refusal:  # by an index that was pushed meanwhile
                    failures.append((decision, refusal))
            done = replace(
                execution,
                expired=tuple(expired),
                transitioned=tuple(transitioned),
                failures=tuple(failures),
            )
            if expired or transitioned or failures:
                await event(records, done)
            return done

        return await self._store.write(body)

    async def take_tags(
        self,
        execution: PolicyExecution,
        decisions: Sequence[tuple[Decision, TagDecision]],
        newer: Sequence[PointedTag],
        event: ServiceEvent,
    ) -> PolicyExecution:
        """Take tags off their images as a lifecycle policy decided; the images stay. What came of it.

        `newer` are tags that make others too many. As with `expire`, what is not what it was stays.
        """
        repository = execution.repository

        async def body(records: Records) -> PolicyExecution:
            current = await check_still_there(records, repository)
            kept = await records.lifecycle_policies.find(repository.id)
            if kept is None or kept.document != execution.document:
                return execution
            asked = [decision.tag for _, decision in decisions]
            found = await records.tags.find_pointed(repository.id, [*asked, *(each.tag for each in newer)])
            if any(found.get(each.tag) != each for each in newer):
                return execution
            images = list({decision.image.digest: decision.image for decision, _ in decisions}.values())
            held = await find_held(records, repository, images, self._clock())
            deletion = await deletion_now(records, repository.registry, self._clock())
            untagged = []
            for decision, taken in decisions:
                pointed = PointedTag(Tag(taken.tag), decision.image.digest, taken.pointed_at)
                if (
                    found.get(taken.tag) == pointed
                    and pointed.digest not in held
                    and not current.mutability.is_immutable(pointed.tag)
                    and not await _was_pulled(records, repository, replace(decision, rule=taken.rule))
                ):
                    await _remove_tag(
                        records, repository, pointed.tag, pointed.digest, _by_rule(deletion, taken.rule)
                    )
                    untagged.append((decision, taken))
            done = replace(execution, untagged=tuple(untagged))
            if untagged:
                await event(records, done)
            return done

        return await self._store.write(body)

    async def delete_image(self, repository: Repository, digest: Digest) -> None:
        """Remove the image with all its tags; ImageNotFound, ImagePinned, or ImageReferenced by an index."""

        async def body(records: Records) -> None:
            await check_still_there(records, repository)
            deletion = await deletion_now(records, repository.registry, self._clock())
            await _delete(records, repository, ImageId(digest=digest), deletion)

        await self._store.write(body)

    async def delete_tag(self, repository: Repository, tag: Tag) -> None:
        """Remove the tag alone: no image disappears by it. ImagePinned, or ImageNotFound without such."""

        async def body(records: Records) -> None:
            await check_still_there(records, repository)
            await check_tags_unpinned(records, repository, [tag])
            digest = await records.tags.find(repository.id, tag)
            if digest is None:
                raise ImageNotFound(None, tag, repository.name, repository.registry.account)
            deletion = await deletion_now(records, repository.registry, self._clock())
            await _remove_tag(records, repository, tag, digest, deletion)

        await self._store.write(body)

    async def delete_layer(self, repository: Repository, digest: Digest) -> None:
        """Let go of a blob; LayerNotFound, or LayerInUse while an image here refers to it."""

        async def body(records: Records) -> None:
            await check_still_there(records, repository)
            users = await records.references.users(repository.id, digest, _NAMED_AT_MOST)
            if users:
                raise LayerInUse(digest, tuple(users))
            released = await records.layers.release(repository.id, digest)
            if released is None:
                raise LayerNotFound(digest, repository.name, repository.registry.account)
            await records.tier_moves.hasten([released], self._clock())

        await self._store.write(body)


async def _delete(
    records: Records, repository: Repository, image_id: ImageId, deletion: Deletion
) -> list[ImageId]:
    image = await resolve_image(records, repository, image_id)
    tags = (await records.tags.of_images(repository.id, [image.digest])).get(image.digest, [])
    if image_id.tag is not None and len(tags) > 1:
        await check_tags_unpinned(records, repository, [Tag(image_id.tag)])
        await _remove_tag(records, repository, Tag(image_id.tag), image.digest, deletion)
        return [ImageId(image.digest, image_id.tag)]
    await _remove(records, repository, image, tags, deletion)
    return [ImageId(image.digest, tag) for tag in tags] or [ImageId(image.digest)]


async def _archive(records: Records, repository: Repository, digest: Digest, now: datetime) -> None:
    image = await resolve_image(records, repository, ImageId(digest))
    await check_indexes_archived(records, repository.id, digest)
    await archive_image(records, repository.id, image, now)


async def _unchanged(
    records: Records, repository: Repository, images: Sequence[LifecycleImage]
) -> set[Digest]:
    """Those that are still there, under the same tags and in the same storage class.

    Nor were they deleted and pushed anew, or archived and restored.
    """
    digests = [image.digest for image in images]
    found = await records.images.find_many(repository.id, digests)
    tags = await records.tags.of_images(repository.id, digests)
    return {
        image.digest
        for image in images
        if (current := found.get(image.digest)) is not None
        and current.pushed_at == image.pushed_at
        and storage_class_of(current) is image.storage_class
        and current.activated_at == image.activated_at
        and set(tags.get(image.digest, ())) == set(image.tags)
    }


async def _was_pulled(records: Records, repository: Repository, decision: Decision) -> bool:
    """Whether the image goes because nobody pulled it, and somebody has."""
    if decision.rule is None or decision.rule.selection.count_type is not CountType.SINCE_PULLED:
        return False
    image = await records.images.find(repository.id, decision.image.digest)
    return image is None or image.last_pulled_at != decision.image.last_pulled_at


async def _has_subject(records: Records, repository: Repository, decision: Decision) -> bool:
    """Whether the image goes because its subject does, and that is here still, or not archived."""
    if decision.why is not Why.AS_SUBJECT:
        return False
    subject = await records.images.find(repository.id, decision.because_of[0])
    if decision.action is Action.TRANSITION:
        return subject is None or subject.status is not ImageStatus.ARCHIVED
    return subject is not None


def _by_rule(deletion: Deletion, rule: Rule | None) -> Deletion:
    """The deletion as that of a lifecycle rule: nobody called, whoever's turn it is."""
    return replace(deletion, by=None, rule_priority=rule.priority if rule is not None else None)


async def _remove_tag(
    records: Records, repository: Repository, tag: Tag, digest: Digest, deletion: Deletion
) -> None:
    await records.tags.remove(repository.id, tag)
    await write_removals(records, repository, [tag], digest, deletion)


async def _remove(
    records: Records, repository: Repository, image: Image, tags: Sequence[Tag], deletion: Deletion
) -> None:
    await check_image_unpinned(records, repository, image.digest, tags, deletion.at)
    parents = await records.references.parents(repository.id, image.digest, _NAMED_AT_MOST)
    if parents:
        raise ImageReferenced(tuple(parents))
    # Its layers stay for a grace period from now: somebody may be about to push an image that shares them.
    await records.layers.renew(repository.id, image.digest, deletion.at)
    if image.status is ImageStatus.ACTIVE and await records.images.has_archived(repository.id):
        await leave_layers(records, repository.id, image.digest, deletion.at)
    await throw_away(records, repository, image, tags, deletion)
