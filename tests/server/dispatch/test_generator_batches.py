"""Calls for one generator are made together, and none waits for the sake of others."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import Call, Content, Wish
from footlight_server.dispatch.generator_batches import Batcher

PLAIN = Wish()


class Kitchen:
    """Makes the seeds, a batch at a time, when it is let."""

    def __init__(self, most: int = 16) -> None:
        self.orders: list[list[int]] = []
        self.gate = asyncio.Event()
        self.batcher = Batcher(self.make, most)

    async def make(self, seeds: NDArray[np.int64], wish: Wish, call: Call) -> list[Content]:
        self.orders.append(seeds.tolist())
        await self.gate.wait()
        call.check()
        if -1 in seeds:
            raise ValueError("burnt")
        return [Content("text/plain", f"{seed}{wish.class_name}".encode()) for seed in seeds]

    def order(self, *seeds: int, wish: Wish = PLAIN) -> asyncio.Task[list[Content]]:
        return asyncio.create_task(self.batcher.generate(np.array(seeds), wish, Call()))


def texts(contents: list[Content]) -> list[str]:
    return [content.data.decode() for content in contents]


async def served(kitchen: Kitchen, *orders: asyncio.Task[list[Content]]) -> list[list[str]]:
    for _ in range(3):
        await asyncio.sleep(0)
    kitchen.gate.set()
    return [texts(contents) for contents in await asyncio.gather(*orders)]


async def test_what_waits_makes_up_the_next_batch() -> None:
    kitchen = Kitchen()
    first = kitchen.order(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [kitchen.order(2, 3), kitchen.order(4)]
    assert await served(kitchen, first, *rest) == [["1"], ["2", "3"], ["4"]]
    assert kitchen.orders == [[1], [2, 3, 4]]


async def test_a_batch_holds_no_more_than_it_may() -> None:
    kitchen = Kitchen(most=2)
    orders = [kitchen.order(i) for i in range(5)]
    assert await served(kitchen, *orders) == [[str(i)] for i in range(5)]
    assert max(map(len, kitchen.orders)) == 2


async def test_a_call_that_asks_for_more_is_made_by_itself() -> None:
    kitchen = Kitchen(most=1)
    assert await served(kitchen, kitchen.order(1, 2, 3), kitchen.order(4)) == [["1", "2", "3"], ["4"]]


async def test_other_wishes_are_other_batches() -> None:
    kitchen = Kitchen()
    orders = kitchen.order(1), kitchen.order(2, wish=Wish("b")), kitchen.order(3)
    assert await served(kitchen, *orders) == [["1"], ["2b"], ["3"]]
    assert kitchen.orders == [[1, 3], [2]]


async def test_who_leaves_before_the_turn_is_left_out() -> None:
    kitchen = Kitchen(most=1)
    first, second, third = (kitchen.order(i) for i in range(3))
    await asyncio.sleep(0)
    second.cancel()
    assert await served(kitchen, first, third) == [["0"], ["2"]]
    assert kitchen.orders == [[0], [2]]


async def test_a_fault_is_told_to_everybody_in_the_batch_and_to_nobody_else() -> None:
    kitchen = Kitchen(most=2)
    first, second, third = kitchen.order(1), kitchen.order(-1), kitchen.order(3)
    kitchen.gate.set()
    results = await asyncio.gather(first, second, third, return_exceptions=True)
    assert [isinstance(result, ValueError) for result in results] == [True, True, False]


async def test_the_work_goes_on_after_a_fault() -> None:
    kitchen = Kitchen()
    kitchen.gate.set()
    with pytest.raises(ValueError, match="burnt"):
        await kitchen.order(-1)
    assert texts(await kitchen.order(5)) == ["5"]
