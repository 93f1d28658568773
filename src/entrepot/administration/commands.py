"""The commands of this room, and their options."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from entrepot.administration.accounts import create_account, list_accounts
from entrepot.administration.connection import add_connection_options
from entrepot.administration.model import model
from entrepot.administration.revocation import list_sessions, revoke_session, revoke_tokens
from entrepot.administration.statistics import stats
from entrepot.administration.why import why

Commands = Any  # argparse's action for subcommands, whose class has no public name


def add_commands(commands: Commands) -> None:
    """Add `why`, `session`, `token`, `account`, `stats` and `model`."""
    asked = _add(commands, "why", why, "say whether a principal may do something, and what decides")
    asked.add_argument("principal", metavar="PRINCIPAL", help="ARN of a user, role, session, root; or a key")
    asked.add_argument("action", metavar="ACTION", help="such as ecr:PutImage")
    asked.add_argument("resource", metavar="RESOURCE", help="an ARN, or *")
    asked.add_argument(
        "--context", action="append", metavar="KEY=VALUE", help="a condition key; may be repeated"
    )

    sessions = _group(commands, "session", "list sessions, or end one")
    listed = _add(sessions, "list", list_sessions, "sessions that have not ended; your own by default")
    whose = listed.add_mutually_exclusive_group()
    whose.add_argument("--principal", metavar="ARN", help="those of a user, role, session or root")
    whose.add_argument("--all", action="store_true", help="those of the account")
    ended = _add(sessions, "revoke", revoke_session, "end a session")
    ended.add_argument("id", metavar="ACCESS-KEY-ID", help="the key of the session, as `list` has it")

    tokens = _group(commands, "token", "end registry tokens")
    revoked = _add(tokens, "revoke", revoke_tokens, "end registry tokens and sessions")
    what = revoked.add_mutually_exclusive_group(required=True)
    what.add_argument("--principal", metavar="ARN", help="all of a user, role, session or root")
    what.add_argument("--access-key", metavar="ID", help="all made with an access key")
    what.add_argument("--session", metavar="ID", help="all of a session, and the session itself")
    what.add_argument("--all", action="store_true", help="all of the account")

    accounts = _group(commands, "account", "make and list accounts")
    made = _add(accounts, "create", create_account, "make an account with a root credential")
    made.add_argument("id", metavar="ACCOUNT", nargs="?", help="12 digits; else a free number")
    _add(accounts, "list", list_accounts, "the accounts of the server")

    told = _add(commands, "stats", stats, "say how much the registry holds, or each of some repositories")
    told.add_argument("repository", metavar="REPOSITORY", nargs="*", help="a name; none for the registry")

    printed = commands.add_parser("model", help="the model of the entrepot service, for AWS's clients")
    how = printed.add_mutually_exclusive_group()
    how.add_argument("--install", action="store_true", help="copy it into ~/.aws/models")
    how.add_argument("--path", action="store_true", help="print the folder to name in AWS_DATA_PATH")
    printed.set_defaults(command=model)


def _group(commands: Commands, name: str, meaning: str) -> Commands:
    return commands.add_parser(name, help=meaning).add_subparsers(required=True, metavar="COMMAND")


def _add(commands: Commands, name: str, command: Callable[..., int], meaning: str) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(name, help=meaning, description=meaning.capitalize() + ".")
    add_connection_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=command)
    return parser
