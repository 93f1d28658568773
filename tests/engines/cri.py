"""Kubernetes' Container Runtime Interface, as far as kubelet needs it to pull an image.

gRPC is a POST over HTTP/2 whose body is a flag, a length and a message, and whose outcome is in the
trailers; curl speaks it. Field numbers are those of `runtime/v1/api.proto` of Kubernetes:

    PullImageRequest   {ImageSpec image = 1; AuthConfig auth = 2}
    ImageSpec          {string image = 1}
    AuthConfig         {string username = 1; string password = 2}
    PullImageResponse  {string image_ref = 1}
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from tests.engines.programs import find_program, run_program

OK, UNKNOWN, NOT_FOUND = 0, 2, 5


@dataclass(frozen=True, slots=True)
class Pulled:
    """How a call ended: the status of gRPC, and the image's own digest or what was wrong."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class ImageService:
    """The image service of the runtime that listens on the socket; requests lie in the folder."""

    curl: Path
    socket: Path
    folder: Path

    def pull(self, image: str, *, username: str = "", password: str = "") -> Pulled:
        """kubelet's PullImage; without a user it sends no credentials."""
        message = _field(1, _field(1, image.encode()))
        if username:
            message += _field(2, _field(1, username.encode()) + _field(2, password.encode()))
        (self.folder / "request").write_bytes(struct.pack(">BI", 0, len(message)) + message)
        (self.folder / "response").write_bytes(b"")
        run_program(
            self.curl,
            *("--silent", "--show-error", "--http2-prior-knowledge"),
            *("--unix-socket", self.socket),
            *("--header", "Content-Type: application/grpc"),
            *("--header", "TE: trailers"),
            *("--data-binary", f"@{self.folder}/request"),
            *("--dump-header", self.folder / "headers"),
            *("--output", self.folder / "response"),
            "http://localhost/runtime.v1.ImageService/PullImage",
        )
        trailers = dict(
            line.lower().split(": ", 1)
            for line in (self.folder / "headers").read_text().splitlines()
            if ": " in line
        )
        status = int(trailers["grpc-status"])
        if status != OK:
            return Pulled(status, unquote(trailers["grpc-message"]))
        # Five bytes of gRPC, then the tag and the length of a string that is shorter than 128 bytes.
        return Pulled(status, (self.folder / "response").read_bytes()[7:].decode())


def open_image_service(socket: Path, folder: Path) -> ImageService:
    return ImageService(find_program("curl"), socket, folder)


def _field(number: int, content: bytes) -> bytes:
    """A field with a length: a string or a message."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])
