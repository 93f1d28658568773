"""What AWS's managed policies allow on the doors that there are."""

from functools import cache

import pytest

from entrepot.domain.policy.documents import Kind, parse_document
from entrepot.domain.policy.evaluation import decide
from entrepot.domain.policy.policies import Applicable, Policies, Policy
from entrepot.identity.aws_policies import AWS_POLICIES
from entrepot.oci.access import ACTIONS
from entrepot.oci.routes import BlobAt, ManifestAt, Route, UploadAt, UploadList
from entrepot.services.ecr.service import ECR_OFFERED
from tests.unit.domain.policy.builders import REPOSITORY, request

PULL: list[tuple[type[Route], str]] = [(ManifestAt, "GET"), (ManifestAt, "HEAD"), (BlobAt, "GET")]
PUSH: list[tuple[type[Route], str]] = [
    (BlobAt, "HEAD"),
    (UploadList, "POST"),
    (UploadAt, "PATCH"),
    (UploadAt, "PUT"),
    (ManifestAt, "HEAD"),
    (ManifestAt, "PUT"),
]


@cache
def _policies(name: str) -> Policies:
    arn = f"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistry{name}"
    return Policies([Policy(arn, parse_document(AWS_POLICIES[arn].document, Kind.IDENTITY))])


def _may(name: str, action: str) -> bool:
    resource = "*" if action == "ecr:GetAuthorizationToken" else REPOSITORY
    return decide(request(action=action, resource=resource), Applicable(_policies(name))).is_allowed


def _may_all(name: str, doors: list[tuple[type[Route], str]]) -> bool:
    actions = [ACTIONS[route][method] for route, method in doors]
    return all(_may(name, action) for action in actions if action is not None)


@pytest.mark.parametrize(
    ("name", "pulls", "pushes"),
    [
        ("PullOnly", True, False),
        ("ReadOnly", True, False),
        ("PowerUser", True, True),
        ("FullAccess", True, True),
    ],
)
def test_a_login_a_pull_and_a_push_need_the_policy_that_says_so(
    name: str, *, pulls: bool, pushes: bool
) -> None:
    assert _may(name, "ecr:GetAuthorizationToken")
    assert _may_all(name, PULL) == pulls
    assert _may_all(name, PUSH) == pushes


@pytest.mark.parametrize("operation", sorted(ECR_OFFERED))
def test_full_access_is_every_operation_and_read_only_changes_none(operation: str) -> None:
    assert _may("FullAccess", f"ecr:{operation}")
    if operation.startswith(("Put", "Create", "Delete", "Tag", "Untag", "Upload", "Initiate", "Complete")):
        assert not _may("ReadOnly", f"ecr:{operation}")


@pytest.mark.parametrize(
    "action", ["ecr:DeleteRepository", "ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy"]
)
def test_a_power_user_deletes_nothing_and_gives_no_rights(action: str) -> None:
    assert not _may("PowerUser", action)


def test_full_access_is_to_the_registry_alone() -> None:
    assert not _may("FullAccess", "iam:CreateUser")
    assert not _may("FullAccess", "iam:CreateServiceLinkedRole")
