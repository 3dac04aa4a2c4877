"""What a filter costs: to make its mask, to find it again, to take over a put; at the size of MovieLens-20M's catalogue.

In the process, without gRPC. The figures are medians in microseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import numpy as np
from side_by_side import table

from footlight_server.log import Catalogue, Database, Item, Writer
from footlight_server.log.facets import Facets
from footlight_server.log.filtering import ItemFilter, Predicate

GENRES = tuple(f"genre {n}" for n in range(19))


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=26_744)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_measure(Path(folder), options.items, options.rounds))
    print(json.dumps(figures, indent=2) if options.json else table(figures))


async def _measure(folder: Path, count: int, rounds: int) -> dict[str, float]:
    database = Database.open(f"sqlite:///{folder / 'footlight.db'}")
    writer = Writer(database)
    catalogue = Catalogue(database, writer, "default")
    rng = np.random.default_rng(0)
    items = [_item(n, rng) for n in range(count)]
    for start in range(0, count, 10_000):
        await catalogue.put(items[start : start + 10_000])
    facets = Facets(catalogue)
    started = time.perf_counter()
    await facets.index()
    figures = {"index_ms": 1_000 * (time.perf_counter() - started)}
    years = iter(range(10**6))

    def fresh() -> ItemFilter:
        bound = Predicate("year", low=1950.0 + next(years) / 1e4)
        return ItemFilter(("film",), tags_any=GENRES[:3], tags_none=GENRES[5:6], where=(bound,))

    known = fresh()
    await facets.servable(known)

    async def find() -> None:
        await facets.servable(known)

    async def make() -> None:
        await facets.servable(fresh())

    async def put() -> None:
        await catalogue.put([_item(int(rng.integers(count)), rng)])
        await facets.index()

    figures["filter_found_again_us"] = await _timed(find, rounds)
    figures["filter_made_us"] = await _timed(make, rounds)
    figures["item_put_and_indexed_us"] = await _timed(put, min(rounds, 50))
    await writer.close()
    database.close()
    return figures


def _item(n: int, rng: np.random.Generator) -> Item:
    genres = tuple(GENRES[g] for g in sorted(set(rng.integers(len(GENRES), size=2).tolist())))
    return Item(f"i{n}", f"Item {n}", "film", genres, {"year": int(rng.integers(1920, 2020)), "minutes": 90 + n % 60})


async def _timed(work: Callable[[], Awaitable[None]], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        await work()
        times.append(1e6 * (time.perf_counter() - started))
    return median(times)


if __name__ == "__main__":
    main()
