"""Times and structs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import duration_pb2, json_format, struct_pb2, timestamp_pb2

from footlight_server.errors import InvalidArgument


def timestamp(micros: int) -> timestamp_pb2.Timestamp:
    """Microseconds since 1970 as the wire has them."""
    return timestamp_pb2.Timestamp(seconds=micros // 1_000_000, nanos=micros % 1_000_000 * 1_000)


def micros(field: str, time: timestamp_pb2.Timestamp) -> int:
    """A time of the wire in microseconds since 1970.

    Raises
    ------
    InvalidArgument
        When the nanoseconds are out of range.
    """
    if not 0 <= time.nanos < 1_000_000_000:
        raise InvalidArgument(f"{field}.nanos", f"must be between 0 and 999,999,999, not {time.nanos}")
    return time.seconds * 1_000_000 + time.nanos // 1_000


def duration(seconds: float | None) -> duration_pb2.Duration | None:
    """A time span as the wire has it; None stays unset."""
    return None if seconds is None else duration_pb2.Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """A JSON object as the wire has it."""
    message = struct_pb2.Struct()
    json_format.ParseDict(json.loads(json.dumps(values)), message)
    return message


def mapping(message: struct_pb2.Struct) -> dict[str, Any]:
    """A struct of the wire as a JSON object; whole numbers become int, because the wire has doubles only."""
    return {name: _plain(value) for name, value in message.fields.items()}


def _plain(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return mapping(value.struct_value)
        case "list_value":
            return [_plain(element) for element in value.list_value.values]
        case _:
            return None
