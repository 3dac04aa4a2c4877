"""A mixture of calls as a busy house makes them, on several connections at once: python mixture.py ADDRESS CALLS SEED.

Prints one line of JSON: how many calls ended with which status, those apart that did not end as they should. The
requests are small, and drawn from a seed; a few are wrong on purpose.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from footlight.v1 import catalog_pb2, interaction_pb2, recommendation_pb2

ITEMS, PEOPLE, MET, SESSIONS, AT_ONCE = 200, 300, 100, 2, 16
"""Each person meets the same half of the items again and again, so that what is known of people does not grow. Each of the
callers has its own sessions with the agent, because the moves of a session follow upon each other."""
AGENT = "walker"
Asked = tuple[str, Any, str]
"""The method, the request, and the status that it should get."""


def met(person: int) -> list[int]:
    """The items that a person meets."""
    return [(person * 7 + number) % ITEMS for number in range(MET)]


class Caller:
    """Draws what one caller asks."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._sessions = [f"s{seed}-{number}" for number in range(SESSIONS)]
        self._open: set[str] = set()
        self._begun: set[str] = set()
        self._kinds: dict[Callable[[int], Asked], int] = {
            self._recommend: 40,
            self._event: 20,
            self._get: 12,
            self._act: 12,
            self._similar: 8,
            self._list: 4,
            self._end: 4,
        }

    def ask(self, number: int) -> Asked:
        """The next call; ``number`` is its own."""
        kind = self._random.choices(list(self._kinds), list(self._kinds.values()))[0]
        return kind(number)

    def _recommend(self, _: int) -> Asked:
        user_id, count = f"u{self._random.randrange(PEOPLE)}", self._random.randint(1, 20)
        request = recommendation_pb2.RecommendRequest(user_id=user_id, count=count)
        return "RecommendationService/Recommend", request, "OK"

    def _similar(self, _: int) -> Asked:
        item_id = f"i{self._random.randrange(ITEMS)}"
        request = recommendation_pb2.ListSimilarItemsRequest(item_id=item_id, deployment="item-knn")
        return "RecommendationService/ListSimilarItems", request, "OK"

    def _event(self, number: int) -> Asked:
        person = self._random.randrange(PEOPLE)
        event = catalog_pb2.Event(
            event_id=f"e{number}",
            user_id=f"u{person}",
            item_id=f"i{self._random.choice(met(person))}",
            kind=catalog_pb2.EVENT_KIND_PLAY,
        )
        return "CatalogService/RecordEvents", catalog_pb2.RecordEventsRequest(events=[event]), "OK"

    def _get(self, _: int) -> Asked:
        """An item; one of eleven is none."""
        item = self._random.randrange(ITEMS + 20)
        status = "OK" if item < ITEMS else "NOT_FOUND"
        return "CatalogService/GetItem", catalog_pb2.GetItemRequest(item_id=f"i{item}"), status

    def _list(self, _: int) -> Asked:
        """A page; one of three has a length that there is not."""
        size = self._random.choice((10, 50, -1))
        status = "OK" if size > 0 else "INVALID_ARGUMENT"
        return "CatalogService/ListItems", catalog_pb2.ListItemsRequest(page_size=size), status

    def _act(self, _: int) -> Asked:
        """A move; what the one before it brought comes along in four of five cases."""
        session = self._random.choice(self._sessions)
        seen = interaction_pb2.Value(discrete=self._random.randrange(16))
        request = interaction_pb2.ActRequest(agent_id=AGENT, session_id=session, observation=seen)
        if session in self._open and self._random.random() < 0.8:
            request.outcome.reward = self._random.random()
        self._open.add(session)
        self._begun.add(session)
        return "InteractionService/Act", request, "OK"

    def _end(self, _: int) -> Asked:
        """The end of a session. To end it again is no error; there may be none yet."""
        session, reason = self._random.choice(self._sessions), interaction_pb2.END_REASON_ABANDONED
        status = "OK" if session in self._begun else "NOT_FOUND"
        self._open.discard(session)
        request = interaction_pb2.EndSessionRequest(agent_id=AGENT, session_id=session, reason=reason)
        return "InteractionService/EndSession", request, status


async def run(address: str, calls: int, seed: int) -> Counter[str]:
    """Make so many calls; answers how many ended with which status."""
    codes: Counter[str] = Counter()
    numbers = iter(range(seed * calls, (seed + 1) * calls))
    async with grpc.aio.insecure_channel(address, [("grpc.enable_retries", 0)]) as channel:
        await asyncio.gather(*(_call(channel, numbers, Caller(f"{seed}-{one}"), codes) for one in range(AT_ONCE)))
    return codes


async def _call(channel: grpc.aio.Channel, numbers: Iterator[int], caller: Caller, codes: Counter[str]) -> None:
    methods: dict[str, Any] = {}
    for number in numbers:
        name, request, expected = caller.ask(number)
        call = methods.setdefault(name, channel.unary_unary(f"/footlight.v1.{name}"))
        code = "OK"
        try:
            await call(request.SerializeToString(), timeout=60)
        except grpc.aio.AioRpcError as refused:
            code = refused.code().name
        codes[code if code == expected else f"{name}: {code} instead of {expected}"] += 1


def offer(address: str, calls: int, seed: int) -> Counter[str]:
    """Make the calls from a process of its own."""
    command = [sys.executable, __file__, address, str(calls), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Counter(json.loads(done.stdout))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
