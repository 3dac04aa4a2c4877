"""The Python clients give their error within the deadline, whatever is at the address, and never hang."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping

from tests.clients import python_runner
from tests.clients.cases import Json, Outcome
from tests.clients.hostile import SECONDS, hostile_cases, unexpected_statuses

from footlight import AsyncClient, Client


def test_the_client_does_not_hang_and_says_what_is_wrong(hostile_servers: Mapping[str, str]) -> None:
    assert unexpected_statuses(by_the_client(hostile_servers)) == []


def asked(case: Json) -> Json:
    """The request with its deadline, where calls have one that is longer than the client's."""
    bounded = {"timeout": case["timeout_ms"] / 1000} if case["call"].startswith("GenerationService/") else {}
    return case["request"] | bounded


def by_the_client(addresses: Mapping[str, str]) -> Iterator[Outcome]:
    for case in hostile_cases(addresses):
        with Client(case["address"], timeout=case["timeout_ms"] / 1000) as client:
            began = time.monotonic()
            outcome = python_runner.ask(client)(case["call"], asked(case))
            assert time.monotonic() - began < 10 * SECONDS, f"{case['name']} hung"
            outcome.name = case["name"]
            yield outcome


async def test_the_asynchronous_client_does_not_either(hostile_servers: Mapping[str, str]) -> None:
    found = await asyncio.gather(*(by_the_asynchronous(case) for case in hostile_cases(hostile_servers)))
    assert unexpected_statuses(found) == []


async def by_the_asynchronous(case: Json) -> Outcome:
    async with AsyncClient(case["address"], timeout=case["timeout_ms"] / 1000) as client:
        async with asyncio.timeout(10 * SECONDS):
            outcome = await python_runner.ask_async(client, case["call"], asked(case))
        outcome.name = case["name"]
        return outcome


def test_a_wrong_status_is_noticed() -> None:
    assert unexpected_statuses([Outcome("slow: RecommendationService/Recommend")])[4] == (
        "slow: RecommendationService/Recommend: OK came: "
    )
