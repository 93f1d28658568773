"""What is not offered says so, in the dialect of its service."""

import pytest
from tests.unit.aws.builders import signed
from tests.wire.aws.served import ACCOUNT, Served

from entrepot.aws.model import load_service
from entrepot.services.ecr.service import ECR_OFFERED
from entrepot.services.sts.service import STS_OFFERED

MODEL = load_service("ecr")
STS = load_service("sts")
MISSING = sorted(set(MODEL.operations) - set(ECR_OFFERED))
MISSING_STS = sorted(
    name
    for name, operation in STS.operations.items()
    if name not in STS_OFFERED and not operation.is_unsigned
)


@pytest.mark.parametrize("operation", MISSING)
async def test_an_operation_that_is_not_offered_says_so(served: Served, operation: str) -> None:
    answer = await served.ask(operation, {"repositoryName": "team/app"})
    assert (answer.status, answer.code) == (501, "NotImplementedException")
    assert answer.message == (
        f"ecr:{operation} is not offered by this registry yet; docs/compatibility.md lists what is"
    )


@pytest.mark.parametrize("operation", MISSING_STS)
async def test_an_operation_of_sts_that_is_not_offered_says_so(served: Served, operation: str) -> None:
    answer = await ask_sts(served, f"Action={operation}&Version=2011-06-15")
    assert answer[0] == 501
    assert b"<Code>NotImplementedException</Code>" in answer[1]


@pytest.mark.parametrize("name", ["DescribeEverything", "", "../x", "CreateRepository2", "createRepository"])
async def test_an_operation_that_ecr_does_not_have_is_unknown(served: Served, name: str) -> None:
    answer = await served.ask(name)
    assert (answer.status, answer.code) == (404, "UnknownOperationException")


async def ask_sts(served: Served, form: str) -> tuple[int, bytes]:
    root = served.roots[ACCOUNT]
    request = signed(
        url=f"{served.url}/",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=form.encode(),
        service="sts",
        key_id=root.access_key_id,
        secret=root.secret,
    )
    response = await served.endpoint.answer(request)
    return response.status, response.body
