"""Messages as JSON and as bytes of protobuf."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from google.protobuf.message import DecodeError, Message

from footlight_server.web.unread import refusal, unread


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
                raise refusal("", f"these bytes are no {kind.DESCRIPTOR.full_name}") from fault
        try:
            return Parse(_object(data.decode()), kind())
        except UnicodeDecodeError as fault:
            raise refusal("", "the body is not UTF-8") from fault
        except (ParseError, RecursionError, TypeError, ValueError) as fault:
            raise unread(str(fault)) from fault

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


def _object(text: str) -> str:
    """The body, which is empty or an object; the parser of protobuf takes an empty list for an empty message."""
    if (first := text.lstrip()[:1]) not in ("", "{"):
        raise refusal("", 'the body must be a JSON object, such as {"count": 3}')
    return text if first else "{}"
