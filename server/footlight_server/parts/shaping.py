"""Reward shapers at work: one of each kind and options for all agents of a tenant, asked by the threads of their engines."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from concurrent.futures import TimeoutError as Overdue
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import PartRole, RewardShaper, Spaces, Transitions
from footlight_plugins.loader import Plugins
from footlight_plugins.options import OptionError
from footlight_plugins.parts import PartSpec
from footlight_server.dispatch.faulting import EngineFault, told
from footlight_server.dispatch.limits import Limits
from footlight_server.dispatch.seat import apart
from footlight_server.errors import InvalidArgument
from footlight_server.parts.orders import PartOrder, spec_of
from footlight_server.parts.part_host import PartDown, PartHost

log = logging.getLogger(__name__)

FIELD = "reward_policy.shaper"


@dataclass(frozen=True, slots=True)
class Shaping:
    """How one agent's rewards are shaped."""

    host: PartHost[RewardShaper]
    seconds: float
    """How long the shaper may take over one batch of steps."""
    loop: asyncio.AbstractEventLoop

    def shaped(self, steps: Transitions) -> NDArray[np.float64] | None:
        """What is to be learned from; None where the shaper fails. Waits for its thread: never call it on the event loop."""
        asked = asyncio.run_coroutine_threadsafe(self.host.ask(partial(_shape, steps=_read_only(steps))), self.loop)
        try:
            return asked.result(2 * self.seconds + 1.0)  # the host gives it up before
        except PartDown:
            return None
        except Overdue:
            asked.cancel()
            return None


def _shape(shaper: RewardShaper, steps: Transitions) -> NDArray[np.float64]:
    """What a stranger's shaper makes of the steps, looked at on its own thread."""
    shaped: Any = shaper.shape(steps)
    if not (isinstance(shaped, np.ndarray) and shaped.dtype == np.float64 and shaped.shape == (len(steps),)):
        raise ValueError(f"it answered no float64 array of shape ({len(steps)},)")
    if not np.isfinite(shaped).all():
        raise ValueError("it answered a reward that is not finite")
    return shaped.copy()


def _read_only(steps: Transitions) -> Transitions:
    columns = {one.name: getattr(steps, one.name) for one in fields(steps)}
    views = {name: column.view() for name, column in columns.items() if column is not None}
    for view in views.values():
        view.flags.writeable = False
    return replace(steps, **views)


class Shapers:
    """All reward shapers of one tenant. Everything here runs on the event loop."""

    def __init__(self, plugins: Plugins, seconds: float, limits: Limits) -> None:
        """``seconds``: how long one may take over one batch of steps."""
        self._plugins, self._seconds, self._limits = plugins, seconds, limits
        self._hosts: dict[tuple[str, str], PartHost[RewardShaper]] = {}
        self._starts: set[asyncio.Task[None]] = set()

    @property
    def hosts(self) -> list[PartHost[RewardShaper]]:
        """Those at work."""
        return list(self._hosts.values())

    async def check(self, name: str, options: Mapping[str, Any], spaces: Spaces) -> None:
        """Whether an agent of such spaces can have it.

        Raises
        ------
        InvalidArgument
            When no plug-in offers it, or it takes no such options or spaces, or cannot be made.
        """
        if (spec := self._spec(name)) is None:
            names = ", ".join(one.name for one in self._plugins.parts if one.role is PartRole.REWARD_SHAPER) or "none"
            raise InvalidArgument(f"{FIELD}.name", f"no plug-in offers the reward shaper '{name}'; there are: {names}")
        tried: PartHost[RewardShaper] = PartHost(
            spec, self._plugins.plugin_of_part(spec), options, self._seconds, self._limits
        )
        who = f"reward-shaper {name!r} of plug-in {self._plugins.plugin_of_part(spec)!r}"
        try:
            await apart(who, partial(_try, tried, spaces), self._seconds + 10.0)
        except EngineFault as fault:
            cause = fault.__cause__
            field = f"{FIELD}.options" if isinstance(cause, OptionError) else FIELD
            if not isinstance(cause, ValueError):
                log.error("%s cannot be used: %s", who, told(fault), exc_info=cause)
            raise InvalidArgument(field, told(cause) if isinstance(cause, ValueError) else told(fault)) from fault

    async def shaping(self, name: str, options: Mapping[str, Any], deployment: str) -> Shaping | None:
        """The shaper that an agent names; None where it names none, or it is gone: the rewards are learned as they are."""
        if not name:
            return None
        key = (name, json.dumps(options, sort_keys=True))
        if (host := self._hosts.get(key)) is None:
            if (spec := self._spec(name)) is None:
                log.error("no plug-in offers the reward shaper %r: agents of %r learn bare rewards", name, deployment)
                return None
            plugin = self._plugins.plugin_of_part(spec)
            host = self._hosts[key] = PartHost(spec, plugin, options, self._seconds, self._limits)
            self._starts.add(start := asyncio.create_task(host.start(), name=f"start-{name}"))
            start.add_done_callback(self._starts.discard)
            await asyncio.wait([start], timeout=10 * self._seconds)  # then without it, until it is there
        user = f"agents of {deployment}"
        if user not in host.used_by:
            host.used_by.append(user)
        return Shaping(host, self._seconds, asyncio.get_running_loop())

    def _spec(self, name: str) -> PartSpec | None:
        return spec_of(self._plugins, PartOrder(PartRole.REWARD_SHAPER, name))

    def stop(self) -> None:
        """Leave all of them alone."""
        for task in self._starts:
            task.cancel()
        for host in self._hosts.values():
            host.stop()


def _try(host: PartHost[RewardShaper], spaces: Spaces) -> None:
    shaper, _ = host.born()
    shaper.check(spaces)
