"""The SQL keeps to what SQLite, PostgreSQL and their relatives share, and all of it runs."""

import ast
import pkgutil
import re
import sqlite3
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from entrepot.domain.identities import KeyUse, PolicyVersion
from entrepot.domain.images import ImageStatus
from entrepot.domain.names import Tag
from entrepot.domain.recycling import Deletion, Protection, TagChange, TagEvent, bin_of
from entrepot.ports.lifecycle import PreviewStatus
from entrepot.ports.orders import RepositoryOrder
from entrepot.ports.records import (
    Counted,
    Flaw,
    KeysOf,
    KeysOfAccount,
    OneKey,
    Records,
    SealedManifest,
    SealedRow,
    SealedSubject,
    SigningKey,
)
from entrepot.ports.statistics import Holding, Ranking, RegistrySum, StoredBytes, UniqueBytes
from entrepot.storage import metadata
from entrepot.storage.metadata import statistics
from entrepot.storage.metadata.changes import SqlChanges
from entrepot.storage.metadata.migrate import packaged, statements
from entrepot.storage.metadata.revisions import SqlRevision
from tests.contract.metadata.records.samples import (
    AES256,
    KINDS,
    REGISTRY,
    access_key,
    audit_event,
    blob,
    digest,
    identity,
    image,
    job,
    managed_policy,
    minute,
    oidc_provider,
    preview_result,
    repository,
    session_terms,
    upload,
)
from tests.contract.metadata.records.single_statements import SingleStatements
from tests.contract.metadata.records.test_keeping import BLUE, pin, report, used

_FOLDER = Path(metadata.__path__[0])
_VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "DROP")

# What one of SQLite, PostgreSQL, CockroachDB, YugabyteDB and Aurora DSQL lacks or has in its own way.
_FORBIDDEN = {
    "paging that reads what it skips": r"\bOFFSET\b",
    "locks": r"\bFOR\s+(UPDATE|SHARE|NO\s+KEY|KEY)\b|\bLOCK\s+TABLE\b|ADVISORY",
    "ids made by the database": r"\b(BIG|SMALL)?SERIAL\b|\bSEQUENCE\b|\bAUTOINCREMENT\b|\bIDENTITY\b|NEXTVAL",
    "what DSQL lacks": r"\bTRIGGER\b|\bFOREIGN\s+KEY\b|\bREFERENCES\b|\bTEMP(ORARY)?\b|\bTRUNCATE\b",
    "channels": r"\b(UN)?LISTEN\b|\bNOTIFY\b",
    "transactions, which are the drivers'": r"\bSAVEPOINT\b|\bBEGIN\b|\bCOMMIT\b|\bROLLBACK\b",
    "casts of PostgreSQL's own": r"::",
    "upserts of SQLite's own": r"\bINSERT\s+OR\b|\bREPLACE\s+INTO\b",
    "clocks": r"\bNOW\s*\(|\bCURRENT_(TIME|DATE|TIMESTAMP)\b|\bSTRFTIME\b|\bUNIXEPOCH\b",
    "dialects": r"\bILIKE\b|\bGLOB\b|\bIFNULL\b|\bROWID\b|\bANY\s*\(|\bUNNEST\b|\bJSON\w*\s*\(|\bCOLLATE\b",
    "counting and summing without a bound": r"\b(COUNT|SUM|AVG|GROUP_CONCAT|STRING_AGG|ARRAY_AGG)\s*\(",
    "programs in the database": r"\b(FUNCTION|PROCEDURE|EXTENSION|VIEW|RULE|DOMAIN)\b",
    "indexes of one kind of database": (
        r"\bINDEX\b.*(\bUSING\b|\bCONCURRENTLY\b|\bINCLUDE\b|\bWHERE\b|\bDESC\b|\bASYNC\b)"
    ),
    "tables of one kind of database": (
        r"\bUNLOGGED\b|\bINHERITS\b|\bPARTITION\s+BY\b|\bTABLESPACE\b|\bSTRICT\b"
        r"|\bCHECK\s*\(|\bGENERATED\b|\bEXCLUDE\b|\bDEFAULT\b"
    ),
    "changes in place": r"\bALTER\s+TABLE\b(?!\s+\w+\s+ADD\s+COLUMN\s+\w+\s+(TEXT|BIGINT|BYTEA)\s*$)",
    "sessions": r"^\s*(SET|PREPARE|DEALLOCATE|DECLARE|COPY|VACUUM|ANALYZE|PRAGMA)\b",
    "bounds on what is changed": r"^\s*(DELETE|UPDATE)\b[^(]*\b(LIMIT|USING)\b",
}
# The module that does nothing else: the times of rows are the program's.
_ALLOWED = {"clocks": "clocks.py"}


