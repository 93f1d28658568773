"""Every operation that changes something, called once with success, in an order in which that is possible."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.unit.domain.lifecycle.builders import policy_text, rule
from tests.wire.aws.images import CONFIG
from tests.wire.aws.served import ACCOUNT, REGION
from tests.wire.aws.test_iam import policy, trust
from tests.wire.oci.world import digest_of, manifest

from entrepot.domain.audit import is_read
from entrepot.services.cloudtrail.service import CLOUDTRAIL_OFFERED
from entrepot.services.ecr.service import ECR_OFFERED
from entrepot.services.entrepot.service import ENTREPOT_OFFERED
from entrepot.services.iam.service import IAM_OFFERED
from entrepot.services.sts.service import STS_OFFERED

OFFERED = {
    "ecr": ECR_OFFERED,
    "iam": IAM_OFFERED,
    "sts": STS_OFFERED,
    "cloudtrail": CLOUDTRAIL_OFFERED,
    "entrepot": ENTREPOT_OFFERED,
}
BEGIN_SESSIONS = {  # which CloudTrail calls reads
    "AssumeRole",
    "AssumeRoleWithWebIdentity",
    "GetFederationToken",
    "GetSessionToken",
}
UNSIGNED = {
    ("sts", "AssumeRoleWithWebIdentity")
}  # which needs a token of an issuer, and has a test of its own
NEVER_DONE = {"DeleteLoginProfile"}  # nobody has a password here, so there is none to delete
CHANGING = {
    (service, name)
    for service, offered in OFFERED.items()
    for name in offered
    if name not in NEVER_DONE and (name in BEGIN_SESSIONS or not is_read(service, name))
}

Said = dict[str, Any]
Given = Mapping[str, Any] | Callable[[Said], Mapping[str, Any]]

REPOSITORY = {"repositoryName": "team/app"}
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app"
IMAGE = manifest(config=CONFIG, layers=[]).decode()
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/rules"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer.example"
RULES = policy("ecr:GetAuthorizationToken")
REPOSITORY_RULES = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}],
    }
)
REGISTRY_RULES = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "copies",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "ecr:ReplicateImage",
                "Resource": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/*",
            }
        ],
    }
)

LIFECYCLE_RULES = policy_text(rule(newest=9))


@dataclass(frozen=True, slots=True)
class Step:
    """One call; `given` may need what earlier ones said, by operation. `by` is None for the root."""

    service: str
    operation: str
    given: Given = field(default_factory=dict)
    by: str | None = None

    def params(self, said: Said) -> Mapping[str, Any]:
        """What it is called with."""
        return self.given(said) if callable(self.given) else self.given


def _ecr(operation: str, given: Given = REPOSITORY) -> Step:
    return Step("ecr", operation, given)


def _iam(operation: str, **given: Any) -> Step:
    return Step("iam", operation, given)


def _about(kind: str, name: str) -> list[Step]:
    """What groups, roles and users have in common."""
    named = {f"{kind}Name": name}
    return [
        _iam(f"Put{kind}Policy", **named, PolicyName="p", PolicyDocument=RULES),
        _iam(f"Attach{kind}Policy", **named, PolicyArn=POLICY),
        _iam(f"Detach{kind}Policy", **named, PolicyArn=POLICY),
        _iam(f"Delete{kind}Policy", **named, PolicyName="p"),
    ]


def _bounded(kind: str, name: str) -> list[Step]:
    """What roles and users have in common."""
    named = {f"{kind}Name": name}
    return [
        _iam(f"Tag{kind}", **named, Tags=[{"Key": "a", "Value": "b"}]),
        _iam(f"Untag{kind}", **named, TagKeys=["a"]),
        _iam(f"Put{kind}PermissionsBoundary", **named, PermissionsBoundary=POLICY),
        _iam(f"Delete{kind}PermissionsBoundary", **named),
    ]


def _upload(said: Said) -> Mapping[str, Any]:
    return {**REPOSITORY, "uploadId": said["InitiateLayerUpload"]["uploadId"]}


def _key(said: Said) -> Mapping[str, Any]:
    return {"UserName": "runner", "AccessKeyId": said["CreateAccessKey"]["AccessKey"]["AccessKeyId"]}


STEPS = [
    _ecr("CreateRepository"),
    _ecr("TagResource", {"resourceArn": ARN, "tags": [{"Key": "a", "Value": "b"}]}),
    _ecr("UntagResource", {"resourceArn": ARN, "tagKeys": ["a"]}),
    _ecr("PutImageScanningConfiguration", {**REPOSITORY, "imageScanningConfiguration": {"scanOnPush": True}}),
    _ecr("PutImageTagMutability", {**REPOSITORY, "imageTagMutability": "IMMUTABLE"}),
    _ecr("SetRepositoryPolicy", {**REPOSITORY, "policyText": REPOSITORY_RULES}),
    _ecr("DeleteRepositoryPolicy"),
    _ecr("PutLifecyclePolicy", {**REPOSITORY, "lifecyclePolicyText": LIFECYCLE_RULES}),
    _ecr("StartLifecyclePolicyPreview"),
    _ecr("DeleteLifecyclePolicy"),
    _ecr("RegisterPullTimeUpdateExclusion", {"principalArn": f"arn:aws:iam::{ACCOUNT}:user/scanner"}),
    _ecr("DeregisterPullTimeUpdateExclusion", {"principalArn": f"arn:aws:iam::{ACCOUNT}:user/scanner"}),
    _ecr("PutRegistryPolicy", {"policyText": REGISTRY_RULES}),
    _ecr("DeleteRegistryPolicy", {}),
    _ecr("PutAccountSetting", {"name": "BLOB_MOUNTING", "value": "ENABLED"}),
    _ecr("InitiateLayerUpload"),
    _ecr(
        "UploadLayerPart",
        lambda said: {
            **_upload(said),
            "partFirstByte": 0,
            "partLastByte": len(CONFIG) - 1,
            "layerPartBlob": CONFIG,
        },
    ),
    _ecr("CompleteLayerUpload", lambda said: {**_upload(said), "layerDigests": [digest_of(CONFIG)]}),
    _ecr("PutImage", {**REPOSITORY, "imageManifest": IMAGE, "imageTag": "v1"}),
    Step("entrepot", "PutRecycleBinSettings", {"retentionDays": 3}),
    Step("entrepot", "PinImage", {**REPOSITORY, "imageId": {"imageTag": "v1"}, "reason": "runs"}),
    Step("entrepot", "UnpinImage", {**REPOSITORY, "imageId": {"imageTag": "v1"}}),
    Step("entrepot", "ReportUsage", {"clusterName": "blue", "images": []}),
    _ecr(
        "UpdateImageStorageClass",
        {**REPOSITORY, "imageId": {"imageTag": "v1"}, "targetStorageClass": "ARCHIVE"},
    ),
    _ecr("BatchDeleteImage", {**REPOSITORY, "imageIds": [{"imageTag": "v1"}]}),
    Step(
        "entrepot",
        "RestoreImage",
        {**REPOSITORY, "imageDigest": digest_of(IMAGE.encode()), "imageTags": []},
    ),
    Step("entrepot", "RestoreTag", {**REPOSITORY, "imageTag": "v1"}),
    Step("entrepot", "PutDeletionProtection", {**REPOSITORY, "enabled": False}),
    _ecr("DeleteRepository", {**REPOSITORY, "force": True}),
    Step("entrepot", "RestoreRepository", REPOSITORY),
    Step("entrepot", "PurgeRecycleBin", REPOSITORY),
    _iam("CreatePolicy", PolicyName="rules", PolicyDocument=RULES),
    _iam("CreatePolicyVersion", PolicyArn=POLICY, PolicyDocument=RULES),
    _iam("SetDefaultPolicyVersion", PolicyArn=POLICY, VersionId="v2"),
    _iam("DeletePolicyVersion", PolicyArn=POLICY, VersionId="v1"),
    _iam("TagPolicy", PolicyArn=POLICY, Tags=[{"Key": "a", "Value": "b"}]),
    _iam("UntagPolicy", PolicyArn=POLICY, TagKeys=["a"]),
    _iam("CreateUser", UserName="walker"),
    _iam("UpdateUser", UserName="walker", NewUserName="runner"),
    *_about("User", "runner"),
    *_bounded("User", "runner"),
    _iam("CreateGroup", GroupName="crew"),
    _iam("UpdateGroup", GroupName="crew", NewGroupName="team"),
    *_about("Group", "team"),
    _iam("AddUserToGroup", GroupName="team", UserName="runner"),
    _iam("RemoveUserFromGroup", GroupName="team", UserName="runner"),
    _iam("DeleteGroup", GroupName="team"),
    _iam(
        "CreateRole",
        RoleName="build",
        AssumeRolePolicyDocument=trust(f"arn:aws:iam::{ACCOUNT}:root"),
    ),
    *_about("Role", "build"),
    *_bounded("Role", "build"),
    _iam("UpdateRole", RoleName="build", MaxSessionDuration=7200),
    _iam("UpdateRoleDescription", RoleName="build", Description="builds"),
    _iam(
        "UpdateAssumeRolePolicy",
        RoleName="build",
        PolicyDocument=trust(f"arn:aws:iam::{ACCOUNT}:user/runner"),
    ),
    _iam("CreateOpenIDConnectProvider", Url="https://issuer.example", ThumbprintList=["a" * 40]),
    _iam("AddClientIDToOpenIDConnectProvider", OpenIDConnectProviderArn=PROVIDER, ClientID="app"),
    _iam("RemoveClientIDFromOpenIDConnectProvider", OpenIDConnectProviderArn=PROVIDER, ClientID="app"),
    _iam(
        "UpdateOpenIDConnectProviderThumbprint",
        OpenIDConnectProviderArn=PROVIDER,
        ThumbprintList=["b" * 40],
    ),
    _iam("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=PROVIDER),
    _iam("CreateAccessKey", UserName="runner"),
    Step(
        "sts",
        "AssumeRole",
        {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/build", "RoleSessionName": "job"},
        by="runner",
    ),
    Step("sts", "GetSessionToken"),
    Step("sts", "GetFederationToken", {"Name": "visitor"}),
    Step("entrepot", "CreateAccount", {"accountId": "555555555555"}),
    Step("entrepot", "CreateConsoleSession"),
    Step(
        "entrepot",
        "RevokeSession",
        lambda said: {"accessKeyId": said["CreateConsoleSession"]["credentials"]["accessKeyId"]},
    ),
    Step("entrepot", "RevokeTokens", {"allPrincipals": True}),
    Step("iam", "UpdateAccessKey", lambda said: {**_key(said), "Status": "Inactive"}),
    Step("iam", "DeleteAccessKey", _key),
    _iam("DeleteRole", RoleName="build"),
    _iam("DeleteUser", UserName="runner"),
    _iam("DeletePolicy", PolicyArn=POLICY),
]
