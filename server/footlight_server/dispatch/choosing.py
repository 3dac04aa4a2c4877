"""Lets an agent choose who recommends, and pays it by what people then do."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from footlight_plugins import EventKind
from footlight_plugins.data import PREFERENCES
from footlight_server.agents.sessions import CREDIT
from footlight_server.agents.settings import Settings
from footlight_server.agents.spaces import Numbers, observation_space
from footlight_server.agents.steps import Decided
from footlight_server.dispatch.agent_access import AgentAccess
from footlight_server.dispatch.asking import Asking
from footlight_server.dispatch.moves import WantedMove
from footlight_server.errors import FailedPrecondition, FootlightError
from footlight_server.log.records import AgentRecord, Event

log = logging.getLogger(__name__)

REMEMBERED = 200_000
"""So many of the newest recommendations that agents chose for can be credited; what came before is too old."""

Act = Callable[[Asking, str, WantedMove], Awaitable[Decided]]
Pay = Callable[[Asking, Sequence[tuple[str, str, float]]], Awaitable[list[int]]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who is to recommend, and the decision that said so."""

    deployment: str
    record: AgentRecord
    position: int


class Choosing:
    """One decision of an agent a recommendation; the deployments that cannot answer now are masked."""

    def __init__(self, access: AgentAccess, act: Act, pay: Pay) -> None:
        self._access = access
        self._act = act
        self._pay = pay
        self._credits: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._read: set[int] = set()

    async def choose(self, asking: Asking, agent_id: str, user_id: str) -> Chosen:
        """Ask the agent who is to recommend to a person."""
        record = self._access.record("chooser", agent_id)
        deployments = Settings.of(record.settings).deployments
        if not deployments:
            raise FailedPrecondition(f"agent '{agent_id}' was created without deployments to choose from", "NO_CHOOSER")
        hosts = [self._access.deployments.recommender(name) for name in deployments]
        mask = [host.able or host.asleep for host in hosts]
        if not any(mask):
            raise FailedPrecondition(f"none of the deployments of agent '{agent_id}' can answer now", "NOT_TRAINED")
        move = WantedMove(f"recommend/{uuid.uuid4().hex}", _constant(record), mask, user_id=user_id)
        decided = await self._act(asking, agent_id, move)
        return Chosen(deployments[decided.action], record, decided.position)

    async def remember(self, asking: Asking, chosen: Chosen, recommendation: str) -> None:
        """Write down which recommendation the decision led to, so that it can be paid."""
        await self._access.note(asking, chosen.record, CREDIT, name=recommendation, decision=chosen.position)
        self._add(recommendation, chosen.record.ordinal, chosen.position)

    def _add(self, recommendation: str, agent: int, position: int) -> None:
        self._credits[recommendation] = (agent, position)
        while len(self._credits) > REMEMBERED:
            self._credits.popitem(last=False)

    async def pay(self, asking: Asking, events: Sequence[Event]) -> None:
        """Pay agents for events that were recorded: each once, by the event's id. What fails is paid when the event
        comes again."""
        about = [event for event in events if event.decision_id and event.event_id and _worth(event) is not None]
        if not about:
            return
        try:
            await asyncio.to_thread(self._read_credits)
            rewards = [
                (event.event_id, f"a-{found[0]}-{found[1]}", _worth(event) or 0.0)
                for event in about
                if (found := self._credits.get(event.decision_id)) is not None
            ]
            if rewards:
                await self._pay(asking, rewards)
        except FootlightError as fault:
            log.warning("agents could not be paid for what people did: %s", fault)

    def _read_credits(self) -> None:
        """What other servers, and this one before its start, have written down. Runs on a thread."""
        for record in self._access.agents.all():
            if record.ordinal not in self._read and Settings.of(record.settings).deployments:
                self._read.add(record.ordinal)
                for row in self._access.log.of_kind(record.ordinal, CREDIT)[-REMEMBERED:]:
                    self._add(row.name or "", record.ordinal, row.decision or 0)


def _worth(event: Event) -> float | None:
    if event.kind in PREFERENCES:
        return 1.0
    return 0.0 if event.kind == EventKind.SKIP else None


def _constant(record: AgentRecord) -> object:
    """What a chooser observes: nothing but the person, so the first value of its space."""
    space = observation_space("observation_space", record.spaces["observation"])
    return [1.0] * space.width if isinstance(space, Numbers) else getattr(space, "start", 0)
