"""What is about agents themselves: making and seeing them, who decides, what they would do, going back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from footlight_plugins import Agent, Candidates, Choice, Situation, Verb
from footlight_server.agents.agent_host import AgentHost
from footlight_server.agents.ledger import Entry, entries
from footlight_server.agents.mind import voids
from footlight_server.agents.sessions import MODE, ROLLBACK, SNAPSHOT, Sessions
from footlight_server.agents.settings import Mode, Settings
from footlight_server.agents.spaces import Codec
from footlight_server.dispatch.agent_access import AgentAccess
from footlight_server.dispatch.asking import Asking
from footlight_server.dispatch.engine_options import checked_options, engine_class_of
from footlight_server.dispatch.evaluating import Target, Wanted, columns, evaluated, judged, policy_of, verdict
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.dispatch.finishing import to_the_end
from footlight_server.dispatch.moves import Person, WantedMove, checked_move
from footlight_server.dispatch.seat import apart
from footlight_server.errors import AlreadyExists, FailedPrecondition, FootlightError, InvalidArgument, NotFound
from footlight_server.evaluation.evaluation import Evaluation
from footlight_server.log.records import AgentRecord, AgentRow, now
from footlight_server.log.validation import check_count, check_id, check_number, chosen_seed

log = logging.getLogger(__name__)

MOST_SITUATIONS = 1_000
MOST_ROWS = 10_000
MOST_JUDGED = 1_000_000
DEFAULT_JUDGED = 100_000
REVIEWED = 20_000
"""So many of the newest decisions are looked at to change a mode."""


@dataclass(frozen=True, slots=True)
class View:
    """An agent as it is now."""

    record: AgentRecord
    settings: Settings
    learned_steps: int
    mode: Mode
    position: int


@dataclass(frozen=True, slots=True)
class NewAgent:
    """An agent as asked for; the spaces are plain, see `footlight_server.agents.spaces`."""

    agent_id: str
    deployment: str
    spaces: Mapping[str, Any]
    options: Mapping[str, Any]
    seed: int | None
    settings: Settings


class AgentDesk:
    """Answers what does not move a session."""

    def __init__(self, access: AgentAccess, person: Person) -> None:
        self._access = access
        self._person = person
        self._reviews: dict[str, asyncio.Task[None]] = {}

    async def create(self, asking: Asking, new: NewAgent) -> View:
        """Make an agent that knows nothing yet; one that was made with the same words is answered again."""
        self._access.policy.check(asking, "write")
        check_id("agent_id", new.agent_id)
        new.settings.check()
        seed = chosen_seed("seed", new.seed)
        deployed = self._access.deployments.resolve(new.deployment, Verb.ACT)
        if deployed.spec.converses:
            raise InvalidArgument("deployment", f"'{deployed.name}' is an assistant: talk to it with Converse")
        engine_class = await asyncio.to_thread(engine_class_of, deployed.spec)
        codec = Codec(new.spaces, cast(type[Agent], engine_class))
        if new.settings.deployments and len(new.settings.deployments) != codec.actions:
            raise InvalidArgument("deployments", f"must be one for each of the {codec.actions} actions")
        for i, name in enumerate(new.settings.deployments):
            if self._access.deployments.resolve(name, Verb.RECOMMEND).name != name:
                raise InvalidArgument(f"deployments[{i}]", "must name a deployment of the verb recommend")
        complete = checked_options(engine_class, {**deployed.record.options, **new.options}).model_dump(mode="json")
        record = AgentRecord(new.agent_id, deployed.name, new.spaces, complete, seed, now())
        record = replace(record, settings=new.settings.plain())
        if (reward := new.settings.reward).shaper:
            await self._access.deployments.roster.shapers.check(reward.shaper, reward.shaper_options, codec.spaces)
        await self._try(record)
        try:
            return self._view(await self._insert(record))
        except AlreadyExists:
            there = self._access.agents.get(new.agent_id)
            same = replace(record, create_time=there.create_time, ordinal=there.ordinal)
            if new.seed is None:
                same = replace(same, seed=there.seed)
            if same != there:
                raise
            return self._view(there)

    @to_the_end
    async def _insert(self, record: AgentRecord) -> AgentRecord:
        return self._access.remember(await self._access.agents.insert(record))

    async def _try(self, record: AgentRecord) -> None:
        """Make an engine with these options and spaces, and drop it."""
        host = self._access.keeper.make(record, await self._access.care_of(record))
        try:
            await apart(record.deployment, lambda: host.blank().learned_steps)
        except EngineFault as fault:
            if isinstance(fault.__cause__, ValueError):
                raise InvalidArgument("observation_space", str(fault.__cause__)) from fault
            raise

    def _view(self, record: AgentRecord) -> View:
        settings, rows = Settings.of(record.settings), self._access.log
        modes = self._effective(record, MODE)
        mode = Mode(modes[-1].flag) if modes else settings.mode
        learned, position = rows.learned_steps(record.ordinal), rows.last_position(record.ordinal)
        return View(record, settings, learned, mode, position)

    def _void(self, record: AgentRecord) -> Callable[[int], bool]:
        void = voids(self._access.log.of_kind(record.ordinal, ROLLBACK))
        return lambda position: any(after < position <= upto for after, upto in void)

    def _effective(self, record: AgentRecord, kind: int) -> list[AgentRow]:
        """The rows of a rare kind that no rollback has made void."""
        void = self._void(record)
        return [row for row in self._access.log.of_kind(record.ordinal, kind) if not void(row.position)]

    async def get(self, asking: Asking, agent_id: str) -> View:
        """An agent as it is now."""
        self._access.policy.check(asking, "read")
        record = self._access.record("agent_id", agent_id)
        return await asyncio.to_thread(self._view, record)

    async def list_agents(self, asking: Asking, page_size: int, page_token: str) -> tuple[list[View], str]:
        """One page of agents, newest first."""
        self._access.policy.check(asking, "read")
        return await asyncio.to_thread(self._page, page_size, page_token)

    def _page(self, page_size: int, page_token: str) -> tuple[list[View], str]:
        records, token = self._access.agents.list(page_size, page_token)
        return [self._view(record) for record in records], token

    async def set_mode(self, asking: Asking, agent_id: str, mode: int, force: bool) -> tuple[View, Evaluation | None]:
        """Change who decides; from APPRENTICE to ONLINE only on evidence, unless forced."""
        self._access.policy.check(asking, "write")
        if mode not in Mode._value2member_map_:
            raise InvalidArgument("mode", "must be ONLINE, APPRENTICE, SHADOW, LOG_ONLY or FROZEN")
        record = self._access.record("agent_id", agent_id)
        evaluation = None
        if mode == Mode.ONLINE and not force and (await self.get(asking, agent_id)).mode == Mode.APPRENTICE:
            evaluation = await self._evidence(asking, record)
        await self._access.use(asking, record, lambda host: self._note(host, MODE, flag=mode))
        return await self.get(asking, agent_id), evaluation

    async def _note(self, host: AgentHost, kind: int, **what: Any) -> AgentRow:
        async with host.turn:
            return await host.note(kind, **what)

    async def _evidence(self, asking: Asking, record: AgentRecord) -> Evaluation:
        async def work(host: AgentHost) -> tuple[bool, str, Evaluation | None]:
            wanted = Wanted(Target.RECORDED, most=REVIEWED, confidence=host.settings.promotion.confidence)
            found = await asyncio.to_thread(judged, self._access.log, host, wanted)
            better, why = await asyncio.to_thread(
                verdict, found, host.codec, Mode.APPRENTICE, host.settings.promotion.confidence
            )
            if not better:
                return False, why, None
            target = await policy_of(found, host, Target.RECORDED)
            return True, why, await asyncio.to_thread(evaluated, columns(found, host.codec), target, wanted)

        better, why, evaluation = await self._access.use(asking, record, work)
        if not better or evaluation is None:
            raise FailedPrecondition(
                f"agent '{record.agent_id}' is not known to be better than the baseline: {why}. "
                "Let it learn on, or set `force`",
                "NOT_BETTER_THAN_BASELINE",
            )
        return evaluation

    def review(self, host: AgentHost) -> None:
        """After a decision: look whether to change the mode, beside the calls, when the owner's policy says so."""
        every, sessions = host.settings.promotion.every, host.sessions
        if not every or sessions.since % every or sessions.mode not in (Mode.APPRENTICE, Mode.ONLINE):
            return
        agent_id = host.record.agent_id
        if agent_id not in self._reviews:
            task = asyncio.create_task(self._review(host.record), name=f"review of {agent_id}")
            self._reviews[agent_id] = task
            task.add_done_callback(lambda _: self._reviews.pop(agent_id, None))

    async def _review(self, record: AgentRecord) -> None:
        async def work(host: AgentHost) -> None:
            mode, confidence = host.sessions.mode, host.settings.promotion.confidence
            target = Target.RECORDED if mode == Mode.APPRENTICE else Target.BASELINE
            wanted = Wanted(target, max(0, host.position - REVIEWED), REVIEWED, confidence)
            found = await asyncio.to_thread(judged, self._access.log, host, wanted)
            change, why = await asyncio.to_thread(verdict, found, host.codec, mode, confidence)
            if change and host.sessions.mode == mode:
                other = Mode.ONLINE if mode == Mode.APPRENTICE else Mode.APPRENTICE
                await self._note(host, MODE, flag=int(other))
                log.warning("agent %r is %s from now on: %s", record.agent_id, other.name, why)

        try:
            await self._access.use(Asking(), record, work)
        except FootlightError as fault:
            log.warning("the mode of agent %r could not be looked at: %s", record.agent_id, fault)
        except Exception:
            log.exception("the mode of agent %r could not be looked at", record.agent_id)

    async def policy(
        self, asking: Asking, agent_id: str, wanted: Sequence[WantedMove], exploit: bool
    ) -> tuple[list[Choice], int]:
        """What the agent would do in each situation, or at every observation; and from how many steps it has learned."""
        self._access.policy.check(asking, "read")
        record = self._access.record("agent_id", agent_id)

        async def work(host: AgentHost) -> tuple[list[Choice], int]:
            situations = [self._situation(f"situations[{i}].", one, host) for i, one in enumerate(wanted)]
            exploits = [one.exploit for one in wanted]
            if not wanted:
                situations = _everywhere(host)
                exploits = [exploit] * len(situations)
            async with host.turn:
                return await host.look(situations, exploits), host.learned_steps

        return await self._access.use(asking, record, work)

    def _situation(self, path: str, wanted: WantedMove, host: AgentHost) -> Situation:
        move = checked_move(path, replace(wanted, session_id=wanted.session_id or "-"), host, self._person)
        seen = move.sight.index if move.sight.vector is None else np.frombuffer(move.sight.vector)
        count = host.codec.actions if move.offer is None else move.offer.count
        mask = np.ones(count, np.bool_) if move.mask is None else np.frombuffer(move.mask, np.bool_)
        offered = None
        if move.offer is not None:
            offered = np.frombuffer(move.offer.features).reshape(count, -1)
        return Situation(seen, mask, offered, -1 if move.person is None else move.person)

    async def evaluate(self, asking: Asking, agent_id: str, wanted: Wanted, target_agent: str) -> Evaluation:
        """What a policy would have earned on the agent's log."""
        self._access.policy.check(asking, "read")
        wanted = replace(wanted, most=check_count("max_decisions", wanted.most, DEFAULT_JUDGED, MOST_JUDGED))
        if not 0.5 < wanted.confidence < 1.0:
            raise InvalidArgument("confidence", "must be above 0.5 and below 1")
        check_number("max_weight", wanted.largest, 0.0)
        check_number("after_position", wanted.after, 0)
        record = self._access.record("agent_id", agent_id)
        other = self._access.record("target_agent_id", target_agent) if target_agent else record
        if other.spaces != record.spaces:
            raise InvalidArgument("target_agent_id", "must be an agent with the same spaces")

        async def read(host: AgentHost) -> tuple[list[Entry], AgentHost]:
            await host.settle()
            return await asyncio.to_thread(judged, self._access.log, host, wanted), host

        found, host = await self._access.use(asking, record, read)
        target = await self._access.use(asking, other, lambda judge: policy_of(found, judge, wanted.target))
        return await asyncio.to_thread(evaluated, columns(found, host.codec), target, wanted)

    async def snapshot(self, asking: Asking, agent_id: str, name: str) -> AgentRow:
        """Give the present a name."""
        self._access.policy.check(asking, "write")
        check_id("name", name)
        record = self._access.record("agent_id", agent_id)
        return await self._access.use(asking, record, lambda host: self._note(host, SNAPSHOT, name=name))

    async def snapshots(self, asking: Asking, agent_id: str) -> list[AgentRow]:
        """The snapshots, newest first; of those with one name the newest."""
        self._access.policy.check(asking, "read")
        record = self._access.record("agent_id", agent_id)
        rows = await asyncio.to_thread(self._effective, record, SNAPSHOT)
        newest = {row.name: row for row in rows}
        return sorted(newest.values(), key=lambda row: -row.position)

    async def rollback(self, asking: Asking, agent_id: str, position: int | None, snapshot: str) -> View:
        """Set the agent back to what it knew at a position or a snapshot."""
        self._access.policy.check(asking, "write")
        record = self._access.record("agent_id", agent_id)
        if position is None:
            check_id("snapshot", snapshot)
            named = [row for row in await self.snapshots(asking, agent_id) if row.name == snapshot]
            if not named:
                raise NotFound("snapshot", snapshot)
            position = named[0].position
        target = position

        async def work(host: AgentHost) -> None:
            if not 0 <= target <= host.position:
                raise FailedPrecondition(
                    f"position: the log of agent '{agent_id}' goes from 0 to {host.position}, not to {target}",
                    "NO_SUCH_POSITION",
                )
            await self._note(host, ROLLBACK, decision=target)

        await self._access.use(asking, record, work)
        return await self.get(asking, agent_id)

    def decisions(self, asking: Asking, agent_id: str, after: int) -> tuple[Iterator[Entry], AgentRecord]:
        """The agent's decisions after a position, with what they earned. The iterator reads the log: use it on a thread."""
        self._access.policy.check(asking, "read")
        check_number("after_position", after, 0)
        record = self._access.record("agent_id", agent_id)
        settings = Settings.of(record.settings)
        spec = self._access.deployments.resolve(record.deployment, Verb.ACT).spec
        looks_ahead = bool(getattr(engine_class_of(spec), "looks_ahead", True))
        sessions = Sessions(settings.reward, looks_ahead, settings.mode, everything=True)
        found = entries(self._access.log.read(record.ordinal), sessions, self._void(record))
        return (entry for entry in found if entry.row.position > after), record


def _everywhere(host: AgentHost) -> list[Situation]:
    """Every observation of a finite space, with everything allowed."""
    codec = host.codec
    if codec.count is None or codec.count > MOST_ROWS or isinstance(codec.action, Candidates):
        raise InvalidArgument("situations", f"is required: the observations are not a finite space of {MOST_ROWS:,}")
    everything = np.ones(codec.actions, np.bool_)
    if codec.vectors:
        return [Situation(row, everything) for row in np.eye(codec.count)]
    return [Situation(index, everything) for index in range(codec.count)]
