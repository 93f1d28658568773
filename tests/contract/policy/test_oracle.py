"""Entrepot's evaluator beside another simulator of IAM, on cases drawn by a seed."""

import json
from functools import reduce
from pathlib import Path

import pytest

from entrepot.domain.policy.decisions import Outcome
from entrepot.domain.policy.evaluation import decide
from tests.contract.policy.cases import Case, draw_cases
from tests.contract.policy.explanations import EXPLANATIONS, Explanation
from tests.engines.programs import find_program, run_program

SEED, COUNT = 20261125, 1_500
ORACLE = Path(__file__).with_name("oracle")
OUTCOMES = {
    "Allowed": Outcome.ALLOWED,
    "ExplicitlyDenied": Outcome.EXPLICIT_DENY,
    "ImplicitlyDenied": Outcome.IMPLICIT_DENY,
}


@pytest.fixture(scope="module")
def answered() -> list[tuple[Case, Outcome]]:
    """The cases with the oracle's answers."""
    if not (ORACLE / "node_modules").is_dir():
        pytest.skip("the oracle is not installed; `tools/install-npm tests/contract/policy/oracle` does it")
    cases = draw_cases(SEED, COUNT)
    questions = "\n".join(json.dumps(case.simulation()) for case in cases)
    lines = run_program(find_program("node"), ORACLE / "simulate.mjs", stdin=questions).splitlines()
    answers = [json.loads(line) for line in lines]
    # A key that the oracle leaves out would make it answer another question.
    assert [answer for answer in answers if answer.get("ignored") != []] == []
    return [(case, OUTCOMES[answer["result"]]) for case, answer in zip(cases, answers, strict=True)]


def _outcome(case: Case) -> Outcome:
    return decide(case.request, case.applicable()).outcome


def _as_read(case: Case, explanations: tuple[Explanation, ...]) -> Case:
    return reduce(lambda changed, explanation: explanation.as_read(changed), explanations, case)


@pytest.fixture(scope="module")
def disagreements(answered: list[tuple[Case, Outcome]]) -> list[tuple[Case, Outcome]]:
    """The cases that the two answer differently, with the oracle's answers."""
    return [(case, oracle) for case, oracle in answered if _outcome(case) is not oracle]


def test_attack_28_every_disagreement_with_the_oracle_is_explained(
    answered: list[tuple[Case, Outcome]],
) -> None:
    unexplained = [
        case.simulation() for case, oracle in answered if _outcome(_as_read(case, EXPLANATIONS)) is not oracle
    ]

    assert unexplained == []


@pytest.mark.parametrize("explanation", EXPLANATIONS, ids=lambda explanation: explanation.oracle)
def test_every_explanation_is_needed(
    disagreements: list[tuple[Case, Outcome]], explanation: Explanation
) -> None:
    others = tuple(each for each in EXPLANATIONS if each is not explanation)

    assert any(_outcome(_as_read(case, others)) is not oracle for case, oracle in disagreements)


def test_the_cases_have_all_outcomes(answered: list[tuple[Case, Outcome]]) -> None:
    outcomes = [oracle for _, oracle in answered]

    assert min(outcomes.count(outcome) for outcome in Outcome) > COUNT // 10
