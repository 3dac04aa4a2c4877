"""Checks an engine's options against the model that the engine declares.

Options arrive as what JSON can hold, and a number on the wire is always a double: 20 comes as 20.0. So whole numbers
are taken as integers first, and the model then checks the values by the strict rules for JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from textwrap import shorten
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from footlight_plugins.contract import Engine, Options

_LARGEST_WHOLE = 2.0**53
"""Beyond it a double no longer tells one whole number from the next."""


class OptionError(ValueError):
    """An option is unknown or has a wrong value."""

    def __init__(self, option: str, expected: str) -> None:
        super().__init__(f"option {option!r}: expected {expected}")
        self.option = option
        """The option's name; with dots where the fault lies deeper inside."""
        self.expected = expected
        """What it should have been."""


def options_of(of: type[Engine] | type[Options], values: Mapping[str, Any]) -> Options:
    """The options of an engine or of a model of options, the defaults where a value is not given.

    Raises
    ------
    OptionError
        For the first option that is unknown or wrong.
    """
    model = _model(of)
    plain = {name: _plain(value, name) for name, value in values.items()}
    _refuse_unknown(model, plain)
    try:
        return model.model_validate_json(json.dumps(plain))
    except ValidationError as fault:
        raise _option_error(fault.errors(include_url=False)[0]) from fault


def options_schema(of: type[Engine] | type[Options]) -> dict[str, Any]:
    """The JSON schema of the options: names, types, bounds, defaults, descriptions."""
    return _model(of).model_json_schema()


def _model(of: type[Engine] | type[Options]) -> type[Options]:
    return of if issubclass(of, Options) else of.options_type


def _plain(value: Any, option: str) -> Any:
    """The same value in what JSON can hold, whole doubles as integers."""
    match value:
        case None | bool() | str() | int():
            return value
        case float() if not math.isfinite(value):
            raise OptionError(option, "a finite number")
        case float():
            return int(value) if value.is_integer() and abs(value) <= _LARGEST_WHOLE else value
        case Mapping():
            return {str(key): _plain(inner, f"{option}.{key}") for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner, f"{option}.{index}") for index, inner in enumerate(value)]
    raise OptionError(option, f"a number, text, true, false, a list or a map, got {type(value).__name__}")


def _refuse_unknown(model: type[Options], values: Mapping[str, Any]) -> None:
    known = [field.alias or name for name, field in model.model_fields.items()]
    for option in values:
        if option not in known:
            names = f"one of {', '.join(known)}" if known else "none: it takes no options"
            raise OptionError(option, names)


def _option_error(error: ErrorDetails) -> OptionError:
    """What pydantic found, as one line for whoever typed the option."""
    option = ".".join(str(part) for part in error["loc"]) or "options"
    if error["type"] == "missing":
        return OptionError(option, "a value: it has no default")
    expected = error["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if error["type"].startswith(("greater_than", "less_than", "multiple_of")):
        expected = f"a number {expected}"
    return OptionError(option, f"{expected}, got {shorten(json.dumps(error['input']), 60)}")
