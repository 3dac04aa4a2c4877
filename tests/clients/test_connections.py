"""The Python clients trust whom they are told to trust, and show a token to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.clients import python_runner
from tests.clients.cases import Json, Outcome
from tests.clients.connections import connection_cases, unexpected_connections

from footlight import AsyncClient, Client, Tls

pytestmark = pytest.mark.clients


def told(case: Json) -> dict[str, Any]:
    """What a client is told of where and how to connect."""
    tls = Tls.from_files(**case["tls"]) if "tls" in case else False if "plaintext" in case else None
    return {"token": case.get("token", ""), "tls": tls, "timeout": case.get("timeout_ms", 60_000) / 1000}


def by_the_client(case: Json) -> Outcome:
    try:
        client = Client(case["address"], **told(case))
    except ValueError as refused:
        return Outcome(case["name"], "REFUSED", message=str(refused))
    with client:
        outcome = python_runner.ask(client)(case["call"], case["request"])
    outcome.name = case["name"]
    return outcome


async def by_the_asynchronous(case: Json) -> Outcome:
    try:
        client = AsyncClient(case["address"], **told(case))
    except ValueError as refused:
        return Outcome(case["name"], "REFUSED", message=str(refused))
    async with client:
        outcome = await python_runner.ask_async(client, case["call"], case["request"])
    outcome.name = case["name"]
    return outcome


def test_the_client_trusts_whom_it_is_told_to(guarded_servers: Mapping[str, str]) -> None:
    cases = connection_cases(guarded_servers)
    with ThreadPoolExecutor(len(cases)) as pool:
        outcomes = list(pool.map(by_the_client, cases))
    assert unexpected_connections(outcomes, guarded_servers) == []


async def test_the_asynchronous_client_does_so_too(guarded_servers: Mapping[str, str]) -> None:
    outcomes = await asyncio.gather(*map(by_the_asynchronous, connection_cases(guarded_servers)))
    assert unexpected_connections(outcomes, guarded_servers) == []


def test_a_client_that_comes_through_where_it_must_not_is_noticed(guarded_servers: Mapping[str, str]) -> None:
    name = "a token in plain text to another machine"
    assert f"{name}: OK  came: " in unexpected_connections([Outcome(name)], guarded_servers)
