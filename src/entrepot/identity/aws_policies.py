"""The managed policies about ECR that every account has, by ARN."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from entrepot.domain.identities import policy_arn

AWS_ACCOUNT = "aws"
_PULL = ("ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_READ = (
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


@dataclass(frozen=True, slots=True)
class AwsPolicy:
    """A policy that nobody can change; `version` is the one AWS had when this was written (2026-04)."""

    name: str
    id: str
    version: int
    created_at: datetime
    document: str

    @property
    def arn(self) -> str:
        """The same in every account."""
        return policy_arn(AWS_ACCOUNT, self.name)


def _policy(
    name: str, policy_id: str, version: int, created_at: datetime, *statements: Mapping[str, object]
) -> AwsPolicy:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return AwsPolicy(name, policy_id, version, created_at, document)


def _allow(actions: Sequence[str], **more: object) -> Mapping[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


_SINCE = datetime(2015, 12, 21, 17, 5, tzinfo=UTC)
AWS_POLICIES: Mapping[str, AwsPolicy] = {
    policy.arn: policy
    for policy in (
        _policy(
            "AmazonEC2ContainerRegistryFullAccess",
            "ANPAIESRL7KD7IIVF6V4W",
            3,
            _SINCE,
            _allow(("ecr:*", "cloudtrail:LookupEvents")),
            _allow(
                ("iam:CreateServiceLinkedRole",),
                Condition={"StringEquals": {"iam:AWSServiceName": ["replication.ecr.amazonaws.com"]}},
            ),
        ),
        _policy(
            "AmazonEC2ContainerRegistryPowerUser",
            "ANPAJDNE5PIHROIBGGDDW",
            3,
            _SINCE,
            _allow((*_READ, *_PUSH)),
        ),
        _policy(
            "AmazonEC2ContainerRegistryPullOnly",
            "ANPAPULLONLY234567ABC",
            1,
            datetime(2024, 10, 10, tzinfo=UTC),
            _allow((*_PULL, "ecr:BatchImportUpstreamImage")),
        ),
        _policy(
            "AmazonEC2ContainerRegistryReadOnly",
            "ANPAIFYZPA37OOHVIH7KQ",
            3,
            _SINCE,
            _allow(_READ),
        ),
    )
}
