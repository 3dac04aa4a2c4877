"""Finds plug-ins, loads each by itself, and tells what came of it. No plug-in can stop the host, or another plug-in.

pluggy collects the descriptors, once, at start-up. Each plug-in gets a manager of its own, because pluggy keeps a plug-in
half registered when its hooks turn out to be wrong, and one exception in a hook would end the call for all.
"""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TypeVar

import pluggy

from footlight_plugins import spec as hooks
from footlight_plugins.contract import API_VERSION, EngineSpec
from footlight_plugins.discovery import PluginSource, files_in, installed_plugins, names_of, normal
from footlight_plugins.embedding import EmbedderSpec, offer
from footlight_plugins.factories import EngineUnavailable, missing_requirements, resolve_factory
from footlight_plugins.parts import PartSpec, offer_parts
from footlight_plugins.stages import StageSpec

__all__ = [
    "EngineUnavailable",
    "LoaderConfig",
    "PluginSource",
    "PluginState",
    "PluginStatus",
    "Plugins",
    "PluginsFailed",
    "installed_plugins",
    "load_plugins",
    "missing_requirements",
    "resolve_factory",
]

T = TypeVar("T")

SUPPORTED_API_VERSIONS = (API_VERSION, API_VERSION - 1)
"""The contracts that this host understands: its own and the one before."""

BUILT_IN = "footlight"
"""The distribution whose plug-ins load first, so that nobody takes the name of a built-in engine."""

_log = logging.getLogger(__name__)


class PluginState(StrEnum):
    """What came of a plug-in."""

    LOADED = "loaded"
    """What it offers can be used."""
    DISABLED = "disabled"
    """The operator left it out; it was not imported."""
    FAILED = "failed"
    """It raised, its hooks are wrong, or a name is taken; the reason says which."""
    INCOMPATIBLE = "incompatible"
    """It was written for a version of the contract that this host does not understand."""


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """One plug-in, and why it is in its state."""

    name: str
    """Its entry point's name, or its file's name without ``.py``."""
    state: PluginState
    distribution: str = ""
    """The installed distribution it comes from; empty for a one-file plug-in."""
    version: str = ""
    """The version of that distribution."""
    reason: str = ""
    """One line; empty where it is LOADED."""
    traceback: str = ""
    """Where an exception was the reason."""
    engines: tuple[str, ...] = ()
    """The names of the engines it offers; empty unless it is LOADED."""
    parts: tuple[PartSpec, ...] = ()
    """The parts it offers; empty unless it is LOADED."""
    embedders: tuple[EmbedderSpec, ...] = ()
    """The embedders it offers; empty unless it is LOADED."""
    stages: tuple[StageSpec, ...] = ()
    """The asset stages it offers; empty unless it is LOADED."""


class _Hooks(pluggy.PluginManager):
    """Looks for hooks among the names of a plug-in that do not begin with an underscore; a module has many that do."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        return None if name.startswith("_") else super().parse_hookimpl_opts(plugin, name)

    def parse_hookspec_opts(self, module_or_class: ModuleType | type, name: str) -> pluggy.HookspecOpts | None:
        return super().parse_hookspec_opts(module_or_class, name) if name.startswith("register_") else None


@dataclass(frozen=True, slots=True)
class LoaderConfig:
    """What to load."""

    disabled: frozenset[str] = frozenset()
    """Plug-ins to leave out, by their own name or that of their distribution. They are not even imported."""
    plugins_dir: Path | None = None
    """A folder of one-file plug-ins. Each ``*.py`` in it is one, unless its name begins with an underscore."""
    strict: bool = False
    """Whether a plug-in that is FAILED or INCOMPATIBLE is an error."""
    allowed: frozenset[str] | None = None
    """The only plug-ins that are imported beside the built-ins, by their own name or their distribution's; None for all."""
    discover: Callable[[], Iterable[PluginSource]] = field(default=installed_plugins)
    """Finds the installed plug-ins."""

    @property
    def only(self) -> tuple[str, ...] | None:
        """What is allowed, as another process is told it."""
        return None if self.allowed is None else tuple(sorted(self.allowed))


