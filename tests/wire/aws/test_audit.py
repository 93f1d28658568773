"""The audit: one event a change, in its transaction; refusals in batches; LookupEvents over a real client."""

import json
import re
from asyncio import to_thread
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from botocore import xform_name
from tests.wire.aws.audited import CHANGING, STEPS, UNSIGNED, Said
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, REGION, Served, refusal
from tests.wire.aws.test_iam import arn, policy, session_keys, trust, user
from tests.wire.oci.world import digest_of

from entrepot.domain.audit import AuditEvent
from entrepot.identity.credentials import IssuedKey
from entrepot.storage.metadata.audit_events import SqlAuditEvents

SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def events(served: Served, account: str = ACCOUNT) -> list[AuditEvent]:
    """All of an account's, oldest first."""
    return await served.store.scan(
        lambda records: records.audit_events.after(account, after="", before="g", limit=1000)
    )


async def names(served: Served, account: str = ACCOUNT) -> list[str]:
    return [event.name for event in await events(served, account)]


async def records(served: Served, account: str = ACCOUNT) -> list[dict[str, Any]]:
    await served.refusals.flush()
    return [json.loads(event.document) for event in await events(served, account)]


async def look_up(served: Served, **params: Any) -> list[dict[str, Any]]:
    answer = await to_thread(served.cloudtrail().lookup_events, **params)
    found: list[dict[str, Any]] = answer["Events"]
    return found


def by(key: str, value: str) -> dict[str, Any]:
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def test_the_steps_are_every_operation_that_changes_something() -> None:
    assert {(step.service, step.operation) for step in STEPS} == CHANGING - UNSIGNED
    assert len(STEPS) == len(CHANGING - UNSIGNED)


async def test_every_operation_that_changes_something_writes_one_event(served: Served) -> None:
    said: Said = {}
    secrets: list[str] = [key.secret for key in served.roots.values()]
    for step in STEPS:
        before = len(await events(served))
        keys = None
        if step.by is not None:
            made = said["CreateAccessKey"]["AccessKey"]
            keys = IssuedKey(made["AccessKeyId"], made["SecretAccessKey"], None, None)
        client: Any = getattr(served, {"entrepot": "own"}.get(step.service, step.service))(keys=keys)
        method = getattr(client, xform_name(step.operation))
        answer = said[step.operation] = await to_thread(method, **step.params(said))
        written = (await events(served))[before:]
        assert [event.name for event in written] == [step.operation]
        record = json.loads(written[0].document)
        assert record["eventSource"] == f"{step.service}.amazonaws.com"
        assert record["requestID"] == answer["ResponseMetadata"]["RequestId"]
        assert record["userIdentity"]["type"] == ("Root" if step.by is None else "IAMUser")
        assert "errorCode" not in record
        secrets += re.findall(r"'(?:[Ss]ecretAccessKey|[Ss]essionToken)': '([^']+)'", str(answer))

    assert len(secrets) >= 7
    text = "".join(event.document for event in await events(served))
    assert [secret for secret in secrets if secret in text] == []


async def test_an_event_has_what_cloudtrail_says_of_a_call(served: Served) -> None:
    keys = await user(served.iam(), "ci", policy("ecr:*"))
    await to_thread(
        served.ecr(keys=keys).create_repository, repositoryName="team/app", tags=[{"Key": "k", "Value": "v"}]
    )
    [record] = [each for each in await records(served) if each["eventName"] == "CreateRepository"]
    agent, at = record.pop("userAgent"), record.pop("eventTime")
    assert agent.startswith("Boto3/")
    assert SECONDS.fullmatch(at)
    [found] = [event for event in await events(served) if event.name == "CreateRepository"]
    assert record == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": record["userIdentity"]["principalId"],
            "arn": f"arn:aws:iam::{ACCOUNT}:user/ci",
            "accountId": ACCOUNT,
            "accessKeyId": keys.access_key_id,
            "userName": "ci",
        },
        "eventSource": "ecr.amazonaws.com",
        "eventName": "CreateRepository",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": {"repositoryName": "team/app", "tags": [{"key": "k", "value": "v"}]},
        "responseElements": None,
        "requestID": record["requestID"],
        "eventID": found.id,
        "readOnly": False,
        "resources": [
            {"ARN": arn("team/app"), "accountId": ACCOUNT, "type": "AWS::ECR::Repository"},
        ],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


