"""What crosses to an isolated engine arrives as it was, and nothing else arrives."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from footlight_plugins import Basis, Content, Events, Query, Ranking, State
from footlight_server.isolation.codec import Malformed, decode, encode
from footlight_server.isolation.pipe import SHARED_FROM, Gone, Pipe

Ends = tuple[Pipe, Pipe]

plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text() | st.binary()
dtypes = arrays.boolean_dtypes() | arrays.integer_dtypes() | arrays.floating_dtypes(endianness="<")
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Pipe((pair := socket.socketpair())[0]), Pipe(pair[1])
    yield made
    for pipe in made:
        pipe.close()


def crossed(ends: Ends, value: Any) -> Any:
    """The value as the other side has it."""
    sender = threading.Thread(target=ends[0].send, args=(value,))
    sender.start()
    received = ends[1].receive()
    sender.join()
    return received


@given(values)
def test_plain_values_arrive_as_they_were(value: Any) -> None:
    assert decode(*encode(value)) == value


@given(arrays.arrays(dtypes, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)))
def test_arrays_arrive_bit_for_bit(array: Any) -> None:
    arrived = decode(*encode(array))
    assert (arrived.dtype, arrived.shape, arrived.tobytes()) == (array.dtype, array.shape, array.tobytes())


@pytest.mark.parametrize("size", [0, 1, SHARED_FROM // 8 - 1, SHARED_FROM // 8, 300_000])
def test_arrays_of_any_size_cross(ends: Ends, size: int) -> None:
    arrived = crossed(ends, [np.arange(size, dtype=np.int64), np.ones(3), b"end"])
    assert np.array_equal(arrived[0], np.arange(size)) and arrived[2] == b"end"
    arrived[0][:] = 7  # an engine learns in place


def test_slices_and_columns_cross(ends: Ends) -> None:
    table = np.arange(20_000.0).reshape(100, 200)
    assert np.array_equal(crossed(ends, table[::3, ::-7]), table[::3, ::-7])


def test_the_records_of_the_contract_cross(ends: Ends) -> None:
    ranking = Ranking(np.array([3], np.int32), np.ones(1), Basis.POPULAR, people=np.array([9], np.int32))
    sent = [Events.of([1], [2]), Query(3, 4, np.ones(5, np.bool_)), ranking, State({}, {"a": [1]}), Content("t", b"x")]
    arrived = crossed(ends, sent)
    assert [type(one) for one in arrived] == [type(one) for one in sent]
    assert arrived[2].basis is Basis.POPULAR and arrived[2].people.tolist() == [9] and arrived[4] == sent[4]


@pytest.mark.parametrize("value", [object(), {1: 2}, np.array([object()]), {3}], ids=["object", "key", "array", "set"])
def test_what_has_no_plain_form_does_not_cross(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot cross"):
        encode(value)


@pytest.mark.parametrize(
    "message",
    [
        {"record": "Popen", "fields": {}},
        {"record": "Query", "fields": {"shell": 1}},
        {"array": 0, "dtype": "|O", "shape": [1]},
        {"array": 3, "dtype": "<f8", "shape": [1]},
        {"array": 0, "dtype": "<f8", "shape": [9]},
    ],
)
def test_a_message_that_asks_for_something_else_is_refused(message: Any) -> None:
    with pytest.raises(Malformed):
        decode(json.dumps(message).encode(), [memoryview(bytes(8))])


def test_bytes_that_are_no_message_are_refused(ends: Ends) -> None:
    ends[0]._end.sendall(os.urandom(64))
    with pytest.raises(Malformed):
        ends[1].receive()


def test_the_end_of_the_other_side_is_noticed(ends: Ends) -> None:
    ends[0].close()
    for attempt in (ends[1].receive, lambda: ends[1].send([1])):
        with pytest.raises(Gone):
            attempt()


def test_nothing_is_left_open(ends: Ends) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        crossed(ends, np.zeros(SHARED_FROM))
    assert len(os.listdir("/proc/self/fd")) == before
