"""Requests from what a caller gave; what cannot travel is refused by the name of its field.

Protobuf says "bad argument type for built-in operation" of a number where text belongs. Which argument it was is found out
when that happens, so that a request that is right costs no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

M = TypeVar("M", bound=Message)
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_LONGEST_SHOWN = 60
_EXPECTED = {
    FieldDescriptor.CPPTYPE_INT32: "a whole number of at most 32 bits",
    FieldDescriptor.CPPTYPE_INT64: "a whole number of at most 64 bits",
    FieldDescriptor.CPPTYPE_UINT32: "a whole number, 0 or more, of at most 32 bits",
    FieldDescriptor.CPPTYPE_UINT64: "a whole number, 0 or more, of at most 64 bits",
    FieldDescriptor.CPPTYPE_DOUBLE: "a number",
    FieldDescriptor.CPPTYPE_FLOAT: "a number",
    FieldDescriptor.CPPTYPE_STRING: "text that UTF-8 can hold",
    FieldDescriptor.CPPTYPE_BOOL: "True or False",
}


def built(message: type[M], /, **fields: Any) -> M:
    """A message. Raises TypeError or ValueError, naming the field, for a value that the field cannot hold."""
    try:
        return message(**fields)
    except (TypeError, ValueError) as error:
        explained = _explained(message, fields, error)
        if explained is None:
            raise
        raise explained from None


def each(name: str, values: Iterable[T], kind: type[T], convert: Callable[[T], M]) -> Iterator[M]:
    """Converts one after the other; an error says which it was: `items[3].title: ...`."""
    for place, value in enumerate(values):
        if not isinstance(value, kind):
            raise TypeError(f"{name}[{place}]: expected {kind.__name__}, got {_shown(value)}")
        try:
            yield convert(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}[{place}].{error}") from None


def one_of(name: str, kind: type[E], value: str) -> E:
    """The member of an enumeration that has the value. Raises ValueError that names those there are."""
    if isinstance(value, kind):
        return value
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(member.value for member in kind if member.name != "UNKNOWN")
        raise ValueError(f"{name}: expected one of {known}, got {value!r}") from None


def several(name: str, values: Iterable[T]) -> Iterable[T]:
    """The values; a text, which would be taken for its letters, raises ValueError."""
    if isinstance(values, str):
        raise ValueError(f"{name}: expected several texts, such as [{values!r}], got the text {values!r}")
    return values


def _explained(message: type[Message], fields: dict[str, Any], error: Exception) -> Exception | None:
    """The error with the name of the first field that raises it; None where none does by itself."""
    for name, value in fields.items():
        try:
            message(**{name: value})
        except (TypeError, ValueError):
            wanted = _wanted(message.DESCRIPTOR.fields_by_name[name])
            return _plainly(error)(f"{name}: expected {wanted}, got {_shown(value)}")
    return None


def _plainly(error: Exception) -> type[Exception]:
    """One that a message alone makes, which UnicodeEncodeError is not."""
    return TypeError if isinstance(error, TypeError) else ValueError


def _wanted(field: Any) -> str:
    one = _EXPECTED.get(field.cpp_type, f"what a {field.message_type.name} is" if field.message_type else "a value")
    return f"several values, each {one}" if field.default_value == [] else one


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
