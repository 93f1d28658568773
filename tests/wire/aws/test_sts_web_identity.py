"""STS AssumeRoleWithWebIdentity: whose token opens which role, and what the session then may do."""

import json
from asyncio import gather, to_thread
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession
from tests.unit.identity.issuers import AUDIENCE, ISSUER, SUBJECT, claims, new_private_key, public_jwk, sign
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Refused, Served, refusal
from tests.wire.aws.test_audit import events
from tests.wire.aws.test_iam import PULL_ONLY, arn, policy, session_keys, trust
from tests.wire.aws.test_sts import left_of
from tests.wire.aws.test_sts_roles import role

from entrepot.identity.credentials import IssuedKey

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_sts.type_defs import AssumeRoleWithWebIdentityResponseTypeDef

KEY = new_private_key()
BUILD = f"arn:aws:iam::{ACCOUNT}:role/build"
DENIED = ("AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
Answer = "AssumeRoleWithWebIdentityResponseTypeDef"


def provider_arn(account: str = ACCOUNT, url: str = ISSUER) -> str:
    return f"arn:aws:iam::{account}:oidc-provider/{url}"


def web_trust(provider: Any = None, *, tags: Any = False, **condition: object) -> str:
    """A trust policy that lets in `SUBJECT`, unless another condition is given."""
    held = condition or {"StringEquals": {f"{ISSUER}:sub": SUBJECT, f"{ISSUER}:aud": AUDIENCE}}
    statement = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRoleWithWebIdentity", *(["sts:TagSession"] if tags else [])],
        "Principal": {"Federated": provider or provider_arn()},
        "Condition": held,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def add_provider(iam: "IAMClient", url: str = ISSUER, *ids: str, **more: Any) -> str:
    asked = {"Url": f"https://{url}", "ClientIDList": list(ids) or [AUDIENCE], **more}
    made: str = (await to_thread(iam.create_open_id_connect_provider, **asked))["OpenIDConnectProviderArn"]
    return made


@pytest.fixture(name="iam")
async def _iam(served: Served) -> "IAMClient":
    """An account with the issuer as a provider, and with a role that one of its subjects may assume."""
    iam = served.iam()
    served.issuers.publish(public_jwk(KEY))
    await add_provider(iam)
    await role(iam, "build", web_trust(), policy("ecr:*", resource=arn("team/*")))
    return iam


def asked(token: str, role_arn: str = BUILD, **more: Any) -> Any:
    return {"RoleArn": role_arn, "RoleSessionName": "job-7", "WebIdentityToken": token, **more}


async def assume(served: Served, token: str, **more: Any) -> "AssumeRoleWithWebIdentityResponseTypeDef":
    return await to_thread(served.unsigned_sts().assume_role_with_web_identity, **asked(token, **more))


async def session(served: Served, token: str, **more: Any) -> IssuedKey:
    return session_keys((await assume(served, token, **more))["Credentials"])


async def refused(served: Served, token: str, **more: Any) -> Refused:
    return await refusal(served.unsigned_sts().assume_role_with_web_identity, **asked(token, **more))


def said(refused: Refused) -> tuple[str, int, str]:
    return refused.code, refused.status, refused.message


def token(**changed: object) -> str:
    return sign(claims(**changed), KEY)  # type: ignore[arg-type]


@pytest.mark.usefixtures("iam")
class TestAnIssuersToken:
    """One role, one issuer."""

    async def test_opens_the_role_that_trusts_its_subject(self, served: Served) -> None:
        answer = await assume(served, token())
        assert answer["SubjectFromWebIdentityToken"] == SUBJECT
        assert answer["Audience"] == AUDIENCE
        assert answer["Provider"] == provider_arn()
        assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/build/job-7"
        keys = session_keys(answer["Credentials"])
        identity = await to_thread(served.sts(keys=keys).get_caller_identity)
        assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
        await create(served.ecr(keys=keys), "team/app")
        outside = await refusal(served.ecr(keys=keys).create_repository, repositoryName="other/app")
        assert outside.code == "AccessDeniedException"

    async def test_is_taken_in_a_signed_call_too(self, served: Served) -> None:
        user = served.sts(keys=await served.add_user("ci"))
        await to_thread(user.assume_role_with_web_identity, **asked(token()))

    async def test_attack_19_of_another_subject_opens_nothing(self, served: Served) -> None:
        for subject in ("repo:acme/app:ref:refs/heads/dev", SUBJECT.upper(), f"{SUBJECT} ", f"x{SUBJECT}"):
            assert said(await refused(served, token(sub=subject))) == DENIED

    async def test_attack_19_for_another_audience_is_refused(self, served: Served) -> None:
        assert said(await refused(served, token(aud="vault"))) == (
            "InvalidIdentityToken", 400, "Incorrect token audience",
        )  # fmt: skip

    async def test_attack_19_that_is_over_is_refused(self, served: Served) -> None:
        then = datetime.now(UTC) - timedelta(hours=1)
        over = await refused(served, sign(claims(then), KEY))
        assert (over.code, over.status) == ("ExpiredTokenException", 400)
        assert over.message.startswith("Token expired: current date/time ")

    async def test_attack_19_signed_by_another_key_is_refused(self, served: Served) -> None:
        forged = await refused(served, sign(claims(), new_private_key()))
        assert (forged.code, forged.status) == ("InvalidIdentityToken", 400)

    async def test_attack_19_signed_by_the_key_in_its_own_header_is_refused_and_nobody_is_asked(
        self, served: Served
    ) -> None:
        mine = new_private_key("RS256")
        header = {"jwk": public_jwk(mine), "jku": "https://attacker.example/jwks"}
        assert (
            await refused(served, sign(claims(), mine, "RS256", header=header))
        ).code == "InvalidIdentityToken"
        assert set(served.issuers.asked) == {ISSUER}

    async def test_attack_33_of_an_issuer_that_nobody_registered_is_refused_and_the_issuer_not_asked(
        self, served: Served
    ) -> None:
        for issuer in ("https://169.254.169.254", "https://evil.example", f"https://{ISSUER}.evil.example"):
            found = await refused(served, token(iss=issuer))
            assert said(found) == (
                "InvalidIdentityToken", 400, f"No OpenIDConnect provider found in your account for {issuer}",
            )  # fmt: skip
        for issuer in (f"http://{ISSUER}", ISSUER, f"https://{ISSUER.upper()}", f"https://{ISSUER}/x"):
            assert (await refused(served, token(iss=issuer))).code == "InvalidIdentityToken"
        assert served.issuers.asked == []

    async def test_an_issuer_may_close_its_name_with_a_slash(self, served: Served) -> None:
        await assume(served, token(iss=f"https://{ISSUER}/"))

    async def test_attack_40_over_twenty_thousand_characters_is_not_read(self, served: Served) -> None:
        assert (await refused(served, "x" * 20_001)).code == "ValidationError"
        assert (await refused(served, "x" * 20_000)).code == "InvalidIdentityToken"
        assert (await refused(served, "x" * 100_000)).status == 413

    async def test_attack_35_of_an_issuer_that_is_down_is_to_be_tried_again(self, served: Served) -> None:
        served.issuers.documents.clear()
        found = await refused(served, token())
        assert (found.code, found.status) == ("IDPCommunicationError", 400)
        assert ISSUER not in found.message

    async def test_a_session_lasts_what_is_asked_and_the_role_allows(self, served: Served) -> None:
        assert left_of(await session(served, token())) > timedelta(minutes=59)
        assert left_of(await session(served, token(), DurationSeconds=900)) <= timedelta(minutes=15)
        assert (await refused(served, token(), DurationSeconds=3601)).code == "ValidationError"
        assert (await refused(served, token(), DurationSeconds=899)).code in (
            "ValidationError",
            "MalformedInput",
        )

    async def test_a_session_policy_only_narrows(self, served: Served) -> None:
        narrow = policy("ecr:CreateRepository", "iam:*")
        ecr = served.ecr(keys=await session(served, token(), Policy=narrow, PolicyArns=[{"arn": PULL_ONLY}]))
        await create(ecr, "team/app")
        denied = await refusal(ecr.delete_repository, repositoryName="team/app")
        assert denied.message.endswith("because no session policy allows the ecr:DeleteRepository action")
        assert (await refused(served, token(), Policy="{}")).code == "MalformedPolicyDocument"

    async def test_attack_49_a_session_name_is_a_plain_word(self, served: Served) -> None:
        for name in ("a b", "a\nb", "a/b", "", "x" * 65, "é"):
            assert (await refused(served, token(), RoleSessionName=name)).code == "ValidationError"

    async def test_an_access_token_of_another_protocol_is_not_offered(self, served: Served) -> None:
        assert (await refused(served, token(), ProviderId="www.amazon.com")).status == 501


async def test_attack_30_a_role_that_does_not_exist_answers_like_one_that_does_not_trust(
    served: Served, iam: "IAMClient"
) -> None:
    aws = await role(iam, "aws", trust(ACCOUNT), policy("ecr:*"))
    other_issuer = await role(iam, "other-issuer", web_trust(provider_arn(url="idp.example")))
    other_account = await role(iam, "other-account", web_trust(provider_arn(OTHER_ACCOUNT)))
    user = f"arn:aws:iam::{ACCOUNT}:user/build"
    for unwilling in (
        aws,
        other_issuer,
        other_account,
        f"{BUILD}-gone",
        user,
        BUILD.replace("build", "BUILD"),
    ):
        assert said(await refused(served, token(), role_arn=unwilling)) == DENIED


async def test_attack_19_a_provider_of_another_account_vouches_for_nobody_here(
    served: Served, iam: "IAMClient"
) -> None:
    there = f"arn:aws:iam::{OTHER_ACCOUNT}:role/build"
    await role(served.iam(OTHER_ACCOUNT), "build", web_trust())
    found = await refused(served, token(), role_arn=there)
    assert found.message == f"No OpenIDConnect provider found in your account for https://{ISSUER}"
    for unknown in ("arn:aws:iam::999999999999:role/build", "arn:aws:iam::*:role/build", "x" * 20):
        assert said(await refused(served, token(), role_arn=unknown)) == said(found)
    await add_provider(served.iam(OTHER_ACCOUNT))
    assert said(await refused(served, token(), role_arn=there)) == DENIED  # it trusts the first account's


async def test_attack_21_claims_decide_which_role(served: Served, iam: "IAMClient") -> None:
    condition = {
        "StringEquals": {f"{ISSUER}:repository_id": "7", f"{ISSUER}:aud": AUDIENCE},
        "StringLike": {f"{ISSUER}:sub": "repo:acme/*", f"{ISSUER}:ref": "refs/tags/v*"},
    }
    release = await role(iam, "release", web_trust(**condition), policy("ecr:*"))
    assert said(await refused(served, token(), role_arn=release)) == DENIED
    tagged = {"ref": "refs/tags/v1", "sub": "repo:acme/app:ref:refs/tags/v1"}
    assert said(await refused(served, token(**tagged, repository_id="8"), role_arn=release)) == DENIED
    assert said(await refused(served, token(**tagged, repository_id=None), role_arn=release)) == DENIED
    await assume(served, token(**tagged), role_arn=release)


async def test_the_session_name_and_methods_can_be_asked_for(served: Served, iam: "IAMClient") -> None:
    condition = {
        "StringEquals": {"sts:RoleSessionName": "job-7"},
        "ForAnyValue:StringEquals": {f"{ISSUER}:amr": "mfa"},
    }
    guarded = await role(iam, "guarded", web_trust(**condition))
    assert said(await refused(served, token(), role_arn=guarded)) == DENIED
    assert said(await refused(served, token(amr=["pwd"]), role_arn=guarded)) == DENIED
    await assume(served, token(amr=["pwd", "mfa"]), role_arn=guarded)
    named = token(amr=["mfa"])
    assert said(await refused(served, named, role_arn=guarded, RoleSessionName="other")) == DENIED


async def test_attack_19_a_role_that_trusts_everyone_trusts_no_issuer(
    served: Served, iam: "IAMClient"
) -> None:
    everyone = {"Effect": "Allow", "Action": "sts:*", "Principal": {"AWS": "*"}}
    for principal in ("*", {"AWS": "*"}, {"AWS": ACCOUNT}):
        text = json.dumps({"Version": "2012-10-17", "Statement": [{**everyone, "Principal": principal}]})
        await to_thread(iam.update_assume_role_policy, RoleName="build", PolicyDocument=text)
        assert said(await refused(served, token())) == DENIED
    named = json.loads(web_trust())["Statement"]
    text = json.dumps({"Version": "2012-10-17", "Statement": [everyone, *named]})
    await to_thread(iam.update_assume_role_policy, RoleName="build", PolicyDocument=text)
    await assume(served, token())
    denied = {**everyone, "Effect": "Deny"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [denied, *named]})
    await to_thread(iam.update_assume_role_policy, RoleName="build", PolicyDocument=text)
    assert said(await refused(served, token())) == DENIED


