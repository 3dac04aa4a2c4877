"""What callers say becomes what an engine sees; whole numbers are numbers, whatever kind of value they come as."""

from __future__ import annotations

from typing import Any

import pytest

from footlight_server.agents.spaces import observation_space
from footlight_server.errors import InvalidArgument

PAIR = observation_space("observation", {"box": {"shape": [2], "low": ["0"], "high": ["9"]}})
ONE = observation_space("observation", {"box": {"shape": [1]}})


@pytest.mark.parametrize("value", [[1.0, 0.0], (1, 0)])
def test_whole_numbers_are_numbers_of_a_box(value: Any) -> None:
    assert PAIR.flat("observation", value) == [1.0, 0.0]


@pytest.mark.parametrize("value", [[3.0], (3,), 3])
def test_a_box_of_one_takes_one_number(value: Any) -> None:
    assert ONE.flat("observation", value) == [3.0]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ((1, 2, 3), "must hold 2 numbers, shape \\(2,\\), not 3"),
        (7, "must hold 2 numbers, shape \\(2,\\), not 1"),
        ({"a": 1}, "must hold 2 numbers, shape \\(2,\\), not values by name"),
        ((1, 10), "must be finite and between 0 and 9, not 10"),
    ],
)
def test_what_a_box_does_not_hold_is_refused(value: Any, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        PAIR.flat("observation", value)
