"""The parts of one tenant: which there are, and which of them a deployment's answers pass through."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from footlight_plugins import EventListener, PartRole, ReRanker
from footlight_plugins.loader import Plugins
from footlight_server.dispatch.limits import UNLIMITED, Limits
from footlight_server.log.events import EventLog
from footlight_server.log.leasing import Leasing
from footlight_server.log.listeners import ListenerTable
from footlight_server.parts.listener_host import ListenerHost, ToldOf
from footlight_server.parts.orders import PartOrder, PartsConfig, spec_of
from footlight_server.parts.part_host import PartHost
from footlight_server.parts.shaping import Shapers
from footlight_server.parts.source_host import SourceHost

log = logging.getLogger(__name__)

DIVERSITY = "diversity"
"""Who uses the part that requests for diversity need."""
EVERYWHERE = "every deployment"
_HOSTS: Mapping[PartRole, type[PartHost[Any]]] = {PartRole.CANDIDATE_SOURCE: SourceHost}
"""How parts are held that need more than to be asked."""


@dataclass(frozen=True, slots=True)
class Composition:
    """What the answers of one deployment pass through."""

    rerankers: tuple[PartHost[ReRanker], ...] = ()
    sources: tuple[SourceHost, ...] = ()

    @property
    def pool(self) -> int:
        """Among how many times as many items as are wanted the re-rankers choose."""
        return max((host.traits["pool"] for host in self.rerankers if host.part is not None), default=1)


class Roster:
    """Makes the parts, and tells who is asked."""

    def __init__(self, plugins: Plugins, config: PartsConfig, events: EventLog, limits: Limits = UNLIMITED) -> None:
        """The configuration was checked before. Sources hear of the events."""
        self._limits = limits
        self._plugins = plugins
        self._config = config
        self._events = events
        self._ordered: list[tuple[PartOrder, PartHost[Any]]] = []
        self.shapers = Shapers(plugins, config.seconds, limits)
        """What agents name in their reward policies."""
        self.diversifier: PartHost[ReRanker] | None = None
        """The re-ranker for requests that ask for diversity; None where there is none."""

    async def start(self) -> None:
        """Bring every part to work; one that cannot says so, and answers go out without it."""
        for order in self._config.orders:
            if (host := await self._started(order, order.deployment or EVERYWHERE)) is not None:
                self._ordered.append((order, host))
        if (diversity := self._config.diversifier) is not None:
            self.diversifier = await self._started(diversity, DIVERSITY)

    async def listen(self, table: ListenerTable, leasing: Leasing) -> None:
        """Bring the event listeners to work."""
        for order in self._config.listening:
            if (spec := spec_of(self._plugins, order)) is None:
                log.warning("no plug-in offers the event listener %r", order.name)
                continue
            plugin, seconds = self._plugins.plugin_of_part(spec), float(order.options.get("seconds", 0.0))
            host = ListenerHost(spec, plugin, order.own_options, seconds or EventListener.seconds, self._limits)
            host.used_by.append(order.label)
            host.attend(order, self._events, table, leasing)
            self._ordered.append((order, host))

    async def _started(self, order: PartOrder, used_by: str) -> PartHost[Any] | None:
        if (spec := spec_of(self._plugins, order)) is None:
            log.warning("no plug-in offers the %s %r, for %s", order.role, order.name, used_by)
            return None
        kind: type[PartHost[Any]] = _HOSTS.get(order.role, PartHost)
        host = kind(spec, self._plugins.plugin_of_part(spec), order.own_options, self._config.seconds, self._limits)
        host.used_by.append(used_by)
        await host.start()
        if isinstance(host, SourceHost):
            host.share = order.share
            host.follow(self._events)
        return host

    def composition(self, deployment: str) -> Composition | None:
        """What a deployment's answers pass through; None where that is nothing."""
        chosen = [host for order, host in self._ordered if order.deployment in ("", deployment)]
        rerankers = tuple(host for host in chosen if host.spec.role is PartRole.RE_RANKER)
        sources = tuple(host for host in chosen if isinstance(host, SourceHost))
        return Composition(rerankers, sources) if rerankers or sources else None

    @property
    def hosts(self) -> Sequence[PartHost[Any]]:
        """Every part at work."""
        extra = [] if self.diversifier is None else [self.diversifier]
        return [*(host for _, host in self._ordered), *extra, *self.shapers.hosts]

    async def told_of(self, epoch: int) -> list[ToldOf]:
        """Which event listeners have been told of an erasure, all of them asked at once."""
        listeners = [host for host in self.hosts if isinstance(host, ListenerHost)]
        return list(await asyncio.gather(*(host.told_of(epoch) for host in listeners)))

    def stop_listening(self) -> None:
        """Tell the event listeners no more, while it can still be written down how far they were told."""
        for host in self.hosts:
            if isinstance(host, ListenerHost):
                host.stop()

    def stop(self) -> None:
        """Leave all of them alone."""
        for host in self.hosts:
            host.stop()
        self.shapers.stop()
