"""The command line: serving, and the few commands that work on a data folder directly.

Those that ask a running server are in the room `administration`.
"""

import asyncio
import json
import os
import shlex
import shutil
import signal
import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter, _SubParsersAction
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from entrepot import __version__
from entrepot.administration.commands import add_commands
from entrepot.administration.connection import NotAnswered
from entrepot.domain.names import Registry, is_account, is_region
from entrepot.installation.audit import TimeInvalid, export, parse_time
from entrepot.installation.aws_profile import ProfileNameInvalid, write_profile
from entrepot.installation.certificates import CannotIssue, ServerNames, authority_of, issue
from entrepot.installation.credential_files import CredentialFiles, RootCredential
from entrepot.installation.data_lock import DataFolderInUse, DataFolderUnwritable, data_lock
from entrepot.installation.endpoint_file import ServedAt, find_endpoint, write_endpoint
from entrepot.installation.first_start import (
    ACCESS_KEY_VARIABLE,
    SECRET_VARIABLE,
    CannotStart,
    Prepared,
    create_root_key,
    prepare,
    replace_root,
    root_key_versions,
    rotate_root_key,
)
from entrepot.installation.inspection import check, inspect, repair
from entrepot.installation.moves import CannotMove, RowPlaces, copy_rows, move_blobs, parse_places
from entrepot.installation.progress import ProgressLine, Step
from entrepot.installation.trust import instructions
from entrepot.keys.ring_text import KeyRingError
from entrepot.ports.outages import Outage, Unsettled, told
from entrepot.ports.records import Flaw
from entrepot.registry.blob_moves import CopyDamaged, Manner, Progress, Proof
from entrepot.registry.inspection import Depth, Finding, Seen
from entrepot.registry.repaired import Repaired
from entrepot.serving.certificate import check_certificate
from entrepot.serving.supervisor import CannotListen, Supervisor, listen
from entrepot.settings import (
    DATA_DIR,
    DOMAIN,
    PORT,
    TLS_CERT,
    TLS_KEY,
    SettingInvalid,
    Settings,
    add_options,
    data_dir_option,
    read_option,
    read_settings,
)
from entrepot.storage.blobs.s3.bucket import BucketUnfit
from entrepot.storage.copying.row_copy import CannotCopy, CopyProgress
from entrepot.storage.metadata.connection import DatabaseUnfit, Unreachable
from entrepot.storage.metadata.drivers.mounts import NetworkFileSystem
from entrepot.storage.metadata.migrate import DatabaseNewer, MigrationEdited

SERVED = (
    "CLOUDTRAIL",
    "ECR",
    "ENTREPOT",
    "IAM",
    "STS",
)  # the services whose endpoints `entrepot env` exports
DEFAULT_REGION = "us-east-1"

Command = Callable[[Namespace, Mapping[str, str]], int]


class CannotAnswer(Exception):
    """The command cannot do what was asked; the text says why."""


class _Parser(ArgumentParser):
    """A parser that complains in a line, by the name of the command that was typed."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As inherited; what a command does not know is refused by it and not by the parser above it."""
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"{self.prog}: {message}; `{self.prog} --help` tells what there is\n")


