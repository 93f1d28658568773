"""`entrepot pin`, `unpin` and `pins`: images that nobody deletes."""

import json
import re
from argparse import Namespace
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from entrepot.administration.connection import NotAnswered, connect
from entrepot.administration.references import read_image
from entrepot.domain.pins import PIN_TAG

_SPAN = re.compile(r"([0-9]{1,5})([dh])")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}


def pin_image(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Pin an image."""
    image = read_image(parsed.image)
    until = None if parsed.until is None else read_end(parsed.until, datetime.now(UTC))
    answer = connect(parsed, environment).ask(
        "pin_image", repositoryName=image.name, imageId=image.image_id, reason=parsed.reason, until=until
    )
    return _tell(parsed, answer["pin"], "is pinned")


def unpin_image(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Take the pin from an image."""
    image = read_image(parsed.image)
    answer = connect(parsed, environment).ask(
        "unpin_image", repositoryName=image.name, imageId=image.image_id
    )
    return _tell(parsed, answer["pin"], "is pinned no more")


def list_pins(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """A line a pinned image."""
    answer = connect(parsed, environment).all("list_pins", repositoryName=parsed.repository)
    pins = answer["pins"]
    if parsed.json:
        print(json.dumps(pins, indent=2, default=str))
        return 0
    for pin in pins:
        print(_line(pin))
    patterns = answer.get("tagPatterns")
    if patterns:
        print(f"{parsed.repository}: every image with a tag {' or '.join(patterns)}, by {PIN_TAG}")
    return 0


def read_end(text: str, now: datetime) -> datetime:
    """The end that `30d`, `12h` or a time such as 2026-12-31 stands for; raises NotAnswered."""
    span = _SPAN.fullmatch(text)
    if span is not None:
        return now + int(span[1]) * _UNITS[span[2]]
    try:
        end = datetime.fromisoformat(text)
    except ValueError as cause:
        raise NotAnswered(f"--until {text}: must be such as 30d, 12h or 2026-12-31") from cause
    return end if end.tzinfo is not None else end.replace(tzinfo=UTC)


def _tell(parsed: Namespace, pin: Mapping[str, Any], what: str) -> int:
    if parsed.json:
        print(json.dumps(pin, indent=2, default=str))
    else:
        print(f"{pin['repositoryName']}@{pin['imageDigest']} {what}")
    return 0


def _line(pin: Mapping[str, Any]) -> str:
    tags = f" ({', '.join(pin['imageTags'])})" if pin.get("imageTags") else ""
    until = f" until {pin['until']:%Y-%m-%d %H:%M} UTC" if pin.get("until") else ""
    reason = f": {pin['reason']}" if pin.get("reason") else ""
    return f"{pin['repositoryName']}@{pin['imageDigest']}{tags} by {pin['pinnedBy']}{until}{reason}"
