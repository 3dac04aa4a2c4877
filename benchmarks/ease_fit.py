"""The inverse that EASE needs: numpy's `inv`, and the inversion by blocks, one after the other in every round.

python benchmarks/ease_fit.py --items 1682 3416 --rounds 5 --json ease_fit.json
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from footlight_engines.recommend.spd_inverse import invert


def gram(items: int, people: int = 6_040, density: float = 0.05) -> NDArray[np.float64]:
    """X^T X + 300 I of random likes, shape (items, items)."""
    x = (np.random.default_rng(0).random((people, items)) < density).astype(np.float64)
    return np.asarray(x.T @ x + 300.0 * np.eye(items))


def compare(items: int, rounds: int) -> dict[str, float]:
    """The least seconds of each, and how far the two inverses lie apart."""
    matrix, by_numpy, by_blocks = gram(items), [], []
    apart = 0.0
    for _ in range(rounds):
        start = time.perf_counter()
        expected = np.linalg.inv(matrix)
        by_numpy.append(time.perf_counter() - start)
        mine = matrix.copy()
        start = time.perf_counter()
        invert(mine)
        by_blocks.append(time.perf_counter() - start)
        apart = float(np.abs(mine - expected).max())
    numpy_seconds, seconds = min(by_numpy), min(by_blocks)
    return {"items": items, "numpy": numpy_seconds, "blocks": seconds, "ratio": numpy_seconds / seconds, "apart": apart}


def main() -> None:
    """Print a table, and write JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[1_682, 3_416])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    rows = [compare(items, chosen.rounds) for items in chosen.items]
    print(f"{'items':>7} {'numpy inv':>10} {'blocks':>10} {'ratio':>6} {'apart':>9}")
    for row in rows:
        print(
            f"{row['items']:>7} {row['numpy']:>9.3f}s {row['blocks']:>9.3f}s {row['ratio']:>6.2f} {row['apart']:>9.1e}"
        )
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