# What a person can mend: said in a line, without a trace.
_SAID = (
    SettingInvalid,
    ProfileNameInvalid,
    TimeInvalid,
    CannotListen,
    CannotStart,
    CannotAnswer,
    NotAnswered,
    CannotIssue,
    CannotMove,
    CannotCopy,
    CopyDamaged,
    DataFolderInUse,
    DataFolderUnwritable,
    KeyRingError,
    DatabaseUnfit,
    BucketUnfit,
    NetworkFileSystem,
    DatabaseNewer,
    MigrationEdited,
)


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit status."""
    parsed = _parser().parse_args(arguments)
    command: Command = parsed.command
    try:
        status = command(parsed, os.environ)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # such as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is lost, without a word
        return 128 + signal.SIGPIPE
    except Unreachable:
        said = "the database cannot be reached: is it running, and is --database right?"
    except Outage as outage:
        said = f"a store cannot be used now: {outage}"
    except Unsettled as unsettled:
        said = f"a change was not confirmed, try again: {unsettled.__cause__ or told(unsettled)}"
    except OSError as failure:
        said = f"{failure.filename}: {failure.strerror}" if failure.filename else str(failure)
    except _SAID as failure:
        said = str(failure)
    print(f"entrepot: {said}", file=sys.stderr)
    return 2


def _parser() -> ArgumentParser:
    parser = _Parser(
        prog="entrepot", description="A self-hosted Amazon ECR.", formatter_class=RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve", help="serve the registry", usage="%(prog)s [options]", description=_SERVE
    )
    add_options(serve)
    serve.set_defaults(command=_serve)

    env = commands.add_parser("env", help="print shell commands that point AWS clients here")
    add_options(env, (DATA_DIR,))
    env.add_argument("--account", metavar="ACCOUNT", help="another account than the default one")
    env.add_argument("--region", default=DEFAULT_REGION, help=f"region to export (default {DEFAULT_REGION})")
    env.set_defaults(command=_env)

    configure = commands.add_parser("configure", help="write an AWS profile that points here")
    add_options(configure, (DATA_DIR,))
    configure.add_argument("--profile", default="entrepot", help="name of the profile (default entrepot)")
    configure.add_argument("--account", metavar="ACCOUNT", help="another account than the default one")
    configure.add_argument("--region", default=DEFAULT_REGION, help=f"its region (default {DEFAULT_REGION})")
    configure.set_defaults(command=_configure)

    credentials = commands.add_parser(
        "credentials",
        help="replace a root credential, or make an account",
        usage=f"%(prog)s [--account ACCOUNT] {_AND_SERVER}",
        description="Make a new root credential for an account. The old one ends at once.",
    )
    _add_server_options(credentials)
    credentials.add_argument("--account", metavar="ACCOUNT", help="12 digits; made where it does not exist")
    credentials.set_defaults(command=_credentials)

    root_key = commands.add_parser(
        "root-key",
        help="the key that everything at rest is sealed under",
        usage=f"%(prog)s {{create,show,rotate}} {_AND_SERVER}",
    )
    _add_server_options(root_key)
    root_key.add_argument(
        "action",
        choices=("create", "show", "rotate"),
        help="make one for servers to come, list its versions, or add one and rewrap",
    )
    root_key.set_defaults(command=_root_key)

    _add_audit(commands)

    _add_check(commands)

    moving = commands.add_parser(
        "migrate-storage",
        help="move layers, or all rows, to another store",
        usage=f"%(prog)s FROM TO [options] {_AND_SERVER}",
        description=_MIGRATE,
    )
    moving.add_argument("source", metavar="FROM", help="file:///…, s3://…, sqlite:///… or postgresql://…")
    moving.add_argument("target", metavar="TO", help="the same kind: blobs to blobs, rows to rows")
    _add_server_options(moving)
    moving.add_argument(
        "--verify",
        choices=[proof.value for proof in Proof],
        default=Proof.DIGEST.value,
        help="what proves a copied layer: opened and hashed (default), or the same sealed bytes",
    )
    moving.add_argument(
        "--tier",
        choices=("standard", "archive"),
        default="standard",
        help="which layers: those of --blobs (default), or those of --archive",
    )
    moving.add_argument(
        "--at-once", metavar="N", type=int, default=4, help="layers under way at once (default 4)"
    )
    moving.add_argument(
        "--target-encrypts", action="store_true", help="TO encrypts by itself: plain layers may go there"
    )
    moving.set_defaults(command=_migrate)

    tls = commands.add_parser("tls", help="a private authority, and the server's certificate from it")
    tls.add_argument("action", choices=("init",), help="make the certificate, or make it anew")
    add_options(tls, (DATA_DIR, PORT, DOMAIN))
    tls.add_argument("--region", action="append", metavar="REGION", help="a region to cover; may be repeated")
    tls.add_argument("--account", action="append", metavar="ACCOUNT", help="cover it, and not every account")
    tls.add_argument("--name", action="append", metavar="HOST", help="another host name or IP address")
    tls.set_defaults(command=_tls)

    add_commands(commands)

    version = commands.add_parser("version", help="print the version")
    version.set_defaults(command=_version)
    return parser


def _add_check(commands: "_SubParsersAction[_Parser]") -> None:
    checked = commands.add_parser(
        "check",
        help="compare rows and bytes, say what is wrong, and mend what can be mended",
        usage=f"%(prog)s [--deep] [--repair] [--grace-minutes N] [--json] {_AND_SERVER}",
    )
    _add_server_options(checked)
    checked.add_argument("--deep", action="store_true", help="open every layer and manifest, and hash it")
    checked.add_argument(
        "--grace-minutes",
        metavar="N",
        type=int,
        default=60,
        help="younger bytes without a row are let pass, as are jobs taken since (default 60)",
    )
    checked.add_argument("--repair", action="store_true", help="mend what can be mended, and say what cannot")
    checked.add_argument("--json", action="store_true", help="print one JSON object")
    checked.set_defaults(command=_check)


def _add_audit(commands: "_SubParsersAction[_Parser]") -> None:
    audit = commands.add_parser(
        "audit",
        help="what was changed and refused, and by whom",
        usage=f"%(prog)s export [--account ACCOUNT] [--since TIME] [--until TIME] {_AND_SERVER}",
        description=_AUDIT,
    )
    audit.add_argument("action", choices=("export",), help="print it, a JSON object a line")
    _add_server_options(audit)
    audit.add_argument("--account", metavar="ACCOUNT", help="of this account alone")
    audit.add_argument("--since", metavar="TIME", help="from this time on, such as 2026-11-25")
    audit.add_argument("--until", metavar="TIME", help="before this time")
    audit.set_defaults(command=_audit)


def _add_server_options(parser: ArgumentParser) -> None:
    """Those of `serve`, behind the command's own."""
    add_options(parser.add_argument_group("options of the server", "Give those that say where things are."))


