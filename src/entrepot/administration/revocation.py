"""`entrepot session` and `entrepot token`: who has something open, and ending it."""

import json
from argparse import Namespace
from collections.abc import Mapping

from entrepot.administration.connection import connect


def list_sessions(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """A line a session that has not ended."""
    sessions = connect(parsed, environment).all(
        "list_sessions", principalArn=parsed.principal, allPrincipals=parsed.all or None
    )["sessions"]
    if parsed.json:
        print(json.dumps(sessions, indent=2, default=str))
        return 0
    for session in sessions:
        mark = " (this one)" if session["isCurrent"] else ""
        print(
            f"{session['accessKeyId']} {session['kind']} {session['principalArn']} "
            f"until {session['expiresAt']:%Y-%m-%d %H:%M} UTC{mark}"
        )
    return 0


def revoke_session(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """End one session."""
    connect(parsed, environment).ask("revoke_session", accessKeyId=parsed.id)
    print(f"{parsed.id} has ended, with its registry tokens")
    return 0


def revoke_tokens(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """End what a principal, a key, a session or the account has open."""
    answer = connect(parsed, environment).ask(
        "revoke_tokens",
        principalArn=parsed.principal,
        accessKeyId=parsed.access_key or parsed.session,
        allPrincipals=parsed.all or None,
    )
    if parsed.json:
        print(json.dumps(answer, indent=2, default=str))
    else:
        print(
            f"ended: the registry tokens of {_count(answer['keyCount'], 'access key')}, "
            f"and {_count(answer['sessionCount'], 'session')}"
        )
    return 0


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
