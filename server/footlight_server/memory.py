"""Returns to the system what only the start of a server needed."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from pathlib import Path

COMPILER = "libllvmlite"
"""The library that Numba compiles with. Its code is read to load kernels, a quarter of what a fresh server has in memory,
and then no more until another kernel is loaded."""

_DONT_NEED = 4
"""MADV_DONTNEED of Linux: pages of code are read from the file again when they are needed. What a library holds besides code
stays, even where nobody may write to it: the addresses in it were put in when it was loaded, and are not in the file."""


def hand_back_memory() -> None:
    """Give back what reading the log has freed, and the pages of the compiler's code; where the system knows no such thing,
    nothing."""
    with contextlib.suppress(OSError, AttributeError):
        system = ctypes.CDLL("libc.so.6")
        system.malloc_trim(0)
        for start, size in _code_of(COMPILER):
            system.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), _DONT_NEED)


def _code_of(library: str) -> Iterator[tuple[int, int]]:
    """Where a library's code lies in memory, as address and bytes."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, permissions, *_, path = line.split(maxsplit=5)
        if library in path and permissions.startswith("r-x"):
            start, end = (int(edge, 16) for edge in place.split("-"))
            yield start, end - start
