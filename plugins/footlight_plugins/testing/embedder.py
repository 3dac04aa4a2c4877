"""The suites of embedders: of texts, and of pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import EmbedderSpec
from footlight_plugins.embedding import EMBEDDER_ROLES
from footlight_plugins.testing.offer import OfferSuite

_ROUNDING = 1e-3
"""Of the largest number in a vector: so much may another batch change."""


class EmbedderSuite(OfferSuite):
    """Holds an embedder of texts to `Embedder`.

    Example
    -------
    ::

        class Letters(Embedder):
            size = 26

            def embed(self, texts):
                counts = np.array([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32)
                return (counts / np.maximum(np.linalg.norm(counts, axis=-1, keepdims=True), 1e-9)).reshape(-1, 26)

        class TestLetters(EmbedderSuite):
            spec = EmbedderSpec("letters", "1.0", "Counts letters.", "my_package:Letters")

            def embedder_class(self):
                return Letters
    """

    spec: ClassVar[EmbedderSpec]
    """The embedder under test."""

    def embedder_class(self) -> type[Any]:
        """The class that the spec's factory names."""
        return self.named_class()

    def offered_class(self) -> type[Any]:
        """The embedder's class."""
        return self.embedder_class()

    def new(self) -> Any:
        """A new instance, made as the host makes it."""
        return self.embedder_class()()

    def maker(self, folder: Path) -> Callable[[], Any]:
        """Makes instances."""
        return self.new

    def things(self) -> list[Any]:
        """What is embedded."""
        words = ["a quiet film about a lighthouse", "those who keep it", "film"]
        return [*words, "灯塔", "", "  \n", "🎭 é\u0301 \0", "word " * 200]

    def asked(self, embedder: Any) -> Any:
        """The vectors of some things, without what is rounding."""
        vectors = embedder.embed(self.things())
        return np.round(vectors / max(float(np.abs(vectors).max()), 1e-9), 2).tolist()

    def test_it_is_a_class_of_its_role(self) -> None:
        assert issubclass(self.embedder_class(), EMBEDDER_ROLES[self.spec.role])

    def test_everything_gets_a_finite_vector_of_its_size(self) -> None:
        embedder, things = self.new(), self.things()
        vectors = embedder.embed(things)
        assert vectors.dtype == np.float32 and vectors.shape == (len(things), embedder.size)
        assert np.isfinite(vectors).all()

    def test_nothing_comes_to_no_vectors(self) -> None:
        embedder = self.new()
        assert np.shape(embedder.embed([])) == (0, embedder.size)

    def test_a_vector_does_not_depend_on_what_is_beside_it(self) -> None:
        embedder, things = self.new(), self.things()
        together = embedder.embed(things)
        alone = np.concatenate([embedder.embed([thing]) for thing in things])
        assert np.abs(together - alone).max() <= _ROUNDING * max(float(np.abs(together).max()), 1e-9)

    def test_what_differs_is_told_apart(self) -> None:
        first, second = self.new().embed(self.things()[:2])
        assert not np.allclose(first, second)

    def test_vectors_have_length_one_or_none(self) -> None:
        lengths = np.linalg.norm(self.new().embed(self.things()), axis=1)
        assert (np.isclose(lengths, 1.0, atol=1e-3) | np.isclose(lengths, 0.0, atol=1e-6)).all()


class ImageEmbedderSuite(EmbedderSuite):
    """Holds an embedder of pictures to `ImageEmbedder`.

    Example
    -------
    ::

        class MeanColour(ImageEmbedder):
            size = 3

            def embed(self, pictures):
                return np.array([one[..., :3].mean((0, 1)) / 255 for one in pictures], np.float32).reshape(-1, 3)

        class TestMeanColour(ImageEmbedderSuite):
            spec = EmbedderSpec("mean-colour", "1.0", "Mean.", "my_package:MeanColour", role=EmbedderRole.IMAGE)

            def embedder_class(self):
                return MeanColour
    """

    def things(self) -> list[Any]:
        """Pictures of several sizes and shades, one of them of nothing; all of them read only."""
        rng = np.random.default_rng(0)
        shapes = [(32, 32), (32, 32), (1, 1), (3, 70), (120, 9), (200, 160)]
        pictures = [rng.integers(0, 256, (*shape, 4)).astype(np.uint8) for shape in shapes]
        pictures[0] = _ramp(32)
        pictures += [np.full((16, 16, 4), shade, np.uint8) for shade in (0, 255)]
        for picture in pictures:
            picture.flags.writeable = False
        return pictures

    def test_vectors_have_length_one_or_none(self) -> None:
        """Does not apply: those of pictures may have any length."""
        assert np.isfinite(np.linalg.norm(self.new().embed(self.things()), axis=1)).all()


def _ramp(side: int) -> NDArray[np.uint8]:
    """From dark to bright, opaque."""
    shade = np.linspace(0, 255, side).astype(np.uint8)
    picture = np.empty((side, side, 4), np.uint8)
    picture[..., :3], picture[..., 3] = shade[None, :, None], 255
    return picture
