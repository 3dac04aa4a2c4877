"""The values that cross to an isolated engine and back: JSON for structure, plain bytes for arrays. Nothing is pickled.

A message is a JSON text and a list of buffers. Arrays and bytes stand in the JSON as references into the list; the records
of the contract stand as their names and fields. Only what is listed here can be made from a message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import (
    Basis,
    Box,
    Candidates,
    Choice,
    Choices,
    Content,
    Discrete,
    Domain,
    EventKind,
    Events,
    Happening,
    Heard,
    History,
    ItemContent,
    Judgement,
    Query,
    Ranking,
    Reply,
    Samples,
    Shortlist,
    Situation,
    Situations,
    Spaces,
    State,
    Transitions,
    Turn,
    Wish,
)
from footlight_plugins.conversation import ReplyItem, SaidSlot
from footlight_plugins.stages import Credentials, Mark, Nearest, Origin, Signed, Verdict

_LEARNED: tuple[type, ...] = (Content, Events, History, ItemContent, Query, Ranking, State, Wish)
_DECIDED: tuple[type, ...] = (
    Box,
    Candidates,
    Choice,
    Choices,
    Discrete,
    Situation,
    Situations,
    Spaces,
    Transitions,
)
_SAID: tuple[type, ...] = (Heard, Reply, ReplyItem, SaidSlot, Turn)
_PARTS: tuple[type, ...] = (Happening, Judgement, Shortlist)
_STAGES: tuple[type, ...] = (Credentials, Mark, Nearest, Origin, Samples, Signed, Verdict)
RECORDS: dict[str, Any] = {record.__name__: record for record in _LEARNED + _DECIDED + _SAID + _PARTS + _STAGES}
"""What may be made, by name."""

_TUPLES = ("tags", "names", "problems")
"""Fields of records that are tuples; JSON knows lists only."""

_KINDS = "biufSU"
"""Booleans, numbers, and texts of fixed width; never objects, which would have to be unpickled."""

Buffer = memoryview


class Malformed(Exception):
    """A message cannot be understood; the other process is not to be trusted any more."""


def encode(value: Any) -> tuple[bytes, list[Buffer]]:
    """A value as JSON and buffers.

    Raises
    ------
    TypeError
        For what cannot cross: it names the type.
    """
    buffers: list[Buffer] = []
    return json.dumps(_plain(value, buffers)).encode(), buffers


def decode(text: bytes, buffers: Sequence[Buffer]) -> Any:
    """The value that `encode` wrote; its arrays lie in the buffers and can be written to where these can.

    Raises
    ------
    Malformed
        When it wrote no such thing.
    """
    try:
        return _made(json.loads(text), buffers)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as wrong:
        raise Malformed(f"a message that cannot be understood: {wrong!r}") from wrong


def _plain(value: Any, buffers: list[Buffer]) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return int(value) if isinstance(value, Basis | EventKind) else value
        case np.generic():
            return value.item()
        case np.ndarray():
            return _array(value, buffers)
        case bytes():
            buffers.append(memoryview(value))
            return {"bytes": len(buffers) - 1}
        case Mapping():
            return {"map": {_key(key): _plain(inner, buffers) for key, inner in value.items()}}
        case list() | tuple():
            return [_plain(inner, buffers) for inner in value]
    name = type(value).__name__
    if is_dataclass(value) and RECORDS.get(name) is type(value):
        columns = {column.name: _plain(getattr(value, column.name), buffers) for column in fields(value)}
        return {"record": name, "fields": columns}
    raise TypeError(f"a {name} cannot cross to another process")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a mapping with the key {key!r} cannot cross to another process: keys must be text")
    return key


def _array(array: NDArray[Any], buffers: list[Buffer]) -> Any:
    if array.dtype.kind not in _KINDS:
        raise TypeError(f"an array of type {array.dtype} cannot cross to another process")
    flat = np.ascontiguousarray(array)
    buffers.append(flat.reshape(-1).view(np.uint8).data)
    return {"array": len(buffers) - 1, "dtype": array.dtype.str, "shape": list(array.shape)}


def _made(value: Any, buffers: Sequence[Buffer]) -> Any:
    if isinstance(value, list):
        return [_made(inner, buffers) for inner in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return _made_array(value, buffers)
    if "bytes" in value:
        return bytes(buffers[value["bytes"]])
    if "map" in value:
        return {key: _made(inner, buffers) for key, inner in value["map"].items()}
    given = {name: _made(inner, buffers) for name, inner in value["fields"].items()}
    if "basis" in given:
        given["basis"] = Basis(given["basis"])
    if "domain" in given:
        given["domain"] = Domain(given["domain"])
    given |= {name: tuple(given[name]) for name in _TUPLES if name in given}
    if "labels" in given:
        given["labels"] = tuple(map(tuple, given["labels"]))
    record = RECORDS[value["record"]]
    return record(**given | {"kind": EventKind(given["kind"])}) if record is Happening else record(**given)


def _made_array(value: Mapping[str, Any], buffers: Sequence[Buffer]) -> NDArray[Any]:
    dtype = np.dtype(value["dtype"])
    if dtype.kind not in _KINDS:
        raise Malformed(f"an array of type {dtype}")
    flat: NDArray[Any] = np.frombuffer(buffers[value["array"]], dtype)
    return flat.reshape(value["shape"])
