"""Filters, in both directions."""

from __future__ import annotations

import math
from typing import Any

from google.protobuf import struct_pb2

from footlight.v1 import recommendation_pb2 as pb
from footlight_server.convert.values import micros, timestamp
from footlight_server.errors import InvalidArgument
from footlight_server.log.filtering import MOST_PREDICATES, MOST_VALUES, ItemFilter, Predicate, Scalar
from footlight_server.log.validation import check_size


def filter_of(message: pb.ItemFilter, field: str = "filter") -> ItemFilter:
    """A filter as asked for.

    Raises
    ------
    InvalidArgument
        For a predicate without a test, and for a value that is neither a number, nor a text, nor true or false.
    """
    check_size(f"{field}.where", message.where, MOST_PREDICATES, 0)
    return ItemFilter(
        tuple(message.kinds),
        tuple(message.tags_all),
        tuple(message.tags_any),
        tuple(message.tags_none),
        tuple(_predicate(f"{field}.where[{i}]", each) for i, each in enumerate(message.where)),
        micros(f"{field}.available_at", message.available_at) if message.HasField("available_at") else None,
    )


def _predicate(field: str, message: pb.AttributePredicate) -> Predicate:
    match message.WhichOneof("test"):
        case "equals":
            return Predicate(message.name, (_scalar(f"{field}.equals", message.equals),))
        case "any_of":
            check_size(f"{field}.any_of", message.any_of.values, MOST_VALUES)
            values = enumerate(message.any_of.values)
            found = tuple(_scalar(f"{field}.any_of[{i}]", value) for i, value in values)
            return Predicate(message.name, found, single=False)
        case "range":
            bounds = message.range
            low = bounds.min if bounds.HasField("min") else -math.inf
            high = bounds.max if bounds.HasField("max") else math.inf
            return Predicate(
                message.name, low=low, high=high, open_low=bounds.exclude_min, open_high=bounds.exclude_max
            )
    raise InvalidArgument(field, "must have one of equals, any_of and range")


def _scalar(field: str, value: struct_pb2.Value) -> Scalar:
    match value.WhichOneof("kind"):
        case "number_value":
            return value.number_value
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
    raise InvalidArgument(field, "must be a number, a text, or true or false")


def filter_message(asked: ItemFilter) -> pb.ItemFilter:
    """A filter as it was asked for."""
    message = pb.ItemFilter(
        kinds=asked.kinds, tags_all=asked.tags_all, tags_any=asked.tags_any, tags_none=asked.tags_none
    )
    message.where.extend(map(_predicate_message, asked.where))
    if asked.available_at is not None:
        message.available_at.CopyFrom(timestamp(asked.available_at))
    return message


def _predicate_message(predicate: Predicate) -> pb.AttributePredicate:
    message = pb.AttributePredicate(name=predicate.name)
    if not predicate.values:
        bounds = pb.NumberRange(exclude_min=predicate.open_low, exclude_max=predicate.open_high)
        if predicate.low > -math.inf:
            bounds.min = predicate.low
        if predicate.high < math.inf:
            bounds.max = predicate.high
        message.range.CopyFrom(bounds)
    elif predicate.single:
        message.equals.CopyFrom(_value(predicate.values[0]))
    else:
        message.any_of.values.extend(map(_value, predicate.values))
    return message


def _value(value: Any) -> struct_pb2.Value:
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    return struct_pb2.Value(number_value=value)
