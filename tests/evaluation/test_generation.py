"""How generators are measured: each figure where its answer is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import Domain, ImageEmbedder, Samples
from footlight_plugins.evaluation.embedded import EmbeddedSpace, with_opacity
from footlight_plugins.evaluation.features import random_features
from footlight_plugins.evaluation.generation import (
    copying,
    frechet_distance,
    kernel_distance,
    measured,
    real_row,
)


def pictures(count: int, seed: int, bright: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 200, (count, 4, 4, 3), dtype=np.uint8)
    return (coarse.repeat(3, 1).repeat(3, 2) + bright).astype(np.uint8)


SAMPLES = Samples(Domain.IMAGE, pictures(200, 0), pictures(60, 1), tuple(map(str, range(200))))


def test_the_same_distribution_is_at_no_distance() -> None:
    a, b = (np.random.default_rng(seed).normal(size=(400, 6)).astype(np.float32) for seed in (0, 1))
    assert kernel_distance(a, b) == pytest.approx(0, abs=0.05)
    assert frechet_distance(a, b) == pytest.approx(0, abs=0.15)


def test_a_shift_is_its_square_to_frechet() -> None:
    a = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)
    assert frechet_distance(a, a + 2) == pytest.approx(16, rel=1e-4)


def test_content_like_the_held_out_is_like_it() -> None:
    good, bad = measured(SAMPLES, pictures(100, 2)), measured(SAMPLES, pictures(100, 3, bright=55))
    assert good.kid[0] < bad.kid[0] and good.kid[1] < bad.kid[1] and good.fd < bad.fd
    assert good.coverage > bad.coverage


def test_copies_are_told_by_c_t() -> None:
    assert measured(SAMPLES, SAMPLES.train[:100]).copying < -3 < measured(SAMPLES, pictures(100, 2)).copying


def test_c_t_of_equal_distances_is_zero() -> None:
    distances = np.random.default_rng(0).random(50)
    assert copying(distances, distances) == pytest.approx(0)
    assert copying(distances - 1, distances) < -8


def test_repetition_is_told() -> None:
    assert measured(SAMPLES, pictures(10, 2).repeat(5, 0)).distinct == pytest.approx(0.2)


def test_the_real_row_is_the_one_to_read_beside() -> None:
    row = real_row(SAMPLES)
    assert row.kid[0] == pytest.approx(0, abs=0.3) and row.copying == 0 and row.coverage > 0.5


@pytest.mark.parametrize("domain", list(Domain))
def test_every_domain_can_be_measured(domain: Domain) -> None:
    shape = {Domain.IMAGE: (9, 9, 4), Domain.VOICES: (16, 4), Domain.ARRAY: (3, 8, 8)}.get(domain, (10, 10))
    draws = np.random.default_rng(0).integers(0, 5, (90, *shape)).astype(np.uint8)
    found = measured(Samples(domain, draws[:40], draws[40:60], tuple(map(str, range(40)))), draws[60:])
    assert np.isfinite([*found.kid, found.fd, found.density, found.coverage, found.copying]).all()


def test_features_are_the_same_for_everybody() -> None:
    x = (pictures(3, 0) / 255).astype(np.float32)
    assert (random_features(x, 7) == random_features(x, 7)).all()
    assert np.allclose(random_features(x[:1], 7), random_features(x, 7)[:1], atol=1e-5)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        measured(Samples(Domain.IMAGE, pictures(9, 0), pictures(3, 1), ("",) * 9), pictures(9, 2))


class Seen(ImageEmbedder):
    """Means over a grid of 4 by 4, and what it was shown."""

    size = 48

    def __init__(self) -> None:
        self.shown: list[NDArray[np.uint8]] = []

    def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.shown += pictures
        return np.stack([one[1::3, 1::3, :3].ravel() / 255 for one in pictures]).astype(np.float32)


def test_in_an_embedders_space_real_pictures_are_nearer_than_brighter_ones() -> None:
    space = EmbeddedSpace(SAMPLES, Seen())
    real, bright = space.real(), space.closeness(pictures(60, 2, bright=50))
    assert real.fd < bright.fd and real.kid < bright.kid and real.coverage > bright.coverage


def test_an_embedders_space_has_the_scale_that_it_was_learned_with() -> None:
    """A shift of all 48 numbers by 51 / 255 = 0.2: the squared distance of the means is 48 * 0.04."""
    samples = Samples(Domain.IMAGE, pictures(200, 0), pictures(60, 1), SAMPLES.names)
    assert EmbeddedSpace(samples, Seen()).closeness(samples.train + 51).fd == pytest.approx(48 * 0.04, rel=1e-3)


def test_an_embedder_is_shown_opacity_last_and_may_not_write() -> None:
    seen = Seen()
    EmbeddedSpace(SAMPLES, seen)
    assert seen.shown[0].shape == (12, 12, 4) and (seen.shown[0][..., 3] == 255).all()
    assert not any(one.flags.writeable for one in seen.shown)


def test_grey_pictures_get_three_equal_colours() -> None:
    grey = np.arange(8, dtype=np.uint8).reshape(1, 2, 4, 1)
    assert (with_opacity(grey)[..., :3] == grey).all() and with_opacity(grey).shape == (1, 2, 4, 4)


def test_an_embedder_takes_pictures_only() -> None:
    heights = np.zeros((9, 4, 4), np.float32)
    with pytest.raises(ValueError, match="takes pictures, not samples of the domain 'surface'"):
        EmbeddedSpace(Samples(Domain.SURFACE, heights, heights, ("",) * 9), Seen())
