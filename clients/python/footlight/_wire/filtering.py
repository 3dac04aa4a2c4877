"""Filters and histories in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.struct_pb2 import ListValue, Value

from footlight._wire.building import built, each, several
from footlight._wire.values import from_timestamp, to_timestamp
from footlight.types import HistoryItem, ItemFilter, Where
from footlight.types.filtering import Scalar
from footlight.v1 import recommendation_pb2 as pb


@dataclass(frozen=True, slots=True)
class Terms:
    """What most requests do not say."""

    filter: ItemFilter | None = None
    history: Iterable[HistoryItem | str] | None = None
    session_start: datetime | None = None
    diversity: float = 0.0
    seed: int | None = None
    chooser: str = ""


PLAINLY = Terms()


def filter_to_wire(chosen: ItemFilter | None) -> pb.ItemFilter | None:
    if chosen is None:
        return None
    return built(
        pb.ItemFilter,
        kinds=_labels("kinds", chosen.kinds),
        tags_all=_labels("tags_all", chosen.tags_all),
        tags_any=_labels("tags_any", chosen.tags_any),
        tags_none=_labels("tags_none", chosen.tags_none),
        where=list(map(_where_to_wire, _conditions(chosen.where))),
        available_at=to_timestamp(chosen.available_at, "available_at"),
    )


def _labels(name: str, labels: Sequence[str]) -> Sequence[str]:
    if isinstance(labels, str):
        raise ValueError(f"{name}: expected several labels, such as ('drama',), got the text {labels!r}")
    return labels


def _conditions(where: Sequence[Where]) -> Sequence[Where]:
    if isinstance(where, Where):
        raise ValueError("where: expected several conditions, such as (Where('year', min=1990),), got one")
    return where


def _where_to_wire(where: Where) -> pb.AttributePredicate:
    bounded = where.min is not None or where.max is not None
    if (where.equals is not None) + bool(where.any_of) + bounded != 1:
        raise ValueError(f"where {where.name!r}: expected one of equals, any_of, and min or max")
    if where.equals is not None:
        return pb.AttributePredicate(name=where.name, equals=_value(where.equals))
    if where.any_of:
        return pb.AttributePredicate(name=where.name, any_of=ListValue(values=map(_value, where.any_of)))
    bounds = built(
        pb.NumberRange, min=where.min, max=where.max, exclude_min=where.exclude_min, exclude_max=where.exclude_max
    )
    return pb.AttributePredicate(name=where.name, range=bounds)


def _value(value: Scalar) -> Value:
    if isinstance(value, bool):
        return Value(bool_value=value)
    return Value(string_value=value) if isinstance(value, str) else Value(number_value=float(value))


def history_to_wire(history: Iterable[HistoryItem | str] | None) -> list[pb.HistoryItem]:
    met = (HistoryItem(one) if isinstance(one, str) else one for one in several("history", history or ()))
    return list(each("history", met, HistoryItem, _history_item))


def _history_item(met: HistoryItem) -> pb.HistoryItem:
    return built(pb.HistoryItem, item_id=met.item_id, value=met.value, time=to_timestamp(met.time))


def filter_from_wire(message: pb.ItemFilter) -> ItemFilter:
    return ItemFilter(
        tuple(message.kinds),
        tuple(message.tags_all),
        tuple(message.tags_any),
        tuple(message.tags_none),
        tuple(map(_where_from_wire, message.where)),
        from_timestamp(message, "available_at"),
    )


def _where_from_wire(message: pb.AttributePredicate) -> Where:
    match message.WhichOneof("test"):
        case "equals":
            return Where(message.name, equals=_scalar(message.equals))
        case "any_of":
            return Where(message.name, any_of=tuple(map(_scalar, message.any_of.values)))
    bounds = message.range
    low = bounds.min if bounds.HasField("min") else None
    high = bounds.max if bounds.HasField("max") else None
    return Where(message.name, None, (), low, high, bounds.exclude_min, bounds.exclude_max)


def _scalar(value: Value) -> Scalar:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
    number = value.number_value
    return int(number) if number.is_integer() else number


def history_from_wire(history: Iterable[pb.HistoryItem]) -> tuple[HistoryItem, ...]:
    return tuple(
        HistoryItem(met.item_id, met.value if met.HasField("value") else None, from_timestamp(met, "time"))
        for met in history
    )
