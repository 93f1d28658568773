"""Accounts are made and listed by whoever runs the server, and by nobody else."""

from asyncio import to_thread
from typing import Any

import pytest
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, refusal
from tests.wire.aws.test_iam import policy, user

from entrepot.identity.credentials import IssuedKey

NEW = "345678901234"


async def test_a_new_accounts_root_key_works_and_reaches_nothing_else(served: Served) -> None:
    await create(served.ecr(), "team/app")
    made = await to_thread(served.own().create_account, accountId=NEW)
    assert made["account"]["accountId"] == NEW
    assert made["account"]["arn"] == f"arn:aws:iam::{NEW}:root"
    key = IssuedKey(made["credentials"]["accessKeyId"], made["credentials"]["secretAccessKey"], None, None)

    identity = await to_thread(served.sts(keys=key).get_caller_identity)
    assert identity["Arn"] == f"arn:aws:iam::{NEW}:root"
    await create(served.ecr(keys=key), "team/app")
    refused = await refusal(served.ecr(keys=key).list_images, repositoryName="team/app", registryId=ACCOUNT)
    assert refused.code == "AccessDeniedException"


async def test_a_number_is_chosen_where_none_is_given_and_none_is_made_twice(served: Served) -> None:
    chosen = (await to_thread(served.own().create_account))["account"]["accountId"]
    assert len(chosen) == 12
    for taken in (chosen, ACCOUNT, OTHER_ACCOUNT):
        refused = await refusal(served.own().create_account, accountId=taken)
        assert (refused.code, refused.status) == ("EntityAlreadyExistsException", 400)
        assert refused.message == f"Account with name {taken} already exists."
    listed = (await to_thread(served.own().list_accounts))["accounts"]
    assert [account["accountId"] for account in listed] == sorted([chosen, ACCOUNT, OTHER_ACCOUNT])


async def test_accounts_come_in_pages(served: Served) -> None:
    def pages() -> list[str]:
        pages = served.own().get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 1})
        return [account["accountId"] for page in pages for account in page["accounts"]]

    assert await to_thread(pages) == [ACCOUNT, OTHER_ACCOUNT]


@pytest.mark.parametrize("asked", ["1", "12345678901x", "1234567890123", "१२३४५६७८९०१२", ""])
async def test_attack_01_an_account_is_twelve_digits(served: Served, asked: str) -> None:
    refused = await refusal(served.own().create_account, accountId=asked)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)


async def test_attack_29_another_accounts_root_makes_and_lists_none(served: Served) -> None:
    other = served.own(OTHER_ACCOUNT)
    for operation, params in (("create_account", {"accountId": NEW}), ("list_accounts", {})):
        refused = await refusal(getattr(other, operation), **params)
        assert refused.code == "AccessDeniedException"
        assert "no resource-based policy allows" in refused.message
    taken, free = [
        await refusal(other.create_account, accountId=number) for number in (OTHER_ACCOUNT, "999999999999")
    ]
    assert taken.message.replace(OTHER_ACCOUNT, "…") == free.message.replace("999999999999", "…").replace(
        OTHER_ACCOUNT, "…"
    )


async def test_attack_30_an_operator_is_a_user_whose_policy_says_so(served: Served) -> None:
    resource = f"arn:aws:entrepot::{ACCOUNT}:account/*"
    asked: dict[str, Any] = {"accountId": NEW}
    someone = await user(served.iam(), "someone", policy("ecr:*"))
    operator = await user(served.iam(), "operator", policy("entrepot:CreateAccount", resource=resource))

    assert (await refusal(served.own(keys=someone).create_account, **asked)).code == "AccessDeniedException"
    await to_thread(lambda: served.own(keys=operator).create_account(**asked))
    refused = await refusal(served.own(keys=operator).list_accounts)
    assert refused.message.startswith(
        f"User: arn:aws:iam::{ACCOUNT}:user/operator is not authorized to perform: entrepot:ListAccounts on "
        f"resource: {resource}"
    )
