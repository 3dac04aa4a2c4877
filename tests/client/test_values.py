"""Small values survive the wire, and what cannot travel is refused."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from hypothesis import given
from hypothesis import strategies as st

from footlight._wire.calls import batches
from footlight._wire.catalog import event_to_wire
from footlight._wire.values import from_struct, from_timestamp, to_struct, to_timestamp
from footlight.types import Event, EventKind

LEAVES = (
    st.none()
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner), max_leaves=10)
TIMES = st.datetimes(timezones=st.just(UTC))


@given(st.dictionaries(st.text("abc"), JSON))
def test_json_objects_come_back_equal(values: dict[str, Any]) -> None:
    assert from_struct(to_struct(values, "options")) == values


def test_whole_numbers_come_back_as_int() -> None:
    back = from_struct(to_struct({"year": 1927, "score": 0.5, "seen": True}, "attributes"))
    assert [type(value) for value in back.values()] == [float, bool, int]  # by name


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53 + 1, b"bytes", object(), {1: "a"}])
def test_values_that_json_cannot_hold_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"attributes\.odd"):
        to_struct({"odd": value}, "attributes")


@given(TIMES)
def test_times_come_back_equal(time: datetime) -> None:
    message = event_to_wire(Event("u", "i", EventKind.PLAY, time=time))
    assert from_timestamp(message, "event_time") == time


def test_times_of_other_zones_are_converted() -> None:
    time = datetime(2024, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    stamp = to_timestamp(time)
    assert stamp is not None and stamp.seconds == int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())


def test_times_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_timestamp(datetime(2024, 1, 1))


@given(st.lists(st.text("x", max_size=20)), st.integers(1, 5), st.integers(1, 40))
def test_batches_keep_order_count_and_size(texts: list[str], max_count: int, max_bytes: int) -> None:
    messages = [StringValue(value=text) for text in texts]
    cut = list(batches(messages, max_count, max_bytes))
    assert [message for batch in cut for message in batch] == messages
    assert all(len(batch) <= max_count and (len(batch) == 1 or _size(batch) <= max_bytes) for batch in cut)


def test_events_without_an_id_get_one_each() -> None:
    event = Event("ada", "m1", EventKind.PLAY)
    assert len({event_to_wire(event).event_id for _ in range(3)}) == 3


def test_kinds_of_events_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="yawn"):
        event_to_wire(Event("ada", "m1", "yawn"))  # type: ignore[arg-type]


def _size(messages: list[StringValue]) -> int:
    return sum(message.ByteSize() for message in messages)
