"""The options of an engine as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from footlight.cli.schemas import option_rows, values


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 1000}, "whole number, 1 to 1,000"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "number, above 0 to 1"),
        ({"type": "number", "exclusiveMinimum": 0}, "number, above 0"),
        ({"type": "integer", "minimum": 2}, "whole number, 2 or more"),
        ({"type": "number", "maximum": 2.5}, "number, at most 2.5"),
        ({"type": "boolean"}, "true or false"),
        ({"enum": ["fast", "quality"], "type": "string"}, "fast, quality"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "list of a, b"),
        ({"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]}, "number, 0 or more or nothing"),
        ({"$ref": "#/$defs/Metric"}, "cosine, jaccard"),
        ({}, "JSON"),
    ],
)
def test_what_an_option_may_be_is_said_in_words(option: dict[str, Any], said: str) -> None:
    assert values(option, {"Metric": {"enum": ["cosine", "jaccard"]}}) == said


@pytest.mark.parametrize(
    ("option", "shown"),
    [({"default": "fast"}, "fast"), ({"default": True}, "true"), ({}, ""), ({"default": ["x"] * 9}, "see --json")],
)
def test_a_default_is_shown_where_it_is_short(option: dict[str, Any], shown: str) -> None:
    ((_, default, _, _),) = option_rows({"properties": {"k": option}})
    assert default == shown


def test_an_option_without_which_there_is_no_engine_is_said_to_be_required() -> None:
    rows = list(option_rows({"properties": {"k": {"type": "integer", "description": "How many."}}, "required": ["k"]}))
    assert rows == [("k", "required", "whole number", "How many.")]
