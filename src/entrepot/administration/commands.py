"""The commands of this room, and their options."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from entrepot.administration.accounts import create_account, list_accounts
from entrepot.administration.connection import add_connection_options
from entrepot.administration.lifecycle import explain
from entrepot.administration.model import model
from entrepot.administration.pins import list_pins, pin_image, unpin_image
from entrepot.administration.recycling import (
    keep_bin,
    list_bin,
    protect,
    purge,
    restore,
    show_bin,
    tag_history,
    undo,
    unprotect,
)
from entrepot.administration.revocation import list_sessions, revoke_session, revoke_tokens
from entrepot.administration.runtimes import RUNTIMES
from entrepot.administration.statistics import SORT_KEYS, stats
from entrepot.administration.usage import list_usage, report_usage
from entrepot.administration.why import why

Commands = Any  # argparse's action for subcommands, whose class has no public name


def add_commands(commands: Commands) -> None:
    """Add `why`, `session`, `token`, `account`, `model`, and what is about images and their bin."""
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

    _add_stats(commands)
    add_recycling_commands(commands)

    _add_pins(commands)
    _add_usage(commands)
    lifecycle = _group(commands, "lifecycle", "what lifecycle policies do")
    explained = _add(lifecycle, "explain", explain, "say what becomes of every image, and why")
    explained.add_argument("repository", metavar="REPOSITORY")
    explained.add_argument(
        "policy", metavar="POLICY-FILE", nargs="?", help="a policy; else the one that is set"
    )

    printed = commands.add_parser("model", help="the model of the entrepot service, for AWS's clients")
    how = printed.add_mutually_exclusive_group()
    how.add_argument("--install", action="store_true", help="copy it into ~/.aws/models")
    how.add_argument("--path", action="store_true", help="print the folder to name in AWS_DATA_PATH")
    printed.set_defaults(command=model)


def _add_stats(commands: Commands) -> None:
    told = _add(commands, "stats", stats, "say how much the registry holds, its repositories, or images")
    told.add_argument("repository", metavar="REPOSITORY", nargs="*", help="a name; none for the registry")
    told.add_argument("--images", metavar="REPOSITORY", help="list the images of a repository")
    told.add_argument(
        "--sort",
        choices=[*SORT_KEYS, "digest"],
        help="list all repositories by this, or images by digest or pulls",
    )
    told.add_argument("--reverse", action="store_true", help="the other way round")
    told.add_argument(
        "--csv", action="store_true", help="print a table for spreadsheets; of all repositories"
    )


def _add_pins(commands: Commands) -> None:
    image = "REPOSITORY:TAG or REPOSITORY@DIGEST"
    pinned = _add(commands, "pin", pin_image, "keep an image: nothing and nobody deletes it")
    pinned.add_argument("image", metavar="IMAGE", help=image)
    pinned.add_argument("--reason", metavar="TEXT", help="told to whoever would delete it")
    pinned.add_argument("--until", metavar="TIME", help="such as 30d, 12h or 2026-12-31; else without end")
    unpinned = _add(commands, "unpin", unpin_image, "let a pinned image go its way")
    unpinned.add_argument("image", metavar="IMAGE", help=image)
    listed = _add(commands, "pins", list_pins, "list the pinned images")
    listed.add_argument("repository", metavar="REPOSITORY", nargs="?", help="else of all repositories")


def _add_usage(commands: Commands) -> None:
    reported = _add(commands, "report-usage", report_usage, "report the images that run here, to keep them")
    reported.add_argument("--cluster", metavar="NAME", required=True, help="whose report this is")
    source = reported.add_mutually_exclusive_group()
    source.add_argument("--kubernetes", action="store_true", help="ask the API server, from within a pod")
    source.add_argument("--runtime", choices=RUNTIMES, help="ask this one; else the first that is here")
    reported.add_argument(
        "--namespace", default="k8s.io", help="containerd's namespace, for ctr (default k8s.io)"
    )
    reported.add_argument(
        "--registry", action="append", metavar="HOST", help="another host of the registry; may be repeated"
    )
    reported.add_argument("--ttl-hours", type=int, metavar="N", help="how long it counts (default 24)")
    reported.add_argument("--dry-run", action="store_true", help="print the report and send nothing")
    used = _add(commands, "usage", list_usage, "list what clusters run")
    of = used.add_mutually_exclusive_group()
    of.add_argument(
        "repository", metavar="REPOSITORY", nargs="?", help="by which clusters its images are run"
    )
    of.add_argument("--cluster", metavar="NAME", help="the images of one cluster")


def add_recycling_commands(commands: Commands) -> None:
    """Add `undo`, `restore`, `purge`, `bin`, `tag-history`, `protect` and `unprotect`."""
    named = "REPO[:TAG|@DIGEST]"
    undone = _add(commands, "undo", undo, "undo the last change: a deletion, or a moved tag")
    undone.add_argument("name", metavar=named)
    restored = _add(commands, "restore", restore, "bring back a repository, an image or a tag")
    restored.add_argument("name", metavar=named)
    restored.add_argument("--digest", help="where the tag is to point; else where it did before")
    restored.add_argument("--as", dest="as_name", metavar="NAME", help="another name for the repository")
    restored.add_argument("--id", help="which of the repositories that had the name, as `bin list` has it")
    for parser in (undone, restored):
        parser.add_argument("--move-tags", action="store_true", help="also take tags that point elsewhere")
    purged = _add(commands, "purge", purge, "erase what is in the recycle bin")
    what = purged.add_mutually_exclusive_group(required=True)
    what.add_argument("name", metavar="REPO[@DIGEST]", nargs="?", help="deleted images of a repository")
    what.add_argument("--id", help="a deleted repository, as `bin list` has it")
    what.add_argument("--all", action="store_true", help="everything in the registry's bin")

    bins = _group(commands, "bin", "look into the recycle bin, and say how long things stay")
    shown = _add(bins, "show", show_bin, "how much is in the bin")
    listed = _add(bins, "list", list_bin, "deleted repositories, or deleted images of one")
    for parser in (shown, listed):
        parser.add_argument("repository", metavar="REPO", nargs="?")
    kept = _add(bins, "keep", keep_bin, "how long things stay that are deleted from now on")
    kept.add_argument("days", metavar="DAYS", type=int, help="0 to 365; 0 switches the bin off")

    told = _add(commands, "tag-history", tag_history, "what happened to the tags of a repository")
    told.add_argument("name", metavar="REPO[:TAG]")
    for name, command, meaning in (
        ("protect", protect, "protect a repository from being deleted"),
        ("unprotect", unprotect, "let a repository be deleted again"),
    ):
        _add(commands, name, command, meaning).add_argument("repository", metavar="REPO")


def _group(commands: Commands, name: str, meaning: str) -> Commands:
    return commands.add_parser(name, help=meaning).add_subparsers(required=True, metavar="COMMAND")


def _add(commands: Commands, name: str, command: Callable[..., int], meaning: str) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(name, help=meaning, description=meaning.capitalize() + ".")
    add_connection_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=command)
    return parser