async def test_a_push_is_told_in_its_steps_and_names_the_image(served: Served) -> None:
    await create(served.ecr())
    image = await push_image(served.ecr(), "team/app", "v1")
    said = await records(served)
    assert [record["eventName"] for record in said] == [
        "CreateRepository",
        *["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"] * 2,
        "PutImage",
    ]
    assert said[-1]["requestParameters"] == {"repositoryName": "team/app", "imageTag": "v1"}
    assert said[-1]["responseElements"] == {"image": {"imageDigest": image.digest, "imageTags": ["v1"]}}


async def test_reads_write_nothing(served: Served) -> None:
    await create(served.ecr())
    await push_image(served.ecr(), "team/app", "v1")
    before = await names(served)
    ecr = served.ecr()
    await to_thread(ecr.describe_repositories)
    await to_thread(ecr.batch_get_image, repositoryName="team/app", imageIds=[{"imageTag": "v1"}])
    await to_thread(ecr.get_authorization_token)
    await to_thread(served.sts().get_caller_identity)
    await to_thread(served.iam().list_users)
    await look_up(served)
    await served.refusals.flush()
    assert await names(served) == before


async def test_what_is_refused_before_the_change_writes_no_event(served: Served) -> None:
    ecr = served.ecr()
    await create(ecr)
    before = await names(served)
    await refusal(ecr.create_repository, repositoryName="team/app")
    await refusal(ecr.delete_repository, repositoryName="other/app")
    await refusal(ecr.put_image, repositoryName="team/app", imageManifest="{}")
    await refusal(served.iam().delete_user, UserName="nobody")
    await served.refusals.flush()
    assert await names(served) == before


async def test_a_caller_who_is_denied_is_told_of_in_the_next_batch(served: Served) -> None:
    keys = await user(served.iam(), "ci")
    await refusal(served.ecr(keys=keys).create_repository, repositoryName="team/app")
    assert "CreateRepository" not in await names(served)
    record = (await records(served))[-1]
    assert record["eventName"] == "CreateRepository"
    assert record["errorCode"] == "AccessDenied"
    assert record["errorMessage"].startswith(f"User: arn:aws:iam::{ACCOUNT}:user/ci is not authorized")
    assert record["userIdentity"]["accessKeyId"] == keys.access_key_id
    assert record["requestParameters"] == {"repositoryName": "team/app"}


async def test_at_the_registry_door_a_push_has_the_events_of_the_api(served: Served) -> None:
    await create(served.ecr())
    before = len(await events(served))
    headers = await docker(served, served.roots[ACCOUNT])
    content = b"a layer"
    uploads = f"{served.url}/v2/team/app/blobs/uploads/"
    async with ClientSession(headers={**headers, "User-Agent": "docker/29"}) as client:
        async with client.post(uploads) as begun:
            place = f"{served.url}{begun.headers['Location']}"
        async with client.patch(place, data=content) as sent:
            assert sent.status == 202
        async with client.put(place, params={"digest": digest_of(content)}) as ended:
            assert ended.status == 201
        async with client.post(uploads, params={"digest": digest_of(b"more")}, data=b"more") as whole:
            assert whole.status == 201
        async with client.delete(f"{served.url}/v2/team/app/blobs/{digest_of(b'more')}") as gone:
            assert gone.status == 202
        async with (
            client.post(uploads) as begun,
            client.delete(f"{served.url}{begun.headers['Location']}") as ended,
        ):
            assert ended.status == 204
    said = (await records(served))[before:]
    assert [record["eventName"] for record in said] == [
        *["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"] * 2,
        "DeleteLayer",
        "InitiateLayerUpload",
        "CancelLayerUpload",
    ]
    assert said[0]["userAgent"] == "docker/29"
    assert said[0]["resources"][0]["ARN"] == arn("team/app")
    assert said[2]["requestParameters"]["layerDigests"] == [digest_of(content)]


