"""Moves and rewards: is the request well formed, was it answered before, what became of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import suppress

from footlight_plugins import Call
from footlight_server.agents.agent_host import AgentHost, Outdated
from footlight_server.agents.mind import LATE, UNKNOWN_DECISION, GivenReward, Gone
from footlight_server.agents.sessions import ABANDONED, ACT, Summary
from footlight_server.agents.spaces import Sight
from footlight_server.agents.steps import Decided, Ending, Move, Stepped
from footlight_server.dispatch.agent_access import AgentAccess
from footlight_server.dispatch.agent_deadlines import Deadlines
from footlight_server.dispatch.agent_desk import AgentDesk
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.choosing import Choosing
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.faulting import AgentDown, EngineFault
from footlight_server.dispatch.moves import (
    Person,
    WantedEnd,
    WantedLog,
    WantedMove,
    check_different,
    check_order,
    checked_end,
    checked_log,
    checked_move,
)
from footlight_server.errors import FailedPrecondition, InvalidArgument, NotFound
from footlight_server.log.agents import AgentTable
from footlight_server.log.leases import LeaseLost
from footlight_server.log.leasing import Leasing
from footlight_server.log.people import People
from footlight_server.log.records import AgentRecord
from footlight_server.log.validation import check_id, check_number
from footlight_server.log.writer import Writer
from footlight_server.models.store import ModelStore

MOST_REWARDS = 10_000
MOST_STEPS = 4_096

_DECISION_ID = re.compile(r"a-(\d{1,9})-(\d{1,18})")


def decision_id(agent: int, position: int) -> str:
    """The name of a decision: where in which agent's log it stands."""
    return f"a-{agent}-{position}"


