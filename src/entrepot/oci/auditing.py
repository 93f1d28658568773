"""What the door on `/v2/` tells the audit: events are named as those of the ECR API."""

from entrepot.domain.audit import Deed, Json, Resource, actor_of
from entrepot.domain.names import repository_arn
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import turn_to
from entrepot.oci.access import Caller, action_of
from entrepot.oci.routes import Base, BlobAt, CatalogList, ManifestAt, ReferrerList, Route, UploadAt

# What the ECR API cannot do has names of our own.
_NAMES: dict[tuple[type[Route], str], str] = {
    (BlobAt, "DELETE"): "DeleteLayer",
    (UploadAt, "DELETE"): "CancelLayerUpload",
}


def deed_of(caller: Caller, route: Route, method: str, request_id: str) -> Deed:
    """What a request sets out to do; steps of it that have events of their own are told by `step`."""
    account = caller.registry.account
    name = None if isinstance(route, Base | CatalogList) else route.name
    return Deed(
        actor=actor_of(caller.principal),
        service="ecr",
        name=_NAMES.get((type(route), method)) or action_of(route, method).removeprefix("ecr:"),
        region=caller.registry.region,
        address=caller.origin.remote,
        agent=caller.origin.user_agent or "",
        request_id=request_id,
        parameters={"registryId": account, **_parameters(route)},
        resources=(Resource(repository_arn(caller.registry, name), account),) if name is not None else (),
    )


def step(name: str, repository: Repository, **parameters: object) -> None:
    """One of several things that a request does, each of which has its event."""
    registry = repository.registry.account
    turn_to(name, registryId=registry, repositoryName=repository.name, **parameters)


def _parameters(route: Route) -> dict[str, Json]:
    if isinstance(route, Base | CatalogList):
        return {}
    named: dict[str, Json] = {"repositoryName": route.name}
    match route:
        case ManifestAt(reference=reference):
            named["imageDigest" if ":" in reference else "imageTag"] = reference
        case BlobAt(digest=digest):
            named["layerDigest"] = digest
        case UploadAt(upload_id=upload_id):
            named["uploadId"] = upload_id
        case ReferrerList(subject=subject):
            named["subjectDigest"] = subject
        case _:
            pass
    return named
