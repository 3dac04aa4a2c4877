"""Reads histories from ``.npz`` files: the items of each person one after the other, in the order of time."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.evaluation.dataset import DataError, Dataset

Arrays = dict[str, NDArray[Any]]

_EXPECTED = (
    "indptr and items (and values, times where there are any), or train_indptr, train_items, test_user and test_item"
)


def read_archive(path: Path, content: bytes) -> Dataset:
    """The rows of an ``.npz`` file.

    ``indptr`` of shape (people + 1,) says where each person's part of ``items`` begins; within it the order is time.
    ``values`` and ``times`` (in seconds since 1970) have the shape of ``items``. A file with ``train_indptr``,
    ``train_items``, ``test_user`` and ``test_item`` is split already.

    Raises
    ------
    DataError
        When arrays are missing or do not fit together.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name]) for name in archive.files}
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as fault:
        raise DataError(f"{path}: expected an .npz file of plain arrays: {fault}") from fault
    if "train_indptr" in arrays:
        return _split_already(path, arrays)
    if "indptr" in arrays and "items" in arrays:
        return _histories(path, arrays)
    raise DataError(f"{path}: expected the arrays {_EXPECTED}; there are {', '.join(arrays) or 'none'}")


def _histories(path: Path, arrays: Arrays) -> Dataset:
    user, item = _rows(path, arrays, "indptr", "items")
    time = _column(path, arrays, "times", len(item))
    return Dataset(
        name=path.name,
        user=user,
        item=item,
        value=_column(path, arrays, "values", len(item)),
        time=None if time is None else np.rint(time * 1e6).astype(np.int64),
        users=_size(arrays, "n_users", len(arrays["indptr"]) - 1),
        items=_size(arrays, "n_items", int(item.max()) + 1),
    )


def _split_already(path: Path, arrays: Arrays) -> Dataset:
    user, item = _rows(path, arrays, "train_indptr", "train_items")
    users, items = (_whole(path, arrays, name) for name in ("test_user", "test_item"))
    if len(users) != len(items):
        raise DataError(f"{path}: expected test_user and test_item of one length, got {len(users)} and {len(items)}")
    test = np.concatenate([np.zeros(len(user), np.bool_), np.ones(len(users), np.bool_)])
    user, item = np.concatenate([user, users]), np.concatenate([item, items])
    return Dataset(
        name=path.name,
        user=user,
        item=item,
        value=None,
        time=None,
        users=_size(arrays, "n_users", int(user.max()) + 1),
        items=_size(arrays, "n_items", int(item.max()) + 1),
        test=test,
    )


def _rows(path: Path, arrays: Arrays, pointers: str, items: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    start, item = _whole(path, arrays, pointers).astype(np.int64), _whole(path, arrays, items)
    if len(start) < 2 or start[0] != 0 or start[-1] != len(item) or (np.diff(start) < 0).any():
        raise DataError(f"{path}: expected {pointers} to ascend from 0 to the length of {items}, {len(item)}")
    if len(item) == 0:
        raise DataError(f"{path}: expected at least one item in {items}")
    return np.repeat(np.arange(len(start) - 1, dtype=np.int32), np.diff(start)), item


def _whole(path: Path, arrays: Arrays, name: str) -> NDArray[np.int32]:
    """A one-dimensional array of whole numbers from 0 on."""
    found = arrays.get(name)
    if found is None or found.ndim != 1 or found.dtype.kind not in "iu":
        raise DataError(f"{path}: expected a one-dimensional array {name} of whole numbers")
    if len(found) and (int(found.min()) < 0 or int(found.max()) > np.iinfo(np.int32).max):
        raise DataError(f"{path}: expected numbers from 0 to 2,147,483,647 in {name}")
    return found.astype(np.int32)


def _column(path: Path, arrays: Arrays, name: str, size: int) -> NDArray[np.float64] | None:
    found = arrays.get(name)
    if found is None:
        return None
    if found.shape != (size,) or found.dtype.kind not in "iuf" or not np.isfinite(found).all():
        raise DataError(f"{path}: expected {size} finite numbers in {name}, as many as there are items")
    return found.astype(np.float64)


def _size(arrays: Arrays, name: str, least: int) -> int:
    """A size that the file names, or the least that fits."""
    named = arrays.get(name)
    return max(least, int(named.reshape(-1)[0])) if named is not None and named.size == 1 else least
