"""Work that is shared out over the cores: compiled functions let go of the interpreter, so threads will do."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_MOST_THREADS = 8
_WORTH_A_THREAD = 65_536
"""With less to do than so many rows a thread costs more than it saves."""

Range = tuple[int, int]
Outcome = TypeVar("Outcome")


def threads() -> int:
    """How many threads a training takes: one a core, within reason."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(available, _MOST_THREADS)


def even_parts(size: int) -> list[Range]:
    """Consecutive ranges that cover so many rows: one for each thread, or a single one where there is little to do."""
    parts = max(1, min(threads(), size // _WORTH_A_THREAD))
    return list(itertools.pairwise(size * n // parts for n in range(parts + 1)))


def weighed_parts(ends: NDArray[Any]) -> list[Range]:
    """As `even_parts`, of groups of rows that end where ``ends`` says: ranges of groups with about as many rows each."""
    cuts = [0, *(int(np.searchsorted(ends, end)) for _, end in even_parts(int(ends[-1]) if len(ends) else 0))]
    return list(itertools.pairwise([*cuts[:-1], len(ends)]))


def in_parallel(work: Callable[[int], Outcome], parts: int) -> list[Outcome]:
    """Do the work of all parts, each on a thread of its own; a single part is done where we are."""
    if parts == 1:
        return [work(0)]
    with ThreadPoolExecutor(parts) as pool:
        return list(pool.map(work, range(parts)))
