"""Answers of Recommend in the wire format of protobuf, put together from parts that are encoded once.

To set the fields of a message and to serialise it costs as much as everything else that the server does for a plain
recommendation. What this writes is what the generated class reads (tests/server/convert/test_encoding.py); the format is
https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

from footlight_server.dispatch.wanting import Recommended

# A field's tag is its number and its wire type in a byte: 0 a varint, 1 eight bytes, 2 bytes after their length.
_DECISION_ID, _DEPLOYMENT, _MODEL_VERSION, _LOG_POSITION, _FALLBACK, _ITEMS = (
    b"\x0a",
    b"\x12",
    b"\x18",
    b"\x20",
    b"\x28",
    b"\x32",
)
_RESULTS = b"\x0a"
_ITEM_ID, _SCORE = b"\x0a", b"\x11"
_DOUBLE = 8
_double = struct.Struct("<d").pack


class Lines(dict[int, bytes]):
    """By an item's ordinal: the beginning of its line in an answer, all but the eight bytes of the score."""

    def __init__(self, ids: Sequence[str]) -> None:
        """``ids`` are the names of all items by ordinal; it may grow."""
        self._ids = ids

    def __missing__(self, ordinal: int) -> bytes:
        name = _bytes(_ITEM_ID, self._ids[ordinal].encode())
        line = self[ordinal] = _ITEMS + varint(len(name) + len(_SCORE) + _DOUBLE) + name + _SCORE
        return line


def encoded(answer: Recommended, lines: Lines) -> bytes:
    """A RecommendResponse without reasons."""
    decision = answer.decision_id.encode()
    source = _source(answer.deployment, answer.model_version, answer.log_position, answer.fallback)
    scored = zip(map(lines.__getitem__, answer.items), map(_double, answer.scores), strict=True)
    return b"".join([_DECISION_ID, varint(len(decision)), decision, source, *chain.from_iterable(scored)])


def is_plain(answer: Recommended) -> bool:
    """Whether `encoded` can write it: it has no reasons, and nothing is to be said beside its items."""
    return not answer.reasons and answer.more is None and not answer.pending


def results(answers: Iterable[bytes]) -> bytes:
    """A BatchRecommendResponse of encoded answers."""
    parts: list[bytes] = []
    for answer in answers:
        parts += _RESULTS, varint(len(answer)), answer
    return b"".join(parts)


def varint(value: int) -> bytes:
    """A number of 0 or more, seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@lru_cache(maxsize=64)
def _source(deployment: str, model_version: int, log_position: int, fallback: bool) -> bytes:
    """Who answered: the same in answer after answer."""
    out = _bytes(_DEPLOYMENT, deployment.encode())
    if model_version:
        out += _MODEL_VERSION + varint(model_version)
    if log_position:
        out += _LOG_POSITION + varint(log_position)
    return out + _FALLBACK + b"\x01" if fallback else out


def _bytes(tag: bytes, data: bytes) -> bytes:
    return tag + varint(len(data)) + data
