"""How many CPU threads PyTorch computes with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from footlight_engines.recommend.in_parallel import threads

Part = TypeVar("Part")
Drawn = TypeVar("Drawn")

_ALONE = threading.Lock()
"""Held while content is made, because the number of threads is told to all of PyTorch."""


_HANDS = ThreadPoolExecutor(threads(), "drawing", torch.set_num_threads, (1,))


@contextmanager
def computing_threads(count: int) -> Iterator[None]:
    """Compute with so many CPU threads (0: as before), and put the number back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Make content on one thread, because the number of threads changes how sums round; one maker at a time."""
    with _ALONE, computing_threads(1):
        yield


def drawn_side_by_side(draw: Callable[[Part], Drawn], parts: Sequence[Part], at_once: bool) -> list[Drawn]:
    """Draw each part on one thread, several parts on several threads."""
    with on_one_thread():
        return list(_HANDS.map(draw, parts)) if at_once and len(parts) > 1 else [draw(part) for part in parts]
