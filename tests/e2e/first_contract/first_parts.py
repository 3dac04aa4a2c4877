"""An embedder and an asset stage that were written against the first version of the contract. They are never changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Content, Embedder, EmbedderSpec, StageKind, StageSpec, impl
from footlight_plugins.stages import Label


class FirstEmbedder(Embedder):
    """Counts letters."""

    size = 26

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = np.array([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32)
        return np.asarray(counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9), np.float32)


class FirstLabel(Label):
    """Writes a line below a text."""

    texts = {"en": "Generated."}  # noqa: RUF012

    def draw(self, content: Content) -> Content | None:
        if content.media_type != "text/plain":
            return None
        return Content(content.media_type, content.data + b"\nfirst label", content.attributes)


@impl
def register_embedders() -> list[EmbedderSpec]:
    return [EmbedderSpec("first-embedder", "1.0", "Counts letters.", "first_parts:FirstEmbedder", rank=-50)]


@impl
def register_stages() -> list[StageSpec]:
    return [StageSpec("first-label", StageKind.LABEL, "1.0", "A line.", "first_parts:FirstLabel", rank=-50)]
