"""Where a listing goes on, as a Link header (RFC 8288)."""

from urllib.parse import quote


def next_link(path: str, *parameters: tuple[str, str]) -> dict[str, str]:
    """The header of a page that is not the last."""
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters)
    return {"Link": f'<{path}?{query}>; rel="next"'}
