"""No operation and no route is without an action that a policy has to allow."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.aws.builders import ROOT, model, values
from tests.unit.builders import ACCOUNT, START, open_world

from entrepot.aws.operations import Call
from entrepot.domain.errors import Refusal
from entrepot.identity.revocation import Revocations
from entrepot.oci.access import ACTIONS
from entrepot.oci.routes import Base, Route
from entrepot.services.access import OPEN_TO_ALL
from entrepot.services.contexts import Question
from entrepot.services.ecr.questions import PERMISSIONS, EcrQuestions
from entrepot.services.ecr.service import ECR_OFFERED
from entrepot.services.entrepot.bin_questions import BinQuestions
from entrepot.services.entrepot.questions import EntrepotQuestions
from entrepot.services.entrepot.service import ENTREPOT_OFFERED
from entrepot.services.iam.questions import IamQuestions
from entrepot.services.iam.service import IAM_OFFERED
from entrepot.services.sts.service import STS_OFFERED, sts_questions

OFFERED = {"ecr": ECR_OFFERED, "entrepot": ENTREPOT_OFFERED, "iam": IAM_OFFERED, "sts": STS_OFFERED}
OPERATIONS = [(service, name) for service, offered in OFFERED.items() for name in offered]


async def questions(service: str, operation: str, params: Mapping[str, object]) -> Sequence[Question]:
    call = Call(
        operation=operation,
        account=ACCOUNT,
        region="eu-west-1",
        caller=ROOT,
        request_id="",
        received_at=START,
        host="",
        scheme="http",
        source_ip="127.0.0.1",
    )
    async with open_world() as world:
        of = {
            "ecr": EcrQuestions(world.listings).of,
            "entrepot": EntrepotQuestions(
                Revocations(world.store, world.clock),
                BinQuestions(world.recycle_bin, world.restorations),
                ACCOUNT,
            ).of,
            "iam": IamQuestions(world.directory).of,
            "sts": sts_questions,
        }
        return await of[service](call, f"{service}:{operation}", params)


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
@given(data=st.data())
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
def test_attack_23_every_operation_asks_for_its_own_action_whatever_its_parameters(
    service: str, operation: str, data: st.DataObject
) -> None:
    shape = model(service).operations[operation].input
    drawn = data.draw(values(model(service), shape)) if shape is not None else {}
    try:
        asked = asyncio.run(questions(service, operation, cast("Mapping[str, Any]", drawn)))
    except Refusal:
        return
    action = f"{service}:{operation}"
    assert PERMISSIONS.get(action, action) in {question.action for question in asked}


def test_what_is_open_to_all_is_offered_and_known() -> None:
    assert {
        "sts:GetCallerIdentity",
        "sts:GetSessionToken",
        "sts:AssumeRole",
        "sts:AssumeRoleWithWebIdentity",
    } == OPEN_TO_ALL
    assert set(PERMISSIONS) == {"ecr:ListImageReferrers"}


def test_every_route_but_the_base_asks_for_an_action_of_ecr() -> None:
    assert {*ACTIONS} == {*Route.__args__}
    without = [route for route, methods in ACTIONS.items() if not all(methods.values())]
    assert without == [Base]
    asked = {action for methods in ACTIONS.values() for action in methods.values() if action}
    assert asked <= {f"ecr:{name}" for name in model("ecr").operations}
