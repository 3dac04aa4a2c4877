"""Near-copies of training samples: the smallest distance over the changes that leave a copy a copy.

The limit is no constant: real samples that different people made can lie as near to each other as a copy to its original
(Dungeon Crawl's tiles do). It is the distance that few held-out samples come below, and at least what rounding makes.
Held-out samples that are copies themselves, as a corpus may well hold, have no say in it: they would allow copies.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.provenance.descriptors import descriptor_of
from footlight_plugins import Domain, Samples, State
from footlight_plugins.stages import Nearest, Originality

FALSE_ALARMS = 0.005
"""The share of held-out samples that the limit may refuse; a few hundred samples tell it within a factor of four."""
MOST_CALIBRATED = 400
"""At most so many samples are looked up: enough for a percentile, and a training does not wait for it."""
FEW = 20
"""Where fewer are held out, training samples stand in, each compared with the others."""


class NearestSample(Originality):
    """Compares content, under every allowed change, with the training samples."""

    def index(self, samples: Samples) -> State:
        """The training samples as they are compared, and the limits; see `Originality.index`."""
        descriptor = descriptor_of(samples.domain, samples.train.shape[1:])
        arrays = descriptor.known(samples.train)
        among = len(samples.heldout) < FEW
        asked = samples.train if among else samples.heldout
        asked = asked[np.random.default_rng(0).permutation(len(asked))[:MOST_CALIBRATED]]
        # a sample is no copy of itself, nor of its twin in the owner's corpus
        nearest = np.array([descriptor.parts(arrays, one) for one in asked])  # (m, parts)
        share = FALSE_ALARMS / nearest.shape[1]
        parts = zip(descriptor.rounding, nearest.T, strict=True)
        limits = [max(low, min(_quantile(part, share), descriptor.likeness)) for low, part in parts]
        meta = {"domain": samples.domain.value, "shape": list(samples.train.shape[1:]), "limits": limits}
        return State(dict(arrays), {**meta, "names": list(samples.names)})

    def nearest(self, index: State, sample: NDArray[Any]) -> Nearest:
        """The nearest training sample; see `Originality.nearest`."""
        shape, limits = tuple(index.meta["shape"]), index.meta["limits"]
        if sample.shape != shape:
            raise ValueError(f"a sample of shape {sample.shape} cannot be compared with samples of shape {shape}")
        descriptor = descriptor_of(Domain(index.meta["domain"]), shape)
        found = descriptor.nearest(index.arrays, sample, limits)
        return Nearest(index.meta["names"][found.which], found.distance, limits[0], found.change)

    def fingerprint(self, samples: Samples) -> NDArray[np.uint8]:
        """Each sample in short; see `Originality.fingerprint`."""
        return descriptor_of(samples.domain, samples.train.shape[1:]).fingerprint(samples.train)


def _quantile(distances: NDArray[np.float64], share: float) -> float:
    """The distance that no more than the given share lie under. Where there are too few to tell, part of the smallest."""
    finite = np.sort(distances[np.isfinite(distances)])
    if not len(finite):
        return 0.0
    return float(finite[int(share * len(finite))]) * min(1 - 1e-6, share * len(finite))