GITHUB = "token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {f"{GITHUB}:aud": AUDIENCE}},
        {"StringLike": {f"{GITHUB}:sub": "*"}},
        {"StringLike": {f"{GITHUB}:sub": ["repo:acme/*", "**"]}},
        {"StringNotEquals": {f"{GITHUB}:sub": "repo:evil/app"}},
        {"StringLikeIfExists": {f"{GITHUB}:sub": "repo:acme/*"}},
        {"ForAllValues:StringLike": {f"{GITHUB}:sub": "repo:acme/*"}},
        {"StringLike": {"gitlab.com:sub": "repo:acme/*"}},
    ],
)
async def test_attack_19_a_role_for_an_issuer_of_everybody_says_whom_it_means(
    iam: "IAMClient", condition: dict[str, object]
) -> None:
    text = web_trust(provider_arn(url=GITHUB), **condition)
    asked = {"RoleName": "github", "AssumeRolePolicyDocument": text}
    found = await refusal(iam.create_role, **asked)  # type: ignore[arg-type]
    assert found.code == "MalformedPolicyDocument"
    assert f"{GITHUB}:sub" in found.message
    changed = {"RoleName": "build", "PolicyDocument": text}
    assert (await refusal(iam.update_assume_role_policy, **changed)).code == "MalformedPolicyDocument"


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "ForAnyValue:StringLike"])
async def test_a_role_for_github_that_limits_its_subject_is_made(iam: "IAMClient", operator: str) -> None:
    condition = {operator: {f"{GITHUB.upper()}:SUB": "repo:acme/app:*"}}
    await role(iam, "github", web_trust(provider_arn(url=GITHUB), **condition))


