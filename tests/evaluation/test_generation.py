"""How generators are measured: each figure where its answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import Domain, Samples
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
