"""Computes all rows of a neighbour table at once, on all cores."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels import neighbour_fit as kernels
from footlight_engines.kernels import ranked_entries
from footlight_engines.kernels.interactions import PEOPLE, Interactions
from footlight_engines.kernels.neighbour_fit import BLOCK, NO_BAR, Lists, Measure, Sums
from footlight_engines.kernels.neighbour_gather import Found, gather_rows
from footlight_engines.kernels.neighbour_rows import finish_rows
from footlight_engines.kernels.neighbours import Table
from footlight_engines.kernels.popular_overlaps import keep_popular
from footlight_engines.kernels.ranked_entries import Ranked
from footlight_engines.recommend.in_parallel import Range, threads
from footlight_plugins import CallEnded, TrainingRun

_CHUNKS = 64
"""In how many chunks of equal cost the rows are computed: enough to share them out evenly and to report progress."""
_HEAD = 8_192
"""At most so many items are counted as bits."""
_WORDS = 6
"""So many words of 64 people are counted in the time of one product."""
_LINE = 8
"""Words in a cache line."""
_SPARSE = 100
"""Rows are computed each by itself where a place in the lists takes fewer products: offers to other lists cost more then."""


def fit_rows(x: Interactions, table: Table, shrinkage: float, run: TrainingRun | None = None) -> None:
    """Fill a table, which must be new, with the best candidates of all items and their bounds.

    Its popular items must be the last ones in the order of popularity; their overlaps are filled in as well.

    Raises
    ------
    CallEnded
        When the run is stopping.
    """
    least, most, bits = ranked_entries.weight_range(x)
    if least > most:
        return  # nobody prefers anything
    unit, counts = least if least == most else bits & -bits, ranked_entries.person_counts(x)
    products = int((counts * (counts - 1)).sum()) // 2
    sparse = least > 0 and products < _SPARSE * table.similarity.size
    with ThreadPoolExecutor(threads()) as pool:
        weights = _Weights(unit, max(abs(least), abs(most)) // abs(unit), least == most)
        ranked = _ranked(x, weights, counts, pool, rests=not sparse)
        trainer = _Trainer(x, ranked, _measure(ranked, table, unit, shrinkage), table)
        if sparse:
            trainer.gather(np.cumsum(counts), pool, run)
            keep_popular(x, table, ranked.item[len(ranked.item) - len(table.popular_overlap) :])
        else:
            trainer.rank(_head(x, ranked, pool), pool, run)
        _each(pool, lambda part: finish_rows(table, part, bool(least < 0), shrinkage), len(table.length))


@dataclass(frozen=True, slots=True)
class _Weights:
    """What weights are counted in, the largest in these units, and whether all are alike."""

    unit: int
    most: int
    alike: bool


class _Trainer:
    """Lets threads take chunks of rows, each with lists and sums of its own, and merges their lists."""

    def __init__(self, x: Interactions, ranked: Ranked, measure: Measure, table: Table) -> None:
        self._x, self._ranked, self._measure, self._table = x, ranked, measure, table
        wide = float(measure.norm.max()) ** 2 / measure.unit >= 2**31  # |c_ij| <= sqrt(n_i n_j)
        self._sum = np.int64 if wide else np.int32

    def gather(self, ends: NDArray[np.int64], pool: ThreadPoolExecutor, run: TrainingRun | None) -> None:
        """Compute each row by itself: for sparse preferences."""
        ranks, lists = len(self._ranked.item), self._lists(self._bars(), True)
        free = [_found(ranks, self._sum) for _ in range(threads())]

        def work(part: Range) -> None:
            found = free.pop()  # there are as many as threads
            gather_rows(self._x, self._ranked, ends, self._measure, lists, found, part)
            free.append(found)

        postings = np.diff(self._ranked.first)
        self._share(work, postings * (int(ends[-1]) // max(len(ends), 1) + 1) + 1_000, pool, run)

    def rank(self, head: NDArray[np.uint64], pool: ThreadPoolExecutor, run: TrainingRun | None) -> None:
        """Compute each pair once, from its less popular item, the head first: for dense preferences."""
        bars = self._bars()
        spaces = [(self._lists(bars, n == 0), self._sums()) for n in range(threads())]
        free = list(spaces)

        def work(ranks: Range) -> None:
            lists, sums = space = free.pop()
            kernels.rank_rows(self._ranked, self._measure, lists, sums, head, ranks, self._table.popular_overlap)
            free.append(space)

        self._share(work, _costs(self._ranked, *head.shape), pool, run)
        first = spaces[0][0]
        for lists, _ in spaces[1:]:
            _each(pool, partial(kernels.merge_lists, first, lists), len(first.size))
        _each(pool, partial(kernels.sort_lists, first), len(first.size))

    def _share(
        self, work: Callable[[Range], None], costs: NDArray[np.int64], pool: ThreadPoolExecutor, run: TrainingRun | None
    ) -> None:
        chunks = _chunks(costs)
        futures = [pool.submit(work, chunk) for chunk in reversed(chunks)]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                if run is not None:
                    run.report(done / len(chunks), done, {"items": float(len(self._ranked.item))})
                    if run.stopping():
                        raise CallEnded("the training was stopped")
        finally:
            for future in futures:
                future.cancel()

    def _bars(self) -> NDArray[np.float32]:
        """The bars of lists with room left."""
        ranks = len(self._ranked.item)
        bars = np.full(ranks + BLOCK, np.inf, np.float32)
        bars[:ranks] = NO_BAR
        return bars

    def _lists(self, bars: NDArray[np.float32], in_place: bool) -> Lists:
        """Lists, in place of the table's rows or beside them."""
        table = self._table
        own = (table.similarity, table.neighbour, table.length)
        apart = (np.empty_like(own[0]), np.empty_like(own[1]), np.zeros_like(own[2]))
        return Lists(*(own if in_place else apart), bars)

    def _sums(self) -> Sums:
        ranks = len(self._ranked.item)
        blocks = ranks // BLOCK + 2
        return Sums(
            np.zeros(ranks + BLOCK, self._sum),
            np.zeros(blocks, np.uint8),
            np.zeros(blocks, np.float32),
            np.empty(ranks),
            np.empty(ranks, np.int32),
        )


