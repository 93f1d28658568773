"""The calls of Terraform's AWS provider, in its order: what it reads back is what was asked for.

Any difference would be in every later plan. The provider itself is no part of this: of its releases Go's
proxy has 1.60.0 of 2019 alone, built on Terraform 0.11, whose protocol later ones do not speak.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.clients.terraform_provider import Block, Provider
from tests.clients.test_boto3 import put_image
from tests.engines.entrepot import ACCOUNT, REGION, Endpoint

NewRepository = Callable[[], str]

PAGE = 100  # DescribeImages and ListImages, where the caller names no size


@pytest.fixture
def provider(entrepot: Endpoint) -> Provider:
    """Configured as the provider configures itself, by asking STS for the account."""
    assert entrepot.sts().get_caller_identity()["Account"] == ACCOUNT
    return Provider(entrepot.ecr())


class TestRepository:
    """`aws_ecr_repository`."""

    def test_defaults_are_settled_by_the_first_apply(self, provider: Provider, entrepot: Endpoint) -> None:
        block = Block("terraform/defaults")

        state = provider.create(block)

        assert state.block == block
        assert state.arn == f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/terraform/defaults"
        assert state.registry_id == ACCOUNT
        assert state.url == f"{entrepot.registry}/terraform/defaults"

    def test_every_argument_is_settled_by_the_first_apply(self, provider: Provider) -> None:
        """Filters are a list to Terraform: another order is a difference."""
        block = Block(
            "terraform/everything",
            mutability="IMMUTABLE_WITH_EXCLUSION",
            exclusions=("z-*", "a*-*", "latest"),
            scan_on_push=True,
            tags={"team": "blue", "empty": "", "path": "a/b:c=d+e@f"},
        )

        assert provider.create(block).block == block

    @pytest.mark.parametrize(
        "block",
        [
            Block("terraform/update", mutability="IMMUTABLE"),
            Block("terraform/update", mutability="IMMUTABLE_WITH_EXCLUSION", exclusions=("dev-*",)),
            Block("terraform/update", mutability="MUTABLE_WITH_EXCLUSION", exclusions=("v*", "release-*")),
            Block("terraform/update", scan_on_push=True),
            Block("terraform/update", tags={"stage": "test", "team": "green"}),
            Block("terraform/update"),
        ],
        ids=["immutable", "immutable-but", "mutable-but", "scanned", "tagged", "defaults"],
    )
    @pytest.mark.parametrize(
        "before",
        [
            Block("terraform/update", tags={"team": "blue", "owner": "ops"}),
            Block("terraform/update", mutability="IMMUTABLE_WITH_EXCLUSION", exclusions=("x", "y", "z")),
            Block("terraform/update", mutability="IMMUTABLE", scan_on_push=True),
        ],
        ids=["from-tagged", "from-excluding", "from-immutable"],
    )
    def test_a_change_is_settled_by_one_apply(self, provider: Provider, before: Block, block: Block) -> None:
        state = provider.create(before)

        updated = provider.update(state, block)

        assert updated.block == block
        assert replace(updated, block=before) == state
        provider.delete(updated)

    def test_a_repository_is_imported_by_its_name(
        self, provider: Provider, new_repository: NewRepository
    ) -> None:
        name = new_repository()

        imported = provider.read(name)

        assert imported is not None
        assert imported.block == Block(name)

    def test_one_that_was_deleted_elsewhere_leaves_the_state(
        self, provider: Provider, new_repository: NewRepository
    ) -> None:
        state = provider.read(new_repository())
        assert state is not None
        provider.ecr.delete_repository(repositoryName=state.block.name)

        assert provider.read(state.block.name) is None
        provider.delete(state)

    def test_one_with_images_is_deleted_only_by_force(
        self, provider: Provider, entrepot: Endpoint, new_repository: NewRepository
    ) -> None:
        state = provider.read(new_repository())
        assert state is not None
        put_image(entrepot, state.block.name, "1")

        with pytest.raises(provider.ecr.exceptions.RepositoryNotEmptyException):
            provider.delete(state)

        provider.delete(state, force=True)

    def test_a_protected_one_is_deleted_by_no_force_and_stays_in_the_state(
        self, provider: Provider, entrepot: Endpoint, new_repository: NewRepository
    ) -> None:
        state = provider.read(new_repository())
        assert state is not None
        own = entrepot.own()
        own.put_deletion_protection(repositoryName=state.block.name, enabled=True)

        for force in (False, True):
            with pytest.raises(provider.ecr.exceptions.InvalidParameterException, match="is protected"):
                provider.delete(state, force=force)

        assert provider.read(state.block.name) == state
        own.put_deletion_protection(repositoryName=state.block.name, enabled=False)
        provider.delete(state)

    def test_one_is_replaced_under_the_same_name(self, provider: Provider) -> None:
        """As a change of `encryption_configuration` makes it do: delete, then create at once."""
        first = provider.create(Block("terraform/replaced", tags={"of": "the first"}))
        provider.delete(first)

        second = provider.create(Block("terraform/replaced"))

        assert second.block.tags == {}

    def test_many_are_made_and_unmade_ten_at_once(self, provider: Provider) -> None:
        """Terraform's `-parallelism`, when it is not told."""
        blocks = [Block(f"terraform/parallel-{number}", tags={"n": str(number)}) for number in range(30)]

        with ThreadPoolExecutor(10) as pool:
            states = list(pool.map(provider.create, blocks))
            list(pool.map(provider.delete, states))

        assert [state.block for state in states] == blocks

    def test_one_that_exists_is_not_taken_over(
        self, provider: Provider, new_repository: NewRepository
    ) -> None:
        with pytest.raises(provider.ecr.exceptions.RepositoryAlreadyExistsException):
            provider.create(Block(new_repository()))


