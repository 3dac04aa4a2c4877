"""Every method of an embedder of pictures, the least that each can be: the colours of a grid of 3 by 3."""

from itertools import pairwise

import numpy as np

from footlight_plugins import ImageEmbedder


class ColourGrid(ImageEmbedder):
    size = 27

    def embed(self, pictures):
        vectors = np.zeros((len(pictures), self.size), np.float32)
        for row, picture in enumerate(pictures):
            seen = picture[..., :3] * (picture[..., 3:] / 255.0)  # what is transparent does not count
            rows, columns = (np.linspace(0, side - 1, 4).astype(int) for side in picture.shape[:2])
            cells = [seen[a : b + 1, c : d + 1] for a, b in pairwise(rows) for c, d in pairwise(columns)]
            vectors[row] = np.concatenate([cell.mean((0, 1)) for cell in cells]) / 255.0
        return vectors
