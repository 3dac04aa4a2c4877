"""Arrays to learn from: what a corpus of ``.npy`` files must look like, and how it is read and scaled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from footlight_engines.generate.corpus_files import read_files
from footlight_plugins import Corpus, CorpusFile, Domain
from footlight_plugins import Samples as ComparableSamples

MAX_VALUES = 65_536
"""The most numbers that one sample may have, for instance 256 x 256."""
MAX_MAGNITUDE = 1e30
"""The largest value, so that a difference of two fits into float32."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What a generator learns from and what it is measured on, both scaled to [-1, 1] by the range of ``train``."""

    train: NDArray[np.float32]
    """Shape (n, *shape)."""
    heldout: NDArray[np.float32]
    """Shape (m, *shape), never trained on; m may be 0. May go beyond [-1, 1]."""
    low: float
    """What -1 stands for: the smallest value of ``train``."""
    high: float
    """What 1 stands for: the largest value of ``train``."""
    broken: tuple[str, ...] = ()
    """Files that could not be read, and why."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return self.train.shape[1:]


def read_samples(corpus: Corpus) -> Samples:
    """Read a corpus of ``.npy`` files.

    A file is one sample, such as (H, W) or (C, H, W). A file whose name starts with ``stack`` is many of them: (n, H, W).
    All samples have one shape. Files below ``heldout/`` are never trained on; where there is a folder ``train/``,
    nothing outside it is.

    Raises
    ------
    ValueError
        When no file is such an array (one that holds NaN, infinity or values beyond 1e30 is none), or one has another
        shape than the first; when there are fewer than two samples to train on, or all their values are the same. The
        message names the file.
    """
    heldout = corpus.below("heldout")
    rest = tuple(f for f in corpus if not f.path.startswith("heldout/"))
    train = corpus.below("train") if len(corpus.below("train")) else Corpus(rest)
    train_array, broken = _stacked(train)
    if len(train_array) < 2:
        raise ValueError(
            f"the corpus has {len(train_array)} samples to train on, at least 2 are needed: a .npy file is one sample, "
            "or many along its first axis where its name starts with 'stack'"
        )
    heldout_array, broken_too = _stacked(heldout, train_array.shape[1:])
    low, high = float(train_array.min()), float(train_array.max())
    if low == high:
        raise ValueError(f"every value of the corpus is {low}: there is nothing to learn")
    return Samples(scaled(train_array, low, high), scaled(heldout_array, low, high), low, high, broken + broken_too)


def domain_of(shape: tuple[int, ...]) -> Domain:
    """Flat arrays are heights; others are just numbers."""
    return Domain.SURFACE if len(shape) == 2 else Domain.ARRAY


def comparable(corpus: Corpus) -> ComparableSamples:
    """The samples of a corpus, or of one file, as near-copies are found by; the last ones as they were, and named.

    Raises
    ------
    ValueError
        When a file is not such an array.
    """
    heldout = corpus.below("heldout")
    rest = Corpus(tuple(f for f in corpus if not f.path.startswith("heldout/")))
    train = corpus.below("train") if len(corpus.below("train")) else rest
    files = read_files(train, _read).read
    if not files:
        raise ValueError("the corpus has no samples")
    names = [f"{file.path}#{i}" for file, stack in files for i in range(len(stack))]
    known = np.concatenate([stack for _, stack in files])
    apart, _ = _stacked(heldout, known.shape[1:])
    domain, low, high = domain_of(known.shape[1:]), float(known.min()), float(known.max())
    if domain is Domain.ARRAY and high > low:
        known, apart = scaled(known, low, high), scaled(apart, low, high)
    return ComparableSamples(domain, known, apart, tuple(names))


def scaled(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """Map low to -1 and high to 1."""
    return ((values - low) * (2.0 / (high - low)) - 1.0).astype(np.float32)


def restored(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """Map -1 to low and 1 to high."""
    return ((values + 1.0) * ((high - low) / 2.0) + low).astype(np.float32)


def _stacked(corpus: Corpus, shape: tuple[int, ...] | None = None) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The samples of all files in order, shape (n, *shape), and what could not be read; ``shape`` is that of the first
    where none is asked for."""
    stacks, files = [], read_files(corpus, _read)
    for file, stack in files.read:
        shape = stack.shape[1:] if shape is None else shape
        if stack.shape[1:] != shape:
            raise ValueError(
                f"{file.path}: a sample has shape {stack.shape[1:]}, expected {shape} as in the first file"
            )
        stacks.append(stack)
    joined = np.concatenate(stacks) if stacks else np.empty((0, *(shape or ())), np.float32)
    return joined, files.broken


def _read(file: CorpusFile) -> NDArray[np.float32]:
    """One file as a stack of samples."""
    name = PurePosixPath(file.path).name
    if not name.endswith(".npy"):
        raise ValueError(f"{file.path}: expected a .npy file of numbers")
    try:  # mapped, so that a header that lies about its size costs no memory, and objects (pickles) are refused
        array = np.load(file.location, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:  # what numpy says of pickles is bad advice
        raise ValueError(f"{file.path}: expected a .npy file of numbers") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        raise ValueError(f"{file.path}: expected an array of whole or floating numbers")
    samples = array if name.startswith("stack") else array[np.newaxis]
    if samples.ndim < 2 or not 1 <= samples[0].size <= MAX_VALUES:
        raise ValueError(f"{file.path}: a sample of shape {samples.shape[1:]} must have 1 to {MAX_VALUES} values")
    return _finite(file.path, samples)


def _finite(path: str, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # a value beyond float32 becomes infinite and is refused below
        copy = np.array(samples, np.float32, order="C")
    if not (np.abs(copy) <= MAX_MAGNITUDE).all():  # NaN compares false
        raise ValueError(f"{path}: expected numbers of at most {MAX_MAGNITUDE:g}, found larger ones, NaN or infinity")
    return copy
