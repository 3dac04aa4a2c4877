"""The hooks. pluggy is used at start-up, to collect descriptors, and never for a request."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from footlight_plugins.contract import EngineSpec
from footlight_plugins.embedding import EmbedderSpec
from footlight_plugins.parts import PartSpec
from footlight_plugins.stages import StageSpec

ENTRY_POINT_GROUP = "footlight"

_spec = pluggy.HookspecMarker(ENTRY_POINT_GROUP)
impl = pluggy.HookimplMarker(ENTRY_POINT_GROUP)
"""Marks a plug-in's hook: ``@impl def register_engines(): ...``."""


@_spec
def register_engines() -> Iterable[EngineSpec]:  # type: ignore[empty-body]  # a specification has no body
    """Tell which engines this plug-in offers.

    Called once, at start-up. Return descriptors and do nothing else here: no engine is imported, no file is read.

    Returns
    -------
    Iterable of EngineSpec
        Their names must be free; an engine whose name is taken makes the whole plug-in FAILED.

    Example
    -------
    ::

        @impl
        def register_engines():
            return [EngineSpec("newest", Verb.RECOMMEND, "1.0", "Newest first.", "my_package.newest:Newest")]
    """


@_spec
def register_embedders() -> Iterable[EmbedderSpec]:  # type: ignore[empty-body]
    """Tell which embedders this plug-in offers. Optional; called once, at start-up, as `register_engines` is.

    Returns
    -------
    Iterable of EmbedderSpec
        Of texts, or of pictures (`EmbedderSpec.role`). Of two with one name, the one that was loaded first is used.

    Example
    -------
    ::

        @impl
        def register_embedders():
            return [EmbedderSpec("letters", "1.0", "Counts letters.", "my_package.letters:Letters")]
    """


@_spec
def register_stages() -> Iterable[StageSpec]:  # type: ignore[empty-body]
    """Tell which asset stages this plug-in offers; see `footlight_plugins.stages`. Optional; called once, at start-up.

    Returns
    -------
    Iterable of StageSpec
        Of two with one name, the one that was loaded first is used.

    Example
    -------
    ::

        @impl
        def register_stages():
            return [StageSpec("quiet", StageKind.WATERMARK, "1.0", "Hides nothing.", "my_package.quiet:Quiet")]
    """


@_spec
def register_parts() -> Iterable[PartSpec]:  # type: ignore[empty-body]
    """Tell which parts this plug-in offers to engines; see `footlight_plugins.parts`. Optional; called once, at start-up.

    Came with the second version of the contract.

    Returns
    -------
    Iterable of PartSpec
        Of two with one role and name, the one that was loaded first is used.

    Example
    -------
    ::

        @impl
        def register_parts():
            return [PartSpec("two-doors", PartRole.LEVEL_RULES, "1.0", "Two doors.", "my_package.doors:TwoDoors")]
    """
