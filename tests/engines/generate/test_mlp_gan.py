"""The classical GAN: that it learns, measures itself, stops, resumes and refuses."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from footlight_engines.generate.mlp_gan import MlpGan
from footlight_engines.generate.mlp_options import MlpGanOptions
from footlight_engines.generate.mlp_training import MlpGanTraining
from footlight_plugins import Call, CallEnded, Corpus, State, TrainingRun
from footlight_plugins.testing.engine import same_state, stored
from footlight_plugins.testing.generator import StopsAfter, npy, read_npy, write_corpus


def _rings(n: int, seed: int) -> NDArray[np.float32]:
    """Points on a circle of radius 10, with a little noise: (n, 2)."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    return (10 * np.stack([np.cos(angle), np.sin(angle)], 1) + rng.normal(0, 0.3, (n, 2))).astype(np.float32)


def _corpus(folder: Path) -> Corpus:
    files = {"train/stack.npy": npy(_rings(400, 0)), "heldout/stack.npy": npy(_rings(200, 1))}
    return write_corpus(folder / "corpus", files)


def _engine(**options: Any) -> MlpGan:
    return MlpGan(MlpGanOptions.model_validate({"steps": 10, "device": "cpu", "threads": 1} | options))


def _run(folder: Path, **changes: Any) -> TrainingRun:
    return replace(TrainingRun(seed=0, directory=folder, report=_ignore), **changes)


def _ignore(fraction: float, step: int, metrics: Mapping[str, float]) -> None:
    """Nobody watches."""


def _points(engine: MlpGan, seeds: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.stack([read_npy(content) for content in engine.generate(seeds, Call())])


def test_it_learns_the_shape_of_the_data(tmp_path: Path) -> None:
    engine = _engine(steps=300)
    figures = engine.train(_corpus(tmp_path), _run(tmp_path))
    radius = np.linalg.norm(_points(engine, np.arange(200)), axis=1)
    assert 7 < radius.mean() < 12 and abs(figures["distance_real"]) < figures["distance_generated"] < 0.3


def test_without_held_out_files_there_is_no_distance(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, {"stack.npy": npy(_rings(20, 0))})
    assert "distance_generated" not in _engine().train(corpus, _run(tmp_path))


def test_content_stays_in_the_range_of_the_corpus(tmp_path: Path) -> None:
    engine, train = _engine(steps=40), _rings(400, 0)
    engine.train(_corpus(tmp_path), _run(tmp_path))
    points = _points(engine, np.arange(100))
    assert points.min() >= train.min() and points.max() <= train.max()


def test_a_seed_gives_the_same_bytes_at_every_place_of_every_batch(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, {"stack.npy": npy(np.random.default_rng(0).random((30, 24, 24)))})
    engine = _engine(media="npy")
    engine.train(corpus, _run(tmp_path))
    alone = engine.generate(np.array([7]), Call())[0]
    for place in range(17):
        seeds = np.arange(100, 140)
        seeds[place] = 7
        assert engine.generate(seeds, Call())[place] == alone


def test_a_seed_gives_the_same_bytes_on_any_number_of_threads(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, {"stack.npy": npy(np.random.default_rng(0).random((30, 32, 32)))})
    engine, before = _engine(media="npy"), torch.get_num_threads()
    engine.train(corpus, _run(tmp_path))
    made = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        made.append(engine.generate(np.arange(64), Call()))
    torch.set_num_threads(before)
    assert made[0] == made[1]


@pytest.mark.parametrize("options", [{"ema_half_life": 0}, {"ema_half_life": 200}])
def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path: Path, options: dict[str, int]) -> None:
    whole, cut, resumed = (_engine(batch_size=64, **options) for _ in range(3))
    figures = whole.train(_corpus(tmp_path), _run(tmp_path / "whole"))
    with pytest.raises(CallEnded):  # in the second epoch: an epoch has 6 batches
        cut.train(_corpus(tmp_path), _run(tmp_path / "cut", stopping=StopsAfter(7)))
    again = resumed.train(_corpus(tmp_path), _run(tmp_path / "cut"))
    assert same_state(resumed.state(), whole.state())
    assert again["loss_d"] == figures["loss_d"] and again["distance_generated"] == figures["distance_generated"]


def test_a_training_that_was_done_is_not_done_again(tmp_path: Path) -> None:
    _engine().train(_corpus(tmp_path), _run(tmp_path))
    asked = StopsAfter(math.inf)
    _engine().train(_corpus(tmp_path), _run(tmp_path, stopping=asked))
    assert asked.count == 0


@pytest.mark.parametrize(("options", "run"), [({}, {"seed": 1}), ({"learning_rate": 0.1}, {})])
def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path, options: Any, run: Any) -> None:
    _engine().train(_corpus(tmp_path), _run(tmp_path))
    with pytest.raises(ValueError, match="checkpoint of another"):
        _engine(**options).train(_corpus(tmp_path), _run(tmp_path, **run))


def test_a_budget_of_seconds_ends_the_training_and_the_steps_are_told(tmp_path: Path) -> None:
    engine = _engine(steps=1_000_000, max_seconds=0.3)
    figures = engine.train(_corpus(tmp_path), _run(tmp_path))
    assert figures["steps"] == engine.state().meta["steps"] < 1_000_000


