"""What a PostgreSQL URL says: our options, what asyncpg reads, and a URL for each of its hosts."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

_TARGET = "target_session_attrs"


@dataclass(frozen=True, slots=True)
class Options:
    """What our URL says beside what asyncpg reads from it."""

    pool_size: int = 10
    statement_cache_size: int = 100  # 0 behind a pooler that gives each transaction another connection
    command_timeout: float = 10.0  # seconds a statement may take


def split_options(url: str) -> tuple[str, Options]:
    """The URL for asyncpg, without what is ours."""
    parts = urlsplit(url)
    ours: dict[str, str] = {}
    theirs: list[tuple[str, str]] = []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name in Options.__slots__:
            ours[name] = value
        else:
            theirs.append((name, value))
    options = Options(
        pool_size=int(ours.get("pool_size", Options().pool_size)),
        statement_cache_size=int(ours.get("statement_cache_size", Options().statement_cache_size)),
        command_timeout=float(ours.get("command_timeout", Options().command_timeout)),
    )
    return parts._replace(query=urlencode(theirs)).geturl(), options


def one_by_one(url: str) -> tuple[str, ...]:
    """`user@a:1,b:2` as two URLs, so that a host that hangs does not use up the time of the next.

    Of several hosts only one that takes writes will do, unless `target_session_attrs` says otherwise.
    """
    parts = urlsplit(url)
    user, at, places = parts.netloc.rpartition("@")
    hosts = places.split(",")
    if len(hosts) == 1:
        return (url,)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    asked = urlencode({_TARGET: "read-write"} | query)
    return tuple(parts._replace(netloc=f"{user}{at}{host}", query=asked).geturl() for host in hosts)