class Acting:
    """Answers everything that moves agents. What is about agents themselves is at the `desk`."""

    def __init__(
        self,
        deployments: Deployments,
        agents: AgentTable,
        writer: Writer,
        models: ModelStore,
        leasing: Leasing,
        policy: Policy,
        people: People,
    ) -> None:
        self._access = access = AgentAccess(deployments, agents, writer, models, leasing, policy)
        self._policy = policy
        self._person: Person = people.ordinal
        self._deadlines = Deadlines(access)
        self.desk = AgentDesk(access, people.ordinal)
        self.choosing = Choosing(access, self.act, self.reward)
        # Agents that decided for people are replayed without whoever was erased.
        deployments.events.on_forget.append(lambda receipt: access.keeper.forget())

    async def act(self, asking: Asking, agent_id: str, wanted: WantedMove) -> Decided:
        """Tell the outcome of the decision before, learn from it, and decide the next one."""
        self._policy.check(asking, "act")
        record = self._access.record("agent_id", agent_id)
        if (stepped := await self._at_once(asking, record, lambda host: self._act_now(host, wanted))) is not None:
            return stepped.answers[0]
        return await self._access.use(asking, record, lambda host: self._act(host, wanted, asking.call))

    async def _at_once(
        self, asking: Asking, record: AgentRecord, work: Callable[[AgentHost], Stepped | None]
    ) -> Stepped | None:
        """A step that need not wait for its turn, committed; None where it has to go the longer way."""
        if (host := self._access.at_hand(record)) is None:
            return None
        with suppress(LeaseLost, Outdated):  # nothing was written: again, with the newer state
            stepped = self._access.use_now(asking, host, work)
            if stepped is not None and stepped.commit is not None:
                await stepped.committed()
            return stepped
        return None

    def _act_now(self, host: AgentHost, wanted: WantedMove) -> Stepped | None:
        """`_act` where it need not wait for its turn; None where the same request is under way."""
        move = checked_move("", wanted, host, self._person)
        if move.request_id is not None:
            if move.request_id in host.requests:
                return None
            if known := self._access.log.find_requests(host.record.ordinal, [move.request_id]):
                return Stepped([], [host.decided(known[move.request_id])], None)
        check_order("", move, host)
        stepped = host.step_now([], [move])
        self._deadlines.watch(host)
        self.desk.review(host)
        return stepped

    async def _act(self, host: AgentHost, wanted: WantedMove, call: Call) -> Decided:
        move = checked_move("", wanted, host, self._person)
        async with host.turn:
            if move.request_id is not None and (known := await self._answered(host, [move.request_id])):
                return known[move.request_id]
            check_order("", move, host)
            stepped = await host.step([], [move], call)
        self._deadlines.watch(host)
        self.desk.review(host)
        _, answers = await stepped.committed()
        return answers[0]

    async def _answered(self, host: AgentHost, request_ids: Sequence[str]) -> dict[str, Decided]:
        """The answers that these requests were given before."""
        if committing := {host.requests[name] for name in request_ids if name in host.requests}:
            await asyncio.wait(committing)
            host.check()  # where they could not be written, memory is wrong
        rows = self._access.log.find_requests(host.record.ordinal, request_ids)
        return {name: host.decided(row) for name, row in rows.items()}

    async def batch_act(
        self, asking: Asking, agent_id: str, ends: Sequence[WantedEnd], acts: Sequence[WantedMove]
    ) -> tuple[list[Summary], list[Decided]]:
        """One step of many sessions: all of it or nothing."""
        self._policy.check(asking, "act")
        record = self._access.record("agent_id", agent_id)

        async def work(host: AgentHost) -> tuple[list[Summary], list[Decided]]:
            moves = [checked_move(f"acts[{i}].", act, host, self._person) for i, act in enumerate(acts)]
            endings = [checked_end(f"ends[{i}].", end, host) for i, end in enumerate(ends)]
            return await self._batch(host, endings, moves, asking.call)

        return await self._access.use(asking, record, work)

    async def log_actions(self, asking: Asking, agent_id: str, wanted: Sequence[WantedLog]) -> list[Decided]:
        """Record decisions that somebody else made: all of them or none."""
        self._policy.check(asking, "act")
        record = self._access.record("agent_id", agent_id)

        async def work(host: AgentHost) -> list[Decided]:
            moves = [checked_log(f"actions[{i}].", one, host, self._person) for i, one in enumerate(wanted)]
            _, answers = await self._batch(host, [], moves, asking.call, "actions")
            over = [
                Ending(move.session_id, ABANDONED, one.final_reward, Sight(None, None))
                for move, one in zip(moves, wanted, strict=True)
                if one.final_reward is not None
            ]
            if over:
                await self._close(host, over, asking.call)
            return answers

        return await self._access.use(asking, record, work)

    async def _close(self, host: AgentHost, endings: Sequence[Ending], call: Call) -> None:
        async with host.turn:
            going = [end for end in endings if end.session_id in host.sessions.open]
            stepped = await host.step(going, [], call) if going else None
        if stepped is not None:
            await stepped.committed()

    async def _batch(
        self, host: AgentHost, ends: Sequence[Ending], moves: Sequence[Move], call: Call, field: str = "acts"
    ) -> tuple[list[Summary], list[Decided]]:
        check_different([end.session_id for end in ends], "ends")
        check_different([move.session_id for move in moves], field)
        check_different([move.request_id for move in moves if move.request_id], field)
        async with host.turn:
            answered = await self._answered(host, [move.request_id for move in moves if move.request_id])
            known = [answered.get(move.request_id or "") for move in moves]
            self._check_batch(host, ends, moves, known)
            going = [end for end in ends if end.session_id in host.sessions.open]
            before = {end.session_id: host.sessions.ended.get(end.session_id) for end in ends}
            todo = [move for move, answer in zip(moves, known, strict=True) if answer is None]
            stepped = await host.step(going, todo, call) if going or todo else None
        self._deadlines.watch(host)
        self.desk.review(host)
        if stepped is None:
            await host.settle()
        summaries, answers = await stepped.committed() if stepped is not None else ([], [])
        new_answers = iter(answers)
        finished = before | {end.session_id: summary for end, summary in zip(going, summaries, strict=True)}
        summary_of = [finished[end.session_id] for end in ends]
        return [s for s in summary_of if s is not None], [a or next(new_answers) for a in known]

    def _check_batch(
        self, host: AgentHost, ends: Sequence[Ending], moves: Sequence[Move], known: Sequence[Decided | None]
    ) -> None:
        for end in ends:
            if end.session_id not in host.sessions.open and end.session_id not in host.sessions.ended:
                raise NotFound("session", end.session_id)
        ending = {end.session_id for end in ends}
        for index, (move, answer) in enumerate(zip(moves, known, strict=True)):
            if answer is None and move.session_id not in ending:
                check_order(f"acts[{index}].", move, host)
            elif answer is None and move.reward is not None:
                raise FailedPrecondition(f"acts[{index}].outcome: session '{move.session_id}' ends in this call")

    async def end_session(self, asking: Asking, agent_id: str, wanted: WantedEnd) -> Summary:
        """Tell the outcome of the last decision and close the session."""
        self._policy.check(asking, "act")
        record = self._access.record("agent_id", agent_id)
        if (stepped := await self._at_once(asking, record, lambda host: self._end_now(host, wanted))) is not None:
            return stepped.summaries[0]
        return await self._access.use(asking, record, lambda host: self._end(host, wanted, asking.call))

    def _end_now(self, host: AgentHost, wanted: WantedEnd) -> Stepped | None:
        """`_end` where it need not wait for its turn; None where the session is not open."""
        ending = checked_end("", wanted, host)
        return host.step_now([ending], []) if ending.session_id in host.sessions.open else None

    async def _end(self, host: AgentHost, wanted: WantedEnd, call: Call) -> Summary:
        ending = checked_end("", wanted, host)
        async with host.turn:
            summary = host.sessions.ended.get(ending.session_id)
            going = ending.session_id in host.sessions.open
            stepped = await host.step([ending], [], call) if going else None
        if stepped is not None:
            return (await stepped.committed())[0][0]
        if summary is None:
            raise NotFound("session", ending.session_id)
        await host.settle()
        return summary

    async def reward(self, asking: Asking, rewards: Sequence[tuple[str, str, float]]) -> list[int]:
        """Add rewards, each (reward id, decision id, value), and say what became of each."""
        self._policy.check(asking, "act")
        for index, (reward_id, decision, value) in enumerate(rewards):
            check_id(f"rewards[{index}].reward_id", reward_id)
            check_id(f"rewards[{index}].decision_id", decision)
            check_number(f"rewards[{index}].value", value)
        statuses = [UNKNOWN_DECISION] * len(rewards)
        faults: list[Exception] = []
        for agent, places in self._by_agent([decision for _, decision, _ in rewards]).items():
            given = [GivenReward(position, rewards[i][0], rewards[i][2]) for i, position in places]
            try:  # an agent that is out of order does not stop the rewards of the others
                found = await self._reward_agent(asking, agent, given)
            except (AgentDown, EngineFault) as fault:
                faults.append(fault)
                continue
            for (i, _), status in zip(places, found, strict=True):
                statuses[i] = status
        if faults:  # those of other agents are recorded; sent again, they are duplicates
            raise faults[0]
        return statuses

    def _by_agent(self, decisions: Sequence[str]) -> dict[int, list[tuple[int, int]]]:
        """Of each agent the places in the request, and the positions in its log; what names no agent is left out."""
        found: dict[int, list[tuple[int, int]]] = {}
        for i, decision in enumerate(decisions):
            match = _DECISION_ID.fullmatch(decision)
            if match is not None and self._access.numbered(int(match[1])) is not None:
                found.setdefault(int(match[1]), []).append((i, int(match[2])))
        return found

    async def _reward_agent(self, asking: Asking, agent: int, given: Sequence[GivenReward]) -> list[int]:
        record = self._access.numbered(agent)
        assert record is not None
        return await self._access.use(asking, record, lambda host: self._add(host, given))

    async def _add(self, host: AgentHost, given: Sequence[GivenReward]) -> list[int]:
        async with host.turn:
            await host.close_overdue()
            gone: Gone = {}
            last = host.position
            closed = [one for one in given if one.position <= last and _is_only_in_log(host, one.position)]
            if closed:
                await host.settle()  # the same rewards may be on their way
                known = await asyncio.to_thread(self._look_up, host.record.ordinal, closed, gone)
                strange = {one.position for one in closed} - known
                given = [_unknown(one) if one.position in strange else one for one in given]
            there = [one for one in given if one.position <= last]
            statuses, commit = await host.reward(there, gone) if there else ([], None)
        await (asyncio.shield(commit) if commit is not None else host.settle())
        each = iter(statuses)
        return [next(each) if one.position <= last else UNKNOWN_DECISION for one in given]

    def _look_up(self, agent: int, closed: Sequence[GivenReward], gone: Gone) -> set[int]:
        """Which of the positions hold a decision; ``gone`` gets what the log has of these rewards."""
        rows = {position: self._access.log.find(agent, position) for position in {one.position for one in closed}}
        for one in closed:
            row = self._access.log.find_reward(agent, one.position, one.reward_id)
            gone[one.position, one.reward_id] = None if row is None else row.reward
        return {position for position, row in rows.items() if row is not None and row.kind == ACT}

    async def activate(self, asking: Asking, decisions: Sequence[str]) -> list[int]:
        """Let deferred decisions count from now on, and say what became of each."""
        self._policy.check(asking, "act")
        if not 1 <= len(decisions) <= MOST_REWARDS:
            raise InvalidArgument("decision_ids", f"must be 1 to {MOST_REWARDS:,}, not {len(decisions):,}")
        for index, decision in enumerate(decisions):
            check_id(f"decision_ids[{index}]", decision)
        statuses = [UNKNOWN_DECISION] * len(decisions)
        for agent, places in self._by_agent(decisions).items():
            record = self._access.numbered(agent)
            assert record is not None
            positions = [position for _, position in places]
            found = await self._access.use(asking, record, lambda host, p=positions: self._activate(host, p))  # type: ignore[misc]
            for (i, _), status in zip(places, found, strict=True):
                statuses[i] = status
        return statuses

    async def _activate(self, host: AgentHost, positions: Sequence[int]) -> list[int]:
        async with host.turn:
            statuses, commit = await host.activate(positions)
        self._deadlines.watch(host)
        await (asyncio.shield(commit) if commit is not None else host.settle())
        return [self._closed(host, p) if s is None else s for p, s in zip(positions, statuses, strict=True)]

    def _closed(self, host: AgentHost, position: int) -> int:
        row = self._access.log.find(host.record.ordinal, position)
        return LATE if row is not None and row.kind == ACT else UNKNOWN_DECISION

    def uses(self, deployment: str) -> bool:
        """Whether an agent uses this deployment."""
        return self._access.agents.any_of(deployment)

    async def stop(self) -> None:
        """Store every agent's state, so that the next start has little to replay."""
        await self._deadlines.stop()
        await self._access.keeper.stop()


def _is_only_in_log(host: AgentHost, position: int) -> bool:
    """Whether memory may not have all rewards of a decision: it is closed, or was open when a rollback undid some."""
    return position <= host.undone or host.sessions.of_decision(position) is None


def _unknown(one: GivenReward) -> GivenReward:
    return GivenReward(one.position, one.reward_id, one.value, known=False)
