"""Parsed policies in memory: each once, and never more of them than there is room for."""

import gc
import json
import tracemalloc

import pytest

from entrepot.domain.policy.documents import Effect, Kind, parse_document
from entrepot.domain.policy.evaluation import decide
from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.policies import Applicable
from entrepot.domain.policy.requests import Context, Request, iam_user
from entrepot.identity.shelf import PolicyShelf, parsed_bytes

KIND = Kind.IDENTITY
ACCOUNT = "123456789012"
RESOURCE = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/a"
USERS = [
    iam_user(f"arn:aws:iam::{ACCOUNT}:user/user-{number}", account=ACCOUNT, user_id=f"AIDA{number}")
    for number in range(20)
]
REQUESTS = [Request(user, "ecr:BatchGetImage", RESOURCE, ACCOUNT, Context()) for user in USERS]


def document(**members: object) -> str:
    statement = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*", **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def numbered(count: int) -> list[str]:
    return [document(Resource=f"arn:aws:ecr:*:*:repository/{number}") for number in range(count)]


def size_of(text: str) -> int:
    return parsed_bytes(parse_document(text, KIND))


def test_a_text_is_parsed_once_for_each_kind() -> None:
    shelf, text = PolicyShelf(), document()
    assert shelf.document(text, KIND) is shelf.document(str(text), KIND)
    assert shelf.document(text, KIND) is not shelf.document(text, Kind.SESSION)
    assert shelf.policies(KIND, [("a", text)]) is shelf.policies(KIND, [("a", text)])
    assert shelf.policies(KIND, [("a", text)]) is not shelf.policies(KIND, [("b", text)])


def test_policies_of_one_text_share_its_document() -> None:
    shelf, text = PolicyShelf(), document()
    [one] = shelf.policies(KIND, [("a", text)]).policies
    [other] = shelf.policies(KIND, [("b", text)]).policies
    assert one.document is other.document is shelf.document(text, KIND)


def test_attack_42_what_is_kept_never_passes_the_most_bytes() -> None:
    texts = numbered(50)
    most_bytes = 10 * size_of(texts[0])
    shelf = PolicyShelf(most_bytes)
    for text in texts:
        shelf.policies(KIND, [("a", text)])
        assert shelf.held_bytes <= most_bytes
    assert shelf.generation > 0


def test_what_was_let_go_is_parsed_again_in_a_new_generation() -> None:
    first, *others = numbered(5)
    shelf = PolicyShelf(3 * size_of(first))
    kept, generation = shelf.document(first, KIND), shelf.generation
    for text in others:
        shelf.document(text, KIND)
    assert shelf.generation > generation
    assert shelf.document(first, KIND) is not kept


def test_what_cannot_be_parsed_takes_no_room() -> None:
    shelf = PolicyShelf()
    with pytest.raises(MalformedPolicy):
        shelf.document("{}", KIND)
    assert shelf.held_bytes == 0


@pytest.mark.parametrize(
    "text",
    [
        document(),
        document(Resource=[f"arn:*:*:*:*:a?b*{number}" for number in range(100)]),
        document(Resource=[f"arn:aws:ecr:*:*:repository/${{aws:username}}-{n}" for n in range(100)]),
        document(Resource=[f"arn:*:*:${{aws:userid}}:*:*${{aws:username}}?{n}" for n in range(50)]),
        document(Condition={"ArnLike": {"aws:PrincipalArn": ["arn:*:*:*:${aws:userid}:*?"] * 40}}),
        document(Resource=["arn:*:*:*:*:a?b*c" for _ in range(100)]).replace("*", "\\u002a"),
        document() + " " * 100_000,
        document(Action=[f"ecr:*{number}?" for number in range(100)]),
        document(Condition={"StringLike": {f"a:{number}": "*" for number in range(100)}}),
        document(Condition={"IpAddress": {"aws:SourceIp": [f"10.0.{n % 250}.0/24" for n in range(100)]}}),
        document(Condition={"NumericLessThan": {"a:b": list(range(500))}}),
        json.dumps({"Statement": [json.loads(document())["Statement"][0] for _ in range(130)]}),
    ],
    ids=[
        "plain",
        "resources",
        "variables",
        "arns",
        "values",
        "escapes",
        "spaces",
        "actions",
        "conditions",
        "addresses",
        "numbers",
        "statements",
    ],
)
def test_attack_42_a_document_takes_no_more_memory_than_is_counted_for_it(text: str) -> None:
    texts = [text + " " * number for number in range(2)]
    PolicyShelf().policies(KIND, [("warm", text)])  # what is made once for all documents
    shelf = PolicyShelf()
    gc.collect()
    tracemalloc.start()
    try:
        for each in texts:
            policies = shelf.policies(KIND, [("a", each)])
            for action in ("ecr:batchgetimage", "ecr:putimage", "iam:createuser"):
                list(policies.candidates(Effect.ALLOW, action, RESOURCE))
            for asked in REQUESTS:
                decide(asked, Applicable(policies))
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= shelf.held_bytes
