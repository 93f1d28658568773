"""Which actions a registry's policy may name, and in which it has a say."""

import json

import pytest

from entrepot.domain.policy.documents import Document, Kind, parse_document
from entrepot.domain.policy.scopes import RegistryScope

GOVERNED = ("ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository")


def registry_policy(element: str, *actions: str) -> Document:
    statement = {"Effect": "Allow", "Principal": "*", element: list(actions), "Resource": "*"}
    return parse_document(json.dumps({"Version": "2012-10-17", "Statement": statement}), Kind.REGISTRY)


@pytest.mark.parametrize("action", [*GOVERNED, "ecr:CREATEREPOSITORY"])
def test_both_scopes_govern_the_actions_of_replication_and_caching(action: str) -> None:
    assert RegistryScope.V1.governs(action)
    assert RegistryScope.V2.governs(action)


@pytest.mark.parametrize("action", ["ecr:BatchGetImage", "ecr:CreateRepositoryCreationTemplate", "ecr:*"])
def test_only_the_second_governs_everything_else(action: str) -> None:
    assert not RegistryScope.V1.governs(action)
    assert RegistryScope.V2.governs(action)


@pytest.mark.parametrize(
    ("actions", "is_taken"),
    [
        (GOVERNED, True),
        (("ecr:*",), True),
        (("ecr:Create*", "ecr:replicateimage"), True),
        (("ecr:BatchGetImage",), False),
        (("ecr:ReplicateImage", "ecr:BatchGetImage"), False),
        (("ecr:Batch?etImage",), False),
        (("s3:*",), False),
    ],
)
def test_the_first_takes_policies_about_its_own_actions(actions: tuple[str, ...], *, is_taken: bool) -> None:
    assert RegistryScope.V1.takes(registry_policy("Action", *actions)) is is_taken
    assert RegistryScope.V2.takes(registry_policy("Action", *actions))


def test_an_exception_is_read_as_the_actions_that_it_names() -> None:
    assert RegistryScope.V1.takes(registry_policy("NotAction", "ecr:CreateRepository"))
    assert not RegistryScope.V1.takes(registry_policy("NotAction", "ecr:DeleteRepository"))


def test_a_new_registry_has_the_second() -> None:
    assert next(iter(RegistryScope)) is RegistryScope.V2
