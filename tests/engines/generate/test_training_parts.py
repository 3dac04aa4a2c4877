"""The curve, the symmetries, the distance and the checkpoint."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from footlight_engines.generate.augmentation import dihedral
from footlight_engines.generate.checkpoint import NAME, load_checkpoint, save_checkpoint
from footlight_engines.generate.distance import kernel_distance
from footlight_engines.generate.history import LossHistory
from footlight_engines.generate.mlp_networks import generator_network, move_average


@given(st.integers(1, 200))
def test_a_curve_keeps_the_mean_of_what_it_covers(n: int) -> None:
    history = LossHistory(["loss"], limit=8)
    for i in range(n):
        history.add([float(i)])
    curve = history.as_json()
    covered = len(curve["loss"]) * curve["steps_per_point"]
    assert len(curve["loss"]) <= 8 and n - covered < curve["steps_per_point"]
    assert sum(curve["loss"]) * curve["steps_per_point"] == pytest.approx(sum(range(covered)))


def test_the_eight_symmetries_of_a_square_differ() -> None:
    square = torch.arange(9.0).view(1, 1, 3, 3).repeat(8, 1, 1, 1)
    views = dihedral(square, torch.arange(8))
    assert len({tuple(view.flatten().tolist()) for view in views}) == 8
    assert torch.equal(views[0], square[0])


def _kernel(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    return float((float(x @ y) / len(x) + 1) ** 3)


def _distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The definition: the mean over all pairs within each, less twice the mean over all pairs between them."""
    within = [np.mean([_kernel(x, y) for x, y in itertools.permutations(of, 2)]) for of in (first, second)]
    return float(sum(within) - 2 * np.mean([_kernel(x, y) for x, y in itertools.product(first, second)]))


def test_the_distance_is_that_of_its_definition() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random((7, 5), np.float32), rng.random((9, 5), np.float32)
    assert kernel_distance(first, second) == pytest.approx(_distance(first, second), rel=1e-5)


def test_the_distance_of_other_data_is_larger() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(200, 4, 4)), rng.normal(size=(200, 4, 4))
    near, far = (kernel_distance(first.astype(np.float32), (second + by).astype(np.float32)) for by in (0.0, 1.0))
    assert abs(near) < 0.05 < far


def test_an_average_moves_weights_and_statistics_alike() -> None:
    network, average = generator_network(3, 4), generator_network(3, 4)
    before = {name: value.clone() for name, value in average.state_dict().items()}
    move_average(average, network, 0.25)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(average.state_dict()[name], (0.25 * before[name] + 0.75 * value).to(value.dtype))


def test_a_checkpoint_comes_back_whole(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, {"a": torch.tensor([1.5])}, {"steps": 3, "seconds": 0.1})
    found = load_checkpoint(tmp_path)
    assert found is not None and found[0]["a"].tolist() == [1.5] and found[1] == {"steps": 3, "seconds": 0.1}


@pytest.mark.parametrize("keep", [0, 5, 60])
def test_a_damaged_checkpoint_counts_as_none(tmp_path: Path, keep: int) -> None:
    save_checkpoint(tmp_path, {"a": torch.zeros(3)}, {"steps": 3})
    data = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(data[:keep])
    assert load_checkpoint(tmp_path) is None