_AND_SERVER = "[options of the server]"

_SERVE = "Serve the registry. Each setting comes from the command line, else from the environment."


def _serve(parsed: Namespace, environment: Mapping[str, str]) -> int:
    settings = read_settings(parsed, environment)
    check_certificate(settings)
    with data_lock(settings.data_dir):
        sockets = listen(settings.host, settings.port)  # before anything is made or changed
        metrics = listen(*settings.metrics_listen) if settings.metrics_listen else []
        settings = replace(settings, port=sockets[0].getsockname()[1])  # 0 asked for any free one
        prepared = asyncio.run(prepare(settings, environment))
        write_endpoint(settings.data_dir, _served_at(settings))
        _greet(settings, prepared)
        Supervisor(settings, sockets, metrics).run()
    return 0


def _served_at(settings: Settings) -> ServedAt:
    authority = authority_of(settings.tls_cert, settings.data_dir) if settings.tls_cert else None
    return ServedAt(settings.addresses.endpoint(), settings.account_id, authority)


def _greet(settings: Settings, prepared: Prepared) -> None:
    """Tell a person where to go; a log file gets the log alone."""
    if not sys.stderr.isatty():
        return
    print(f"Entrepot {__version__} serves {settings.addresses.endpoint()}", file=sys.stderr)
    if prepared.created is not None:
        path = CredentialFiles(settings.data_dir).path(prepared.created.account)
        print(
            f"Account {prepared.created.account} was made. Its root access key, kept in {path}:\n"
            f"  {prepared.created.access_key_id}\n  {prepared.created.secret}",
            file=sys.stderr,
        )
    print(
        f'In another terminal, in this folder: eval "$({_env_command(settings.data_dir)})"', file=sys.stderr
    )


def _env_command(data_dir: Path) -> str:
    """What a person types beside this server for `entrepot env`, as they called the program here."""
    called, found = Path(sys.argv[0]), shutil.which("entrepot")
    if called.name != "entrepot":
        program = [sys.executable, "-m", "entrepot"]
    elif found is not None and called.exists() and called.samefile(found):
        program = ["entrepot"]
    else:
        program = [str(called)]
    return shlex.join([*program, "env", *data_dir_option(data_dir)])


def _env(parsed: Namespace, environment: Mapping[str, str]) -> int:
    served, credential = _served(parsed, environment)
    for service in SERVED:
        print(f"export AWS_ENDPOINT_URL_{service}={shlex.quote(served.endpoint)}")
    print(f"export AWS_ACCESS_KEY_ID={shlex.quote(credential.access_key_id)}")
    print(f"export AWS_SECRET_ACCESS_KEY={shlex.quote(credential.secret)}")
    print(f"export AWS_DEFAULT_REGION={shlex.quote(parsed.region)}")
    if served.authority is not None:
        print(f"export AWS_CA_BUNDLE={shlex.quote(str(served.authority))}")
    print("unset AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION")
    return 0


