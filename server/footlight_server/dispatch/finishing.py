"""Work that goes to its end once it was begun, also when the caller leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from footlight_server.dispatch.asking import Asking
from footlight_server.errors import DeadlineExceeded

P = ParamSpec("P")
T = TypeVar("T")


def to_the_end(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Run the coroutine in a task of its own, so that a deadline does not stop it between two writes."""

    @wraps(work)
    async def shielded(*args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.shield(asyncio.create_task(work(*args, **kwargs)))

    return shielded


async def outliving(asking: Asking, work: Coroutine[Any, Any, T]) -> T:
    """Wait for the work as long as the caller does; it goes on, and to its end, when the caller leaves.

    Raises
    ------
    DeadlineExceeded
        When the caller's deadline passes first.
    """
    task = asyncio.create_task(work)
    try:
        async with asyncio.timeout(asking.remaining):
            return await asyncio.shield(task)
    except TimeoutError:
        raise DeadlineExceeded("the deadline passed before the work had been done") from None
    finally:
        task.add_done_callback(_heard)


def _heard(task: asyncio.Task[Any]) -> None:
    """Look at the outcome, so that nobody complains that nobody did."""
    if not task.cancelled():
        task.exception()
