"""The options of an engine as people read them, from their JSON schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_KINDS = {
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "string": "text",
    "null": "nothing",
}
_LONGEST_DEFAULT = 24


def option_rows(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Of each option the name, the default, which values it may have, and what it does."""
    shared, required = schema.get("$defs", {}), schema.get("required", ())
    for name, option in schema.get("properties", {}).items():
        default = "required" if name in required else _default(option)
        yield name, default, values(option, shared), option.get("description", "")


def _default(option: Mapping[str, Any]) -> str:
    """Empty where the engine finds it by itself."""
    if option.get("default") is None:
        return ""
    text = json.dumps(option["default"], ensure_ascii=False).strip('"')
    return text if len(text) <= _LONGEST_DEFAULT else "see --json"


def values(option: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    """Which values a schema lets through, such as "whole number, 1 to 1000"; `shared` are the schema's definitions."""
    if "$ref" in option:
        return values(shared.get(str(option["$ref"]).rpartition("/")[2], {}), shared)
    if "enum" in option:
        return ", ".join(map(str, option["enum"]))
    if "anyOf" in option:
        return " or ".join(values(one, shared) for one in option["anyOf"])
    if option.get("type") == "array":
        return f"list of {values(option.get('items', {}), shared)}"
    bounds = _bounds(option)
    kind = _KINDS.get(str(option.get("type")), "JSON")
    return f"{kind}, {bounds}" if bounds else kind


def _bounds(option: Mapping[str, Any]) -> str:
    low = _bound(option, "minimum", "exclusiveMinimum", "above ")
    high = _bound(option, "maximum", "exclusiveMaximum", "below ")
    if low and high:
        return f"{low} to {high}"
    return f"at most {high}" if high else f"{low} or more" if low and not low.startswith("above") else low


def _bound(option: Mapping[str, Any], included: str, excluded: str, word: str) -> str:
    if included in option:
        return f"{option[included]:,}"
    return f"{word}{option[excluded]:,}" if excluded in option else ""
