"""The headers that every answer has."""


def standing_headers(request_id: str) -> dict[str, str]:
    """The protocol's version, the id that stands in the log, and that nothing here is to be guessed at."""
    return {
        "Docker-Distribution-Api-Version": "registry/2.0",
        "X-Amzn-Requestid": request_id,
        "X-Content-Type-Options": "nosniff",
    }
