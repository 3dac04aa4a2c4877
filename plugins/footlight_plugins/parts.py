"""Parts: what engines are put together from, and what a plug-in may bring without bringing an engine.

Plug-ins offer them through the hook `register_parts`; the loader tells this module which there are, in the server as well as
in the processes that train. An engine asks `parts_of` a role, or `footlight_plugins.find_part` by its name.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from footlight_plugins.contract import Options, check_factory, check_name
from footlight_plugins.listening import EventListener
from footlight_plugins.options import options_of
from footlight_plugins.part import Part
from footlight_plugins.reranking import ReRanker
from footlight_plugins.rules import Rules
from footlight_plugins.shaping import RewardShaper
from footlight_plugins.sourcing import CandidateSource


class PartRole(StrEnum):
    """What a part is for."""

    LEVEL_RULES = "level-rules"
    """Says which levels can be played: `Rules`. Engines that make levels name it in the option ``rules``."""
    RE_RANKER = "re-ranker"
    """Puts the items of an answer into another order: `ReRanker`. The server is told by ``--rerank``."""
    CANDIDATE_SOURCE = "candidate-source"
    """Puts items into an answer beside the engine's: `CandidateSource`. The server is told by ``--source``."""
    REWARD_SHAPER = "reward-shaper"
    """Says what an agent learns from instead of the rewards that were told: `RewardShaper`. Agents name it in their reward
    policy."""
    EVENT_LISTENER = "event-listener"
    """Is told of everything that was recorded: `EventListener`. The server is told by ``--listener``."""


PART_ROLES: Mapping[PartRole, type[Any]] = {
    PartRole.LEVEL_RULES: Rules,
    PartRole.RE_RANKER: ReRanker,
    PartRole.CANDIDATE_SOURCE: CandidateSource,
    PartRole.REWARD_SHAPER: RewardShaper,
    PartRole.EVENT_LISTENER: EventListener,
}


class PartUnavailable(ValueError):
    """There is no such part, or it cannot be used here; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class PartSpec:
    """What a plug-in offers for one role. Creating one imports nothing.

    Raises
    ------
    ValueError
        When the name, the factory or the role is malformed.
    """

    name: str
    """Names the part among those of its role, as `EngineSpec.name` names an engine."""
    role: PartRole
    """What it is for."""
    version: str
    """Its own; answers may change with it."""
    summary: str
    """One line on what it does."""
    factory: str
    """``"package.module:Class"``, a subclass of the role's class, imported and made when first used: with its options where
    the role is a `Part`, without arguments otherwise."""
    api_version: int = 2
    """The version of the contract that it was written for; parts came with the second."""
    requires: tuple[str, ...] = ()
    """Import names it needs beyond the contract's."""

    def __post_init__(self) -> None:
        check_name("part", self.name)
        check_factory("factory", self.factory, self.name)
        if not isinstance(self.role, PartRole):
            raise ValueError(f"role {self.role!r} of part {self.name!r} must be a PartRole")


class PartFailed(Exception):
    """A part raised, took too long, or answered what its role does not allow. It is not the engine's fault that asked it."""

    def __init__(self, part: str, plugin: str, what: str) -> None:
        self.part, self.plugin, self.what = part, plugin, what
        super().__init__(f"{part}{f' of plug-in {plugin!r}' if plugin else ''} {what}")


_offered: dict[tuple[PartRole, str], PartSpec] = {}
_plugins: dict[PartSpec, str] = {}


def offer_parts(specs: Iterable[PartSpec], plugins: Mapping[PartSpec, str] | None = None) -> None:
    """Make parts known in this process, with the names of their plug-ins; the loader does."""
    _offered.update(((spec.role, spec.name), spec) for spec in specs)
    _plugins.update(plugins or {})


def plugin_of(spec: PartSpec) -> str:
    """The name of the plug-in that offers a part; empty where that is not known."""
    return _plugins.get(spec, "")


def parts_of(role: PartRole) -> tuple[PartSpec, ...]:
    """Those that are known of a role, by name."""
    return tuple(sorted((spec for spec in _offered.values() if spec.role is role), key=lambda spec: spec.name))


def part_spec(role: PartRole, name: str) -> PartSpec:
    """The descriptor of a part.

    Raises
    ------
    PartUnavailable
        When nobody offers it; the message names those that there are.
    """
    if (spec := _offered.get((role, name))) is None:
        names = ", ".join(one.name for one in parts_of(role)) or "none"
        raise PartUnavailable(f"no plug-in offers {role} {name!r}; there are: {names}")
    return spec


def made(spec: PartSpec, options: Mapping[str, Any]) -> Any:
    """A new instance of what a descriptor names; raises as `find_part` does."""
    part_class = resolve_part(spec)
    arguments = [options_of(part_options(spec), options)] if issubclass(part_class, Part) or options else []
    try:
        return part_class(*arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as fault:
        what = f"{type(fault).__name__}: {fault}"
        raise PartUnavailable(f"{spec.role} {spec.name!r} could not be made: {what}") from fault


def part_options(spec: PartSpec) -> type[Options]:
    """The options that a part takes, imported now; raises PartUnavailable as `find_part` does."""
    found = getattr(resolve_part(spec), "options_type", Options)
    if not (isinstance(found, type) and issubclass(found, Options)):
        raise PartUnavailable(f"`options_type` of {spec.role} {spec.name!r} must be a subclass of Options")
    return found


def resolve_part(spec: PartSpec) -> type[Any]:
    """The class that a descriptor names, imported now; raises PartUnavailable as `find_part` does."""
    missing = [name for name in spec.requires if find_spec(name.partition(".")[0]) is None]
    if missing:
        raise PartUnavailable(f"{spec.role} {spec.name!r} needs {' and '.join(missing)}")
    module, _, class_name = spec.factory.partition(":")
    try:
        found = getattr(import_module(module), class_name)
    except KeyboardInterrupt:
        raise
    except BaseException as fault:  # a plug-in's module may raise anything, and must not end the host
        what = f"{type(fault).__name__}: {fault}"
        raise PartUnavailable(f"{spec.role} {spec.name!r} could not be imported: {what}") from fault
    role = PART_ROLES[spec.role]
    if not (isinstance(found, type) and issubclass(found, role)) or inspect.isabstract(found):
        raise PartUnavailable(f"{spec.factory!r} of {spec.role} {spec.name!r} must be a whole {role.__name__}")
    return found