def _found(ranks: int, kind: Any) -> Found:
    single = np.empty(ranks, np.float32)
    return Found(
        total=np.zeros(ranks, kind),
        other=np.empty(ranks + 1, np.int32),
        overlap=np.empty(ranks, kind),
        norm=np.empty(ranks, np.float32),
        score=single,
        bits=single.view(np.int32),
        exact=np.empty(ranks),
        ordinal=np.empty(ranks + 1, np.int32),
    )


def _ranked(
    x: Interactions, weights: _Weights, counts: NDArray[np.int64], pool: ThreadPoolExecutor, *, rests: bool
) -> Ranked:
    """The preferences with items ranked by popularity, the least popular first.

    ``counts`` (P,) says how many each person has, ``rests`` whether the rests of people's rows are wanted.
    """
    item = np.argsort(x.item_length, kind="stable").astype(np.int32)
    item = item[np.count_nonzero(x.item_length == 0) :]
    first = np.concatenate([np.zeros(1, np.int64), np.cumsum(x.item_length[item], dtype=np.int64)])
    entries, ends = int(first[-1]), np.cumsum(counts)
    ids: Any = np.uint16 if len(item) < 1 << 16 else np.uint32
    weighted, rest = 0 if weights.alike else entries, entries if rests else 0
    small: Any = np.int8 if weights.most < 1 << 7 else np.int16 if weights.most < 1 << 15 else np.int32
    ranked = Ranked(
        item=item,
        ids=np.empty(entries, ids),
        weights=np.empty(weighted, small),
        first=first,
        rest=np.empty(rest, np.uint32 if entries < 1 << 32 else np.uint64),
        more=np.empty(rest, ids),
        own=np.empty(weighted, small),
    )
    fill, people = ends - counts, int(x.used[PEOPLE])
    _each(pool, lambda part: ranked_entries.rank_entries(x, ranked, fill, part, weights.unit), people, threads())
    if rests:
        _each(pool, lambda part: ranked_entries.measure_rests(x, ranked, ends, part), len(item))
    return ranked


def _head(x: Interactions, ranked: Ranked, pool: ThreadPoolExecutor) -> NDArray[np.uint64]:
    """Who has the most popular items, a bit a person, shape (H, words); H is 0 where weights differ."""
    words = (int(x.used[PEOPLE]) + 63) // 64
    head = _aligned(0 if len(ranked.weights) else _head_size(ranked, words), words)
    tail = len(ranked.item) - len(head)
    _each(pool, lambda part: ranked_entries.mark_head(x, ranked, head, (tail + part[0], tail + part[1])), len(head))
    return head


def _aligned(rows: int, words: int) -> NDArray[np.uint64]:
    """Rows of at least so many words, all 0, that begin with a cache line each: a read across two lines takes longer."""
    words = -(-words // _LINE) * _LINE
    memory = np.zeros(rows * words + _LINE, np.uint64)
    first = -memory.ctypes.data // memory.itemsize % _LINE
    return memory[first : first + rows * words].reshape(rows, words)


def _head_size(ranked: Ranked, words: int) -> int:
    """With how many items counted as bits all pairs take the least time.

    Of each size it says what the pairs within the head take, and what they would have taken as products.
    """
    sizes = np.arange(1, min(_HEAD, len(ranked.item)) + 1)
    saved = np.cumsum(_products(ranked)[::-1][: len(sizes)])
    gained = saved - sizes * (sizes - 1) / 2 * words / _WORDS
    return int(sizes[gained.argmax()]) if len(sizes) and gained.max() > 0 else 0


def _measure(ranked: Ranked, table: Table, unit: int, shrinkage: float) -> Measure:
    norm = np.ones(len(ranked.item) + BLOCK)
    norm[: len(ranked.item)] = table.root[ranked.item]
    return Measure(norm, norm.astype(np.float32), False, shrinkage, unit * unit)


def _costs(ranked: Ranked, head: int, words: int) -> NDArray[np.int64]:
    """About how long each rank takes, in products; shape (R,)."""
    ranks = len(ranked.item)
    costs = _products(ranked) + (ranks - np.arange(ranks)) // 8 + 1_000
    if head:
        costs[-head:] = np.arange(head, 0, -1) * (words // _WORDS + 1) + 1_000
    return costs


def _products(ranked: Ranked) -> NDArray[np.int64]:
    """How many products of two preferences each rank takes; shape (R,)."""
    products: NDArray[np.int64] = np.add.reduceat(ranked.more, ranked.first[:-1], dtype=np.int64)
    return products


def _chunks(costs: NDArray[np.int64]) -> list[Range]:
    """Consecutive ranks in chunks of about equal cost."""
    total = np.cumsum(costs)
    edges = np.searchsorted(total, np.linspace(0, total[-1], _CHUNKS + 1)[1:-1])
    cuts = np.unique(np.concatenate([[0], edges, [len(costs)]])).tolist()
    return list(itertools.pairwise(cuts))


def _each(pool: ThreadPoolExecutor, work: Callable[[Range], None], size: int, parts: int = 16) -> None:
    """Do some work on consecutive parts of a range, on all threads."""
    cuts = np.linspace(0, size, parts + 1).astype(int).tolist()
    done: Iterable[None] = pool.map(work, itertools.pairwise(cuts))
    for _ in done:
        pass
