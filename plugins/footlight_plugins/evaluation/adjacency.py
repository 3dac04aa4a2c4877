"""Reads the two files of LightGCN's data sets, ``train.txt`` and ``test.txt``: a line for each person, then the items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.evaluation.dataset import DataError, Dataset

Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]


def read_adjacency(folder: Path) -> Dataset:
    """Both files as one dataset that is split already. The order of a person's items is taken as that of time.

    Raises
    ------
    DataError
        When a line is not whole numbers from 0 on, or a file has no items.
    """
    train, test = (_pairs(folder / name) for name in ("train.txt", "test.txt"))
    user, item = (np.concatenate(columns) for columns in zip(train, test, strict=True))
    return Dataset(
        name=folder.name,
        user=user,
        item=item,
        value=None,
        time=None,
        users=int(user.max()) + 1,
        items=int(item.max()) + 1,
        test=np.arange(len(user)) >= len(train[0]),
    )


def _pairs(path: Path) -> Pairs:
    users: list[int] = []
    rows: list[NDArray[np.int32]] = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = np.array(line.split(), np.int32)
        except (ValueError, OverflowError):
            row = np.array([-1], np.int32)
        if row.min() < 0:
            raise DataError(f"{path}, line {number}: expected a person and their items, whole numbers from 0 on")
        users += [int(row[0])] * (len(row) - 1)
        rows.append(row[1:])
    if not users:
        raise DataError(f"{path}: expected at least one person with an item")
    return np.array(users, np.int32), np.concatenate(rows)
