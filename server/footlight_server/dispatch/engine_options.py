"""An engine's class and its options, with what can be wrong with them said in the words of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from footlight_plugins import Engine, EngineSpec, Options
from footlight_plugins.factories import EngineUnavailable, resolve_factory, resolve_options
from footlight_plugins.options import OptionError, options_of
from footlight_server.errors import FailedPrecondition, InvalidArgument


def checked_options(of: type[Engine] | type[Options], values: Mapping[str, Any]) -> Options:
    """The options, complete.

    Raises
    ------
    InvalidArgument
        Naming the first option that is wrong.
    """
    try:
        return options_of(of, values)
    except OptionError as wrong:
        raise InvalidArgument(f"options.{wrong.option}", f"expected {wrong.expected}") from wrong


def options_type_of(spec: EngineSpec) -> type[Options]:
    """The engine's options, without importing the engine where its plug-in allows that.

    Raises
    ------
    FailedPrecondition
        When something the engine needs is not installed; the message says what to install.
    """
    try:
        return resolve_options(spec)
    except EngineUnavailable as missing:
        raise FailedPrecondition(str(missing), reason="ENGINE_UNAVAILABLE") from missing


def engine_class_of(spec: EngineSpec) -> type[Engine]:
    """The engine's class, imported now.

    Raises
    ------
    FailedPrecondition
        When something it needs is not installed; the message says what to install.
    """
    try:
        return resolve_factory(spec)
    except EngineUnavailable as missing:
        raise FailedPrecondition(str(missing), reason="ENGINE_UNAVAILABLE") from missing
