"""Every refusal has its AWS code, and every code is one that ECR's callers know."""

import inspect
from dataclasses import fields

import pytest
from tests.unit.aws.builders import ACCOUNT, model

from entrepot.aws.faults import COMMON_CODES, fault, is_covered
from entrepot.aws.refusals import WireFault
from entrepot.domain import errors
from entrepot.domain.errors import Refusal

REFUSALS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, Refusal) and kind is not Refusal
]
SAMPLES: dict[str, object] = {
    "int": 7,
    "str": "x",
    "str | None": None,
    "tuple": ("a", "b"),
    "datetime.datetime | None": None,
}


def sample(kind: type[Refusal]) -> Refusal:
    """The refusal with some value in every field."""
    return kind(*(SAMPLES[getattr(f.type, "__name__", "") or str(f.type)] for f in fields(kind)))


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_fault_of_its_own(kind: type[Refusal]) -> None:
    assert is_covered(kind)


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_every_code_is_in_a_service_s_model_or_common(kind: type[Refusal]) -> None:
    said = fault(sample(kind))
    modelled = {code for name in ("ecr", "iam", "sts", "entrepot") for code in model(name).errors}
    assert said.code in COMMON_CODES | modelled
    assert said.message
    assert 400 <= said.status < 600


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_a_modelled_error_has_status_400_and_only_fields_of_its_shape(kind: type[Refusal]) -> None:
    said = fault(sample(kind))
    modelled = model("ecr").errors.get(said.code)
    if modelled is not None:
        assert said.status == 400
        assert set(said.fields) == modelled.members - {"message"}


def test_a_refusal_without_a_fault_is_a_bug() -> None:
    with pytest.raises(LookupError):
        fault(Refusal())


def test_a_subclass_speaks_as_its_parent() -> None:
    class Special(errors.RepositoryNotFound):
        pass

    assert fault(Special("a", ACCOUNT)).code == "RepositoryNotFoundException"


R, A = "team/app", ACCOUNT
SENTENCES: list[tuple[Refusal, str]] = [
    (
        errors.RepositoryNotFound(R, A),
        (
            "RepositoryNotFoundException: The repository with name 'team/app' does not exist in the registry "
            "with id '123456789012'"
        ),
    ),
    (
        errors.RepositoryExists(R, A),
        (
            "RepositoryAlreadyExistsException: The repository with name 'team/app' already exists in the "
            "registry with id '123456789012'"
        ),
    ),
    (
        errors.RepositoryNotEmpty(R, A),
        (
            "RepositoryNotEmptyException: The repository with name 'team/app' in registry with id "
            "'123456789012' cannot be deleted because it still contains images"
        ),
    ),
    (
        errors.ImageNotFound(None, "1.0", R, A),
        (
            "ImageNotFoundException: The image with imageId {imageDigest:'null', imageTag:'1.0'} does not "
            "exist within the repository with name 'team/app' in the registry with id '123456789012'"
        ),
    ),
    (
        errors.ImageExists("sha256:0", "1.0", R, A),
        (
            "ImageAlreadyExistsException: Image with digest 'sha256:0' and tag '1.0' already exists in the "
            "repository with name 'team/app' in registry with id '123456789012'"
        ),
    ),
    (
        errors.TagImmutable("1.0", R),
        (
            "ImageTagAlreadyExistsException: The image tag '1.0' already exists in the 'team/app' repository "
            "and cannot be overwritten because the tag is immutable."
        ),
    ),
    (
        errors.UploadEmpty("u", R, A),
        (
            "EmptyUploadException: The upload with id 'u' in the repository with name 'team/app' in registry "
            "with id '123456789012' cannot be completed because it does not have any parts"
        ),
    ),
    (
        errors.ReferencedImagesNotFound(("sha256:0", "sha256:1"), R, A),
        (
            "ReferencedImagesNotFoundException: Images with digests '[sha256:0, sha256:1]' required for "
            "pushing image into repository with name 'team/app' in the registry with "
            "id '123456789012' do not exist"
        ),
    ),
    (
        errors.InvalidParameter("imageTag", "must have length greater than or equal to 1"),
        (
            "InvalidParameterException: Invalid parameter at 'imageTag' failed to satisfy constraint: "
            "'must have length greater than or equal to 1'"
        ),
    ),
    (
        errors.AccessDenied("arn", "ecr:PutImage", "*", "no identity-based policy allows the action"),
        (
            "AccessDeniedException: User: arn is not authorized to perform: ecr:PutImage on resource: * "
            "because no identity-based policy allows the action"
        ),
    ),
    (
        errors.AccessDenied("arn", "a", "r", "with an explicit deny in a resource-based policy"),
        (
            "AccessDeniedException: User: arn is not authorized to perform: a on resource: r with an "
            "explicit deny in a resource-based policy"
        ),
    ),
]


@pytest.mark.parametrize(("refusal", "sentence"), SENTENCES)
def test_sentences_are_ecr_s_own(refusal: Refusal, sentence: str) -> None:
    said = fault(refusal)
    assert f"{said.code}: {said.message}" == sentence


def test_an_invalid_layer_part_tells_where_the_upload_stands() -> None:
    said = fault(errors.UploadOutOfOrder("u", R, A, 5_242_880))
    assert said.fields == {
        "registryId": A,
        "repositoryName": R,
        "uploadId": "u",
        "lastValidByteReceived": 5_242_879,
    }


def test_what_is_not_offered_says_where_to_look() -> None:
    said = fault(errors.NotOffered("ecr:StartImageScan"))
    assert (said.code, said.status) == ("NotImplementedException", 501)
    assert said.message == (
        "ecr:StartImageScan is not offered by this registry yet; docs/compatibility.md lists what is"
    )


def test_faults_of_the_wire_pass_as_they_are() -> None:
    said = fault(WireFault("SerializationException", 400, "m"))
    assert (said.code, said.status, said.message) == ("SerializationException", 400, "m")