def test_the_steps_of_a_budget_train_to_the_same_again(tmp_path: Path) -> None:
    budget = _engine(steps=1_000_000, max_seconds=0.2)
    steps = int(budget.train(_corpus(tmp_path), _run(tmp_path / "budget"))["steps"])
    counted = _engine(steps=steps)
    counted.train(_corpus(tmp_path), _run(tmp_path / "counted"))
    assert same_state(counted.state(), budget.state())


def test_a_training_that_diverges_says_why(tmp_path: Path) -> None:
    training = MlpGanTraining(
        np.full((8, 3), np.nan, np.float32), MlpGanOptions.model_validate({"device": "cpu"}), _run(tmp_path)
    )
    with pytest.raises(ArithmeticError, match="no longer finite"):
        training.train()


def test_the_state_holds_the_curve_of_the_losses(tmp_path: Path) -> None:
    engine = _engine(steps=10)
    engine.train(_corpus(tmp_path), _run(tmp_path))
    history = stored(engine.state()).meta["history"]
    assert len(history["loss_d"]) == len(history["loss_g"]) == 10 and history["steps_per_point"] == 1


@pytest.mark.parametrize(
    ("options", "shape", "message"),
    [({"augment": "dihedral"}, (9, 2, 3), "not square"), ({"media": "png"}, (9, 5), "no picture")],
)
def test_options_that_do_not_fit_the_samples_are_refused(
    tmp_path: Path, options: Any, shape: tuple[int, ...], message: str
) -> None:
    corpus = write_corpus(tmp_path, {"stack.npy": npy(np.random.default_rng(0).random(shape))})
    with pytest.raises(ValueError, match=message):
        _engine(**options).train(corpus, _run(tmp_path))


def test_turned_and_mirrored_maps_can_be_learned_from(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, {"stack.npy": npy(np.random.default_rng(0).random((9, 2, 2)))})
    assert _engine(augment="dihedral").train(corpus, _run(tmp_path))["steps"] == 10


def _damaged(state: State, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> State:
    return State({**state.arrays, **arrays}, {**state.meta, **meta})


@pytest.mark.parametrize(
    ("arrays", "meta", "message"),
    [
        ({"0.weight": np.zeros((3, 3), np.float32)}, {}, "0.weight"),
        ({"0.bias": np.full(128, np.nan, np.float32)}, {}, "0.bias"),
        ({"extra": np.zeros(1)}, {}, "extra"),
        ({}, {"latent": 0}, "latent"),
        ({}, {"shape": []}, "shape"),
        ({}, {"shape": [10**6]}, "shape"),
        ({}, {"shape": [2**40, 2**40]}, "shape"),
        ({}, {"low": 5.0, "high": 5.0}, "low"),
    ],
)
def test_a_damaged_state_is_refused(tmp_path: Path, arrays: Any, meta: Any, message: str) -> None:
    engine = _engine()
    engine.train(_corpus(tmp_path), _run(tmp_path))
    with pytest.raises(ValueError, match=message):
        _engine().load(_damaged(engine.state(), arrays, meta))


def test_generating_before_training_is_refused() -> None:
    with pytest.raises(RuntimeError, match="neither been trained nor loaded"):
        _engine().generate(np.array([1]), Call())


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    engine = _engine()
    engine.train(_corpus(tmp_path), _run(tmp_path))
    with pytest.raises(ValueError, match="seed -1"):
        engine.generate(np.array([3, -1]), Call())


def test_a_training_leaves_the_threads_and_the_chance_of_others_alone(tmp_path: Path) -> None:
    threads, chance = torch.get_num_threads(), torch.random.get_rng_state()
    _engine(threads=1).train(_corpus(tmp_path), _run(tmp_path))
    assert torch.get_num_threads() == threads and torch.equal(torch.random.get_rng_state(), chance)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_asking_for_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no GPU"):
        _engine(device="cuda")


def test_a_killed_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """The job's process dies without a word after a checkpoint; another takes the job over."""
    corpus = _corpus(tmp_path)
    script = f"""
import os, pathlib
from footlight_engines.generate.mlp_gan import MlpGan
from footlight_plugins import Corpus, CorpusFile, TrainingRun
files = [CorpusFile(path, pathlib.Path(location)) for path, location in {[(f.path, str(f.location)) for f in corpus]}]
asked = iter(range(10**6))
run = TrainingRun(0, pathlib.Path({str(tmp_path / "job")!r}), lambda *told: None, lambda: next(asked) == 6 and os._exit(9))
options = dict(steps=10, device="cpu", threads=1, checkpoint_seconds=0)
MlpGan(MlpGan.options_type(**options)).train(Corpus(tuple(files)), run)
"""
    assert subprocess.run([sys.executable, "-c", script]).returncode == 9
    asked, resumed, whole = StopsAfter(math.inf), _engine(), _engine()
    resumed.train(corpus, _run(tmp_path / "job", stopping=asked))
    whole.train(corpus, _run(tmp_path / "whole"))
    assert asked.count == 4 and same_state(resumed.state(), whole.state())
