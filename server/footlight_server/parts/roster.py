"""The parts of one tenant: which there are, and which of them a deployment's answers pass through."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from footlight_plugins import PartRole, ReRanker
from footlight_plugins.loader import Plugins
from footlight_server.parts.orders import PartOrder, PartsConfig, spec_of
from footlight_server.parts.part_host import PartHost

log = logging.getLogger(__name__)

DIVERSITY = "diversity"
"""Who uses the part that requests for diversity need."""
EVERYWHERE = "every deployment"


@dataclass(frozen=True, slots=True)
class Composition:
    """What the answers of one deployment pass through."""

    rerankers: tuple[PartHost[ReRanker], ...]

    @property
    def pool(self) -> int:
        """Among how many times as many items as are wanted they choose."""
        return max((host.part.pool for host in self.rerankers if host.part is not None), default=1)


class Roster:
    """Makes the parts, and tells who is asked."""

    def __init__(self, plugins: Plugins, config: PartsConfig) -> None:
        """The configuration was checked before."""
        self._plugins = plugins
        self._config = config
        self._ordered: list[tuple[PartOrder, PartHost[Any]]] = []
        self.diversifier: PartHost[ReRanker] | None = None
        """The re-ranker for requests that ask for diversity; None where there is none."""

    async def start(self) -> None:
        """Bring every part to work; one that cannot says so, and answers go out without it."""
        for order in self._config.orders:
            if (host := await self._started(order, order.deployment or EVERYWHERE)) is not None:
                self._ordered.append((order, host))
        if (diversity := self._config.diversifier) is not None:
            self.diversifier = await self._started(diversity, DIVERSITY)

    async def _started(self, order: PartOrder, used_by: str) -> PartHost[Any] | None:
        if (spec := spec_of(self._plugins, order)) is None:
            log.warning("no plug-in offers the %s %r, for %s", order.role, order.name, used_by)
            return None
        host: PartHost[Any] = PartHost(spec, self._plugins.plugin_of_part(spec), order.options, self._config.seconds)
        host.used_by.append(used_by)
        await host.start()
        return host

    def composition(self, deployment: str) -> Composition | None:
        """What a deployment's answers pass through; None where that is nothing."""
        chosen = [(order, host) for order, host in self._ordered if order.deployment in ("", deployment)]
        rerankers = tuple(host for order, host in chosen if order.role is PartRole.RE_RANKER)
        return Composition(rerankers) if rerankers else None

    @property
    def hosts(self) -> Sequence[PartHost[Any]]:
        """Every part at work."""
        extra = [] if self.diversifier is None else [self.diversifier]
        return [host for _, host in self._ordered] + extra

    def reranker(self, name: str) -> PartHost[ReRanker] | None:
        """The re-ranker of that name; None where none is at work."""
        return next((h for h in self.hosts if h.spec.role is PartRole.RE_RANKER and h.spec.name == name), None)

    def stop(self) -> None:
        """Leave all of them alone."""
        for host in self.hosts:
            host.stop()
