"""Small values in both directions: JSON objects, times, enumerations, seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

E = TypeVar("E", bound=StrEnum)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_EXACT = 2**53  # the wire's numbers are doubles


def to_struct(values: Mapping[str, Any], name: str) -> Struct:
    """A JSON object for the wire; `name` is what errors call it. Raises ValueError for what JSON cannot hold."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{name}: expected names and values, such as {{'year': 1995}}, got {values!r}")
    return Struct(fields={_key(key, name): _to_value(value, f"{name}.{key}") for key, value in values.items()})


def from_struct(struct: Struct) -> dict[str, Any]:
    """A JSON object from the wire, by name; whole numbers are int again."""
    return {key: _from_value(value) for key, value in sorted(struct.fields.items())}


def _key(key: object, name: str) -> str:
    if not isinstance(key, str):
        raise ValueError(f"{name}: expected names that are text, got {key!r}")
    return key


def _to_value(value: object, name: str) -> Value:
    if value is None:
        return Value(null_value=0)  # type: ignore[arg-type]  # NULL_VALUE, the only one
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, str):
        return _text(value, name)
    if isinstance(value, Mapping):
        return Value(struct_value=to_struct(value, name))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        items = [_to_value(item, f"{name}[{index}]") for index, item in enumerate(value)]
        return Value(list_value=ListValue(values=items))
    return Value(number_value=_number(value, name))


def _text(value: str, name: str) -> Value:
    try:
        return Value(string_value=value)
    except ValueError:  # half a surrogate pair
        raise ValueError(f"{name}: expected text that UTF-8 can hold, got {value!r}") from None


def _number(value: Any, name: str) -> float:
    if not (hasattr(value, "__float__") and not isinstance(value, str)):
        raise ValueError(f"{name}: expected JSON, got {type(value).__name__}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name}: expected a finite number, got {value!r}")
    if isinstance(value, int) and abs(value) > _LARGEST_EXACT:
        raise ValueError(f"{name}: expected at most 2**53, got {value}; send larger numbers as text")
    return number


def _from_value(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() and abs(number) <= _LARGEST_EXACT else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return from_struct(value.struct_value)
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case _:
            return None


def to_timestamp(time: datetime | None, name: str = "time") -> Timestamp | None:
    """A time for the wire; `name` is what errors call it.

    Raises TypeError for what is no time, and ValueError for one without a time zone, because it could mean anything.
    """
    if time is None:
        return None
    if not isinstance(time, datetime):
        raise TypeError(f"{name}: expected a datetime with a time zone, got {time!r}")
    if time.tzinfo is None:
        raise ValueError(
            f"{name}: expected a time with a time zone, got {time.isoformat()}; add tzinfo=UTC for instance"
        )
    since = time - _EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)


def from_timestamp(message: Message, field: str) -> datetime | None:
    """The time in a field of a message, in UTC; None where it is unset."""
    if not message.HasField(field):
        return None
    stamp: Timestamp = getattr(message, field)
    return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1_000)


def from_duration(message: Message, field: str) -> timedelta | None:
    """The duration in a field of a message; None where it is unset."""
    if not message.HasField(field):
        return None
    duration: Duration = getattr(message, field)
    return timedelta(seconds=duration.seconds, microseconds=duration.nanos // 1_000)


def to_enum(wire: EnumDescriptor, prefix: str, value: StrEnum) -> Any:
    """The wire's number of a value: `prefix` is what its names start with, such as "EVENT_KIND_"."""
    return wire.values_by_name[prefix + value.name].number


def from_enum(wire: EnumDescriptor, prefix: str, number: int, kind: type[E]) -> E:
    """The value of the wire's number. One that this client does not know becomes `UNKNOWN`."""
    found = wire.values_by_number.get(number)
    name = found.name.removeprefix(prefix) if found else ""
    return kind.__members__.get(name, kind.__members__["UNKNOWN"])
