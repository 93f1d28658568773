"""Answers for the console: its files, and its one page at every address below its prefix."""

from aiohttp import web

from entrepot.console.files import BuiltFile, BuiltFiles

PREFIX = "/console/"

# Nothing inline, nothing evaluated, nothing from elsewhere. Fonts and a few pictures of the design system are
# `data:` in its style sheet. Requests go to the API and to layers, on the same origin.
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
_STANDING = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # says what frame-ancestors says, to scanners and old browsers
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_FOREVER = "public, max-age=31536000, immutable"
_MISSING = "This Entrepot was built without its console; docs/howto/console.md tells how to build it\n"


class ConsoleDoor:
    """Answers `/console/…`, and sends browsers that open `/` there."""

    def __init__(self, files: BuiltFiles) -> None:
        self._files = files

    def answer(self, request: web.BaseRequest) -> web.Response:
        """A file, the page that shows every address of the console, or why not."""
        if request.method not in ("GET", "HEAD"):
            refusal = web.Response(status=405, headers=_STANDING | {"Allow": "GET, HEAD"})
            refusal.force_close()  # nobody reads the body that came along
            return refusal
        path = request.rel_url.raw_path
        if not path.startswith(PREFIX):
            return web.Response(status=302, headers=_STANDING | {"Location": PREFIX})
        name = path.removeprefix(PREFIX)
        file = self._files.find(name)
        if file is None and not name.startswith("assets/"):
            file = self._files.find("index.html")  # the page reads the rest of the address itself
        if file is None:
            return web.Response(status=404, headers=_STANDING, text=_MISSING if not name else "Not found\n")
        return self._give(request, file)

    def _give(self, request: web.BaseRequest, file: BuiltFile) -> web.Response:
        headers = _STANDING | {
            "Content-Type": file.media_type,
            "Cache-Control": _FOREVER if file.is_hashed else "no-store",
        }
        if not file.is_packed:
            return web.Response(headers=headers, body=self._files.read(file))
        headers["Vary"] = "Accept-Encoding"
        if not _takes_gzip(request.headers.get("Accept-Encoding", "")):
            return web.Response(headers=headers, body=self._files.unpack(file))
        headers["Content-Encoding"] = "gzip"
        return web.Response(headers=headers, body=self._files.read(file))


def is_for_console(request: web.BaseRequest) -> bool:
    """Whether the console answers: below its prefix, or where a person has opened the server in a browser."""
    path = request.rel_url.raw_path
    if path.startswith(PREFIX) or path == PREFIX.rstrip("/"):
        return True
    accepted = request.headers.get("Accept", "")
    return path == "/" and request.method in ("GET", "HEAD") and "text/html" in accepted


def _takes_gzip(accepted: str) -> bool:
    """Whether gzip is named, and not with a quality of nothing (RFC 9110, section 12.5.3)."""
    for choice in accepted.split(","):
        coding, _, quality = choice.partition(";")
        if coding.strip().lower() == "gzip":
            return quality.replace(" ", "").rstrip("0.") not in ("q=", "q")
    return False
