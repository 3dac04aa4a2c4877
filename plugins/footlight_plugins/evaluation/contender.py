"""An engine that is to be evaluated: how to make one, and what it wants to be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from footlight_plugins.contract import EngineSpec, Options, Verb
from footlight_plugins.factories import resolve_factory
from footlight_plugins.loader import LoaderConfig, load_plugins
from footlight_plugins.options import options_of
from footlight_plugins.roles import Recommender


@dataclass(frozen=True, slots=True)
class Contender:
    """A recommender with its options."""

    name: str
    make: Callable[[], Recommender]
    """Makes one that knows nothing yet."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """All of them, the defaults included."""
    reads_catalogue: bool = False
    can_predict: bool = False
    options_type: type[Options] = Options


def contender(
    engine: str | EngineSpec | type[Recommender], options: Mapping[str, Any] | None = None, plugins: Path | None = None
) -> Contender:
    """An engine of a plug-in that is installed or lies in a folder of one-file plug-ins, or any class of recommender.

    Raises
    ------
    ValueError
        When there is no such recommender; the message names those that there are.
    OptionError
        For an option that is unknown or wrong.
    EngineUnavailable
        When it cannot be imported.
    """
    if isinstance(engine, str):
        engine = _named(engine, plugins)
    if isinstance(engine, EngineSpec):
        found = cast(type[Recommender], resolve_factory(engine))
        return _of(engine.name, found, options or {}, (engine.reads_catalogue, engine.can_predict))
    told = engine.describe is not Recommender.describe, engine.predict is not Recommender.predict
    return _of(engine.__name__, engine, options or {}, told)


def _named(name: str, plugins: Path | None) -> EngineSpec:
    offered = load_plugins(LoaderConfig(plugins_dir=plugins)).engines
    names = [name for name, spec in offered.items() if spec.verb == Verb.RECOMMEND]
    if name not in names:
        raise ValueError(f"there is no recommender {name!r}; there are {', '.join(names)}")
    return offered[name]


def _of(name: str, found: type[Recommender], options: Mapping[str, Any], told: tuple[bool, bool]) -> Contender:
    chosen = options_of(found, options)
    return Contender(name, lambda: found(chosen), chosen.model_dump(), told[0], told[1], found.options_type)
