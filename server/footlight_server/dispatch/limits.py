"""What the host allows an engine, and how it treats one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from footlight_plugins.loader import LoaderConfig

MOST_ABANDONED = 3
"""So many threads of one deployment may hang; then its engine is not made anew until one of them ends."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The same for every deployment, but for ``isolated``."""

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
    generator_batch: int = 64
    """At most so many pieces of content are made at once for several callers; 1 makes each call's by itself."""