def _texts() -> Iterator[tuple[str, str]]:
    """(module, SQL) of every string in a subject's module, by its source: none escapes by being local."""
    for file in sorted(_FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_sql(node.value):
                yield file.name, node.value
    for migration in packaged():
        for statement in statements(migration.sql):
            yield migration.name, statement


def _is_sql(text: str) -> bool:
    """A statement, or the rest of one that begins with a part named elsewhere."""
    return text.lstrip().startswith((*_VERBS, "WHERE", "JOIN", "AND", "ORDER", "EXISTS"))


def test_the_lint_sees_the_statements() -> None:
    assert len(list(_texts())) > 100


@pytest.mark.parametrize("reason", _FORBIDDEN)
def test_no_statement_uses(reason: str) -> None:
    pattern = re.compile(_FORBIDDEN[reason], re.IGNORECASE)
    found = [(module, text) for module, text in _texts() if pattern.search(text)]
    assert [text for module, text in found if module != _ALLOWED.get(reason)] == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT digest FROM image ORDER BY digest LIMIT 10 OFFSET 20",
        "SELECT digest FROM image WHERE repository_id = $1 FOR UPDATE",
        "SELECT pg_advisory_xact_lock($1)",
        "LOCK TABLE image",
        "CREATE TABLE a (id BIGSERIAL)",
        "CREATE SEQUENCE a",
        "CREATE TABLE a (id TEXT REFERENCES b (id))",
        "CREATE TEMP TABLE a (id TEXT)",
        "CREATE TRIGGER a AFTER INSERT ON image EXECUTE FUNCTION b()",
        "TRUNCATE image",
        "LISTEN changes",
        "NOTIFY changes",
        "SAVEPOINT a",
        "SELECT $1::text",
        "INSERT OR IGNORE INTO account (id) VALUES ($1)",
        "UPDATE image SET pushed_at = NOW()",
        "SELECT annotations FROM image WHERE JSON_EXTRACT(annotations, '$') = $1",
        "SELECT digest FROM image WHERE digest = ANY($1)",
        "SELECT COUNT(*) FROM image",
        "SELECT SUM(size_bytes) FROM image",
        "CREATE INDEX CONCURRENTLY a ON image (digest)",
        "CREATE INDEX a ON image (digest) WHERE subject_digest IS NOT NULL",
        "CREATE TABLE a (id TEXT DEFAULT '')",
        "ALTER TABLE image ALTER COLUMN digest TYPE BYTEA",
        "ALTER TABLE image ADD COLUMN a BIGINT NOT NULL",
        "ALTER TABLE image DROP COLUMN digest",
        "CREATE EXTENSION pgcrypto",
        "SET LOCAL statement_timeout = 1",
        "DELETE FROM image WHERE repository_id = $1 LIMIT 5",
    ],
)
def test_the_lint_refuses(statement: str) -> None:
    assert any(re.search(pattern, statement, re.IGNORECASE) for pattern in _FORBIDDEN.values())


