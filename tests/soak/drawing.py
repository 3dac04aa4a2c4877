"""Wrong requests without end, from one seed: messages made by walking the descriptors.

Requests are drawn field by field, or are sound ones of which a field or two was drawn anew. Names that the server
knows, and ids that its own answers held, are tried as often as random ones, so that requests get past the first check; a
tenth of the requests is damaged after it was written.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

DEPTH = 4
SOUND_SHARE = 0.3
TEXTS = (
    "",
    " ",
    "é" * 129,
    "a\nb",
    "a\0b",
    "x" * 5_000,
    "../../etc/passwd",
    "'; DROP TABLE items; --",
    "\U0001f409",
    "%s%n",
)
NUMBERS = (0, 1, 2, 3, 5, -1, -(2**31), 2**31 - 1)
LARGE = (2**53 + 1, 2**62, 2**63 - 1, -(2**63))
REALS = (0.0, 1.0, 0.5, -1.0, 3.5, 1e-300, 1e300, -1e300, float("nan"), float("inf"), float("-inf"))

Field = FieldDescriptor
_SIGNED_64 = {Field.TYPE_INT64, Field.TYPE_SINT64, Field.TYPE_SFIXED64}
Sound = Mapping[str, Sequence[Message]]
"""The messages of a call that the server answers with OK, by "Service/Method"."""


class Requests:
    """Draws requests. The same seed and the same answers give the same requests."""

    def __init__(self, seed: int, names: Sequence[str], sound: Sound | None = None) -> None:
        self._random = random.Random(seed)
        self._names = tuple(names)
        self._sound = sound or {}
        self._heard: deque[str] = deque(maxlen=256)

    def hear(self, answer: Message) -> None:
        """Remember the ids of an answer, also those in messages of it."""
        for described, value in answer.ListFields():
            if described.is_repeated:
                continue
            if described.type == Field.TYPE_STRING and 0 < len(value) < 256:
                self._heard.append(value)
            elif isinstance(value, Message):
                self.hear(value)

    def encoded(self, method: MethodDescriptor) -> list[bytes]:
        """The messages of one call; several where the RPC takes a stream of them."""
        return [self._damaged(message.SerializeToString()) for message in self._messages(method)]

    def _messages(self, method: MethodDescriptor) -> list[Message]:
        sound = self._sound.get(f"{method.containing_service.name}/{method.name}")
        if sound and self._random.random() < SOUND_SHARE:
            return [self._redrawn(message) for message in sound]
        many = self._random.randrange(6) if method.client_streaming else 1
        return [self.message(method.input_type) for _ in range(many)]

    def _redrawn(self, message: Message) -> Message:
        """A copy, at most two of whose fields were drawn anew: its own, or those of messages in it."""
        copy = type(message)()
        copy.CopyFrom(message)
        for _ in range(self._random.randrange(3) if copy.DESCRIPTOR.fields else 0):
            self._redraw(copy)
        return copy

    def _redraw(self, message: Message) -> None:
        inner = [value for described, value in message.ListFields() if described.message_type is not None]
        chosen = self._random.choice(inner) if inner and self._random.random() < 0.5 else None
        if isinstance(chosen, Message) and chosen.DESCRIPTOR.fields:
            return self._redraw(chosen)
        fields = message.DESCRIPTOR.fields
        described: Any = fields[self._random.randrange(len(fields))]
        message.ClearField(described.name)
        return self._set(message, described, 1)

    def _damaged(self, data: bytes) -> bytes:
        if self._random.random() > 0.1:
            return data
        changed = bytearray(data)
        for _ in range(self._random.randint(1, 8)):
            place = self._random.randrange(len(changed) + 1)
            match self._random.randrange(3):
                case 0:
                    del changed[place : place + self._random.randint(1, 4)]
                case 1:
                    changed[place:place] = self._random.randbytes(self._random.randint(1, 4))
                case _:
                    changed[place : place + 1] = self._random.randbytes(1)
        return bytes(changed)

    def message(self, descriptor: Descriptor, depth: int = 0) -> Any:
        """A message with any of its fields set."""
        made: Any = GetMessageClass(descriptor)()
        share = self._random.choice((0.2, 0.6, 0.95))
        for described in descriptor.fields:
            if self._random.random() < share and (described.message_type is None or depth < DEPTH):
                self._set(made, described, depth)
        return made

    def _set(self, made: Any, described: Field, depth: int) -> None:
        nested = described.message_type
        if nested is not None and nested.GetOptions().map_entry:
            self._set_map(getattr(made, described.name), nested, depth)
        elif described.is_repeated:
            target = getattr(made, described.name)
            target.extend([self._value(described, depth) for _ in range(self._random.choice((0, 1, 1, 2, 3, 40)))])
        elif nested is not None:
            getattr(made, described.name).CopyFrom(self._value(described, depth))
        else:
            setattr(made, described.name, self._value(described, depth))

    def _set_map(self, target: Any, entry: Descriptor, depth: int) -> None:
        value = entry.fields_by_name["value"]
        for _ in range(self._random.randrange(3)):
            key = self._text()
            if value.message_type is not None:
                target[key].CopyFrom(self._value(value, depth))
            else:
                target[key] = self._value(value, depth)

    def _value(self, described: Field, depth: int) -> Any:
        if described.message_type is not None:
            return self.message(described.message_type, depth + 1)
        if described.enum_type is not None:
            return self._random.choice((*described.enum_type.values_by_number, 77))
        return self._scalar(described.type)

    def _scalar(self, kind: int) -> Any:
        draw = self._random
        match kind:
            case Field.TYPE_STRING:
                return self._text()
            case Field.TYPE_BOOL:
                return draw.random() < 0.5
            case Field.TYPE_BYTES:
                return draw.randbytes(draw.choice((0, 1, 4, 32, 40, 2_000)))
            case Field.TYPE_DOUBLE | Field.TYPE_FLOAT:
                return draw.choice((*REALS, draw.gauss(0, 10)))
            case _:
                # Not up to the 10^8 cells that an agent's table may have: that is 800 MB, and allowed.
                return draw.choice((*NUMBERS, *LARGE) if kind in _SIGNED_64 else NUMBERS)

    def _text(self) -> str:
        draw = self._random.random()
        if draw < 0.5:
            return self._random.choice(self._names)
        if draw < 0.75 and self._heard:
            return self._random.choice(self._heard)
        if draw < 0.9:
            return self._random.choice(TEXTS)
        return "".join(chr(self._random.choice((33, 97, 233, 0x4E2D, 10))) for _ in range(self._random.randrange(12)))
