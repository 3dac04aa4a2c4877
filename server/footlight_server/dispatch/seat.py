"""Where an engine's methods run: on the event loop when they take microseconds, on one thread of its own otherwise.

Either way no two methods of one engine run at the same time, which is what the contract promises to engines.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)


class Seat:
    """The one place where an engine is called from."""

    def __init__(self, name: str, inline: bool) -> None:
        self.inline = inline
        self._executor = None if inline else ThreadPoolExecutor(1, thread_name_prefix=f"engine-{name}")

    async def run(self, work: Callable[[], T]) -> T:
        """Run one piece of work after the ones before it."""
        if self._executor is None:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        """Let the work that runs come to its end, and take no more."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