class TestDataSources:
    """`aws_ecr_image`, `_images`, `_repository`, `_repositories` and `_authorization_token`."""

    def test_an_image_is_found_by_tag_and_by_digest(
        self, provider: Provider, entrepot: Endpoint, new_repository: NewRepository
    ) -> None:
        repository = new_repository()
        put_image(entrepot, repository, "v1")
        [detail] = provider.images(repository)
        digest = detail["imageDigest"]

        by_tag = provider.image_uri(repository, {"imageTag": "v1"})
        by_digest = provider.image_uri(repository, {"imageDigest": digest})
        by_both = provider.image_uri(repository, {"imageDigest": digest, "imageTag": "v1"})

        assert by_tag == by_digest == by_both == f"{entrepot.registry}/{repository}@{digest}"
        assert detail["imageSizeInBytes"] > 0

    def test_an_image_that_is_absent_has_the_errors_name(
        self, provider: Provider, new_repository: NewRepository
    ) -> None:
        with pytest.raises(provider.ecr.exceptions.ImageNotFoundException):
            provider.image_uri(new_repository(), {"imageTag": "absent"})
        with pytest.raises(provider.ecr.exceptions.RepositoryNotFoundException):
            provider.image_uri("terraform/never-made", {"imageTag": "absent"})

    def test_all_images_come_by_pages(
        self, provider: Provider, entrepot: Endpoint, new_repository: NewRepository
    ) -> None:
        """The last that was pushed is the most recent one."""
        repository = new_repository()
        tags = [f"t{number:03}" for number in range(PAGE + 1)]
        manifest = put_image(entrepot, repository, tags[0])
        for tag in tags[1:]:
            other = manifest.replace(
                '"schemaVersion": 2', f'"schemaVersion": 2, "annotations": {{"t": "{tag}"}}'
            )
            provider.ecr.put_image(repositoryName=repository, imageManifest=other, imageTag=tag)

        described, listed = provider.images(repository), provider.image_ids(repository)

        assert sorted(one["imageTags"][0] for one in described) == tags
        assert sorted(one["imageTag"] for one in listed) == tags
        assert len({one["imageDigest"] for one in described}) == len(tags)
        assert provider.most_recent_tags(repository) == [tags[-1]]

    def test_all_repositories_of_a_region_come_by_pages(self, entrepot: Endpoint) -> None:
        region = "ap-northeast-3"
        names = {
            entrepot.create_repository(f"terraform/many-{number}", region=region)
            for number in range(PAGE + 1)
        }

        assert Provider(entrepot.ecr(region)).repository_names() == names

    @pytest.mark.parametrize("registry_id", [None, ACCOUNT])
    def test_a_token_is_decoded_and_logs_in(
        self, provider: Provider, entrepot: Endpoint, registry_id: str | None
    ) -> None:
        endpoint, user, password = provider.authorization_token(registry_id)

        assert endpoint == entrepot.url
        assert user == "AWS"
        assert password
