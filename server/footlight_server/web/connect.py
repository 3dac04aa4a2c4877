"""What the Connect protocol puts on the wire beside the messages: codes, errors, envelopes.

https://connectrpc.com/docs/protocol
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from google.rpc import error_details_pb2, status_pb2

DETAILS = "grpc-status-details-bin"
END_OF_STREAM = 0b10
COMPRESSED = 0b01
_PREFIX = struct.Struct(">BI")

HTTP_STATUS = {
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNKNOWN: 500,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DATA_LOSS: 500,
    grpc.StatusCode.UNAUTHENTICATED: 401,
}

Metadata = Iterable[tuple[str, str | bytes]]


class Refused(grpc.aio.AbortError):
    """A call that ends with an error, in the words of gRPC; `services.faults` has made them."""

    def __init__(self, code: grpc.StatusCode, message: str, trailing: Metadata = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.trailing = tuple(trailing)

    @property
    def body(self) -> dict[str, Any]:
        """The error as Connect writes it: code, message, and the details of google.rpc."""
        body: dict[str, Any] = {"code": self.code.name.lower().replace("cancelled", "canceled")}
        if self.message:
            body["message"] = self.message
        if details := [detail for key, value in self.trailing if key == DETAILS for detail in _details(value)]:
            body["details"] = details
        return body

    @property
    def metadata(self) -> list[tuple[str, str]]:
        """What came beside the details, such as when to come back."""
        return [(key, text(value)) for key, value in self.trailing if key != DETAILS]


def text(value: str | bytes) -> str:
    """Metadata as a header carries it: bytes in Base64 without padding."""
    return value if isinstance(value, str) else _base64(value)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode()


def _details(status: str | bytes) -> Iterable[dict[str, Any]]:
    assert isinstance(status, bytes)
    for detail in status_pb2.Status.FromString(status).details:
        name = detail.type_url.rpartition("/")[2]
        kind = getattr(error_details_pb2, name.rpartition(".")[2], None)
        told: dict[str, Any] = {"type": name, "value": _base64(detail.value)}
        if kind is not None:
            told["debug"] = MessageToDict(kind.FromString(detail.value))
        yield told


def enveloped(message: bytes, flags: int = 0) -> bytes:
    """One message of a stream."""
    return _PREFIX.pack(flags, len(message)) + message


def end_of_stream(refused: Refused | None) -> bytes:
    """The last message of a stream, which says how it ended."""
    body: dict[str, Any] = {}
    if refused is not None:
        body["error"] = refused.body
        if refused.metadata:
            body["metadata"] = {key: [value] for key, value in refused.metadata}
    return enveloped(json.dumps(body, ensure_ascii=False).encode(), END_OF_STREAM)


def opened(body: bytes) -> bytes:
    """The one message in the body of a request for a stream.

    Raises
    ------
    Refused
        When there is not exactly one, uncompressed.
    """
    if len(body) < _PREFIX.size:
        raise Refused(
            grpc.StatusCode.INVALID_ARGUMENT, "the body must be one enveloped message: 5 bytes and the message"
        )
    flags, length = _PREFIX.unpack_from(body)
    if flags & COMPRESSED:
        raise Refused(grpc.StatusCode.UNIMPLEMENTED, "compressed messages are not read here: send them as they are")
    if len(body) != _PREFIX.size + length:
        raise Refused(
            grpc.StatusCode.INVALID_ARGUMENT,
            f"the envelope says {length} bytes, {len(body) - _PREFIX.size} came: a call has exactly one message",
        )
    return body[_PREFIX.size :]
