"""Turns of conversations: who answers, what is decided, what is remembered."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from footlight_plugins import Heard, Reply, Turn, Verb
from footlight_server.agents.settings import Settings
from footlight_server.dispatch import talking
from footlight_server.dispatch.acting import Acting, decision_id
from footlight_server.dispatch.agent_desk import NewAgent
from footlight_server.dispatch.asking import Asking, Policy, trusted
from footlight_server.dispatch.deployments import Deployed, Deployments
from footlight_server.dispatch.finishing import outliving
from footlight_server.dispatch.moves import WantedEnd, WantedMove
from footlight_server.dispatch.talker_host import TalkerHost
from footlight_server.dispatch.tasting import Tasting
from footlight_server.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.conversations import ConversationTable, TurnRecord
from footlight_server.log.records import now
from footlight_server.log.validation import check_count, check_id
from footlight_server.models.store import ModelStore

LONGEST_TEXT = 4_096
MOST_ITEMS = 20
ABANDONED = 3
"""Why a conversation ends; the number is that of the wire."""


@dataclass(frozen=True, slots=True)
class WantedTurn:
    """One Converse as asked for."""

    conversation_id: str
    text: str
    user_id: str = ""
    deployment: str = ""
    recommender: str = ""
    count: int = 0
    """0: three, or as many as the person asks for."""
    request_id: str = ""
    most: int = MOST_ITEMS
    """So many items at most."""


class Conversing:
    """Answers Converse and EndConversation."""

    def __init__(
        self,
        deployments: Deployments,
        acting: Acting,
        tasting: Tasting,
        table: ConversationTable,
        catalogue: Catalogue,
        models: ModelStore,
        policy: Policy,
    ) -> None:
        self._deployments = deployments
        self._acting = acting
        self._tasting = tasting
        self._table = table
        self._catalogue = catalogue
        self._models = models
        self._policy = policy
        self._hosts: dict[str, TalkerHost] = {}
        self._agents: set[str] = set()
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def converse(self, asking: Asking, wanted: WantedTurn) -> TurnRecord:
        """Answer one turn, durably."""
        self._policy.check(asking, "act")
        wanted = _checked(wanted)
        deployed = self._resolve(wanted.deployment)
        host = self._host(deployed)
        with host.admission.enter(asking):
            return await outliving(asking, self._in_turn(asking, host, wanted))

    async def end(self, asking: Asking, conversation_id: str, deployment: str) -> int:
        """Forget a conversation; answers how many turns it had."""
        self._policy.check(asking, "act")
        check_id("conversation_id", conversation_id)
        name = self._resolve(deployment).name
        last = await asyncio.to_thread(self._table.last, name, conversation_id)
        if last is not None and last.decision_id:
            end = WantedEnd(_session(last.memory), ABANDONED)
            await self._acting.end_session(asking, agent_of(name), end)
        return await self._table.end(name, conversation_id)

    async def expire(self, asking: Asking, deployment: str, conversation_id: str, before: int) -> int:
        """Forget a conversation unless it had a turn since ``before``; answers how many turns it had."""
        async with self._locks.setdefault((deployment, conversation_id), asyncio.Lock()):
            last = await asyncio.to_thread(self._table.last, deployment, conversation_id)
            turns = await self._table.end(deployment, conversation_id, before)
        if turns and last is not None and last.decision_id:
            with suppress(NotFound):  # the agent has forgotten the session, or never had it
                end = WantedEnd(_session(last.memory), ABANDONED)
                await self._acting.end_session(asking, agent_of(deployment), end)
        return turns

    def _resolve(self, name: str) -> Deployed:
        if name:
            deployed = self._deployments.resolve(name, Verb.ACT)
            if not deployed.spec.converses:
                raise InvalidArgument("deployment", f"'{name}' decides moves, it does not converse")
            return deployed
        able = [deployed for deployed in self._deployments if deployed.spec.converses]
        if not able:
            raise FailedPrecondition("no engine that converses is installed", reason="NO_ENGINE")
        return max(able, key=lambda deployed: deployed.spec.rank)

    def _host(self, deployed: Deployed) -> TalkerHost:
        host = self._hosts.get(deployed.name)
        if host is None or host.deployed is not deployed:  # it was deleted since, and made again
            limits = self._deployments.limits
            host = self._hosts[deployed.name] = TalkerHost(deployed, limits, self._catalogue, self._models)
        return host

    async def _in_turn(self, asking: Asking, host: TalkerHost, wanted: WantedTurn) -> TurnRecord:
        """One turn of a conversation after the other."""
        async with self._locks.setdefault((host.name, wanted.conversation_id), asyncio.Lock()):
            return await self._turn(asking, host, wanted)

    async def _turn(self, asking: Asking, host: TalkerHost, wanted: WantedTurn) -> TurnRecord:
        if wanted.request_id:
            request = (host.name, wanted.conversation_id, wanted.request_id)
            if (done := await asyncio.to_thread(self._table.requested, *request)) is not None:
                return done
        await host.ready(asking.remaining * 0.9)
        before = await asyncio.to_thread(self._table.last, host.name, wanted.conversation_id)
        turn = await self._asked(asking, wanted, before)
        heard = await host.ask(partial(talking.hear, turn=turn), asking.call)
        number = 1 if before is None else before.turn + 1
        record = self._begun(host.name, wanted, before, number)
        await self._reward(asking, record, heard)
        act = 0
        decided: dict[str, Any] = {}
        if heard.mask is not None:
            act, decided = await self._decide(asking, host, (record, heard))
            record = replace(record, decision_id=decided["decision_id"])
        reply = await host.ask(partial(talking.reply, turn=turn, heard=heard, act=act), asking.call)
        memory = {**record.memory, "talk": reply.memory}
        record = replace(record, answer={**self._answer(heard, reply), **decided}, memory=memory)
        await self._table.append(record)
        return record

    async def _asked(self, asking: Asking, wanted: WantedTurn, before: TurnRecord | None) -> Turn:
        scores = await self._tasting.scores(asking, wanted.user_id, wanted.recommender)
        memory = {} if before is None else before.memory["talk"]
        return Turn(wanted.text, memory, self._catalogue.servable, scores, wanted.count, now(), wanted.most)

    def _begun(self, name: str, wanted: WantedTurn, before: TurnRecord | None, number: int) -> TurnRecord:
        """The turn as far as it is known; ``memory`` holds a name of its own for the session of the agent."""
        session = secrets.token_hex(12) if before is None else _session(before.memory)
        request, decision = wanted.request_id or None, "" if before is None else before.decision_id
        where = (name, wanted.conversation_id, number, wanted.user_id, request, decision, wanted.text)
        return TurnRecord(*where, {}, {"session": session}, now())

    async def _reward(self, asking: Asking, record: TurnRecord, heard: Heard) -> None:
        """Tell the agent what the text says of its last decision; counted once, whatever becomes of this call."""
        if heard.reward is not None and record.decision_id:
            await self._acting.reward(asking, [(f"turn-{record.turn}", record.decision_id, heard.reward)])

    async def _decide(
        self, asking: Asking, host: TalkerHost, turn: tuple[TurnRecord, Heard]
    ) -> tuple[int, dict[str, Any]]:
        record, heard = turn
        assert heard.mask is not None
        await self._make_agent(asking, host)
        session = _session(record.memory)
        request = hashlib.blake2b(f"{session}/{record.turn}/{record.said}".encode(), digest_size=16).hexdigest()
        mask = [bool(allowed) for allowed in heard.mask]
        move = WantedMove(session, int(heard.observation), mask, request_id=request, user_id=record.user_id)
        answer = await self._acting.act(asking, agent_of(host.name), move)
        name_of_it = decision_id(answer.agent, answer.position)
        decided = {"decision_id": name_of_it, "distribution": answer.distribution.tolist()}
        return answer.action, decided | {"propensity": answer.propensity}

    async def _make_agent(self, asking: Asking, host: TalkerHost) -> None:
        """The agent that decides for a deployment, made where it is not there yet."""
        name, engine = host.name, host.engine
        if name in self._agents:
            return
        if engine is None:
            raise host.care.down()
        desk, asking = self._acting.desk, trusted(asking)  # whoever converses need not be allowed to make agents
        try:
            await desk.get(asking, agent_of(name))
        except NotFound:
            spaces = {
                "observation": {"discrete": {"n": engine.observations}},
                "action": {"discrete": {"n": len(engine.acts)}},
            }
            with suppress(AlreadyExists):  # another server was faster
                await desk.create(asking, NewAgent(agent_of(name), engine.policy, spaces, {}, None, Settings()))
        self._agents.add(name)

    def _answer(self, heard: Heard, reply: Reply) -> dict[str, Any]:
        """The reply as it is written down, items by name: an item may be deleted later."""
        ids = self._catalogue.ids
        return {
            "text": reply.text,
            "language": reply.language,
            "act": reply.act,
            "intent": heard.intent,
            "notes": list(reply.notes),
            "reward": None if heard.reward is None else float(heard.reward),
            "slots": [[s.name, s.value, s.wanted, ids[s.item] if s.item >= 0 else ""] for s in heard.slots],
            "items": [[ids[one.item], one.title, float(one.score), list(one.reasons)] for one in reply.items],
        }

    async def stop(self) -> None:
        """Let go of the engines."""
        for host in self._hosts.values():
            await host.stop()


def agent_of(deployment: str) -> str:
    """The agent that decides for a deployment that converses."""
    return f"talk/{deployment}"


def _session(memory: Mapping[str, Any]) -> str:
    return str(memory["session"])


def _checked(wanted: WantedTurn) -> WantedTurn:
    check_id("conversation_id", wanted.conversation_id)
    if wanted.user_id:
        check_id("user_id", wanted.user_id)
    if wanted.request_id:
        check_id("request_id", wanted.request_id)
    _check_said(wanted.text)
    most = wanted.count or MOST_ITEMS  # a caller who says a number has room for no more
    return replace(wanted, count=check_count("count", wanted.count, 3, MOST_ITEMS), most=most)


def _check_said(text: str) -> None:
    if not text.strip():
        raise InvalidArgument("text", "must not be empty")
    if len(text) > LONGEST_TEXT:
        raise InvalidArgument("text", f"must have at most {LONGEST_TEXT:,} characters, not {len(text):,}")
    if any((ord(c) < 32 and c not in "\t\n\r") or 127 <= ord(c) < 160 for c in text):
        raise InvalidArgument("text", "must not hold control characters other than tab and line breaks")
