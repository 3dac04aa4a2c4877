"""Pytest fixtures for plug-in authors."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

import pytest

from footlight_plugins.loader import LoaderConfig, Plugins, PluginSource, load_plugins


class PluginRegistry:
    """Loads the plug-ins of one test alone: what is installed stays out."""

    def __init__(self) -> None:
        self._sources: list[PluginSource] = []

    def add(self, plugin: object, name: str = "", distribution: str = "") -> None:
        """Add a plug-in: an object with hooks, a module, or a module's name, which is then imported by `load`."""
        default = plugin if isinstance(plugin, str) else getattr(plugin, "__name__", type(plugin).__name__)

        def load() -> object:
            return import_module(plugin) if isinstance(plugin, str) else plugin

        self._sources.append(PluginSource(name or str(default), load, distribution))

    def load(
        self, *, disabled: Iterable[str] = (), strict: bool = False, allowed: Iterable[str] | None = None
    ) -> Plugins:
        """Load them as the server would."""
        only = None if allowed is None else frozenset(allowed)
        config = LoaderConfig(frozenset(disabled), strict=strict, allowed=only, discover=lambda: self._sources)
        return load_plugins(config)


@pytest.fixture
def plugin_registry() -> PluginRegistry:
    """An empty registry of plug-ins, in which nothing that is installed is found.

    Example
    -------
    ::

        def test_the_plugin_loads(plugin_registry):
            plugin_registry.add("my_package")
            assert "newest" in plugin_registry.load(strict=True).engines
    """
    return PluginRegistry()
