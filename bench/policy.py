"""`python -m bench.policy`: what a decision costs with 20 policies of 10 statements in play."""

import asyncio
import json
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address

from tests.unit.builders import open_world

from entrepot.domain.identities import IdentityKind
from entrepot.domain.policy.documents import Kind, parse_document
from entrepot.domain.policy.evaluation import decide
from entrepot.domain.policy.policies import Applicable, Policies, Policy
from entrepot.domain.policy.requests import Context, Request, iam_user
from entrepot.identity.credentials import new_unique_id
from entrepot.identity.directory import NewIdentity
from entrepot.identity.policies import IdentityPolicies, PolicyLibrary
from entrepot.identity.user_keys import UserKeys
from entrepot.ports.records import Records

ACCOUNT = "123456789012"
POLICIES, STATEMENTS, REPOSITORIES, ROUNDS = 20, 10, 200, 20_000
ACTIONS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:PutImage", "ecr:UploadLayerPart")


def main() -> None:
    print(f"{POLICIES} policies of {STATEMENTS} statements, {ROUNDS} decisions each, in microseconds\n")
    print(f"{'':<48}{'median':>9}{'99 %':>9}")
    own = _every_statement_of_one_action()
    _row("statements of many services and actions", _mixed(), _known_repository)
    _row("all about one action, each of its own team", own, _known_repository)
    _row("the same, refused", own, lambda at: _request(f"nobody/{at % REPOSITORIES}"))
    fresh = iter(range(10**9))
    _row("the same, a repository never asked for", own, lambda _: _request(f"nobody/new-{next(fresh)}"))
    _row("all with a variable in the resource, refused", _all_with_variables(), _known_repository)
    for name, is_new in (("as a door asks for it, the first time", True), ("the same, again", False)):
        median, worst = asyncio.run(_asked_at_a_door(is_new=is_new))
        print(f"{name:<48}{median:>9.1f}{worst:>9.1f}")
    text = document(statement("ecr:*", f"team-{at}/*") for at in range(STATEMENTS))
    print(f"{'reading one policy of 10 statements':<48}{_cost(lambda _: _read(text), 500)[0]:>9.1f}")


def _row(name: str, applicable: Applicable, ask: Callable[[int], Request]) -> None:
    requests = [ask(at) for at in range(ROUNDS)]
    median, worst = _cost(lambda at: decide(requests[at], applicable), ROUNDS)
    print(f"{name:<48}{median:>9.1f}{worst:>9.1f}")


def _cost(work: Callable[[int], object], rounds: int) -> tuple[float, float]:
    """Median and 99th percentile of one call."""
    taken = []
    for at in range(rounds):
        began = time.perf_counter_ns()
        work(at)
        taken.append((time.perf_counter_ns() - began) / 1000)
    return _median_and_worst(taken)


def _median_and_worst(taken: Sequence[float]) -> tuple[float, float]:
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def _known_repository(at: int) -> Request:
    return _request(f"team-{at % REPOSITORIES}/app")


def _request(name: str) -> Request:
    user = iam_user(f"arn:aws:iam::{ACCOUNT}:user/eve", account=ACCOUNT, tags={"team": "blue"})
    context = Context(
        now=datetime(2026, 11, 2, 3, tzinfo=UTC), source_ip=ip_address("10.1.2.3"), is_secure=True
    )
    resource = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/{name}"
    return Request(user, "ecr:BatchGetImage", resource, ACCOUNT, context)


def statement(
    action: object, repositories: str, effect: str = "Allow", *, network: str = "10.0.0.0/8"
) -> dict[str, object]:
    """A statement on repositories, for a user with the tag `team` from some network."""
    return {
        "Effect": effect,
        "Action": action,
        "Resource": f"arn:aws:ecr:*:{ACCOUNT}:repository/{repositories}",
        "Condition": {
            "IpAddress": {"aws:SourceIp": network},
            "StringEquals": {"aws:PrincipalTag/team": "blue"},
        },
    }


def document(statements: Iterable[object]) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _read(text: str) -> Policy:
    return Policy("inline", parse_document(text, Kind.IDENTITY))


def _every_statement_of_one_action() -> Applicable:
    """The worst that an index by action can meet."""
    names = [f"team-{at}/*" for at in range(POLICIES * STATEMENTS)]
    return Applicable(Policies(_read(text) for text in documents_on(names, ACTIONS)))


def documents_on(
    names: Sequence[str], actions: Iterable[str], *, network: str = "10.0.0.0/8"
) -> Iterator[str]:
    """Policies with a statement for each name of repositories, all about the same actions."""
    for at in range(0, len(names), STATEMENTS):
        yield document(
            statement(list(actions), name, network=network) for name in names[at : at + STATEMENTS]
        )


async def _asked_at_a_door(*, is_new: bool) -> tuple[float, float]:
    """What a door pays: the policies of user and repository are found, then decided by; or it was before."""
    async with open_world() as world:
        user = await world.directory.create(
            NewIdentity(ACCOUNT, IdentityKind.USER, "eve", tags={"team": "blue"})
        )
        await world.directory.create(NewIdentity(ACCOUNT, IdentityKind.GROUP, "team"))
        await world.directory.join(ACCOUNT, "eve", "team")
        library = PolicyLibrary(world.store, world.clock, new_unique_id)
        names = [f"team-{at}/*" for at in range(POLICIES * STATEMENTS)]
        for at, text in enumerate(documents_on(names, ACTIONS)):
            made = await library.create(ACCOUNT, f"p{at}", text)
            holder = (IdentityKind.USER, "eve") if at % 2 else (IdentityKind.GROUP, "team")
            await IdentityPolicies(world.store).attach(ACCOUNT, *holder, made.arn)
        _, key = await UserKeys(world.store, world.credentials).create(user)
        open_to_all = document([{"Effect": "Allow", "Principal": "*", "Action": "ecr:DescribeImages"}])
        for at in range(REPOSITORIES):
            repository = await world.repository(f"team-{at}/app")
            await world.store.write(partial(_open, repository.id, open_to_all))
        decisions, requests = world.decisions, [_known_repository(at) for at in range(ROUNDS)]
        taken = []
        for at, request in enumerate(requests):
            context = replace(request.context, image_tag=f"v{at}") if is_new else request.context
            began = time.perf_counter_ns()
            await decisions.require(
                key.principal,
                request.action,
                account=ACCOUNT,
                resource=request.resource,
                context=context,
            )
            taken.append((time.perf_counter_ns() - began) / 1000)
    return _median_and_worst(taken)


async def _open(repository: str, policy: str, records: Records) -> None:
    await records.repository_policies.put(repository, policy)


def _all_with_variables() -> Applicable:
    """What neither index helps with: each statement must be looked at."""
    name = "${aws:PrincipalTag/team}"
    documents = (
        document(statement("ecr:*", f"{name}-{at}-{place}/*") for place in range(STATEMENTS))
        for at in range(POLICIES)
    )
    return Applicable(Policies(_read(text) for text in documents))


def _mixed() -> Applicable:
    draw = random.Random(7)
    names = ("s3:*", "iam:Get*", "ecr:Describe*", "ecr:BatchGet*", "ecr:PutImage", "kms:Decrypt")
    documents = [
        document(
            statement(draw.choice(names), "*", "Deny" if draw.random() < 0.1 else "Allow")
            | ({"Condition": {"Bool": {"aws:SecureTransport": "false"}}} if draw.random() < 0.5 else {})
            for _ in range(STATEMENTS)
        )
        for _ in range(POLICIES)
    ]
    return Applicable(Policies(_read(text) for text in documents))


if __name__ == "__main__":
    main()