async def test_at_the_registry_door_a_manifest_is_put_and_deleted(served: Served) -> None:
    ecr = served.ecr()
    await create(ecr)
    image = await push_image(ecr, "team/app", "v1")
    before = len(await events(served))
    place = f"{served.url}/v2/team/app/manifests"
    types = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
    async with ClientSession(headers=await docker(served, served.roots[ACCOUNT])) as client:
        async with client.put(f"{place}/v2", data=image.manifest, headers=types) as put:
            assert put.status == 201
        async with client.delete(f"{place}/v2") as gone:
            assert gone.status == 202
        async with client.get(f"{place}/v1") as got:
            assert got.status == 200
    said = (await records(served))[before:]
    assert [record["eventName"] for record in said] == ["PutImage", "BatchDeleteImage"]
    assert said[0]["responseElements"] == {"image": {"imageDigest": image.digest, "imageTags": ["v2"]}}
    assert said[1]["requestParameters"]["imageTag"] == "v2"


async def test_a_mount_is_told_and_one_that_fails_is_the_upload_that_it_became(served: Served) -> None:
    ecr = served.ecr()
    await to_thread(ecr.put_account_setting, name="BLOB_MOUNTING", value="ENABLED")
    await create(ecr, "team/app")
    await create(ecr, "team/other")
    await push_image(ecr, "team/app", "v1", content=b"shared")
    before = len(await events(served))
    uploads = f"{served.url}/v2/team/other/blobs/uploads/"
    async with ClientSession(headers=await docker(served, served.roots[ACCOUNT])) as client:
        for content, status in ((b"shared", 201), (b"unknown", 202)):
            mount = {"mount": digest_of(content), "from": "team/app"}
            async with client.post(uploads, params=mount) as mounted:
                assert mounted.status == status
    said = (await records(served))[before:]
    assert [record["eventName"] for record in said] == ["MountLayer", "InitiateLayerUpload"]
    assert said[0]["requestParameters"] == {
        "registryId": ACCOUNT,
        "repositoryName": "team/other",
        "layerDigest": digest_of(b"shared"),
        "sourceRepositoryName": "team/app",
    }
    assert "layerDigest" not in said[1]["requestParameters"]


async def test_a_caller_who_is_denied_at_the_registry_door_is_told_of(served: Served) -> None:
    await create(served.ecr())
    keys = await user(served.iam(), "ci", policy("ecr:GetAuthorizationToken"))
    headers = await docker(served, keys)
    before = len(await events(served))
    async with ClientSession(headers=headers) as client:
        async with client.get(f"{served.url}/v2/team/app/manifests/v1") as refused:
            assert refused.status == 403
        async with client.post(f"{served.url}/v2/team/app/blobs/uploads/") as refused:
            assert refused.status == 403
    said = (await records(served))[before:]
    assert [(record["eventName"], record["errorCode"]) for record in said] == [
        ("BatchGetImage", "AccessDenied"),
        ("InitiateLayerUpload", "AccessDenied"),
    ]
    assert said[0]["userIdentity"]["userName"] == "ci"


async def test_a_request_without_credentials_writes_nothing(served: Served) -> None:
    async with ClientSession() as client:
        async with client.get(f"{served.url}/v2/") as challenged:
            assert challenged.status == 401
        async with client.get(
            f"{served.url}/v2/", headers={"Authorization": "Basic QVdTOm5vbmU="}
        ) as refused:
            assert refused.status == 401
    await served.refusals.flush(is_last=True)
    assert await names(served) == []
    assert await names(served, "") == []


async def test_failed_signatures_are_one_event_an_address_key_and_minute(served: Served) -> None:
    root = served.roots[ACCOUNT]
    wrong = replace(root, secret="guessed-by-somebody")
    for _ in range(3):
        await refusal(served.ecr(keys=wrong).describe_repositories)
    unknown = IssuedKey("AKIAUNKNOWNUNKNOWN00", "x" * 40, None, None)
    await refusal(served.ecr(keys=unknown).describe_repositories)
    await served.refusals.flush(is_last=True)

    found = [json.loads(event.document) for event in await events(served)]
    assert {record["eventName"] for record in found} == {"SignaturesRefused"}
    assert sum(record["serviceEventDetails"]["count"] for record in found) == 3  # a minute may have ended
    assert found[0]["userIdentity"] == {
        "type": "Unknown",
        "accountId": ACCOUNT,
        "accessKeyId": root.access_key_id,
    }
    assert found[0]["sourceIPAddress"] == "127.0.0.1"
    nobodys = await events(served, "")
    assert [event.access_key_id for event in nobodys] == [""]
    assert "AKIAUNKNOWN" not in nobodys[0].document


