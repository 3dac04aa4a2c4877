"""What is searched follows from the bounds of the options, unless the engine says otherwise."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import Field, create_model

from footlight_engines.recommend.blend import BlendOptions
from footlight_plugins import Options
from footlight_plugins.evaluation.inner_options import filled_in
from footlight_plugins.evaluation.search_space import Dimension, search_space


def searched(kind: Any, default: Any, **stated: Any) -> Any:
    model = create_model("Model", __base__=Options, x=(kind, Field(default, **stated)))
    found = search_space(model)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("kind", "default", "stated", "expected"),
    [
        (int, 5, {"ge": 2, "le": 90}, Dimension("x", True, 2, 90)),
        (int, 5, {"ge": 1, "le": 1_000}, Dimension("x", True, 1, 1_000, log=True)),
        (int, 5, {"ge": 0, "le": 1_000}, Dimension("x", True, 1, 1_000, log=True)),
        (float, 0.5, {"ge": 0, "le": 1}, Dimension("x", False, 0, 1)),
        (float, 1.0, {"ge": 0.01, "le": 1}, Dimension("x", False, 0.01, 1, log=True)),
        (float, 0.0, {"ge": 0, "le": 1e6}, Dimension("x", False, 0.1, 1e6, log=True)),
        (float | None, None, {"ge": 0, "le": 1}, Dimension("x", False, 0, 1)),
        (bool, False, {}, Dimension("x", choices=(False, True))),
        (Literal["a", "b"], "a", {}, Dimension("x", choices=("a", "b"))),
        (str, "a", {}, None),
        (int, 5, {"ge": 1}, None),
        (int, 5, {"ge": 1, "le": 9, "json_schema_extra": {"search": False}}, None),
        (int, 5, {"ge": 1, "json_schema_extra": {"search": {"high": 9}}}, Dimension("x", True, 1, 9)),
        (str, "a", {"json_schema_extra": {"search": {"choices": ["a", "z"]}}}, Dimension("x", choices=("a", "z"))),
    ],
)
def test_an_option_is_searched_where_its_bounds_say(kind: Any, default: Any, stated: Any, expected: Any) -> None:
    assert searched(kind, default, **stated) == expected


def test_an_open_bound_is_not_reached() -> None:
    found = searched(float, 0.5, gt=0, lt=1)
    assert 0 < found.low < 0.001 and 0.999 < found.high < 1


def test_a_fixed_option_is_not_searched() -> None:
    model = create_model("Model", __base__=Options, x=(bool, False), y=(bool, False))
    assert [one.name for one in search_space(model, {"x": True})] == ["y"]


def test_bounds_that_are_turned_round_are_named() -> None:
    with pytest.raises(ValueError, match="option 'x': expected search bounds with low < high, got 9 and 1"):
        searched(int, 5, json_schema_extra={"search": {"low": 9, "high": 1}})


def test_the_options_of_engines_inside_an_engine_are_searched_from_what_they_are() -> None:
    found = {one.name: one.default for one in search_space(BlendOptions)}
    assert found["members[1].weight"] == 0.3 and found["members[3].options.recent"] == 500


def test_what_a_fixed_list_of_engines_states_is_not_searched() -> None:
    members = [{"engine": "ease", "weight": 1.0}, {"engine": "ials", "options": {"factors": 32}}]
    names = [one.name for one in search_space(BlendOptions, {"members": members})]
    assert {"members[0].options.l2", "members[1].weight", "members[1].options.unobserved"} <= set(names)
    assert not {"members[0].weight", "members[1].options.factors"} & set(names)


def test_found_values_are_put_into_the_options_that_they_lie_in() -> None:
    options = {"members": ({"engine": "a", "options": {"k": 1}}, {"engine": "b", "options": {}}), "x": 1}
    found = filled_in(options, {"members[1].options.k": 7, "members[0].weight": 0.5, "x": 2})
    assert found == {
        "members": [{"engine": "a", "options": {"k": 1}, "weight": 0.5}, {"engine": "b", "options": {"k": 7}}],
        "x": 2,
    }