async def test_attack_28_a_deny_in_the_trust_policy_wins(served: Served, iam: "IAMClient") -> None:
    allow = json.loads(web_trust())
    deny = {**allow["Statement"][0], "Effect": "Deny"}
    deny["Condition"] = {"StringEquals": {f"{ISSUER}:ref": "refs/heads/main"}}
    text = json.dumps({**allow, "Statement": [*allow["Statement"], deny]})
    await to_thread(iam.update_assume_role_policy, RoleName="build", PolicyDocument=text)
    assert said(await refused(served, token())) == DENIED
    await assume(served, token(ref="refs/heads/dev"))


async def test_session_tags_of_a_token_need_a_role_that_takes_them(served: Served, iam: "IAMClient") -> None:
    own = policy("ecr:CreateRepository", resource=arn("${aws:PrincipalTag/team}/*"))
    tagged = token(**{"https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"]}}})
    plain = await role(iam, "plain", web_trust(), own)
    assert said(await refused(served, tagged, role_arn=plain)) == (
        "AccessDenied", 403, "Not authorized to perform sts:TagSession",
    )  # fmt: skip
    taking = await role(iam, "taking", web_trust(tags=True), own)
    ecr = served.ecr(keys=await session(served, tagged, role_arn=taking))
    await create(ecr, "blue/app")
    assert (await refusal(ecr.create_repository, repositoryName="red/app")).code == "AccessDeniedException"


