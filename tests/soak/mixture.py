"""A mixture of calls as a busy house makes them, on several connections at once: python mixture.py ADDRESS CALLS SEED.

Prints one line of JSON: how many calls ended with which status. The requests are small, and drawn from a seed.
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

ITEMS, PEOPLE, SESSIONS, AT_ONCE = 200, 300, 32, 16
AGENT = "walker"
Draw = Callable[[random.Random, int], tuple[str, Any]]


def _recommend(draw: random.Random, _: int) -> tuple[str, Any]:
    request = recommendation_pb2.RecommendRequest(user_id=f"u{draw.randrange(PEOPLE)}", count=draw.randint(1, 20))
    return "RecommendationService/Recommend", request


def _similar(draw: random.Random, _: int) -> tuple[str, Any]:
    request = recommendation_pb2.ListSimilarItemsRequest(item_id=f"i{draw.randrange(ITEMS)}", deployment="item-knn")
    return "RecommendationService/ListSimilarItems", request


def _event(draw: random.Random, number: int) -> tuple[str, Any]:
    event = catalog_pb2.Event(
        event_id=f"e{number}",
        user_id=f"u{draw.randrange(PEOPLE)}",
        item_id=f"i{draw.randrange(ITEMS)}",
        kind=catalog_pb2.EVENT_KIND_PLAY,
    )
    return "CatalogService/RecordEvents", catalog_pb2.RecordEventsRequest(events=[event])


def _get(draw: random.Random, _: int) -> tuple[str, Any]:
    return "CatalogService/GetItem", catalog_pb2.GetItemRequest(item_id=f"i{draw.randrange(ITEMS + 20)}")


def _list(draw: random.Random, _: int) -> tuple[str, Any]:
    return "CatalogService/ListItems", catalog_pb2.ListItemsRequest(page_size=draw.choice((10, 50, -1)))


def _act(draw: random.Random, _: int) -> tuple[str, Any]:
    seen = interaction_pb2.Value(discrete=draw.randrange(16))
    outcome = interaction_pb2.Outcome(reward=draw.random())
    session = f"s{draw.randrange(SESSIONS)}"
    request = interaction_pb2.ActRequest(agent_id=AGENT, session_id=session, observation=seen)
    if draw.random() < 0.8:
        request.outcome.CopyFrom(outcome)
    return "InteractionService/Act", request


def _end(draw: random.Random, _: int) -> tuple[str, Any]:
    session = f"s{draw.randrange(SESSIONS)}"
    reason = interaction_pb2.END_REASON_ABANDONED
    return "InteractionService/EndSession", interaction_pb2.EndSessionRequest(
        agent_id=AGENT, session_id=session, reason=reason
    )


WEIGHTS: dict[Draw, int] = {_recommend: 40, _event: 20, _get: 12, _act: 12, _similar: 8, _list: 4, _end: 4}


async def run(address: str, calls: int, seed: int) -> Counter[str]:
    """Make so many calls; answers how many ended with which status."""
    codes: Counter[str] = Counter()
    numbers = iter(range(seed * calls, (seed + 1) * calls))
    async with grpc.aio.insecure_channel(address, [("grpc.enable_retries", 0)]) as channel:
        await asyncio.gather(
            *(_caller(channel, numbers, random.Random(f"{seed} {one}"), codes) for one in range(AT_ONCE))
        )
    return codes


async def _caller(channel: grpc.aio.Channel, numbers: Iterator[int], draw: random.Random, codes: Counter[str]) -> None:
    kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
    methods: dict[str, Any] = {}
    for number in numbers:
        name, request = draw.choices(kinds, weights)[0](draw, number)
        call = methods.setdefault(name, channel.unary_unary(f"/footlight.v1.{name}"))
        try:
            await call(request.SerializeToString(), timeout=60)
            codes["OK"] += 1
        except grpc.aio.AioRpcError as refused:
            codes[refused.code().name] += 1


def offer(address: str, calls: int, seed: int) -> Counter[str]:
    """Make the calls from a process of its own."""
    command = [sys.executable, __file__, address, str(calls), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Counter(json.loads(done.stdout))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
