"""Spaces and values of agents on their way to the wire, and in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from footlight import BoxSpace, CandidateSpace, DictSpace, DiscreteSpace, MultiBinarySpace, MultiDiscreteSpace
from footlight._wire.spaces import from_value, to_space, to_value
from footlight.cli.spaces import in_words


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (3, "discrete"),
        (3.5, "box"),
        ((1.0, 0), "box"),
        ([], "box"),
        ((1, 0), "integers"),
        (np.array([1, 0]), "integers"),
        (np.ones((2, 2)), "box"),
        ({"age": [3.0]}, "dict"),
    ],
)
def test_a_value_travels_as_what_its_type_says(value: Any, kind: str) -> None:
    assert to_value(value).WhichOneof("kind") == kind


def test_a_number_alone_is_a_box_of_one() -> None:
    assert from_value(to_value(3.5)) == (3.5,)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("red", "observation: expected a number, several numbers, or values by name, got 'red'"),
        ({"age": "old"}, "observation\\['age'\\]: expected a number"),
        (object(), "observation: expected a number"),
    ],
)
def test_what_is_no_value_is_refused_by_its_name(value: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        to_value(value)


def test_a_space_that_is_none_is_refused_by_its_field() -> None:
    shape: Any = 3
    with pytest.raises(TypeError, match=r"observations\.shape: expected several values"):
        to_space(BoxSpace(shape), "observations")


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (DiscreteSpace(1600), "1,600"),
        (BoxSpace((2, 3)), "2 x 3 numbers"),
        (MultiDiscreteSpace((2, 3)), "2 x 3"),
        (MultiBinarySpace(4), "4 bits"),
        (DictSpace({"age": BoxSpace((1,)), "device": DiscreteSpace(3)}), "age: 1 number, device: 3"),
        (CandidateSpace(3, 8), "up to 8 candidates of 3 numbers"),
        (None, ""),
    ],
)
def test_a_space_is_told_in_words(space: Any, words: str) -> None:
    assert in_words(space) == words