async def test_sessions_end_with_the_provider_that_began_them(served: Served, iam: "IAMClient") -> None:
    await add_provider(iam, "idp.example")
    served.issuers.publish(public_jwk(KEY), url="idp.example")
    both = web_trust(StringEquals={f"{ISSUER}:sub": SUBJECT})
    second = json.loads(web_trust(provider_arn(url="idp.example"), StringEquals={"idp.example:sub": SUBJECT}))
    document = json.loads(both)
    document["Statement"] += second["Statement"]
    shared = await role(iam, "shared", json.dumps(document), policy("ecr:*"))
    ours = await session(served, token(), role_arn=shared)
    chained = (await to_thread(served.ecr(keys=ours).get_authorization_token))["authorizationData"]
    theirs = await session(served, token(iss="https://idp.example"), role_arn=shared)
    await to_thread(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=provider_arn())
    assert chained
    assert (await refusal(served.ecr(keys=ours).describe_repositories)).code == "UnrecognizedClientException"
    await to_thread(served.ecr(keys=theirs).describe_repositories)
    assert (await refused(served, token())).code == "InvalidIdentityToken"


async def test_attack_19_a_deleted_role_ends_its_sessions(served: Served, iam: "IAMClient") -> None:
    keys = await session(served, token())
    await to_thread(iam.delete_role_policy, RoleName="build", PolicyName="p0")
    await to_thread(iam.delete_role, RoleName="build")
    assert (await refusal(served.ecr(keys=keys).describe_repositories)).code == "UnrecognizedClientException"


