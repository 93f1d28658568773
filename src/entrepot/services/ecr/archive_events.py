"""Images that are back from the archive, as ECR tells CloudTrail: ImageActivationEvent.

That there is such an event, and of which kind, is in ECR's user guide ("Logging Amazon ECR actions with AWS
CloudTrail"); what `serviceEventDetails` has is not published. Here it is repositoryName, imageDigest,
imageTags, imageStatus and lastActivatedAt, in milliseconds since 1970 as in ECR's other service events.
"""

from entrepot.domain.audit import IMAGE_ACTIVATION
from entrepot.domain.images import Image
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import noise
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records
from entrepot.registry.restoring import ActivationEvent
from entrepot.services.ecr.policy_events import MOST_TAGS, milliseconds, service_deed


def activation_events(clock: Clock) -> ActivationEvent:
    """Writes into the audit of the repository's account that an image can be pulled again."""

    async def write(records: Records, repository: Repository, image: Image) -> None:
        tags = (await records.tags.of_images(repository.id, [image.digest])).get(image.digest, [])
        deed = service_deed(
            repository,
            IMAGE_ACTIVATION,
            {
                "repositoryName": repository.name,
                "imageDigest": image.digest,
                "imageTags": tags[:MOST_TAGS],
                "imageStatus": image.status.value,
                "lastActivatedAt": None if image.activated_at is None else milliseconds(image.activated_at),
            },
        )
        await records.audit_events.add(deed.done(clock(), [noise()]))

    return write
