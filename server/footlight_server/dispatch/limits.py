"""What the host allows an engine, and how it treats one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from footlight_plugins.loader import LoaderConfig, Plugins

log = logging.getLogger(__name__)

MOST_ABANDONED = 3
"""So many threads of one deployment may hang; then its engine is not made anew until one of them ends."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The same for every deployment, but for what runs in processes of its own."""

    max_pending: int = 512
    """How many calls may work or wait for one deployment before further ones are refused."""
    engine_seconds: float = 30.0
    """How long one piece of an engine's work may take before it counts as hanging."""
    start_seconds: float = 120.0
    """How long the server waits for an engine that follows the log to be ready; it serves without it after that."""
    isolated: frozenset[str] = frozenset()
    """The deployments whose engines run in processes of their own."""
    isolated_bytes: int = 2 << 30
    """How much memory such a process may take."""
    plugins: LoaderConfig = field(default_factory=LoaderConfig)
    """What such a process loads."""
    queue_seconds: float = 0.75
    """How much work may wait for one deployment before further calls are refused."""
    demoted: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Which inline engines stopped the server before; see `footlight_server.dispatch.demotions`."""
    isolated_plugins: frozenset[str] = frozenset()
    """The plug-ins, by their own name or their distribution's, all of whose engines and parts do."""
    isolated_engines: frozenset[str] = frozenset()
    """The engines of these plug-ins."""
    nested: bool = False
    """Whether this is an isolated process itself: what it starts must end with it."""
    generator_batch: int = 64
    """At most so many pieces of content are made at once for several callers; 1 makes each call's by itself."""
    agents_at_hand: int = 2_000
    """So many agents of one tenant are kept in memory, of all its deployments together."""

    def isolates(self, deployment: str, engine: str) -> bool:
        """Whether the engine of a deployment runs in a process of its own."""
        return deployment in self.isolated or engine in self.isolated_engines

    def knowing(self, plugins: Plugins) -> Limits:
        """The same, when it is known which plug-ins there are: by their own names, and with their engines."""
        for name in sorted(self.isolated_plugins):
            if not plugins.named([name]):
                log.warning("there is no plug-in %r to isolate", name)
        found = plugins.named(self.isolated_plugins)
        engines = frozenset(engine for one in found for engine in one.engines)
        return replace(self, isolated_plugins=frozenset(one.name for one in found), isolated_engines=engines)


UNLIMITED = Limits()
"""What holds where nobody says anything: nothing has a process of its own."""
