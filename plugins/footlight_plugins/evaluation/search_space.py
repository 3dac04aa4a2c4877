"""Which options of an engine can be searched, and where: derived from the bounds that the engine states for them.

An engine may narrow or open what is searched, without changing what is allowed::

    k: int = Field(50, ge=1, le=1_000, json_schema_extra={"search": {"low": 10, "high": 400, "log": True}})
    weighting: str = Field("none", json_schema_extra={"search": {"choices": ["none", "bm25"]}})
    seed: int = Field(0, ge=0, json_schema_extra={"search": False})

Without it: a number with both bounds is searched between them, by its logarithm where they span two decades or more; an
enumeration or a truth value by its choices. Others keep their defaults. Where an option is a list of engines with options of
their own (`inner_options.Made`), what these can be searched for is searched as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from footlight_plugins.contract import Options
from footlight_plugins.evaluation.inner_options import Made, elements
from footlight_plugins.options import options_of, options_schema

DECADES = 100.0
"""From this ratio of the bounds on, the logarithm is searched."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One option that is searched."""

    name: str
    whole: bool = False
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple[Any, ...] = ()
    """Where there are any, they are searched instead of a range."""
    default: Any = field(default=None, compare=False)
    """What the engine has without a search."""

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        if self.choices:
            return {"choices": list(self.choices)}
        return {"low": self.low, "high": self.high, "log": self.log}


def search_space(options: type[Options], fixed: Mapping[str, Any] | None = None) -> tuple[Dimension, ...]:
    """The options that can be searched, without those that are fixed, in the order in which the engine states them.

    Of an option that is a list of engines and fixed, what it does not state is searched.

    Raises
    ------
    ValueError
        When an engine's ``search`` is malformed.
    OptionError
        When what is fixed is wrong.
    """
    return tuple(_space(options_of(options, fixed or {}), fixed or {}))


def _space(chosen: Options, fixed: Collection[str]) -> list[Dimension]:
    schema, found = options_schema(type(chosen)), list[Dimension]()
    for name, stated in schema.get("properties", {}).items():
        if stated.get("search") is False:
            continue
        value = getattr(chosen, name, None)
        dimension = None if name in fixed else _dimension(name, _resolved(stated, schema), stated.get("search") or {})
        found += [replace(dimension, default=value)] if dimension else []
        for number, element in enumerate(elements(value)):
            found += _inside(f"{name}[{number}].", element, name in fixed)
    return found


def _inside(prefix: str, element: Options, fixed: bool) -> list[Dimension]:
    """What can be searched of one engine in a list; where that is fixed, without what it states."""
    found = [replace(one, name=prefix + one.name) for one in _space(element, element.model_fields_set if fixed else ())]
    for name, kind in element.inner_types().items() if isinstance(element, Made) else ():
        given: Mapping[str, Any] = getattr(element, name)
        space = _space(options_of(kind, given), given if fixed else ())
        found += [replace(one, name=f"{prefix}{name}.{one.name}") for one in space]
    return found


def _resolved(stated: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """An option's schema, a reference followed, and the one that is not null where it may be null."""
    kinds = [kind for kind in stated.get("anyOf", ()) if kind.get("type") != "null"]
    inner = kinds[0] if len(kinds) == 1 else stated
    reference = str(inner.get("$ref", "")).rpartition("/")[2]
    found: Mapping[str, Any] = schema.get("$defs", {}).get(reference, inner)
    return found


def _dimension(name: str, stated: Mapping[str, Any], search: Mapping[str, Any]) -> Dimension | None:
    choices = search.get("choices") or stated.get("enum") or ([False, True] if stated.get("type") == "boolean" else [])
    if choices:
        return Dimension(name, choices=tuple(choices))
    if stated.get("type") not in ("integer", "number"):
        return None
    low = search.get("low", stated.get("minimum", stated.get("exclusiveMinimum")))
    high = search.get("high", stated.get("maximum", stated.get("exclusiveMaximum")))
    if low is None or high is None:
        return None
    if not low < high:
        raise ValueError(f"option {name!r}: expected search bounds with low < high, got {low} and {high}")
    return _ranged(name, stated, search, (float(low), float(high)))


def _ranged(name: str, stated: Mapping[str, Any], search: Mapping[str, Any], bounds: tuple[float, float]) -> Dimension:
    """A range; one from 0 over decades begins just above it, and 0 is only tried where it is the default."""
    low, high = bounds
    whole = stated["type"] == "integer"
    log = bool(search.get("log", high >= DECADES * low if low > 0 else low == 0 and high >= DECADES))
    if log and low <= 0:
        low = 1.0 if whole else min(0.1, high / 1e4)
    if not whole and not log:  # an open end may not be reached
        width = high - low
        low += 1e-6 * width * ("exclusiveMinimum" in stated and "low" not in search)
        high -= 1e-6 * width * ("exclusiveMaximum" in stated and "high" not in search)
    return Dimension(name, whole, low, high, log)