class PluginsFailed(Exception):
    """Loading was strict, and not every plug-in loaded."""

    def __init__(self, statuses: Iterable[PluginStatus]) -> None:
        self.statuses = tuple(statuses)
        lines = [f"plug-in {status.name!r} is {status.state}: {status.reason}" for status in self.statuses]
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Plugins:
    """What was found."""

    engines: Mapping[str, EngineSpec]
    """By engine name, in the order in which they were loaded."""
    statuses: tuple[PluginStatus, ...]
    """One a plug-in, in the order in which they were loaded."""
    embedders: Mapping[str, EmbedderSpec] = field(default_factory=dict)
    """By embedder name."""
    stages: Mapping[str, StageSpec] = field(default_factory=dict)
    """Asset stages by name, in the order in which they were loaded."""
    parts: tuple[PartSpec, ...] = ()
    """What engines are put together from, in the order in which it was loaded."""

    def plugin_of(self, engine: str) -> PluginStatus:
        """The plug-in that offers an engine.

        Raises
        ------
        KeyError
            When no plug-in does.
        """
        for status in self.statuses:
            if engine in status.engines:
                return status
        raise KeyError(engine)

    def named(self, names: Iterable[str]) -> tuple[PluginStatus, ...]:
        """The plug-ins that these names stand for, be it their own or their distribution's."""
        asked = set(map(normal, names))
        return tuple(
            one for one in self.statuses if asked & {normal(name) for name in (one.name, one.distribution) if name}
        )

    def plugin_of_part(self, part: PartSpec | EmbedderSpec | StageSpec) -> str:
        """The name of the plug-in that offers a part, an embedder or a stage; empty where none does."""
        return next((status.name for status in self.statuses if part in _pieces(status)), "")


def _pieces(status: PluginStatus) -> tuple[PartSpec | EmbedderSpec | StageSpec, ...]:
    return *status.parts, *status.embedders, *status.stages


def load_plugins(config: LoaderConfig | None = None) -> Plugins:
    """Load every plug-in that is installed or lies in the folder of one-file plug-ins.

    The built-ins come first, then the other distributions, then the files, each by name.

    Raises
    ------
    PluginsFailed
        When the configuration is strict and a plug-in is FAILED or INCOMPATIBLE.
    NotADirectoryError
        When the folder of one-file plug-ins does not exist.
    """
    config = config or LoaderConfig()
    sources = _sources(config)
    _warn_of_unknown_names(config.disabled, sources, "disable")
    _warn_of_unknown_names(config.allowed or frozenset(), sources, "allow")
    engines: dict[str, EngineSpec] = {}
    embedders: dict[str, EmbedderSpec] = {}
    stages: dict[str, StageSpec] = {}
    parts: dict[tuple[str, str], PartSpec] = {}
    statuses: list[PluginStatus] = []
    for source in sources:
        taken = {engine: status.name for status in statuses for engine in status.engines}
        status, offered = _load(source, config, taken)
        statuses.append(status)
        engines.update((spec.name, spec) for spec in offered.engines)
        embedders = {spec.name: spec for spec in offered.embedders} | embedders
        stages = {spec.name: spec for spec in offered.stages} | stages
        parts = {(spec.role, spec.name): spec for spec in offered.parts} | parts
    unfit = [status for status in statuses if status.state in (PluginState.FAILED, PluginState.INCOMPATIBLE)]
    for status in unfit:
        _log.warning("plug-in %r is %s: %s", status.name, status.state, status.reason)
    if config.strict and unfit:
        raise PluginsFailed(unfit)
    found = Plugins(
        MappingProxyType(engines),
        tuple(statuses),
        MappingProxyType(embedders),
        MappingProxyType(stages),
        tuple(parts.values()),
    )
    offer(embedders.values(), {spec: found.plugin_of_part(spec) for spec in embedders.values()})
    offer_parts(parts.values(), {spec: found.plugin_of_part(spec) for spec in parts.values()})
    return found


@dataclass(frozen=True, slots=True)
class _Offered:
    """What one plug-in offers."""

    engines: tuple[EngineSpec, ...] = ()
    embedders: tuple[EmbedderSpec, ...] = ()
    stages: tuple[StageSpec, ...] = ()
    parts: tuple[PartSpec, ...] = ()


class _Refused(Exception):
    """A plug-in cannot be used; the message is the reason."""

    def __init__(self, reason: str, state: PluginState = PluginState.FAILED) -> None:
        super().__init__(reason)
        self.state = state


def _load(source: PluginSource, config: LoaderConfig, taken: Mapping[str, str]) -> tuple[PluginStatus, _Offered]:
    """Load one plug-in; ``taken`` maps the engines of those before it to their plug-ins' names."""

    def status(state: PluginState, reason: str = "", trace: str = "") -> PluginStatus:
        return PluginStatus(source.name, state, source.distribution, source.version, reason, trace)

    if names_of(source) & set(map(normal, config.disabled)):
        return status(PluginState.DISABLED, "left out by the configuration"), _Offered()
    if not _allowed(source, config.allowed):
        return status(PluginState.DISABLED, "it is not among the plug-ins that are allowed"), _Offered()
    try:
        offered = _offered(source)
        _check_names(offered.engines, source.name, taken)
    except _Refused as refusal:
        cause = refusal.__cause__
        trace = "".join(traceback.format_exception(cause)) if cause else ""
        return status(refusal.state, str(refusal), trace), _Offered()
    names = tuple(spec.name for spec in offered.engines)
    found = replace(
        status(PluginState.LOADED),
        engines=names,
        parts=offered.parts,
        embedders=offered.embedders,
        stages=offered.stages,
    )
    return found, offered


