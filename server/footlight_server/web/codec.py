"""Messages as JSON and as bytes of protobuf."""

from __future__ import annotations

import re
from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from footlight_server.web.connect import DETAILS, Refused

_UNKNOWN = re.compile(r'no field named "(?P<field>[^"]*)" at "\w+\.?(?P<at>[^"]*)"\.\s*(?P<known>[^:]*: .*)', re.DOTALL)
_FAILED = re.compile(r"Failed to parse (?P<field>\S+) field: (?P<why>.*)", re.DOTALL)
_LONGEST = 400
"""At most so many characters of what the parser says are passed on."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How messages are written in a call; ``streams`` says that they come in envelopes."""

    content_type: str
    json: bool
    streams: bool

    def read(self, kind: type[Message], data: bytes) -> Message:
        """The message of a request.

        Raises
        ------
        Refused
            When the data are none; the field is named where there is one.
        """
        if not self.json:
            try:
                return kind.FromString(data)
            except DecodeError as fault:
                raise _invalid("", f"these bytes are no {kind.DESCRIPTOR.full_name}") from fault
        try:
            return Parse(data.decode() or "{}", kind())
        except UnicodeDecodeError as fault:
            raise _invalid("", "the body is not UTF-8") from fault
        except (ParseError, RecursionError, TypeError, ValueError) as fault:
            raise _unread(str(fault)) from fault

    def write(self, kind: type[Message], answer: Message | bytes) -> bytes:
        """An answer; some methods have written theirs as bytes of protobuf already."""
        if not self.json:
            return answer if isinstance(answer, bytes) else answer.SerializeToString()
        message = kind.FromString(answer) if isinstance(answer, bytes) else answer
        return MessageToJson(message, indent=None, ensure_ascii=False).encode()


CODECS = {
    codec.content_type: codec
    for codec in (
        Codec("application/json", json=True, streams=False),
        Codec("application/proto", json=False, streams=False),
        Codec("application/connect+json", json=True, streams=True),
        Codec("application/connect+proto", json=False, streams=True),
    )
}


def codec_of(content_type: str) -> Codec | None:
    """The codec that a request names; None for anything else. Parameters such as ``charset=utf-8`` do not matter."""
    return CODECS.get(content_type.partition(";")[0].strip().lower())


def _unread(why: str) -> Refused:
    """The refusal of what is no JSON of its message, under the path of the field where the parser tells it."""
    if found := _UNKNOWN.search(why):
        known = ", ".join(re.findall(r"'(\w+)'", found["known"]))
        whole = ".".join(part for part in (found["at"], found["field"]) if part)
        return _invalid(whole, f"there is no such field; there is {known}")
    path: list[str] = []
    while found := _FAILED.fullmatch(why):
        path.append(found["field"])
        why = found["why"]
    return _invalid(".".join(path), why)


def _invalid(field: str, why: str) -> Refused:
    why = why if len(why) <= _LONGEST else why[:_LONGEST] + " ..."
    info = error_details_pb2.ErrorInfo(reason="INVALID_ARGUMENT", domain="footlight")
    status = status_pb2.Status(code=code_pb2.INVALID_ARGUMENT)
    details: list[Message] = [info]
    if field:
        info.metadata["field"] = field
        violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=why)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    message = f"{field}: {why}" if field else why
    return Refused(grpc.StatusCode.INVALID_ARGUMENT, message, ((DETAILS, status.SerializeToString()),))
