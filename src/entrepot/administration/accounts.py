"""`entrepot account`: accounts of the server, for whoever runs it."""

import json
from argparse import Namespace
from collections.abc import Mapping

from entrepot.administration.connection import connect


def create_account(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Make an account, and tell its root key this once."""
    answer = connect(parsed, environment).ask("create_account", accountId=parsed.id)
    if parsed.json:
        print(json.dumps(answer, indent=2, default=str))
        return 0
    key = answer["credentials"]
    print(f"Account {answer['account']['accountId']} was made. Its root access key, told this once:")
    print(f"  {key['accessKeyId']}\n  {key['secretAccessKey']}")
    return 0


def list_accounts(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """A line an account."""
    accounts = connect(parsed, environment).all("list_accounts")["accounts"]
    if parsed.json:
        print(json.dumps(accounts, indent=2, default=str))
        return 0
    for account in accounts:
        print(f"{account['accountId']} since {account['createdAt']:%Y-%m-%d}")
    return 0
