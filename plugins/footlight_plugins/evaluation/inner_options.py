"""Options inside options: those of the engines that an engine is made of, by names such as ``members[0].options.l2``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from footlight_plugins.contract import Options

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@runtime_checkable
class Made(Protocol):
    """Options of an engine that another engine is made of."""

    def inner_types(self) -> Mapping[str, type[Options]]:
        """The models of those of its fields that hold options as a plain map, by their names."""


def elements(value: Any) -> Sequence[Options]:
    """The options that an option is a list of; none where it is anything else."""
    is_list = isinstance(value, tuple | list) and len(value) > 0
    return value if is_list and all(isinstance(one, Options) for one in value) else ()


def filled_in(options: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Values under the names of an engine's own options, where some have names of options inside them.

    Parameters
    ----------
    options:
        All options of the engine, what is inside them as maps and lists.
    found:
        Values by name, such as ``{"members[0].weight": 0.3}``.

    Returns
    -------
    The options that ``found`` changes, each as a whole.
    """
    whole: dict[str, Any] = {}
    for name, value in found.items():
        first, *steps = _steps(name)
        if not steps:
            whole[name] = value
            continue
        inside = whole.setdefault(str(first), _plain(options[str(first)]))
        for step in steps[:-1]:
            inside = inside[step]
        inside[steps[-1]] = value
    return whole


def _steps(name: str) -> list[str | int]:
    return [int(number) if number else step for number, step in _STEP.findall(name)]


def _plain(value: Any) -> Any:
    """A copy with lists in place of tuples, to be written to."""
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return {name: _plain(one) for name, one in value.items()} if isinstance(value, Mapping) else value
