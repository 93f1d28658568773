"""Terraform's `aws_iam_*` resources, as far as they speak to IAM: the calls of one life of each.

From the provider's source, `internal/service/iam` (`user.go`, `role.go`, `policy.go`, `group.go`).
"""

import json
from asyncio import to_thread
from typing import TYPE_CHECKING

import pytest
from tests.wire.aws.served import ACCOUNT, Served, refusal
from tests.wire.aws.test_iam import PULL_ONLY, policy, trust

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


@pytest.fixture(name="iam")
async def _iam(served: Served) -> "IAMClient":
    return served.iam()


async def test_a_user_lives_and_is_destroyed_by_force(iam: "IAMClient") -> None:
    def apply() -> None:
        iam.create_user(UserName="ci", Path="/", Tags=[{"Key": "team", "Value": "blue"}])
        assert iam.get_user(UserName="ci")["User"]["Tags"] == [{"Key": "team", "Value": "blue"}]
        iam.tag_user(UserName="ci", Tags=[{"Key": "stage", "Value": "dev"}])
        iam.untag_user(UserName="ci", TagKeys=["team"])
        assert iam.list_user_tags(UserName="ci")["Tags"] == [{"Key": "stage", "Value": "dev"}]
        iam.create_access_key(UserName="ci")
        iam.put_user_permissions_boundary(UserName="ci", PermissionsBoundary=PULL_ONLY)
        boundary = iam.get_user(UserName="ci")["User"]["PermissionsBoundary"]
        assert boundary["PermissionsBoundaryArn"] == PULL_ONLY
        iam.delete_user_permissions_boundary(UserName="ci")

    def destroy() -> None:
        assert iam.list_groups_for_user(UserName="ci")["Groups"] == []
        for key in iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]:
            iam.delete_access_key(UserName="ci", AccessKeyId=key["AccessKeyId"])
        assert iam.list_ssh_public_keys(UserName="ci")["SSHPublicKeys"] == []
        assert iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"] == []
        assert iam.list_mfa_devices(UserName="ci")["MFADevices"] == []
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.delete_login_profile(UserName="ci")
        assert iam.list_signing_certificates(UserName="ci")["Certificates"] == []
        assert iam.list_service_specific_credentials(UserName="ci")["ServiceSpecificCredentials"] == []
        iam.delete_user(UserName="ci")

    await to_thread(apply)
    await to_thread(destroy)
    assert (await refusal(iam.get_user, UserName="ci")).code == "NoSuchEntity"


async def test_a_role_lives_and_is_destroyed(iam: "IAMClient") -> None:
    def apply() -> None:
        iam.create_role(
            RoleName="build", Path="/", AssumeRolePolicyDocument=trust(ACCOUNT), MaxSessionDuration=3600
        )
        found = iam.get_role(RoleName="build")["Role"]
        assert found["AssumeRolePolicyDocument"] == json.loads(trust(ACCOUNT))
        iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument=policy("ecr:*"))
        iam.attach_role_policy(RoleName="build", PolicyArn=PULL_ONLY)
        assert iam.list_role_policies(RoleName="build")["PolicyNames"] == ["p"]
        assert iam.get_role_policy(RoleName="build", PolicyName="p")["PolicyDocument"]
        attached = iam.list_attached_role_policies(RoleName="build")["AttachedPolicies"]
        assert [each["PolicyArn"] for each in attached] == [PULL_ONLY]
        iam.update_assume_role_policy(RoleName="build", PolicyDocument=trust(ACCOUNT))
        iam.update_role_description(RoleName="build", Description="of CI")
        iam.update_role(RoleName="build", MaxSessionDuration=7200)
        changed = iam.get_role(RoleName="build")["Role"]
        assert (changed["Description"], changed["MaxSessionDuration"]) == ("of CI", 7200)

    def destroy() -> None:
        assert iam.list_instance_profiles_for_role(RoleName="build")["InstanceProfiles"] == []
        iam.detach_role_policy(RoleName="build", PolicyArn=PULL_ONLY)
        iam.delete_role_policy(RoleName="build", PolicyName="p")
        iam.delete_role(RoleName="build")

    await to_thread(apply)
    await to_thread(destroy)
    assert (await refusal(iam.get_role, RoleName="build")).code == "NoSuchEntity"


async def test_a_policy_lives_and_is_destroyed(iam: "IAMClient") -> None:
    def apply_and_destroy() -> None:
        name = iam.create_policy(PolicyName="p", Path="/", PolicyDocument=policy("ecr:*"))["Policy"]["Arn"]
        version = iam.get_policy(PolicyArn=name)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=name, VersionId=version)["PolicyVersion"]
        assert found["Document"] == json.loads(policy("ecr:*"))
        iam.create_policy_version(PolicyArn=name, PolicyDocument=policy("ecr:Get*"), SetAsDefault=True)
        for each in iam.list_policy_versions(PolicyArn=name)["Versions"]:
            if not each["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=name, VersionId=each["VersionId"])
        iam.delete_policy(PolicyArn=name)

    await to_thread(apply_and_destroy)


async def test_a_group_lives_and_is_destroyed(iam: "IAMClient") -> None:
    def apply_and_destroy() -> None:
        iam.create_user(UserName="maya")
        iam.create_group(GroupName="team", Path="/")
        iam.put_group_policy(GroupName="team", PolicyName="p", PolicyDocument=policy("ecr:*"))
        iam.add_user_to_group(GroupName="team", UserName="maya")
        iam.update_group(GroupName="team", NewGroupName="crew", NewPath="/x/")
        assert iam.get_group(GroupName="crew")["Group"]["Path"] == "/x/"
        iam.remove_user_from_group(GroupName="crew", UserName="maya")
        iam.delete_group_policy(GroupName="crew", PolicyName="p")
        iam.delete_group(GroupName="crew")

    await to_thread(apply_and_destroy)
