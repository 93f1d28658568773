"""Without policies an account's root may do everything in it, and nobody else anything."""

import pytest

from entrepot.domain.errors import AccessDenied
from entrepot.domain.names import Registry, repository_arn
from entrepot.identity.decisions import Decisions
from tests.unit.builders import ACCOUNT, REGISTRY, ROOT, USER

OTHER = "210987654321"
ARN = repository_arn(REGISTRY, "team/app")


async def test_the_root_may_do_everything_in_its_account() -> None:
    for action in ("ecr:PutImage", "ecr:GetAuthorizationToken", "sts:AssumeRole"):
        await Decisions().require(ROOT, action, account=ACCOUNT, resource=ARN)


async def test_nobody_reaches_into_another_account() -> None:
    arn = repository_arn(Registry(OTHER, "eu-west-1"), "team/app")

    with pytest.raises(AccessDenied) as refused:
        await Decisions().require(ROOT, "ecr:PutImage", account=OTHER, resource=arn)

    assert (refused.value.principal_arn, refused.value.action, refused.value.resource) == (
        ROOT.arn,
        "ecr:PutImage",
        arn,
    )
    assert refused.value.because == "no resource-based policy allows the ecr:PutImage action"


async def test_a_user_without_policies_may_do_nothing() -> None:
    with pytest.raises(AccessDenied) as refused:
        await Decisions().require(USER, "ecr:PutImage", account=ACCOUNT, resource=ARN)

    assert refused.value.because == "no identity-based policy allows the ecr:PutImage action"
