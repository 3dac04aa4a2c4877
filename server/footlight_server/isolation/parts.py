"""Parts that run in processes of their own, as the rest of the server sees them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import (
    CandidateSource,
    EventListener,
    Events,
    Happening,
    Options,
    PartRole,
    PartSpec,
    Query,
    Ranking,
    ReRanker,
    RewardShaper,
    Shortlist,
    Spaces,
    Transitions,
)
from footlight_plugins.part import Part
from footlight_server.dispatch.limits import Limits
from footlight_server.isolation.process import EngineProcess, order_for_part


class IsolatedPart(Part):
    """What all of them have in common. The process ends with the last reference to this."""

    def __init__(self, process: EngineProcess, traits: Mapping[str, Any]) -> None:
        super().__init__(Options())
        self.process = process
        self.__dict__ |= traits  # what its class says of it
        weakref.finalize(self, process.kill, "it was replaced")

    def _ask(self, method: str, *arguments: Any) -> Any:
        return self.process.ask(method, arguments)


class IsolatedReRanker(IsolatedPart, ReRanker):
    """A re-ranker in a process of its own."""

    def order(self, shortlist: Shortlist) -> NDArray[np.intp]:
        """Choose places."""
        places: NDArray[np.intp] = self._ask("order", shortlist)
        return places


class IsolatedSource(IsolatedPart, CandidateSource):
    """A candidate source in a process of its own."""

    def hear(self, events: Events) -> None:
        """Take in what people did."""
        self._ask("take_in", events)

    def propose(self, query: Query) -> Ranking:
        """Propose items."""
        ranking: Ranking = self._ask("propose", query)
        return ranking


class IsolatedShaper(IsolatedPart, RewardShaper):
    """A reward shaper in a process of its own."""

    def check(self, spaces: Spaces) -> None:
        """Refuse spaces that it cannot take."""
        self._ask("check", spaces)

    def shape(self, steps: Transitions) -> NDArray[np.float64]:
        """Say what is learned from instead of the rewards."""
        rewards: NDArray[np.float64] = self._ask("shape", steps)
        return rewards


class IsolatedListener(IsolatedPart, EventListener):
    """An event listener in a process of its own."""

    def hear(self, happened: Sequence[Happening]) -> Any:
        """Be told of events; what it answers is looked at, because it must not answer anything."""
        return self._ask("take_in", list(happened))

    def forget(self, user: int) -> Any:
        """Be told of an erasure."""
        return self._ask("forget", user)


_PROXIES: Mapping[PartRole, type[IsolatedPart]] = {
    PartRole.RE_RANKER: IsolatedReRanker,
    PartRole.CANDIDATE_SOURCE: IsolatedSource,
    PartRole.REWARD_SHAPER: IsolatedShaper,
    PartRole.EVENT_LISTENER: IsolatedListener,
}


def isolated_part(
    spec: PartSpec,
    options: Mapping[str, Any],
    traits: Iterable[str],
    limits: Limits,
    ended: Callable[[EngineProcess, str], None],
) -> IsolatedPart:
    """A new process with a new part in it, of which some traits are read; it takes seconds, so call it on a thread.

    Raises
    ------
    EngineFault
        When it could not be made.
    """
    process = EngineProcess(order_for_part(spec, options, limits), ended)
    names = list(traits)
    told = dict(zip(names, process.ask("traits", [names]), strict=True))
    return _PROXIES[spec.role](process, {name: tuple(t) if isinstance(t, list) else t for name, t in told.items()})
