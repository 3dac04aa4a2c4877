"""Reads any ratings file, or the one in a folder, with what lies beside it about the items."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from footlight_plugins.evaluation.adjacency import read_adjacency
from footlight_plugins.evaluation.archives import read_archive
from footlight_plugins.evaluation.catalogue import catalogue_beside, read_catalogue
from footlight_plugins.evaluation.dataset import DataError, Dataset
from footlight_plugins.evaluation.delimited import read_delimited
from footlight_plugins.evaluation.exported import read_exported
from footlight_plugins.evaluation.progress import Progress, quiet

_KNOWN = ("*.inter", "ratings.dat", "u.data", "ratings.csv", "events.csv", "events.jsonl", "*.npz")
"""What is looked for in a folder, in this order; then a single .csv, .tsv or .txt file."""
_SPLIT = ("train.txt", "test.txt")
"""A folder with both is one of LightGCN's."""


def read_dataset(path: Path | str, progress: Progress = quiet) -> Dataset:
    """The rows of a file, or of the one ratings file in a folder, and the catalogue beside it.

    Text files: CSV, TSV, RecBole's atomic ``.inter`` with ``.item``, MovieLens (``u.data``, ``ratings.dat``,
    ``ratings.csv``), rows of numbers without a header, or the JSON lines of ``footlight export``. Archives: ``.npz`` with
    ``indptr`` and ``items``. Folders with ``train.txt`` and ``test.txt``: LightGCN's.

    Raises
    ------
    DataError
        When there is no such file, or it cannot be used.
    """
    if all((Path(path) / name).is_file() for name in _SPLIT):
        return _split_already(Path(path))
    file = _file(Path(path))
    content = file.read_bytes()
    match file.suffix:
        case ".npz":
            data = read_archive(file, content)
        case ".jsonl":
            data = read_exported(file, content)
        case _:
            data = read_delimited(file, content, progress)
    facts = {"file": str(file), "sha256": hashlib.sha256(content).hexdigest()}
    data = replace(_shuffled(data), facts=facts)
    beside = catalogue_beside(file)
    if beside is None:
        return data
    ordinals = {name: ordinal for ordinal, name in enumerate(data.item_names)}
    contents = read_catalogue(beside, ordinals)
    return replace(data, facts=facts | {"catalogue": str(beside)}, contents=contents)


def _split_already(folder: Path) -> Dataset:
    digests = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in _SPLIT]
    return replace(_shuffled(read_adjacency(folder)), facts={"file": str(folder), "sha256": ", ".join(digests)})


def _shuffled(data: Dataset) -> Dataset:
    """The same data with the items' ordinals in random order, always the same one.

    Numbers in ratings files tell how old and how popular an item is. Engines break ties by ordinal, so the order of the
    file would be worth points that no engine has earned: answering the smallest numbers finds new items of MovieLens
    two to five times as often as chance.
    """
    order = np.random.default_rng(0).permutation(data.items).astype(np.int32)
    names = np.empty(data.items, object)
    names[order] = data.item_names or [str(number) for number in range(data.items)]
    return replace(data, item=order[data.item], item_names=tuple(names.tolist()))


def _file(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise DataError(f"{path}: there is no such file or folder")
    for pattern in _KNOWN:
        found = sorted(path.glob(pattern))
        if len(found) == 1:
            return found[0]
        if found:
            raise DataError(
                f"{path}: expected one ratings file, there are {', '.join(f.name for f in found)}: name one"
            )
    texts = sorted(file for file in path.iterdir() if file.suffix in (".csv", ".tsv", ".txt"))
    if len(texts) == 1:
        return texts[0]
    names = ", ".join(file.name for file in texts) or "none"
    raise DataError(
        f"{path}: expected one ratings file (.inter, .dat, .csv, .tsv, .jsonl, .npz), there are {names}: name one"
    )
