"""Every method of an embedder, the least that each can be: how often a text has each pair of letters."""

import numpy as np

from footlight_plugins import Embedder


class Pairs(Embedder):
    size = 256

    def embed(self, texts):
        counts = np.zeros((len(texts), self.size), np.float32)
        for row, text in enumerate(texts):
            for one, other in zip(text.lower(), text.lower()[1:], strict=False):
                counts[row, (31 * ord(one) + ord(other)) % self.size] += 1.0
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)