def _configure(parsed: Namespace, environment: Mapping[str, str]) -> int:
    served, credential = _served(parsed, environment)
    written = write_profile(
        parsed.profile,
        served.endpoint,
        credential,
        region=parsed.region,
        environment=environment,
        authority=served.authority,
    )
    print(f"Profile {parsed.profile} is in {' and '.join(str(path) for path in written)}")
    return 0


def _served(parsed: Namespace, environment: Mapping[str, str]) -> tuple[ServedAt, RootCredential]:
    """Where the data folder is served, and a root credential for it."""
    if not is_region(parsed.region):
        raise CannotAnswer("region: must be letters, digits and dashes, such as eu-west-1")
    data_dir = Path(read_option(DATA_DIR, parsed, environment)).absolute()
    served = find_endpoint(data_dir)
    if served is None:
        raise CannotAnswer(
            f"nothing was served from {data_dir} yet: start `entrepot serve`, or name its --data-dir"
        )
    account = parsed.account or served.account
    given = (environment.get(ACCESS_KEY_VARIABLE), environment.get(SECRET_VARIABLE))
    if account == served.account and given[0] and given[1]:
        return served, RootCredential(account, given[0], given[1])
    credential = CredentialFiles(data_dir).find(account) if is_account(account) else None
    if credential is None:
        raise CannotAnswer(f"{data_dir} has no credential of account {account}: see `entrepot credentials`")
    return served, credential


def _credentials(parsed: Namespace, environment: Mapping[str, str]) -> int:
    settings = read_settings(parsed, environment)
    account = parsed.account or settings.account_id
    if not is_account(account):
        raise CannotAnswer("account: must be 12 digits")
    credential = asyncio.run(replace_root(settings, account))
    print(f"{CredentialFiles(settings.data_dir).path(account)} holds {credential.access_key_id}")
    return 0


def _root_key(parsed: Namespace, environment: Mapping[str, str]) -> int:
    settings = read_settings(parsed, environment)
    if parsed.action == "create":
        create_root_key(settings)
        print(f"{settings.root_key_file} is a new root key; without it nothing that it seals can be read")
    elif parsed.action == "rotate":
        version, replaced = asyncio.run(rotate_root_key(settings))
        print(f"{settings.root_key_file} has version {version}; {replaced} keys were wrapped anew")
    else:
        versions = asyncio.run(root_key_versions(settings))
        print(f"{settings.root_key_file} has versions {', '.join(map(str, versions))}")
    return 0


_AUDIT = """Prints the records that `aws cloudtrail lookup-events` finds, of every account and region, with
those of failed signatures whose key does not exist."""


def _audit(parsed: Namespace, environment: Mapping[str, str]) -> int:
    settings = read_settings(parsed, environment)
    if parsed.account is not None and not is_account(parsed.account):
        raise CannotAnswer("account: must be 12 digits")
    since, until = (parse_time(text) if text else None for text in (parsed.since, parsed.until))
    asyncio.run(export(settings, account=parsed.account, since=since, until=until, write=sys.stdout.write))
    return 0


