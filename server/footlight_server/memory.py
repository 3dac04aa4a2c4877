"""Returns to the system what only the start of a server needed, and what calls have left free.

With the GNU C library each thread that finds the others at the allocator gets an arena of its own, up to eight for each
core, and what is freed there serves only the threads of that arena and is never returned. A call is answered by whichever
threads are at hand, so that all arenas fill with holes as calls come.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

ARENAS = 2
"""So many arenas all threads share. Those that run Python take turns anyhow, and small things are in each thread's cache."""
TRIM_SECONDS = 30.0
"""Between two times that memory is handed back."""

COMPILER = "libllvmlite"
"""The library that Numba compiles with. Its code is read to load kernels, a quarter of what a fresh server has in memory,
and then no more until another kernel is loaded."""

_ARENA_MAX = -8
"""M_ARENA_MAX of the GNU C library."""
_DONT_NEED = 4
"""MADV_DONTNEED of Linux: pages of code are read from the file again when they are needed. What a library holds besides code
stays, even where nobody may write to it: the addresses in it were put in when it was loaded, and are not in the file."""


def hand_back_memory() -> None:
    """Give back pages on which nothing is left, and those of the compiler's code; where the system knows no such thing,
    nothing. It takes milliseconds: call it on a thread."""
    with contextlib.suppress(OSError, AttributeError):
        system = ctypes.CDLL("libc.so.6")
        system.malloc_trim(0)
        for start, size in _code_of(COMPILER):
            system.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), _DONT_NEED)


def share_arenas() -> None:
    """Let threads that begin from now on share few arenas, unless the environment says how many: MALLOC_ARENA_MAX."""
    if "MALLOC_ARENA_MAX" not in os.environ:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").mallopt(_ARENA_MAX, ARENAS)


class Trimming:
    """Hands memory back again and again."""

    def start(self) -> None:
        """Begin, on the event loop."""
        self._task = asyncio.create_task(self._work(), name="trimming")

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(TRIM_SECONDS)
            await asyncio.to_thread(hand_back_memory)

    async def stop(self) -> None:
        """Hand nothing back any more."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


def _code_of(library: str) -> Iterator[tuple[int, int]]:
    """Where a library's code lies in memory, as address and bytes."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, permissions, *_, path = line.split(maxsplit=5)
        if library in path and permissions.startswith("r-x"):
            start, end = (int(edge, 16) for edge in place.split("-"))
            yield start, end - start