async def test_a_session_of_a_role_is_told_with_its_issuer(served: Served) -> None:
    iam = served.iam()
    runner = await user(iam, "runner", policy("sts:AssumeRole"))
    trusted = trust(f"arn:aws:iam::{ACCOUNT}:user/runner")
    await to_thread(iam.create_role, RoleName="build", AssumeRolePolicyDocument=trusted)
    await to_thread(iam.put_role_policy, RoleName="build", PolicyName="p", PolicyDocument=policy("ecr:*"))
    asked: dict[str, Any] = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/build", "RoleSessionName": "job"}
    given = (await to_thread(served.sts(keys=runner).assume_role, **asked))["Credentials"]
    await create(served.ecr(keys=session_keys(given)))

    assumed, created = (await records(served))[-2:]
    assert assumed["eventName"] == "AssumeRole"
    assert assumed["readOnly"] is True
    assert assumed["requestParameters"] == {
        "roleArn": asked["RoleArn"],
        "roleSessionName": "job",
    }
    assert assumed["responseElements"]["credentials"]["accessKeyId"] == given["AccessKeyId"]
    assert assumed["resources"] == [{"ARN": asked["RoleArn"], "accountId": ACCOUNT, "type": "AWS::IAM::Role"}]
    identity = created["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["accessKeyId"] == given["AccessKeyId"]
    assert identity["sessionContext"]["sessionIssuer"]["userName"] == "build"
    assert (await events(served))[-1].username == "job"


async def test_both_accounts_have_the_event_of_a_change_across_them(served: Served) -> None:
    ecr = served.ecr()
    await create(ecr)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"},
        "Action": "ecr:InitiateLayerUpload",
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    await to_thread(ecr.set_repository_policy, repositoryName="team/app", policyText=text)
    stranger = served.ecr(OTHER_ACCOUNT)
    await to_thread(stranger.initiate_layer_upload, registryId=ACCOUNT, repositoryName="team/app")
    await refusal(stranger.delete_repository, registryId=ACCOUNT, repositoryName="team/app")

    owners, strangers = await records(served), await records(served, OTHER_ACCOUNT)
    assert owners[-1]["eventName"] == "InitiateLayerUpload"
    assert [record["eventName"] for record in strangers] == ["InitiateLayerUpload", "DeleteRepository"]
    assert owners[-1]["userIdentity"]["accountId"] == OTHER_ACCOUNT
    assert owners[-1]["recipientAccountId"] == ACCOUNT
    assert strangers[0]["sharedEventID"] == owners[-1]["sharedEventID"] == strangers[0]["eventID"]
    assert "errorCode" in strangers[1]


async def test_lookup_gives_the_newest_first_a_page_at_a_time(served: Served) -> None:
    ecr = served.ecr()
    for number in range(7):
        await create(ecr, f"team/app{number}")
    pages = served.cloudtrail().get_paginator("lookup_events").paginate(PaginationConfig={"PageSize": 3})
    found = [event for page in await to_thread(list, pages) for event in page["Events"]]
    assert [event["Resources"][0]["ResourceName"] for event in found] == [
        f"team/app{number}" for number in reversed(range(7))
    ]
    first = found[0]
    record = json.loads(first.pop("CloudTrailEvent"))
    assert record["eventID"] == first["EventId"]
    assert datetime.now(UTC) - first.pop("EventTime") < timedelta(hours=1)
    assert first == {
        "EventId": record["eventID"],
        "EventName": "CreateRepository",
        "ReadOnly": "false",
        "AccessKeyId": served.roots[ACCOUNT].access_key_id,
        "EventSource": "ecr.amazonaws.com",
        "Username": "root",
        "Resources": [{"ResourceType": "AWS::ECR::Repository", "ResourceName": "team/app6"}],
    }


async def test_lookup_by_each_attribute(served: Served) -> None:
    keys = await user(served.iam(), "ci", policy("ecr:*"))
    await create(served.ecr(), "team/app")
    await create(served.ecr(keys=keys), "team/other")
    [other] = await look_up(served, **by("Username", "ci") | {"MaxResults": 1})
    assert other["Resources"][0]["ResourceName"] == "team/other"

    async def found(key: str, value: str) -> Sequence[str]:
        return [event["EventName"] for event in await look_up(served, **by(key, value))]

    assert await found("EventId", other["EventId"]) == ["CreateRepository"]
    assert await found("AccessKeyId", keys.access_key_id) == ["CreateRepository"]
    assert await found("EventName", "CreateUser") == ["CreateUser"]
    assert await found("EventSource", "ecr.amazonaws.com") == ["CreateRepository", "CreateRepository"]
    assert await found("ResourceName", "team/app") == ["CreateRepository"]
    assert await found("ResourceName", arn("team/other")) == ["CreateRepository"]
    assert await found("ResourceType", "AWS::IAM::User") == ["CreateAccessKey", "PutUserPolicy", "CreateUser"]
    assert await found("ReadOnly", "true") == []
    assert len(await found("ReadOnly", "false")) == 5
    assert await found("EventName", "createuser") == []
    for strange in ("\0", "zz", "'", "\u202e" * 9, str(other["EventId"]).upper()):
        assert await found("EventId", strange) == []
        assert await found("ResourceName", strange) == []


async def test_lookup_by_time_and_region(served: Served) -> None:
    await create(served.ecr(), "team/app")
    await to_thread(served.iam().create_user, UserName="ci")
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    assert len(await look_up(served, StartTime=now - hour, EndTime=now + hour)) == 2
    assert await look_up(served, StartTime=now + hour) == []
    assert await look_up(served, EndTime=now - hour) == []
    elsewhere = await to_thread(served.cloudtrail(region="us-east-2").lookup_events)
    assert [event["EventName"] for event in elsewhere["Events"]] == ["CreateUser"]


async def test_target_without_the_models_package_names_the_same_operation(served: Served) -> None:
    await create(served.ecr(), "team/app")
    cloudtrail = served.cloudtrail()
    short = {"X-Amz-Target": "CloudTrail_20131101.LookupEvents"}  # as clients made of Smithy's model send it
    cloudtrail.meta.events.register(
        "before-call.cloudtrail.LookupEvents", lambda params, **_: params["headers"].update(short)
    )
    answer = await to_thread(cloudtrail.lookup_events)
    assert [event["EventName"] for event in answer["Events"]] == ["CreateRepository"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"MaxResults": 0}, "InvalidMaxResultsException"),
        ({"MaxResults": -1}, "InvalidMaxResultsException"),
        (by("Color", "red"), "InvalidLookupAttributesException"),
        (by("EventName", "x" * 2001), "InvalidLookupAttributesException"),
        (
            {"LookupAttributes": by("EventName", "x")["LookupAttributes"] * 2},
            "InvalidLookupAttributesException",
        ),
        ({"StartTime": 2, "EndTime": 1}, "InvalidTimeRangeException"),
        ({"EventCategory": "data"}, "InvalidEventCategoryException"),
        ({"NextToken": ""}, "InvalidNextTokenException"),
        ({"NextToken": "x" * 100_000}, "InvalidNextTokenException"),
        ({"NextToken": "bm90aGluZw=="}, "InvalidNextTokenException"),
    ],
)
async def test_attack_40_what_cannot_be_looked_up_has_cloudtrails_code(
    served: Served, params: dict[str, Any], code: str
) -> None:
    found = await refusal(served.cloudtrail().lookup_events, **params)
    assert (found.code, found.status) == (code, 400)