async def test_a_client_id_that_is_taken_away_counts_at_once(served: Served, iam: "IAMClient") -> None:
    gone = {"OpenIDConnectProviderArn": provider_arn(), "ClientID": AUDIENCE}
    await assume(served, token())
    await to_thread(iam.remove_client_id_from_open_id_connect_provider, **gone)
    assert (await refused(served, token())).message == "Incorrect token audience"


@pytest.mark.usefixtures("iam")
async def test_attack_35_a_storm_of_forged_tokens_asks_the_issuer_four_times(served: Served) -> None:
    forged = [sign(claims(), KEY, kid=f"k{number}") for number in range(2, 40)]
    answers = await gather(*(refused(served, each) for each in forged))
    assert {each.code for each in answers} == {"InvalidIdentityToken"}
    assert len(served.issuers.asked) <= 4
    await assume(served, token())


@pytest.mark.usefixtures("iam")
async def test_attack_49_the_audit_says_whose_token_began_a_session_and_keeps_none(served: Served) -> None:
    sent = token()
    keys = await session(served, sent)
    await refused(served, token(sub="repo:evil/app"))
    await refused(served, sign(claims(), new_private_key()))
    found = [event for event in await events(served) if event.name == "AssumeRoleWithWebIdentity"]
    [event] = found
    record = json.loads(event.document)
    assert record["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": f"{provider_arn()}:{AUDIENCE}:{SUBJECT}",
        "userName": SUBJECT,
        "identityProvider": provider_arn(),
    }
    assert record["resources"] == [{"ARN": BUILD, "accountId": ACCOUNT, "type": "AWS::IAM::Role"}]
    assert record["responseElements"]["credentials"]["accessKeyId"] == keys.access_key_id
    for secret in (sent, sent.split(".")[1], keys.secret, str(keys.session_token)):
        assert secret not in event.document


@pytest.mark.usefixtures("iam")
async def test_attack_49_a_token_is_in_no_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    served.issuers.documents.clear()
    sent = token()
    await refused(served, sent)
    await refused(served, sent, role_arn="x" * 20)
    assert sent not in caplog.text
    assert SUBJECT not in caplog.text


@pytest.mark.usefixtures("iam")
async def test_attack_32_an_unsigned_call_of_another_operation_is_refused(served: Served) -> None:
    body = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": BUILD, "RoleSessionName": "job"}
    async with ClientSession() as http, http.post(f"{served.url}/", data=body) as answer:
        assert answer.status == 403
        assert "MissingAuthenticationToken" in await answer.text()


@pytest.mark.usefixtures("iam")
async def test_a_get_request_is_taken_as_aws_takes_it(served: Served) -> None:
    query = asked(token()) | {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15"}
    async with ClientSession() as http, http.get(f"{served.url}/", params=query) as answer:
        assert answer.status == 200
        assert "<SubjectFromWebIdentityToken>" in await answer.text()
