"""Accounts, on every database."""

from entrepot.ports.records import Account, Records
from tests.contract.metadata.records.samples import minute


async def test_an_account_exists_once_it_is_added(records: Records) -> None:
    assert not await records.accounts.exists("123456789012")
    assert await records.accounts.add("123456789012", minute(0))
    assert await records.accounts.exists("123456789012")


async def test_adding_again_says_so(records: Records) -> None:
    await records.accounts.add("123456789012", minute(0))
    assert not await records.accounts.add("123456789012", minute(1))


async def test_accounts_are_paged_in_order(records: Records) -> None:
    accounts = [Account(f"{n:012}", minute(n)) for n in range(5)]
    for account in reversed(accounts):
        await records.accounts.add(account.id, account.created_at)
    assert await records.accounts.page(after="", limit=2) == accounts[:2]
    assert await records.accounts.page(after=accounts[1].id, limit=9) == accounts[2:]
    assert await records.accounts.page(after=accounts[-1].id, limit=9) == []
