"""Small made-up data: people who like one of two kinds of items, in order of time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from footlight_plugins.evaluation import Dataset


@pytest.fixture
def small() -> Dataset:
    """40 people, 30 items, ratings 1 to 5, times; the even people prefer the even items."""
    rng = np.random.default_rng(5)
    rows = [
        (user, item, 1 + (item * 7 + user) % 5, 1_000 * user + place)
        for user in range(40)
        for place, item in enumerate(rng.permutation(np.arange(user % 2, 30, 1 + (user % 5 > 0)))[:12].tolist())
    ]
    user, item, value, time = (np.array(column) for column in zip(*rows, strict=True))
    return Dataset(
        name="small",
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        value=value.astype(np.float64),
        time=time.astype(np.int64) * 1_000_000,
        users=40,
        items=30,
    )


@pytest.fixture
def inter(small: Dataset, tmp_path: Path) -> Path:
    """The same as atomic files, with a catalogue."""
    path = tmp_path / "small.inter"
    assert small.value is not None and small.time is not None
    columns = (small.user + 1, small.item + 1, small.value, small.time // 1_000_000)
    lines = ["\t".join(str(cell) for cell in row) for row in zip(*(c.tolist() for c in columns), strict=True)]
    path.write_text("user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + "\n".join(lines) + "\n")
    items = [f"{i + 1}\tItem {i}\t{'even' if i % 2 == 0 else 'odd'} all\t{i / 2}" for i in range(30)]
    path.with_suffix(".item").write_text(
        "item_id:token\ttitle:token_seq\tgenres:token_seq\tlength:float\n" + "\n".join(items)
    )
    return path
