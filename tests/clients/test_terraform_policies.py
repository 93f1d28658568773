"""Terraform's resources of ECR's policies and settings: what is read back makes an empty plan."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.terraform_policies import (
    AccountSettings,
    RegistryPolicies,
    RepositoryPolicies,
    are_equivalent,
)
from tests.clients.terraform_provider import Block, Provider
from tests.engines.entrepot import ACCOUNT, Endpoint

NewRepository = Callable[[], str]

REGION = "sa-east-1"  # of nobody else here: a registry has one policy, and its settings count for all
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]


def document(*statements: object, **more: object) -> str:
    """As `jsonencode` of Terraform or a file of the user has it."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


def statement(**members: Any) -> dict[str, Any]:
    return {"Sid": "pull", "Effect": "Allow", "Principal": "*", "Action": PULL, **members}


POLICIES = [
    document(statement()),
    document(statement(Action="ecr:BatchGetImage")),
    document(statement(Action=["ecr:BatchGetImage"])),
    document(statement(Principal={"AWS": ACCOUNT})),
    document(statement(Principal={"AWS": [ROOT]})),
    document(statement(Principal={"AWS": "*", "Service": "codebuild.amazonaws.com"})),
    document(statement(), statement(Sid="", Effect="Deny", Action="ecr:Delete*")),
    document(statement(Sid="with spaces"), statement(Sid="with spaces", Action="ecr:ListImages")),
    document(statement(Condition={"Bool": {"aws:SecureTransport": True}})),
    document(statement(Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}})),
    document(statement(Condition={"StringLike": {"aws:PrincipalTag/é": ["ü*", "<&>"]}}), Id="of the team"),
    document(statement()).replace("2012-10-17", "2008-10-17"),
    json.dumps({"Statement": statement()}, indent=4),
]


@pytest.fixture
def policies(entrepot: Endpoint) -> RepositoryPolicies:
    return RepositoryPolicies(entrepot.ecr())


class TestRepositoryPolicy:
    """`aws_ecr_repository_policy`."""

    @pytest.mark.parametrize("policy", POLICIES, ids=range(len(POLICIES)))
    def test_a_policy_is_settled_by_the_first_apply(
        self, policies: RepositoryPolicies, new_repository: NewRepository, policy: str
    ) -> None:
        name = new_repository()

        state = policies.put(name, policy)

        assert (state.repository, state.registry_id) == (name, ACCOUNT)
        assert state.policy == policy
        assert policies.read(name, state.policy) == state

    def test_a_change_is_seen_and_settled_by_one_apply(
        self, policies: RepositoryPolicies, new_repository: NewRepository
    ) -> None:
        name, (before, after, *_) = new_repository(), POLICIES
        policies.put(name, before)
        changed = RepositoryPolicies(policies.ecr).read(name, after)
        assert changed is not None
        assert changed.policy != after  # a plan that is not empty

        assert policies.put(name, after).policy == after

    def test_a_policy_is_imported_by_its_repository(
        self, policies: RepositoryPolicies, new_repository: NewRepository
    ) -> None:
        name = new_repository()
        policies.put(name, POLICIES[0])

        imported = policies.read(name, "")

        assert imported is not None
        assert are_equivalent(json.loads(imported.policy), json.loads(POLICIES[0]))

    def test_a_destroyed_policy_leaves_the_state(
        self, policies: RepositoryPolicies, new_repository: NewRepository
    ) -> None:
        state = policies.put(new_repository(), POLICIES[0])

        policies.delete(state)

        assert policies.read(state.repository, state.policy) is None
        policies.delete(state)

    def test_a_policy_goes_with_a_repository_that_goes_first(
        self, policies: RepositoryPolicies, new_repository: NewRepository
    ) -> None:
        state = policies.put(new_repository(), POLICIES[0])
        policies.ecr.delete_repository(repositoryName=state.repository)

        assert policies.read(state.repository, state.policy) is None
        policies.delete(state)

    def test_both_are_made_and_unmade_in_the_order_of_a_plan(self, policies: RepositoryPolicies) -> None:
        provider = Provider(policies.ecr)
        made = provider.create(Block("terraform/with-policy"))
        state = policies.put(made.block.name, POLICIES[0])
        policies.delete(state)
        provider.delete(made)

    @pytest.mark.parametrize(
        ("policy", "said"),
        [
            ("{}", "Invalid repository policy provided"),
            (document({"Effect": "Allow", "Action": "*"}), "Invalid repository policy provided"),
            (document(statement(Principal={"AWS": f"{ROOT[:-4]}user/gone"})), "Principal not found"),
        ],
    )
    def test_a_bad_policy_has_the_text_that_the_provider_looks_for(
        self, policies: RepositoryPolicies, new_repository: NewRepository, policy: str, said: str
    ) -> None:
        """It asks again for two minutes where it reads this: a principal may be new."""
        with pytest.raises(policies.ecr.exceptions.InvalidParameterException, match=said):
            policies.put(new_repository(), policy)


class TestRegistryPolicy:
    """`aws_ecr_registry_policy`."""

    def test_it_lives_and_is_destroyed(self, entrepot: Endpoint) -> None:
        policies = RegistryPolicies(entrepot.ecr(REGION))
        assert policies.read("") is None
        resource = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/*"
        first = document(statement(Action="ecr:ReplicateImage", Principal={"AWS": ROOT}, Resource=resource))
        both = ["ecr:CreateRepository", "ecr:ReplicateImage"]
        second = document(statement(Action=both, Resource=[resource]))
        for policy in (first, second):
            assert policies.put(policy) == (ACCOUNT, policy)
            assert policies.read(policy) == (ACCOUNT, policy)
        policies.delete()
        assert policies.read(second) is None
        policies.delete()


class TestAccountSetting:
    """`aws_ecr_account_setting`."""

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("BASIC_SCAN_TYPE_VERSION", ("AWS_NATIVE",)),
            ("REGISTRY_POLICY_SCOPE", ("V1", "V2")),
            ("BLOB_MOUNTING", ("DISABLED", "ENABLED")),
        ],
    )
    def test_it_is_made_changed_and_left(
        self, entrepot: Endpoint, name: str, values: tuple[str, ...]
    ) -> None:
        settings = AccountSettings(entrepot.ecr(REGION))
        for value in values:
            assert settings.put(name, value) == value
            assert settings.read(name) == value

    def test_a_value_that_is_none_is_refused(self, entrepot: Endpoint) -> None:
        settings = AccountSettings(entrepot.ecr(REGION))
        with pytest.raises(settings.ecr.exceptions.InvalidParameterException):
            settings.put("REGISTRY_POLICY_SCOPE", "V3")


def test_equivalence_is_the_providers() -> None:
    """Some of the cases of its own tests."""

    def one_of(**members: Any) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(document(statement(**members)))
        return parsed

    one = one_of(Action=["a:b", "c:d"], Principal={"AWS": ACCOUNT})
    assert are_equivalent(one, one_of(Action=["c:d", "a:b"], Principal={"AWS": [ROOT]}))
    assert not are_equivalent(one, one_of(Action="a:b", Principal={"AWS": ACCOUNT}))
    assert not are_equivalent(one, one_of(Action=["a:b", "c:d"]))
