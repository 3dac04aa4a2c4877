"""What a picture looks like, as numbers, by a network that nobody has to download or to train."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_engines.provenance.pictures import pooled
from footlight_plugins import Domain, ImageEmbedder
from footlight_plugins.evaluation.features import channels_of, random_features

LARGEST_SIDE = 64
"""Larger pictures are brought to this many pixels a side, by means over blocks."""
SEED = 2026


class PictureFeatures(ImageEmbedder):
    """Four convolutions with fixed random weights (Naeem et al. 2020): layout, colour and spread, little of texture."""

    size = 640

    def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors (n, 640). What a transparent pixel hides does not count."""
        vectors = np.zeros((len(pictures), self.size), np.float32)
        places: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for place, picture in enumerate(pictures):
            places[picture.shape].append(place)
        for alike in places.values():
            values = channels_of(Domain.IMAGE, np.stack([pictures[place] for place in alike]), 256)
            if max(values.shape[1:3]) > LARGEST_SIDE:
                values = pooled(values, LARGEST_SIDE)
            vectors[alike] = random_features(values, SEED)
        return vectors
