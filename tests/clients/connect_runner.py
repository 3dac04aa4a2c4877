"""Runs the cases over HTTP by the Connect protocol, with nothing but the standard library: as JSON or as protobuf."""

from __future__ import annotations

import base64
import json
import struct
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPResponse
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from tests.clients.cases import Json, Outcome
from tests.clients.wire_runner import JOINED, SERVICES, message_class

SECONDS = 60.0
END_OF_STREAM = 2


def post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of an answer."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")
    try:
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=SECONDS)
        with answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, dict(refused.headers), refused.read()


def enveloped(message: bytes) -> bytes:
    """The one message of a request for a stream."""
    return struct.pack(">BI", 0, len(message)) + message


def envelopes(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The messages of a stream, with their flags."""
    at = 0
    while at < len(body):
        flags, length = struct.unpack_from(">BI", body, at)
        yield flags, body[at + 5 : at + 5 + length]
        at += 5 + length


def refusal(error: Json) -> Outcome:
    """An error as Connect writes it."""
    outcome = Outcome("", error["code"].upper().replace("CANCELED", "CANCELLED"), message=error.get("message", ""))
    for detail in error.get("details", ()):
        value = base64.b64decode(detail["value"] + "==")
        if detail["type"] == "google.rpc.ErrorInfo":
            info = ErrorInfo.FromString(value)
            outcome.reason, outcome.metadata = info.reason, dict(info.metadata)
        elif detail["type"] == "google.rpc.BadRequest":
            outcome.field = BadRequest.FromString(value).field_violations[0].field
    return outcome


class Connect:
    """Makes calls of one message each way, or with a stream back."""

    def __init__(self, url: str, codec: str) -> None:
        self._url = url
        self._codec = codec

    def ask(self, elsewhere: Callable[[str, Json], Outcome]) -> Callable[[str, Json], Outcome]:
        """Asks; what Connect has no way for over HTTP/1.1 is asked ``elsewhere``."""

        def one(call: str, request: Json) -> Outcome:
            service, _, name = call.partition("/")
            method = SERVICES[service].methods_by_name[name]
            if method.client_streaming:
                return elsewhere(call, request)
            sent = ParseDict(request, message_class(method.input_type)())
            send = self._stream if method.server_streaming else self._unary
            return send(call, sent, message_class(method.output_type))

        return one

    def _unary(self, call: str, sent: Message, kind: type[Message]) -> Outcome:
        status, _, body = self._post(call, self._write(sent), f"application/{self._codec}")
        return Outcome("", answer=_spoken(self._read(kind, body))) if status == 200 else refusal(json.loads(body))

    def _stream(self, call: str, sent: Message, kind: type[Message]) -> Outcome:
        status, _, body = self._post(call, enveloped(self._write(sent)), f"application/connect+{self._codec}")
        assert status == 200
        *messages, (flags, end) = envelopes(body)
        assert flags == END_OF_STREAM
        if error := json.loads(end).get("error"):
            return refusal(error)
        return Outcome("", answer=JOINED[call]([self._read(kind, message) for _, message in messages]))

    def _post(self, call: str, body: bytes, content_type: str) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Content-Type": content_type, "Connect-Protocol-Version": "1", "Connect-Timeout-Ms": "60000"}
        return post(f"{self._url}/footlight.v1.{call}", body, headers)

    def _write(self, message: Message) -> bytes:
        if self._codec == "proto":
            return message.SerializeToString()
        return json.dumps(MessageToDict(message)).encode()

    def _read(self, kind: type[Message], body: bytes) -> Any:
        return kind.FromString(body) if self._codec == "proto" else ParseDict(json.loads(body), kind())


def _spoken(message: Message) -> Json:
    return MessageToDict(message, preserving_proto_field_name=True)
