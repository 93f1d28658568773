"""The arithmetic of Signature Version 4, for whoever checks signatures and whoever makes them.

string to sign = AWS4-HMAC-SHA256 \\n time \\n scope \\n sha256(canonical request)
scope          = date/region/service/aws4_request
"""

from functools import lru_cache
from hashlib import sha256
from hmac import digest

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
TIME_FORMAT = "%Y%m%dT%H%M%SZ"


def scope_of(date: str, region: str, service: str) -> str:
    """What a signature is good for."""
    return f"{date}/{region}/{service}/{TERMINATOR}"


def sign(secret: str, timestamp: str, *, region: str, service: str, canonical_request: bytes) -> str:
    """The signature, as hex, of a request at a time in `TIME_FORMAT`."""
    date = timestamp[:8]
    hashed = sha256(canonical_request).hexdigest()
    to_sign = f"{ALGORITHM}\n{timestamp}\n{scope_of(date, region, service)}\n{hashed}"
    return digest(_signing_key(secret, date, region, service), to_sign.encode("ascii"), "sha256").hex()


@lru_cache(maxsize=4096)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = digest(key, part.encode("ascii"), "sha256")
    return key