def _check(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """0 when everything holds together, or does so now, 1 where something is wrong still."""
    settings = read_settings(parsed, environment)
    depth = Depth(
        is_deep=parsed.deep,
        grace=timedelta(minutes=max(0, parsed.grace_minutes)),
        allow_sparse=settings.allow_sparse,
    )
    if parsed.json:
        work = repair(settings, depth) if parsed.repair else check(settings, depth)
        report = asyncio.run(work)
        print(json.dumps(asdict(report)))
        return 0 if report.is_whole else 1
    if parsed.repair:
        return _repair(settings, depth)
    found = 0

    def tell(finding: Finding) -> None:
        nonlocal found
        found += 1
        print(_line(finding))

    seen = asyncio.run(inspect(settings, depth, tell))
    print(_summary(seen, found))
    return 1 if found else 0


def _repair(settings: Settings, depth: Depth) -> int:
    def tell(repaired: Repaired) -> None:
        print(_line(repaired.finding))
        print(f"  {'mended' if repaired.is_mended else 'not mended'}: {repaired.how}")
        for hurt in repaired.hurt:
            tags = f" tagged {', '.join(hurt.tags)}" if hurt.tags else " without a tag"
            print(f"  hurt: {hurt.repository} {hurt.image}{tags}")

    report = asyncio.run(repair(settings, depth, tell))
    mended = sum(each.is_mended for each in report.repaired)
    print(_summary(report.seen, len(report.findings)) + (f", {mended} mended" if report.findings else ""))
    return 0 if report.is_whole else 1


def _line(finding: Finding) -> str:
    detail = f": {finding.detail}" if finding.detail else ""
    return f"{finding.what} {' '.join(finding.key)}{detail}"


def _summary(seen: Seen, found: int) -> str:
    opened = f", {seen.manifests} manifests opened" if seen.manifests else ""
    verdict = f"{found} findings" if found else "nothing is wrong"
    return (
        f"{seen.blobs} layers of {seen.blob_bytes} bytes, {seen.uploads} uploads, "
        f"{seen.rows[Flaw.IMAGE_WITHOUT_MANIFEST]} images{opened}: {verdict}"
    )


_MIGRATE = """Moves what lies in one store to another, proves it, and deletes nothing. It may be stopped and
run again, and servers may run meanwhile: see docs/howto/migrate-storage.md."""


def _migrate(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """0 when FROM is needed no more, 1 when something of it was left."""
    places = parse_places(parsed.source, parsed.target)
    line = ProgressLine(sys.stderr, time.monotonic, is_terminal=sys.stderr.isatty())
    try:
        if isinstance(places, RowPlaces):
            return _copy_rows(places, line)
        settings = read_settings(parsed, environment)
        manner = Manner(
            Proof(parsed.verify),
            max(1, parsed.at_once),
            takes_plain=parsed.target_encrypts,
            is_archive=parsed.tier == "archive",
        )

        def report(at: Progress) -> None:
            what = f"round {at.round}: layers"
            line.tell(Step(what, at.done_blobs, at.total_blobs, at.done_bytes, at.total_bytes))

        moved = asyncio.run(move_blobs(settings, places, manner, report))
    finally:
        line.end()
    for key, reason in moved.failed.items():
        print(f"not moved: {key}: {reason}")
    print(
        f"{moved.copied_blobs} layers of {moved.copied_bytes} bytes copied; "
        f"TO has {moved.blobs - len(moved.failed)} of {moved.blobs}"
    )
    if moved.uploads_left:
        print(f"{moved.uploads_left} uploads go on in FROM: run this again when they have ended")
    return 0 if moved.is_complete else 1


def _copy_rows(places: RowPlaces, line: ProgressLine) -> int:
    def report(at: CopyProgress) -> None:
        line.tell(Step(f"round {at.round}: rows of {at.table}:", at.rows, None))

    copied = asyncio.run(copy_rows(places, report))
    line.end()
    for name, table in copied.state.items():
        print(f"{name} {table.rows} rows, sha256 {table.sha256}")
    rows = sum(table.rows for table in copied.state.values())
    print(f"{copied.added} rows added, {copied.removed} removed; both databases hold the same {rows} rows")
    return 0


def _tls(parsed: Namespace, environment: Mapping[str, str]) -> int:
    # The files that these name need not be there yet: this makes them.
    settings = read_settings(parsed, {**environment, TLS_CERT.variable: "", TLS_KEY.variable: ""})
    regions, accounts = tuple(parsed.region or (DEFAULT_REGION,)), tuple(parsed.account or ())
    if not all(map(is_region, regions)):
        raise CannotAnswer("region: must be letters, digits and dashes, such as eu-west-1")
    if not all(map(is_account, accounts)):
        raise CannotAnswer("account: must be 12 digits")
    addresses = replace(settings.addresses, scheme="https")
    hosts = tuple(dict.fromkeys([*(parsed.name or ()), addresses.host]))
    issued = issue(
        settings.data_dir, ServerNames(settings.domain, regions, accounts, hosts), datetime.now(UTC)
    )
    default = Registry(settings.account_id, regions[0])
    named = [replace(addresses, domain=None, host=name) for name in parsed.name or ()]
    registries = [address.registry_host(default) for address in named]
    for region in regions:
        wanted = accounts or (settings.account_id,)
        registries += [addresses.registry_host(Registry(account, region)) for account in wanted]
    print(instructions(issued, list(dict.fromkeys(registries)), port=settings.port, domain=settings.domain))
    return 0


def _version(_parsed: Namespace, _environment: Mapping[str, str]) -> int:
    print(f"entrepot {__version__}")
    return 0