async def test_attack_40_a_token_goes_with_no_other_question_and_no_other_account(served: Served) -> None:
    for name in ("team/a", "team/b"):
        await create(served.ecr(), name)
        await create(served.ecr(OTHER_ACCOUNT), name)
    one: dict[str, Any] = {"MaxResults": 1}
    token = (await to_thread(served.cloudtrail().lookup_events, **one))["NextToken"]
    for client, params in (
        (served.cloudtrail(), by("EventName", "CreateRepository")),
        (served.cloudtrail(), {"StartTime": 1}),
        (served.cloudtrail(OTHER_ACCOUNT), {}),
        (served.cloudtrail(region="us-east-2"), {}),
    ):
        refused = await refusal(client.lookup_events, NextToken=token, **params)
        assert refused.code == "InvalidNextTokenException"
    went_on = await to_thread(served.cloudtrail().lookup_events, NextToken=token, **one)
    assert went_on["Events"][0]["Resources"][0]["ResourceName"] == "team/a"
    mark = b64decode(token, altchars=b"-_").partition(b".")[0].decode()
    forged = urlsafe_b64encode(f"{mark}.zzz".encode()).decode()
    answer = await to_thread(served.cloudtrail().lookup_events, NextToken=forged)
    assert len(answer["Events"]) == 2  # of the caller's own account, wherever it begins


