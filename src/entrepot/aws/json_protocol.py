"""AWS JSON 1.1 (and 1.0): the operation in `X-Amz-Target`, JSON both ways."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import orjson

from entrepot.aws import refusals
from entrepot.aws.codec import (
    Codec,
    Params,
    Unreadable,
    instant_of_seconds,
    instant_of_text,
)
from entrepot.aws.faults import Fault
from entrepot.aws.model import ListOf, MapOf, ServiceModel
from entrepot.aws.wire import WireResponse


class JsonProtocol:
    """The wire form of every operation of one JSON service."""

    def __init__(self, model: ServiceModel) -> None:
        codec = Codec(model, _JsonReading())
        self._decoders = {name: codec.decoder(op.input) for name, op in model.operations.items()}
        self._encoders = {name: codec.encoder(op.output) for name, op in model.operations.items()}
        self._content_type = f"application/x-amz-json-{model.json_version}"

    def decode(self, operation: str, body: bytes, query: Sequence[tuple[bytes, bytes]]) -> Params:
        """The validated parameters in a body; the query string plays no part."""
        del query
        # orjson refuses NaN, a byte order mark, trailing bytes, lone surrogates and depth over 1024;
        # of a repeated key the last counts, for every reader alike, since this is the only parser.
        try:
            document = orjson.loads(body) if body else {}
        except orjson.JSONDecodeError:
            raise refusals.serialization("The body is not JSON") from None
        return self._decoders[operation](document)

    def answer(self, operation: str, result: Mapping[str, object], request_id: str) -> WireResponse:
        """The response of an operation that went well."""
        return self._response(200, self._encoders[operation](result), request_id)

    def refuse(self, fault: Fault, request_id: str) -> WireResponse:
        """The response of a refused one."""
        body = {"__type": fault.code, "message": _writable(fault.message), **fault.fields}
        return self._response(fault.status, body, request_id)

    def _response(self, status: int, document: object, request_id: str) -> WireResponse:
        headers = (("x-amzn-RequestId", request_id), ("Content-Type", self._content_type))
        return WireResponse(status, headers, orjson.dumps(document))


def _writable(text: str) -> str:
    """Without lone surrogates, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


class _JsonReading:
    """JSON's own types, taken strictly: AWS turns no text into numbers either."""

    def structure(self, value: object) -> Mapping[str, object]:
        if type(value) is not dict:
            raise Unreadable("an object")
        return value

    def items(self, value: object, shape: ListOf) -> Sequence[object]:
        del shape
        if type(value) is not list:
            raise Unreadable("a list")
        return value

    def entries(self, value: object, shape: MapOf) -> Iterable[tuple[object, object]]:
        del shape
        return self.structure(value).items()

    def text(self, value: object) -> str:
        if type(value) is not str:
            raise Unreadable("a string")
        return value

    def whole(self, value: object) -> int:
        if type(value) is not int:
            raise Unreadable("a whole number")
        return value

    def fraction(self, value: object) -> float:
        if type(value) is not int and type(value) is not float:
            raise Unreadable("a number")
        return float(value)

    def boolean(self, value: object) -> bool:
        if type(value) is not bool:
            raise Unreadable("true or false")
        return value

    def instant(self, value: object, form: str | None) -> datetime:
        if type(value) is str and form == "iso8601":
            return instant_of_text(value)
        seconds = self.fraction(value)
        if not math.isfinite(seconds):
            raise Unreadable("a timestamp")
        return instant_of_seconds(seconds)
