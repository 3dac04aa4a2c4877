"""Numbers from seeds: SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators").

Making a generator of numpy costs more than a whole decision. The k-th number of a seed is the mix of its k-th state, so
that many seeds, or many numbers of one, are drawn at once and come out the same as one by one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GOLDEN = 0x9E3779B97F4A7C15
_64_BITS = (1 << 64) - 1


def uniform(seed: int) -> float:
    """The first number in [0, 1) of a seed, 53 bits of it.

    Raises
    ------
    ValueError
        When the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"seed {seed} must be 0 or more")
    z = (seed + _GOLDEN) & _64_BITS
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _64_BITS
    return float((z ^ (z >> 31)) >> 11) * 2.0**-53


def uniforms(seeds: NDArray[np.uint64], count: int = 1) -> NDArray[np.float64]:
    """The first ``count`` numbers in [0, 1) of each seed, shape (n, count); the first is that of `uniform`."""
    steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
    z: NDArray[np.uint64] = np.asarray(seeds, np.uint64)[:, None] + steps
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(seed: int, count: int) -> NDArray[np.float64]:
    """``count`` standard normal numbers of a seed, without its first number, which draws the action (Box & Muller 1958)."""
    pairs = uniforms(np.array([seed], np.uint64), 1 + 2 * ((count + 1) // 2))[0, 1:].reshape(2, -1)
    radius, angle = np.sqrt(-2.0 * np.log1p(-pairs[0])), 2.0 * np.pi * pairs[1]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
