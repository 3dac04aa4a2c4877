"""MovieLens 100K, where it is at hand: real files, through the command line, to real recommendations."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Start

SOME = 5_000  # the first lines: the whole file takes too long for a test


def head(path: Path, count: int, out: Path) -> Path:
    with path.open(encoding="utf-8") as lines, out.open("w", encoding="utf-8") as kept:
        kept.writelines(line for line, _ in zip(lines, range(count + 1), strict=False))
    return out


def test_real_ratings_become_real_recommendations(
    data_dir: Path, tmp_path: Path, server_factory: Start, run_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    server = server_factory()
    ratings = head(data_dir / "ml-100k" / "ml-100k.inter", SOME, tmp_path / "some.inter")
    words = ("import", "--items", data_dir / "ml-100k" / "ml-100k.item", "--events", ratings)
    imported = run_cli(*words, address=server.address)
    assert imported.returncode == 0 and f"{SOME:,} recorded" in imported.stdout, imported.stderr
    server.client.train("item-knn")
    answer = server.client.recommend("196", 10, deployment="item-knn")
    assert len(answer) == 10 and not answer.fallback
    assert all(item.title for item in server.client.get_items(line.item_id for line in answer))