async def test_attack_29_nobody_sees_events_of_another_account(served: Served) -> None:
    await create(served.ecr(OTHER_ACCOUNT), "secret/project")
    await user(served.iam(OTHER_ACCOUNT), "hidden")
    assert await look_up(served) == []
    assert await look_up(served, **by("ResourceName", "secret/project")) == []
    [theirs] = [event for event in await events(served, OTHER_ACCOUNT) if event.name == "CreateUser"]
    assert await look_up(served, **by("EventId", theirs.id)) == []


async def test_attack_29_looking_up_asks_for_its_own_permission(served: Served) -> None:
    keys = await user(served.iam(), "ci", policy("ecr:*"))
    refused = await refusal(served.cloudtrail(keys=keys).lookup_events)
    assert refused.code == "AccessDeniedException"
    assert "cloudtrail:LookupEvents" in refused.message
    auditor = await user(served.iam(), "auditor", policy("cloudtrail:LookupEvents"))
    assert (await to_thread(served.cloudtrail(keys=auditor).lookup_events))["Events"]


async def test_attack_49_what_callers_write_stays_in_its_place(served: Served) -> None:
    iam = served.iam()
    await to_thread(iam.create_user, UserName="ci", Tags=[{"Key": "note", "Value": "a\u00e9 b"}])
    await to_thread(iam.create_policy, PolicyName="p", PolicyDocument=policy("ecr:*"), Description="x\u202ey")
    headers = {**await docker(served, served.roots[ACCOUNT]), "User-Agent": "\u202e\u009b31m\u00ff"}
    await create(served.ecr())
    async with (
        ClientSession(headers=headers) as client,
        client.post(f"{served.url}/v2/team/app/blobs/uploads/") as begun,
    ):
        assert begun.status == 202
    found = await events(served)
    assert all(c.isascii() and c.isprintable() for event in found for c in event.document)
    assert json.loads(found[-1].document)["eventName"] == "InitiateLayerUpload"


async def test_attack_45_a_change_whose_event_cannot_be_written_is_no_change(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_self: object, _events: object) -> None:
        raise OSError("the disk is full")

    ecr = served.ecr()
    await create(ecr, "team/app")
    with monkeypatch.context() as patched:
        patched.setattr(SqlAuditEvents, "add_last", fail)
        refused = await refusal(ecr.create_repository, repositoryName="team/other")
        assert refused.status == 500
        assert (await refusal(ecr.initiate_layer_upload, repositoryName="team/app")).status == 500
    found = await to_thread(ecr.describe_repositories)
    assert [each["repositoryName"] for each in found["repositories"]] == ["team/app"]
    assert await names(served) == ["CreateRepository"]


async def docker(served: Served, keys: IssuedKey) -> dict[str, str]:
    """The header of a docker that has logged in with these keys."""
    [granted] = (await to_thread(served.ecr(keys=keys).get_authorization_token))["authorizationData"]
    return {"Authorization": f"Basic {granted['authorizationToken']}"}
