"""Options as they come from the wire, against the model that an engine declares."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from footlight_plugins import Engine, Options, Recommender
from footlight_plugins.options import OptionError, options_of, options_schema


class Metric(StrEnum):
    COSINE = "cosine"
    JACCARD = "jaccard"


class SomeOptions(Options):
    k: int = Field(default=20, ge=1, le=1_000, description="How many neighbours count.")
    shrinkage: float = 0.0
    metric: Metric = Metric.COSINE
    loss: Literal["bce", "hinge"] = "bce"
    layers: tuple[int, ...] = (128, 256)
    limit: int | None = None
    verbose: bool = False

    @model_validator(mode="after")
    def _has_layers(self) -> SomeOptions:
        if not self.layers:
            raise ValueError("at least one layer")
        return self


def engine_with(options: type[Options]) -> type[Engine]:
    return type("SomeEngine", (Recommender,), {"options_type": options})


SomeEngine = engine_with(SomeOptions)


def test_no_values_give_the_defaults() -> None:
    assert options_of(SomeEngine, {}) == SomeOptions()


def test_whole_doubles_become_integers() -> None:
    options = options_of(SomeEngine, {"k": 5.0, "layers": [64.0, 32.0], "limit": 3.0, "shrinkage": 2.0})
    assert options == SomeOptions(k=5, layers=(64, 32), limit=3, shrinkage=2.0)


def test_choices_are_taken_by_their_text() -> None:
    assert options_of(SomeEngine, {"metric": "jaccard", "loss": "hinge"}).metric is Metric.JACCARD  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("values", "option", "expected"),
    [
        ({"kk": 5.0}, "kk", "one of k, shrinkage, metric, loss, layers, limit, verbose"),
        ({"k": 0.0}, "k", "a number greater than or equal to 1, got 0"),
        ({"k": 2.5}, "k", "a valid integer, got 2.5"),
        ({"k": "5"}, "k", 'a valid integer, got "5"'),
        ({"k": True}, "k", "a valid integer, got true"),
        ({"k": None}, "k", "a valid integer, got null"),
        ({"k": 1e300}, "k", "a valid integer, got 1e+300"),
        ({"shrinkage": float("nan")}, "shrinkage", "a finite number"),
        ({"layers": [1.0, float("inf")]}, "layers.1", "a finite number"),
        ({"layers": [1.0, "two"]}, "layers.1", 'a valid integer, got "two"'),
        ({"layers": []}, "options", 'at least one layer, got {"layers": []}'),
        ({"metric": "euclid"}, "metric", "'cosine' or 'jaccard', got \"euclid\""),
        ({"verbose": 1.0}, "verbose", "a valid boolean, got 1"),
        ({"loss": b"bce"}, "loss", "a number, text, true, false, a list or a map, got bytes"),
        ({"k": "x" * 1_000}, "k", "a valid integer, got [...]"),
    ],
)
def test_a_wrong_option_is_named_with_what_was_expected(values: dict[str, Any], option: str, expected: str) -> None:
    with pytest.raises(OptionError) as raised:
        options_of(SomeEngine, values)
    assert (raised.value.option, raised.value.expected) == (option, expected)


def test_an_engine_without_options_says_so() -> None:
    with pytest.raises(OptionError, match="option 'k': expected none: it takes no options"):
        options_of(engine_with(Options), {"k": 1.0})


def test_a_value_without_a_default_is_asked_for() -> None:
    class Demanding(Options):
        size: int

    with pytest.raises(OptionError, match="option 'size': expected a value: it has no default"):
        options_of(engine_with(Demanding), {})


def test_the_schema_tells_bounds_and_descriptions() -> None:
    properties = options_schema(SomeEngine)["properties"]
    assert properties["k"]["maximum"] == 1_000 and properties["k"]["description"] == "How many neighbours count."


@given(k=st.integers(1, 1_000), shrinkage=st.floats(-1e9, 1e9), metric=st.sampled_from(Metric))
def test_options_come_back_from_their_own_json(k: int, shrinkage: float, metric: Metric) -> None:
    options = SomeOptions(k=k, shrinkage=shrinkage, metric=metric)
    assert options_of(SomeEngine, options.model_dump(mode="json")) == options
