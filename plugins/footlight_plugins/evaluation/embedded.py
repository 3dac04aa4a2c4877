"""How close generated pictures come to held-out ones in the space of an image embedder. With a model of natural pictures,
such as Inception or CLIP, these are the figures that others publish.

Its vectors are taken as they are: a space that was learned elsewhere has a scale of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.data import Domain, Samples
from footlight_plugins.embedding import ImageEmbedder
from footlight_plugins.evaluation.features import Rows
from footlight_plugins.evaluation.generation import balls, chosen, frechet_distance, kernel_distance

BATCH = 64
"""So many pictures are embedded at once."""


@dataclass(frozen=True, slots=True)
class Closeness:
    """How generated pictures compare with real ones in one space."""

    kid: float
    """The unbiased kernel distance to the training samples (Binkowski et al. 2018)."""
    fd: float
    """The Fréchet distance to the training samples (Heusel et al. 2017)."""
    density: float
    """How many balls around held-out samples hold a generated one, over the count of neighbours (Naeem et al. 2020)."""
    coverage: float
    """The share of balls around held-out samples that hold a generated one, with as many of the one as of the other."""


class EmbeddedSpace:
    """Training and held-out samples as an embedder sees them, once for all that is compared with them."""

    def __init__(self, samples: Samples, embedder: ImageEmbedder) -> None:
        """Embeds at most 2,000 samples of each kind.

        Raises
        ------
        ValueError
            When the samples are no pictures.
        EmbedderFailed
            When the embedder does something wrong.
        """
        if samples.domain is not Domain.IMAGE:
            raise ValueError(f"an image embedder takes pictures, not samples of the domain {str(samples.domain)!r}")
        self._embedder = embedder
        self._train, self._heldout = (self._embedded(part) for part in (samples.train, samples.heldout))

    def closeness(self, made: NDArray[np.generic]) -> Closeness:
        """Of generated pictures, shape (n, H, W, C)."""
        return self._compared(self._embedded(made))

    def real(self) -> Closeness:
        """Of held-out pictures themselves, the row to read all others beside. Density and coverage are those of as many
        training samples."""
        found = self._compared(self._heldout)
        order = np.random.default_rng(1).permutation(len(self._train))[: len(self._heldout)]
        return Closeness(found.kid, found.fd, *balls(self._heldout, self._train[order]))

    def _compared(self, rows: Rows) -> Closeness:
        few = rows[: len(self._heldout)]
        distances = kernel_distance(self._train, rows), frechet_distance(self._train, rows)
        return Closeness(*distances, *balls(self._heldout, few))

    def _embedded(self, samples: NDArray[np.generic]) -> Rows:
        pictures = with_opacity(chosen(samples))
        pictures.flags.writeable = False
        parts = [self._embedder.embed(list(pictures[i : i + BATCH])) for i in range(0, len(pictures), BATCH)]
        return np.concatenate(parts)


def with_opacity(pictures: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Pictures (n, H, W, C) in grey, RGB or RGBA as image embedders take them: (n, H, W, 4)."""
    values = np.asarray(pictures, np.uint8)
    colours = values[..., :3] if values.shape[-1] >= 3 else np.repeat(values[..., :1], 3, axis=-1)
    opacity = values[..., 3:4] if values.shape[-1] == 4 else np.full_like(values[..., :1], 255)
    return np.concatenate([colours, opacity], axis=-1)