@pytest.mark.parametrize("word", ["SAVEPOINT", "LISTEN", "NOTIFY", "ADVISORY", "LOCK TABLE", "FOR UPDATE"])
def test_the_driver_for_servers_needs_nothing_that_only_postgresql_has(word: str) -> None:
    files = list((_FOLDER / "drivers").glob("postgres*.py"))
    assert len(files) > 1
    for file in files:
        texts = [
            node.value
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [text for text in texts if re.match(rf"\s*(SELECT\b.*)?{word}\b", text)]


def test_the_only_types_are_those_that_every_driver_knows() -> None:
    columns = [
        line.split()
        for migration in packaged()
        for statement in statements(migration.sql)
        if statement.startswith("CREATE TABLE")
        for line in statement.splitlines()[1:-1]
    ]
    assert {words[1].rstrip(",") for words in columns if words[0] != "PRIMARY"} == {"TEXT", "BIGINT", "BYTEA"}


async def test_every_statement_runs(
    records: Records, statements: SingleStatements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "_PAGE", 1)  # else the statement of many needs many
    for _ in range(2):
        changes = SqlChanges(statements)
        changes.note(repository("counted").id, images=1)
        await changes.write_last()
    await _call_everything(records)
    await SqlRevision(statements).number()
    unseen = [
        text
        for text in _statements_of_subjects()
        if not any(seen.startswith(text.partition("…")[0]) for seen in statements.seen)
    ]
    assert unseen == []


# The trash is empty as a rule, keys and checks are a handful, and uploads are rewrapped once in a year.
_SMALL = ("trash", "signing_key", "root_key_check", "upload")
_LIST_OF_ONE = {"(…)": "($9)", "VALUES …": "VALUES ($9)"}


def test_no_statement_sorts_or_reads_a_large_table_to_its_end() -> None:
    """By SQLite's planner, which has no statistics here: what it finds an index for, others do too."""
    planner = sqlite3.connect(":memory:")
    for migration in packaged():
        for statement in statements(migration.sql):
            planner.execute(statement)
    for text in _statements_of_subjects():
        if "$" in text and not text.lstrip().startswith("INSERT"):
            plan = _plan(planner, text)
            assert plan.startswith(_SMALL) or not re.search(r"\bTEMP B-TREE\b|\bSCAN (?!CONSTANT|w\b)", plan)


def _plan(planner: sqlite3.Connection, text: str) -> str:
    """The steps, after the table they are about."""
    for many, one in _LIST_OF_ONE.items():
        text = text.replace(many, one)
    found = re.search(r"(?:FROM|UPDATE)\s+(\w+)", text)
    assert found is not None, text
    steps = planner.execute("EXPLAIN QUERY PLAN " + re.sub(r"\$(\d+)", r"?\1", text), [""] * _highest(text))
    return "; ".join([found[1], *(step[3] for step in steps)])


def _highest(text: str) -> int:
    return max(int(number) for number in re.findall(r"\$(\d+)", text))


def _statements_of_subjects() -> Iterator[str]:
    """The SQL that the modules keep, whole or as a beginning."""
    for module in pkgutil.iter_modules([str(_FOLDER)]):
        if not module.ispkg and module.name != "migrate":
            for value in vars(import_module(f"entrepot.storage.metadata.{module.name}")).values():
                kept = value.values() if isinstance(value, dict) else value
                for text in kept if isinstance(value, dict | tuple) else (value,):
                    if isinstance(text, str) and text.lstrip().startswith(_VERBS):
                        yield text


async def _call_everything(records: Records) -> None:
    await _call_about_repositories(records)
    await _call_about_lifecycles(records)
    await _call_about_keeping(records)
    await _call_about_images(records)
    await _call_about_the_bin(records)
    await _call_about_statistics(records)
    await _call_about_blobs(records)
    await _call_about_identities(records)
    await _call_about_the_server(records)
    await _call_about_repairs(records)


async def _call_about_repositories(records: Records) -> None:
    await records.repositories.add(repository())
    await records.repositories.find(REGISTRY, repository().name)
    await records.repositories.find_by_id("repository")
    await records.repositories.page(REGISTRY, after="", limit=1)
    await records.repositories.change(repository())
    await records.resource_tags.put("repository", {"key": "value"})
    await records.resource_tags.of("repository")
    await records.resource_tags.remove("repository", ["key"])
    await records.repositories.remove("repository")
    await records.repositories.clear("repository", 9)


async def _call_about_lifecycles(records: Records) -> None:
    await records.lifecycle_policies.put("repository", "{}", due_at=minute(0))
    await records.lifecycle_policies.find("repository")
    await records.lifecycle_policies.due(minute(0), 1)
    await records.lifecycle_policies.postpone("repository", until=minute(1))
    await records.lifecycle_policies.hasten(["repository"], due_at=minute(0))
    await records.lifecycle_policies.note_evaluation("repository", "{}", minute(0))
    await records.lifecycle_policies.remove("repository")
    await records.lifecycle_previews.begin("repository", "preview", "{}", minute(0))
    await records.lifecycle_previews.find("repository")
    await records.lifecycle_previews.old(minute(0), 1)
    await records.lifecycle_previews.add_results("repository", "preview", [preview_result()])
    for tagged in (None, True, False):
        await records.lifecycle_previews.results("repository", "preview", after=0, limit=1, tagged=tagged)
    await records.lifecycle_previews.results_of("repository", "preview", [digest("image")])
    await records.lifecycle_previews.end(
        "repository", "preview", PreviewStatus.COMPLETE, expiring=1, transitioning=0
    )
    await records.lifecycle_previews.clear_others("repository", "preview", 9)
    await records.lifecycle_previews.clear("repository", "preview", 9)
    await records.lifecycle_previews.remove("repository", "preview")
    await records.pull_time_exclusions.add(REGISTRY, "arn", minute(0))
    await records.pull_time_exclusions.page(REGISTRY, after="", limit=1)
    await records.pull_time_exclusions.remove(REGISTRY, "arn")


async def _call_about_keeping(records: Records) -> None:
    await records.pins.put(repository(), pin())
    await records.pins.find("repository", digest("image"))
    await records.pins.of_images("repository", [digest("image")])
    await records.pins.page("repository", after="", limit=1)
    await records.pins.of_registry(REGISTRY, after=("", ""), limit=1)
    await records.pins.remove("repository", digest("image"))
    await records.usage.put(report())
    await records.usage.find(BLUE)
    await records.usage.reports(REGISTRY, after="", limit=1)
    await records.usage.add_images("one", [used("image")])
    await records.usage.images("one", after=("", ""), limit=1)
    await records.usage.of_images("repository", [digest("image")])
    await records.usage.of_repository("repository", after=("", ""), limit=1)
    await records.usage.remove_images("one", [used("image")])
    await records.usage.ended(minute(0), 1)
    await records.usage.remove("one", "first")
    await records.tags.pointed("repository", after="", limit=1)
    await records.tags.find_pointed("repository", ["v1"])
    await records.references.children_of("repository", [digest("image")])
    await records.references.layers("repository", after=("", ""), limit=1)
    await records.layers.held_beside(repository(), ["key"])


async def _call_about_images(records: Records) -> None:
    name = image().digest
    await records.images.add("repository", image())
    await records.images.find("repository", name)
    await records.images.find_many("repository", [name])
    await records.images.find_tagged("repository", Tag("tag"))
    for tagged in (None, True, False):
        for status in (None, *ImageStatus):
            await records.images.page("repository", after="", limit=1, tagged=tagged, status=status)
            await records.tags.listing("repository", after=("", ""), limit=1, tagged=tagged, status=status)
    await records.tags.pairs("repository", after=("", ""), limit=1)
    await records.images.lives("repository", after="", limit=1)
    await records.images.has_any("repository")
    await records.images.has_archived("repository")
    for status in ImageStatus:
        await records.images.set_status("repository", name, status, minute(0))
    await records.images.note_pulls("repository", name, minute(0), pulls=1)
    for types in ((), ("type",)):
        for status in (None, *ImageStatus):
            await records.images.referrers(
                "repository", name, after="", limit=1, artifact_types=types, status=status
            )
    await records.manifests.put("repository", name, SealedManifest(b"", b""))
    await records.manifests.find("repository", name)
    await records.manifests.find_tagged("repository", Tag("tag"))
    await records.tags.point("repository", Tag("tag"), name, minute(0))
    await records.tags.find("repository", Tag("tag"))
    await records.tags.of_images("repository", [name])
    await records.tags.page("repository", after="", limit=1)
    await records.tags.remove("repository", Tag("tag"))
    await records.references.add("repository", name, layers={digest("layer"): "type"}, children=[name])
    await records.references.users("repository", digest("layer"), 1)
    await records.references.media_types("repository", [digest("layer")])
    await records.references.parents("repository", name, 1)
    await records.references.children("repository", after=("", ""), limit=1)
    await records.images.remove("repository", name)


async def _call_about_the_bin(records: Records) -> None:
    name, deletion = image().digest, Deletion(minute(0), minute(1), by="arn")
    event = TagEvent("id", Tag("tag"), TagChange.PUSHED, name, None)
    await records.repositories.add(repository())
    for erased in (False, True):
        await records.images.add(repository().id, image())
        await records.deleted_images.put(repository(), name, [Tag("tag")], deletion)
        await records.deleted_images.find(repository().id, name)
        await records.deleted_images.page(repository().id, before=None, limit=1)
        await records.deleted_images.children(repository().id, name)
        await records.deleted_images.referrers(repository().id, name, 1)
        await records.deleted_images.ended(minute(2), 1)
        await records.deleted_images.of_registry(REGISTRY, after=("", ""), limit=1)
        await records.deleted_images.of_repository(repository().id, after="", limit=1)
        if erased:
            await records.deleted_images.erase(bin_of(repository().id), name)
        else:
            await records.deleted_images.take_back(repository().id, name, minute(0))
            await records.images.remove(repository().id, name)
    await records.deleted_repositories.put(repository(), deletion)
    await records.deleted_repositories.find(REGISTRY, repository().id)
    await records.deleted_repositories.newest(REGISTRY, repository().name)
    await records.deleted_repositories.page(REGISTRY, None, before=None, limit=1)
    await records.deleted_repositories.ended(minute(2), 1)
    await records.deleted_repositories.take_back(repository().id, repository().name)
    await records.deleted_repositories.remove(repository().id)
    await records.tag_history.add(repository().id, [event])
    await records.tag_history.page(repository().id, None, before="z", limit=1)
    await records.tag_history.page(repository().id, Tag("tag"), before="z", limit=1)
    await records.tag_history.next_place("")
    await records.tag_history.forget(repository().id, before="z", limit=1)
    await records.deletion_protections.put(repository().id, Protection(minute(0), "arn"))
    await records.deletion_protections.find(repository().id)
    await records.deletion_protections.remove(repository().id)
    await records.repositories.remove(repository().id)


async def _call_about_statistics(records: Records) -> None:
    kept, totals = repository("counted"), records.statistics
    ((_, change),) = await totals.changes(after=("", ""), limit=1)
    await totals.fold(kept.id, [change], now=minute(0))
    await records.repositories.add(kept)
    await records.images.add(kept.id, image())
    await totals.totals([kept.id])
    await totals.pulls(kept.id, [image().digest])
    await totals.turns(after="", limit=1)
    await totals.count_images(kept.id, after="", limit=1)
    await totals.count_tags(kept.id, after="", limit=1)
    await totals.correct(kept.id, Holding(images=1), counts=1, pushed_at=None, now=minute(0))
    await totals.due_for_unique(idle_since=minute(0), limit=1)
    await totals.held(kept.id, after="", limit=1)
    await totals.put_unique(kept.id, UniqueBytes(1, minute(0)), seen=minute(0))
    await totals.sums(after="", limit=1)
    await totals.holders(after=("", ""), limit=1)
    await totals.put_sum(REGISTRY, RegistrySum(1), now=minute(0))
    await totals.put_stored(REGISTRY, StoredBytes(1, 0, minute(0)))
    await totals.registry(REGISTRY)
    await totals.registries(after=("", ""), limit=1)
    for ranking in Ranking:
        await totals.ranked(REGISTRY, ranking, after=None, limit=1)
    for is_descending in (False, True):
        asked: Any = {"is_descending": is_descending, "after": None, "limit": 1}
        for order in RepositoryOrder:
            await records.orders.repositories(REGISTRY, order, **asked)
        await records.orders.images(kept.id, **asked)
        await records.orders.pulled_images(kept.id, **asked)
    await totals.layers_of(kept.id, image().digest, after="", limit=1)
    await totals.holders_of(REGISTRY, "key", limit=1)
    await totals.used_by_others(kept.id, [digest("layer")], [image().digest])
    await totals.held_by_others(kept, ["key"])
    await totals.days(kept.id, first=1, last=2)
    await totals.registry_days(REGISTRY, first=1, last=2)
    await totals.old_days(before=1, after=(0, ""), limit=1)
    await totals.forget_days([(0, kept.id)], before=1)
    await totals.forget_registry_days(REGISTRY, before=1)
    await records.repositories.remove(kept.id)


async def _call_about_blobs(records: Records) -> None:
    await records.blobs.add(blob("key"))
    await records.blobs.find(digest("layer"), AES256)
    await records.layers.hold("repository", digest("layer"), "key", minute(0))
    await records.layers.find("repository", digest("layer"))
    await records.layers.find_many("repository", [digest("layer")])
    await records.layers.holders(REGISTRY, digest("layer"), AES256, 1)
    await records.layers.renew("repository", digest("image"), minute(0))
    await records.layers.archive_unneeded("repository", digest("image"), minute(0))
    await records.layers.need("repository", digest("image"))
    await records.tier_moves.note_layers("repository", digest("image"), minute(0))
    await records.tier_moves.note("key", minute(0))
    await records.tier_moves.due(minute(0), 1)
    await records.tier_moves.begin("key", "copy", minute(0))
    await records.tier_moves.find("key")
    await records.tier_moves.postpone("key", minute(1))
    await records.tier_moves.finish("key")
    await records.blobs.is_needed("key")
    await records.blobs.is_held("key")
    await records.blobs.find_by_key("key")
    await records.blobs.replace("key", blob("another key"))
    await records.layers.release("repository", digest("layer"))
    await records.uploads.add(upload())
    await records.uploads.find("upload")
    await records.uploads.advance(upload(), from_offset=0)
    await records.uploads.stale(minute(0), 1)
    await records.uploads.of_repository("repository", 1)
    await records.uploads.known_keys(["key"])
    await records.uploads.remove("upload")
    await records.upload_holds.take("key", "holder", now=minute(0), until=minute(1))
    await records.upload_holds.release("key", "holder")
    await records.upload_holds.remove_ended(minute(0))
    await records.garbage.unused_layers(held_before=minute(0), after=("", ""), limit=1)
    await records.garbage.release_unused("repository", [digest("layer")], minute(0))
    await records.garbage.unheld_blobs(created_before=minute(0), after="", limit=1)
    await records.garbage.mark(["key"], minute(0))
    await records.garbage.condemned(marked_before=minute(0), limit=1)
    await records.garbage.remove_blobs(["key"], minute(0))
    await records.garbage.throw("key", minute(0))
    await records.garbage.thrown(after="", limit=1)
    await records.garbage.emptied(["key"])


async def _call_about_identities(records: Records) -> None:
    user, policy = identity(), managed_policy()
    await records.identities.add(user)
    await records.identities.find(user.account, user.kind, user.name)
    await records.identities.find_by_id(user.id)
    await records.identities.page(user.account, user.kind, path_prefix="/", after="", limit=1)
    await records.identities.bounded_by(user.account, policy.arn, after="", limit=1)
    await records.identities.change(user)
    await records.memberships.add(user.id, "group")
    await records.memberships.groups_of(user.id)
    await records.memberships.users_in("group", after="", limit=1)
    await records.memberships.remove(user.id, "group")
    await records.inline_policies.put(user.id, "name", "{}")
    await records.inline_policies.of(user.id)
    await records.inline_policies.remove(user.id, "name")
    await records.repository_policies.put("repository", "{}")
    await records.repository_policies.find("repository")
    await records.repository_policies.remove("repository")
    await records.registry_policies.put(REGISTRY, "{}")
    await records.registry_policies.find(REGISTRY)
    await records.registry_policies.remove(REGISTRY)
    await records.managed_policies.add(policy)
    await records.managed_policies.add_version(policy.arn, PolicyVersion(1, "{}", minute(0)))
    await records.managed_policies.find(policy.arn)
    await records.managed_policies.page(policy.account, path_prefix="/", after="", limit=1)
    await records.managed_policies.change(policy)
    await records.managed_policies.versions(policy.arn)
    await records.managed_policies.documents([policy.arn])
    await records.managed_policies.remove_version(policy.arn, 1)
    await records.policy_attachments.add(user.id, policy.arn, user.account)
    await records.policy_attachments.of(user.id)
    await records.policy_attachments.identities(user.account, policy.arn, after="", limit=1)
    await records.policy_attachments.remove(user.id, policy.arn)
    await records.managed_policies.remove(policy.arn)
    await records.oidc_providers.put(oidc_provider())
    await records.oidc_providers.find(user.account, "url")
    await records.oidc_providers.all(user.account)
    await records.oidc_providers.remove(user.account, "url")
    await records.access_keys.end_sessions("arn")
    await records.sessions.add(session_terms())
    await records.sessions.find("ASIA1")
    await records.sessions.remove_expired(minute(0), 1)
    await records.key_uses.note([KeyUse("AKIA1", minute(0), "ecr", "eu-west-1")])
    await records.key_uses.find("AKIA1")
    await records.key_uses.forget("AKIA1")
    await records.identities.remove(user.id)


async def _call_about_the_server(records: Records) -> None:
    await records.access_keys.add(access_key())
    await records.access_keys.find("AKIA1")
    await records.access_keys.of_principal("arn")
    await records.access_keys.set_active("AKIA1", is_active=True)
    await records.access_keys.rename_principal("old", "new")
    await records.access_keys.revoke(OneKey("AKIA1"), 1)
    for scope in (KeysOf("arn/"), KeysOfAccount("123456789012")):
        await records.access_keys.sessions(scope, now=minute(0), after=("", ""), limit=1)
        await records.access_keys.revoke(scope, 1)
    await records.access_keys.remove_expired(minute(0), 1)
    await records.access_keys.remove("AKIA1")
    await records.clock.now()
    await records.accounts.add("123456789012", minute(0))
    await records.accounts.exists("123456789012")
    await records.accounts.page(after="", limit=1)
    await records.signing_keys.add(SigningKey("kid", b"", minute(0)))
    await records.signing_keys.all()
    await records.settings.put(REGISTRY, "name", "value")
    await records.settings.find(REGISTRY, "name")
    await records.root_key_checks.add(1, b"")
    await records.root_key_checks.all()
    await records.row_copies.is_unfinished()
    await records.blob_copies.note("target", ["key"], minute(0))
    await records.blob_copies.noted("target", limit=1)
    await records.blob_copies.settle("target", ["key"])
    for flaw in Flaw:
        await records.inspection.page(flaw, now=minute(0), after=(), limit=1)
    await records.inspection.blobs(after="", limit=1)
    await records.inspection.uploads(after="", limit=1)
    await records.inspection.offset("key")
    await records.inspection.known(["key"])
    await records.inspection.manifests(after=("", ""), limit=1)
    await records.inspection.parts("repository", digest("image"))
    for subject in SealedSubject:
        await records.sealed_rows.page(subject, after=("", ""), limit=1)
        await records.sealed_rows.replace(subject, SealedRow("", "id", b"old"), b"new")
    for what in Counted:
        await records.counts.page(what, after=None, limit=1)
    await records.counts.jobs(minute(0), 1)
    await records.jobs.enqueue(job())
    await records.jobs.due(minute(0), 1, kinds=KINDS)
    await records.jobs.claim(job(), lease="lease", until=minute(0))
    await records.jobs.renew("job", "lease", until=minute(1))
    await records.jobs.put_back("job", "lease", run_at=minute(0), error="")
    await records.jobs.finish("job", "lease")
    event = audit_event(minute(0))
    await records.audit_events.add([event])
    await records.audit_events.add_last([event])
    await records.audit_events.after(event.account, after="", before="g", limit=1)
    await records.audit_events.before(event.account, since="", before="g", limit=1)
    await records.audit_events.remove(event.account, before="g", limit=1)


async def _call_about_repairs(records: Records) -> None:
    await records.blobs.add(blob("key"))
    await records.blobs.find_by_key("key")
    await records.blobs.of_digest(digest("layer"))
    await records.blobs.replace("key", blob("another"))
    await records.blobs.set_damaged("another", minute(0))
    await records.layers.holders_of_blob("key", 1)
    await records.repairs.held_by("repository", digest("layer"))
    await records.repairs.upload_of("key")
    await records.repairs.manifest("repository", digest("image"))
    await records.repairs.remove_manifest("repository", digest("image"))
    await records.repairs.remove_references("repository", digest("image"))
    await records.repairs.set_facts("repository", image())
    await records.repairs.unmark("key")
    await records.repairs.deleted_repository("repository")
    await records.repairs.remove_deletion("~repository", digest("image"))
    await records.repairs.add_deletion(
        "~repository", digest("image"), REGISTRY, Deletion(minute(0), minute(1))
    )
    await records.repairs.remove_job("job")
    await records.repairs.free_job("job", minute(0))
