"""The log: standard error, a JSON object a line, one line a request.

Query strings, header values and bodies never enter it: signatures, tokens and signed URLs
travel there.
"""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

import orjson
import structlog
from aiohttp import web

_requests = logging.getLogger("entrepot.requests")
_LONGEST = 512  # characters of anything a caller wrote


class _Lines(logging.StreamHandler[TextIO]):
    """The log's stream; takes finished lines beside log records."""

    def write(self, line: str) -> None:
        """Write one line, whole."""
        self.stream.write(line + self.terminator)
        self.flush()


def set_up_logging(level: str) -> None:
    """Send the log of this process to standard error from now on."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Lines(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                lambda _logger, _name, event: _render(event),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)  # each retry is a warning there
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # malformed requests are not our errors


def log_request(
    request: web.BaseRequest, request_id: str, status: int, seconds: float, notes: Mapping[str, str]
) -> None:
    """One line about an answered request; `notes` are what its door found out.

    It goes past the logging library's records, which cost a quarter of a small request's time.
    """
    if not _requests.isEnabledFor(logging.INFO):
        return
    path = request.rel_url.raw_path
    if path.startswith("/layers/"):
        path = "/layers/..."  # the rest opens a layer
    line = {
        "event": "request",
        "level": "info",
        "logger": _requests.name,
        "timestamp": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "request_id": request_id,
        "method": request.method[:_LONGEST],
        "path": path[:_LONGEST],
        "status": status,
        "milliseconds": round(seconds * 1000, 2),
        "remote": request.remote,
        "agent": request.headers.get("User-Agent", "")[:_LONGEST],
        **notes,
    }
    for handler in logging.root.handlers:
        if isinstance(handler, _Lines):
            handler.write(_render(line))


def _render(event: Mapping[str, object]) -> str:
    """ASCII alone: a caller's control characters and lone surrogates become escapes."""
    try:
        line = orjson.dumps(event)
    except TypeError:  # lone surrogates, or what only a log record of ours holds
        line = b""
    if line and line.isascii() and b"\x7f" not in line:
        return line.decode("ascii")
    return json.dumps(event, default=str, separators=(",", ":")).replace("\x7f", "\\u007f")
