"""The Python clients do what the cases say, and agree with the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from tests.clients import agreement, python_runner
from tests.clients.cases import Outcome, at, filled, load, played

from footlight import AsyncClient, Client

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

Outcomes = Mapping[str, Outcome]


@pytest.fixture(scope="module")
def outcomes(server: Server) -> Outcomes:
    """Of the synchronous client."""
    with Client(server.address) as client:
        return {one.name: one for one in played("run-python", python_runner.ask(client))}


async def outcomes_of_the_asynchronous(address: str) -> Outcomes:
    found, known = {}, {"run": "run-async"}
    async with AsyncClient(address) as client:
        for case in load():
            found[case.name] = one = await python_runner.ask_async(client, case.call, filled(case.request, known))
            if one.status == "OK":
                known |= {name: at(one.answer, path) for name, path in case.keep.items()}
    return found


def test_the_wire_says_what_the_cases_expect(reference: Outcomes) -> None:
    assert agreement.unexpected(reference, "run-wire") == []


def test_the_client_gets_what_the_cases_expect(outcomes: Outcomes) -> None:
    assert agreement.unexpected(outcomes, "run-python") == []


def test_the_client_agrees_with_the_wire(outcomes: Outcomes, reference: Outcomes) -> None:
    assert agreement.disagreements(outcomes, reference, ("run-python", "run-wire")) == []


async def test_the_asynchronous_client_does_the_same(server: Server, outcomes: Outcomes) -> None:
    found = await outcomes_of_the_asynchronous(server.address)
    assert agreement.unexpected(found, "run-async") == []
    assert agreement.disagreements(found, outcomes, ("run-async", "run-python")) == []


def test_a_difference_is_noticed(reference: Outcomes) -> None:
    wrong = dict(reference) | {"an item is replaced": Outcome("an item is replaced", answer={"created_count": 1})}
    assert agreement.unexpected(wrong, "run-wire") == [
        "an item is replaced: answer.updated_count: 1 was expected, 0 came"
    ]
    assert len(agreement.disagreements(wrong, reference, ("run-wire", "run-wire"))) == 1
