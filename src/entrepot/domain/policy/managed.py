"""AWS's managed policies for ECR, under their own ARNs, so that what is attached there can be here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A policy that AWS wrote, and nobody may change; `version` is the one it stood at (facts 3.2)."""

    name: str
    version: str
    description: str
    statements: tuple[Mapping[str, object], ...]

    @property
    def arn(self) -> str:
        """Owned by AWS, not by any account."""
        return f"arn:aws:iam::aws:policy/{self.name}"

    @property
    def text(self) -> str:
        """The document."""
        return json.dumps({"Version": "2012-10-17", "Statement": list(self.statements)})


_LOOK = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetRepositoryPolicy",
    "ecr:DescribeRepositories",
    "ecr:ListImages",
    "ecr:DescribeImages",
    "ecr:BatchGetImage",
    "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview",
    "ecr:ListTagsForResource",
    "ecr:DescribeImageScanFindings",
)
_PUSH = ("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage")
_PULL = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchImportUpstreamImage",
)
_LINK_REPLICATION: Mapping[str, object] = {
    "Effect": "Allow",
    "Action": ["iam:CreateServiceLinkedRole"],
    "Resource": "*",
    "Condition": {"StringEquals": {"iam:AWSServiceName": ["replication.ecr.amazonaws.com"]}},
}


def _allow(*actions: str) -> Mapping[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


_ALL = (
    ManagedPolicy(
        "AmazonEC2ContainerRegistryFullAccess",
        "v3",
        "Everything in the registry.",
        (_allow("ecr:*", "cloudtrail:LookupEvents"), _LINK_REPLICATION),
    ),
    ManagedPolicy(
        "AmazonEC2ContainerRegistryPowerUser",
        "v3",
        "Pushing and pulling, but neither deleting repositories nor changing who may use them.",
        (_allow(*_LOOK, *_PUSH),),
    ),
    ManagedPolicy(
        "AmazonEC2ContainerRegistryReadOnly", "v3", "Pulling, and looking at repositories.", (_allow(*_LOOK),)
    ),
    ManagedPolicy(
        "AmazonEC2ContainerRegistryPullOnly", "v1", "Pulling, and nothing else.", (_allow(*_PULL),)
    ),
)
MANAGED_POLICIES: Mapping[str, ManagedPolicy] = {policy.arn: policy for policy in _ALL}
"""The policies by ARN."""