def _offered(source: PluginSource) -> _Offered:
    """Import a plug-in, check its hooks, and ask what it offers."""
    with _refusing("import raised"):
        plugin = source.load()
    if inspect.isclass(plugin):
        raise _Refused(f"the entry point must name a module or an instance, not the class {plugin.__name__}")
    manager = _Hooks(hooks.ENTRY_POINT_GROUP)
    manager.add_hookspecs(hooks)
    with _refusing("its hooks are wrong:"):
        manager.register(plugin, source.name)
        manager.check_pending()  # finds the misspelt ones
    if not manager.get_hookcallers(plugin):
        raise _Refused("it has no hook: mark `register_engines` with @footlight_plugins.impl")
    engines = _asked(manager, "register_engines", EngineSpec)
    embedders = _asked(manager, "register_embedders", EmbedderSpec)
    stages = _asked(manager, "register_stages", StageSpec)
    parts = _asked(manager, "register_parts", PartSpec)
    if not (engines or embedders or stages or parts) and not manager.hook.register_engines():
        raise _Refused("register_engines returned None, expected an iterable of EngineSpec")  # pluggy drops None
    specs: tuple[EngineSpec | EmbedderSpec | StageSpec | PartSpec, ...] = (*engines, *embedders, *stages, *parts)
    for spec in specs:
        _check(spec)
    return _Offered(engines, embedders, stages, parts)


def _asked(manager: pluggy.PluginManager, hook: str, kind: type[T]) -> tuple[T, ...]:
    """What one hook of the plug-in answers."""
    with _refusing(f"{hook} raised"):
        answers = getattr(manager.hook, hook)()
    for answer in answers:
        if not isinstance(answer, Iterable):
            raise _Refused(f"{hook} returned {_a(type(answer))}, expected a list of such: [{kind.__name__}(...)]")
    with _refusing(f"{hook} raised"):
        specs = tuple(spec for answer in answers for spec in answer)
    for spec in specs:
        if not isinstance(spec, kind):
            raise _Refused(f"{hook} returned {_a(type(spec))}, expected {_a(kind)}")
    return specs


def _a(kind: type) -> str:
    """The name of a class, with its article."""
    return f"{'an' if kind.__name__[0] in 'AEIOUaeiou' else 'a'} {kind.__name__}"


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Turn whatever a plug-in raises into a refusal. Only Ctrl-C gets through."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as fault:  # a plug-in may call sys.exit, or raise anything
        raise _Refused(f"{what} {_one_line(fault)}") from fault


def _one_line(fault: BaseException) -> str:
    message = " ".join(str(fault).split())
    return f"{type(fault).__name__}: {message}" if message else type(fault).__name__


def _check(spec: EngineSpec | EmbedderSpec | StageSpec | PartSpec) -> None:
    """Check what a type checker would have found; the spec itself has checked its name, factory and verb."""
    what = f"{type(spec).__name__.removesuffix('Spec').lower()} {spec.name!r}"
    if spec.api_version not in SUPPORTED_API_VERSIONS:
        versions = " or ".join(str(version) for version in SUPPORTED_API_VERSIONS)
        reason = f"{what} was written for contract {spec.api_version}, this host takes {versions}"
        raise _Refused(reason, PluginState.INCOMPATIBLE)
    if not isinstance(spec.requires, tuple) or not all(isinstance(name, str) for name in spec.requires):
        raise _Refused(f"`requires` of {what} must be a tuple of import names, such as ('torch',)")
    for attribute in ("version", "summary"):
        if not isinstance(getattr(spec, attribute), str):
            raise _Refused(f"`{attribute}` of {what} must be a string")


def _check_names(specs: Iterable[EngineSpec], plugin: str, taken: Mapping[str, str]) -> None:
    """Refuse an engine name that an earlier plug-in, or this one, has used already."""
    owners = dict(taken)
    for spec in specs:
        if spec.name in owners:
            raise _Refused(
                f"engine {spec.name!r} of plug-in {plugin!r} is already offered by plug-in {owners[spec.name]!r}"
            )
        owners[spec.name] = plugin


def _sources(config: LoaderConfig) -> list[PluginSource]:
    """All plug-ins in the order in which they load."""
    installed = sorted(config.discover(), key=lambda s: (normal(s.distribution) != BUILT_IN, s.distribution, s.name))
    return installed + (files_in(config.plugins_dir) if config.plugins_dir else [])


def _allowed(source: PluginSource, allowed: frozenset[str] | None) -> bool:
    built_in = source.distribution == BUILT_IN
    return allowed is None or built_in or not names_of(source).isdisjoint(map(normal, allowed))


def _warn_of_unknown_names(named: frozenset[str], sources: Iterable[PluginSource], purpose: str) -> None:
    known = {name for source in sources for name in names_of(source)}
    for name in sorted(named):
        if normal(name) not in known:
            _log.warning("there is no plug-in %r to %s", name, purpose)
