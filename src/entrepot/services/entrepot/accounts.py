"""Operations on the accounts of the server."""

from typing import cast

from entrepot.aws.operations import Call
from entrepot.domain.principals import root_arn
from entrepot.identity.accounts import Account, Accounts
from entrepot.registry.pages import cut_page
from entrepot.services.entrepot.shapes import Member, Params, page_of


class AccountOperations:
    """Makes accounts and lists them."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def create(self, _call: Call, params: Params) -> Member:
        """CreateAccount."""
        account, key = await self._accounts.create(cast("str | None", params.get("accountId")))
        return {
            "account": _member(account),
            "credentials": {"accessKeyId": key.access_key_id, "secretAccessKey": key.secret},
        }

    async def list(self, _call: Call, params: Params) -> Member:
        """ListAccounts."""
        page = page_of("accounts", params)
        found = await self._accounts.page(after=page.after[0], limit=page.fetched)
        cut = cut_page("accounts", found, page.limit, lambda account: (account.id,))
        return {"accounts": [_member(account) for account in cut.entries], "nextToken": cut.next_token}


def _member(account: Account) -> Member:
    return {"accountId": account.id, "arn": root_arn(account.id), "createdAt": account.created_at}
