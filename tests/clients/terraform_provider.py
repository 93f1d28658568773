"""Terraform's AWS provider, as far as it speaks to ECR: its calls with its parameters, made by boto3.

From its source, `internal/service/ecr` of 2026: `repository.go`, `tags_gen.go`, and its data sources.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient
    from types_boto3_ecr.literals import EncryptionTypeType, ImageTagMutabilityType
    from types_boto3_ecr.type_defs import (
        CreateRepositoryRequestTypeDef,
        DescribeImagesRequestPaginateTypeDef,
        DescribeRepositoriesRequestPaginateTypeDef,
        GetAuthorizationTokenRequestTypeDef,
        ImageDetailTypeDef,
        ImageIdentifierTypeDef,
        ImageTagMutabilityExclusionFilterTypeDef,
        PutImageTagMutabilityRequestTypeDef,
        RepositoryTypeDef,
        TagTypeDef,
    )


@dataclass(frozen=True, slots=True)
class Block:
    """The arguments of an `aws_ecr_repository`; what is read back equal to it makes an empty plan."""

    name: str
    mutability: "ImageTagMutabilityType" = "MUTABLE"
    exclusions: tuple[str, ...] = ()
    scan_on_push: bool = False
    encryption: "EncryptionTypeType" = "AES256"
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """What Terraform keeps of a repository."""

    block: Block
    arn: str
    registry_id: str
    url: str


@dataclass(frozen=True, slots=True)
class Provider:
    """One configured provider, in one region."""

    ecr: "ECRClient"

    def create(self, block: Block) -> State:
        params: CreateRepositoryRequestTypeDef = {
            "repositoryName": block.name,
            "imageTagMutability": block.mutability,
            "encryptionConfiguration": {"encryptionType": block.encryption},
        }
        if block.exclusions:
            params["imageTagMutabilityExclusionFilters"] = _filters(block)
        if block.scan_on_push:
            params["imageScanningConfiguration"] = {"scanOnPush": True}
        if block.tags:
            params["tags"] = _tags(block.tags)
        made = self.ecr.create_repository(**params)["repository"]
        state = self.read(made["repositoryName"])
        assert state is not None  # the provider would ask again for two minutes
        return state

    def read(self, name: str) -> State | None:
        """Also what `terraform import` does with a name; None takes it out of the state."""
        try:
            repository = self._repository(name)
        except self.ecr.exceptions.RepositoryNotFoundException:
            return None
        tags = self.ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
        filters = repository.get("imageTagMutabilityExclusionFilters", [])
        assert all(one["filterType"] == "WILDCARD" for one in filters)
        return State(
            Block(
                name=repository["repositoryName"],
                mutability=repository["imageTagMutability"],
                exclusions=tuple(one["filter"] for one in filters),
                scan_on_push=repository["imageScanningConfiguration"]["scanOnPush"],
                encryption=repository["encryptionConfiguration"]["encryptionType"],
                tags={tag["Key"]: tag["Value"] for tag in tags},
            ),
            arn=repository["repositoryArn"],
            registry_id=repository["registryId"],
            url=repository["repositoryUri"],
        )

    def update(self, state: State, block: Block) -> State:
        old = state.block
        if (old.mutability, old.exclusions) != (block.mutability, block.exclusions):
            params: PutImageTagMutabilityRequestTypeDef = {
                "registryId": state.registry_id,
                "repositoryName": old.name,
                "imageTagMutability": block.mutability,
            }
            if block.exclusions:
                params["imageTagMutabilityExclusionFilters"] = _filters(block)
            self.ecr.put_image_tag_mutability(**params)
        if old.scan_on_push != block.scan_on_push:
            self.ecr.put_image_scanning_configuration(
                registryId=state.registry_id,
                repositoryName=old.name,
                imageScanningConfiguration={"scanOnPush": block.scan_on_push},
            )
        self._update_tags(state.arn, old.tags, block.tags)
        updated = self.read(old.name)
        assert updated is not None
        return updated

    def delete(self, state: State, *, force: bool = False) -> None:
        """The provider then asks until the repository is not found; here the first answer must say so."""
        try:
            self.ecr.delete_repository(
                registryId=state.registry_id, repositoryName=state.block.name, force=force
            )
        except self.ecr.exceptions.RepositoryNotFoundException:
            return
        assert self.read(state.block.name) is None

    def images(
        self, repository: str, image: "ImageIdentifierTypeDef | None" = None
    ) -> "list[ImageDetailTypeDef]":
        """DescribeImages to the last page, of the size that the registry likes; one image, or all."""
        params: DescribeImagesRequestPaginateTypeDef = {"repositoryName": repository}
        if image is not None:
            params["imageIds"] = [image]
        pages = self.ecr.get_paginator("describe_images").paginate(**params)
        return [detail for page in pages for detail in page["imageDetails"]]

    def image_uri(self, repository: str, image: "ImageIdentifierTypeDef") -> str:
        """The attribute of `aws_ecr_image`."""
        [detail] = self.images(repository, image)
        found = self._repository(detail["repositoryName"], registry_id=detail["registryId"])
        return f"{found['repositoryUri']}@{detail['imageDigest']}"

    def image_ids(self, repository: str) -> "list[ImageIdentifierTypeDef]":
        """`aws_ecr_images`."""
        pages = self.ecr.get_paginator("list_images").paginate(repositoryName=repository)
        return [one for page in pages for one in page["imageIds"]]

    def most_recent_tags(self, repository: str) -> list[str]:
        """The attribute of the data source `aws_ecr_repository`."""
        details = self.images(repository)
        return max(details, key=lambda detail: detail["imagePushedAt"])["imageTags"]

    def repository_names(self) -> set[str]:
        """`aws_ecr_repositories`."""
        pages = self.ecr.get_paginator("describe_repositories").paginate()
        return {one["repositoryName"] for page in pages for one in page["repositories"]}

    def authorization_token(self, registry_id: str | None = None) -> tuple[str, str, str]:
        """`aws_ecr_authorization_token`: the endpoint, the user and the password.

        It is decoded with the alphabet of URLs and must hold one colon.
        """
        asked: GetAuthorizationTokenRequestTypeDef = {"registryIds": [registry_id]} if registry_id else {}
        [granted] = self.ecr.get_authorization_token(**asked)["authorizationData"]
        assert granted["expiresAt"] is not None
        decoded = base64.b64decode(granted["authorizationToken"], altchars=b"-_", validate=True).decode()
        user, password = decoded.split(":")
        return granted["proxyEndpoint"], user, password

    def _repository(self, name: str, *, registry_id: str | None = None) -> "RepositoryTypeDef":
        params: DescribeRepositoriesRequestPaginateTypeDef = {"repositoryNames": [name]}
        if registry_id is not None:
            params["registryId"] = registry_id
        pages = self.ecr.get_paginator("describe_repositories").paginate(**params)
        repositories: list[RepositoryTypeDef] = [one for page in pages for one in page["repositories"]]
        [repository] = repositories
        return repository

    def _update_tags(self, arn: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        removed = [key for key in old if key not in new]
        changed = {key: value for key, value in new.items() if old.get(key) != value}
        if removed:
            self.ecr.untag_resource(resourceArn=arn, tagKeys=removed)
        if changed:
            self.ecr.tag_resource(resourceArn=arn, tags=_tags(changed))


def _filters(block: Block) -> "list[ImageTagMutabilityExclusionFilterTypeDef]":
    return [{"filterType": "WILDCARD", "filter": pattern} for pattern in block.exclusions]


def _tags(tags: Mapping[str, str]) -> "list[TagTypeDef]":
    return [{"Key": key, "Value": value} for key, value in tags.items()]
